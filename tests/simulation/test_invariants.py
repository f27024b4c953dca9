"""Each invariant finds its violation, planted in the stores or the histories of a lived world."""

# ruff: noqa: S608 - the texts of these statements are this file's own

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Final

import pytest

from federation import codec
from federation.envelope import seal
from federation.errors import HutongError
from federation.identifiers import CityCode
from node.errors import LOG_BROKEN, FatalError
from node.v1 import venue_service_pb2 as venues_pb
from scripts.simulation.city import SimCity
from scripts.simulation.facts import facts_of
from scripts.simulation.history import Act, History
from scripts.simulation.invariants import BrokenError, Watch
from scripts.simulation.mesh import mesh
from scripts.simulation.people import LONG
from scripts.simulation.run import is_quiet, people
from scripts.simulation.world import SimWorld, simulate

pytestmark = pytest.mark.all

HOME: Final = CityCode("410100")
HOST: Final = CityCode("330100")
_NEW: Final = "'00000000-0000-4000-8000-00000000ffff'"


@dataclass(frozen=True)
class Lived:
    """A world in which everything was right, as plants are planted into it."""

    world: SimWorld
    history: History
    watch: Watch

    def city(self, code: CityCode) -> SimCity:
        return self.world.city(code)

    def sql(self, code: CityCode, *statements: str) -> None:
        """Change a store behind its city's back; each statement changes something."""
        for statement in statements:
            assert self.disk(code).execute(statement).rowcount > 0, statement

    def disk(self, code: CityCode) -> sqlite3.Connection:
        return self.city(code).disk._raw

    def change(self, kind: str, change: Callable[[Act], Act | None]) -> None:
        """Put changed acts behind those that there are."""
        changed = [new for act in self.history.of(kind) if (new := change(act)) is not None]
        assert changed
        self.history.acts.extend(changed[:1])

    def check(self, change: Callable[[venues_pb.CheckEligibilityResponse], bool]) -> None:
        """An answer of a venue's check, as `change` makes it; False where it is not one for it."""

        def changed(act: Act) -> Act | None:
            told = act.told(venues_pb.CheckEligibilityResponse)
            if not change(told):
                return None
            answer = told.SerializeToString(deterministic=True)
            return replace(act, answer=answer, request_id=f"{act.request_id}-changed")

        self.change("CheckEligibility", changed)


Plant = Callable[[Lived], None]


def consent_is_lost(lived: Lived) -> None:
    lived.sql(HOME, "DELETE FROM consents WHERE resident_id != ''")


def redemption_is_lost(lived: Lived) -> None:
    lived.sql(HOST, "DELETE FROM redemptions")


def reservation_is_lost(lived: Lived) -> None:
    for code in lived.world.cities:
        lived.sql(code, "DELETE FROM reservations")


def record_is_lost(lived: Lived) -> None:
    lived.sql(HOME, "DELETE FROM records")


def answer_is_lost(lived: Lived) -> None:
    lived.sql(HOST, "DELETE FROM answers WHERE caller LIKE 'venue/%'")


