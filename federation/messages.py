"""The statements as values: frozen, checked when built, valid for ever after.

How they look on the wire is in `codec`; what they mean together is in the module of each name.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation import limits
from federation.errors import MALFORMED, TOO_LARGE, HutongError
from federation.identifiers import CityCode, name
from federation.keys import PublicKey

_DIGEST_BYTES = 32
_PORTS = 65535


class Disclosure(enum.IntEnum):
    """How much of a standing is shown, each level a superset of the last (rule 5)."""

    THRESHOLD = 1
    BAND = 2
    SCORE = 3


class ScaleKind(enum.Enum):
    """What a scale measures with."""

    NUMERIC = 1
    CATEGORICAL = 2


@dataclass(frozen=True, slots=True)
class Header:
    """The first field of every statement. `audience` is empty where it is for every city."""

    statement_id: str
    issuer: CityCode
    audience: tuple[CityCode, ...]
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        """Refuse an empty life and an unordered audience."""
        if self.issued_at >= self.expires_at:
            raise _malformed("header.expires_at", "it is not after issued_at")
        ascending(self.audience, where="header.audience", most=limits.SCENARIOS)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a peer port listens."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled."""
        _text(self.host, where="endpoint.host")
        if not self.host or not 0 < self.port <= _PORTS:
            raise _malformed("endpoint", "give a host and a port from 1 to 65535")

    def __str__(self) -> str:
        """HOST:PORT, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """A city's numbered set of keys, certificates (DER) and endpoints."""

    header: Header
    sequence: int
    name_zh: str
    name_en: str
    root_keys: tuple[PublicKey, ...]
    root_threshold: int
    signing_keys: tuple[PublicKey, ...]
    tls_certificates: tuple[bytes, ...]
    endpoints: tuple[Endpoint, ...]
    refresh_hint: timedelta

    def __post_init__(self) -> None:
        """Refuse a bundle that could never be met or replaced."""
        _count(self.root_keys, "root_keys", limits.KEYS)
        _count(self.signing_keys, "signing_keys", limits.KEYS)
        _count(self.tls_certificates, "tls_certificates", limits.CERTIFICATES)
        _count(self.endpoints, "endpoints", limits.ENDPOINTS)
        ids = [key.key_id for key in (*self.root_keys, *self.signing_keys)]
        if len(set(ids)) != len(ids):
            raise _malformed("trust_bundle", "a key occurs twice; roots sign bundles only")
        if not 1 <= self.root_threshold <= len(self.root_keys):
            raise _malformed("root_threshold", "it must be from 1 to the number of root keys")
        if any(len(der) > limits.CERTIFICATE_BYTES for der in self.tls_certificates):
            raise _malformed("tls_certificates", f"over {limits.CERTIFICATE_BYTES} bytes")
        if self.sequence < 1:
            raise _malformed("sequence", "it counts from 1")
        if self.refresh_hint <= timedelta(0):
            raise _malformed("refresh_hint", "it must be above zero")
        _text(self.name_zh, where="name_zh")
        _text(self.name_en, where="name_en")


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a band, in thousandths of a point."""

    score_milli: int
    inclusive: bool

    def __post_init__(self) -> None:
        """Refuse what no scale needs."""
        if abs(self.score_milli) > limits.SCORE_MILLI:
            raise _malformed("bound", f"a score is at most {limits.SCORE_MILLI} thousandths")


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a scale; both bounds are None on a categorical scale, `upper` at the top."""

    band_id: str
    name_zh: str
    name_en: str
    lower: Bound | None
    upper: Bound | None

    def __post_init__(self) -> None:
        """Refuse an empty or upside-down band."""
        name(self.band_id, where="band_id")
        _text(self.name_zh, where="band.name_zh")
        _text(self.name_en, where="band.name_en")
        if self.lower and self.upper and not _ordered(self.lower, self.upper):
            raise _malformed(f"band {self.band_id}", "its upper end is not above its lower end")

    def holds(self, score_milli: int) -> bool:
        """Whether the score lies in the band."""
        above = self.lower is None or (
            score_milli >= self.lower.score_milli
            if self.lower.inclusive
            else score_milli > self.lower.score_milli
        )
        below = self.upper is None or (
            score_milli <= self.upper.score_milli
            if self.upper.inclusive
            else score_milli < self.upper.score_milli
        )
        return above and below


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """A city's scale as other cities see it: the exportable bands only, low to high (rule 1)."""

    header: Header
    scale_id: str
    version: int
    kind: ScaleKind
    name_zh: str
    name_en: str
    minimum_milli: int | None
    maximum_milli: int | None
    bands: tuple[Band, ...]
    source: str
    illustrative: bool

    def __post_init__(self) -> None:
        """Refuse a scale that cannot be read one way only."""
        name(self.scale_id, where="scale_id")
        _text(self.source, where="scale.source")
        if self.version < 1:
            raise _malformed("scale.version", "it counts from 1")
        check_bands(self.kind, self.minimum_milli, self.maximum_milli, self.bands)

    def rank(self, band_id: str) -> int:
        """The place of a band among the exportable ones, from 0; -1 where it is none."""
        return next((i for i, band in enumerate(self.bands) if band.band_id == band_id), -1)


