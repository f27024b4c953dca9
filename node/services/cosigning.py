"""What partners' logs are known to be: each checkpoint extends the one before, or is evidence.

A partner that cannot show that its log only ever grew is suspended at once, in the transaction that
keeps the evidence (`fork means stop`). Its resumption is refused while the evidence is there: it is
ended, and met anew with new keys, once officers of both cities know what happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from federation.checkpoint import (
    Checkpoint,
    cosign,
    cosigned,
    open_checkpoint,
    unverified_checkpoint,
    without_cosignatures,
)
from federation.envelope import envelope_from_json, envelope_to_json
from federation.errors import BAD_NOTE, BAD_PROOF, LOG_FORKED, HutongError
from federation.identifiers import CityCode
from federation.log_fork import Evidence, evidence_to_json
from federation.merkle_log import check_consistency
from node import limits
from node.errors import ANCHOR_UNUSABLE, UNKNOWN, FatalError
from node.logbook import Fork, PartnerCheckpoint
from node.ports import Cosigned, Keys, Peers, Transaction, UnitOfWork
from node.registry import Move, Partner, PartnerState
from node.services.here import Here
from node.services.partners import PartnerDesk, known_partner
from node.services.swapping import Swapping

SYSTEM = "system/log"

# What a city answers that has no log of the sizes which it signed.
_CANNOT_PROVE = (UNKNOWN.name, BAD_PROOF.name)
_EMPTY = "an empty log proves nothing"
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A checkpoint that a partner signed, with its proof from the size that it names."""

    city: CityCode
    checkpoint: Checkpoint
    note: bytes
    old_size: int
    proof: Sequence[bytes]


