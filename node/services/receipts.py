"""Receipts: what a resident may keep, and anybody may verify without asking this city again.

The log holds salted commitments alone; the salt in a receipt is what opens one of them. Whose
salts are gone, because they were erased, gets no receipt any more; one that was given before goes
on to be good, for nothing in the log has changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from federation import codec
from federation.checkpoint import check_cosignature, cosigned, open_checkpoint
from federation.envelope import Envelope, Verified, open_own
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import RECEIPT_BUNDLES
from federation.merkle_log import BatchTree, inclusion_proof, split_hashes
from federation.messages import TrustBundle
from federation.receipt import (
    BatchPlace,
    EntryProof,
    Receipt,
    attestation_receipt,
    consent_receipt,
    receipt_to_json,
)
from federation.trust import open_kept_bundle
from node.attested import IssuedAttestation, IssuedBatch
from node.errors import UNKNOWN
from node.logbook import StoredCheckpoint
from node.ports import Keys, Transaction, UnitOfWork
from node.registry import Registry
from node.services.here import Here
from node.services.standing import find_resident
from node.services.witnessing import Witnessing

_HASH_BYTES: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt as JSON, and the cities whose cosignatures are in it."""

    content: bytes
    cosigned_by: tuple[CityCode, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    """A cosigned checkpoint as it goes into a receipt, with the bundles of who signed it."""

    note: bytes
    size: int
    cosigned_by: tuple[CityCode, ...]
    bundles: tuple[Verified[TrustBundle], ...]


class Receipts:
    """Makes receipts."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys, witnessing: Witnessing) -> None:
        """For the residents of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._witnessing = witnessing

    async def of_attestation(self, resident_id: str, attestation_id: str) -> Given:
        """The receipt of an attestation to a resident.

        1. Find the attestation, and the entry of the log that commits to it or to its batch.
        2. Have a checkpoint over that entry, cosigned if some partner can be reached.
        3. Put together what is there then: who was erased meanwhile is gone.

        Raises:
            HutongError: UNKNOWN, for another resident's attestation too.

        """

        # 1.
        def find(tx: Transaction) -> tuple[IssuedAttestation, IssuedBatch | None]:
            find_resident(tx, resident_id)
            kept = tx.attestations.get(resident_id, attestation_id)
            if kept is None:
                raise _unknown("attestation", attestation_id)
            batch = tx.attestations.batch(kept.batch_id) if kept.batch_id else None
            if kept.batch_id and batch is None:
                raise _unknown("attestation", attestation_id)
            return kept, batch

        kept, _ = await self._uow.read(find)
        # 2.
        head = await self._witnessing.cosigned_over(kept.log_sequence)

        # 3.
        def make(tx: Transaction) -> tuple[Receipt, _Head]:
            kept, batch = find(tx)
            payload_type = codec.ATTESTATION.payload_type
            if batch is None:
                statement = codec.envelope_from_bytes(kept.statement)
                signed = statement
            else:
                statement = Envelope(payload_type, kept.statement, ())
                signed = codec.envelope_from_bytes(batch.envelope)
            shown = self._head(tx.registry, head, signed)
            subject = "" if batch else resident_id
            entry = self._entry(tx, subject, kept.log_sequence, shown.size)
            opened = open_own(statement, codec.ATTESTATION)
            place = _place(kept, batch, signed) if batch else None
            made = attestation_receipt(opened, place, entry, shown.note, shown.bundles)
            return made, shown

        return await self._given(make)

    async def of_consent(self, resident_id: str, consent_id: str) -> Given:
        """The receipt of a consent; raises UNKNOWN, for another resident's consent too."""

        def find(tx: Transaction) -> tuple[bytes, int]:
            find_resident(tx, resident_id)
            kept = tx.consent_receipts.get(consent_id)
            if kept is None or kept.resident_id != resident_id:
                raise _unknown("consent", consent_id)
            return kept.content, kept.log_sequence

        _, sequence = await self._uow.read(find)
        head = await self._witnessing.cosigned_over(sequence)

        def make(tx: Transaction) -> tuple[Receipt, _Head]:
            content, sequence = find(tx)
            shown = self._head(tx.registry, head, None)
            entry = self._entry(tx, resident_id, sequence, shown.size)
            return consent_receipt(content, entry, shown.note, shown.bundles), shown

        return await self._given(make)

    async def _given(self, make: Callable[[Transaction], tuple[Receipt, _Head]]) -> Given:
        receipt, head = await self._uow.read(make)
        return Given(receipt_to_json(receipt).encode(), head.cosigned_by)

    def _entry(self, tx: Transaction, subject: str, sequence: int, size: int) -> EntryProof:
        salt = tx.log.salt(subject, sequence)
        if salt is None:
            raise _unknown("entry", str(sequence))
        [entry] = tx.log.entries(sequence, 1)
        proof = inclusion_proof(sequence, size, tx.log.node)
        return EntryProof(entry.kind, (entry.at - _EPOCH) // _MICRO, salt, sequence, proof)

    def _head(
        self, registry: Registry, checkpoint: StoredCheckpoint, signed: Envelope | None
    ) -> _Head:
        """The checkpoint with the cosignatures that its reader can verify, and all bundles."""
        own = list(self._own_bundles(checkpoint.note, signed))
        lines, cities = list[bytes](), list[CityCode]()
        for city, line in checkpoint.cosignatures[: RECEIPT_BUNDLES - len(own)]:
            partner = registry.partners.get(city)
            if partner is None or not _verifies(checkpoint.note, line, city, partner.bundle):
                continue
            lines.append(line)
            cities.append(city)
        theirs = [open_kept_bundle(registry.partners[city].envelope) for city in cities]
        return _Head(
            cosigned(checkpoint.note, lines), checkpoint.size, tuple(cities), (*own, *theirs)
        )

    def _own_bundles(self, note: bytes, signed: Envelope | None) -> Iterator[Verified[TrustBundle]]:
        """The newest bundles of this city that have the keys of a checkpoint and of a statement."""
        newest = [open_kept_bundle(each) for each in reversed(self._keys.bundles)]
        signed_by = {signature.key_id for signature in signed.signatures} if signed else set()
        wanted = [
            next((b for b in newest if _signed_note(note, self._here.city, b.message)), None),
            next((b for b in newest if signed_by & _key_ids(b.message)), None) if signed else None,
        ]
        shown = list[Verified[TrustBundle]]()
        for bundle in wanted:
            if bundle is not None and bundle not in shown:
                shown.append(bundle)
        yield from shown


def _place(kept: IssuedAttestation, batch: IssuedBatch, signed: Envelope) -> BatchPlace:
    leaves = split_hashes(batch.leaf_hashes, most=len(batch.leaf_hashes) // _HASH_BYTES)
    proof = BatchTree(leaves).proof(kept.leaf_index)
    return BatchPlace(signed, kept.leaf_index, split_hashes(proof, most=len(leaves)))


def _key_ids(bundle: TrustBundle) -> set[str]:
    return {key.key_id for key in bundle.signing_keys}


def _signed_note(note: bytes, city: CityCode, bundle: TrustBundle) -> bool:
    try:
        open_checkpoint(note, city, bundle.signing_keys, None)
    except HutongError:
        return False
    return True


def _verifies(note: bytes, line: bytes, city: CityCode, bundle: TrustBundle) -> bool:
    """Whether the partner's newest bundle still has the key of a cosignature."""
    try:
        check_cosignature(note, line, city, bundle.signing_keys)
    except HutongError:
        return False
    return True


def _unknown(what: str, name: str) -> HutongError:
    return HutongError(UNKNOWN, what=what, name=name, remedy="see `hutong resident timeline`")
