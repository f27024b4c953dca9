"""Valid statements from fixed seeds and at fixed times, for the tests and the vectors.

Three cities: Zhengzhou is at home, Hangzhou is the host, Nanjing is neither.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from federation import codec
from federation.agreement import Terms, terms
from federation.bands import Band, Bound, ScaleKind
from federation.envelope import (
    Envelope,
    Keyring,
    Signature,
    Statement,
    Verified,
    open_envelope,
    pae,
    seal,
)
from federation.identifiers import CityCode, city_code, uuid7
from federation.keys import Ed25519Signer, PublicKey, Signer
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
    ScoreScale,
    TrustBundle,
)
from federation.pseudonym import pairwise_pseudonym
from federation.recognition import claim_for
from federation.scale import Scale, Standing
from federation.trust import signing_keys

ZHENGZHOU = city_code("410100")
HANGZHOU = city_code("330100")
NANJING = city_code("320100")
NAMES = {ZHENGZHOU: "zhengzhou", HANGZHOU: "hangzhou", NANJING: "nanjing"}
NAMES_ZH = {ZHENGZHOU: "郑州", HANGZHOU: "杭州", NANJING: "南京"}

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SKEW = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

CODE = bytes(range(16))
PSEUDONYM = pairwise_pseudonym(b"a resident's secret, of 32 bytes", HANGZHOU)
SCENARIOS = ("hospital.treat_first", "library.deposit_free", "scenic.discount")
COMMENDATIONS = ("blood-donor", "volunteer-star")


def signer(city: CityCode, purpose: str = "signing-1") -> Ed25519Signer:
    """The key pair of a city for a purpose; its seed is the SHA-256 of both in words."""
    return Ed25519Signer.from_seed(hashlib.sha256(f"{city} {purpose}".encode()).digest())


def public(city: CityCode, purpose: str) -> PublicKey:
    return signer(city, purpose).described(not_before=NOW - DAY, not_after=NOW + 700 * DAY)


def statement_id(label: str, issued_at: datetime = NOW) -> str:
    return uuid7(issued_at, hashlib.sha256(label.encode()).digest())


def header(
    label: str, issuer: CityCode, *audience: CityCode, life: timedelta = timedelta(hours=1)
) -> Header:
    return Header(statement_id(f"{label} {issuer}"), issuer, audience, NOW, NOW + life)


def bundle(
    city: CityCode,
    sequence: int = 1,
    *,
    roots: Iterable[str] = ("root-1",),
    threshold: int = 1,
    keys: Iterable[str] = ("signing-1",),
) -> TrustBundle:
    return TrustBundle(
        header=header(f"trust bundle {sequence}", city, life=365 * DAY),
        sequence=sequence,
        name_zh=NAMES_ZH[city],
        name_en=NAMES[city].capitalize(),
        root_keys=tuple(public(city, root) for root in roots),
        root_threshold=threshold,
        signing_keys=tuple(public(city, key) for key in keys),
        tls_certificates=(f"stands for the DER certificate of {city}".encode(),),
        endpoints=(Endpoint(f"node.{NAMES[city]}.example", 7443),),
        refresh_hint=timedelta(hours=6),
    )


def sealed_bundle(message: TrustBundle, *roots: str) -> Envelope:
    """The bundle signed by these roots of its city, or by its first."""
    city = message.header.issuer
    return seal(codec.TRUST_BUNDLE, message, [signer(city, root) for root in roots or ("root-1",)])


def ring(city: CityCode) -> Keyring:
    """The keys that sign a city's statements."""
    return signing_keys(bundle(city))


def band(band_id: str, name_zh: str, low: int | None, high: int | None, ends: str = "[)") -> Band:
    """A band in whole points; `ends` are its brackets, as in [120,150]."""
    return Band(
        band_id,
        name_zh,
        band_id.replace("-", " "),
        None if low is None else Bound(low * 1000, inclusive=ends[0] == "["),
        None if high is None else Bound(high * 1000, inclusive=ends[1] == "]"),
    )


