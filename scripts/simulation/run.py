"""One run: a mesh of cities, residents' lives, trouble, healing, and the rules after each step.

A run is its `Plan`: the same plan does the same things, in every process. Of a run that breaks a
rule the outcome says which, when, and how to play it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from federation.identifiers import CityCode
from federation.limits import USE_KEY_BYTES
from scripts.simulation.chaos import Chaos
from scripts.simulation.facts import facts_of
from scripts.simulation.history import History
from scripts.simulation.invariants import BrokenError, Watch
from scripts.simulation.journeys import Life
from scripts.simulation.mesh import mesh
from scripts.simulation.people import Person, fictional_number
from scripts.simulation.violations import Violation
from scripts.simulation.world import Options, SimWorld, simulate

# How long after its end trouble may be felt: the longest back-off, and a question's whole life.
_HEALS: Final = 240.0
_LOOKS_AGAIN: Final = 5.0
_FIRST_SERIAL: Final = 1000

Tell = Callable[[float], object]
"""Hears how many seconds of the run have gone by."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is: `residents` of each city, who take so many `steps`, within `seconds`.

    `look_every` seconds the rules are looked at. `degree` limits each city to so many partners.
    """

    seed: int
    cities: int = 6
    seconds: float = 90.0
    residents: int = 2
    steps: int = 8
    look_every: float = 10.0
    trouble: bool = True
    degree: int | None = None
    pace: float = 1.0

    @property
    def command(self) -> str:
        """How to play it again."""
        words = [f"scripts/simulate run --seed {self.seed} --cities {self.cities}"]
        words.append(f"--hours {self.seconds / 3600:g} --residents {self.residents}")
        words.append(f"--steps {self.steps} --look-every {self.look_every:g}")
        words.append(f"--pace {self.pace:g}")
        words += [f"--degree {self.degree}"] if self.degree else []
        words += [] if self.trouble else ["--calm"]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: `at` is the virtual second at which a rule was `broken`, or the end."""

    plan: Plan
    digest: str
    at: float
    acts: int
    refusals: int
    looks: int
    calls: int
    broken: tuple[Violation, ...] = ()


def play(plan: Plan, *, trace: Path | None = None, tell: Tell = lambda _seconds: None) -> Outcome:
    """Play a run to its end, or to the first rule that is broken; `trace` gets its last lines."""
    options = Options(skew=timedelta(seconds=25), drift=1e-5, pace=plan.pace)

    async def main(world: SimWorld) -> Outcome:
        history = History()
        watch = Watch(world, history)
        broken: tuple[Violation, ...] = ()
        try:
            await _run(plan, world, history, watch, tell)
        except BrokenError as error:
            broken = error.found
        kept.extend([*world.lines, *map(str, broken)])
        return Outcome(
            plan=plan,
            digest=world.digest,
            at=world.seconds,
            acts=len(history.acts),
            refusals=len(history.refusals),
            looks=watch.looks,
            calls=sum(each.calls for each in world.network.traffic.values()),
            broken=broken,
        )

    kept = list[str]()
    outcome = simulate(main, plan.seed, plan.cities, options)
    if trace is not None:
        trace.write_text("\n".join([*kept, ""]), "utf-8")
    return outcome


async def _run(plan: Plan, world: SimWorld, history: History, watch: Watch, tell: Tell) -> None:
    cities = tuple(world.cities.values())
    await mesh(cities, world.now, degree=plan.degree, chance=world.random("mesh"))
    lives = [
        world.spawn(life.live(plan.steps, plan.seconds / (plan.steps + 1)))
        for life in people(world, history, plan.residents)
    ]
    chaos = Chaos(world, history, watch, world.random("trouble"))
    if plan.trouble:
        chaos.begin()
        world.spawn(chaos.go())
    until = world.seconds + plan.seconds
    while world.seconds < until:
        await world.sleep(min(plan.look_every, until - world.seconds))
        watch.look()
        tell(world.seconds)
    await chaos.mend()
    await _settle(world, history, watch, tell, lambda: all(life.done() for life in lives))
    watch.finish()


async def _settle(
    world: SimWorld, history: History, watch: Watch, tell: Tell, ended: Callable[[], bool]
) -> None:
    """Let time go by until all is quiet, as long as it may take."""
    until = world.seconds + _HEALS
    while world.seconds < until and not (ended() and not history.pending and is_quiet(world)):
        await world.sleep(_LOOKS_AGAIN)
        watch.look()
        tell(world.seconds)


def is_quiet(world: SimWorld) -> bool:
    """Whether nobody waits for news that somebody has."""
    for city in world.cities.values():
        facts = facts_of(city)
        partners = facts.registry.partners.values()
        late = any(sequence > known for sequence, known in facts.feeds.values())
        if late or facts.releases or facts.questions:
            return False
        if any(facts.registry.active_partner(partner.city) is None for partner in partners):
            return False
    return True


def people(world: SimWorld, history: History, each: int) -> list[Life]:
    """So many residents of every city, who may visit the partners of their own."""
    lives, serial = list[Life](), _FIRST_SERIAL
    for code, city in world.cities.items():
        hosts: Sequence[CityCode] = (code, *sorted(city.store.registry.partners))
        for number in range(each):
            serial += 1
            name = f"{code}-{number}"
            chance = world.random(f"life {name}")
            key = chance.randbytes(USE_KEY_BYTES)
            person = Person(name, code, fictional_number(serial), key)
            lives.append(Life(world, history, person, hosts, chance))
    return lives
