"""Whether the residents of two cities who are equally placed are treated alike, and how many gain.

Everything comes from what cities published: noisy counts of the exportable bands, of which no more
of the privacy budget is spent. Of lower bands, and of anybody, it says nothing (rule 1). A red
list has no scores, but who is on it has a rank too: those of as many as are listed, from the top.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from federation.agreement import Terms
from federation.concordance import CONFIDENCE, rank_error
from federation.concordance_table import distribution_of
from federation.distribution import Distribution
from federation.fairness import Placement, Span, Treatment, placements, spans
from federation.histogram import ScoreHistogram
from federation.identifiers import CityCode
from federation.messages import ScaleReference, ScoreScale
from node.errors import NOTHING_IN_FORCE, HutongError
from node.facts import Facts
from node.incentives import Incentive, Residence
from node.ports import Transaction
from node.registry import OwnScale, Registry
from node.services.concordances import kept_histogram, missing
from node.services.deciding import decide, facts_of
from node.services.here import Here
from node.services.terms import TermsBook, not_active

NOTHING_PUBLISHED: Final = -1
"""A count where a city has published nothing."""

Texts = tuple[str, str]

_FEW: Final = (
    "未知：公布的居民过少，无法比较位次。",
    "Unknown: too few residents are published to compare ranks.",
)


@dataclass(frozen=True, slots=True)
class BandFairness:
    """How one home band is treated; `host_band` is None where it is read as a newcomer's.

    `equal_low` and `equal_high` are the bands of equally placed residents here, "" where they
    stand below the line or it cannot be told. `count` is noisy; 0 where all of it is suppressed.
    """

    home: CityCode
    home_band: str
    host_band: str | None
    count: int
    equal_low: str
    equal_high: str
    treatment: Treatment
    texts: Texts


@dataclass(frozen=True, slots=True)
class IncentiveFairness:
    """The home bands that qualify for an incentive now, and how many residents, with noise."""

    home: CityCode
    incentive_id: str
    bands: tuple[str, ...]
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """For each home city, this one first: its bands, its incentives; and the scales of all."""

    bands: tuple[BandFairness, ...]
    incentives: tuple[IncentiveFairness, ...]
    scales: tuple[ScoreScale, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """One home city, as this city reads it."""

    terms: Terms
    scale: ScoreScale
    own: OwnScale
    home: ScoreHistogram | None
    host: ScoreHistogram | None

    def count(self, bands: tuple[str, ...]) -> int:
        """How many residents these home bands have, with noise."""
        if self.home is None:
            return NOTHING_PUBLISHED
        return sum(cell.count for cell in self.home.cells if cell.band_id in bands)


class FairnessReport:
    """The report for the city of `here`."""

    def __init__(self, here: Here, book: TermsBook) -> None:
        """By the terms that are in force with each home city."""
        self._here = here
        self._book = book

    def report(self, tx: Transaction, home: CityCode | None) -> Report:
        """Of one home city, or of this one and of all with an agreement in force.

        Raises NOTHING_IN_FORCE where this city has no scale or no catalogue, and
        AGREEMENT_NOT_ACTIVE where the one that is asked for has no agreement in force.
        """
        own = tx.registry.own_scale()
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        pairs = [self._pair(tx, own, terms) for terms in self._terms(tx.registry, home)]
        catalogue = tx.registry.catalogue
        listed = catalogue.incentives if catalogue else ()
        now = facts_of(self._here, tx.registry, None, self._here.now())
        return Report(
            tuple(found for pair in pairs for found in _bands(pair)),
            tuple(_incentive(pair, incentive, now) for pair in pairs for incentive in listed),
            tuple(dict.fromkeys((own.exported, *(pair.scale for pair in pairs)))),
        )

    def _terms(self, registry: Registry, home: CityCode | None) -> Iterator[Terms]:
        """The terms of the home cities, this one first."""
        here, now = self._here.city, self._here.now()
        for city in (home,) if home else (here, *sorted(registry.partners)):
            terms = self._book.find(registry, city, here)
            if terms is not None and terms.in_force(now):
                yield terms
            elif city in {home, here}:
                raise not_active(city, here)

    def _pair(self, tx: Transaction, own: OwnScale, terms: Terms) -> _Pair:
        scale = own.exported
        if terms.home != self._here.city:
            theirs = tx.registry.partner_scale(terms.home, terms.scale)
            if theirs is None:
                raise not_active(terms.home, self._here.city)
            scale = theirs.exported
        home, host = kept_histogram(tx, terms.scale), kept_histogram(tx, own.reference)
        return _Pair(terms, scale, own, home, host)


def _incentive(pair: _Pair, incentive: Incentive, now: Facts) -> IncentiveFairness:
    """Who qualifies by a standing alone, with a consent that covers everything."""
    total = pair.home.total if pair.home else NOTHING_PUBLISHED
    own_city = pair.terms.home == pair.terms.host
    qualify = list[str]()
    for band in pair.scale.bands:
        recognised = pair.terms.recognised(band.band_id)
        facts = now
        if recognised is not None:
            facts = replace(
                now,
                band_id=recognised,
                scenarios=pair.terms.scenarios,
                home=pair.terms.home,
                agreement_id=pair.terms.agreement_id,
                residence=Residence.OWN if own_city else Residence.VISITOR,
                counting=True,
            )
        if decide(facts, incentive, pair.own.scale).eligible:
            qualify.append(band.band_id)
    everybody = decide(now, incentive, pair.own.scale).eligible
    count = total if everybody else pair.count(tuple(qualify))
    return IncentiveFairness(pair.terms.home, incentive.incentive_id, tuple(qualify), count, total)


def _bands(pair: _Pair) -> Iterator[BandFairness]:
    """Each band from low to high; where ranks cannot be compared, the reason."""
    unknown = _incomparable(pair)
    if unknown is None and pair.home is not None and pair.host is not None:
        home, host = distribution_of(pair.home), distribution_of(pair.host)
        ends = spans(pair.host)
        readings = {band.band_id: pair.terms.recognised(band.band_id) for band in pair.scale.bands}
        table = {band: read for band, read in readings.items() if read is not None}
        lines = spans(pair.home)
        for span, found in zip(lines, placements(home, host, lines, ends, table), strict=True):
            yield _judged(pair, found, _equal(home, host, span, ends))
        return
    for band in pair.scale.bands:
        yield BandFairness(
            home=pair.terms.home,
            home_band=band.band_id,
            host_band=pair.terms.recognised(band.band_id),
            count=pair.count((band.band_id,)),
            equal_low="",
            equal_high="",
            treatment=Treatment.UNKNOWN,
            texts=unknown or _FEW,
        )


def _incomparable(pair: _Pair) -> Texts | None:
    """Why the ranks of two cities cannot be compared; None where they can be."""
    published: tuple[tuple[ScaleReference, ScoreHistogram | None], ...] = (
        (pair.terms.scale, pair.home),
        (pair.own.reference, pair.host),
    )
    for reference, histogram in published:
        if histogram is None:
            error = missing(reference)
            return f"未知：{error.text('zh')}", f"Unknown: {error.text('en')}"
    both = [histogram for _, histogram in published if histogram is not None]
    if not all(any(cell.count for cell in histogram.cells) for histogram in both):
        return _FEW
    return None


def _judged(pair: _Pair, found: Placement, equal: tuple[str, str]) -> BandFairness:
    return BandFairness(
        home=pair.terms.home,
        home_band=found.band_id,
        host_band=found.recognised,
        count=pair.count((found.band_id,)),
        equal_low=equal[0],
        equal_high=equal[1],
        treatment=found.treatment,
        texts=_texts(pair, found, equal),
    )


def _equal(
    home: Distribution, host: Distribution, span: Span, host_bands: tuple[Span, ...]
) -> tuple[str, str]:
    """The lowest and the highest local band of who is equally placed beyond the error.

    "" for those below the line. A band that is narrower than the error is told by its middle.
    """
    low, high = home.rank(span.low) or 0.0, home.rank(span.high) or 0.0
    inner_low = low + CONFIDENCE * rank_error(home, host, low)
    inner_high = high - CONFIDENCE * rank_error(home, host, high)
    if inner_low > inner_high:
        inner_low = inner_high = (low + high) / 2
    lowest, highest = host.preimage(inner_low), host.preimage(inner_high)
    first = [band.band_id for band in host_bands if lowest and band.low <= lowest[1]]
    last = [band.band_id for band in host_bands if highest and band.low < highest[0]]
    return (first[-1] if first else ""), (last[-1] if last else "")


def _texts(pair: _Pair, found: Placement, equal: tuple[str, str]) -> Texts:
    if found.treatment is Treatment.UNKNOWN:
        return _FEW
    if found.treatment is Treatment.AS_PLACED:
        return (
            "相当：与同位次的本市居民同等对待（误差之内）。",
            "As placed: read as equally placed residents of this city are, within the error.",
        )
    equal_zh, equal_en = _named(pair.own, equal)
    higher = found.treatment is Treatment.HIGHER
    share = (found.higher if higher else found.lower) or 0.0
    way_zh, way_en = ("偏高", "Higher") if higher else ("偏低", "Lower")
    than_zh, than_en = ("高于", "higher") if higher else ("低于", "lower")
    zh = f"{way_zh}：该档约 {share:.0%} 的居民被认定得{than_zh}同位次的本市居民（{equal_zh}）。"
    en = f"{way_en}: about {share:.0%} of it are read {than_en} than equally placed residents here"
    return zh, f"{en} ({equal_en})."


def _named(own: OwnScale, equal: tuple[str, str]) -> Texts:
    """The local bands of who is equally placed, once where it is one."""
    names = dict.fromkeys(_name(own, band) for band in equal)
    return "至".join(zh for zh, _ in names), " to ".join(en for _, en in names)


def _name(own: OwnScale, band_id: str) -> Texts:
    if not band_id:
        return "低于互认线", "below the line"
    band = own.scale.band(band_id)
    return f"“{band.name_zh}”", f"“{band.name_en}”"
