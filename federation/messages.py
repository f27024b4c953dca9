"""The statements as values: frozen, checked when built, valid for ever after.

How they look on the wire is in `codec`; what they mean together is in the module of each name.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation import limits
from federation.bands import Band, ScaleKind, check_bands
from federation.checks import ascending, count, malformed, text, within
from federation.identifiers import CityCode, name
from federation.keys import PublicKey
from federation.methods import Method

_DIGEST_BYTES = 32
_PORTS = 65535
_PORT_DIGITS = 5
_LEAST = timedelta(microseconds=1)
# A number that counts up from 1 never gets beyond what a signed integer of a store holds.
_SEQUENCE_BITS = 63


class Disclosure(enum.IntEnum):
    """How much of a standing is shown, each level a superset of the last (rule 5)."""

    THRESHOLD = 1
    BAND = 2
    SCORE = 3


class UseCounting(enum.Enum):
    """What of uses that are limited over all cities the home city counts, and is told."""

    NONE = 0
    ANONYMOUS = 1
    CLASS = 2


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
            raise malformed("header.expires_at", "it is not after issued_at")
        ascending(self.audience, where="header.audience", most=limits.SCENARIOS)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a peer port listens."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled."""
        text(self.host, where="endpoint.host")
        if not self.host or not 0 < self.port <= _PORTS:
            raise malformed("endpoint", "give a host and a port from 1 to 65535")

    @classmethod
    def read(cls, text: str, *, where: str) -> "Endpoint":
        """The endpoint in HOST:PORT, as people write it; raises MALFORMED."""
        host, _, port = text.strip().rpartition(":")
        plain = host.removeprefix("[").removesuffix("]")
        if not plain or not port.isascii() or not port.isdigit() or len(port) > _PORT_DIGITS:
            raise malformed(where, "write HOST:PORT, such as node.hangzhou.example:7445")
        return cls(plain, int(port))

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
    contact: str = ""
    """How residents reach whoever answers for personal data there (PIPL, article 17)."""

    def __post_init__(self) -> None:
        """Refuse a bundle that could never be met or replaced."""
        text(self.contact, where="contact")
        count(self.root_keys, "root_keys", limits.KEYS)
        count(self.signing_keys, "signing_keys", limits.KEYS)
        count(self.tls_certificates, "tls_certificates", limits.CERTIFICATES)
        count(self.endpoints, "endpoints", limits.ENDPOINTS)
        ids = [key.key_id for key in (*self.root_keys, *self.signing_keys)]
        if len(set(ids)) != len(ids):
            raise malformed("trust_bundle", "a key occurs twice; roots sign bundles only")
        if not 1 <= self.root_threshold <= len(self.root_keys):
            raise malformed("root_threshold", "it must be from 1 to the number of root keys")
        if any(len(der) > limits.CERTIFICATE_BYTES for der in self.tls_certificates):
            raise malformed("tls_certificates", f"over {limits.CERTIFICATE_BYTES} bytes")
        if self.sequence < 1:
            raise malformed("sequence", "it counts from 1")
        if self.refresh_hint <= timedelta(0):
            raise malformed("refresh_hint", "it must be above zero")
        text(self.name_zh, where="name_zh")
        text(self.name_en, where="name_en")


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
        text(self.source, where="scale.source")
        if self.version < 1:
            raise malformed("scale.version", "it counts from 1")
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
            raise malformed("scale.digest", "a SHA-256 has 32 bytes")


