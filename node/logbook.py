"""The log of a city as its node knows it, and what partners' logs are known to be."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from federation.identifiers import CityCode


class LogKind(enum.Enum):
    """What an entry of the log is about."""

    ISSUED = "issued"
    RECEIVED = "received"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REDEEMED = "redeemed"
    PROMISED = "promised"
    CONSENTED = "consented"
    ADMINISTRATIVE = "administrative"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One trace: what was said (`content`, of which only a salted commitment is kept) and of whom.

    `subject` finds the salts to delete when a person is erased; "" for acts that concern no one.
    """

    at: datetime
    kind: LogKind
    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    subject: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry as it is kept; `leaf_hash` is what the tree has of it."""

    sequence: int
    at: datetime
    kind: str
    commitment: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint of this city's log: the signed note, and the partners' lines of cosignatures."""

    size: int
    at: datetime
    note: bytes
    cosignatures: tuple[tuple[CityCode, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class PartnerCheckpoint:
    """A checkpoint of a partner's log, with the cosignature that this city gave for it."""

    city: CityCode
    size: int
    at: datetime
    note: bytes
    cosignature: bytes


@dataclass(frozen=True, slots=True)
class Fork:
    """Evidence that a partner's log forked: two signed notes, and the proof that did not hold.

    `trust_bundle` is the partner's as it was then, an envelope in JSON.
    """

    city: CityCode
    at: datetime
    known: bytes
    shown: bytes
    proof: tuple[bytes, ...]
    problem: str
    trust_bundle: bytes
