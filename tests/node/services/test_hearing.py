"""Status lists that a home city, or somebody in its name, brings to a host."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation import codec
from federation.envelope import Envelope, Signature, pae, seal
from federation.errors import (
    BAD_SIGNATURE,
    EXPIRED,
    MALFORMED,
    NOT_YET_VALID,
    STATUS_ROLLED_BACK,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.standing import StatusList
from federation.status_list import is_set
from node import limits
from node.attested import PartnerStatusList
from node.errors import DECISION_ENDED, NOT_A_PARTNER, PEER_UNREACHABLE
from node.services import hearing
from node.services.checking import RecognitionOutcome
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.leavings import dump
from tests.node.services.listing import (
    FRESHNESS,
    SECOND,
    Guest,
    open_decision,
    redeem,
    status_list,
)
from tests.node.services.stage import Stage, staged
from tests.node.services.world import OPERATOR

HOME, HOST, THIRD = "410100", "330100", "320500"
OUTCOMES = RecognitionOutcome


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


def recognised(stage: Stage) -> Guest:
    return stage.run(Guest.recognised(stage[HOME], stage[HOST]))


def hear(stage: Stage, *lists: Envelope, caller: str = HOME) -> None:
    stage.run(stage[HOST].cases.hearing.receive(stage[caller].code, lists))


def refused(stage: Stage, reason: Reason, *lists: Envelope, caller: str = HOME) -> None:
    before = dump(stage[HOST].store._engine)
    with pytest.raises(HutongError) as found:
        hear(stage, *lists, caller=caller)
    assert found.value.reason == reason
    assert dump(stage[HOST].store._engine) == before


def heard(stage: Stage) -> PartnerStatusList:
    found = stage.act(stage[HOST], lambda tx: tx.partner_statuses.get(stage[HOME].code, 0))
    assert found is not None
    return found


def honest(stage: Stage, *places: int, sequence: int = 1) -> Envelope:
    return status_list(stage[HOME], stage[HOST], *places, sequence=sequence)


def retold(stage: Stage, listed: Envelope, **fields: object) -> Envelope:
    """The list with another header, signed by the home city all the same."""
    said = codec.STATUS_LIST.decode(listed.payload)
    changed = replace(said, header=replace(said.header, **fields))  # type: ignore[arg-type]
    return seal(codec.STATUS_LIST, changed, [stage[HOME].keys])


def test_a_list_with_a_lower_number_is_refused_and_what_was_known_holds(stage: Stage) -> None:
    guest = recognised(stage)
    hear(stage, honest(stage, guest.place, sequence=7))
    stage.world.clock.forward(SECOND)
    refused(stage, STATUS_ROLLED_BACK, honest(stage, sequence=6))
    stage.world.network.down.add(stage[HOME].code)
    assert stage.run(guest.comes()).outcome is not OUTCOMES.RECOGNISED


def test_a_lower_number_in_another_list_is_refused_too(stage: Stage) -> None:
    hear(stage, honest(stage, 1, sequence=7))
    said = codec.STATUS_LIST.decode(honest(stage, sequence=6).payload)
    other = seal(codec.STATUS_LIST, replace(said, list_number=1), [stage[HOME].keys])
    refused(stage, STATUS_ROLLED_BACK, other)


def test_an_old_list_that_is_replayed_makes_nothing_older_and_nothing_fresher(
    stage: Stage,
) -> None:
    old = honest(stage)
    stage.world.clock.forward(10 * SECOND)
    hear(stage, honest(stage))
    before = heard(stage)
    stage.world.clock.forward(10 * SECOND)
    hear(stage, old)
    assert heard(stage) == before


def test_a_list_that_is_replayed_over_and_over_keeps_nobody_standing(stage: Stage) -> None:
    guest = recognised(stage)
    kept = honest(stage)
    stage.world.network.down.add(stage[HOME].code)
    for _ in range(3):
        stage.world.clock.forward(FRESHNESS / 3)
        if stage.world.clock.now() < codec.STATUS_LIST.decode(kept.payload).header.expires_at:
            hear(stage, kept)
    assert stage.run(guest.comes()).outcome is OUTCOMES.HOME_UNREACHABLE
    refused(stage, EXPIRED, kept)


def test_a_place_that_was_set_stays_set_whatever_a_later_list_says(stage: Stage) -> None:
    guest = recognised(stage)
    hear(stage, honest(stage, guest.place, sequence=1))
    stage.world.clock.forward(SECOND)
    hear(stage, honest(stage, sequence=2))
    assert is_set(heard(stage).bits, guest.place)
    stored = stage.run(guest.stored())
    assert stored is not None
    assert stored.ended_at is not None


def test_a_place_that_is_set_without_a_new_number_counts_all_the_same(stage: Stage) -> None:
    guest = recognised(stage)
    hear(stage, honest(stage, sequence=3))
    hear(stage, honest(stage, guest.place, sequence=3))
    stored = stage.run(guest.stored())
    assert stored is not None
    assert stored.ended_at is not None


def test_a_recognition_that_came_to_be_kept_after_its_place_was_set_is_worth_nothing(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    held = open_decision(stage.run(guest.comes()))
    hear(stage, honest(stage, guest.place))
    # As a writer would leave it that did not look.
    stage.act(stage[HOST], lambda tx: tx.recognitions.put(replace(guest.visitor, ended_at=None)))
    stage.world.network.down.add(stage[HOME].code)
    assert stage.run(guest.comes()).outcome is OUTCOMES.HOME_UNREACHABLE
    with pytest.raises(HutongError) as ended:
        stage.run(redeem(stage[HOST], held))
    assert ended.value.reason == DECISION_ENDED


def test_a_list_for_another_host_is_refused(stage: Stage) -> None:
    refused(stage, WRONG_AUDIENCE, status_list(stage[HOME], stage[THIRD]))


def test_a_list_in_another_citys_name_or_by_its_key_is_refused(stage: Stage) -> None:
    third = stage[THIRD]
    refused(stage, WRONG_ISSUER, retold(stage, honest(stage), issuer=third.code))
    forged = status_list(stage[HOME], stage[HOST], signer=third.keys)
    refused(stage, UNKNOWN_KEY, forged)
    # What the third city carries off is not its own.
    refused(stage, UNKNOWN_KEY, honest(stage), caller=THIRD)


def test_a_flipped_bit_and_another_kind_of_statement_are_refused(stage: Stage) -> None:
    listed = honest(stage)
    payload = bytearray(listed.payload)
    payload[len(payload) // 2] ^= 1
    flipped = Envelope(listed.payload_type, bytes(payload), listed.signatures)
    refused(stage, BAD_SIGNATURE, flipped)
    kind = codec.SCORE_SCALE.payload_type
    refused(stage, WRONG_TYPE, Envelope(kind, listed.payload, listed.signatures))


def test_a_list_of_the_future_is_refused_and_one_within_the_skew_lends_no_time(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    now = stage.world.clock.now()
    late = now + CLOCK_SKEW + SECOND
    refused(
        stage,
        NOT_YET_VALID,
        retold(stage, honest(stage), issued_at=late, expires_at=late + FRESHNESS),
    )
    ahead = now + CLOCK_SKEW
    hear(stage, retold(stage, honest(stage), issued_at=ahead, expires_at=ahead + FRESHNESS))
    stage.world.network.down.add(stage[HOME].code)
    stage.world.clock.forward(FRESHNESS)
    assert stage.run(guest.comes()).outcome is OUTCOMES.HOME_UNREACHABLE


def test_a_list_that_says_it_may_be_used_for_a_day_is_used_for_the_agreed_time(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    now = stage.world.clock.now()
    hear(stage, retold(stage, honest(stage), expires_at=now + timedelta(days=1)))
    stage.world.network.down.add(stage[HOME].code)
    stage.world.clock.forward(FRESHNESS)
    assert stage.run(guest.comes()).outcome is OUTCOMES.HOME_UNREACHABLE


def test_a_clock_that_was_set_back_lends_no_time(stage: Stage) -> None:
    stage.world.clock.forward(timedelta(hours=2))
    guest = recognised(stage)
    stage.run(stage[HOST].cases.hearing.fetch(stage[HOME].code))
    stage.world.network.down.add(stage[HOME].code)
    stage.world.clock.forward(-timedelta(hours=1))
    assert stage.run(guest.comes()).outcome is OUTCOMES.HOME_UNREACHABLE


def test_a_suspended_partner_brings_nothing(stage: Stage) -> None:
    host = stage[HOST]
    desk = host.cases.partners
    stage.act(host, lambda tx: desk.suspend(tx, stage[HOME].code, OPERATOR, "a drill"))
    refused(stage, NOT_A_PARTNER, honest(stage))


def test_a_partner_that_is_suspended_while_its_list_is_opened_ends_nobody(stage: Stage) -> None:
    guest, host = recognised(stage), stage[HOST]
    swapping, desk = host.cases.swapping, host.cases.partners
    real = swapping.opened

    async def meanwhile(city: CityCode, act: Callable[[], object]) -> object:
        opened = await real(city, act)
        await host.store.run(lambda tx: desk.suspend(tx, city, OPERATOR, "a drill"))
        return opened

    swapping.opened = meanwhile  # type: ignore[method-assign, assignment]
    with pytest.raises(HutongError) as found:
        hear(stage, honest(stage, guest.place))
    assert found.value.reason == NOT_A_PARTNER
    stored = stage.run(guest.stored())
    assert stored is not None
    assert stored.ended_at is None


def test_one_home_city_ends_nobody_of_another(stage: Stage) -> None:
    theirs = stage.run(Guest.recognised(stage[THIRD], stage[HOST]))
    hear(stage, honest(stage, *range(65_536)))
    assert stage.run(theirs.comes()).outcome is OUTCOMES.RECOGNISED


def test_lists_without_end_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "STATUS_LISTS", 2)
    said = codec.STATUS_LIST.decode(honest(stage).payload)

    def numbered(number: int) -> Envelope:
        return seal(codec.STATUS_LIST, replace(said, list_number=number), [stage[HOME].keys])

    hear(stage, numbered(0), numbered(4_000_000_000))
    refused(stage, TOO_LARGE, numbered(7))
    hear(stage, numbered(0))


def test_a_number_that_no_store_can_hold_is_refused_before_it_is_kept(stage: Stage) -> None:
    listed, least = honest(stage), b"\x18\x01"
    assert listed.payload.count(least) == 1
    for most in (b"\xff" * 9 + b"\x01", b"\x80" * 9 + b"\x01"):
        payload = listed.payload.replace(least, b"\x18" + most)
        covered = pae(listed.payload_type, payload)
        signed = Signature(stage[HOME].keys.key_id, stage[HOME].keys.sign(covered))
        refused(stage, MALFORMED, Envelope(listed.payload_type, payload, (signed,)))


def test_a_list_is_traced_once_for_each_change_and_not_for_each_hearing(stage: Stage) -> None:
    def received() -> int:
        return sum("'received'" in row for row in dump(stage[HOST].store._engine)["log_entries"])

    assert LOG_ENTRIES.name == "log_entries"
    before = received()
    for sequence in (1, 1, 1, 2, 2):
        stage.world.clock.forward(SECOND)
        hear(stage, honest(stage, sequence=sequence))
    assert received() == before + 2


def test_many_who_ask_at_once_cost_the_home_city_one_call(stage: Stage) -> None:
    host, asked = stage[HOST], list[object]()
    peers = host.cases.hearing._peers
    go = asyncio.Event()

    async def slow(partner: object) -> tuple[Envelope, ...]:
        asked.append(partner)
        await go.wait()
        return (honest(stage),)

    peers.status_lists = slow  # type: ignore[method-assign]

    async def many() -> None:
        fetches = [
            asyncio.create_task(host.cases.hearing.fetch(stage[HOME].code)) for _ in range(9)
        ]
        await asyncio.sleep(0)
        # One who goes away takes it from nobody.
        fetches[0].cancel()
        go.set()
        await asyncio.gather(*fetches[1:])

    stage.run(many())
    assert len(asked) == 1
    assert heard(stage).sequence == 1


def test_a_fetch_that_newer_news_overtook_is_no_error(stage: Stage) -> None:
    host = stage[HOST]
    peers, old = host.cases.hearing._peers, honest(stage, sequence=1)

    async def overtaken(_partner: object) -> tuple[Envelope, ...]:
        await host.cases.hearing.receive(stage[HOME].code, [honest(stage, 5, sequence=2)])
        return (old,)

    peers.status_lists = overtaken  # type: ignore[method-assign, assignment]
    stage.run(host.cases.hearing.fetch(stage[HOME].code))
    assert heard(stage).sequence == 2
    assert is_set(heard(stage).bits, 5)


def test_a_fetch_that_fails_is_tried_again_by_the_next_who_asks(stage: Stage) -> None:
    host = stage[HOST]
    stage.world.network.cut.add("lists")
    for _ in range(2):
        with pytest.raises(HutongError) as found:
            stage.run(host.cases.hearing.fetch(stage[HOME].code))
        assert found.value.reason == PEER_UNREACHABLE
    stage.world.network.cut.clear()
    recognised(stage)
    stage.run(host.cases.hearing.fetch(stage[HOME].code))
    assert heard(stage).sequence == 0


@pytest.mark.parametrize("which", ["PEER_DEADLINE", "STATUS_FETCH"])
def test_lists_that_come_too_slowly_hold_nobody_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(limits, which, timedelta(milliseconds=50))
    guest, host = recognised(stage), stage[HOST]
    stage.world.clock.forward(FRESHNESS + SECOND)

    async def dripping(_partner: object) -> tuple[Envelope, ...]:
        await asyncio.Event().wait()
        raise AssertionError("it never ends")

    monkeypatch.setattr(host.cases.hearing._peers, "status_lists", dripping)
    checked = stage.run(asyncio.wait_for(guest.comes(), 60))
    assert (checked.outcome, checked.visitor) == (OUTCOMES.HOME_UNREACHABLE, None)
    # The call itself goes on for a while longer than who asked waits, and then ends, too.
    assert bool(host.cases.hearing._fetching) == (which == "PEER_DEADLINE")
    stage.run(host.cases.hearing.close())
    assert not host.cases.hearing._fetching


def test_no_reason_and_no_person_is_in_what_a_host_is_told(stage: Stage) -> None:
    guests = [recognised(stage) for _ in range(3)]
    withdrawn, lost, erased = guests
    stage.run(withdrawn.withdraws())
    stage.run(lost.home.record(lost.number, -25))
    stage.run(erased.home.cases.erasing.erase(erased.resident, erased.number))
    signed = stage.run(stage[HOME].cases.status_desk.lists_for(stage[HOST].code))
    [listed] = signed.lists
    said = codec.STATUS_LIST.decode(listed.payload)
    assert {guest.place for guest in guests} == {
        place for place in range(65_536) if is_set(said.bits, place)
    }
    for guest in guests:
        for private in (guest.resident, guest.number, guest.consent, "withdraw", "erase", "ended"):
            assert private.encode() not in listed.payload
    # Three ways to end, three equal bits: the lists of three withdrawals are the same bytes but for
    # their header.
    same = StatusList(said.header, 0, 3, said.bits, FRESHNESS)
    assert codec.STATUS_LIST.encode(same) == listed.payload
