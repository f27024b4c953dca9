"""A run that never was: its folder, filled as the harness fills one."""

import random
from collections.abc import Iterator
from pathlib import Path

from scripts.benches.figures import Figure, write
from scripts.benches.safeties_plot import LEVELS
from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.loading.mixes import MIX
from scripts.harnessing.loading.schedule import arrivals
from scripts.harnessing.records import Act, Checked, Counted, Deed, Happening, Load, Ruling, Sample

BEGAN = 1_790_000_000.0
MEGABYTE = 1_000_000
PLACES = (
    Place("410100", "zhengzhou", "sqlite"),
    Place("330100", "hangzhou", "postgresql", 2),
    Place("420100", "wuhan", "sqlite"),
)
_DEEDS = (Deed.CODE, Deed.CHECK, Deed.REDEEM, Deed.STANDING)
_FAULTS = (
    ("kill", {"city": "wuhan"}),
    ("cut", {"city": "hangzhou", "other": "wuhan"}),
    ("slow", {"city": "zhengzhou", "other": "*", "numbers": {"delay_ms": 200.0}}),
    ("pause", {"city": "hangzhou", "process": 1}),
)


def plan(links: str = "proxies") -> Plan:
    """Three cities."""
    versions = {"hutong": "0.1.0", "python": "3.11.2", "machine": "2 x a processor, 8 GB"}
    return Plan(PLACES, links, 300, 7, "2026-09-21T14:13:20+00:00", versions)


def load(seconds: float = 600.0, rate: float = 20.0) -> Load:
    """A load of so many seconds, with a tenth at each end that does not count."""
    trimmed = seconds / 10
    return Load(
        BEGAN,
        BEGAN + seconds,
        rate,
        dict(MIX),
        7,
        BEGAN + trimmed,
        BEGAN + seconds - trimmed,
        ("Residents do not sleep at night.",),
    )


def acts(of: Load, faults: tuple[Happening, ...] = ()) -> Iterator[Act]:
    """Three calls of each journey; some of a city that is broken just then fail."""
    chance = random.Random(of.seed)  # noqa: S311 - made-up acts
    broken = [(each.at, each.at + 10.0, each.where["city"]) for each in faults if each.began]
    for number, after in enumerate(arrivals(of.rate, of.ended - of.began, of.seed, (0, 1))):
        kind = chance.choice(sorted(MIX))
        home, host = chance.sample(PLACES, 2)
        at = of.began + after
        for place, deed in enumerate(chance.choices(_DEEDS, k=3)):
            hurt = any(a <= at < b and home.pinyin == city for a, b, city in broken)
            took = chance.lognormvariate(-5.0, 0.6) * (20 if hurt else 1)
            fails = hurt and chance.random() < 0.5
            yield Act(
                deed,
                home.code,
                host.code,
                f"{number:08d}-{place}",
                at,
                at + 0.0002,
                at + took,
                chance.choice(("UNREACHABLE", "DEADLINE")) if fails else "OK",
                journey=f"{kind}/0/{number}",
            )
            at += took


def happenings(seconds: float = 600.0) -> tuple[Happening, ...]:
    """A fault each minute, each mended after ten seconds."""
    found = []
    for number, at in enumerate(range(60, int(seconds), 60)):
        kind, where = _FAULTS[number % len(_FAULTS)]
        fault, began = str(number + 1), BEGAN + at
        found += [
            Happening(began, fault, kind, True, where),
            Happening(began + 10, fault, kind, False, where, 0.4 + number / 10),
        ]
    return tuple(found)


def samples(seconds: float = 600.0, growth: float = 0.02, files: int = 0) -> Iterator[Sample]:
    """A sample a second of each process, each of which grows to the end by that share."""
    chance = random.Random(11)  # noqa: S311 - made-up samples
    for second in range(int(seconds)):
        for base, place in enumerate(PLACES):
            for process in range(place.processes):
                share = second / seconds
                yield Sample(
                    BEGAN + second + chance.random() / 10,
                    place.pinyin,
                    process,
                    100 + base * 10 + process,
                    int((120 + 15 * base) * MEGABYTE * (1 + growth * share)),
                    60 + base + chance.randrange(3) + int(files * share),
                    30,
                    second * 0.3,
                    50 * MEGABYTE,
                    second * 25,
                )


def rulings() -> tuple[Ruling, ...]:
    """Three invariants that hold, of which one had nothing to look at."""
    return (
        Ruling("good-news", "1", "只有好消息越过边界", "Only good news crosses a border", 3120),
        Ruling("both-logs", "acts", "已确认的操作在两地日志中", "Each act is in both logs", 9000),
        Ruling("suspension", "suspension", "停止后不再服务", "Nothing after a suspension", 0),
    )


def counts() -> tuple[Counted, ...]:
    """Clients, stores and logs agree."""
    return Counted("check", 3120, 3120, 3120), Counted("record", 52, 52, None)


def safeties() -> list[Figure]:
    """What each safety costs, as the bench writes it."""
    ratios = (1.0, 0.81, 0.7, 0.52, 0.34, 0.27, 0.22)
    return [
        Figure(level.name, 9000 * ratio, "calls/s", ratio, LEVELS[0].name, [9000 * ratio])
        for level, ratio in zip(LEVELS, ratios, strict=True)
    ]


def fill(root: Path, seconds: float = 600.0, rate: float = 20.0) -> Folder:
    """The folder of a good run."""
    folder = Folder(root)
    folder.histories.mkdir(parents=True)
    folder.plan.write_text(plan().to_json(), "utf-8")
    of, faults = load(seconds, rate), happenings(seconds)
    records.append(folder.loads, [of])
    records.append(folder.histories / "load.jsonl", acts(of, faults))
    records.append(folder.faults, faults)
    records.append(folder.samples, samples(seconds))
    put_check(folder, Checked(of.ended + 20, rulings(), counts()))
    write(safeties(), root / "safeties.json")
    return folder


def put_check(folder: Folder, checked: Checked) -> None:
    """Let the last check have come to this."""
    folder.findings.write_text(records.line(checked), "utf-8")
