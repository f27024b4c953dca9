"""How a city's residents are spread over the exportable part of its scale, with noise."""

from dataclasses import dataclass

from federation import limits
from federation.checks import count, malformed
from federation.identifiers import name
from federation.messages import Header, ScaleReference

_COUNT_BITS = 40


@dataclass(frozen=True, slots=True)
class HistogramCell:
    """One cell of one band; both ends are 0 on a categorical scale. `count` 0: suppressed, or none.

    Ends are in thousandths of a point.
    """

    band_id: str
    lower_milli: int
    upper_milli: int
    count: int


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """One publication of a city: adjacent cells from the exportable line up, and the total.

    Nothing is said of what lies below the line, but that everybody is in the total (rule 1).
    """

    header: Header
    scale: ScaleReference
    total: int
    cells: tuple[HistogramCell, ...]
    epsilon_milli: int
    smallest_shown: int

    def __post_init__(self) -> None:
        """Refuse cells that leave a gap, or that show what must be suppressed."""
        count(self.cells, "cells", limits.HISTOGRAM_CELLS)
        if self.header.issuer != self.scale.city or self.header.audience:
            raise malformed("header", "a histogram is of the issuer's own scale, for every city")
        if not 0 <= self.total < 1 << _COUNT_BITS:
            raise malformed("total", f"it has {_COUNT_BITS} bits")
        if not 0 < self.epsilon_milli <= limits.EPSILON_MILLI:
            raise malformed("epsilon_milli", f"from 1 to {limits.EPSILON_MILLI}")
        if self.smallest_shown < 1:
            raise malformed("smallest_shown", "it is at least 1")
        for cell in self.cells:
            name(cell.band_id, where="cells.band_id")
            if cell.count and not self.smallest_shown <= cell.count < 1 << _COUNT_BITS:
                raise malformed("cells.count", "a count is suppressed, or at least smallest_shown")
        self._check_ends()

    def _check_ends(self) -> None:
        if not any(cell.lower_milli or cell.upper_milli for cell in self.cells):
            bands = [cell.band_id for cell in self.cells]
            if len(set(bands)) != len(bands):
                raise malformed("cells", "a band occurs twice")
            return
        before = None
        for cell in self.cells:
            if cell.lower_milli >= cell.upper_milli:
                raise malformed("cells.upper_milli", "it is not above lower_milli")
            if before is not None and cell.lower_milli != before:
                raise malformed("cells.lower_milli", "a cell begins where the one before ends")
            if max(abs(cell.lower_milli), abs(cell.upper_milli)) > limits.SCORE_MILLI:
                raise malformed("cells", f"ends lie within {limits.SCORE_MILLI}")
            before = cell.upper_milli

    @property
    def is_numeric(self) -> bool:
        """Whether its cells have ends."""
        return self.cells[0].lower_milli < self.cells[0].upper_milli
