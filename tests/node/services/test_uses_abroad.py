"""Uses over several cities: never two at once, through lost answers, partitions and clocks."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation import codec
from federation.envelope import Envelope, Verified, seal
from federation.errors import (
    ANSWERS_ANOTHER_REQUEST,
    MALFORMED,
    UNKNOWN_KEY,
    USE_KEY_MISMATCH,
    WRONG_AUDIENCE,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.incentives import UseLease, UseRequest
from federation.limits import CLOCK_SKEW, REQUEST_LIFETIME, USE_KEY_BYTES
from federation.messages import UseCounting
from node.errors import CAPACITY_USED_UP, REQUEST_ID_REUSED
from node.model import PageRequest
from node.redemption_errors import (
    RESERVATION_ENDED,
    USE_KEY_MISSING,
    USE_NOT_COUNTED,
    USES_UNREACHABLE,
)
from node.redemptions import ReservationState
from node.services.redeeming import Lease
from tests.conftest import NewStore
from tests.node.services.renting import LONG, RENTAL, SHOP, Renter, renter
from tests.node.services.stage import Stage, staged

HOME, HOST, THIRD = "410100", "330100", "320500"
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
ANOTHER_KEY = bytes(USE_KEY_BYTES)
ALL = PageRequest(200, "")


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST, THIRD) as found:
        yield found


@pytest.fixture
def who(stage: Stage) -> Renter:
    return renter(stage, HOME)


def refused(who: Renter, host: str, key: bytes = b"") -> Reason:
    with pytest.raises(HutongError) as found:
        who.reserve(host, key=key)
    return found.value.reason


@pytest.mark.parametrize("first", [HOME, HOST, THIRD])
def test_one_at_a_time_in_all_cities_the_own_one_too(who: Renter, first: str) -> None:
    held = who.reserve(first)
    who.confirm(first, held)
    for host in (HOME, HOST, THIRD):
        assert refused(who, host) == USE_NOT_COUNTED
    assert who.in_use() == 1
    who.release(first, held)
    for host in (HOME, HOST, THIRD):
        again = who.reserve(host)
        who.release(host, again)
    assert who.in_use() == 0
    assert sum(map(who.owed, (HOME, HOST, THIRD))) == 0


def test_two_cities_that_ask_at_once_get_one(who: Renter, stage: Stage) -> None:
    wanted = {host: who.wanted(host) for host in (HOME, HOST, THIRD)}

    async def race() -> list[str | BaseException]:
        asked = (who.asking(host, each) for host, each in wanted.items())
        return await asyncio.gather(*asked, return_exceptions=True)

    found = stage.run(race())
    assert sum(isinstance(each, str) for each in found) == 1
    assert who.in_use() == 1


def test_two_residents_do_not_share_a_count(who: Renter, stage: Stage) -> None:
    other = renter(stage, HOME, key=ANOTHER_KEY)
    same = renter(stage, HOME, key=who.key)
    for each in (who, other, same):
        each.reserve(HOST)
        assert each.in_use() == 1


def test_nothing_that_a_home_city_hears_names_a_venue_an_incentive_or_a_kind(
    who: Renter, stage: Stage
) -> None:
    who.release(HOST, who.reserve(HOST))
    heard = stage.world.network.heard
    assert len(heard) == 2
    for envelope in heard:
        for told in (SHOP.name, LONG, RENTAL, "rental"):
            assert told.encode() not in envelope.payload
    assert codec.USE_REQUEST.decode(heard[0].payload).use_class == ""
    assert [use.use_class for use in who.counted()] == [""]


def test_the_kind_is_told_where_the_consent_says_so_and_counts_with_the_others(
    who: Renter, stage: Stage
) -> None:
    who.consent(HOST, UseCounting.CLASS)
    who.consent(THIRD, UseCounting.ANONYMOUS)
    who.reserve(HOST)
    assert [use.use_class for use in who.counted()] == ["rental"]
    assert refused(who, THIRD) == USE_NOT_COUNTED
    assert codec.USE_REQUEST.decode(stage.world.network.heard[-1].payload).use_class == ""


def test_without_a_consent_to_counting_it_is_not_open(who: Renter) -> None:
    who.consent(HOST, UseCounting.NONE)
    assert who.decision(HOST) == ""


def test_a_key_that_is_not_the_consents_asks_nobody(who: Renter, stage: Stage) -> None:
    assert refused(who, HOST, ANOTHER_KEY) == USE_KEY_MISMATCH
    wanted = who.wanted(HOST)
    for shown, reason in (("", USE_KEY_MISSING), ("USE-1234", MALFORMED)):
        with pytest.raises(HutongError) as found:
            stage.run(who.asking(HOST, replace(wanted, use_key=shown)))
        assert found.value.reason == reason
    assert stage.world.network.heard == []
    assert who.questions(HOST) == 0


def test_a_lost_answer_is_asked_for_again_and_is_the_first(who: Renter, stage: Stage) -> None:
    host = stage[HOST]
    wanted, ask = who.wanted(HOST), host.ask(caller=SHOP)
    stage.world.network.muted.add("reserve")
    with pytest.raises(HutongError) as found:
        stage.run(who.asking(HOST, wanted, ask))
    assert found.value.reason == USES_UNREACHABLE
    assert (who.in_use(), who.questions(HOST)) == (1, 1)
    stage.world.network.muted.clear()
    held = stage.run(who.asking(HOST, wanted, ask))
    assert (who.in_use(), who.questions(HOST)) == (1, 0)
    assert stage.run(who.asking(HOST, wanted, ask)) == held
    [use] = who.counted()
    assert who.held(HOST, held).lease_id == use.lease_id


def test_a_lost_answer_that_nobody_asks_for_again_is_given_back(who: Renter, stage: Stage) -> None:
    stage.world.network.muted.add("reserve")
    assert refused(who, HOST) == USES_UNREACHABLE
    stage.world.network.muted.clear()
    stage.world.clock.forward(REQUEST_LIFETIME + CLOCK_SKEW)
    stage.run(stage[HOST].give_back())
    assert who.in_use() == 1
    stage.world.clock.forward(SECOND)
    stage.run(stage[HOST].give_back())
    assert (who.in_use(), who.questions(HOST), who.owed(HOST)) == (0, 0, 0)


def test_a_venue_that_asks_again_too_late_gives_the_first_back(who: Renter, stage: Stage) -> None:
    host = stage[HOST]
    wanted, ask = who.wanted(HOST), host.ask(caller=SHOP)
    stage.world.network.muted.add("reserve")
    with pytest.raises(HutongError):
        stage.run(who.asking(HOST, wanted, ask))
    stage.world.network.muted.clear()
    stage.world.clock.forward(REQUEST_LIFETIME)
    held = stage.run(who.asking(HOST, wanted, ask))
    first, second = sorted(who.counted(), key=lambda use: use.granted_at)
    assert first.released_at is not None
    assert who.held(HOST, held).lease_id == second.lease_id
    assert who.in_use() == 1


def test_a_request_id_is_not_reused_for_somebody_else(who: Renter, stage: Stage) -> None:
    other, ask = renter(stage, HOME), stage[HOST].ask(caller=SHOP)
    stage.world.network.muted.add("reserve")
    with pytest.raises(HutongError):
        stage.run(who.asking(HOST, who.wanted(HOST), ask))
    with pytest.raises(HutongError) as found:
        stage.run(other.asking(HOST, other.wanted(HOST), ask))
    assert found.value.reason == REQUEST_ID_REUSED


def test_a_home_city_that_is_cut_off_refuses_by_silence_and_is_asked_again(
    who: Renter, stage: Stage
) -> None:
    wanted = {host: who.wanted(host) for host in (HOST, THIRD)}
    stage.world.network.down.add(CityCode(HOME))
    for host, each in wanted.items():
        with pytest.raises(HutongError) as found:
            stage.run(who.asking(host, each))
        assert found.value.reason == USES_UNREACHABLE
        assert stage.act(stage[host], lambda tx: tx.reservations.page(SHOP.name, ALL)).items == ()
    stage.world.network.down.clear()
    stage.run(who.asking(HOST, wanted[HOST]))
    with pytest.raises(HutongError) as found:
        stage.run(who.asking(THIRD, wanted[THIRD]))
    assert found.value.reason == USE_NOT_COUNTED
    assert who.in_use() == 1


def test_what_is_given_back_over_a_partition_comes_back_after_it(who: Renter, stage: Stage) -> None:
    held = who.reserve(HOST)
    stage.world.network.down.add(CityCode(HOME))
    who.release(HOST, held)
    assert (who.in_use(), who.owed(HOST)) == (1, 1)
    stage.world.network.down.clear()
    assert refused(who, THIRD) == USE_NOT_COUNTED
    # The same host tells before it asks anew.
    who.reserve(HOST)
    assert (who.in_use(), who.owed(HOST)) == (1, 0)


def test_one_home_city_that_is_down_holds_up_no_other(stage: Stage, who: Renter) -> None:
    other = renter(stage, THIRD)
    mine, theirs = who.reserve(HOST), other.reserve(HOST)
    stage.world.network.down.add(CityCode(HOME))
    desk = stage[HOST].cases.redeeming
    for held in (mine, theirs):
        stage.act(stage[HOST], lambda tx, h=held: desk.release(tx, SHOP, h))  # type: ignore[misc]
    stage.run(stage[HOST].give_back())
    assert (who.in_use(), other.in_use()) == (1, 0)
    assert (who.owed(HOST), other.owed(HOST)) == (1, 0)


def test_a_lost_answer_to_a_release_is_given_again(who: Renter, stage: Stage) -> None:
    held = who.reserve(HOST)
    stage.world.network.muted.add("release")
    who.release(HOST, held)
    assert (who.in_use(), who.owed(HOST)) == (0, 1)
    stage.world.network.muted.clear()
    stage.world.clock.forward(MINUTE)
    stage.run(stage[HOST].give_back())
    assert who.owed(HOST) == 0


def test_a_reservation_that_ended_gives_its_use_back(who: Renter, stage: Stage) -> None:
    held = who.reserve(HOST)
    stage.world.clock.forward(30 * MINUTE)
    stage.run(stage[HOST].cases.reserving.tick())
    stage.run(stage[HOST].give_back())
    assert who.held(HOST, held).state is ReservationState.ENDED
    assert who.in_use() == 0


def test_what_cannot_be_held_any_more_gives_its_use_back(who: Renter, stage: Stage) -> None:
    stage.run(stage[HOST].load_incentives(lambda text: text.replace("total = 100", "total = 1")))
    other = renter(stage, HOME, key=ANOTHER_KEY)
    both = [(each, each.wanted(HOST)) for each in (who, other)]

    async def race() -> list[str | BaseException]:
        asked = (each.asking(HOST, wanted) for each, wanted in both)
        return await asyncio.gather(*asked, return_exceptions=True)

    found = stage.run(race())
    [lost] = [each for each in found if isinstance(each, HutongError)]
    assert lost.reason == CAPACITY_USED_UP
    stage.run(stage[HOST].give_back())
    assert who.in_use() + other.in_use() == 1


Lie = Callable[[UseLease], UseLease]


def lied(stage: Stage, change: Lie, signer: str = HOME) -> Callable[[Envelope], Envelope]:
    def lie(envelope: Envelope) -> Envelope:
        said = codec.USE_LEASE.decode(envelope.payload)
        return seal(codec.USE_LEASE, change(said), [stage[signer].keys])

    return lie


@pytest.mark.parametrize(
    ("change", "signer", "reason"),
    [
        (
            lambda said: replace(said, request_id="00000000-0000-7000-8000-00000000abcd"),
            HOME,
            ANSWERS_ANOTHER_REQUEST,
        ),
        (lambda said: replace(said, request_digest=bytes(32)), HOME, ANSWERS_ANOTHER_REQUEST),
        (
            lambda said: replace(said, header=replace(said.header, audience=(CityCode(THIRD),))),
            HOME,
            WRONG_AUDIENCE,
        ),
        (lambda said: said, THIRD, UNKNOWN_KEY),
        (lambda said: replace(said, until=said.header.issued_at + SECOND), HOME, USE_NOT_COUNTED),
    ],
    ids=["another request", "other bytes", "another host", "another signer", "over at once"],
)
def test_an_answer_that_is_not_what_it_must_be_reserves_nothing(
    who: Renter, stage: Stage, change: Lie, signer: str, reason: Reason
) -> None:
    wanted = who.wanted(HOST)
    stage.world.network.lie = lied(stage, change, signer)
    with pytest.raises(HutongError) as found:
        stage.run(who.asking(HOST, wanted))
    assert found.value.reason == reason
    stage.world.network.lie = None
    stage.world.clock.forward(REQUEST_LIFETIME + CLOCK_SKEW + SECOND)
    stage.run(stage[HOST].give_back())
    assert (who.in_use(), who.questions(HOST)) == (0, 0)


def test_a_home_city_cannot_lend_for_longer_than_was_asked(who: Renter, stage: Stage) -> None:
    wanted = who.wanted(HOST)
    stage.world.network.lie = lied(stage, lambda said: replace(said, until=said.until + 99 * DAY))
    held = stage.run(who.asking(HOST, wanted))
    assert who.held(HOST, held).lease_until == stage[HOST].clock.now() + 30 * DAY


def test_an_answer_that_comes_after_its_use_was_given_back_reserves_nothing(
    who: Renter, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, uses = who.wanted(HOST), stage[HOST].cases.uses
    in_time = uses.lease

    async def late(question: Verified[UseRequest]) -> Lease:
        lease = await in_time(question)
        # This process stands still, while another one of the city tidies up.
        stage.world.clock.forward(REQUEST_LIFETIME + CLOCK_SKEW + SECOND)
        await stage[HOST].give_back()
        return lease

    monkeypatch.setattr(uses, "lease", late)
    with pytest.raises(HutongError) as found:
        stage.run(who.asking(HOST, wanted))
    assert found.value.reason == RESERVATION_ENDED
    assert (who.in_use(), who.questions(HOST), who.owed(HOST)) == (0, 0, 0)


def test_a_use_is_confirmed_a_minute_before_its_end_or_not_at_all(
    who: Renter, stage: Stage
) -> None:
    wanted = who.wanted(HOST)
    ends = stage[HOST].clock.now() + 3 * MINUTE
    stage.world.network.lie = lied(stage, lambda said: replace(said, until=ends))
    held = stage.run(who.asking(HOST, wanted))
    stage.world.clock.forward(2 * MINUTE)
    with pytest.raises(HutongError) as found:
        who.confirm(HOST, held)
    assert found.value.reason == RESERVATION_ENDED


@pytest.mark.parametrize("behind", [-60, 0, 59], ids=["ahead", "even", "behind"])
def test_clocks_that_differ_by_a_minute_never_let_two_be_in_use(
    new_sqlite: NewStore, behind: int
) -> None:
    with staged(new_sqlite, HOME, HOST, THIRD, ahead={HOST: -behind * SECOND}) as stage:
        who = renter(stage, HOME)
        held = who.reserve(HOST)
        who.confirm(HOST, held)
        ends = who.held(HOST, held).lease_until
        assert ends is not None
        stage.world.clock.forward(30 * DAY - 3 * MINUTE)
        who.passes.clear()
        who.consent(THIRD)
        reasons = set[Reason]()
        for _ in range(40):
            stage.world.clock.forward(10 * SECOND)
            try:
                who.reserve(THIRD)
            except HutongError as error:
                reasons.add(error.reason)
            else:
                assert stage[HOST].clock.now() >= ends
                assert reasons == {USE_NOT_COUNTED}
                return
        raise AssertionError("it never ended")
