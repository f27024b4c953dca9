"""A trial exchange over simulated lines, each side in a room of its own in memory."""

from federation.identifiers import CityCode
from node.trials import TrialProblem
from scripts.simulation.network import Weather
from scripts.simulation.world import SimWorld, simulate
from tests.node.services.world import OPERATOR
from tests.simulation.stage import HOME, HOST, PAIR, befriend


async def tried(world: SimWorld) -> set[TrialProblem | None]:
    found = await world.city(HOME).serve(lambda cases: cases.trial.test(CityCode(HOST), OPERATOR))
    return {step.problem for step in (*found.as_host, *found.as_home)}


def test_a_trial_goes_through_and_leaves_no_room_open() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        assert await tried(world) == {None}
        await world.sleep(60)
        assert not [city.code for city in world.cities.values() if city.up.rooms.cities]
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_a_crash_in_a_trial_is_told_and_the_next_one_goes_through() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        world.network.weather = Weather(shortest=0.1, longest=0.1)

        async def die() -> None:
            await world.sleep(1.5)
            await world.city(HOST).restart()

        world.spawn(die())
        assert await tried(world) != {None}
        await world.sleep(15)
        assert await tried(world) == {None}
        assert world.faults == []

    simulate(main, 1, PAIR)
