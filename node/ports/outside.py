"""What use cases need of the world: a clock, entropy, keys, the other cities."""

import enum
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from federation.envelope import BatchedPayload, Envelope
from federation.hello import Finish, Hello
from federation.identifiers import CityCode
from federation.keys import PublicKey
from federation.messages import Endpoint
from node.certificates import Identity
from node.registry import (
    Partner,
)
from node.trials import TrialPeers

T = TypeVar("T")


class Clock(Protocol):
    """The one clock of a node."""

    def now(self) -> datetime:
        """The instant, in UTC."""


class Entropy(Protocol):
    """The one source of randomness of a node."""

    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""


@dataclass(frozen=True, slots=True)
class BundleSwap:
    """What a partner gave for our trust bundles: its own, and the sequence of ours that it has.

    `their_clock` is None where it did not say.
    """

    chain: tuple[Envelope, ...]
    acknowledged: int
    their_clock: datetime | None


@dataclass(frozen=True, slots=True)
class ScaleSwap:
    """What a city gives: its scales in force, and its histograms of those that are published."""

    scales: tuple[Envelope, ...] = ()
    histograms: tuple[Envelope, ...] = ()


class Questions(Protocol):
    """The one thing that a host asks a home city."""

    async def request_attestation(self, partner: Partner, request: Envelope) -> Envelope:
        """Ask for an attestation."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a partner said to a checkpoint: its cosignature, b"" for none, and what it had before.

    `known` is the newest checkpoint of ours that it has, b"" for none.
    """

    line: bytes
    known: bytes


@dataclass(frozen=True, slots=True)
class RenewalPortion:
    """Some of the results of one renewal request, from `first` on.

    `batch` is the envelope of the batch, with the first portion, unless nothing is attested to in
    any. A result is None where nothing is attested to.
    """

    request_id: str
    batch: Envelope | None
    first: int
    results: tuple[BatchedPayload | None, ...]


class PeerStatuses(Protocol):
    """Status lists, brought or fetched."""

    async def push_status_lists(self, partner: Partner, lists: tuple[Envelope, ...]) -> None:
        """Bring lists in which something changed; it returns once the partner keeps them."""

    async def status_lists(self, partner: Partner) -> tuple[Envelope, ...]:
        """The partner's lists for this city, all of them."""


class PeerRenewals(Protocol):
    """Many attestations under one signature."""

    def renew_attestations(
        self, partner: Partner, requests: AsyncIterator[Envelope]
    ) -> AsyncGenerator[RenewalPortion, None]:
        """Ask for batches, and get their results in order; the next request is taken as it is sent.

        Raises as the other calls do, in the middle too: what came before counts.
        """


class PeerUses(Protocol):
    """Uses that the partner counts, as home city."""

    async def reserve_use(self, partner: Partner, request: Envelope) -> Envelope:
        """Ask for a lease."""

    async def release_use(self, partner: Partner, release: Envelope) -> None:
        """Give one back; it returns once the partner knows."""


class PeerLogs(Protocol):
    """The partner's log, and ours as the partner sees it."""

    async def add_checkpoint(
        self, partner: Partner, old_size: int, proof: tuple[bytes, ...], checkpoint: bytes
    ) -> Cosigned:
        """Bring our newest checkpoint to be cosigned."""

    async def checkpoint(self, partner: Partner, of: CityCode | None = None) -> bytes:
        """The partner's newest checkpoint, or the newest of another city's that it cosigned.

        With the cosignatures that it has; b"" for none.
        """

    async def consistency_proof(
        self, partner: Partner, first: int, second: int
    ) -> tuple[bytes, ...]:
        """The proof that the partner's log of one size begins that of another."""

    async def inclusion_proof(
        self, partner: Partner, index: int, size: int
    ) -> tuple[bytes, tuple[bytes, ...]]:
        """The leaf hash of an entry of the partner's log, and the proof that it is in it."""

    async def leaf_hashes(self, partner: Partner, first: int, count: int) -> tuple[bytes, ...]:
        """At most so many leaf hashes of the partner's log."""


class Anchor(Protocol):
    """The newest checkpoint of this city's own log, kept outside of the store.

    A store that was rolled back to an older copy is told by it.
    """

    def read(self) -> bytes:
        """The signed note; b"" where there is none yet."""

    def write(self, note: bytes) -> None:
        """Keep it, durably, in place of the one before."""


