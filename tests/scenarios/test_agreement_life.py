"""The life of an agreement between two real processes: suspended, remapped, ended."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from node import data
from node.errors import AGREEMENT_MOVE_REFUSED, AGREEMENT_MOVED_ON, FIELD_INVALID
from scripts.cities import Cities
from scripts.city import Answer, City, b64, new_id
from tests.scenarios.stage import (
    ENDS,
    ROOT,
    SCENARIO,
    check,
    enrolled,
    eventually,
    of_standing,
    settled,
)

pytestmark = pytest.mark.all

RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"
NOT_RECOGNISED = "RECOGNITION_OUTCOME_NOT_RECOGNISED"
NO_AGREEMENT = "RECOGNITION_OUTCOME_NO_AGREEMENT"
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Way:
    """Residents of one city with a consent to the other; each visit is a new code."""

    home: City
    host: City
    consents: dict[str, str]

    def visit(self, resident: str) -> Answer:
        return check(self.host, self.home.code(resident, self.consents[resident]))

    @property
    def outcome(self) -> str:
        return str(self.visit(next(iter(self.consents)))["outcome"])


@dataclass(frozen=True)
class Pair:
    """Two cities, and the ways between them."""

    one: City
    other: City
    there: Way
    back: Way


def way(home: City, host: City) -> Way:
    residents = of_standing(enrolled(home), "excellent")
    given = {r: home.consent(r, host.about.code, [SCENARIO], ENDS) for r in residents}
    return Way(home, host, given)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with settled(tmp_path_factory.mktemp("life"), ("330100", "410100")) as cities:
        yield made_of(cities)


def made_of(cities: Cities) -> Pair:
    one, other = cities["zhengzhou"], cities["hangzhou"]
    return Pair(one, other, way(one, other), way(other, one))


def newest(city: City) -> Answer:
    found: list[Answer] = city.operator("ListAgreements")["agreements"]
    return max(found, key=lambda agreement: int(agreement["version"]))


def in_state(city: City, state: str) -> Callable[[], bool]:
    return lambda: newest(city)["state"] == f"AGREEMENT_STATE_{state}"


def act(city: City, method: str, **request: object) -> Answer:
    given = {"request_id": new_id(), "agreement_id": newest(city)["agreement_id"], **request}
    return city.operator(method, **given)


def amended(one: City, other: City, text: str) -> None:
    """A new version, proposed by one city and signed by the other."""
    content: dict[str, Any] = {"file_name": "agreement.toml", "content": b64(text.encode())}
    made = act(one, "AmendAgreement", version=newest(one)["version"], **content)["agreement"]
    act(other, "SignAgreement", version=made["version"])


def text_of(pair: Pair) -> str:
    path = data.agreement(pair.one.about.pinyin, pair.other.about.pinyin)
    return path.read_text("utf-8")


@pytest.mark.parametrize("who", ["zhengzhou", "hangzhou"])
def test_a_suspension_stops_the_very_next_recognition_in_both_directions(
    pair: Pair, who: str
) -> None:
    acting, told = (pair.one, pair.other) if who == "zhengzhou" else (pair.other, pair.one)
    assert eventually(in_state(told, "ACTIVE"))
    # Connections are open in both directions.
    assert (pair.there.outcome, pair.back.outcome) == (RECOGNISED, RECOGNISED)
    suspended = act(acting, "SuspendAgreement", reason="a drill")["agreement"]
    assert (suspended["suspended_here"], suspended["suspended_there"]) == (True, False)
    assert (pair.there.outcome, pair.back.outcome) == (NO_AGREEMENT, NO_AGREEMENT)
    assert eventually(in_state(told, "SUSPENDED"))
    heard = newest(told)
    assert (heard["suspended_here"], heard["suspended_there"]) == (False, True)
    with pytest.raises(HutongError) as caught:
        act(told, "ResumeAgreement", reason="a drill")
    assert caught.value.reason == AGREEMENT_MOVE_REFUSED
    act(acting, "ResumeAgreement", reason="over")
    assert eventually(in_state(told, "ACTIVE"))
    assert (pair.there.outcome, pair.back.outcome) == (RECOGNISED, RECOGNISED)


def test_a_changed_scale_recognises_nobody_until_the_agreement_is_amended(pair: Pair) -> None:
    one, other = pair.one, pair.other
    passes = [pair.there.visit(r)["visitor_pass"] for r in pair.there.consents]
    version = newest(one)["version"]
    scale = data.path("zhengzhou/scale.toml").read_text("utf-8")
    one.operator(
        "LoadScale",
        request_id=new_id(),
        file_name="scale.toml",
        content=b64(scale.replace("value = 120", "value = 121").encode()),
    )
    assert (pair.there.outcome, pair.back.outcome) == (NO_AGREEMENT, NO_AGREEMENT)
    for city in (one, other):
        assert eventually(in_state(city, "NEEDS_MAPPING"))
        assert newest(city)["needs_mapping"] == [one.about.code]
    for shown in passes:
        assert _by_pass(other, shown) == NO_AGREEMENT
    amended(other, one, text_of(pair))
    with pytest.raises(HutongError) as caught:
        act(one, "AmendAgreement", version=version, file_name="a", content=b64(b""))
    assert caught.value.reason == AGREEMENT_MOVED_ON
    outcomes = {str(pair.there.visit(r)["outcome"]) for r in pair.there.consents}
    assert RECOGNISED in outcomes
    assert outcomes <= {RECOGNISED, NOT_RECOGNISED}
    assert pair.back.outcome == RECOGNISED


def _by_pass(host: City, shown: str) -> str:
    answer = host.venue("library", "CheckEligibility", request_id=new_id(), visitor_pass=shown)
    return str(answer["outcome"])


def test_an_end_with_notice_comes_in_both_cities_by_the_clock(pair: Pair) -> None:
    one, other = pair.one, pair.other
    assert eventually(in_state(other, "ACTIVE"))
    resident = next(iter(pair.there.consents))
    shown = next(
        found["visitor_pass"]
        for found in map(pair.there.visit, pair.there.consents)
        if found["outcome"] == RECOGNISED
    )
    early, late = (datetime.now(UTC) + MONTH + timedelta(hours=h) for h in (-1, 1))
    with pytest.raises(HutongError) as caught:
        act(other, "EndAgreement", ends_at=early.isoformat(), reason="no longer needed")
    assert caught.value.reason == FIELD_INVALID
    act(other, "EndAgreement", ends_at=late.isoformat(), reason="no longer needed")
    assert eventually(lambda: "ends_there" in newest(one))
    assert newest(one)["ends_there"] == newest(other)["ends_here"]
    assert _by_pass(other, shown) == RECOGNISED
    for city in (one, other):
        _moved(city, MONTH + timedelta(hours=2))
    assert newest(one)["state"] == newest(other)["state"] == "AGREEMENT_STATE_ENDED"
    assert _by_pass(other, shown) == NO_AGREEMENT
    later = (datetime.now(UTC) + 2 * MONTH).isoformat()
    with pytest.raises(HutongError) as caught:
        one.consent(resident, other.about.code, [SCENARIO], later)
    assert caught.value.reason == AGREEMENT_NOT_ACTIVE


def _moved(city: City, ahead: timedelta) -> None:
    """Start the city's process again by a clock that is ahead."""
    city.stop()
    city.command = ("-m", "tests.scenarios.shifted")
    shift = str(ahead.total_seconds())
    city.environment = {**os.environ, "PYTHONPATH": str(ROOT), "SHIFT_SECONDS": shift}
    city.start()
    city.wait()
