"""What would become of the city by another scale or catalogue: numbers only, nobody is named."""

from dataclasses import dataclass
from typing import Final

from federation.bands import ScaleKind
from federation.scale import Scale
from node import bulk_limits
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot

NOW: Final = "now"
LATER: Final = "later"
"""The tables of standings that a rehearsal compares."""

_BOTH: Final = f"{NOW} AS a JOIN {LATER} AS b USING (who)"
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class Move:
    """How many residents go from one band to another, or stay."""

    before: str
    after: str
    residents: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: values of at least `low`, and below the next bar's."""

    low_milli: int
    residents: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of the city: numbers only.

    `gain` residents would have something to show to other cities who have nothing now, `lose` the
    other way round, and `keep` have it before and after. `mean_change_milli` and the histograms
    are of numeric scales; a histogram's last bar ends with the values.
    """

    current: Scale
    candidate: Scale
    residents: int
    moves: tuple[Move, ...]
    gain: int
    lose: int
    keep: int
    mean_change_milli: int | None
    changes: tuple[Bar, ...]
    scores_before: tuple[Bar, ...]
    scores_after: tuple[Bar, ...]

    @property
    def moved(self) -> int:
        """How many residents are in another band afterwards."""
        return sum(move.residents for move in self.moves if move.before != move.after)


def rehearse(snapshot: Snapshot, now: Question, then: Question) -> Rehearsal:
    """Compare the tables NOW and LATER, made by these two questions."""
    current, candidate = now.scale, then.scale
    if current is None or candidate is None:
        raise TypeError("a rehearsal compares two scales")
    moves = snapshot.rows(f"SELECT a.band, b.band, count(*) FROM {_BOTH} GROUP BY ALL ORDER BY ALL")
    was, will = (
        f"{each}.shared_band >= {scale.rank(scale.exportable_from)}"
        for each, scale in (("a", current), ("b", candidate))
    )
    total, gain, lose, keep = snapshot.one(
        f"SELECT count(*), count(*) FILTER (WHERE NOT ({was}) AND {will}), "
        f"count(*) FILTER (WHERE {was} AND NOT ({will})), count(*) FILTER (WHERE {was} AND {will}) "
        f"FROM {_BOTH}"
    )
    both = ScaleKind.CATEGORICAL not in (current.kind, candidate.kind)
    mean, changes = _changes(snapshot) if both and total else (None, ())
    return Rehearsal(
        current=current,
        candidate=candidate,
        residents=int(total),
        moves=tuple(
            Move(current.bands[a].band_id, candidate.bands[b].band_id, int(count))
            for a, b, count in moves
        ),
        gain=int(gain),
        lose=int(lose),
        keep=int(keep),
        mean_change_milli=mean,
        changes=changes,
        scores_before=_scores(snapshot, current, NOW),
        scores_after=_scores(snapshot, candidate, LATER),
    )


def _changes(snapshot: Snapshot) -> tuple[int, tuple[Bar, ...]]:
    """The mean change of a score, and how many change by how much."""
    change = "b.score - a.score"
    mean, low, high = snapshot.one(
        f"SELECT avg({change}), min({change}), max({change}) FROM {_BOTH}"
    )
    return round(mean), _bars(snapshot, change, _BOTH, int(low), int(high))


def _scores(snapshot: Snapshot, scale: Scale, table: str) -> tuple[Bar, ...]:
    if scale.minimum_milli is None or scale.maximum_milli is None:
        return ()
    return _bars(snapshot, "score", table, scale.minimum_milli, scale.maximum_milli)


def _bars(snapshot: Snapshot, value: str, source: str, low: int, high: int) -> tuple[Bar, ...]:
    """Bars of whole points from `low` to `high`, the empty ones too."""
    width = _width(low, high)
    first = low // width
    rows = snapshot.rows(
        f"SELECT CAST(floor(({value}) / {width}) AS BIGINT) AS bar, count(*) FROM {source} "
        "GROUP BY bar"
    )
    counts = {int(bar): int(count) for bar, count in rows}
    return tuple(
        Bar(place * width, counts.get(place, 0)) for place in range(first, high // width + 1)
    )


def _width(low: int, high: int) -> int:
    """The narrowest of 1, 2, 5, 10, 20, 50 ... points that makes few enough bars."""
    power = _MILLI
    while True:
        for width in (power, 2 * power, 5 * power):
            if high // width - low // width < bulk_limits.BARS:
                return width
        power *= 10
