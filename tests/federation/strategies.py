"""Statements of every kind and any content, for properties."""

import string
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from federation import limits
from federation.bands import Band, Bound, ScaleKind
from federation.identifiers import CityCode, city_code, uuid7
from federation.keys import PublicKey, Suite, key_id
from federation.messages import (
    Agreement,
    AgreementStanding,
    Attestation,
    AttestationRequest,
    BandRow,
    Claim,
    Disclosure,
    Endpoint,
    Flags,
    Header,
    Mapping,
    Partnership,
    ScaleReference,
    ScoreScale,
    TrustBundle,
    UseCounting,
)
from federation.scale import Scale, Standing
from federation.standing import AttestationBatch, RenewalRequest, StatusList
from federation.status_list import bits_of

_LETTERS = string.ascii_lowercase + string.digits
NAMES = st.text(_LETTERS, min_size=1, max_size=8)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
WORDS = TEXTS.filter(lambda text: bool(text.strip()))
CITIES: SearchStrategy[CityCode] = st.integers(100_000, 999_999).map(lambda n: city_code(str(n)))
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
LIVES = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=9999))
UUIDS = st.builds(uuid7, INSTANTS, st.binary(min_size=10, max_size=10))
DIGESTS = st.binary(min_size=32, max_size=32)
VERSIONS = st.integers(1, 2**32 - 1)
DISCLOSURES = st.sampled_from(Disclosure)


def name_sets(least: int = 0) -> SearchStrategy[tuple[str, ...]]:
    """Names in ascending order, each once."""
    return st.sets(NAMES, min_size=least, max_size=5).map(lambda found: tuple(sorted(found)))


def up_to(most: timedelta) -> SearchStrategy[timedelta]:
    return st.timedeltas(min_value=timedelta(microseconds=1), max_value=most)


@st.composite
def headers(
    draw: st.DrawFn,
    issuer: SearchStrategy[CityCode] = CITIES,
    audience: tuple[CityCode, ...] | None = None,
) -> Header:
    issued = draw(INSTANTS)
    cities = tuple(sorted(draw(st.sets(CITIES, max_size=3)))) if audience is None else audience
    return Header(draw(UUIDS), draw(issuer), cities, issued, issued + draw(LIVES))


@st.composite
def public_keys(draw: st.DrawFn) -> PublicKey:
    raw, begin = draw(DIGESTS.filter(lambda found: any(found[1:]))), draw(INSTANTS)
    return PublicKey(
        key_id(Suite.ED25519, raw),
        Suite.ED25519,
        raw,
        begin,
        begin + draw(LIVES),
        draw(st.none() | INSTANTS),
    )


@st.composite
def trust_bundles(draw: st.DrawFn) -> TrustBundle:
    keys = draw(st.lists(public_keys(), min_size=2, max_size=5, unique_by=lambda k: k.key_id))
    cut = draw(st.integers(1, len(keys) - 1))
    endpoints = st.builds(Endpoint, NAMES, st.integers(1, 65535))
    return TrustBundle(
        header=draw(headers()),
        sequence=draw(st.integers(1, 2**64 - 1)),
        name_zh=draw(TEXTS),
        name_en=draw(TEXTS),
        root_keys=tuple(keys[:cut]),
        root_threshold=draw(st.integers(1, cut)),
        signing_keys=tuple(keys[cut:]),
        tls_certificates=draw(st.lists(st.binary(max_size=50), min_size=1, max_size=3).map(tuple)),
        endpoints=draw(st.lists(endpoints, min_size=1, max_size=3).map(tuple)),
        refresh_hint=draw(LIVES),
    )


@st.composite
def numeric_bands(draw: st.DrawFn, least: int = 1) -> tuple[Band, ...]:
    """Bands that cover a range without a gap, low to high, the lowest with its end in it."""
    scores = st.integers(-limits.SCORE_MILLI, limits.SCORE_MILLI - 1)
    lows = sorted(draw(st.sets(scores, min_size=least, max_size=6)))
    within = [True, *draw(st.lists(st.booleans(), min_size=len(lows), max_size=len(lows)))]
    ids = draw(st.lists(NAMES, min_size=len(lows), max_size=len(lows), unique=True))
    lowers = [Bound(low, inclusive=ends) for low, ends in zip(lows, within, strict=False)]
    uppers = [Bound(b.score_milli, inclusive=not b.inclusive) for b in lowers[1:]]
    tops = [*uppers, None]
    return tuple(
        Band(band_id, draw(TEXTS), draw(TEXTS), lower, upper)
        for band_id, lower, upper in zip(ids, lowers, tops, strict=True)
    )


