"""Whether a receipt holds: told step by step, offline, without asking any city. Pure.

A receipt that holds proves that whoever has the keys inside it said this, and that the log has it.
Whose keys these are is known from trust bundles that the verifier brings, or by comparing the
fingerprints that are found.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from federation import checkpoint as notes
from federation import freshness
from federation.checks import malformed
from federation.codec import ATTESTATION, ATTESTATION_BATCH
from federation.envelope import (
    BatchedPayload,
    Envelope,
    HasHeader,
    Keyring,
    Statement,
    Verified,
    check_shape,
    open_batched,
    open_envelope,
    verify_signatures,
)
from federation.errors import KEY_NOT_VALID, WRONG_ISSUER, HutongError
from federation.identifiers import CityCode
from federation.keys import PublicKey
from federation.log_entry import commitment, entry_leaf
from federation.merkle_log import check_inclusion, leaf_hash
from federation.messages import Attestation, TrustBundle
from federation.receipt import Receipt, ReceiptKind, canonical
from federation.rendering import plain
from federation.standing import AttestationBatch
from federation.trust import fingerprint, is_vouched_for, open_kept_bundle

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

M = TypeVar("M", bound=HasHeader)


class Step(enum.Enum):
    """What is verified, in this order."""

    KEYS = 1
    COSIGNATURES = 2
    CHECKPOINT = 3
    ENTRY = 4
    STATEMENT = 5
    BATCH = 6
    SAYS = 7


@dataclass(frozen=True, slots=True)
class StepFound:
    """A step that was taken, and why it failed."""

    step: Step
    error: HutongError | None = None


@dataclass(frozen=True, slots=True)
class BundleFound:
    """A trust bundle in the receipt, and whether one that the verifier brought vouches for it."""

    city: CityCode
    fingerprint: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class CosignatureFound:
    """A city that cosigned the checkpoint, and when."""

    city: CityCode
    at: datetime
    trusted: bool


@dataclass(frozen=True, slots=True)
class ReceiptFindings:
    """What came of a receipt. Steps after one that failed were not taken.

    `attestation` is what the receipt proves, where it is of one and holds.
    """

    kind: ReceiptKind
    steps: tuple[StepFound, ...]
    bundles: tuple[BundleFound, ...]
    cosignatures: tuple[CosignatureFound, ...]
    attestation: Attestation | None

    @property
    def holds(self) -> bool:
        """Whether each step was taken, and none failed."""
        return all(found.error is None for found in self.steps)

    @property
    def trusted(self) -> bool:
        """Whether it holds, and the verifier knew the home city before."""
        home = self.bundles[0].city if self.bundles else None
        return self.holds and all(found.trusted for found in self.bundles if found.city == home)

    @property
    def error(self) -> HutongError | None:
        """Why it does not hold."""
        return next((found.error for found in self.steps if found.error), None)


def verify_receipt(
    receipt: Receipt, trusted: Sequence[TrustBundle] = (), now: datetime | None = None
) -> ReceiptFindings:
    """Verify a receipt, from the outside in.

    1. Each trust bundle inside is signed by its own root, and its signing keys are those in plain.
    2. Each cosignature by a city whose bundle is inside fits. One by a key that did not count
       then, or is known to be revoked, is passed over, as are the city's own and strangers'.
    3. The home city signed the checkpoint. A revoked key counts where a city that is trusted saw
       the checkpoint before the revocation: no city disowns what it said by revoking its key.
    4. The entry commits to the content by its salt, and is in the tree of the checkpoint. The
       content is the payload of the statement, or of its batch, or the text of the consent.
    5. The home city signed the statement, or its batch, with a key that counted when it was made.
    6. Of a batch: the statement is in its tree, and fits it.
    7. The plain form of the statement says what the signed form says.

    With `now`, what was made after it does not hold. The end of an attestation is the reader's to
    look at: a receipt proves what was said then.
    """
    return _Verification(receipt, trusted, now).run()


class _Verification:
    def __init__(
        self, receipt: Receipt, trusted: Sequence[TrustBundle], now: datetime | None
    ) -> None:
        self._receipt, self._trusted, self._now = receipt, trusted, now
        self._home = receipt.cities[0].city
        self._keys: dict[CityCode, tuple[PublicKey, ...]] = {}
        self._bundles: list[BundleFound] = []
        self._cosignatures: list[CosignatureFound] = []
        self._batch: Verified[AttestationBatch] | None = None
        self._attestation: Attestation | None = None

    def run(self) -> ReceiptFindings:
        steps = {
            Step.KEYS: self._check_keys,
            Step.COSIGNATURES: self._check_cosignatures,
            Step.CHECKPOINT: self._check_checkpoint,
            Step.ENTRY: self._check_entry,
        }
        if self._receipt.statement is not None:
            steps |= {Step.STATEMENT: self._check_statement}
        if self._receipt.batch is not None:
            steps |= {Step.BATCH: self._check_batch}
        if self._receipt.statement is not None:
            steps |= {Step.SAYS: self._check_says}
        taken = list[StepFound]()
        for step, check in steps.items():
            try:
                check()
            except HutongError as error:
                taken.append(StepFound(step, error))
                self._attestation = None
                break
            taken.append(StepFound(step))
        return ReceiptFindings(
            self._receipt.kind,
            tuple(taken),
            tuple(self._bundles),
            tuple(self._cosignatures),
            self._attestation,
        )

    def _check_keys(self) -> None:
        for each in self._receipt.cities:
            opened = open_kept_bundle(each.bundle)
            message = opened.message
            if message.header.issuer != each.city:
                raise HutongError(WRONG_ISSUER, actual=message.header.issuer, expected=each.city)
            if tuple(key.public_key for key in message.signing_keys) != each.public_keys:
                raise malformed("cities.public_keys", "they are not those of the trust bundle")
            trusted = any(is_vouched_for(opened, bundle) for bundle in self._trusted)
            self._bundles.append(BundleFound(each.city, fingerprint(each.bundle), trusted))
            known = (self._as_known(each.city, key) for key in message.signing_keys)
            self._keys[each.city] = (*self._keys.get(each.city, ()), *known)

    def _as_known(self, city: CityCode, key: PublicKey) -> PublicKey:
        """The key with its revocation, where a bundle that the verifier brought tells of one.

        A city revokes its own keys, and no other's.
        """
        own = (bundle for bundle in self._trusted if bundle.header.issuer == city)
        known = (other for bundle in own for other in bundle.signing_keys)
        told = [o.revoked_at for o in known if o.key_id == key.key_id and o.revoked_at]
        return replace(key, revoked_at=min(told)) if told else key

    def _check_cosignatures(self) -> None:
        note = self._receipt.checkpoint
        doubted = {found.city for found in self._bundles if not found.trusted}
        cities = {notes.origin_of(city): city for city in self._keys if city != self._home}
        for line in notes.note_lines(note)[1:]:
            if (city := cities.get(line.name)) is None:
                continue
            try:
                at = notes.check_cosignature(note, line.line, city, self._keys[city])
            except HutongError as error:
                if error.reason is not KEY_NOT_VALID:
                    raise
                continue
            self._check_made(at, "cosignature")
            self._cosignatures.append(CosignatureFound(city, at, city not in doubted))

    def _check_checkpoint(self) -> None:
        # A checkpoint has no time of its own: that its key is not revoked is all that is asked.
        keys = tuple(_at_any_time(key) for key in self._home_keys())
        notes.open_checkpoint(self._receipt.checkpoint, self._home, keys, _EPOCH)

    def _home_keys(self) -> tuple[PublicKey, ...]:
        """The keys of the home city, as they were when somebody who is trusted saw them used."""
        seen = min((found.at for found in self._cosignatures if found.trusted), default=None)
        return tuple(
            replace(key, revoked_at=None)
            if seen and key.revoked_at and seen < key.revoked_at
            else key
            for key in self._keys[self._home]
        )

    def _check_entry(self) -> None:
        receipt, entry = self._receipt, self._receipt.entry
        signed = receipt.batch.envelope if receipt.batch else receipt.statement
        content = signed.payload if signed else receipt.content or b""
        leaf = entry_leaf(entry.kind, entry.at_micros, commitment(entry.salt, content))
        head = notes.unverified_checkpoint(receipt.checkpoint)
        check_inclusion(leaf_hash(leaf), entry.leaf_index, head.size, entry.proof, head.root)
        self._check_made(_EPOCH + timedelta(microseconds=entry.at_micros), "entry")

    def _check_statement(self) -> None:
        statement, batch = self._receipt.statement, self._receipt.batch
        ring = Keyring(self._home, self._home_keys())
        if batch is not None:
            self._batch = _opened(batch.envelope, ATTESTATION_BATCH, ring)
            self._check_made(self._batch.message.header.issued_at, ATTESTATION_BATCH.label)
        elif statement is not None:
            self._attestation = _opened(statement, ATTESTATION, ring).message
            self._check_made(self._attestation.header.issued_at, ATTESTATION.label)

    def _check_batch(self) -> None:
        statement, place, signed = self._receipt.statement, self._receipt.batch, self._batch
        if statement is None or place is None or signed is None:
            return
        check_shape(statement, ATTESTATION)
        head = signed.message.header
        batched = BatchedPayload(statement.payload, place.leaf_index, b"".join(place.proof))
        audience = head.audience[0] if head.audience else self._home
        opened = open_batched(batched, ATTESTATION, signed, audience=audience, now=head.issued_at)
        self._attestation = opened.message

    def _check_says(self) -> None:
        said = plain(self._attestation) if self._attestation else None
        if canonical(said) != canonical(self._receipt.says):
            raise malformed("says", "the statement that was signed says something else")

    def _check_made(self, at: datetime, where: str) -> None:
        if self._now is not None:
            freshness.check_made(at, where, self._now)


def _opened(envelope: Envelope, statement: Statement[M], ring: Keyring) -> Verified[M]:
    """Open an envelope as of when it was made, which is known from nothing but itself.

    Its signature is verified before it is read, as ever; then the key is to count at that time.
    """
    check_shape(envelope, statement)
    anytime = tuple(replace(_at_any_time(key), revoked_at=None) for key in ring.keys)
    verify_signatures(envelope, [Keyring(ring.city, anytime)], _EPOCH)
    head = statement.decode(envelope.payload).header
    audience = head.audience[0] if head.audience else ring.city
    return open_envelope(
        envelope, statement, signed_by=[ring], audience=audience, now=head.issued_at
    )


def _at_any_time(key: PublicKey) -> PublicKey:
    return replace(key, not_before=_ALWAYS[0], not_after=_ALWAYS[1])
