"""What a check looks at: each city's store, log and keys as they are now, and what a run left.

Nothing is asked of a node: what it says of itself is what is to be checked. A store is copied at
one instant, while its node serves or not; another city's is copied a little later, so that between
two cities only what was done before the first copy (`until`) is looked at.

A city's instants are by its own clock, which a fault may have moved. `Clock` says by how much.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.keys import PublicKey
from node.anchor import FileAnchor
from node.config import SETTINGS_FILE, Settings, read_settings
from node.incentives import Catalogue
from node.keys import KeyFolder
from node.keys.bundles import read_published
from node.registry import Registry
from node.services.log_verifying import keys_of
from node.store.administration import read_registry
from node.store.connection import Session
from node.store.forms import incentives_from_json
from scripts.harnessing import records
from scripts.harnessing.checking import histories
from scripts.harnessing.checking.copying import SQLITE, copy_store
from scripts.harnessing.fault_kinds import KINDS
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.records import Enrolled, Happening, Seen

# What the folders with copies of stores are called, before the process that they are of.
_SCRATCH: Final = "checking-"

T = TypeVar("T")
MICROS: Final = 1_000_000
_SWEPT: Final = 6 * 86_400.0
"""A clock that jumped further than this may have let a node remove what is kept for a week."""

_JUMPS: Final = KINDS["clock"].numbers["seconds"][2]

Tell = Callable[[str], object]
"""Hears what is looked at now."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How far a city's clock was off, at the least and at the most, in seconds; 0 is in between."""

    least: float
    most: float
    behind: float = 0.0
    """By how much it is behind now, at the most: at the end of the run, as a number below 0."""

    @property
    def spread(self) -> int:
        """How far two of its instants may be from their true distance, in microseconds."""
        return int((self.most - self.least) * MICROS)

    @property
    def forgets(self) -> bool:
        """Whether it was so far ahead that the node may have removed what was not old."""
        return self.most > _SWEPT


@dataclass(frozen=True, slots=True)
class CityEvidence:
    """One city, as it was when it was looked at.

    `store` is a copy with `acts` of all clients beside it. `alive_at` is when the node last wrote
    that it lives, in microseconds of its own clock; `catalogues` are all versions that ever were.
    """

    place: Place
    settings: Settings
    path: Path
    store: sqlite3.Connection
    registry: Registry
    catalogues: Mapping[int, Catalogue]
    own_bundles: tuple[Envelope, ...]
    anchored: bytes
    clock: Clock
    alive_at: int
    taken_at: float

    @property
    def code(self) -> CityCode:
        """Which city."""
        return CityCode(self.place.code)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that its days are of."""
        return self.settings.zone

    def rows(self, sql: str, *values: object) -> Iterator[Any]:
        """The rows of a query, in a cursor of its own."""
        return self.store.cursor().execute(sql, values)

    def one(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a column
        """The first column of the first row; None without any."""
        row = self.store.execute(sql, values).fetchone()
        return None if row is None else row[0]


@dataclass(slots=True)
class Evidence:
    """All that a check looks at; closed, it leaves nothing behind."""

    folder: Folder
    plan: Plan
    cities: Mapping[str, CityEvidence]
    """By code, in the order of the plan."""
    keys: Mapping[CityCode, tuple[PublicKey, ...]]
    """Every signing key that each city ever published."""
    happenings: tuple[Happening, ...]
    enrolled: tuple[Enrolled, ...]
    acts: int
    until: float
    """Before this instant of the machine nothing is missing in any copy."""
    scratch: Path
    tell: Tell
    _worked_out: dict[tuple[str, str], Any] = field(default_factory=dict)

    def seen(self) -> Iterator[Seen]:
        """Every checkpoint that was ever seen."""
        return records.read(self.folder.checkpoints, Seen)

    def complete_until(self, city: CityEvidence) -> int:
        """By a city's own clock, until when all that belongs to its rows was copied elsewhere."""
        return int((self.until + city.clock.behind) * MICROS)

    def once(self, what: str, city: str, make: Callable[[], T]) -> T:
        """What several invariants need, worked out once."""
        if (what, city) not in self._worked_out:
            self._worked_out[what, city] = make()
        found: T = self._worked_out[what, city]
        return found

    def close(self) -> None:
        """Let the copies go."""
        for city in self.cities.values():
            city.store.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def gather(folder: Folder, tell: Tell = lambda _: None) -> Evidence:
    """Copy what is to be looked at; the caller closes it.

    Raises FileNotFoundError where nothing was brought up, StoreMissingError where a city has no
    store, HutongError for settings or bundles that cannot be read.
    """
    plan = folder.read_plan()
    happenings = tuple(records.read(folder.faults, Happening))
    scratch = _scratch(folder)
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, scratch, ignore_errors=True)
        tell("histories")
        acts = histories.load(folder.histories, scratch / "acts.sqlite")
        until = time.time()
        cities = dict[str, CityEvidence]()
        for place in plan.places:
            tell(place.pinyin)
            found = _city(folder, place, scratch, clock_of(happenings, place.pinyin))
            undo.callback(found.store.close)
            cities[place.code] = found
        keys = keys_of(bundle for city in cities.values() for bundle in city.own_bundles)
        undo.pop_all()
    return Evidence(
        folder=folder,
        plan=plan,
        cities=cities,
        keys=keys,
        happenings=happenings,
        enrolled=tuple(records.read(folder.residents, Enrolled)),
        acts=acts,
        until=until,
        scratch=scratch,
        tell=tell,
    )


