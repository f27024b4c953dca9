"""Statements on incentives of any content, for properties."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import strategies as st

from federation import limits
from federation.histogram import HistogramCell, ScoreHistogram
from federation.incentives import Decisions, IncentiveDecision, UseLease, UseRelease, UseRequest
from federation.messages import Agreement, Mapping, ScaleReference
from federation.methods import Concordance, ConcordancePoint, LinearMapping
from tests.federation.strategies import (
    CITIES,
    DIGESTS,
    INSTANTS,
    NAMES,
    TEXTS,
    UUIDS,
    VERSIONS,
    headers,
)
from tests.federation.strategies import agreements as plain_agreements

_MOST = 1 << 39
_SCORES = st.integers(-limits.SCORE_MILLI, limits.SCORE_MILLI)
_SPREADS = st.integers(1, limits.SCORE_MILLI)
_MICRO = timedelta(microseconds=1)


@st.composite
def histograms(draw: st.DrawFn) -> ScoreHistogram:
    smallest = draw(st.integers(1, 1000))
    counts = st.just(0) | st.integers(smallest, _MOST)
    edges = sorted(draw(st.sets(_SCORES, min_size=2, max_size=6)))
    if draw(st.booleans()):
        ends = list(pairwise(edges))
        bands = [draw(NAMES) for _ in ends]
    else:
        bands = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
        ends = [(0, 0)] * len(bands)
    city = draw(CITIES)
    return ScoreHistogram(
        header=draw(headers(st.just(city), ())),
        scale=ScaleReference(city, draw(NAMES), draw(VERSIONS), draw(DIGESTS)),
        total=draw(st.integers(0, _MOST)),
        cells=tuple(
            HistogramCell(band, low, high, draw(counts))
            for band, (low, high) in zip(bands, ends, strict=True)
        ),
        epsilon_milli=draw(st.integers(1, limits.EPSILON_MILLI)),
        smallest_shown=smallest,
    )


@st.composite
def _decision(draw: st.DrawFn, incentive_id: str) -> IncentiveDecision:
    eligible = draw(st.booleans())
    return IncentiveDecision(
        decision_id=draw(UUIDS) if eligible else "",
        incentive_id=incentive_id,
        eligible=eligible,
        rule=draw(TEXTS),
        reason_zh=draw(TEXTS),
        reason_en=draw(TEXTS),
        change_zh=draw(TEXTS),
        change_en=draw(TEXTS),
        offline_until=draw(st.none() | INSTANTS) if eligible else None,
    )


@st.composite
def decisions(draw: st.DrawFn) -> Decisions:
    city, newcomer = draw(CITIES), draw(st.booleans())
    asked = draw(st.lists(NAMES, max_size=4, unique=True))
    return Decisions(
        header=draw(headers(st.just(city), (city,))),
        venue=draw(TEXTS),
        holder=b"" if newcomer else draw(DIGESTS),
        home_city=draw(CITIES),
        band_id="" if newcomer else draw(NAMES),
        catalogue_version=draw(st.just(0) | VERSIONS),
        catalogue_digest=draw(st.just(b"") | DIGESTS),
        decisions=tuple(draw(_decision(each)) for each in asked),
    )


@st.composite
def use_requests(draw: st.DrawFn) -> UseRequest:
    head = draw(
        headers(audience=(draw(CITIES),)).filter(
            lambda found: found.expires_at - found.issued_at <= limits.USE_LEASE
        )
    )
    least = (head.expires_at - head.issued_at) // _MICRO
    life = draw(st.integers(least, limits.USE_LEASE // _MICRO))
    return UseRequest(
        header=head,
        agreement_id=draw(UUIDS),
        agreement_version=draw(VERSIONS),
        pseudonym=draw(DIGESTS),
        label=draw(DIGESTS),
        use_class=draw(st.just("") | NAMES),
        most=draw(st.integers(1, limits.USES_AT_ONCE)),
        until=head.issued_at + life * _MICRO,
    )


@st.composite
def use_leases(draw: st.DrawFn) -> UseLease:
    head = draw(headers(audience=(draw(CITIES),)))
    return UseLease(head, draw(UUIDS), draw(DIGESTS), draw(INSTANTS))


@st.composite
def use_releases(draw: st.DrawFn) -> UseRelease:
    return UseRelease(draw(headers(audience=(draw(CITIES),))), draw(UUIDS))


@st.composite
def linear_mappings(draw: st.DrawFn) -> LinearMapping:
    low, high = sorted(draw(st.lists(_SCORES, min_size=2, max_size=2, unique=True)))
    return LinearMapping(
        draw(_SCORES), draw(_SPREADS), draw(_SCORES), draw(_SPREADS), low, high, draw(TEXTS)
    )


@st.composite
def concordances(draw: st.DrawFn) -> Concordance:
    homes = sorted(draw(st.sets(_SCORES, min_size=1, max_size=6)))
    hosts = sorted(draw(_SCORES) for _ in homes)
    errors = st.integers(0, limits.SCORE_MILLI)
    points = (
        ConcordancePoint(home, host, draw(errors)) for home, host in zip(homes, hosts, strict=True)
    )
    return Concordance(
        points=tuple(points),
        home_histogram=draw(UUIDS),
        host_histogram=draw(UUIDS),
        degree=draw(st.integers(0, limits.CONCORDANCE_DEGREE)),
        valid_until=draw(INSTANTS),
    )


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    """Agreements by all methods, with or without an offline grace."""
    found = draw(plain_agreements())
    grace = st.timedeltas(min_value=_MICRO, max_value=limits.OFFLINE_GRACE)
    mappings = (draw(_mapping(each)) for each in found.mappings)
    return replace(
        found,
        mappings=tuple(mappings),  # type: ignore[arg-type]  # one each way
        offline_grace=draw(st.just(timedelta(0)) | grace),
    )


@st.composite
def _mapping(draw: st.DrawFn, found: Mapping) -> Mapping:
    method = draw(st.none() | linear_mappings() | concordances())
    return replace(found, rows=(), method=method) if method else found
