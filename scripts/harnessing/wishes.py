"""What an operator wishes to be brought up, and how a mistake in it is told."""

import json
import os
import platform
import re
import sqlite3
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final, Self

from scripts import towns
from scripts.harnessing.layout import CITIES_LEAST, CITIES_MOST, Place, Plan
from scripts.harnessing.spawning import ROOT

STORES: Final = ("sqlite", "postgresql")
LINKS: Final = ("proxies", "namespaces", "none")
PROCESSES_MOST: Final = 8
RESIDENTS_MOST: Final = 20_000
_LIBRARIES: Final = ("grpcio", "protobuf", "cryptography", "sqlalchemy", "psycopg", "uvloop")


class WishError(ValueError):
    """What cannot be brought up; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Cities, their stores and processes, and who lives there."""

    cities: int = 5
    stores: Mapping[str, str] = field(default_factory=dict)
    """By pinyin; "sqlite" where nothing is said."""
    processes: Mapping[str, int] = field(default_factory=dict)
    """By pinyin; 1 where nothing is said."""
    links: str = ""
    """ "proxies", "namespaces" or "none"; "" for what the machine allows."""
    residents: int = 60
    """In each city."""
    seed: int = 1
    hours: float = 8
    """After which the keeper ends by itself."""
    log_level: str = "warning"
    metrics: bool = False
    bare: bool = False
    """Whether nodes, rules, partners and residents are left to the operator."""

    def places(self) -> tuple[Place, ...]:
        """The cities; raises WishError."""
        if not CITIES_LEAST <= self.cities <= CITIES_MOST:
            raise WishError(f"cities: {CITIES_LEAST} to {CITIES_MOST}, not {self.cities}")
        if not 0 <= self.residents <= RESIDENTS_MOST:
            raise WishError(f"residents: 0 to {RESIDENTS_MOST}, not {self.residents}")
        if self.links and self.links not in LINKS:
            raise WishError(f"links: one of {', '.join(LINKS)}, not {self.links!r}")
        if not 0 < self.hours <= 24 * 7:
            raise WishError(f"hours: more than 0, at most a week, not {self.hours:g}")
        chosen = towns.towns(self.cities)
        known = [town.pinyin for town in chosen]
        for what, given in (("store", self.stores), ("processes", self.processes)):
            for name in given:
                if name not in known:
                    raise WishError(f"{what}: {name!r} is none of: {', '.join(known)}")
        return tuple(self._place(town.code, town.pinyin) for town in chosen)

    def _place(self, code: str, pinyin: str) -> Place:
        store, processes = self.stores.get(pinyin, STORES[0]), self.processes.get(pinyin, 1)
        if store not in STORES:
            raise WishError(f"store of {pinyin}: one of {', '.join(STORES)}, not {store!r}")
        if not 1 <= processes <= PROCESSES_MOST:
            raise WishError(f"processes of {pinyin}: 1 to {PROCESSES_MOST}, not {processes}")
        if processes > 1 and store == "sqlite":
            raise WishError(
                f"{pinyin}: several processes share one PostgreSQL; "
                f"add `--store {pinyin}=postgresql`"
            )
        return Place(code, pinyin, store, processes)

    def plan(self, links: str, why: Mapping[str, str]) -> Plan:
        """The plan of a run that begins now; `why` is the reason for such lines, by language."""
        began = datetime.now(UTC).isoformat(timespec="seconds")
        return Plan(
            self.places(),
            links,
            self.residents,
            self.seed,
            began,
            _versions(),
            self.log_level,
            self.metrics,
            dict(why),
            self.bare,
        )

    def to_json(self) -> str:
        """As the keeper is told."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """As the keeper hears it."""
        return cls(**json.loads(text))


def _own_version() -> str:
    """Of the checkout: the release, and the commit where git knows it."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    release = str(found["project"]["version"])
    words = ["git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", "describe", "--always"]
    try:
        done = subprocess.run([*words, "--dirty"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return release
    return f"{release} ({done.stdout.strip()})"


def _versions() -> dict[str, str]:
    """Of what a run depends on."""
    return {
        "hutong": _own_version(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count() or 0),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB",
    }


def _processor() -> str:
    """What the machine's processor is called: a rate says little without it."""
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        told = ""
    found = re.search(r"(?m)^model name\s*:\s*(\S.*)$", told)
    return found[1] if found else platform.processor() or platform.machine()