class Cosigning:
    """This city as the witness of its partners' logs."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        peers: Peers,
        swapping: Swapping,
        desk: PartnerDesk,
        tell: Callable[[CityCode], None],
    ) -> None:
        """For the city of `here`; `tell` lets a partner know at once that it is suspended."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._swapping = swapping
        self._desk = desk
        self._tell = tell

    async def add_checkpoint(
        self, caller: CityCode, old_size: int, proof: Sequence[bytes], note: bytes
    ) -> Cosigned:
        """Cosign a partner's checkpoint (C2SP's tlog-witness), or say what is known of its log.

        1. The note is signed by the partner, with a key that counts now.
        2. It is compared with what is known, and taken in its place, in one transaction.
        3. A fork is kept as evidence and the partner suspended, in that transaction.

        Raises:
            HutongError: BAD_NOTE, UNKNOWN_KEY, KEY_NOT_VALID, BAD_SIGNATURE, LOG_FORKED.

        """
        # 1.
        checkpoint = await self._swapping.opened(caller, lambda: self._opened(caller, note))
        if not checkpoint.size:
            raise HutongError(BAD_NOTE, where="checkpoint", problem=_EMPTY)
        shown = _Shown(caller, checkpoint, without_cosignatures(note), old_size, proof)
        # 2. 3.
        found = await self._uow.run(lambda tx: self._judge(tx, shown))
        if isinstance(found, Fork):
            raise self._told(found)
        return found

    def _told(self, fork: Fork) -> HutongError:
        _LOG.error("partner_log_forked", partner=fork.city, problem=fork.problem)
        self._tell(fork.city)
        return forked(fork)

    async def audit(self, city: CityCode) -> bytes:
        """Fetch a partner's newest checkpoint, and see that it extends what is known of its log.

        What it shows to who asks is held against what it brings by itself. The note that it gave.
        """
        partner = known_partner(self._uow.registry, city)
        note = await self._peers.checkpoint(partner)
        if not note:
            raise HutongError(BAD_NOTE, where=f"checkpoint of {city}", problem="there is none yet")
        shown = await self._swapping.opened(city, lambda: self._opened(city, note))
        await self._settle(city, shown, note)
        return note

    async def compare(self, city: CityCode, witness: CityCode) -> None:
        """Hold what another partner cosigned of a partner's log against what is known here.

        A city that shows two partners two histories has signed both: whoever compares has the
        evidence. What the witness says counts for nothing but for the city's own signature.

        Raises:
            HutongError: LOG_FORKED; why the witness or the city could not be asked.

        """
        note = await self._peers.checkpoint(known_partner(self._uow.registry, witness), city)
        if not note:
            return
        shown = await self._swapping.opened(city, lambda: self._signed_once(city, note))
        if await self._uow.read(lambda tx: tx.checkpoints.of_partner(city)) is not None:
            await self._settle(city, shown, note)

    async def newest_note(self, of: CityCode) -> bytes:
        """The newest checkpoint of a partner's log that this city cosigned; b"" for none.

        Of one that was ended nothing is said: it may have begun a new log by now, as all know.
        """
        partner = self._uow.registry.partners.get(of)
        if partner is None or partner.state is PartnerState.ENDED:
            return b""
        known = await self._uow.read(lambda tx: tx.checkpoints.of_partner(of))
        return cosigned(known.note, [known.cosignature]) if known else b""

    async def _settle(self, city: CityCode, shown: Checkpoint, note: bytes) -> None:
        """See that a checkpoint which a city signed, and what is known of its log, are one log."""
        if not shown.size:
            raise HutongError(BAD_NOTE, where="checkpoint", problem=_EMPTY)
        known = await self._uow.read(lambda tx: tx.checkpoints.of_partner(city))
        old_size, proof = 0, tuple[bytes, ...]()
        if known is not None and known.size < shown.size:
            old_size = known.size
            proof = await self._proof(city, old_size, shown.size)
        if known is None or known.size < shown.size:
            await self.add_checkpoint(city, old_size, proof, note)
            return
        # An older one must be a beginning of what is known, whether its key still counts or not.
        if shown.size < known.size:
            proof = await self._proof(city, shown.size, known.size)
        older = _Shown(city, shown, without_cosignatures(note), 0, proof)
        fork = await self._uow.run(lambda tx: self._older(tx, older, known))
        if fork is not None:
            raise self._told(fork)

    async def _proof(self, city: CityCode, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that a city gives; an empty one, which proves nothing, where it has none."""
        try:
            return await self._peers.consistency_proof(
                known_partner(self._uow.registry, city), first, second
            )
        except HutongError as error:
            if error.fields.get("peer_reason") in _CANNOT_PROVE or error.reason == BAD_PROOF:
                return ()
            raise

    def _older(self, tx: Transaction, shown: _Shown, known: PartnerCheckpoint) -> Fork | None:
        evidence = next((f for f in tx.checkpoints.forks() if f.city == shown.city), None)
        if evidence is not None:
            return evidence
        if tx.checkpoints.of_partner(shown.city) is None:
            # It was ended meanwhile, and met anew: what was known is forgotten.
            return None
        root, size = unverified_checkpoint(known.note).root, shown.checkpoint.size
        try:
            check_consistency(size, known.size, shown.proof, shown.checkpoint.root, root)
        except HutongError as error:
            return self._fork(tx, shown, known, error.fields["problem"])
        return None

    async def leaf_hashes(self, partner: Partner, first: int, count: int) -> tuple[bytes, ...]:
        """At most so many leaf hashes of a partner's log, from that entry on."""
        return await self._peers.leaf_hashes(partner, first, count)

    def _opened(self, city: CityCode, note: bytes) -> Checkpoint:
        keys = known_partner(self._uow.registry, city).bundle.signing_keys
        return open_checkpoint(note, city, keys, self._here.now())

    def _signed_once(self, city: CityCode, note: bytes) -> Checkpoint:
        """What a city signed, perhaps with a key that has ended since; never with a revoked one."""
        keys = known_partner(self._uow.registry, city).bundle.signing_keys
        return open_checkpoint(note, city, [k for k in keys if k.revoked_at is None], None)

    def _judge(self, tx: Transaction, shown: _Shown) -> Cosigned | Fork:
        """Compare and swap; an older checkpoint than the known one is no fork, if it was ours."""
        checkpoints, size = tx.checkpoints, shown.checkpoint.size
        evidence = next((f for f in checkpoints.forks() if f.city == shown.city), None)
        if evidence is not None:
            return evidence
        known = checkpoints.of_partner(shown.city)
        if known is None:
            # The first is believed as it is: nobody was shown another one by this partner.
            return self._cosigned(tx, shown, None) if not shown.old_size else Cosigned(b"", b"")
        same = known if known.size == size else checkpoints.of_partner_at(shown.city, size)
        if same is not None and unverified_checkpoint(same.note).root != shown.checkpoint.root:
            return self._fork(tx, shown, same, "one size has two roots")
        if same is known:
            return Cosigned(known.cosignature, known.note)
        return self._extended(tx, shown, known)

    def _extended(
        self, tx: Transaction, shown: _Shown, known: PartnerCheckpoint
    ) -> Cosigned | Fork:
        size = shown.checkpoint.size
        if size < known.size or shown.old_size != known.size:
            return Cosigned(b"", known.note)
        root = unverified_checkpoint(known.note).root
        try:
            check_consistency(known.size, size, shown.proof, root, shown.checkpoint.root)
        except HutongError as error:
            if error.reason != BAD_PROOF:
                raise
            return self._fork(tx, shown, known, error.fields["problem"])
        return self._cosigned(tx, shown, known)

    def _cosigned(
        self, tx: Transaction, shown: _Shown, known: PartnerCheckpoint | None
    ) -> Cosigned:
        now = at = self._here.now()
        if known is not None and abs(now - known.at) < limits.PARTNER_CHECKPOINT_EVERY:
            # A partner that brings thousands fills its own place, and not our disk.
            at = known.at
            tx.checkpoints.drop_of_partner(shown.city, known.size)
        line = cosign(shown.note, self._here.city, self._keys, current_public(self._keys), now)
        kept = PartnerCheckpoint(shown.city, shown.checkpoint.size, at, shown.note, line)
        tx.checkpoints.add_of_partner(kept)
        return Cosigned(line, shown.note)

    def _fork(self, tx: Transaction, shown: _Shown, known: PartnerCheckpoint, problem: str) -> Fork:
        now = self._here.now()
        fork = Fork(
            city=shown.city,
            at=now,
            known=known.note,
            shown=shown.note,
            proof=tuple(shown.proof),
            problem=problem,
            trust_bundle=envelope_to_json(known_partner(tx.registry, shown.city).envelope).encode(),
        )
        tx.checkpoints.add_fork(fork)
        self._suspend(tx, fork)
        return fork

    def _suspend(self, tx: Transaction, fork: Fork) -> None:
        partner = known_partner(tx.registry, fork.city)
        if Move.SUSPEND in partner.moves:
            reason = f"日志分叉 / its log forked: {fork.problem}"
            self._desk.suspend(tx, fork.city, SYSTEM, reason)


def evidence_of(fork: Fork) -> bytes:
    """The evidence as a file that a third party can judge."""
    return evidence_to_json(
        Evidence(
            city=fork.city,
            at=fork.at,
            problem=fork.problem,
            known=fork.known,
            shown=fork.shown,
            proof=fork.proof,
            trust_bundle=envelope_from_json(fork.trust_bundle, where="trust_bundle"),
        )
    )


def forked(fork: Fork) -> HutongError:
    """What is said of a partner whose log forked."""
    return HutongError(LOG_FORKED, city=fork.city, problem=fork.problem)


def anchor_unusable(error: HutongError) -> FatalError:
    """What is said of an anchor that holds no checkpoint which this city signed."""
    problem = error.text("en")
    return FatalError(ANCHOR_UNUSABLE, path="log/checkpoint", folder="log", problem=problem)


def current_public(keys: Keys) -> bytes:
    """The public half of the key that a city signs with now."""
    key_id = keys.key_id
    return next(key.public_key for key in keys.signing_keys if key.key_id == key_id)
