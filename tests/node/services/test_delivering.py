"""Deliveries to hosts: nothing is lost, one at a time to each, and nobody waits for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from federation import codec
from federation.envelope import Envelope
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import STATUS_PUSH
from federation.status_list import is_set, status_index
from node import limits
from node.errors import PEER_UNREACHABLE
from node.model import Finding, Severity
from node.registry import Partner
from node.services.delivering import Delivering
from node.services.status_findings import status_findings
from node.store.trust_tables import STATUS_LISTS
from tests.conftest import NewStore
from tests.node.services.listing import FRESHNESS, SECOND, Guest
from tests.node.services.trying import played
from tests.node.services.world import OPERATOR, Town, World, world
from tests.node.typed import every_one_can_be_typed

HOME, HOST, THIRD = "410100", "330100", "320500"


class Wire:
    """The way to the hosts: pushes are counted, fail when told to, and last until let go."""

    def __init__(self) -> None:
        self.tries = 0
        self.brought = dict[CityCode, list[tuple[Envelope, ...]]]()
        self.inside = dict[CityCode, int]()
        self.most = dict[CityCode, int]()
        self.down = set[CityCode]()
        self.slow = dict[CityCode, asyncio.Event]()

    async def push_status_lists(self, partner: Partner, lists: tuple[Envelope, ...]) -> None:
        city = partner.city
        self.tries += 1
        self.inside[city] = self.inside.get(city, 0) + 1
        self.most[city] = max(self.most.get(city, 0), self.inside[city])
        try:
            await asyncio.sleep(0)
            if city in self.slow:
                await self.slow[city].wait()
            if city in self.down:
                raise HutongError(PEER_UNREACHABLE, city=city, address="nowhere", problem="a test")
            self.brought.setdefault(city, []).append(lists)
        finally:
            self.inside[city] -= 1

    async def status_lists(self, partner: Partner) -> tuple[Envelope, ...]:
        raise AssertionError(f"nobody fetches from {partner.city} here")

    def sequences(self, town: Town) -> list[int]:
        """The numbers that a host was brought, in order."""
        return [
            codec.STATUS_LIST.decode(lists[0].payload).sequence
            for lists in self.brought.get(town.code, [])
        ]


class Post:
    """A home city that delivers over a wire in our hand."""

    def __init__(self, made: World) -> None:
        self.made, self.home = made, made[HOME]
        self.wire = Wire()
        self.delivering = self.process()

    def process(self) -> Delivering:
        """As another process of the city has it, or the same one after a crash."""
        cases = self.home.cases
        return Delivering(cases.here, cases.uow, cases.status_desk, self.wire)

    async def end_one(self, host: Town) -> None:
        guest = await Guest.recognised(self.home, host)
        await guest.withdraws()

    async def look(self) -> None:
        await self.delivering.tick()
        await settle(self.delivering)

    async def acknowledged(self, host: Town) -> tuple[int, int]:
        feed = await self.home.store.read(lambda tx: tx.statuses.feed(host.code))
        return feed.sequence, feed.acknowledged


async def settle(delivering: Delivering) -> None:
    """Until nothing runs but what waits for the wire."""
    for _ in range(200):
        await asyncio.sleep(0.001)
        if not delivering._turns.running:
            return


@asynccontextmanager
async def post(new_store: NewStore) -> AsyncIterator[Post]:
    async with world(new_store, HOME, HOST, THIRD) as made:
        found = Post(made)
        yield found
        await found.delivering.close()


@played
async def test_what_ended_is_brought_once_and_then_nothing(new_store: NewStore) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]
        await out.look()
        assert out.wire.brought == {}
        await out.end_one(host)
        for _ in range(3):
            await out.look()
        assert out.wire.sequences(host) == [1]
        assert await out.acknowledged(host) == (1, 1)


@played
async def test_only_the_host_concerned_is_told(new_store: NewStore) -> None:
    async with post(new_store) as out:
        await out.end_one(out.made[HOST])
        await out.look()
        assert set(out.wire.brought) == {out.made[HOST].code}


@played
async def test_a_process_that_died_between_commit_and_push_lost_nothing(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]
        await out.end_one(host)
        out.delivering = out.process()
        await out.look()
        assert out.wire.sequences(host) == [1]


@played
async def test_a_process_that_died_between_push_and_cursor_brings_it_again_and_nothing_changes(
    new_store: NewStore,
) -> None:
    async with world(new_store, HOME, HOST) as made:
        home, host = made[HOME], made[HOST]
        guest = await Guest.recognised(home, host)
        await guest.withdraws()
        # The host keeps it, and its answer is lost.
        made.network.muted.add("push")
        await home.deliver()
        kept = await guest.stored()
        assert kept is not None
        assert kept.ended_at is not None
        made.network.muted.clear()
        made.clock.forward(limits.PUSH_AFTER_FAILURES)
        await home.deliver()
        feed = await home.store.read(lambda tx: tx.statuses.feed(host.code))
        assert (feed.sequence, feed.acknowledged) == (1, 1)
        assert await guest.stored() == kept


@played
async def test_two_deliveries_to_one_host_never_overlap(new_store: NewStore) -> None:
    async with post(new_store) as out:
        host, go = out.made[HOST], asyncio.Event()
        out.wire.slow[host.code] = go
        for _ in range(5):
            await out.end_one(host)
            out.delivering.nudge(host.code)
            await out.delivering.tick()
            await asyncio.sleep(0.01)
        assert out.wire.inside[host.code] == 1
        go.set()
        await settle(out.delivering)
        await out.look()
        assert out.wire.most[host.code] == 1
        # What ended while the first was on its way went out together.
        assert out.wire.sequences(host) == [1, 5]
        assert await out.acknowledged(host) == (5, 5)


@played
async def test_a_hostile_host_that_never_answers_holds_up_no_other(new_store: NewStore) -> None:
    async with post(new_store) as out:
        dead, other = out.made[THIRD], out.made[HOST]
        out.wire.slow[dead.code] = asyncio.Event()
        await out.end_one(dead)
        await out.look()
        await out.end_one(other)
        await out.look()
        assert out.wire.sequences(other) == [1]
        assert out.wire.inside[dead.code] == 1


@played
async def test_after_a_failure_it_is_tried_soon_then_less_often_and_never_given_up(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]
        out.wire.down.add(host.code)
        await out.end_one(host)
        waits = list[timedelta]()
        for _ in range(8):
            await out.look()
            turn = out.delivering._turns.of(host.code)
            waits.append(turn.wait)
            before = turn.failures
            await out.look()
            assert turn.failures == before
            out.made.clock.forward(turn.wait)
        assert waits[0] <= limits.PUSH_AFTER_FAILURE
        assert limits.PUSH_AFTER_FAILURES * 0.75 <= waits[-1] <= limits.PUSH_AFTER_FAILURES
        out.wire.down.clear()
        await out.look()
        assert out.wire.sequences(host) == [1]


@played
async def test_news_for_a_host_that_fails_does_not_make_it_be_called_in_a_row(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host, go = out.made[HOST], asyncio.Event()
        out.wire.slow[host.code] = go
        out.wire.down.add(host.code)
        await out.end_one(host)
        await out.delivering.tick()
        await asyncio.sleep(0.05)
        out.delivering.nudge(host.code)
        go.set()
        await settle(out.delivering)
        await out.look()
        assert out.wire.tries == 1


@played
async def test_a_suspended_host_is_told_once_it_is_active_again(new_store: NewStore) -> None:
    async with post(new_store) as out:
        host, desk = out.made[HOST], out.home.cases.partners
        guest = await Guest.recognised(out.home, host)
        await out.home.store.run(lambda tx: desk.suspend(tx, host.code, OPERATOR, "a drill"))
        await guest.withdraws()
        out.delivering.nudge(host.code)
        await out.look()
        assert out.wire.brought == {}
        await out.home.store.run(lambda tx: desk.resume(tx, host.code, OPERATOR, "over"))
        await out.look()
        assert out.wire.sequences(host) == [1]


@played
async def test_more_lists_than_one_message_holds_are_brought_in_several(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host, count = out.made[HOST], STATUS_PUSH + 3
        await out.end_one(host)
        ends = out.made.clock.now() + FRESHNESS

        def fill(tx: object) -> None:
            session, statuses = tx.session, tx.statuses  # type: ignore[attr-defined]
            for number in range(1, count):
                session.write(
                    STATUS_LISTS.insert(),
                    host=host.code, list_number=number, secret=bytes(32), changed=0, closes_at=0,
                )  # fmt: skip
                statuses.end(host.code, status_index(number, 9), ends)

        await out.home.store.run(fill)
        await out.look()
        assert [len(lists) for lists in out.wire.brought[host.code]] == [STATUS_PUSH, 3]
        last = codec.STATUS_LIST.decode(out.wire.brought[host.code][-1][-1].payload)
        assert (last.list_number, is_set(last.bits, 9)) == (count - 1, True)
        assert await out.acknowledged(host) == (count, count)


@played
async def test_a_delivery_that_breaks_in_the_middle_moves_no_cursor(new_store: NewStore) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]
        out.wire.down.add(host.code)
        await out.end_one(host)
        await out.look()
        assert await out.acknowledged(host) == (1, 0)


@played
async def test_a_delivery_that_is_tried_again_and_again_makes_the_log_grow_once(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]
        out.wire.down.add(host.code)
        await out.end_one(host)
        before = await out.home.store.read(lambda tx: tx.log.size())
        for _ in range(6):
            await out.look()
            out.made.clock.forward(limits.PUSH_AFTER_FAILURES)
        assert await out.home.store.read(lambda tx: tx.log.size()) == before + 1


@played
async def test_the_doctor_warns_of_a_host_that_lacks_news_for_longer_than_the_freshness(
    new_store: NewStore,
) -> None:
    async with post(new_store) as out:
        host = out.made[HOST]

        def found() -> list[Finding]:
            registry, now = out.home.store.registry, out.made.clock.now()
            return list(status_findings(registry, out.delivering.undelivered, now))

        out.wire.down.add(host.code)
        await out.end_one(host)
        await out.look()
        assert [f.severity for f in found()] == [Severity.OK]
        out.made.clock.forward(FRESHNESS)
        await out.look()
        [warning] = found()
        assert warning.severity is Severity.WARNING
        assert "1 status changes for 300 s" in warning.detail_en
        assert "partner sync 330100" in warning.remedy_zh
        every_one_can_be_typed([warning])
        out.wire.down.clear()
        out.made.clock.forward(SECOND * 2)
        await out.look()
        await out.look()
        assert found() == []