@dataclass(frozen=True, slots=True)
class ScaleReference:
    """Names one version of one city's scale, by its content."""

    city: CityCode
    scale_id: str
    version: int
    digest: bytes

    def __post_init__(self) -> None:
        """Refuse a reference that can fit no scale."""
        name(self.scale_id, where="scale_id")
        if len(self.digest) != _DIGEST_BYTES:
            raise _malformed("scale.digest", "a SHA-256 has 32 bytes")


@dataclass(frozen=True, slots=True)
class BandRow:
    """A home band, and the host band that it is recognised as."""

    home_band: str
    host_band: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one host reads the standings of one home city, by a band table."""

    home_city: CityCode
    host_city: CityCode
    line_band: str
    rows: tuple[BandRow, ...]

    def __post_init__(self) -> None:
        """Refuse a table with a home band twice, or whose line has no row."""
        _count(self.rows, "mapping.rows", limits.BANDS)
        homes = [row.home_band for row in self.rows]
        if len(set(homes)) != len(homes):
            raise _malformed("mapping.rows", "a home band occurs twice")
        if self.line_band not in homes:
            raise _malformed("mapping.line_band", "it has no row")


@dataclass(frozen=True, slots=True)
class Agreement:
    """The mutual-recognition document of two cities."""

    header: Header
    agreement_id: str
    version: int
    parties: tuple[CityCode, CityCode]
    scales: tuple[ScaleReference, ScaleReference]
    mappings: tuple[Mapping, Mapping]
    disclosure_limit: Disclosure
    scenarios: tuple[str, ...]
    commendations: tuple[str, ...]
    attestation_lifetime: timedelta
    status_freshness: timedelta
    legal_basis: str
    privacy_assessment: str
    valid_from: datetime
    valid_until: datetime

    def __post_init__(self) -> None:
        """Refuse a document whose parts do not fit each other."""
        one, other = self.parties
        if one >= other:
            raise _malformed("parties", "give the two cities in ascending order")
        if tuple(scale.city for scale in self.scales) != self.parties:
            raise _malformed("scales", "give one scale of each party, in the parties' order")
        ways = tuple((m.home_city, m.host_city) for m in self.mappings)
        if ways != ((one, other), (other, one)):
            raise _malformed("mappings", "give one mapping each way, in the parties' order")
        if self.header.issuer not in self.parties or self.header.audience != self.parties:
            raise _malformed("header", "an agreement is issued by a party, for both")
        if self.version < 1:
            raise _malformed("version", "it counts from 1")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)
        ascending(self.commendations, where="commendations", most=limits.COMMENDATIONS)
        _within(self.attestation_lifetime, "attestation_lifetime", limits.ATTESTATION_LIFETIME)
        _within(self.status_freshness, "status_freshness", limits.STATUS_FRESHNESS)
        if self.valid_from >= self.valid_until:
            raise _malformed("valid_until", "it is not after valid_from")
        # PIPL 55-56: no agreement without a legal basis and an impact assessment.
        for where, text in (
            ("legal_basis", self.legal_basis),
            ("privacy_assessment", self.privacy_assessment),
        ):
            _text(text, where=where)
            if not text.strip():
                raise _malformed(where, "it is required")

    def other(self, city: CityCode) -> CityCode:
        """The party that is not `city`."""
        one, other = self.parties
        return other if city == one else one

    def mapping(self, home: CityCode) -> Mapping:
        """The mapping of `home`'s standings."""
        return self.mappings[self.parties.index(home)]

    def scale(self, city: CityCode) -> ScaleReference:
        """The scale of `city`."""
        return self.scales[self.parties.index(city)]


@dataclass(frozen=True, slots=True)
class AttestationRequest:
    """A host's question on one resident: by a presentation code, or by pseudonym."""

    header: Header
    agreement_id: str
    agreement_version: int
    presentation_code: bytes | None
    pseudonym: bytes | None
    scenarios: tuple[str, ...]
    disclosure: Disclosure

    def __post_init__(self) -> None:
        """Refuse a question about nobody or about nothing."""
        if (self.presentation_code is None) == (self.pseudonym is None):
            raise _malformed("subject", "give a presentation code or a pseudonym")
        if self.presentation_code is not None and len(self.presentation_code) != limits.CODE_BYTES:
            raise _malformed("presentation_code", f"it has {limits.CODE_BYTES} bytes")
        if self.pseudonym is not None and len(self.pseudonym) != limits.PSEUDONYM_BYTES:
            raise _malformed("pseudonym", f"it has {limits.PSEUDONYM_BYTES} bytes")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is attested: `line_band` at THRESHOLD, `band_id` at BAND, and the score at SCORE."""

    disclosure: Disclosure
    line_band: str | None
    band_id: str | None
    score_milli: int | None
    commendations: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse more, or less, than the level shows."""
        shown = (self.line_band is not None, self.band_id is not None, self.score_milli is not None)
        if shown != _SHOWN[self.disclosure]:
            raise _malformed("claim", f"it does not fit the level {self.disclosure.name}")
        if self.commendations and self.disclosure is Disclosure.THRESHOLD:
            raise _malformed("claim.commendations", "THRESHOLD shows none")
        ascending(self.commendations, where="claim.commendations", most=limits.COMMENDATIONS)