def _scratch(folder: Folder) -> Path:
    """A folder for the copies; those that a killed check left go: whole stores are in them."""
    for left in folder.root.glob(f"{_SCRATCH}*"):
        if not Path(f"/proc/{left.name.removeprefix(_SCRATCH).partition('-')[0]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=folder.root))


def clock_of(happenings: tuple[Happening, ...], pinyin: str) -> Clock:
    """How far the clock of a city was off, by the faults of a run."""
    offsets, open_now = [0.0], dict[str, float]()
    for each in happenings:
        if each.kind != "clock" or each.where.get("city") != pinyin:
            continue
        jumped = float(each.where.get("numbers", {}).get("seconds", _JUMPS))
        if each.began:
            offsets.append(jumped)
            open_now[each.fault] = jumped
        else:
            open_now.pop(each.fault, None)
    return Clock(min(offsets), max(offsets), min([0.0, *open_now.values()]))


def _city(folder: Folder, place: Place, scratch: Path, clock: Clock) -> CityEvidence:
    settings = read_settings(folder.city(place.pinyin) / SETTINGS_FILE, {})
    published = read_published(KeyFolder(settings.data_dir))
    # Read before the store: what is anchored was in it by then.
    anchored = FileAnchor(settings.data_dir).read()
    path, taken_at = scratch / f"{place.pinyin}.sqlite", time.time()
    copy_store(settings.store_url, path)
    engine = sa.create_engine(f"{SQLITE}{path}")
    try:
        with engine.connect() as connection:
            registry = read_registry(Session(connection), 0)
    finally:
        engine.dispose()
    store = sqlite3.connect(path)
    # Whatever somebody put into a column can be looked at.
    store.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    store.execute("ATTACH ? AS history", (str(scratch / "acts.sqlite"),))
    kept = store.execute("SELECT version, incentives, content FROM catalogues").fetchall()
    alive = store.execute("SELECT probed_at FROM node_state").fetchone()
    return CityEvidence(
        place=place,
        settings=settings,
        path=path,
        store=store,
        registry=registry,
        catalogues={
            version: Catalogue(version, incentives_from_json(incentives), content)
            for version, incentives, content in kept
        },
        own_bundles=tuple(each.envelope for each in published),
        anchored=anchored,
        clock=clock,
        alive_at=int(alive[0]) if alive else 0,
        taken_at=taken_at,
    )
