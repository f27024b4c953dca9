"""Two cities' scores: histograms, the concordance of two of them, and what a mapping reads."""

import hashlib
from datetime import timedelta
from typing import Final

from federation.bands import Band, Bound, ScaleKind
from federation.concordance_table import table_of
from federation.histogram import HistogramCell, ScoreHistogram
from federation.identifiers import CityCode
from federation.mapping import Curve, equivalent
from federation.messages import Header, ScaleReference, ScoreScale
from federation.methods import Concordance, ConcordancePoint, LinearMapping, Method
from scripts.fuzzing.oracle import Feed, Target, now_and_then, promise, taken
from tests.federation.make import HANGZHOU, NOW, ZHENGZHOU, statement_id

_COUNT_MOST: Final = (1 << 40) - 1
_SIZES: Final = (1, 2, 5, 30, 1000, 10_000_000, _COUNT_MOST)
# To smooth takes some hundred times as long as all else: of ten million ten thousand are smoothed.
_SMOOTHED_OF: Final = 1024
_DEGREES: Final = (1, 2, 3, 5, 10, None)


_LINEAR: Final = (
    "home_mean_milli",
    "home_spread_milli",
    "host_mean_milli",
    "host_spread_milli",
    "lowest_milli",
    "highest_milli",
)


def _header(city: CityCode) -> Header:
    return Header(statement_id(f"fuzzed {city}"), city, (), NOW, NOW + timedelta(days=365))


def _histogram(feed: Feed, city: CityCode) -> tuple[ScoreHistogram, ScoreScale]:
    """A histogram as a partner may publish it, and the scale that it is of."""
    cells, low = list[HistogramCell](), feed.signed(3)
    first = low
    for _ in range(feed.number(1) % 12 + 1):
        width = (feed.number(2) + 1) * (1 if feed.number(1) % 2 else 1000)
        size = _SIZES[feed.number(1) % len(_SIZES)]
        cells.append(HistogramCell("all", low, low + width, feed.number(5) % (size + 1)))
        low += width
    smallest = _SIZES[feed.number(1) % len(_SIZES)]
    shown = tuple(c if c.count >= smallest else _hidden(c) for c in cells)
    digest = hashlib.sha256(city.encode()).digest()
    total = feed.number(5) % (_SIZES[feed.number(1) % len(_SIZES)] + 1)
    histogram = ScoreHistogram(
        _header(city),
        ScaleReference(city, "fuzzed", 1, digest),
        total,
        shown,
        feed.number(2) % 10_000 + 1,
        smallest,
    )
    band = Band("all", "全", "all", Bound(first, inclusive=True), None)
    return histogram, _scale(city, first, low, band)


def _scale(city: CityCode, low: int, high: int, band: Band) -> ScoreScale:
    return ScoreScale(
        header=_header(city),
        scale_id="fuzzed",
        version=1,
        kind=ScaleKind.NUMERIC,
        name_zh="",
        name_en="",
        minimum_milli=low,
        maximum_milli=high,
        bands=(band,),
        source="",
        illustrative=True,
    )


def _hidden(cell: HistogramCell) -> HistogramCell:
    return HistogramCell(cell.band_id, cell.lower_milli, cell.upper_milli, 0)


def _concordance(data: bytes) -> None:
    """Two published histograms make a table that ascends, or are refused."""
    feed = Feed(data)
    asked = _DEGREES[feed.number(1) % len(_DEGREES)]
    degree = asked if now_and_then(data, _SMOOTHED_OF) else 0
    sides = taken(lambda: (_histogram(feed, ZHENGZHOU), _histogram(feed, HANGZHOU)))
    if sides is None:
        return
    (home, home_scale), (host, host_scale) = sides
    table = taken(lambda: table_of(home, host, home_scale, host_scale, degree))
    if table is None:
        return
    built = taken(lambda: table.until(NOW))
    if built is not None:
        _reads(built, host_scale, [point.home_milli for point in built.points])


def _reads(method: Method, host: ScoreScale, scores: list[int]) -> None:
    """Never less for more, and never outside the host's range."""
    curve, last = Curve(method, host), None
    low, high = host.minimum_milli or 0, host.maximum_milli or 0
    for score in sorted({near + by for near in scores for by in (-1, 0, 1)}):
        read = curve.at(score)
        local = read.local_milli if read else None
        if local is None:
            continue
        promise(low <= local <= high, "a score is read within the host's range")
        promise(last is None or last <= local, "a higher score is never read lower")
        last = local


def _mapping(data: bytes) -> None:
    feed = Feed(data)
    method: Method | None
    if feed.number(1) % 2:
        numbers = dict(zip(_LINEAR, (feed.signed(4) for _ in _LINEAR), strict=True))
        method = taken(lambda: LinearMapping(source="", **numbers))
    else:
        points = taken(
            lambda: tuple(
                ConcordancePoint(feed.signed(4), feed.signed(4), feed.number(2))
                for _ in range(feed.number(1) % 12)
            )
        )
        one, other = statement_id("one histogram"), statement_id("another")
        method = taken(lambda: Concordance(points or (), one, other, 3, NOW))
    if method is None:
        return
    low, high = sorted((feed.signed(4), feed.signed(4)))
    band = Band("all", "", "", Bound(-(10**9), inclusive=True), None)
    host = taken(lambda: _scale(HANGZHOU, low, high, band))
    scores = [feed.signed(4) for _ in range(8)]
    for score in scores:
        equivalent(method, score)
    if host is not None:
        edges = [p.home_milli for p in method.points] if isinstance(method, Concordance) else []
        _reads(method, host, [*scores, *edges])


def _seeds() -> list[bytes]:
    cell = bytes([0, 200, 1, 4]) + (300).to_bytes(5, "big")
    side = (
        bytes([0, 0, 0, 7]) + cell * 8 + bytes([2]) + (9000).to_bytes(5, "big") + bytes([5, 3, 232])
    )
    return [bytes([place]) + side * 2 for place in range(len(_DEGREES))]


def targets() -> list[Target]:
    """The table that both cities build, and what scores are read as."""
    linear = bytes([1]) + b"".join(n.to_bytes(4, "big", signed=True) for n in (0, 9, 0, 7, -50, 90))
    points = bytes([0, 3]) + b"".join(n.to_bytes(4, "big") for n in (1, 2, 3, 4, 5, 6))
    return [
        Target("concordance-table", "two histograms, related", _concordance, _seeds, 1024),
        Target("mapping", "what a score is read as", _mapping, lambda: [linear, points], 256),
    ]
