"""This city's log as partners witness it: checkpoints, and the cosignatures that they gather.

A city never shows two histories of itself:
- A checkpoint covers what is durable. It is signed, then kept in the anchor outside of the store,
  then in the store, and only then given to anybody.
- Before each one the store is held against the anchor, and after each answer against what the
  partner knows: where the log does not extend what this city signed before, the node stops
  (`FatalError`), and nothing more is signed.

A partner that is slow or away holds up nobody else: one delivery in flight for each (rule 10).
Where there are many, a checkpoint goes to those that have waited longest, and the next to others.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from datetime import datetime

import structlog

from federation.checkpoint import (
    Checkpoint,
    check_cosignature,
    cosigned,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
)
from federation.errors import UNKNOWN_KEY, HutongError
from federation.identifiers import CityCode
from federation.merkle_log import consistency_proof, inclusion_proof, root_of
from node import limits
from node.errors import LOG_BROKEN, NOT_A_PARTNER, PEER_REFUSED, UNKNOWN, FatalError
from node.logbook import StoredCheckpoint
from node.ports import Anchor, Cosigned, Keys, Peers, Transaction, UnitOfWork
from node.registry import PartnerState
from node.services.cosigning import Cosigning, anchor_unusable, current_public
from node.services.here import Here
from node.services.partners import known_partner
from node.services.swapping import Swapping
from node.services.turns import Patience, Turns

_LOG = structlog.get_logger()
_ASKS = 3
"""The first with what is known here, the second with what the partner knows, one for a race."""

_PATIENCE = Patience(limits.REFRESH_AFTER_FAILURE, limits.REFRESH_AFTER_FAILURES)
_IN_USE = frozenset({PartnerState.TESTED, PartnerState.ACTIVE})


class Witnessing:
    """Checkpoints of this city's log, brought to its partners; and theirs, brought to this one."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        peers: Peers,
        swapping: Swapping,
        cosigning: Cosigning,
        anchor: Anchor,
    ) -> None:
        """For the city of `here`; `tick` is called every second or so."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._swapping = swapping
        self._cosigning = cosigning
        self._anchor = anchor
        self._turns = Turns(here, self._exchange, _PATIENCE, failed="checkpoint_not_cosigned")
        self._made_at: datetime | None = None
        self._brought = set[CityCode]()
        self._making = asyncio.Lock()
        self._fatal: FatalError | None = None
        self._stopped = asyncio.Event()

    async def must_stop(self) -> FatalError:
        """Wait until this node must stop, if ever; why it must."""
        await self._stopped.wait()
        if self._fatal is None:
            raise TypeError("it stops for a reason")
        return self._fatal

    async def check(self) -> None:
        """Whether the node may begin to serve; raises FatalError where it may not."""
        await self.hold()
        with self._stops():
            # As a writer: another process of the city must not append between two looks.
            await self._uow.run(_check_edge)

    async def hold(self) -> None:
        """Hold the store against the anchor; raises FatalError where it is no continuation of it.

        ANCHOR_UNUSABLE where that cannot be read now: then nothing is signed, and nothing is over.
        """
        with self._stops():
            await self._held(await asyncio.to_thread(self._anchor.read))

    async def checkpoint(self) -> StoredCheckpoint | None:
        """The newest checkpoint, made now if the log has grown; None while the log is empty.

        1. What was signed last is a beginning of what is in the store.
        2. The root of all durable entries is signed.
        3. It is in the anchor, then in the store, before anybody sees it.

        Raises:
            FatalError: the log in the store does not extend what this city signed.

        """
        async with self._making:
            with self._stops():
                # 1.
                anchored = await asyncio.to_thread(self._anchor.read)
                size, root = await self._held(anchored)
                newest = await self._uow.read(lambda tx: tx.checkpoints.newest())
                if not size or (newest is not None and newest.size >= size):
                    return newest
                # 2.
                head = Checkpoint(origin_of(self._here.city), size, root)
                note = sign_checkpoint(head, self._keys, current_public(self._keys))
                # 3.
                await asyncio.to_thread(self._anchor.write, note)
                made = StoredCheckpoint(size, self._here.now(), note)
                await self._uow.run(lambda tx: tx.checkpoints.add(made))
                return await self._uow.read(lambda tx: tx.checkpoints.newest())

    async def _held(self, anchored: bytes) -> tuple[int, bytes]:
        """The size and root of the log, if it extends the anchor's checkpoint."""
        try:
            known = self._own(anchored)[0] if anchored else None
        except HutongError as error:
            raise anchor_unusable(error) from error

        def look(tx: Transaction) -> tuple[int, bytes]:
            if known is not None:
                _check_extends(tx, known, "the checkpoint in the anchor")
            return tx.log.size(), tx.log.root()

        return await self._uow.read(look)

    def _own(self, note: bytes) -> tuple[Checkpoint, bool]:
        """A checkpoint that this city signed, and whether its key was revoked since."""
        keys = self._keys.signing_keys
        standing = [key for key in keys if key.revoked_at is None]
        try:
            return open_checkpoint(note, self._here.city, standing, None), False
        except HutongError as error:
            if error.reason != UNKNOWN_KEY:
                raise
        return open_checkpoint(note, self._here.city, keys, None), True

    async def exchange(self, city: CityCode) -> StoredCheckpoint | None:
        """Let a partner cosign the newest checkpoint, which is given; raises why it did not."""
        turn = self._turns.of(city)
        while turn.running is not None:
            await asyncio.wait([turn.running])
        return await asyncio.shield(self._turns.begin(city))

    async def _exchange(self, city: CityCode) -> StoredCheckpoint | None:
        partner = known_partner(self._uow.registry, city)
        if partner.state not in _IN_USE:
            raise HutongError(NOT_A_PARTNER, city=city)
        known = await self._uow.read(lambda tx: tx.checkpoints.cosigned_by(city))
        for _ in range(_ASKS):
            own = await self.checkpoint()
            if own is None:
                return None
            said = await self._ask(city, own, known)
            if said.line:
                return await self._keep(city, own, said.line)
            known = await self._known_there(city, said.known)
        raise HutongError(PEER_REFUSED, city=city, peer_reason="NO_COSIGNATURE", detail="")

    async def _ask(self, city: CityCode, own: StoredCheckpoint, known: int) -> Cosigned:
        proof = await self.consistency(known, own.size) if 0 < known < own.size else ()
        partner = known_partner(self._uow.registry, city)
        return await self._peers.add_checkpoint(partner, known, proof, own.note)

    async def _keep(self, city: CityCode, own: StoredCheckpoint, line: bytes) -> StoredCheckpoint:
        """Keep a cosignature, if it is one."""

        def check() -> None:
            keys = known_partner(self._uow.registry, city).bundle.signing_keys
            check_cosignature(own.note, line, city, keys)

        await self._swapping.opened(city, check)
        await self._uow.run(lambda tx: tx.checkpoints.cosign(own.size, city, line))
        return own

    async def _known_there(self, city: CityCode, note: bytes) -> int:
        """The size of our log that a partner knows, if ours is the one that it was shown."""
        if not note:
            return 0
        checkpoint, revoked = self._own(note)

        def look(tx: Transaction) -> None:
            _check_extends(tx, checkpoint, f"the checkpoint that {city} knows")

        with self._stops():
            try:
                await self._uow.read(look)
            except FatalError as error:
                if not revoked:
                    raise
                # Whoever had the key could have signed it: that must not stop the city.
                detail = "it knows a checkpoint by a key that was revoked; end it, and meet it anew"
                raise HutongError(
                    PEER_REFUSED, city=city, peer_reason="NO_COSIGNATURE", detail=detail
                ) from error
        return checkpoint.size

    async def tick(self) -> None:
        """Make a checkpoint where one is due, and begin to bring it to whom it is news for.

        After a start it is brought to all, news or not: what they know tells of a store that was
        rolled back together with its anchor.
        """
        now = self._here.now()
        if self._made_at is None or abs(now - self._made_at) >= limits.CHECKPOINT_EVERY:
            self._made_at = now
            self._brought.clear()
            await self.checkpoint()
        active = self._active()
        behind = await self._uow.read(lambda tx: _behind(tx, active))
        due = self._turns.due(c for c in active if c in behind or not self._turns.of(c).met)
        for city in self._places(due, of=len(active)):
            self._turns.begin(city)

    def _active(self) -> list[CityCode]:
        return [
            city
            for city, partner in self._uow.registry.partners.items()
            if partner.state is PartnerState.ACTIVE
        ]

    def _places(self, due: list[CityCode], *, of: int) -> list[CityCode]:
        """Those of the partners that are due who have a place in this beat.

        Whoever had one and failed is tried again in it; the other places go by who waited longest.
        """
        if of <= limits.WITNESSES_AT_ONCE:
            return due
        again = [c for c in due if c in self._brought and self._turns.of(c).failures]
        others = sorted((c for c in due if c not in self._brought), key=self._turns.begun)
        first = others[: limits.WITNESSES_AT_ONCE - len(self._brought)]
        self._brought.update(first)
        return again + first

    async def close(self) -> None:
        """Let what runs go."""
        await self._turns.close()

    async def cosigned_over(self, sequence: int) -> StoredCheckpoint:
        """A checkpoint over an entry, cosigned if some partner can be had within the deadline."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.COSIGNING_DEADLINE.total_seconds()):
                await self._until_cosigned(sequence)
        found = await self._uow.read(
            lambda tx: (
                tx.checkpoints.newest(over=sequence, cosigned=True)
                or tx.checkpoints.newest(over=sequence)
            )
        )
        if found is None:
            raise HutongError(UNKNOWN, what="entry", name=str(sequence), remedy="it is not written")
        return found

    async def _until_cosigned(self, sequence: int) -> None:
        """Until some partner has cosigned over the entry, or all have been asked in vain."""
        found = await self._uow.read(lambda tx: tx.checkpoints.newest(over=sequence, cosigned=True))
        if found is not None:
            return
        await self.checkpoint()
        waiting = self._likely_first()
        asked = set[asyncio.Future[StoredCheckpoint | None]]()
        try:
            while waiting or asked:
                while waiting and len(asked) < limits.WITNESSES_AT_ONCE:
                    asked.add(asyncio.ensure_future(self.exchange(waiting.popleft())))
                done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                if any(_covers(each, sequence) for each in done):
                    return
        finally:
            # Deliveries run on by themselves: only the waiting for them ends.
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    def _likely_first(self) -> deque[CityCode]:
        """Partners in the order in which a receipt asks them: those that failed last come last."""
        active = self._active()
        if len(active) > limits.WITNESSES_AT_ONCE:
            active.sort(key=lambda c: (self._turns.of(c).failures, self._turns.begun(c)))
        return deque(active)

    async def add_checkpoint(
        self, caller: CityCode, old_size: int, proof: tuple[bytes, ...], note: bytes
    ) -> Cosigned:
        """Cosign a partner's checkpoint, or say what is known of its log; see `Cosigning`."""
        return await self._cosigning.add_checkpoint(caller, old_size, proof, note)

    async def newest_note(self, of: CityCode | None = None) -> bytes:
        """The newest checkpoint, or the newest of another city's that this one cosigned; or b""."""
        if of is not None and of != self._here.city:
            return await self._cosigning.newest_note(of)
        newest = await self._uow.read(lambda tx: tx.checkpoints.newest())
        return b"" if newest is None else with_cosignatures(newest)

    async def inclusion(self, sequence: int, size: int) -> tuple[bytes, tuple[bytes, ...]]:
        """The leaf hash of an entry, and the proof that it is among the first `size`."""

        def prove(tx: Transaction) -> tuple[bytes, tuple[bytes, ...]]:
            _check_size(tx, size)
            proof = inclusion_proof(sequence, size, tx.log.node)
            return tx.log.leaf_hashes(sequence, 1)[0], proof

        return await self._uow.read(prove)

    async def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the first entries are a beginning of the second."""

        def prove(tx: Transaction) -> tuple[bytes, ...]:
            _check_size(tx, second)
            return consistency_proof(first, second, tx.log.node)

        return await self._uow.read(prove)

    async def leaf_hashes(self, first: int, count: int) -> tuple[bytes, ...]:
        """At most so many leaf hashes; they say nothing of anybody."""
        return await self._uow.read(
            lambda tx: tx.log.leaf_hashes(first, count) if first < tx.log.size() else ()
        )

    @contextlib.contextmanager
    def _stops(self) -> Iterator[None]:
        """Once the log turned out to be broken, the node does nothing more with it."""
        if self._fatal is not None:
            raise self._fatal
        try:
            yield
        except FatalError as error:
            self._fatal = error
            self._stopped.set()
            _LOG.critical("own_log_broken", problem=error.text("en"))
            raise


def with_cosignatures(checkpoint: StoredCheckpoint) -> bytes:
    """A checkpoint of this city, as it is given to others."""
    return cosigned(checkpoint.note, (line for _, line in checkpoint.cosignatures))


def _check_extends(tx: Transaction, known: Checkpoint, what: str) -> None:
    size = tx.log.size()
    if known.size > size or root_of(known.size, tx.log.node) != known.root:
        raise FatalError(LOG_BROKEN, size=str(size), what=what, known=str(known.size))


def _check_edge(tx: Transaction) -> None:
    """The right edge, which the next entry is appended to, is that of the entries there are."""
    size, root = tx.log.size(), tx.log.root()
    if root_of(size, tx.log.node) != root or tx.log.leaf_hashes(size, 1):
        raise FatalError(LOG_BROKEN, size=str(size), what="its own right edge", known=str(size))


def _check_size(tx: Transaction, size: int) -> None:
    found = tx.log.size()
    if size > found:
        raise HutongError(
            UNKNOWN, what="log of size", name=str(size), remedy=f"it has {found} entries"
        )


def _covers(asked: "asyncio.Future[StoredCheckpoint | None]", sequence: int) -> bool:
    """Whether a partner has cosigned over the entry; raises what is no partner's failure."""
    try:
        own = asked.result()
    except HutongError:
        return False
    return own is not None and own.size > sequence


def _behind(tx: Transaction, cities: list[CityCode]) -> list[CityCode]:
    """Those that have not cosigned the newest checkpoint: one look, however many they are."""
    newest = tx.checkpoints.newest()
    if newest is None:
        return []
    cosigned = {city for city, _ in newest.cosignatures}
    return [city for city in cities if city not in cosigned]
