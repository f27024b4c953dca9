"""Whole processes: a withdrawal reaches the host whatever dies, and a forged history is caught."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.store.tables import METADATA
from scripts.cities import Answer, Cities, City, new_id
from scripts.demo_forgery import forge_and_be_caught
from scripts.demo_trust import by_nodejs, history, take_receipts
from scripts.demo_trust_story import REFUSALS
from tests.scenarios.stage import (
    ROOT,
    SCENARIO,
    check,
    count,
    enrolled,
    eventually,
    of_standing,
    settled,
    store_of,
    visit,
)

pytestmark = pytest.mark.all

RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"
NOT_RECOGNISED = "RECOGNITION_OUTCOME_NOT_RECOGNISED"
UNREACHABLE = "RECOGNITION_OUTCOME_HOME_UNREACHABLE"
# Longer than any test waits: what ends a recognition sooner is the push.
FRESHNESS_SECONDS = 600
SCENIC = "scenic.discount"


@dataclass
class Pair:
    """A home and a host, whose residents are used up one by one."""

    cities: Cities
    residents: list[str]
    used: int = field(default=0)

    @property
    def home(self) -> City:
        return self.cities["zhengzhou"]

    @property
    def host(self) -> City:
        return self.cities["hangzhou"]

    def visitor(self) -> tuple[str, str]:
        """A resident whom the host recognises; the id and the visitor pass."""
        resident = self.residents[self.used]
        self.used += 1
        answer = check(self.host, visit(self.home, self.host, resident, SCENARIO, SCENIC))
        assert answer["outcome"] == RECOGNISED
        return resident, answer["visitor_pass"]

    def outcome(self, visitor_pass: str) -> str:
        return str(self.by_pass(visitor_pass)["outcome"])

    def by_pass(self, visitor_pass: str) -> Answer:
        request = {"request_id": new_id(), "visitor_pass": visitor_pass}
        return self.host.venue("library", "CheckEligibility", **request)

    def withdraw(self, resident: str) -> None:
        for consent in self.home.resident("ListConsents", resident_id=resident)["consents"]:
            if "withdrawn_at" not in consent:
                self.home.resident(
                    "WithdrawConsent",
                    request_id=new_id(),
                    resident_id=resident,
                    consent_id=consent["consent_id"],
                )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("trust")
    codes = ("330100", "410100")
    with settled(directory, codes, freshness_seconds=FRESHNESS_SECONDS) as cities:
        yield Pair(cities, of_standing(enrolled(cities["zhengzhou"]), "excellent"))


@pytest.fixture(autouse=True)
def _both_run(pair: Pair) -> Iterator[None]:
    """Whatever a test killed is there for the next one, by the right clock."""
    yield
    for city in pair.cities:
        if city.environment.pop("SHIFT_SECONDS", None):
            city.command = ("-m", "node.cli")
            city.stop()
        if city.process is None:
            back(city)


def back(city: City) -> None:
    """Start a city whose process was killed."""
    city.forget_clients()
    city.start()
    city.wait()


def test_a_withdrawal_ends_the_recognition_long_before_the_freshness_is_over(pair: Pair) -> None:
    resident, shown = pair.visitor()
    assert pair.outcome(shown) == RECOGNISED
    pair.withdraw(resident)
    # The host keeps the end before any venue asks, and without having asked.
    assert eventually(lambda: ended(pair.host) == 1)
    assert pair.outcome(shown) == NOT_RECOGNISED


def ended(host: City) -> int:
    return count(host, "SELECT count(*) FROM recognitions WHERE ended_at IS NOT NULL")


def test_a_host_that_was_killed_has_the_withdrawal_before_it_grants_anything(pair: Pair) -> None:
    resident, shown = pair.visitor()
    pair.host.kill()
    pair.withdraw(resident)
    back(pair.host)
    # The first answer after it is back, not some later one.
    assert pair.outcome(shown) == NOT_RECOGNISED


def test_a_host_that_is_back_while_the_home_city_is_away_goes_by_what_it_knows(pair: Pair) -> None:
    _, shown = pair.visitor()
    pair.home.kill()
    pair.host.kill()
    back(pair.host)
    assert pair.outcome(shown) == RECOGNISED


def test_a_home_city_that_is_killed_as_it_acknowledged_loses_no_withdrawal(pair: Pair) -> None:
    resident, shown = pair.visitor()
    pair.host.kill()
    pair.withdraw(resident)
    pair.home.kill()
    back(pair.host)
    back(pair.home)
    assert eventually(lambda: pair.outcome(shown) == NOT_RECOGNISED)


def shifted(city: City, seconds: int) -> None:
    """Run a city by a clock that is ahead."""
    city.stop()
    city.command = ("-m", "tests.scenarios.shifted")
    city.environment |= {**os.environ, "PYTHONPATH": str(ROOT), "SHIFT_SECONDS": str(seconds)}
    back(city)


def test_a_host_that_goes_offline_stops_granting_at_the_freshness_limit(pair: Pair) -> None:
    _, shown = pair.visitor()
    pair.home.kill()
    shifted(pair.host, FRESHNESS_SECONDS - 60)
    assert pair.outcome(shown) == RECOGNISED
    shifted(pair.host, FRESHNESS_SECONDS + 1)
    answer = pair.by_pass(shown)
    assert answer["outcome"] == UNREACHABLE
    # What is open to everyone stays open.
    assert [d["eligible"] for d in answer["decisions"]] == [False, True]


def test_a_city_that_rewrote_its_history_is_suspended_with_evidence(tmp_path: Path) -> None:
    caught = forge_and_be_caught(tmp_path)
    # A copy is told by what was signed: the checkpoint that covers the entry does not fit.
    problem = caught.copy["problems"][0]
    assert problem["first"] <= caught.entry <= problem["last"] < caught.of
    # The forger who signs everything anew is told by the partner who saw what was there before.
    assert caught.state == "PARTNER_STATE_SUSPENDED"
    assert caught.evidence["verified"]
    assert caught.evidence["city"] == "410100"


def test_a_receipt_is_verified_by_another_language_and_a_forged_one_is_not(
    pair: Pair, tmp_path: Path
) -> None:
    resident, _ = pair.visitor()
    for taken in take_receipts(pair.home, resident, pair.host, tmp_path):
        assert taken.cosigned_by == ["330100"]
        assert by_nodejs(taken.file) == taken.theirs
        # The demo says it in Chinese, too.
        assert taken.tampered[-1].removeprefix("no").strip() in REFUSALS


def test_neither_reasons_nor_names_cross_to_the_host_nor_venues_to_the_home_city(
    pair: Pair,
) -> None:
    # The catalogue of the home city names such a venue too.
    before = everything(pair.home)
    resident, shown = pair.visitor()
    request = {"request_id": new_id(), "visitor_pass": shown}
    seen = pair.host.venue("scenic-spot", "CheckEligibility", **request)
    opened = next(d for d in seen["decisions"] if d["eligible"])["decision_id"]
    used = pair.host.venue("scenic-spot", "Redeem", request_id=new_id(), decision_id=opened)
    pair.withdraw(resident)
    assert eventually(lambda: pair.outcome(shown) == NOT_RECOGNISED)
    home, host = everything(pair.home), everything(pair.host)
    consents = [e["subject_id"] for e in history(pair.home, resident) if "CONSENT" in e["kind"]]
    for word in (resident, *consents):
        assert word in home
        assert word not in host
    for word in ("consent_withdrawn", "CONSENT_WITHDRAWN", "WithdrawConsent"):
        assert word not in host
    for word in (opened, used["redemption_id"]):
        assert word in host
        assert word not in home
    assert "scenic-spot" in host
    assert home.count("scenic-spot") == before.count("scenic-spot")


def everything(city: City) -> str:
    """All that a city's store and log hold, as text; bytes as they are."""
    found = [city.log.read_text("utf-8")]
    with store_of(city) as store:
        for table in METADATA.sorted_tables:
            for row in store.execute(sa.select(table)):
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
    return "\n".join(found)
