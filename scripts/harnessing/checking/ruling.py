"""An invariant: what it is called, how it looks, and how what it finds becomes a ruling."""

import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from federation.errors import HutongError
from scripts.harnessing.checking.evidence import Evidence
from scripts.harnessing.records import Ruling, Violation

SHOWN: Final = 50
"""Violations of one invariant that are told one by one: after so many there is no more to learn."""

# What comes of a column that holds something else than a node ever writes.
_UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    HutongError,
    LookupError,
    TypeError,
    ValueError,
    sqlite3.Error,
)


class Tally:
    """What one invariant looked at, and what it found."""

    def __init__(self, name: str) -> None:
        """Nothing yet."""
        self._name = name
        self._found = list[Violation]()
        self._more = 0
        self.looked_at = 0

    def see(self, count: int = 1) -> None:
        """So many things more were looked at."""
        self.looked_at += count

    def broken(self, city: str, zh: str, en: str, **evidence: Any) -> None:  # noqa: ANN401 - whatever shows it
        """It does not hold in a city, as that shows; bytes are told in hexadecimal."""
        if len(self._found) >= SHOWN:
            self._more += 1
            return
        told = {name: _told(value) for name, value in evidence.items()}
        self._found.append(Violation(self._name, city, zh, en, told))

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was found; of very many the last one says how many more there are."""
        if not self._more:
            return tuple(self._found)
        rest = Violation(
            self._name,
            "",
            f"另有 {self._more} 处，未逐一列出。",
            f"{self._more} more, not told one by one.",
            {"more": self._more},
        )
        return (*self._found, rest)


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: `look` tells a tally what it looked at, and what does not hold."""

    name: str
    rule: str
    title_zh: str
    title_en: str
    look: Callable[[Evidence, Tally], None]

    def __call__(self, evidence: Evidence) -> Ruling:
        """What becomes of it by this evidence; what cannot be read as what it is breaks it."""
        tally = Tally(self.name)
        try:
            self.look(evidence, tally)
        except _UNREADABLE as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            tally.broken(
                "",
                f"保存的内容无法读取，核查未能完成：{error}。",
                f"Something that is kept cannot be read, and the look ended there: {error}.",
                error=type(error).__name__,
                where=f"{Path(where.filename).name}:{where.lineno} ({where.name})",
            )
        return Ruling(
            self.name, self.rule, self.title_zh, self.title_en, tally.looked_at, tally.violations
        )


def _told(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | set | frozenset):
        return sorted(map(str, value))
    return value
