"""Nobody waits for somebody else's answer; a repetition is the same bytes; nothing is dropped."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from node.model import Role
from node.v1.venue_service_pb2 import RedeemResponse
from scripts.harnessing.loading import calling
from scripts.harnessing.loading.calling import IN_FLIGHT, Call, Callers, Clock
from scripts.harnessing.loading.generator import Opened
from scripts.harnessing.loading.lines import Lines, Reply, Whom
from scripts.harnessing.loading.schedule import Due
from scripts.harnessing.records import Act, Deed

CITY = "410100"
WHOM = Whom(Role.VENUE, "library")
METHOD = "/node.v1.VenueService/Redeem"


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a load, no secret


def due(number: int, after: float) -> Due:
    return Due(number, after, "standing", CITY, "r", CITY, "library", number)


def call(body: bytes = b"body", request_id: str = "id") -> Call:
    return Call(Deed.REDEEM, CITY, "", WHOM, METHOD, body, request_id, "j")


@dataclass
class Fake:
    """A wire whose answers a test decides."""

    answer: Callable[[int, bytes], Awaitable[Reply]]
    at_once: int = 1
    sent: list[tuple[int, bytes]] = field(default_factory=list)

    def processes(self, _: str) -> range:
        return range(self.at_once)

    async def call(self, _: str, process: int, __: Whom, ___: str, body: bytes) -> Reply:
        self.sent.append((process, body))
        return await self.answer(len(self.sent), body)


async def well(_: int, body: bytes) -> Reply:
    return Reply("OK", b"answer to " + body)


def ran(made: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(made, 60))


def test_a_server_that_stalls_does_not_slow_the_arrivals() -> None:
    async def main() -> None:
        going, arrived = asyncio.Event(), asyncio.Event()
        seen = list[bytes]()

        async def handler(request: bytes, _: object) -> bytes:
            seen.append(request)
            if len(seen) == 100:
                arrived.set()
            await going.wait()
            return b"late"

        server = grpc.aio.server()
        method = grpc.unary_unary_rpc_method_handler(handler)
        service = grpc.method_handlers_generic_handler("node.v1.VenueService", {"Redeem": method})
        server.add_generic_rpc_handlers((service,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        lines, clock, acts = Lines({(CITY, 0, WHOM): channel}), Clock(), list[Act]()
        callers = Callers(lines, clock, acts.append)

        async def begin(each: Due, began: float) -> None:
            body = str(each.number).encode()
            await callers.make(call(body, ""), began + each.after, chance(each.number))

        opened = Opened(clock, begin)
        journeys = [due(n, n / 1000) for n in range(100)]
        began = clock.now()
        await opened.run(journeys, began)
        # All hundred arrive, though not one was answered.
        await arrived.wait()
        assert acts == []
        answered_from = clock.now()
        going.set()
        await opened.drain(30)
        assert {int(each) for each in seen} == set(range(100))
        assert sorted(act.due for act in acts) == pytest.approx(
            [began + n / 1000 for n in range(100)]
        )
        # What each waited is counted from when it was due.
        assert all(act.ended >= answered_from > act.due for act in acts)
        await channel.close(None)
        await server.stop(0)

    ran(main())


def test_a_city_that_answers_nothing_costs_its_own_callers_only() -> None:
    async def main() -> None:
        going, acts = asyncio.Event(), list[Act]()

        async def hangs(_: int, body: bytes) -> Reply:
            if body == b"hangs":
                await going.wait()
            return Reply("OK", b"x")

        callers = Callers(Fake(hangs), clock := Clock(), acts.append)

        async def make(city: str, body: bytes) -> Reply:
            made = Call(Deed.STANDING, city, "", WHOM, METHOD, body)
            return await callers.make(made, clock.now(), chance(1))

        waiting = [asyncio.create_task(make("down", b"hangs")) for _ in range(IN_FLIGHT)]
        await asyncio.sleep(0)
        # What is due beyond the bound is counted, not dropped; the other city answers.
        assert (await make("down", b"hangs")).outcome == "NOT_SENT"
        assert (await make("up", b"works")).outcome == "OK"
        assert [act.outcome for act in acts] == ["NOT_SENT", "OK"]
        going.set()
        assert {reply.outcome for reply in await asyncio.gather(*waiting)} == {"OK"}

    ran(main())


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "TRIES_AFTER", (0.0, 0.0, 0.0))
    monkeypatch.setattr(calling, "REPEATED", 0.0)

    async def main() -> None:
        acts = list[Act]()

        async def third(number: int, body: bytes) -> Reply:
            lost = ("DEADLINE", "UNREACHABLE")
            return Reply(lost[number - 1]) if number <= 2 else await well(number, body)

        wire = Fake(third, at_once=2)
        clock = Clock()
        reply = await Callers(wire, clock, acts.append).make(call(), clock.now(), chance(3))
        assert reply.outcome == "OK"
        assert [body for _, body in wire.sent] == [b"body"] * 3
        assert [act.outcome for act in acts] == ["DEADLINE", "UNREACHABLE", "OK"]
        assert [act.repeated for act in acts] == [False, True, True]
        assert {act.request_id for act in acts} == {"id"}

    ran(main())


def test_a_refusal_by_the_rules_is_not_asked_for_again() -> None:
    async def main() -> None:
        async def used_up(_: int, __: bytes) -> Reply:
            return Reply("CAPACITY_USED_UP")

        wire, acts, clock = Fake(used_up), list[Act](), Clock()
        callers = Callers(wire, clock, acts.append)
        await callers.make(call(), clock.now(), chance(5))
        await callers.end()
        assert {act.outcome for act in acts} == {"CAPACITY_USED_UP"}
        assert not any(act.repeated for act in acts[:1])

    ran(main())


def test_some_are_sent_again_although_an_answer_came_and_get_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "REPEATED", 1.0)
    monkeypatch.setattr(calling, "_LATER_SECONDS", (0.0, 0.0))

    async def main() -> None:
        wire, acts, clock, all_in = Fake(well, at_once=3), list[Act](), Clock(), asyncio.Event()

        def keep(act: Act) -> None:
            acts.append(act)
            if len(acts) == 100:
                all_in.set()

        callers = Callers(wire, clock, keep)
        for number in range(50):
            made = call(str(number).encode(), str(number))
            await callers.make(made, clock.now(), chance(number))
        await all_in.wait()
        await callers.end()
        by_id = {str(n): [act for act in acts if act.request_id == str(n)] for n in range(50)}
        assert all(len(each) == 2 for each in by_id.values())
        assert all(len({act.answer for act in each}) == 1 for each in by_id.values())
        assert sum(act.repeated for act in acts) == 50
        assert sorted(body for _, body in wire.sent) == sorted(
            2 * [str(n).encode() for n in range(50)]
        )
        # A venue that asks again may come to another process of the city.
        assert {process for process, _ in wire.sent} == {0, 1, 2}

    ran(main())


def test_looking_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "REPEATED", 1.0)

    async def main() -> None:
        async def lost(_: int, __: bytes) -> Reply:
            return Reply("UNREACHABLE")

        wire, acts, clock = Fake(lost), list[Act](), Clock()
        callers = Callers(wire, clock, acts.append)
        await callers.make(call(request_id=""), clock.now(), chance(1))
        await callers.end()
        assert len(acts) == 1

    ran(main())


def test_an_answer_that_is_none_is_an_outcome() -> None:
    async def main() -> None:
        acts, clock = list[Act](), Clock()

        def said(body: bytes) -> dict[str, Any]:
            return {"id": RedeemResponse.FromString(body).redemption_id}

        made = Call(Deed.CHECK, CITY, "", WHOM, METHOD, b"", said=said)
        reply = await Callers(Fake(well), clock, acts.append).make(made, clock.now(), chance(1))
        assert (reply.outcome, reply.body) == ("MALFORMED_ANSWER", b"")
        assert [act.outcome for act in acts] == ["MALFORMED_ANSWER"]

    ran(main())


def test_the_end_waits_for_what_is_on_its_way_and_sends_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "REPEATED", 1.0)
    monkeypatch.setattr(calling, "_LATER_SECONDS", (3600.0, 3600.0))

    async def main() -> None:
        wire, acts, clock = Fake(well), list[Act](), Clock()
        callers = Callers(wire, clock, acts.append)
        for number in range(40):
            await callers.make(call(request_id=str(number)), clock.now(), chance(number))
        # Those that are sent at the same time, or at once, are on their way.
        for _ in range(3):
            await asyncio.sleep(0)
        await callers.end()
        assert len(acts) == len(wire.sent)
        assert 40 < len(acts) < 80

    ran(main())


def test_a_journey_that_breaks_is_told_at_the_end_and_stops_no_other() -> None:
    async def main() -> None:
        clock, done = Clock(), list[int]()

        async def begin(each: Due, _: float) -> None:
            if each.number == 1:
                raise ZeroDivisionError
            done.append(each.number)

        opened = Opened(clock, begin)
        await opened.run([due(n, 0) for n in range(4)], clock.now())
        with pytest.raises(ZeroDivisionError):
            await opened.drain(10)
        assert done == [0, 2, 3]

    ran(main())


def test_a_load_that_is_stopped_begins_nothing_more() -> None:
    async def main() -> None:
        clock, done = Clock(), list[int]()

        async def begin(each: Due, _: float) -> None:
            done.append(each.number)
            if each.number == 2:
                opened.stop()

        opened = Opened(clock, begin)
        await opened.run([due(0, 0), due(1, 0), due(2, 0), due(3, 3600)], clock.now())
        await opened.drain(10)
        assert done == [0, 1, 2]

    ran(main())
