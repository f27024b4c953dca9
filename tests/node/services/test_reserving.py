"""Attacks on places that are held: by others, too late, twice, at once, after a change."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from node import limits
from node.incentives import AcrossCities, Capacity, Period, PerResident
from node.limits import OFFLINE_TOLD
from node.model import Caller, PageRequest, Role
from node.ports import Transaction
from node.redemptions import ReservationState
from node.services import capacities
from node.store.incentive_tables import RESERVATIONS
from tests.conftest import NewStore
from tests.node.services.places import CARD, DECIDED, HOLD, Places, incentive, reason
from tests.node.services.stage import staged
from tests.node.services.world import VENUE

HOST = "330100"
OTHER = Caller(Role.VENUE, "branch")
INSTANT = timedelta(microseconds=1)
ONE = Capacity(total=1)


@pytest.fixture
def places(new_store: NewStore) -> Iterator[Places]:
    """One place in total."""
    with staged(new_store, HOST) as stage:
        yield Places(stage, stage[HOST], incentive(ONE))


def test_what_is_held_is_nobody_elses_until_it_is_given_back(places: Places) -> None:
    held = places.reserve(places.decision())
    assert (held.state, held.expires_at) == (ReservationState.HELD, places.now + HOLD)
    assert reason(places.reserve, places.decision()) == "CAPACITY_USED_UP"
    assert reason(places.redeem, places.decision()) == "CAPACITY_USED_UP"
    assert places.release(held.reservation_id).state is ReservationState.RELEASED
    assert places.used() == {}
    assert places.redeem(places.decision()).incentive is not None
    assert places.used() == {"total": 1}


def test_a_reservation_holds_until_its_very_last_instant(places: Places) -> None:
    held = places.reserve(places.decision())
    places.forward(HOLD - INSTANT)
    places.tick()
    assert reason(places.reserve, places.decision()) == "CAPACITY_USED_UP"
    assert places.confirm(held.reservation_id).redemption.redeemed_at == places.now


def test_at_the_instant_of_its_end_it_holds_nothing(places: Places) -> None:
    held = places.reserve(places.decision())
    places.forward(HOLD)
    assert reason(places.confirm, held.reservation_id) == "RESERVATION_ENDED"
    # Nobody has swept: whoever comes next makes the room.
    assert places.reserve(places.decision()).state is ReservationState.HELD
    assert reason(places.confirm, held.reservation_id) == "RESERVATION_ENDED"
    assert places.used() == {"total": 1}


def test_an_ended_place_comes_back_once_whoever_ends_it(places: Places) -> None:
    held = places.reserve(places.decision())
    places.forward(HOLD)
    places.tick()
    assert places.used() == {}
    other = places.reserve(places.decision())
    places.tick()
    assert places.release(held.reservation_id).state is ReservationState.ENDED
    assert places.used() == {"total": 1}
    assert places.release(other.reservation_id).state is ReservationState.RELEASED
    assert places.used() == {}


def test_what_is_given_back_at_the_instant_of_its_end_had_ended(places: Places) -> None:
    held = places.reserve(places.decision())
    places.forward(HOLD)
    ended = places.release(held.reservation_id)
    assert (ended.state, ended.closed_at) == (ReservationState.ENDED, held.expires_at)
    assert places.used() == {}


def test_who_closes_what_somebody_else_closed_gives_nothing_back(places: Places) -> None:
    """As two processes would that both saw it held."""
    seen = places.reserve(places.decision())
    places.release(seen.reservation_id)
    places.redeem(places.decision())
    for close in (capacities.release, capacities.end):
        found = places.stage.act(places.town, lambda tx, c=close: c(tx, seen, places.now))  # type: ignore[misc]
        assert found.state is ReservationState.RELEASED
    assert places.used() == {"total": 1}


def test_all_that_is_over_is_ended_by_the_timer_however_many(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RESERVATIONS_ENDED", 2)
    places.offer(incentive(Capacity(total=9), hold_minutes=1))
    for _ in range(5):
        places.reserve(places.decision())
    places.forward(timedelta(minutes=1))
    places.tick()
    assert places.used() == {}
    assert set(places.states().values()) == {ReservationState.ENDED.value}


def test_a_confirmation_repeated_with_another_request_is_the_same_redemption(
    places: Places,
) -> None:
    held = places.reserve(places.decision())
    first = places.confirm(held.reservation_id)
    places.forward(HOLD)
    places.tick()
    again = places.confirm(held.reservation_id)
    assert again.redemption == first.redemption
    assert places.redemptions() == 1
    assert places.used() == {"total": 1}


def test_a_decision_that_is_reserved_again_holds_what_it_held(places: Places) -> None:
    decision = places.decision()
    assert places.reserve(decision) == places.reserve(decision)
    assert places.used() == {"total": 1}
    redeemed = places.redeem(decision)
    assert redeemed.reservation.state is ReservationState.CONFIRMED
    assert places.used() == {"total": 1}
    assert reason(places.redeem, decision) == "ALREADY_REDEEMED"
    assert reason(places.reserve, decision) == "ALREADY_REDEEMED"


def test_a_released_decision_is_not_used_any_more(places: Places) -> None:
    decision = places.decision()
    places.release(places.reserve(decision).reservation_id)
    assert reason(places.reserve, decision) == "RESERVATION_ENDED"
    assert reason(places.redeem, decision) == "RESERVATION_ENDED"
    assert places.used() == {}


def test_what_was_used_is_not_given_back(places: Places) -> None:
    held = places.reserve(places.decision())
    places.confirm(held.reservation_id)
    assert reason(places.release, held.reservation_id) == "RESERVATION_USED"
    assert places.used() == {"total": 1}


def test_a_venue_reaches_nothing_of_another_venue(places: Places) -> None:
    decision = places.decision()
    assert reason(places.reserve, decision, venue=OTHER) == "UNKNOWN"
    held = places.reserve(decision).reservation_id
    for act in (places.confirm, places.release):
        assert reason(act, held, venue=OTHER) == "UNKNOWN"
    assert reason(places.redeem, decision, venue=OTHER) == "UNKNOWN"
    page = places.stage.act(
        places.town, lambda tx: places.redeeming.page(tx, OTHER, PageRequest(9, ""))
    )
    assert page.items == ()


def test_a_decision_is_of_no_use_after_its_end(places: Places) -> None:
    decision = places.decision()
    places.forward(DECIDED)
    assert reason(places.reserve, decision) == "DECISION_ENDED"


def test_a_decision_is_of_no_use_with_somebody_elses_pass(places: Places) -> None:
    (one, pass_of_one), (_, pass_of_two) = places.resident(), places.resident()
    decision = places.decision(one)
    for act in (places.reserve, places.redeem):
        assert reason(act, decision, pass_of_two) == "DECISION_OF_ANOTHER"
        assert reason(act, places.decision(), pass_of_one) == "DECISION_OF_ANOTHER"
        assert reason(act, decision, "nonsense") == "MALFORMED"
    assert places.used() == {}
    assert places.reserve(decision, pass_of_one).state is ReservationState.HELD


def test_a_standing_that_ends_ends_what_it_holds(places: Places) -> None:
    whose, _ = places.resident()
    held = places.reserve(places.decision(whose))
    places.stage.act(places.town, lambda tx: tx.recognitions.end(whose, places.now))
    assert reason(places.confirm, held.reservation_id) == "DECISION_ENDED"
    places.release(held.reservation_id)
    assert places.used() == {}


def test_a_capacity_that_is_lowered_is_not_gone_beyond(places: Places) -> None:
    places.offer(incentive(Capacity(total=3)))
    held = [places.reserve(places.decision()) for _ in range(3)]
    decision = places.decision()
    places.offer(incentive(Capacity(total=2)))
    places.release(held[0].reservation_id)
    assert reason(places.redeem, decision) == "CAPACITY_USED_UP"
    places.release(held[1].reservation_id)
    assert places.redeem(decision).reservation.scopes == ("total",)


def test_places_over_a_lowered_capacity_come_back_before_it_has_room(places: Places) -> None:
    places.offer(incentive(Capacity(total=3)))
    for _ in range(2):
        places.redeem(places.decision())
    places.reserve(places.decision())
    places.offer(incentive(Capacity(total=2)))
    places.forward(HOLD)
    # One place comes back, and there is still no room.
    assert reason(places.redeem, places.decision()) == "CAPACITY_USED_UP"


def test_an_incentive_that_is_gone_holds_no_more_and_keeps_what_it_promised(
    places: Places,
) -> None:
    held, decision = places.reserve(places.decision()), places.decision()
    places.offer(incentive(ONE, incentive_id="another"))
    assert reason(places.reserve, decision) == "DECISION_ENDED"
    confirmed = places.confirm(held.reservation_id)
    assert confirmed.incentive is None
    assert confirmed.redemption.incentive_id == CARD


def test_a_day_at_the_citys_midnight_gives_its_own_places_back(places: Places) -> None:
    places.offer(incentive(Capacity(per_day=1), hold_minutes=60))
    # A minute before midnight in Hangzhou.
    places.forward(datetime(2026, 11, 24, 15, 59, tzinfo=UTC) - places.now)
    held = places.reserve(places.decision())
    assert places.used() == {"day:2026-11-24": 1}
    places.forward(timedelta(minutes=1))
    places.redeem(places.decision())
    assert places.used() == {"day:2026-11-24": 1, "day:2026-11-25": 1}
    places.release(held.reservation_id)
    assert places.used() == {"day:2026-11-25": 1}
    assert reason(places.redeem, places.decision()) == "CAPACITY_USED_UP"


def test_one_capacity_that_is_full_takes_nothing_from_the_others(places: Places) -> None:
    both = Capacity(total=9, per_venue_per_day=1, per_resident=PerResident(1, Period.EVER))
    places.offer(incentive(both))
    whose, _ = places.resident()
    places.redeem(places.decision(whose))
    before = places.used()
    assert reason(places.reserve, places.decision(whose)) == "CAPACITY_USED_UP"
    assert (
        places.used()
        == before
        == {
            "total": 1,
            "day:2026-11-24:library": 1,
            f"resident-ever:0001-01-01:{whose}": 1,
        }
    )


def test_what_is_limited_over_all_cities_is_not_redeemed_at_once(places: Places) -> None:
    places.offer(incentive(across=AcrossCities("rental", 1, 30)))
    whose, _ = places.resident()
    assert reason(places.redeem, places.decision(whose)) == "RESERVE_FIRST"
    # A newcomer's uses are counted nowhere; the catalogue changed since it was decided.
    assert reason(places.reserve, places.decision()) == "DECISION_ENDED"
    assert places.redemptions() == 0


def at_once(places: Places, *acts: Callable[[Transaction], object]) -> list[object]:
    """What became of use cases that were sent at once."""

    async def all_of_them() -> list[object]:
        return await asyncio.gather(
            *(places.town.store.run(act) for act in acts), return_exceptions=True
        )

    return places.stage.run(all_of_them())


def test_two_releases_at_once_give_one_place_back(places: Places) -> None:
    places.offer(incentive(Capacity(total=2)))
    held = places.reserve(places.decision()).reservation_id
    places.redeem(places.decision())
    desk = places.redeeming
    found = at_once(places, *[lambda tx: desk.release(tx, VENUE, held)] * 2)
    assert [each.state for each in found] == [ReservationState.RELEASED] * 2  # type: ignore[attr-defined]
    assert places.used() == {"total": 1}


@pytest.mark.parametrize("turn", [1, -1])
def test_of_a_release_and_a_confirmation_at_once_one_wins(places: Places, turn: int) -> None:
    held = places.reserve(places.decision()).reservation_id
    desk = places.redeeming
    acts = [
        lambda tx: desk.release(tx, VENUE, held),
        lambda tx: desk.confirm(tx, VENUE, held),
    ][::turn]
    found = at_once(places, *acts)
    assert sum(isinstance(each, Exception) for each in found) == 1
    assert sum(places.used().values()) == places.redemptions()
    assert places.redemptions() == (0 if turn == 1 else 1)


def test_a_use_without_the_node_counts_from_when_it_was(places: Places) -> None:
    places.offer(incentive())
    whose, shown = places.resident()
    decision = places.decision(whose, offline=timedelta(hours=1))
    used_at = places.now + timedelta(hours=1) - INSTANT
    places.forward(timedelta(hours=1) + OFFLINE_TOLD - INSTANT)
    # What became of the standing since takes nothing back.
    places.stage.act(places.town, lambda tx: tx.recognitions.end(whose, places.now))
    assert reason(places.redeem, decision) == "DECISION_ENDED"
    redeemed = places.redeem(decision, shown, used_at)
    assert redeemed.redemption.redeemed_at == used_at
    assert redeemed.reservation.state is ReservationState.CONFIRMED
    assert reason(places.redeem, decision, shown, used_at) == "ALREADY_REDEEMED"


@pytest.mark.parametrize(
    ("used", "told"),
    [
        (timedelta(hours=1), timedelta(hours=2)),
        (-timedelta(seconds=61), timedelta(0)),
        (timedelta(seconds=61), timedelta(0)),
        (timedelta(hours=1) - INSTANT, timedelta(hours=25)),
    ],
    ids=["after the grace", "before the decision", "in the future", "told too late"],
)
def test_a_use_without_the_node_at_another_time_counts_for_nothing(
    places: Places, used: timedelta, told: timedelta
) -> None:
    places.offer(incentive())
    decision, decided = places.decision(offline=timedelta(hours=1)), places.now
    places.forward(told)
    assert reason(places.redeem, decision, "", decided + used) == "OFFLINE_USE_REFUSED"
    assert places.redemptions() == 0


def test_a_decision_that_allows_no_use_without_the_node_has_none(places: Places) -> None:
    assert reason(places.redeem, places.decision(), "", places.now) == "OFFLINE_NOT_ALLOWED"


def test_a_venue_sees_all_that_it_did_the_newest_first(places: Places) -> None:
    places.offer(incentive(Capacity(total=9)))
    held = places.reserve(places.decision())
    places.forward(timedelta(seconds=1))
    redeemed = places.redeem(places.decision()).reservation
    places.forward(HOLD)

    def at(token: str) -> tuple[object, str]:
        found = places.stage.act(
            places.town, lambda tx: places.redeeming.page(tx, VENUE, PageRequest(1, token))
        )
        return found.items[0], found.next_token

    first, token = at("")
    assert first == redeemed
    second, token = at(token)
    # Nobody has swept, and it is over all the same.
    ended = replace(held, state=ReservationState.ENDED, closed_at=held.expires_at)
    assert (second, token) == (ended, "")
    assert reason(at, "nonsense") == "PAGE_INVALID"


def test_who_is_erased_leaves_no_name_and_takes_no_place_along(places: Places) -> None:
    both = Capacity(total=1, per_resident=PerResident(1, Period.EVER))
    places.offer(incentive(both))
    town, stage = places.town, places.stage
    number, resident = stage.run(town.resident_with_number())
    stage.run(town.record(number, 300))
    code = stage.run(town.show_code(resident, stage.run(town.consent(resident, town.code))))
    checked = stage.run(town.check(code))
    assert checked.visitor is not None
    whose = checked.visitor.recognition_id
    held = places.reserve(checked.decisions[0][0], checked.visitor_pass)
    assert held.scopes == ("total", f"resident-ever:0001-01-01:{whose}")
    stage.run(town.cases.erasing.erase(resident, number))
    [left] = places.rows(RESERVATIONS)
    assert (left.recognition_id, left.scopes) == ("", "total")
    assert reason(places.confirm, held.reservation_id) == "RESERVATION_ENDED"
    assert places.used() == {"total": 1}
    places.forward(HOLD)
    places.tick()
    assert places.used() == {}


@pytest.mark.parametrize("opened_by", [{"minimum_band": None}, {"condition": "hour >= 0"}])
def test_who_is_recognised_may_use_what_is_open_to_everyone_as_often_as_a_newcomer(
    places: Places, opened_by: dict[str, Any]
) -> None:
    places.offer(incentive(Capacity(per_resident=PerResident(1, Period.EVER)), **opened_by))
    whose, _ = places.resident()
    for _ in range(3):
        assert places.redeem(places.decision(whose)).incentive is not None
        assert places.redeem(places.decision()).incentive is not None
    assert places.used() == {}