def _scale(
    city: CityCode, scale_id: str, bands: tuple[Band, ...], *, top: int | None, base: int | None
) -> Scale:
    numeric = top is not None
    return Scale(
        city=city,
        scale_id=scale_id,
        version=1,
        kind=ScaleKind.NUMERIC if numeric else ScaleKind.CATEGORICAL,
        name_zh=f"{NAMES_ZH[city]}的分",
        name_en=f"score of {NAMES[city].capitalize()}",
        minimum_milli=0 if numeric else None,
        maximum_milli=None if top is None else top * 1000,
        base_milli=None if base is None else base * 1000,
        bands=bands,
        exportable_from="excellent" if numeric else "listed",
        listed_by=() if numeric else ((), COMMENDATIONS),
        source="made up for tests",
        illustrative=False,
    )


WHOLE = {
    ZHENGZHOU: _scale(
        ZHENGZHOU,
        "shangding",
        (
            band("poor", "较差", 0, 80),
            band("minor-dishonesty", "轻微失信", 80, 100),
            band("good", "良好", 100, 120),
            band("excellent", "优秀", 120, 150, "[]"),
            band("outstanding", "极好", 150, None, "("),
        ),
        top=200,
        base=100,
    ),
    HANGZHOU: _scale(
        HANGZHOU,
        "qianjiang",
        (
            band("to-improve", "待提高", 0, 550),
            band("fair", "一般", 550, 600),
            band("good", "良好", 600, 700),
            band("excellent", "优秀", 700, 750),
            band("outstanding", "极好", 750, None, "["),
        ),
        top=1000,
        base=600,
    ),
    NANJING: _scale(
        NANJING,
        "honesty-card",
        (band("not-listed", "未列入", None, None), band("listed", "列入", None, None)),
        top=None,
        base=None,
    ),
}


def scale(city: CityCode) -> ScoreScale:
    """A city's scale as other cities see it."""
    return WHOLE[city].exported(header("scale", city, life=365 * DAY))


SCALES = {city: scale(city) for city in WHOLE}


def agreement() -> Agreement:
    """What Hangzhou proposed to Zhengzhou."""

    def mapping(home: CityCode, host: CityCode) -> Mapping:
        rows = (BandRow("excellent", "excellent"), BandRow("outstanding", "outstanding"))
        return Mapping(home, host, "excellent", rows)

    return Agreement(
        header=header("agreement", HANGZHOU, HANGZHOU, ZHENGZHOU, life=365 * DAY),
        agreement_id=statement_id("the agreement of two cities"),
        version=1,
        parties=(HANGZHOU, ZHENGZHOU),
        scales=(codec.scale_reference(SCALES[HANGZHOU]), codec.scale_reference(SCALES[ZHENGZHOU])),
        mappings=(mapping(HANGZHOU, ZHENGZHOU), mapping(ZHENGZHOU, HANGZHOU)),
        disclosure_limit=Disclosure.SCORE,
        scenarios=SCENARIOS,
        commendations=COMMENDATIONS,
        attestation_lifetime=timedelta(hours=24),
        status_freshness=timedelta(hours=1),
        legal_basis="an agreement of two cities, made up for tests",
        privacy_assessment="PIA-2026-001, made up for tests",
        valid_from=NOW - DAY,
        valid_until=NOW + 365 * DAY,
    )


def zhengzhou_terms() -> Terms:
    return terms(agreement(), ZHENGZHOU, SCALES)


def request(
    *, by_pseudonym: bool = False, disclosure: Disclosure = Disclosure.BAND
) -> AttestationRequest:
    """What Hangzhou asks Zhengzhou."""
    words = f"request {by_pseudonym} {disclosure.name}"
    return AttestationRequest(
        header=header(words, HANGZHOU, ZHENGZHOU, life=timedelta(seconds=60)),
        agreement_id=agreement().agreement_id,
        agreement_version=1,
        presentation_code=None if by_pseudonym else CODE,
        pseudonym=PSEUDONYM if by_pseudonym else None,
        scenarios=SCENARIOS,
        disclosure=disclosure,
    )


