"""Withdrawals while either city is killed, at whatever instant: none is lost (rule 7)."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from scripts.cities import Cities, City, new_id
from tests.scenarios.stage import (
    SCENARIO,
    check,
    count,
    enrolled,
    eventually,
    of_standing,
    settled,
)

pytestmark = pytest.mark.all

# Milliseconds from the withdrawal to the kill: before, amid and after the push.
INSTANTS = (0, 1, 2, 4, 8, 12, 16, 24, 40)
PENDING = "SELECT count(*) FROM status_feeds WHERE acknowledged < sequence"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cities, list[str]]]:
    directory = tmp_path_factory.mktemp("withdrawn")
    # Nothing is found by the freshness here: what arrives was brought.
    with settled(directory, ("410100", "330100")) as cities:
        yield cities, of_standing(enrolled(cities["zhengzhou"]), "excellent")


def visitor(home: City, host: City, resident: str) -> tuple[str, str]:
    """A resident who is recognised: the consent, and the visitor pass."""
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    consent = home.consent(resident, host.about.code, [SCENARIO], ends)
    answer = check(host, home.code(resident, consent))
    assert answer["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
    return consent, str(answer["visitor_pass"])


def withdraw(home: City, resident: str, consent: str) -> None:
    home.resident("WithdrawConsent", request_id=new_id(), resident_id=resident, consent_id=consent)


def is_over(host: City, visitor_pass: str) -> bool:
    answer = host.venue(
        "library", "CheckEligibility", request_id=new_id(), visitor_pass=visitor_pass
    )
    return bool(answer["outcome"] != "RECOGNITION_OUTCOME_RECOGNISED")


@pytest.mark.parametrize("dies", ["zhengzhou", "hangzhou"])
def test_whichever_city_is_killed_at_whatever_instant_the_withdrawal_is_in_force(
    pair: tuple[Cities, list[str]], dies: str
) -> None:
    cities, residents = pair
    home, host, victim = cities["zhengzhou"], cities["hangzhou"], cities[dies]
    for place, milliseconds in enumerate(INSTANTS):
        resident = residents[place % len(residents)]
        consent, visitor_pass = visitor(home, host, resident)
        withdraw(home, resident, consent)
        time.sleep(milliseconds / 1000)
        victim.kill()
        victim.start()
        victim.wait()
        assert eventually(lambda p=visitor_pass: is_over(host, p)), milliseconds  # type: ignore[misc]
        assert eventually(lambda: count(home, PENDING) == 0)


def test_a_host_that_was_off_during_many_withdrawals_has_them_all_when_it_is_back(
    pair: tuple[Cities, list[str]],
) -> None:
    cities, residents = pair
    home, host = cities["zhengzhou"], cities["hangzhou"]
    seen = {resident: visitor(home, host, resident) for resident in residents[:4]}
    host.kill()
    for resident, (consent, _) in seen.items():
        withdraw(home, resident, consent)
    assert count(home, PENDING) == 1
    home.kill()
    home.start()
    home.wait()
    host.start()
    host.wait()
    for _, visitor_pass in seen.values():
        assert eventually(lambda p=visitor_pass: is_over(host, p))  # type: ignore[misc]
    assert eventually(lambda: count(home, PENDING) == 0)
