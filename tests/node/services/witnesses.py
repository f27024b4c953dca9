"""Logs that grow, and checkpoints that are brought, true and forged."""

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from node.logbook import LogKind, StoredCheckpoint
from node.ports import Transaction
from tests.node.services.world import Town

ZZ, HZ = "410100", "330100"


async def grow(town: Town, entries: int = 1) -> None:
    """So many more entries in the log of a town."""

    def write(tx: Transaction) -> None:
        for _ in range(entries):
            town.cases.here.trace(tx, LogKind.ADMINISTRATIVE, b"an act", town.clock.now())

    await town.store.run(write)


async def exchanged(town: Town, other: Town) -> StoredCheckpoint:
    """The checkpoint of a town that the other has cosigned now."""
    own = await town.cases.witnessing.exchange(other.code)
    assert own is not None
    return own


async def bring(
    town: Town, other: Town, note: bytes, old_size: int, proof: tuple[bytes, ...] = ()
) -> bytes:
    """What the other says to a note of a town's: its cosignature."""
    said = await other.cases.witnessing.add_checkpoint(town.code, old_size, proof, note)
    return said.line


def forged(town: Town, size: int, root: bytes = b"\x01" * 32) -> bytes:
    """A checkpoint that a town signs though its log is another one."""
    head = Checkpoint(origin_of(town.code), size, root)
    return sign_checkpoint(head, town.keys, town.keys.signer.public_key)
