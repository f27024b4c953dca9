"""Made-up cities, and the histograms that they would publish: from a seed, so always the same."""

import random
from collections import Counter
from collections.abc import Iterable

from federation.bands import Band
from federation.codec import scale_reference
from federation.histogram import HistogramCell, ScoreHistogram
from federation.identifiers import CityCode
from federation.messages import ScoreScale
from federation.pooling import pooled
from tests.federation.make import DAY, HANGZHOU, SCALES, ZHENGZHOU, header

SMALLEST = 10
EPSILON_MILLI = 1000
WIDTHS = {ZHENGZHOU: 5000, HANGZHOU: 25_000}


def scores(
    seed: str, residents: int, mean: float, spread: float, *, low: int = 0, high: int
) -> list[int]:
    """Scores of a bell in thousandths, in whole points, clamped to the scale."""
    draw = random.Random(seed)  # noqa: S311 - to be the same again
    return [1000 * min(max(round(draw.gauss(mean, spread)), low), high) for _ in range(residents)]


def edges(scale: ScoreScale, width: int) -> list[tuple[str, int, int]]:
    """Cells from the line up, each in one band, in thousandths."""
    assert scale.maximum_milli is not None
    found = list[tuple[str, int, int]]()
    for band in scale.bands:
        low, high = _lower(band), _upper(band, scale.maximum_milli)
        while low < high:
            end = min((low // width + 1) * width, high)
            end = high if high - end < width // 2 else end
            found.append((band.band_id, low, end))
            low = end
    return found


def published(
    city: CityCode,
    standings: Iterable[int],
    *,
    width: int = 0,
    epsilon_milli: int = EPSILON_MILLI,
    noisy: bool = True,
    scale: ScoreScale | None = None,
) -> ScoreHistogram:
    """What the city would publish of these scores, with noise of scale 1 / epsilon or without."""
    scale = scale or SCALES[city]
    draw = random.Random(f"noise of {city}")  # noqa: S311 - to be the same again
    everybody = Counter(standings)

    def noised(number: int) -> int:
        if not noisy:
            return number
        a, b = (draw.expovariate(epsilon_milli / 1000) for _ in range(2))
        return number + round(a - b)

    cells = tuple(
        HistogramCell(
            band_id,
            low,
            high,
            noised(sum(n for score, n in everybody.items() if low <= score < high)),
        )
        for band_id, low, high in edges(scale, width or WIDTHS[city])
    )
    return ScoreHistogram(
        header=header("histogram", city, life=365 * DAY),
        scale=scale_reference(scale),
        total=noised(everybody.total()),
        cells=pooled(cells, SMALLEST),
        epsilon_milli=epsilon_milli,
        smallest_shown=SMALLEST,
    )


def listed(
    city: CityCode, residents: int, total: int, *, scale: ScoreScale | None = None
) -> ScoreHistogram:
    """A red list with so many residents on it."""
    scale = scale or SCALES[city]
    return ScoreHistogram(
        header=header("histogram", city, life=365 * DAY),
        scale=scale_reference(scale),
        total=total,
        cells=(HistogramCell(scale.bands[0].band_id, 0, 0, residents),),
        epsilon_milli=EPSILON_MILLI,
        smallest_shown=SMALLEST,
    )


def zhengzhou(seed: str = "zhengzhou", residents: int = 40_000) -> ScoreHistogram:
    """A bell around 108, of which a good quarter stands at 120 or above."""
    return published(ZHENGZHOU, scores(seed, residents, 108, 18, high=200))


def hangzhou(seed: str = "hangzhou", residents: int = 60_000) -> ScoreHistogram:
    """A bell around 640, of which a quarter stands at 700 or above."""
    return published(HANGZHOU, scores(seed, residents, 640, 80, high=1000))


def _lower(band: Band) -> int:
    assert band.lower is not None
    return band.lower.score_milli + (0 if band.lower.inclusive else 1)


def _upper(band: Band, maximum: int) -> int:
    if band.upper is None:
        return maximum + 1
    return band.upper.score_milli + (1 if band.upper.inclusive else 0)