STANDING = Standing("excellent", 130_500, ("blood-donor", "local-hero"))


def claim(disclosure: Disclosure = Disclosure.BAND) -> Claim:
    said = claim_for(STANDING, WHOLE[ZHENGZHOU], zhengzhou_terms(), disclosure)
    if said is None:
        raise ValueError("the standing has nothing to say")
    return said


def attestation(asked: AttestationRequest | None = None) -> Attestation:
    """What Zhengzhou answers to `asked`, or to the plain request."""
    asked = asked or request()
    payload = codec.ATTESTATION_REQUEST.encode(asked)
    return Attestation(
        header=header(f"answer to {asked.header.statement_id}", ZHENGZHOU, HANGZHOU),
        request_id=asked.header.statement_id,
        request_digest=hashlib.sha256(payload).digest(),
        pseudonym=PSEUDONYM,
        agreement_id=asked.agreement_id,
        agreement_version=1,
        scale=codec.scale_reference(SCALES[ZHENGZHOU]),
        claim=claim(asked.disclosure),
        scenarios=("library.deposit_free", "scenic.discount"),
        as_of=NOW,
        status_index=4711,
    )


def partnership(sequence: int = 4, flags: Flags | None = None) -> Partnership:
    """How Zhengzhou stands to Hangzhou: active, with one agreement that ends in a month."""
    ending = AgreementStanding(agreement().agreement_id, 1, suspended=True, ends_at=NOW + 30 * DAY)
    lasting = AgreementStanding(
        statement_id("the agreement after it", NOW + SECOND), 2, suspended=False, ends_at=None
    )
    return Partnership(
        header=header(f"partnership {sequence}", ZHENGZHOU, HANGZHOU, life=timedelta(minutes=5)),
        sequence=sequence,
        flags=flags or Flags(approved=True, tested=True),
        agreements=(ending, lasting),
    )


def sealed(
    message: AttestationRequest | Attestation | ScoreScale | Agreement | Partnership,
) -> Envelope:
    """The statement, signed as it must be."""
    match message:
        case AttestationRequest():
            return seal(codec.ATTESTATION_REQUEST, message, [signer(HANGZHOU)])
        case Attestation():
            return seal(codec.ATTESTATION, message, [signer(ZHENGZHOU)])
        case Partnership():
            return seal(codec.PARTNERSHIP, message, [signer(message.header.issuer)])
        case ScoreScale():
            return seal(codec.SCORE_SCALE, message, [signer(message.header.issuer)])
        case Agreement():
            return seal(codec.AGREEMENT, message, [signer(city) for city in message.parties])


def sealed_bytes(payload_type: str, payload: bytes, *signers: Signer) -> Envelope:
    """Any bytes at all, signed as they are."""
    covered = pae(payload_type, payload)
    return Envelope(
        payload_type, payload, tuple(Signature(s.key_id, s.sign(covered)) for s in signers)
    )


def sealed_as(statement: Statement[Attestation], payload: bytes) -> Envelope:
    """Any bytes as Zhengzhou's statement of that kind."""
    return sealed_bytes(statement.payload_type, payload, signer(ZHENGZHOU))


def opened_request(
    message: AttestationRequest, now: datetime = NOW
) -> Verified[AttestationRequest]:
    return open_envelope(
        sealed(message),
        codec.ATTESTATION_REQUEST,
        signed_by=[ring(HANGZHOU)],
        audience=ZHENGZHOU,
        now=now,
    )


def opened(message: Attestation, now: datetime = NOW) -> Verified[Attestation]:
    return open_envelope(
        sealed(message), codec.ATTESTATION, signed_by=[ring(ZHENGZHOU)], audience=HANGZHOU, now=now
    )


def aged(head: Header, by: timedelta) -> Header:
    """The header as if it were made that much earlier."""
    return replace(head, issued_at=head.issued_at - by, expires_at=head.expires_at - by)
