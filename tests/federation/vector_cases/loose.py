"""One vector that is no envelope: a note, a cosignature, a receipt, an item of a batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from federation.errors import Reason
from federation.identifiers import CityCode
from tests.federation.make import NAMES, NOW


@dataclass(frozen=True, kw_only=True)
class Loose:
    """`name` is KIND--WHAT; `given` is what its procedure needs (see the README)."""

    name: str
    ending: str
    content: bytes
    given: Mapping[str, object]
    expected: Mapping[str, object] | Reason

    @property
    def file(self) -> str:
        return f"{self.name}.{self.ending}"

    def entry(self) -> dict[str, object]:
        """Its entry in the index."""
        found = self.expected
        expected = {"refused": found.name} if isinstance(found, Reason) else dict(found)
        return {"name": self.name, "file": self.file, **self.given, "expected": expected}


def bundle_names(*cities: CityCode) -> list[str]:
    """The vectors of these cities' trust bundles."""
    return [f"trust-bundle--of-{NAMES[city]}" for city in cities]


def instant(at: datetime | None = NOW) -> str | None:
    """An instant as the index has it."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
