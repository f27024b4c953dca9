"""The days of promises are those of the city, also where UTC has another."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from node.errors import FIELD_INVALID
from node.record_errors import PROMISE_NOT_DUE, PROMISE_STATE
from node.records import PromiseState
from tests.conftest import NewStore
from tests.node.services.promised import Library, library, refused

TOMORROW = "2026-11-25"
MICROSECOND = timedelta(microseconds=1)
MIDNIGHT = timedelta(hours=14)
"""From the start of a world until the next day of the city."""
TO_THE_END_OF_TOMORROW = MIDNIGHT + timedelta(days=1) - MICROSECOND


@pytest.fixture
def here(new_sqlite: NewStore) -> Iterator[Library]:
    with library(new_sqlite) as found:
        yield found


@pytest.mark.parametrize(
    "due",
    ["2026-11-24", "2026-11-23", "2027-11-25", "2026-12-32", "20261224", "2026-W52-4", "", "soon"],
)
def test_a_day_that_cannot_be_promised_is_refused(here: Library, due: str) -> None:
    resident = here.resident()
    with refused(FIELD_INVALID):
        here.draft(resident, due=due)


@pytest.mark.parametrize("due", ["2026-11-25", "2027-11-24"])
def test_from_tomorrow_to_a_year_may_be_promised(here: Library, due: str) -> None:
    assert here.get(here.promise(here.resident(), due)).due_on.isoformat() == due


def test_at_the_midnight_of_the_city_tomorrow_is_another_day(here: Library) -> None:
    resident = here.resident()
    here.town.clock.forward(MIDNIGHT - MICROSECOND)
    here.draft(resident, due=TOMORROW)
    here.town.clock.forward(MICROSECOND)
    with refused(FIELD_INVALID):
        here.draft(resident, due=TOMORROW)


def test_a_promise_is_used_until_the_midnight_of_the_city_that_ends_its_day(here: Library) -> None:
    resident = here.resident()
    in_time, late = (here.promise(resident, TOMORROW) for _ in range(2))
    here.town.clock.forward(TO_THE_END_OF_TOMORROW)
    assert here.redeem(here.decision(resident), in_time)
    decision = here.decision(resident)
    here.town.clock.forward(MICROSECOND)
    with refused(PROMISE_STATE) as errors:
        here.redeem(decision, late)
    assert errors[0].fields["state"] == "overdue"


def test_a_promise_is_not_broken_before_the_midnight_of_the_city_that_ends_its_day(
    here: Library,
) -> None:
    promise = here.used(here.resident(), TOMORROW)
    here.town.clock.forward(TO_THE_END_OF_TOMORROW)
    with refused(PROMISE_NOT_DUE) as errors:
        here.close(promise, kept=False, note="not yet back")
    assert errors[0].fields["due_on"] == TOMORROW
    here.town.clock.forward(MICROSECOND)
    here.close(promise, kept=False, note="not back")
    assert here.get(promise).state is PromiseState.BROKEN