def answer_is_changed(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE answers SET response = x'00' WHERE caller LIKE 'resident/%'")


def repetition_is_answered_anew(lived: Lived) -> None:
    lived.change("GiveConsent", lambda act: replace(act, answer=act.answer * 2))


def decision_is_redeemed_twice(lived: Lived) -> None:
    def again(act: Act) -> Act:
        told = act.told(venues_pb.RedeemResponse)
        told.redemption_id = "another"
        return replace(act, answer=told.SerializeToString(), request_id="another")

    lived.change("Redeem", again)


def newcomers_get_more(lived: Lived) -> None:
    def refuse(told: venues_pb.CheckEligibilityResponse) -> bool:
        for decision in told.decisions:
            if decision.incentive.incentive_id == "reading-room":
                decision.eligible = False
                return True
        return False

    lived.check(refuse)


def refusal_tells_why(lived: Lived) -> None:
    def tell(told: venues_pb.CheckEligibilityResponse) -> bool:
        told.notice_en = "the code was used up"
        return told.outcome == venues_pb.RECOGNITION_OUTCOME_NOT_RECOGNISED

    lived.check(tell)


def client_hangs(lived: Lived) -> None:
    lived.history.faults.append(f"{HOME}: GiveConsent was asked in vain")


def task_breaks(lived: Lived) -> None:
    lived.world.faults.append("a task of a city broke")


def city_stops(lived: Lived) -> None:
    error = FatalError(LOG_BROKEN, size="1", what="a test", known="2")
    lived.city(HOME).broken = error


def counter_is_beyond_its_limit(lived: Lived) -> None:
    lived.sql(HOST, "UPDATE counters SET used = 1000000")


def place_is_counted_less(lived: Lived) -> None:
    lived.sql(HOST, "UPDATE counters SET used = used - 1")


def place_is_not_counted(lived: Lived) -> None:
    lived.sql(HOST, "DELETE FROM counters")


def more_is_redeemed_than_there_is(lived: Lived) -> None:
    for n in range(101):
        lived.sql(
            HOST, f"INSERT INTO redemptions VALUES ('r{n}', 'd{n}', '{LONG}', 'rental-shop', 0)"
        )


def consent_had_ended(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE consents SET withdrawn_at = given_at + 1 WHERE resident_id != ''")


def consent_was_for_another_scenario(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE consents SET scenarios = 'transit.discount' WHERE resident_id != ''")


def consent_was_for_less(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE consents SET disclosure = 1 WHERE resident_id != ''")


def consent_was_for_another_host(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE consents SET host = '999999' WHERE resident_id != ''")


def bad_news_is_attested(lived: Lived) -> None:
    city = lived.city(HOME)
    attestation_id, given = next(iter(facts_of(city).attestations.items()))
    said = codec.ATTESTATION.decode(given.payload)
    worse = replace(said, claim=replace(said.claim, band_id="good"))
    forged = codec.envelope_to_bytes(seal(codec.ATTESTATION, worse, [city.keys]))
    lived.disk(HOME).execute(
        "UPDATE attestations SET statement = ? WHERE attestation_id = ?", (forged, attestation_id)
    )


def attestation_leaves_no_trace(lived: Lived) -> None:
    lived.sql(HOME, "DELETE FROM log_salts WHERE subject != ''")


def decision_is_older_than_the_consent(lived: Lived) -> None:
    lived.sql(HOST, "UPDATE decisions SET decided_at = 0 WHERE recognition_id != ''")


def use_is_counted_twice_at_home(lived: Lived) -> None:
    for code in lived.world.cities:
        lived.disk(code).execute(
            f"INSERT INTO use_leases SELECT {_NEW}, resident_id, consent_id, host, label,"
            " use_class, granted_at, until, NULL FROM use_leases WHERE released_at IS NULL LIMIT 1"
        )


def use_is_held_twice_abroad(lived: Lived) -> None:
    for code in lived.world.cities:
        lived.disk(code).execute(
            f"INSERT INTO reservations SELECT {_NEW}, {_NEW}, incentive_id, venue, recognition_id,"
            " '', state, reserved_at, expires_at, closed_at, 'another', home, lease_id, lease_until"
            " FROM reservations WHERE lease_id != '' LIMIT 1"
        )


def suspended_partner_is_served(lived: Lived) -> None:
    for code in lived.world.cities:
        if code != HOME:
            lived.sql(
                HOME,
                f"INSERT INTO partner_moves VALUES ('{code}', {_NEW}, 0, 'operator/x', 'suspend',"
                " 'suspended', '', '', '')",
            )


def two_hosts_share_a_pseudonym(lived: Lived) -> None:
    lived.sql(
        HOME,
        "UPDATE consents SET pseudonym ="
        " (SELECT pseudonym FROM consents WHERE resident_id != '' LIMIT 1) WHERE resident_id != ''",
    )


def honest_partner_is_accused(lived: Lived) -> None:
    lived.sql(HOST, f"INSERT INTO forks VALUES ('{HOME}', 0, x'', x'', x'', 'a lie', x'')")


def log_is_rewritten(lived: Lived) -> None:
    lived.sql(HOME, f"UPDATE log_entries SET leaf_hash = x'{'00' * 32}' WHERE sequence < 256")


def log_is_cut(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE log_state SET size = 3")


def entry_is_changed(lived: Lived) -> None:
    lived.sql(HOME, f"UPDATE log_entries SET commitment = x'{'00' * 32}' WHERE sequence = 0")


def resident_is_named_abroad(lived: Lived) -> None:
    resident = next(iter(facts_of(lived.city(HOME)).residents))
    lived.sql(HOST, f"UPDATE partners SET state_reason = '{resident}'")


def end_is_not_told(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE status_feeds SET sequence = acknowledged + 1")


def what_ended_stands_abroad(lived: Lived) -> None:
    lived.sql(HOME, "UPDATE attestations SET ended_at = issued_at + 1")


def attestation_understates(lived: Lived) -> None:
    lived.sql(
        HOME,
        "UPDATE attestations SET claim = replace(claim, '\"outstanding\"', '\"excellent\"')"
        " WHERE ended_at IS NULL",
    )


def partner_stays_suspended(lived: Lived) -> None:
    lived.sql(
        HOME,
        "UPDATE partners SET suspended_here = 1",
        "UPDATE node_state SET registry_version = registry_version + 1",
    )


def use_is_not_given_back(lived: Lived) -> None:
    lived.sql(HOST, f"INSERT INTO use_releases VALUES ({_NEW}, '{HOME}', 0)")


def use_is_counted_for_nobody(lived: Lived) -> None:
    for code in lived.world.cities:
        lived.disk(code).execute("UPDATE reservations SET lease_id = '' WHERE lease_id != ''")


PLANTS: Final[tuple[tuple[str, Plant], ...]] = (
    ("acknowledged", consent_is_lost),
    ("acknowledged", redemption_is_lost),
    ("acknowledged", reservation_is_lost),
    ("acknowledged", record_is_lost),
    ("acknowledged", answer_is_lost),
    ("acknowledged", answer_is_changed),
    ("repeated", repetition_is_answered_anew),
    ("used once", decision_is_redeemed_twice),
    ("never less", newcomers_get_more),
    ("refused alike", refusal_tells_why),
    ("no fault", client_hangs),
    ("no fault", task_breaks),
    ("no fault", city_stops),
    ("capacity", counter_is_beyond_its_limit),
    ("capacity", place_is_counted_less),
    ("capacity", place_is_not_counted),
    ("capacity", more_is_redeemed_than_there_is),
    ("by consent", consent_had_ended),
    ("by consent", consent_was_for_another_scenario),
    ("by consent", consent_was_for_less),
    ("by consent", consent_was_for_another_host),
    ("by consent", bad_news_is_attested),
    ("every act is logged", attestation_leaves_no_trace),
    ("decided by consent", decision_is_older_than_the_consent),
    ("counted uses", use_is_counted_twice_at_home),
    ("counted uses", use_is_held_twice_abroad),
    ("suspended", suspended_partner_is_served),
    ("unlinkable", two_hosts_share_a_pseudonym),
    ("no fork", honest_partner_is_accused),
    ("log", log_is_rewritten),
    ("log", log_is_cut),
    ("log verifies", entry_is_changed),
    ("names stay home", resident_is_named_abroad),
    ("healed", end_is_not_told),
    ("healed", what_ended_stands_abroad),
    ("healed", attestation_understates),
    ("healed", partner_stays_suspended),
    ("healed", use_is_not_given_back),
    ("healed", use_is_counted_for_nobody),
)


@cache
def found_after_plants() -> dict[str, set[str]]:
    """The rules that are found broken after each plant, and after none ("")."""

    async def main(world: SimWorld) -> dict[str, set[str]]:
        await mesh(tuple(world.cities.values()), world.now)
        history = History()
        lived = Lived(world, history, Watch(world, history))
        for life in people(world, history, 1):
            await life.begin()
            for code in world.cities:
                for shop in ("library", "rental-shop", "scenic-spot"):
                    await life.use(code, shop, await life.check(code, shop))
            await life.rent()
            await life.guess()
        await world.sleep(timedelta(seconds=30).total_seconds())
        assert is_quiet(world)
        # The watch has seen all checkpoints before anything is planted.
        return {"": found(lived), **{plant.__name__: planted(lived, plant) for _, plant in PLANTS}}

    return simulate(main, 5, 3)


def found(lived: Lived) -> set[str]:
    """The rules that are broken, by the look of every time and that of the end."""
    broken = set[str]()
    for look in (lived.watch.look, lived.watch.finish):
        try:
            look()
        except BrokenError as error:
            broken |= {violation.rule for violation in error.found}
        except HutongError:
            # What cannot be read at all is told by the look.
            assert broken
    return broken


def planted(lived: Lived, plant: Plant) -> set[str]:
    """What is found with a plant, which is pulled out again."""
    disks = {code: lived.disk(code).serialize() for code in lived.world.cities}
    history = lived.history
    acts, faults, foreseen = list(history.acts), list(history.faults), list(lived.world.faults)
    plant(lived)
    broken = found(lived)
    for code, disk in disks.items():
        lived.disk(code).deserialize(disk)
        lived.city(code).broken = None
    history.acts[:], history.faults[:], lived.world.faults[:] = acts, faults, foreseen
    return broken


def test_where_nothing_is_planted_nothing_is_found() -> None:
    assert found_after_plants()[""] == set()


@pytest.mark.parametrize(("rule", "plant"), PLANTS, ids=[p.__name__ for _, p in PLANTS])
def test_a_planted_violation_is_found_by_its_rule(rule: str, plant: Plant) -> None:
    assert rule in found_after_plants()[plant.__name__]