class CircuitState(enum.Enum):
    """Whether calls to a partner go out: all, one that tries it, or none."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class CircuitView:
    """How calls to a partner go: failures in a row, openings in all, the wait until the next."""

    state: CircuitState
    failures: int
    opened: int
    wait: timedelta


class Peers(Questions, PeerStatuses, PeerRenewals, PeerUses, PeerLogs, TrialPeers, Protocol):
    """The partner cities' peer ports.

    Each call has a deadline. It raises PEER_UNREACHABLE, PEER_REFUSED with the peer's reason, or
    PARTNER_BUSY where too many to that partner are under way: that one did not go out.
    """

    def circuit(self, city: CityCode) -> CircuitView | None:
        """How calls to a partner go; None where this process has made none. From any thread."""

    async def exchange_trust_bundles(
        self, partner: Partner, own: tuple[Envelope, ...], *, by_any_means: bool = False
    ) -> BundleSwap:
        """Give our bundles, the newest last, and get the partner's.

        `by_any_means`: also where neither knows the other's newest certificate. Bundles prove
        themselves by the root's signatures, whoever brings them.
        """

    async def exchange_partnership(self, partner: Partner, own: Envelope) -> Envelope:
        """Say how we stand to the partner, and hear how it stands to us."""

    async def exchange_scales(self, partner: Partner, own: ScaleSwap) -> ScaleSwap:
        """Give our scales in force, with their histograms, and get the partner's."""

    async def propose_agreement(self, partner: Partner, agreement: Envelope) -> None:
        """Bring an agreement that we signed."""

    async def countersign_agreement(self, partner: Partner, agreement: Envelope) -> None:
        """Bring back an agreement that both signed."""


class Door(Protocol):
    """This city's onboarding port, and the way to that of another city."""

    @property
    def address(self) -> str:
        """Where another city knocks, HOST:PORT."""

    async def open(self, certificate: bytes) -> None:
        """Listen with this certificate (DER), unless some process of this city does already.

        Raises CANNOT_LISTEN.
        """

    async def close(self) -> None:
        """Listen no more."""

    async def shown_by(self, address: Endpoint) -> bytes:
        """The certificate, DER, that a door shows, believed by nobody; raises DOOR_UNREACHABLE."""

    async def begin(self, address: Endpoint, shown: bytes, hello: Hello) -> Hello:
        """Greet the city behind a door that shows this certificate."""

    async def finish(self, address: Endpoint, shown: bytes, hello: Hello, said: Finish) -> Finish:
        """Prove the code and hand over the bundle; raises WRONG_CODE and what else it says."""


class Identities(Protocol):
    """What a node shows to partners, as server and as client, and to its own clients."""

    @property
    def local_identity(self) -> Identity:
        """The certificate of the local port, with its key."""

    @property
    def peer_identity(self) -> Identity:
        """The certificate that it shows now, with its key."""

    @property
    def peer_identities(self) -> tuple[Identity, ...]:
        """The current one, then the older ones that partners may still know, the newest first."""

    @property
    def revoked_identities(self) -> tuple[Identity, ...]:
        """Those that were taken away while this process ran, the newest first.

        A partner may know nothing newer until it has heard of that; nothing else is said with them.
        """


class Keys(Identities, Protocol):
    """What a node needs its private keys for. What is current changes by the clock."""

    @property
    def bundle(self) -> Envelope:
        """This city's newest trust bundle."""

    @property
    def bundles(self) -> tuple[Envelope, ...]:
        """Every trust bundle of this city, ascending."""

    def chain(self, known_sequence: int) -> tuple[Envelope, ...]:
        """Each bundle after `known_sequence` at which the root changed, then the newest.

        At most BUNDLE_CHAIN: a partner that has followed them asks again.
        """

    def reload(self) -> None:
        """See what another process of the city published; cheap where nothing changed."""

    def sign(self, message: bytes) -> bytes:
        """Sign with the current signing key."""

    @property
    def key_id(self) -> str:
        """The id of the current signing key."""

    @property
    def signing_keys(self) -> tuple[PublicKey, ...]:
        """Every signing key that a bundle of this city named, as the newest of those says."""

    def document_digest(self, kind: int, number: str) -> bytes:
        """The keyed digest of a document: numbers are few, a bare hash protects nothing."""

    def keyed_digest(self, content: bytes) -> bytes:
        """A keyed digest of what may hold a document number, apart from those of documents."""