@st.composite
def score_scales(draw: st.DrawFn) -> ScoreScale:
    kind = draw(st.sampled_from(ScaleKind))
    if kind is ScaleKind.NUMERIC:
        bands = draw(numeric_bands())
        top = bands[-1].lower
        highest = limits.SCORE_MILLI if top is None else top.score_milli + 1
        lowest = min(b.lower.score_milli for b in bands if b.lower)
    else:
        ids = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
        bands = tuple(Band(band_id, draw(TEXTS), draw(TEXTS), None, None) for band_id in ids)
    numeric = kind is ScaleKind.NUMERIC
    return ScoreScale(
        header=draw(headers()),
        scale_id=draw(NAMES),
        version=draw(VERSIONS),
        kind=kind,
        name_zh=draw(TEXTS),
        name_en=draw(TEXTS),
        minimum_milli=lowest if numeric else None,
        maximum_milli=highest if numeric else None,
        bands=bands,
        source=draw(TEXTS),
        illustrative=draw(st.booleans()),
    )


def references(city: SearchStrategy[CityCode] = CITIES) -> SearchStrategy[ScaleReference]:
    return st.builds(ScaleReference, city, NAMES, VERSIONS, DIGESTS)


@st.composite
def _mappings(draw: st.DrawFn, home: CityCode, host: CityCode) -> Mapping:
    homes = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    rows = tuple(BandRow(band, draw(NAMES)) for band in homes)
    return Mapping(home, host, draw(st.sampled_from(homes)), rows)


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    one, other = sorted(draw(st.sets(CITIES, min_size=2, max_size=2)))
    begin = draw(INSTANTS)
    return Agreement(
        header=draw(headers(st.sampled_from([one, other]), (one, other))),
        agreement_id=draw(UUIDS),
        version=draw(VERSIONS),
        parties=(one, other),
        scales=(draw(references(st.just(one))), draw(references(st.just(other)))),
        mappings=(draw(_mappings(one, other)), draw(_mappings(other, one))),
        disclosure_limit=draw(DISCLOSURES),
        scenarios=draw(name_sets(1)),
        commendations=draw(name_sets()),
        attestation_lifetime=draw(up_to(limits.ATTESTATION_LIFETIME)),
        status_freshness=draw(up_to(limits.STATUS_FRESHNESS)),
        legal_basis=draw(WORDS),
        privacy_assessment=draw(WORDS),
        valid_from=begin,
        valid_until=begin + draw(LIVES),
        notice=draw(st.just(timedelta(0)) | up_to(limits.AGREEMENT_NOTICE)),
    )


