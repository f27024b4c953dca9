"""Puts together what keeps a node: backups, restores, and what partners know of its log.

Beside `node.bootstrap`, which a node that serves needs alone.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import __version__
from node.anchor import FileAnchor
from node.bootstrap import own_log
from node.clock import SystemClock
from node.config import Settings
from node.keeping import limits
from node.keeping.forms import Head
from node.keeping.log_check import LogCheck
from node.keeping.making import Making
from node.keeping.restoring import Restoring, kept_files
from node.keeping.verifying import ANCHOR
from node.keys import FileKeys, KeyFolder
from node.keys.bundles import locked
from node.keys.opening import key_access
from node.registry import Partner
from node.services.log_asking import Heard, Known, ask_partners
from node.store.dumping import open_dump, open_load
from node.transport.peers import GrpcPeers


@contextlib.contextmanager
def new_backup(settings_path: Path, settings: Settings) -> Iterator[Making]:
    """A backup of the node as of now, whether it serves or not.

    1. What is anchored is read first: the store has it by then.
    2. Then begins the instant of the store.
    3. Then the files are read: each key that the store speaks of is in them.

    Raises:
        HutongError: STORE_OLD, STORE_NEWER, STORE_UNAVAILABLE, KEY_UNUSABLE, TOKEN_UNUSABLE.

    """
    clock = SystemClock()
    keys = key_access(settings).ring(clock)
    # 1.
    anchored = FileAnchor(settings.data_dir).read()
    # 2.
    with open_dump(settings.store_url, limits.DUMP_ROWS) as dump:
        head = Head(settings.code, clock.now(), __version__, dump.schema, dump.tables())
        # 3.
        with locked(KeyFolder(settings.data_dir)):
            files = list(kept_files(settings_path, settings))
        keys.reload()
        check = LogCheck(settings.code, keys.signing_keys)
        if anchored:
            files.append((ANCHOR, anchored))
            check.signed(anchored)
        yield Making(head, files, dump.rows, check, keys)


def restoring(directory: Path, store: str) -> Restoring:
    """A place to restore to: a folder, and a store's URL where it is not the backup's own."""
    return Restoring(directory, store, open_load)


@dataclass(frozen=True, slots=True)
class LogHeard:
    """What a partner knows of this city's log, against the one in the store.

    `size` is -1 where it could not be asked, and `error` says why.
    """

    city: CityCode
    known: Known
    size: int
    size_here: int
    error: HutongError | None


def ask_about_log(settings: Settings) -> tuple[LogHeard, ...]:
    """What each partner knows of this city's log; the node need not run.

    What is newer than the store is anchored: no node of this city serves with less from then on.

    Raises:
        HutongError: STORE_UNAVAILABLE, KEY_UNUSABLE, TOKEN_UNUSABLE, ANCHOR_UNUSABLE.

    """
    keys = key_access(settings).ring(SystemClock())
    with own_log(settings) as log:
        partners = log.snapshot.known()
        heard = asyncio.run(_heard(keys, settings.code, partners))
        size = log.snapshot.state()[0]
        found = tuple(_held(each, each.held(size, log.snapshot.root), size) for each in heard)
    for each, held in zip(heard, found, strict=True):
        if held.known is Known.NEWER:
            FileAnchor(settings.data_dir).write(each.note)
    return found


async def _heard(
    keys: FileKeys, city: CityCode, partners: tuple[Partner, ...]
) -> tuple[Heard, ...]:
    async with GrpcPeers(keys) as peers:
        return await ask_partners(peers, partners, city, keys.signing_keys)


def _held(heard: Heard, known: Known, size: int) -> LogHeard:
    seen = heard.checkpoint.size if heard.checkpoint else 0
    return LogHeard(heard.city, known, -1 if heard.error else seen, size, heard.error)
