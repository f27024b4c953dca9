"""How this city's residents are spread over its scale: published once for each version of it.

Everybody who has it can build the same concordance, and nobody learns about one person: every
count has the noise of differential privacy, and small ones are left out. Of what lies below the
exportable line nothing is counted but that everybody is in the total (rule 1).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from federation.codec import SCORE_HISTOGRAM, envelope_from_bytes, envelope_to_bytes
from federation.envelope import seal
from federation.errors import HutongError
from federation.histogram import HistogramCell, ScoreHistogram
from federation.histogram_cells import default_width, empty_cells
from federation.limits import HISTOGRAM_CELLS, HISTOGRAM_SENSITIVITY, STATEMENT_LIFETIME
from federation.messages import ScoreScale
from federation.pooling import pooled
from federation.scale import Scale
from node.errors import FIELD_INVALID, NOTHING_IN_FORCE
from node.histogram_errors import HISTOGRAM_FEW, HISTOGRAM_STALE, PRIVACY_SPENT
from node.limits import (
    EPSILON_DEFAULT_MILLI,
    HISTOGRAM_RESIDENTS,
    PRIVACY_YEAR,
    PRIVACY_YEAR_MILLI,
    SHOWN_LEAST,
    SHOWN_NOISES,
)
from node.logbook import LogKind
from node.noise import geometric
from node.ports import Keys, Transaction
from node.redemptions import PrivacySpending, StoredHistogram
from node.services.concordances import kept_histogram, missing
from node.services.here import Here

Noise = Callable[[Sequence[int], float], tuple[int, ...]]
"""Adds noise of a scale to counts."""

_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published of the scale in force; `fresh` is False where it had been before."""

    histogram: ScoreHistogram
    fresh: bool


@dataclass(frozen=True, slots=True)
class Publications:
    """The newest histogram of each city, and what was spent here, the oldest first."""

    histograms: tuple[ScoreHistogram, ...]
    spendings: tuple[PrivacySpending, ...]


class HistogramDesk:
    """Publishes this city's histograms, and shows everybody's."""

    def __init__(self, here: Here, keys: Keys, noise: Noise = geometric) -> None:
        """For the city of `here`."""
        self._here = here
        self._keys = keys
        self._noise = noise

    def publish(
        self, tx: Transaction, actor: str, epsilon_milli: int = 0, width_milli: int = 0
    ) -> Publication:
        """Publish the histogram of the scale in force; what was published stays as it is.

        0 stands for EPSILON_DEFAULT_MILLI, and for a width that suits the scale.

        1. What was published of this version is given again, whatever is asked for.
        2. Refuse what may not be published.
        3. Count, each resident in one cell and in the total.
        4. Add noise to every count at once; from here on only noisy counts are looked at.
        5. Pool small cells within their bands, and leave small bands out.
        6. Sign, keep, and note what it cost.

        Raises:
            HutongError: NOTHING_IN_FORCE, FIELD_INVALID, PRIVACY_SPENT, HISTOGRAM_STALE,
                HISTOGRAM_FEW.
        """
        own, now = tx.registry.own_scale(), self._here.now()
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        # 1.
        found = kept_histogram(tx, own.reference)
        if found is not None:
            return Publication(found, fresh=False)
        # 2.
        epsilon_milli = epsilon_milli or EPSILON_DEFAULT_MILLI
        cells = _cells(own.exported, width_milli)
        _check_budget(tx, epsilon_milli, now)
        self._check_counted(tx, now)
        # 3.
        counts = _counted(tx, own.scale, cells)
        # 4.
        scale = HISTOGRAM_SENSITIVITY * _MILLI / epsilon_milli
        total, *noisy = self._noise(counts, scale)
        # 5.
        smallest = max(SHOWN_LEAST, math.ceil(SHOWN_NOISES * scale))
        filled = (replace(cell, count=count) for cell, count in zip(cells, noisy, strict=True))
        shown = pooled(tuple(filled), smallest)
        histogram = ScoreHistogram(
            header=self._here.header((), now, STATEMENT_LIFETIME),
            scale=own.reference,
            total=max(total, sum(cell.count for cell in shown)),
            cells=shown,
            epsilon_milli=epsilon_milli,
            smallest_shown=smallest,
        )
        # 6.
        return self._keep(tx, histogram, actor, now)

    def list_all(self, tx: Transaction) -> Publications:
        """What this city and its partners published, and what of the budget was spent."""
        return Publications(tuple(map(_decoded, tx.histograms.newest())), tx.histograms.spendings())

    def _check_counted(self, tx: Transaction, now: datetime) -> None:
        version = tx.registry.indicators.version if tx.registry.indicators else 0
        waiting = tx.residents.count_to_recount(self._here.day(now), version)
        if waiting:
            raise HutongError(HISTOGRAM_STALE, count=str(waiting), version=str(version))
        # How large a city is, is no secret; who its few residents are must stay one.
        if tx.residents.count() < HISTOGRAM_RESIDENTS:
            raise HutongError(HISTOGRAM_FEW, limit=str(HISTOGRAM_RESIDENTS))

    def _keep(
        self, tx: Transaction, histogram: ScoreHistogram, actor: str, now: datetime
    ) -> Publication:
        envelope = seal(SCORE_HISTOGRAM, histogram, [self._keys])
        if not tx.histograms.put(stored(histogram, envelope_to_bytes(envelope))):
            # Another process of this city was first: what was made here is never shown.
            first = kept_histogram(tx, histogram.scale)
            if first is None:
                raise missing(histogram.scale)
            return Publication(first, fresh=False)
        spending = PrivacySpending(
            spending_id=self._here.new_id(now),
            at=now,
            purpose=f"histogram of {histogram.scale.scale_id}, version {histogram.scale.version}",
            epsilon_milli=histogram.epsilon_milli,
            actor=actor,
        )
        tx.histograms.spend(spending)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, envelope.payload, now)
        return Publication(histogram, fresh=True)