_SHOWN = {
    Disclosure.THRESHOLD: (True, False, False),
    Disclosure.BAND: (False, True, False),
    Disclosure.SCORE: (False, True, True),
}


@dataclass(frozen=True, slots=True)
class Attestation:
    """The home city's statement on one resident to one host city. Good news only (rule 1)."""

    header: Header
    request_id: str
    request_digest: bytes
    pseudonym: bytes
    agreement_id: str
    agreement_version: int
    scale: ScaleReference
    claim: Claim
    scenarios: tuple[str, ...]
    as_of: datetime
    status_index: int

    def __post_init__(self) -> None:
        """Refuse one that names nobody."""
        if len(self.pseudonym) != limits.PSEUDONYM_BYTES:
            raise _malformed("pseudonym", f"it has {limits.PSEUDONYM_BYTES} bytes")
        if len(self.request_digest) != _DIGEST_BYTES:
            raise _malformed("request_digest", "a SHA-256 has 32 bytes")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)


Message = TrustBundle | ScoreScale | Agreement | AttestationRequest | Attestation


def check_bands(
    kind: ScaleKind, minimum: int | None, maximum: int | None, bands: tuple[Band, ...]
) -> None:
    """Refuse bands that leave a gap, overlap, or do not fit the kind of the scale.

    The bands go from low to high; each begins where the one before it ends.
    """
    _count(bands, "bands", limits.BANDS)
    ids = [band.band_id for band in bands]
    if len(set(ids)) != len(ids):
        raise _malformed("bands", "a band occurs twice")
    if kind is ScaleKind.CATEGORICAL:
        if minimum is not None or maximum is not None or any(b.lower or b.upper for b in bands):
            raise _malformed("bands", "a categorical scale has neither range nor bounds")
        return
    if minimum is None or maximum is None or minimum >= maximum:
        raise _malformed("scale", "a numeric scale has a minimum below its maximum")
    for lower, higher in zip(bands, bands[1:], strict=False):
        if not _meets(lower.upper, higher.lower):
            raise _malformed(
                f"band {higher.band_id}",
                f"it must begin exactly where {lower.band_id} ends: the same score, inclusive in "
                "one of the two",
            )
    if any(band.lower is None for band in bands):
        raise _malformed("bands", "each band of a numeric scale has a lower end")
    _check_top(bands[-1], maximum)


def _check_top(top: Band, maximum: int) -> None:
    if top.upper is not None and not top.holds(maximum):
        raise _malformed(f"band {top.band_id}", "the highest band must hold the maximum")
    if top.upper is None and not top.holds(maximum):
        raise _malformed(f"band {top.band_id}", "it begins above the maximum")


def ascending(values: tuple[str, ...], *, where: str, most: int, least: int = 0) -> None:
    """Refuse names that are not strictly ascending, or too many: one set has one encoding."""
    if not least <= len(values) <= most:
        raise _malformed(where, f"give {least} to {most}")
    for value in values:
        name(value, where=where)
    if any(a >= b for a, b in zip(values, values[1:], strict=False)):
        raise _malformed(where, "give them in ascending order, each once")


def _ordered(lower: Bound, upper: Bound) -> bool:
    if lower.score_milli == upper.score_milli:
        return lower.inclusive and upper.inclusive
    return lower.score_milli < upper.score_milli


def _meets(upper: Bound | None, lower: Bound | None) -> bool:
    if upper is None or lower is None:
        return False
    return upper.score_milli == lower.score_milli and upper.inclusive != lower.inclusive


def _within(value: timedelta, where: str, most: timedelta) -> None:
    if not timedelta(0) < value <= most:
        raise _malformed(where, f"it must be above zero and at most {most}")


def _count(values: tuple[object, ...], where: str, most: int) -> None:
    if not values:
        raise _malformed(where, "give at least one")
    if len(values) > most:
        raise HutongError(TOO_LARGE, where=where, size=str(len(values)), limit=str(most))


def _text(value: str, *, where: str) -> None:
    if len(value) > limits.TEXT_CHARACTERS or "\x00" in value:
        raise _malformed(where, f"at most {limits.TEXT_CHARACTERS} characters, none of them NUL")


def _malformed(where: str, problem: str) -> HutongError:
    return HutongError(MALFORMED, where=where, problem=problem)
