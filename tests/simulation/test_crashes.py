"""Cities die at every instant of a visit; nothing that was acknowledged is lost."""

import asyncio

import pytest

from node.errors import LOG_BROKEN, STORE_UNAVAILABLE, FatalError, HutongError
from scripts.simulation.city import CrashedError
from scripts.simulation.loop import VirtualLoop
from scripts.simulation.world import SimWorld, simulate
from tests.simulation.stage import HOME, HOST, PAIR, Visit, befriend

pytestmark = pytest.mark.all

_DOWN_SECONDS = 0.2


async def rounds_of_a_visit(world: SimWorld) -> int:
    loop = the_loop()
    began = loop.rounds
    await Visit(world, 900_000).go()
    return loop.rounds - began


def the_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


@pytest.mark.parametrize("code", [HOME, HOST])
def test_a_crash_at_each_await_of_a_visit_loses_no_acknowledged_act(code: str) -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        city, loop, crashes = world.city(code), the_loop(), 0
        for place in range(1, await rounds_of_a_visit(world) + 1):
            before = city.lives
            loop.acts[loop.rounds + place] = lambda: world.spawn(die(world, code))
            visit = Visit(world, place)
            await visit.go()
            loop.acts.clear()
            await world.sleep(1)
            crashes += city.lives - before
            assert await visit.repeated() == [answer for _, answer in visit.answers]
        assert crashes > 50
        assert world.faults == []
        await every_log_is_whole(world)

    simulate(main, 7, PAIR)


async def die(world: SimWorld, code: str) -> None:
    world.city(code).crash()
    await world.sleep(_DOWN_SECONDS)
    await world.city(code).start()


async def every_log_is_whole(world: SimWorld) -> None:
    for city in world.cities.values():
        await city.restart()
        assert city.broken is None


def test_both_cities_crash_together_and_the_visit_goes_on() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        loop = the_loop()
        for place in range(3, 90, 12):
            visit = Visit(world, place)
            loop.acts[loop.rounds + place] = lambda: [
                world.spawn(die(world, code)) for code in (HOME, HOST)
            ]
            await visit.go()
            await world.sleep(1)
            assert await visit.repeated() == [answer for _, answer in visit.answers]
        assert world.city(HOME).lives == world.city(HOST).lives > 4
        assert world.faults == []

    simulate(main, 8, PAIR)


def test_what_was_not_committed_is_gone_and_what_was_committed_stays() -> None:
    async def main(world: SimWorld) -> None:
        city = world.city(HOME)
        waiting = asyncio.ensure_future(_note(world, b"lost"))
        await asyncio.sleep(0)
        assert city.store.waiting == 1
        city.crash()
        with pytest.raises(CrashedError):
            await waiting
        with pytest.raises(CrashedError):
            await city.store.read(lambda tx: tx.log.size())
        await city.start()
        assert city.anchor.read() == b""
        await _note(world, b"kept")
        city.crash()
        await city.start()
        assert await city.store.read(lambda tx: tx.answers.find("me", "kept")) is not None
        assert await city.store.read(lambda tx: tx.answers.find("me", "lost")) is None

    simulate(main, 1, PAIR)


async def _note(world: SimWorld, what: bytes) -> None:
    from node.services.answering import Ask, record  # noqa: PLC0415 - of this one test

    city = world.city(HOME)
    ask = Ask("me", what.decode(), b"".ljust(32))
    await city.store.run(lambda tx: record(tx, ask, what, city.clock.now()))


def test_a_disk_that_is_full_is_told_and_what_it_refused_can_be_asked_again() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        city, visit = world.city(HOME), Visit(world)
        await visit.go()
        city.disk.fill()
        with pytest.raises(HutongError) as told:
            await many(world)
        assert told.value.reason == STORE_UNAVAILABLE
        assert "full" in told.value.text("en")
        city.disk.free()
        await Visit(world, 300).go()
        assert await visit.repeated() == [answer for _, answer in visit.answers]
        await every_log_is_whole(world)

    simulate(main, 1, PAIR)


async def many(world: SimWorld) -> None:
    for serial in range(2, 200):
        await Visit(world, serial).code()


def test_a_city_whose_disk_was_rolled_back_does_not_serve() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        city = world.city(HOME)
        old = city.disk.copied()
        await Visit(world).go()
        await world.sleep(30)
        city.crash()
        city.disk.close()
        city.disk = old
        with pytest.raises(FatalError) as told:
            await city.start()
        assert told.value.reason == LOG_BROKEN
        assert city.cases is None
        assert city.broken is told.value
        assert city.life.over

    simulate(main, 1, PAIR)