@st.composite
def requests(draw: st.DrawFn) -> AttestationRequest:
    by_code = draw(st.booleans())
    return AttestationRequest(
        header=draw(headers()),
        agreement_id=draw(UUIDS),
        agreement_version=draw(VERSIONS),
        presentation_code=draw(st.binary(min_size=16, max_size=16)) if by_code else None,
        pseudonym=None if by_code else draw(DIGESTS),
        scenarios=draw(name_sets(1)),
        disclosure=draw(DISCLOSURES),
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    level = draw(DISCLOSURES)
    threshold, score = level is Disclosure.THRESHOLD, level is Disclosure.SCORE
    return Claim(
        level,
        draw(NAMES) if threshold else None,
        None if threshold else draw(NAMES),
        draw(st.integers(-limits.SCORE_MILLI, limits.SCORE_MILLI)) if score else None,
        () if threshold else draw(name_sets()),
    )


@st.composite
def attestations(draw: st.DrawFn) -> Attestation:
    counting = draw(st.sampled_from(UseCounting))
    return Attestation(
        header=draw(headers()),
        request_id=draw(UUIDS),
        request_digest=draw(DIGESTS),
        pseudonym=draw(DIGESTS),
        agreement_id=draw(UUIDS),
        agreement_version=draw(VERSIONS),
        scale=draw(references()),
        claim=draw(claims()),
        scenarios=draw(name_sets(1)),
        as_of=draw(INSTANTS),
        status_index=draw(st.integers(0, 2**64 - 1)),
        counting=counting,
        use_commitment=b"" if counting is UseCounting.NONE else draw(DIGESTS),
    )


@st.composite
def partnerships(draw: st.DrawFn) -> Partnership:
    ids = sorted(draw(st.sets(UUIDS, max_size=5)))
    standings = (
        AgreementStanding(each, draw(VERSIONS), draw(st.booleans()), draw(st.none() | INSTANTS))
        for each in ids
    )
    return Partnership(
        header=draw(headers(audience=(draw(CITIES),))),
        sequence=draw(st.integers(1, 2**63 - 1)),
        flags=Flags(*draw(st.tuples(*[st.booleans()] * 4))),
        agreements=tuple(standings),
    )


@st.composite
def status_lists(draw: st.DrawFn) -> StatusList:
    head = draw(headers(audience=(draw(CITIES),)))
    places = draw(st.sets(st.integers(0, limits.STATUS_PLACES - 1), max_size=20))
    return StatusList(
        header=head,
        list_number=draw(st.integers(0, 2**32 - 1)),
        sequence=draw(st.integers(0, 2**63 - 1)),
        bits=bits_of(places),
        time_to_live=draw(up_to(head.expires_at - head.issued_at)),
    )


@st.composite
def renewal_requests(draw: st.DrawFn) -> RenewalRequest:
    return RenewalRequest(
        header=draw(headers(audience=(draw(CITIES),))),
        agreement_id=draw(UUIDS),
        agreement_version=draw(VERSIONS),
        scenarios=draw(name_sets(1)),
        disclosure=draw(DISCLOSURES),
        pseudonyms=tuple(draw(st.lists(DIGESTS, min_size=1, max_size=6, unique=True))),
    )


@st.composite
def attestation_batches(draw: st.DrawFn) -> AttestationBatch:
    return AttestationBatch(
        header=draw(headers(audience=(draw(CITIES),))),
        request_id=draw(UUIDS),
        request_digest=draw(DIGESTS),
        size=draw(st.integers(1, limits.RENEWAL_ITEMS)),
        root=draw(DIGESTS),
    )


@st.composite
def whole_scales(draw: st.DrawFn, city: CityCode) -> Scale:
    """A city's own scale, with any exportable line."""
    numeric = draw(st.booleans())
    if numeric:
        bands = draw(numeric_bands())
        ends = [band.lower.score_milli for band in bands if band.lower]
        lowest, highest = ends[0], ends[-1] + 1
        listed: tuple[tuple[str, ...], ...] = ()
    else:
        ids = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
        bands = tuple(Band(band_id, "", "", None, None) for band_id in ids)
        listed = ((), *(draw(name_sets(1)) for _ in ids[1:]))
    return Scale(
        city=city,
        scale_id=draw(NAMES),
        version=1,
        kind=ScaleKind.NUMERIC if numeric else ScaleKind.CATEGORICAL,
        name_zh="",
        name_en="",
        minimum_milli=lowest if numeric else None,
        maximum_milli=highest if numeric else None,
        base_milli=draw(st.integers(lowest, highest)) if numeric else None,
        bands=bands,
        exportable_from=draw(st.sampled_from(bands)).band_id,
        listed_by=listed,
        source="",
        illustrative=True,
    )


@st.composite
def standings(draw: st.DrawFn, scale: Scale) -> Standing:
    """Any standing on the scale, often at the edge of a band."""
    named = draw(st.sets(st.sampled_from([n for by in scale.listed_by for n in by] or ["x"])))
    edges = [band.lower.score_milli for band in scale.bands if band.lower]
    base = scale.base_milli or 0
    near = st.sampled_from(edges or [0]).flatmap(lambda e: st.integers(e - 2, e + 2))
    score = draw(near | st.integers(-2 * limits.SCORE_MILLI, 2 * limits.SCORE_MILLI))
    return scale.standing(score - base, frozenset(named))


@st.composite
def band_tables(
    draw: st.DrawFn, home: tuple[str, ...], host: tuple[str, ...]
) -> tuple[BandRow, ...]:
    """Rows between two lists of bands, low to high: often in order, often not."""
    if draw(st.booleans()):
        begin = draw(st.integers(0, len(home) - 1))
        to = sorted(draw(st.integers(0, len(host) - 1)) for _ in range(len(home) - begin))
        return tuple(BandRow(band, host[rank]) for band, rank in zip(home[begin:], to, strict=True))
    homes = draw(st.lists(st.sampled_from(home), min_size=1, unique=True))
    return tuple(BandRow(band, draw(st.sampled_from(host))) for band in homes)
