"""What a bad network does to real cities: the rules hold, and who asks again gets the first."""

import asyncio

import pytest

from federation.identifiers import CityCode
from node import limits
from node.v1 import venue_service_pb2 as venues_pb
from scripts.simulation.lines import SimPort
from scripts.simulation.network import Weather
from scripts.simulation.world import SimWorld, simulate
from tests.simulation.stage import HOME, HOST, PAIR, Visit, befriend

_HOME, _HOST = CityCode(HOME), CityCode(HOST)
RECOGNISED = venues_pb.RECOGNITION_OUTCOME_RECOGNISED
UNREACHABLE = venues_pb.RECOGNITION_OUTCOME_HOME_UNREACHABLE


def calls(world: SimWorld, method: str) -> int:
    return sum(t.calls for (_, _, path), t in world.network.traffic.items() if method in path)


def failures(world: SimWorld, method: str) -> int:
    return sum(t.failed for (_, _, path), t in world.network.traffic.items() if method in path)


def test_an_answer_that_is_lost_is_given_again_and_was_given_once() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit, home = Visit(world), world.city(HOME)
        code = await visit.code()
        size = await home.store.read(lambda tx: tx.log.size())
        world.network.weather = Weather(answer_lost=1)
        began = world.seconds
        assert (await visit.check(code)).outcome == UNREACHABLE
        assert world.seconds - began >= limits.PEER_DEADLINE.total_seconds()
        given = await home.store.read(lambda tx: tx.log.size())
        assert given > size
        world.network.weather = Weather()
        assert (await visit.check(code)).outcome == RECOGNISED
        assert await home.store.read(lambda tx: tx.log.size()) == given
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_a_request_that_never_arrives_spends_no_code() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit, home = Visit(world), world.city(HOME)
        code = await visit.code()
        size = await home.store.read(lambda tx: tx.log.size())
        world.network.weather = Weather(lost=1)
        assert (await visit.check(code)).outcome == UNREACHABLE
        assert await home.store.read(lambda tx: tx.log.size()) == size
        world.network.weather = Weather()
        assert (await visit.check(code)).outcome == RECOGNISED

    simulate(main, 1, PAIR)


def test_a_request_that_arrives_twice_is_done_once() -> None:
    async def main(world: SimWorld, weather: Weather) -> int:
        await befriend(world)
        world.network.weather = weather
        visit = Visit(world)
        await visit.go()
        await world.sleep(5)
        assert world.faults == []
        assert await visit.repeated() == [answer for _, answer in visit.answers]
        return await world.city(HOME).store.read(lambda tx: tx.log.size())

    once = simulate(lambda world: main(world, Weather()), 1, PAIR)
    twice = simulate(lambda world: main(world, Weather(twice=1)), 1, PAIR)
    assert once == twice


def test_a_request_that_arrives_once_more_after_a_crash_is_not_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came, handler = list[str](), SimPort.handler

    def heard(port: SimPort, path: str) -> object:
        came.append(path)
        return handler(port, path)

    monkeypatch.setattr(SimPort, "handler", heard)

    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit, home = Visit(world), world.city(HOME)
        code = await visit.code()
        size = given = await home.store.read(lambda tx: tx.log.size())
        world.network.slow(_HOME, 20)
        world.network.weather = Weather(twice=1)
        checking = world.spawn(visit.check(code))
        while given == size:
            await world.sleep(0.001)
            given = await home.store.read(lambda tx: tx.log.size())
        world.network.weather, sent = Weather(), calls(world, "RequestAttestation")
        home.crash()
        came.clear()
        await home.start()
        await checking
        await world.sleep(5)
        again = calls(world, "RequestAttestation") - sent
        assert len([path for path in came if "RequestAttestation" in path]) == again + 1
        assert (await visit.check(code)).outcome == RECOGNISED
        assert await home.store.read(lambda tx: tx.log.size()) == given
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_a_line_that_is_cut_one_way_is_told_as_such_and_found_again() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit = Visit(world)
        code = await visit.code()
        world.network.cut([_HOME], [_HOST], both_ways=False)
        assert (await visit.check(code)).outcome == UNREACHABLE
        world.network.mend()
        assert (await visit.check(code)).outcome == RECOGNISED

    simulate(main, 1, PAIR)


def test_a_city_that_is_down_is_told_long_before_the_deadline() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit = Visit(world)
        code = await visit.code()
        world.city(HOME).crash()
        began = world.seconds
        assert (await visit.check(code)).outcome == UNREACHABLE
        assert world.seconds - began < limits.PEER_DEADLINE.total_seconds()
        assert failures(world, "RequestAttestation") == 1
        await world.city(HOME).start()
        assert (await visit.check(code)).outcome == RECOGNISED

    simulate(main, 1, PAIR)


def test_a_withdrawal_reaches_a_host_that_was_cut_off() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        visit, home, host = Visit(world), world.city(HOME), world.city(HOST)
        await visit.go()
        world.network.cut([_HOME], [_HOST])
        await home.store.run(
            lambda tx: home.up.residents.withdraw_consent(tx, visit.resident, visit.consent)
        )
        await world.sleep(10)
        feed = await home.store.read(lambda tx: tx.statuses.feed(_HOST))
        assert feed.acknowledged < feed.sequence
        world.network.mend()
        await world.sleep(limits.PUSH_AFTER_FAILURES.total_seconds() + 3)
        feed = await home.store.read(lambda tx: tx.statuses.feed(_HOST))
        assert feed.acknowledged == feed.sequence
        listed = await host.store.read(lambda tx: tx.partner_statuses.get(_HOME, 0))
        assert listed is not None
        assert any(listed.bits)

    simulate(main, 1, PAIR)


def test_a_host_that_comes_back_fetches_what_ended_as_a_stream() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        await Visit(world).go()
        before = calls(world, "GetStatusLists")
        await world.city(HOST).restart()
        assert calls(world, "GetStatusLists") > before
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_many_are_renewed_by_one_stream_and_a_cut_one_says_so() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        for serial in range(1, 4):
            await Visit(world, serial).go()
        host = world.city(HOST)

        async def renewed() -> tuple[int, int]:
            told = [p async for p in host.up.renewing.renew(_HOME, everybody=True)]
            return told[-1].renewed, told[-1].failed

        assert await renewed() == (3, 0)
        assert calls(world, "RenewAttestations") == 1
        world.network.cut([_HOME], [_HOST], both_ways=False)
        assert await renewed() == (0, 3)
        world.network.mend()
        assert await renewed() == (3, 0)
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_messages_bytes_and_queues_are_counted() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        world.network.slow(_HOME, 10)
        codes = [Visit(world, serial) for serial in range(1, 6)]
        await asyncio.gather(*(visit.go() for visit in codes))
        path = "/federation.v1.FederationService/RequestAttestation"
        traffic = world.network.traffic[_HOST, _HOME, path]
        assert (traffic.calls, traffic.answers, traffic.failed) == (5, 5, 0)
        assert min(traffic.bytes_there, traffic.bytes_back) > 5 * 200
        assert world.network.serving[_HOME].most >= 1
        assert world.network.asking[_HOST].most > 1
        assert 0 < world.network.asking[_HOST].mean(world.seconds) < 5
        assert world.city(HOME).store.most_waiting > 1

    simulate(main, 1, PAIR)


def test_a_fault_of_ours_is_heard() -> None:
    async def main(world: SimWorld) -> list[str]:
        async def fail() -> None:
            raise ValueError("planted")

        world.spawn(fail())
        await world.sleep(1)
        return world.faults

    [fault] = simulate(main, 1, 1)
    assert "planted" in fault
