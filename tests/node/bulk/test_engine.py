"""The engine says of everybody what the use cases say of one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.scale import Scale
from node.bulk.duckdb_engine import DuckdbEngine
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot
from node.indicators import IndicatorCatalogue, months_after
from tests.node.bulk.city import (
    TODAY,
    ListedCity,
    at_once,
    catalogues,
    cities,
    copied,
    person,
    scales,
    singly,
)
from tests.node.services.counting import catalogue, indicator, record, scale_of

SCALE = scale_of("zhengzhou")


def check(city: ListedCity, *questions: Question) -> None:
    def act(snapshot: Snapshot) -> None:
        for question in questions:
            DuckdbEngine().score(snapshot, question, "now")
            assert at_once(snapshot, question, "now") == singly(city, question)

    copied(city, act)


@settings(max_examples=settings().max_examples // 4)
@given(cities(), catalogues(), catalogues(2), scales(), scales(), st.integers(-400, 400))
def test_everybody_at_once_stands_where_each_alone_stands(
    city: ListedCity,
    one: IndicatorCatalogue,
    other: IndicatorCatalogue,
    scale: Scale,
    next_scale: Scale,
    days: int,
) -> None:
    check(
        city,
        Question(one, scale, TODAY),
        Question(one, scale, TODAY + timedelta(days=days)),
        Question(other, next_scale, TODAY),
        Question(None, scale, TODAY),
    )


def test_a_catalogue_of_more_commendations_than_a_word_has_bits() -> None:
    names = [f"c{place:03}" for place in range(130)]
    made = catalogue(*(indicator(name, 1, commendation=name) for name in names))
    facts = [
        replace(record(name, TODAY), person=person(1 + place % 3).person)
        for place, name in enumerate(names)
    ]
    city = ListedCity([person(1), person(2), person(3), person(4)], facts)
    listed = scale_of("nanjing")
    listed = replace(listed, listed_by=((), ("c007", "c129")))
    check(city, Question(made, SCALE, TODAY), Question(made, listed, TODAY))


def test_nobody_takes_part() -> None:
    check(ListedCity([], [record("i0", TODAY)]), Question(catalogue(), SCALE, TODAY))


def test_the_bounds_of_zhengzhou_are_where_one_resident_finds_them() -> None:
    people = [person(serial) for serial in range(1, 202)]
    made = catalogue(*(indicator(f"p{points}", points) for points in range(-100, 101)))
    facts = [
        replace(record(f"p{points}", TODAY), person=each.person)
        for points, each in zip(range(-100, 101), people, strict=True)
    ]
    check(ListedCity(people, facts), Question(made, SCALE, TODAY))


def test_a_record_begins_and_ends_on_the_day_on_which_one_resident_sees_it_do_so() -> None:
    """By its own end, and by its indicator's retention; on each day around each."""
    near = [TODAY + timedelta(days=n) for n in (-1, 0, 1)]
    made = catalogue(replace(indicator("kept", 8), retention_months=12))
    spans: list[tuple[date, date | None]] = [(day, None) for day in near]
    spans += [(months_after(day, -12), None) for day in near]
    spans += [(TODAY - timedelta(days=40), day) for day in near]
    spans += [(begins, ends) for begins in near for ends in near]
    facts = [
        replace(record("kept", begins), person=person(place).person, ends_on=ends)
        for place, (begins, ends) in enumerate(spans, 1)
    ]
    people = [person(place) for place in range(1, len(spans) + 1)]
    check(ListedCity(people, facts), Question(made, SCALE, TODAY))


def month_ends() -> list[date]:
    """The ends and beginnings of months in nine years, and every day of a leap year."""
    days = [date(2018, 1, 1) + timedelta(days=n) for n in range(9 * 366)]
    return [
        day
        for day in days
        if day.year == 2024 or day.day == 1 or (day + timedelta(days=5)).month != day.month
    ]


@pytest.mark.parametrize("months", [0, 1, 11, 12, 13, 24, 48, 60, 1200])
def test_a_month_is_as_long_for_the_engine_as_for_one_resident(months: int) -> None:
    days = month_ends()

    def act(snapshot: Snapshot) -> None:
        texts = ", ".join(f"(DATE '{day}')" for day in days)
        rows = snapshot.rows(
            f"SELECT day, ADD_MONTHS(day, {months}) FROM (VALUES {texts}) AS t(day)"  # noqa: S608 - days
        )
        assert {day: months_after(day, months) for day in days} == dict(rows)

    copied(ListedCity([], []), act)
