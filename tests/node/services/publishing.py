"""Histograms that cities of a world have published, put where an exchange would leave them."""

from federation.codec import SCORE_HISTOGRAM, envelope_to_bytes
from federation.envelope import seal
from federation.histogram import ScoreHistogram
from federation.messages import ScoreScale
from node.redemptions import StoredHistogram
from tests.federation.population import listed, published, scores
from tests.node.services.simulated import MemoryKeys
from tests.node.services.world import START, Town


def scale_of(town: Town) -> ScoreScale:
    """The scale that a town has in force."""
    own = town.store.registry.own_scale()
    assert own is not None
    return own.exported


def bell(town: Town, seed: str, residents: int, mean: float, spread: float) -> ScoreHistogram:
    """What a town with a numeric scale publishes, where its scores are a bell."""
    scale = scale_of(town)
    assert scale.maximum_milli is not None
    drawn = scores(seed, residents, mean, spread, high=scale.maximum_milli // 1000)
    return published(town.code, drawn, scale=scale)


def red_list(town: Town, residents: int, total: int) -> ScoreHistogram:
    """What a town with a red list publishes."""
    return listed(town.code, residents, total, scale=scale_of(town))


async def spread_word(histogram: ScoreHistogram, *towns: Town) -> None:
    """Let these towns have a histogram."""
    city = histogram.scale.city
    key = MemoryKeys(city, START).signer
    stored = StoredHistogram(
        city=city,
        scale_id=histogram.scale.scale_id,
        version=histogram.scale.version,
        statement_id=histogram.header.statement_id,
        envelope=envelope_to_bytes(seal(SCORE_HISTOGRAM, histogram, [key])),
        issued_at=histogram.header.issued_at,
    )
    for town in towns:
        assert await town.store.run(lambda tx: tx.histograms.put(stored))