@dataclass(frozen=True, slots=True)
class BandRow:
    """A home band, and the host band that it is recognised as."""

    home_band: str
    host_band: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one host reads the standings of one home city: by a band table, or by a method."""

    home_city: CityCode
    host_city: CityCode
    line_band: str
    rows: tuple[BandRow, ...]
    method: Method | None = None

    def __post_init__(self) -> None:
        """Refuse a table with a home band twice, or whose line has no row."""
        if self.method is not None:
            name(self.line_band, where="mapping.line_band")
            if self.rows:
                raise malformed("mapping.rows", "give a band table, or another method")
            return
        count(self.rows, "mapping.rows", limits.BANDS)
        homes = [row.home_band for row in self.rows]
        if len(set(homes)) != len(homes):
            raise malformed("mapping.rows", "a home band occurs twice")
        if self.line_band not in homes:
            raise malformed("mapping.line_band", "it has no row")


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
    notice: timedelta = timedelta(0)
    offline_grace: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse a document whose parts do not fit each other."""
        one, other = self.parties
        if one >= other:
            raise malformed("parties", "give the two cities in ascending order")
        if tuple(scale.city for scale in self.scales) != self.parties:
            raise malformed("scales", "give one scale of each party, in the parties' order")
        ways = tuple((m.home_city, m.host_city) for m in self.mappings)
        if ways != ((one, other), (other, one)):
            raise malformed("mappings", "give one mapping each way, in the parties' order")
        if self.header.issuer not in self.parties or self.header.audience != self.parties:
            raise malformed("header", "an agreement is issued by a party, for both")
        if self.version < 1:
            raise malformed("version", "it counts from 1")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)
        ascending(self.commendations, where="commendations", most=limits.COMMENDATIONS)
        within(self.attestation_lifetime, "attestation_lifetime", limits.ATTESTATION_LIFETIME)
        within(self.status_freshness, "status_freshness", limits.STATUS_FRESHNESS)
        # These two may be zero, and are left out then.
        within(self.notice or _LEAST, "notice", limits.AGREEMENT_NOTICE)
        within(self.offline_grace or _LEAST, "offline_grace", limits.OFFLINE_GRACE)
        if self.valid_from >= self.valid_until:
            raise malformed("valid_until", "it is not after valid_from")
        # PIPL 55-56: no agreement without a legal basis and an impact assessment.
        for where, value in (
            ("legal_basis", self.legal_basis),
            ("privacy_assessment", self.privacy_assessment),
        ):
            text(value, where=where)
            if not value.strip():
                raise malformed(where, "it is required")

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
            raise malformed("subject", "give a presentation code or a pseudonym")
        if self.presentation_code is not None and len(self.presentation_code) != limits.CODE_BYTES:
            raise malformed("presentation_code", f"it has {limits.CODE_BYTES} bytes")
        if self.pseudonym is not None and len(self.pseudonym) != limits.PSEUDONYM_BYTES:
            raise malformed("pseudonym", f"it has {limits.PSEUDONYM_BYTES} bytes")
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
        shown = (
            self.line_band is not None,
            self.band_id is not None,
            self.score_milli is not None,
        )
        if shown != _SHOWN[self.disclosure]:
            raise malformed("claim", f"it does not fit the level {self.disclosure.name}")
        if self.commendations and self.disclosure is Disclosure.THRESHOLD:
            raise malformed("claim.commendations", "THRESHOLD shows none")
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
    counting: UseCounting = UseCounting.NONE
    use_commitment: bytes = b""

    def __post_init__(self) -> None:
        """Refuse one that names nobody."""
        if len(self.pseudonym) != limits.PSEUDONYM_BYTES:
            raise malformed("pseudonym", f"it has {limits.PSEUDONYM_BYTES} bytes")
        if len(self.request_digest) != _DIGEST_BYTES:
            raise malformed("request_digest", "a SHA-256 has 32 bytes")
        committed = 0 if self.counting is UseCounting.NONE else _DIGEST_BYTES
        if len(self.use_commitment) != committed:
            raise malformed("use_commitment", f"with this counting it has {committed} bytes")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)


@dataclass(frozen=True, slots=True)
class AgreementStanding:
    """What one city holds of an agreement; `ends_at` where it gave notice."""

    agreement_id: str
    version: int
    suspended: bool
    ends_at: datetime | None

    def __post_init__(self) -> None:
        """Refuse a version that no agreement has."""
        if self.version < 1:
            raise malformed("agreements.version", "it counts from 1")


@dataclass(frozen=True, slots=True)
class Flags:
    """How one city stands to another."""

    approved: bool = False
    tested: bool = False
    suspended: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Partnership:
    """How the issuer stands to the one city in the audience; a higher sequence replaces it."""

    header: Header
    sequence: int
    flags: Flags
    agreements: tuple[AgreementStanding, ...]

    def __post_init__(self) -> None:
        """Refuse one that is for several cities, or that says two things of one agreement."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "a partnership is with one city")
        if not 0 < self.sequence < 1 << _SEQUENCE_BITS:
            raise malformed("sequence", f"it counts from 1, and has {_SEQUENCE_BITS} bits")
        ids = tuple(a.agreement_id for a in self.agreements)
        ascending(ids, where="agreements", most=limits.PARTNERSHIP_AGREEMENTS)
