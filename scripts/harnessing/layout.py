"""Where things lie in the folder of a run, and what was brought up there."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from node import data
from scripts import towns

CITIES_MOST: Final = 20
CITIES_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One city of a run."""

    code: str
    pinyin: str
    store: str
    """ "sqlite", or "postgresql"."""
    processes: int = 1
    """More than one only over PostgreSQL."""

    @property
    def about(self) -> data.City:
        """Its names."""
        return next(each for each in towns.towns(CITIES_MOST) if each.code == self.code)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run consists of; kept as harness.json."""

    places: tuple[Place, ...]
    links: str
    """ "proxies", "namespaces", or "none": how the lines between cities are made."""
    residents: int
    """How many take part in each city."""
    seed: int
    began: str
    """When, in UTC, ISO 8601."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the node, the libraries, Python and the machine."""
    log_level: str = "warning"
    metrics: bool = False
    """Whether the nodes give metrics."""
    why: dict[str, str] = field(default_factory=dict)
    """Why the lines are of that kind, by language."""
    bare: bool = False
    """Whether the nodes themselves are left to the operator, from `hutong init` on."""

    def __getitem__(self, city: str) -> Place:
        """The place of that pinyin or code; raises KeyError."""
        found = next((each for each in self.places if city in {each.pinyin, each.code}), None)
        if found is None:
            raise KeyError(city)
        return found

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """As it was kept."""
        found: dict[str, Any] = json.loads(text)
        return cls(**found | {"places": tuple(Place(**each) for each in found["places"])})


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a run."""

    root: Path

    @property
    def plan(self) -> Path:
        """What was brought up."""
        return self.root / "harness.json"

    @property
    def socket(self) -> Path:
        """Where the keeper listens (a Unix socket)."""
        return self.root / "keeper.sock"

    @property
    def keeper_log(self) -> Path:
        """What the keeper said."""
        return self.root / "keeper.log"

    def city(self, pinyin: str) -> Path:
        """A node's folder, as `scripts.city.City` has it: nothing else is in it."""
        return self.root / "cities" / pinyin

    @property
    def machines(self) -> Path:
        """Below it is what the harness itself has of each city: logs, levers, its server."""
        return self.root / "machines"

    def machine(self, pinyin: str) -> Path:
        """Where that of one city is; it outlives a node whose disk is lost."""
        return self.machines / pinyin

    @property
    def residents(self) -> Path:
        """Who was enrolled: `records.Enrolled` lines."""
        return self.root / "residents.jsonl"

    @property
    def histories(self) -> Path:
        """What clients did: one file of `records.Act` lines for each process of a load."""
        return self.root / "histories"

    @property
    def loads(self) -> Path:
        """Which loads were offered: `records.Load` lines."""
        return self.root / "loads.jsonl"

    @property
    def peak(self) -> Path:
        """What the last search for the rate that is sustained found: a `records.Peak` as JSON."""
        return self.root / "peak.json"

    @property
    def faults(self) -> Path:
        """What was broken and mended: `records.Happening` lines."""
        return self.root / "faults.jsonl"

    @property
    def samples(self) -> Path:
        """What processes used: `records.Sample` lines."""
        return self.root / "samples.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Every checkpoint ever seen: `records.Seen` lines."""
        return self.root / "checkpoints.jsonl"

    @property
    def findings(self) -> Path:
        """What the last check came to: one `records.Checked` as JSON."""
        return self.root / "check.json"

    @property
    def report(self) -> Path:
        """The report."""
        return self.root / "report.html"

    def read_plan(self) -> Plan:
        """The plan; raises FileNotFoundError where nothing was brought up."""
        return Plan.from_json(self.plan.read_text("utf-8"))
