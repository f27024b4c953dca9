"""What the whole-city re-score needs of the store: one copy, and a way to keep sums."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeVar

from federation.scale import Scale
from node.indicators import IndicatorCatalogue
from node.ports.store import Transaction

T = TypeVar("T")

RESIDENT_COLUMNS: Final = (
    "resident_id",
    "person",
    "points_milli",
    "shared_milli",
    "commendations",
    "recount_on",
    "counted_by",
)
"""The columns of `CityCopy.residents`, in this order; `commendations` is joined by commas."""

RECORD_COLUMNS: Final = (
    "person",
    "indicator_id",
    "occurred_on",
    "ends_on",
    "disputed",
    "overdue",
)
"""The columns of `CityCopy.records`, in this order."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What everybody is scored by; nothing of partners, so that whoever reads may have it."""

    scale: Scale | None
    catalogue: IndicatorCatalogue | None


class CityCopy(Protocol):
    """What scoring needs of a city, as it was at one instant, while others write.

    Rows come as blocks of CSV in UTF-8, each of whole lines: days as YYYY-MM-DD, marks as 0 or 1,
    and nothing at all where there is no value.
    """

    @property
    def in_force(self) -> InForce:
        """The scale and the catalogue in force at that instant."""

    def resident_count(self) -> int:
        """How many residents take part."""

    def record_count(self) -> int:
        """How many records stand, about how many."""

    def residents(self) -> Iterator[bytes]:
        """Who takes part, and what is kept of them: RESIDENT_COLUMNS."""

    def records(self) -> Iterator[bytes]:
        """The standing records, also of persons who do not take part: RECORD_COLUMNS."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept of a resident, as `node.model.Resident` has it."""

    points_milli: int
    shared_milli: int
    commendations: str
    recount_on: date | None
    counted_by: int


class SumKeeper(Protocol):
    """Keeps sums that were made elsewhere, in portions; other writers come between those."""

    def keep(self, portion: Sequence[tuple[str, Sums, Sums]]) -> int:
        """Put new sums in the place of old ones, by resident id; how many.

        Where the old ones are not what is kept any more, something happened meanwhile: the resident
        is left as it is.
        """

    def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case in a transaction of its own, and make it durable."""
