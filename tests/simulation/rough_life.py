"""A minute of three cities in a rough network, with crashes and cuts; prints what it comes to.

Run as `python -m tests.simulation.rough_life SEED`, so that two processes can be held against each
other.
"""

import sys
from datetime import timedelta

from federation.identifiers import CityCode
from node import data
from scripts.simulation.network import ROUGH
from scripts.simulation.world import Options, SimWorld, simulate
from tests.simulation.stage import HOME, HOST, Visit, befriend

THIRD = "320100"
OPTIONS = Options(skew=timedelta(seconds=20), drift=1e-4)
_VISITS = 6


async def live(world: SimWorld) -> tuple[str, list[str]]:
    """The digest, and the newest lines."""
    await befriend(world)
    world.network.weather = ROUGH
    chance = world.random("troubles")

    async def visit(serial: int) -> None:
        await world.sleep(chance.uniform(0, 30))
        await Visit(world, serial).go()

    visits = [world.spawn(visit(serial)) for serial in range(1, _VISITS + 1)]
    for _ in range(6):
        await world.sleep(chance.uniform(3, 8))
        code = chance.choice([HOME, HOST, THIRD])
        match chance.randrange(3):
            case 0:
                world.city(code).crash()
                await world.sleep(chance.uniform(0, 2))
                await world.city(code).start()
            case 1:
                world.network.isolate(CityCode(code), world.cities)
                await world.sleep(chance.uniform(0, 4))
                world.network.mend()
            case _:
                world.network.slow(CityCode(code), chance.uniform(1, 20))
    for one in visits:
        await one
    return world.digest, [*world.lines, *world.faults]


def digest_of(seed: int) -> tuple[str, list[str]]:
    """Of a life of that seed."""
    return simulate(live, seed, [data.city(CityCode(c)) for c in (HOME, HOST, THIRD)], OPTIONS)


if __name__ == "__main__":
    found, lines = digest_of(int(sys.argv[1]))
    sys.stdout.write("\n".join([*lines, found, ""]))