def stored(histogram: ScoreHistogram, envelope: bytes) -> StoredHistogram:
    """A histogram as it is kept, in the envelope that it was signed in."""
    scale, header = histogram.scale, histogram.header
    return StoredHistogram(
        city=scale.city,
        scale_id=scale.scale_id,
        version=scale.version,
        statement_id=header.statement_id,
        envelope=envelope,
        issued_at=header.issued_at,
    )


def _decoded(kept: StoredHistogram) -> ScoreHistogram:
    return SCORE_HISTOGRAM.decode(envelope_from_bytes(kept.envelope).payload)


def _cells(scale: ScoreScale, width_milli: int) -> tuple[HistogramCell, ...]:
    """The cells of that width, 0 for one that suits the scale; raises FIELD_INVALID."""
    suits = default_width(scale)
    if width_milli and not suits:
        raise _wrong("width_milli", "this city's scale has bands and no scores; give none")
    if width_milli < 0:
        raise _wrong("width_milli", "it is above 0")
    width = width_milli or suits
    if scale.minimum_milli is not None and scale.maximum_milli is not None:
        # Counted before any is made: each band may have one more than its part of these.
        most = HISTOGRAM_CELLS - len(scale.bands)
        least = -(-(scale.maximum_milli - scale.minimum_milli) // most)
        if width < least:
            raise _wrong("width_milli", f"at least {least}: there are {HISTOGRAM_CELLS} cells")
    return tuple(empty_cells(scale, width))


def _counted(tx: Transaction, scale: Scale, cells: Sequence[HistogramCell]) -> tuple[int, ...]:
    """How many residents there are, and how many in each cell, exactly."""
    line = scale.rank(scale.exportable_from)
    if scale.base_milli is None:
        everybody = tx.residents.count()
        reach = [
            tx.histograms.listed(sorted(set().union(*map(set, scale.listed_by[rank:]))))
            if scale.listed_by[rank]
            else everybody
            for rank in range(line, len(scale.bands))
        ]
        above = (*reach[1:], 0)
        return (everybody, *(a - b for a, b in zip(reach, above, strict=True)))
    base = scale.base_milli
    below, *inside = tx.histograms.spread([cell.lower_milli - base for cell in cells])
    if line == 0:
        # Who would be below the scale stands at its minimum.
        inside[0] += below
        below = 0
    return (below + sum(inside), *inside)


def _check_budget(tx: Transaction, epsilon_milli: int, now: datetime) -> None:
    """Raise FIELD_INVALID, or PRIVACY_SPENT.

    Publications of several versions tell about the same residents: what they cost adds up (Dwork &
    Roth, 2014, theorem 3.16).
    """
    if not 0 < epsilon_milli <= PRIVACY_YEAR_MILLI:
        raise _wrong("epsilon_milli", f"from 1 to {PRIVACY_YEAR_MILLI}")
    spendings = [each for each in tx.histograms.spendings() if each.at > now - PRIVACY_YEAR]
    left = PRIVACY_YEAR_MILLI - sum(each.epsilon_milli for each in spendings)
    if epsilon_milli > left:
        raise HutongError(
            PRIVACY_SPENT,
            limit=_points(PRIVACY_YEAR_MILLI),
            left=_points(left),
            until=(spendings[0].at + PRIVACY_YEAR).isoformat(timespec="seconds"),
        )


def _points(milli: int) -> str:
    return f"{milli / _MILLI:g}"


def _wrong(field: str, problem: str) -> HutongError:
    return HutongError(FIELD_INVALID, field=field, problem=problem)
