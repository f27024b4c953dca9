"""A node that was made, with something of much in its store; backups of it, put back."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.messages import TrustBundle
from federation.trust import open_kept_bundle
from node.anchor import FileAnchor
from node.bootstrap import init_node, own_bundle
from node.config import Settings, read_settings
from node.keeping import age, verifying
from node.keeping.archive import END, Member, members
from node.keeping.forms import Manifest
from node.keeping.reading import Reading
from node.keeping.restoring import Restored
from node.keeping.verifying import Found
from node.keeping.whole_file import whole_file
from node.keys import FileKeys, KeyFolder
from node.logbook import StoredCheckpoint
from node.ports import Transaction
from node.services.cosigning import current_public
from node.store.dumping import open_dump
from node.upkeep import new_backup, restoring
from tests.node.store import rig
from tests.node.store.rig import HOME, NOW, Desk, opened

ENTRIES = 600
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A node's folder and store, and who can open its backups."""

    directory: Path
    url: str
    identity: bytes
    public: str

    @property
    def path(self) -> Path:
        return self.directory / "hutong.toml"

    @property
    def settings(self) -> Settings:
        return read_settings(self.path, {})

    @property
    def keys(self) -> FileKeys:
        return FileKeys(KeyFolder(self.directory))

    @property
    def trusted(self) -> TrustBundle:
        envelope = own_bundle(self.settings)
        return open_kept_bundle(envelope).message


def node(directory: Path, url: str, entries: int = ENTRIES) -> Kept:
    """Make a node, and fill its store."""
    path = init_node(
        directory,
        city=HOME,
        name_zh="城",
        name_en="city",
        peer_address="127.0.0.1:7443",
        local_address="127.0.0.1:7444",
        contact="12345",
    )
    text = re.sub(r"(?m)^store = .*$", lambda _: f'store = "{url}"', path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    identity, public = age.new_identity("now")
    kept = Kept(directory, url, identity, public)
    with opened(url) as desk:
        fill(desk)
        grow(desk, entries)
        sign(kept, desk)
        grow(desk, 7)
    return kept


def fill(desk: Desk) -> None:
    """Something in many tables: Chinese texts, bytes of every value, nothing where it may be."""

    def write(tx: Transaction) -> None:
        for serial in range(1, 4):
            tx.residents.add(rig.resident(serial))
        tx.consents.add(rig.consent(1), bytes(range(32)))
        tx.consents.add_code(rig.code(1))
        tx.records.add([rig.record(1)])
        tx.answers.record(rig.answer(1, response=bytes(range(256)) + b"\r\n\x85"))
        tx.recognitions.put(rig.recognition(1))

    desk.run(write)


def grow(desk: Desk, count: int) -> None:
    """So many more entries of the log."""

    def write(tx: Transaction) -> None:
        for serial in range(tx.log.size(), tx.log.size() + count):
            tx.log.append(rig.entry(serial))

    desk.run(write)


def sign(kept: Kept, desk: Desk) -> bytes:
    """A checkpoint of the log as it is, in the store and in the anchor."""
    size, root = desk.read(lambda tx: (tx.log.size(), tx.log.root()))
    keys = kept.keys
    note = sign_checkpoint(Checkpoint(origin_of(HOME), size, root), keys, current_public(keys))
    desk.run(lambda tx: tx.checkpoints.add(StoredCheckpoint(size, NOW, note)))
    FileAnchor(kept.directory).write(note)
    return note


def back_up(kept: Kept, to: Path, tell: Callable[[int], object] = lambda _: None) -> Manifest:
    """Make a backup."""
    with new_backup(kept.path, kept.settings) as making, whole_file(to) as out:
        age.encrypt(making.blocks(tell), out, age.recipients(kept.public.encode(), "test"))
    return making.made


@contextlib.contextmanager
def reading(
    kept: Kept, file: Path, *, identity: bytes = b"", trusted: TrustBundle | None = None
) -> Iterator[Reading]:
    """A backup that is read."""
    of = age.identities(identity or kept.identity, "key")
    with file.open("rb") as raw, age.decrypted(raw, file.name, of, "key") as stream:
        yield Reading(stream, file.name, trusted)


def verify(
    kept: Kept, file: Path, *, identity: bytes = b"", trusted: TrustBundle | None = None
) -> Found:
    """Verify a backup."""
    with reading(kept, file, identity=identity, trusted=trusted) as found:
        return verifying.verify(found)


def restore(kept: Kept, file: Path, to: Path, store: str = "") -> Restored:
    """Restore a backup."""
    with reading(kept, file) as found:
        return restoring(to, store).run(found, file.name)


def rows(url: str) -> dict[str, list[Row]]:
    """Every row of a store, by table."""
    with open_dump(url, 100) as dump:
        tables = dump.tables()
        return {t.name: [tuple(row) for part in dump.rows(t) for row in part] for t in tables}


def inside(kept: Kept, file: Path) -> list[Member]:
    """The members of a backup, as whoever has the identity sees them."""
    with file.open("rb") as raw:
        of = age.identities(kept.identity, "key")
        with age.decrypted(raw, file.name, of, "key") as stream:
            return list(members(stream))


def forge(kept: Kept, file: Path, changed: list[Member]) -> None:
    """A backup of these members, as whoever has the public key can make it."""
    plain = b"".join(block for each in changed for block in each.blocks()) + END
    recipients = age.recipients(kept.public.encode(), "test")
    file.write_bytes(pyrage.encrypt(plain, recipients))
