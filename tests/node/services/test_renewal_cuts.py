"""Renewals that are cut, slow, or done twice at once: nothing is lost, nobody is renewed twice."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from datetime import timedelta

import pytest

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.limits import REQUEST_LIFETIME
from node import limits
from node.model import Caller, Role
from node.ports import RenewalPortion, Transaction
from node.registry import Partner
from node.services import renewal_walk
from node.services.checking import RecognitionOutcome
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS, LOG_ENTRIES, RENEWALS
from tests.conftest import NewStore
from tests.node.services.renewals import (
    EVENING,
    HOME,
    HOST,
    THIRD,
    batch_of,
    books,
    comes_again,
    count,
    counts,
    known,
    reason,
    rebatched,
    renew,
    renewed,
    split,
    visits,
)
from tests.node.services.stage import Stage, staged
from tests.node.services.world import DirectPeers

NOTHING = (0, 0, 0, 0)
RENTAL = Caller(Role.VENUE, "rental-shop")
BOTH = ("library.deposit_free", "rental.deposit_free")


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


@pytest.fixture
def three(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


def test_answers_that_are_lost_are_had_again_and_nobody_is_attested_to_twice(stage: Stage) -> None:
    visitors = [visits(stage) for _ in range(3)]
    stage.world.clock.forward(EVENING)
    before = books(stage[HOST])
    stage.world.network.muted.add("renew")
    progress = renew(stage)
    assert (counts(progress), reason(progress)) == ((3, 0, 0, 3), "PEER_UNREACHABLE")
    assert books(stage[HOST]) == before
    stage.world.network.muted.clear()
    assert counts(renew(stage)) == (3, 3, 0, 0)
    assert count(stage[HOME], ATTESTATION_BATCHES) == 1
    assert count(stage[HOME], ATTESTATIONS) == 2 * len(visitors)
    assert count(stage[HOST], RENEWALS) == 0


def test_who_is_in_a_resumed_answer_that_lies_is_asked_about_anew_in_the_same_walk(
    stage: Stage,
) -> None:
    for _ in range(3):
        visits(stage)
    stage.world.clock.forward(EVENING)
    stage.world.network.muted.add("renew")
    renew(stage)
    stage.world.network.muted.clear()

    async def once(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        stage.world.network.renewal_lie = None
        return rebatched(portions, stage[HOST].keys, lambda batch: batch)

    stage.world.network.renewal_lie = once
    progress = renew(stage)
    assert (counts(progress), progress.problem) == ((3, 3, 0, 0), None)
    assert count(stage[HOME], ATTESTATION_BATCHES) == 2


def test_a_question_that_is_too_old_is_forgotten_and_asked_anew(stage: Stage) -> None:
    visits(stage)
    stage.world.clock.forward(EVENING)
    stage.world.network.muted.add("renew")
    renew(stage)
    stage.world.network.muted.clear()
    stage.world.clock.forward(REQUEST_LIFETIME)
    assert counts(renew(stage)) == (1, 1, 0, 0)
    assert (count(stage[HOME], ATTESTATION_BATCHES), count(stage[HOST], RENEWALS)) == (2, 0)


def test_who_was_checked_before_the_lost_answer_came_is_not_overwritten_by_it(
    stage: Stage,
) -> None:
    visitor, other = visits(stage, scenarios=BOTH), visits(stage)
    stage.world.clock.forward(EVENING)
    stage.world.network.muted.add("renew")
    renew(stage)
    stage.world.network.muted.clear()
    lost_at = stage.world.clock.now()
    stage.world.clock.forward(timedelta(seconds=1))
    # The rental shop needs what the library did not: the home city is asked.
    stage.run(stage[HOST].check(visitor.visitor_pass, is_pass=True, venue=RENTAL))
    newest = known(stage, visitor)
    assert newest.checked_at == stage.world.clock.now()
    renew(stage)
    assert known(stage, visitor) == newest
    # What comes again is as old as it was when it was lost.
    assert known(stage, other).checked_at == lost_at


def test_who_comes_while_the_answer_is_on_its_way_keeps_what_came_last(stage: Stage) -> None:
    visitor, other = visits(stage, scenarios=BOTH), visits(stage)
    stage.world.clock.forward(EVENING)

    async def meanwhile(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        stage.world.clock.forward(timedelta(seconds=1))
        await stage[HOST].check(visitor.visitor_pass, is_pass=True, venue=RENTAL)
        return portions

    stage.world.network.renewal_lie = meanwhile
    progress = renew(stage)
    assert counts(progress) == (1, 1, 0, 0)
    assert known(stage, visitor).attestation_id != known(stage, other).attestation_id
    assert count(stage[HOME], ATTESTATIONS) == 5
    assert known(stage, visitor).checked_at == stage.world.clock.now()


def test_who_withdraws_while_the_answer_is_on_its_way_is_withdrawn(stage: Stage) -> None:
    visitor, other = visits(stage), visits(stage)
    stage.world.clock.forward(EVENING)

    async def meanwhile(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        # The visitor's earlier attestation is not withdrawn by this: it has ended by itself.
        stage.world.clock.forward(timedelta(hours=7))
        await stage[HOME].withdraw(visitor.resident, visitor.consent)
        await stage[HOST].cases.hearing.fetch(CityCode(HOME))
        return portions

    stage.world.network.renewal_lie = meanwhile
    renew(stage)
    assert known(stage, visitor).ended_at is not None
    assert known(stage, other).ended_at is None
    stage.world.network.renewal_lie = None
    assert comes_again(stage, visitor).outcome is RecognitionOutcome.NOT_RECOGNISED


def test_a_home_city_that_is_dead_holds_up_no_other(three: Stage) -> None:
    one, other = visits(three), visits(three, THIRD)
    three.world.clock.forward(EVENING)
    three.world.network.down.add(three[HOME].code)
    progress = renew(three, "")
    assert (counts(progress), reason(progress)) == ((2, 1, 0, 1), "PEER_UNREACHABLE")
    assert known(three, other).checked_at == three.world.clock.now()
    three.world.network.down.clear()
    assert counts(renew(three, "")) == (1, 1, 0, 0)
    assert known(three, one).checked_at == three.world.clock.now()


def test_a_home_city_that_never_answers_is_given_up_and_holds_up_no_other(
    three: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RENEWAL_DEADLINE", timedelta(milliseconds=300))
    visits(three)
    other = visits(three, THIRD)
    three.world.clock.forward(EVENING)

    async def never(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        if codec.ATTESTATION_BATCH.decode(batch_of(portions).payload).header.issuer == HOME:
            await asyncio.Event().wait()
        return portions

    three.world.network.renewal_lie = never
    progress = renew(three, "")
    assert (counts(progress), reason(progress)) == ((2, 1, 0, 1), "PEER_UNREACHABLE")
    assert known(three, other).checked_at == three.world.clock.now()


def test_a_home_city_that_takes_long_does_not_keep_the_timer_from_the_others(
    three: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RENEWAL_PATIENCE", timedelta(milliseconds=100))
    monkeypatch.setattr(limits, "RENEWAL_LAST", timedelta(0))
    slow = visits(three)
    three.world.clock.forward(EVENING)

    async def late(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        if codec.ATTESTATION_BATCH.decode(batch_of(portions).payload).header.issuer == HOME:
            await asyncio.Event().wait()
        return portions

    async def looks() -> None:
        await asyncio.wait_for(renewing.tick(), limits.RENEWAL_DEADLINE.total_seconds() / 2)

    async def closes() -> list[str]:
        await renewing.close()
        return [t.get_name() for t in asyncio.all_tasks() if "renewal" in t.get_name()]

    three.world.network.renewal_lie = late
    renewing = three[HOST].cases.renewing
    three.run(looks())
    other = visits(three, THIRD)
    three.world.clock.forward(EVENING)
    three.run(looks())
    assert known(three, other).checked_at == three.world.clock.now()
    assert known(three, slow).checked_at <= three.world.clock.now() - 2 * EVENING
    # Asked about once: the walk that waits was not begun again, and one task sees it through.
    assert len(renewing._timed) == 1
    assert count(three[HOST], RENEWALS) == 1
    assert three.run(closes()) == []


def test_a_home_city_that_sends_a_result_now_and_then_has_no_more_time_for_its_batch(
    three: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RENEWAL_DEADLINE", timedelta(milliseconds=300))
    people = [visits(three) for _ in range(8)]
    three.world.clock.forward(EVENING)
    honest, sent = DirectPeers.renew_attestations, list[int]()

    async def slow(
        self: DirectPeers, partner: Partner, requests: AsyncIterator[Envelope]
    ) -> AsyncGenerator[RenewalPortion, None]:
        async for whole in honest(self, partner, requests):
            for portion in split([whole]):
                # Each comes in time; all of them do not.
                await asyncio.sleep(0.1)
                sent.append(portion.first)
                yield portion

    monkeypatch.setattr(DirectPeers, "renew_attestations", slow)
    progress = renew(three)
    assert (counts(progress), reason(progress)) == ((8, 0, 0, 8), "PEER_UNREACHABLE")
    assert 0 < len(sent) < len(people)


def test_an_answer_that_another_process_of_the_city_kept_is_not_kept_again(stage: Stage) -> None:
    visits(stage)
    stage.world.clock.forward(EVENING)

    async def meanwhile(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        def keep(tx: Transaction) -> None:
            assert tx.renewals.forget(CityCode(HOME), portions[0].request_id)

        await stage[HOST].store.run(keep)
        return portions

    stage.world.network.renewal_lie = meanwhile
    before, entries = books(stage[HOST]), count(stage[HOST], LOG_ENTRIES)
    assert counts(renew(stage)) == NOTHING
    assert books(stage[HOST]) == before
    # Only the question left a trace.
    assert count(stage[HOST], LOG_ENTRIES) == entries + 1


def test_two_who_renew_at_once_ask_once(stage: Stage) -> None:
    for _ in range(3):
        visits(stage)
    stage.world.clock.forward(EVENING)

    async def both() -> list[tuple[int, int, int, int]]:
        host = stage[HOST]
        timer = asyncio.create_task(host.cases.renewing.tick())
        found = await asyncio.gather(renewed(host, HOME), renewed(host, HOME))
        await timer
        return [counts(each) for each in found]

    assert stage.run(both()) == [(3, 3, 0, 0)] * 2
    assert count(stage[HOME], ATTESTATION_BATCHES) == 1


def test_everybody_is_walked_to_after_the_walk_to_those_who_are_due(stage: Stage) -> None:
    visits(stage)
    stage.world.clock.forward(EVENING)
    visits(stage)
    stage.world.clock.forward(timedelta(minutes=1))

    async def both() -> list[tuple[int, int, int, int]]:
        host = stage[HOST]
        found = await asyncio.gather(
            renewed(host, HOME), renewed(host, HOME, everybody=True), renewed(host, HOME)
        )
        return [counts(each) for each in found]

    # Nobody whom the first walk renewed is asked about by the second.
    assert stage.run(both()) == [(1, 1, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0)]
    assert count(stage[HOME], ATTESTATION_BATCHES) == 2


def test_one_who_leaves_does_not_end_the_renewal_that_another_watches(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_walk, "RENEWAL_ITEMS", 1)
    monkeypatch.setattr(limits, "RENEWAL_TOLD", timedelta(0))
    for _ in range(6):
        visits(stage)
    stage.world.clock.forward(EVENING)

    async def both() -> tuple[int, int, int, int]:
        renewing = stage[HOST].cases.renewing
        leaves = renewing.renew(CityCode(HOME))
        await anext(leaves)
        stays = asyncio.create_task(renewed(stage[HOST], HOME))
        await asyncio.sleep(0)
        await leaves.aclose()
        return counts(await stays)

    assert stage.run(both()) == (6, 6, 0, 0)


def test_who_gives_a_renewal_up_loses_nothing_and_goes_on_from_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_walk, "RENEWAL_ITEMS", 2)
    monkeypatch.setattr(limits, "RENEWAL_TOLD", timedelta(0))
    for _ in range(9):
        visits(stage)
    stage.world.clock.forward(EVENING)

    async def cut() -> int:
        told = stage[HOST].cases.renewing.renew(CityCode(HOME))
        async for progress in told:
            if progress.renewed:
                break
        await told.aclose()
        return progress.renewed

    assert 0 < stage.run(cut()) < 9
    assert count(stage[HOST], RENEWALS) == 0
    renew(stage)
    assert count(stage[HOME], ATTESTATIONS) == 2 * 9
    assert {row[11] for row in books(stage[HOST])} == {books(stage[HOST])[0][11]}
