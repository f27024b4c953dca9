"""What a home city attested and whether it still stands; what a host heard of that."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from federation.identifiers import CityCode
from federation.messages import Disclosure, UseCounting


@dataclass(frozen=True, slots=True)
class IssuedAttestation:
    """An attestation that this city gave.

    `pseudonym` is what the host knows the resident by. `claim` is what it says, in
    `services.statuses.claim_text`, to compare with what would be said now. `statement` is the
    binary envelope; of one in a batch (`batch_id` is not "") the payload alone, which stands by the
    batch's signature. `log_sequence` is the entry of the log that commits to it, or to its batch.
    """

    attestation_id: str
    resident_id: str
    consent_id: str
    host: CityCode
    pseudonym: bytes = field(repr=False)
    status_index: int
    issued_at: datetime
    expires_at: datetime
    claim: str
    statement: bytes = field(repr=False)
    log_sequence: int
    batch_id: str = ""
    leaf_index: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedBatch:
    """A batch of attestations under one signature, and the answer to its request.

    `given` has a bit for each pseudonym of the request, the first in the lowest bit: whether it was
    attested to. `leaf_hashes` are those of the attestations, joined.
    """

    batch_id: str
    host: CityCode
    request_id: str
    body_digest: bytes
    envelope: bytes
    leaf_hashes: bytes = field(repr=False)
    given: bytes
    issued_at: datetime
    log_sequence: int


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What a ruling depends on, besides whether the consent stands.

    Of a thousand residents most are of few kinds, and those of one kind share it: it is compared by
    what it is, not by what is in it.
    """

    scenarios: tuple[str, ...]
    disclosure: Disclosure
    shared_milli: int
    commendations: tuple[str, ...]


class Candidate(NamedTuple):
    """Whom a host asks for in a batch, under one consent: what is needed to rule, and no more.

    A tuple, for there are a thousand in a batch. `stands` says whether the consent counts now,
    `is_fresh` whether the sums do.
    """

    pseudonym: bytes
    consent_id: str
    resident_id: str
    person: int
    stands: bool
    expires_at: datetime
    kind: Kind
    is_fresh: bool
    counting: UseCounting = UseCounting.NONE
    use_commitment: bytes = b""


class BatchItem(NamedTuple):
    """An attestation of a batch, as it is to be kept; a tuple, for there are a thousand."""

    attestation_id: str
    resident_id: str
    consent_id: str
    pseudonym: bytes
    status_index: int
    expires_at: datetime
    claim: str
    statement: bytes


@dataclass(frozen=True, slots=True)
class StatusFeed:
    """What one host is to know: `sequence` changes happened, `acknowledged` of them it has."""

    host: CityCode
    sequence: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class OwnStatusList:
    """One list of this city for one host: the places that are set, and when one last was."""

    list_number: int
    places: tuple[int, ...]
    changed: int


@dataclass(frozen=True, slots=True)
class PartnerStatusList:
    """A status list of a home city, as this host keeps it. `bits` are decompressed."""

    home: CityCode
    list_number: int
    sequence: int
    issued_at: datetime
    expires_at: datetime
    bits: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingRenewal:
    """A renewal request that was signed and kept before it was sent."""

    home: CityCode
    request_id: str
    envelope: bytes
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """Which recognitions of a home city are to be renewed.

    Those that stand at `now`, end by `upto`, and whose attestation came before `checked_before`.
    """

    home: CityCode
    now: datetime
    upto: datetime
    checked_before: datetime


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """The receipt of a consent: the very bytes that the resident was shown, and their trace."""

    consent_id: str
    resident_id: str
    text_version: int
    content: bytes = field(repr=False)
    log_sequence: int
    reminded_at: datetime | None = None
