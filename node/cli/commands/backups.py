"""Backups: the identity that opens them, one that is made, and one that is verified."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

from federation.checkpoint import unverified_checkpoint
from federation.envelope import envelope_from_json
from federation.limits import PAYLOAD_BYTES
from federation.messages import TrustBundle
from federation.trust import open_kept_bundle
from node import upkeep
from node.cli.bars import bars, counting
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import read_file, unreadable
from node.clock import SystemClock
from node.keeping import age, verifying
from node.keeping.limits import AGE_FILE_BYTES
from node.keeping.reading import Reading
from node.keeping.verifying import Found
from node.keeping.whole_file import whole_file

_KEY: Final = "age1"


@command("backup key")
@argument("file", text="identity_out")
@pass_session
def key(session: Session, *, file: str) -> None:
    """Make an identity."""
    made_at = SystemClock().now().isoformat(timespec="seconds")
    content, public = age.new_identity(made_at)
    try:
        with whole_file(Path(file)) as out:
            out.write(content)
    except OSError as error:
        raise unreadable(file, error) from error
    if not session.out.document({"file": file, "public_key": public}):
        session.out.line(session.say("said.backup_key", file=file, key=public))
        session.out.line(session.say("said.backup_key_next", file=file, key=public))


@command("backup make")
@argument("file", text="backup_out")
@option("--to", multiple=True, required=True, metavar="KEY", text="backup_to")
@pass_session
def make(session: Session, *, file: str, to: tuple[str, ...]) -> None:
    """Make a backup while the node serves, or while it does not."""
    wanted = _recipients(to)
    path = Path(file)
    try:
        with (
            upkeep.new_backup(session.settings_path, session.settings) as making,
            whole_file(path) as out,
            counting(session) as shown,
        ):
            task = shown.add_task(session.say("words.rows"), total=max(making.total, 1))
            blocks = making.blocks(lambda done: shown.update(task, completed=done))
            age.encrypt(blocks, out, wanted)
    except OSError as error:
        raise unreadable(_at_fault(error, path), error) from error
    made = making.made
    size = path.stat().st_size
    said = {
        "file": file,
        "city": made.city,
        "made_at": made.made_at.isoformat(),
        "bytes": size,
        "rows": making.total,
        "size": made.log.size,
        "root": made.log.root.hex(),
        "checkpoint_size": _checkpoint_size(made.log.checkpoint),
    }
    if session.out.document(said):
        return
    session.out.line(
        session.say(
            "said.backup_made",
            file=file,
            city=made.city,
            rows=f"{making.total:,}",
            size=f"{made.log.size:,}",
            root=made.log.root.hex()[:16],
            bytes=f"{size:,}",
        )
    )
    session.out.line(session.say("said.backup_next", file=file))


def _at_fault(error: OSError, path: Path) -> str:
    """Which file it was: the backup's own, or one of the node's that goes into it."""
    found = Path(os.fsdecode(error.filename)) if error.filename else path
    return str(path if found.parent == path.parent else found)


@command("backup verify")
@argument("file", text="backup_file")
@option("--identity", required=True, metavar="FILE", text="identity_file")
@option("--trust", metavar="BUNDLE", text="backup_trust")
@pass_session
def verify(session: Session, *, file: str, identity: str, trust: str | None) -> None:
    """Verify a backup without putting it anywhere."""
    with opened(session, file, identity, trust) as reading:
        found = verifying.verify(reading)
    if session.out.document(described(found)):
        return
    tell(session, found)
    if not trust:
        session.out.line(_compare(session, found), style="yellow")
    session.out.line(session.say("said.backup_good"), style="green")


@contextlib.contextmanager
def opened(session: Session, file: str, identity: str, trust: str | None) -> Iterator[Reading]:
    """The backup in a file, which the body reads to its end, with a bar that says how far.

    Raises:
        HutongError: FILE_INVALID, AGE_KEY_INVALID, BACKUP_NOT_FOR_THIS_KEY, BACKUP_DAMAGED, and
            what `Reading` raises.

    """
    trusted = _trusted(trust) if trust else None
    name, secret = read_file(identity, most=AGE_FILE_BYTES)
    identities = age.identities(secret, name)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with (
            Path(file).open("rb") as raw,
            bars(session, TextColumn("{task.description}"), *columns) as shown,
        ):
            total = Path(file).stat().st_size
            task = shown.add_task(Path(file).name, total=total)
            counted = _Counted(raw, lambda count: shown.advance(task, count))
            with age.decrypted(counted, Path(file).name, identities, name) as stream:
                yield Reading(stream, Path(file).name, trusted)
    except OSError as error:
        raise unreadable(str(error.filename or file), error) from error


def described(found: Found) -> dict[str, object]:
    """What a backup holds, for programs."""
    log = found.manifest.log
    return {
        "city": found.manifest.city,
        "made_at": found.manifest.made_at.isoformat(),
        "version": found.version,
        "schema": found.schema,
        "rows": found.rows,
        "size": log.size,
        "root": log.root.hex(),
        "checkpoint_size": _checkpoint_size(log.checkpoint),
        "fingerprint": found.fingerprint,
        "parts": [
            {"name": part.name, "members": part.members, "bytes": part.size, "sha256": part.sha256}
            for part in found.manifest.parts
        ],
    }


def tell(session: Session, found: Found) -> None:
    """What a backup holds, for people."""
    log = found.manifest.log
    session.out.lines(
        [
            (session.say("words.city"), found.manifest.city),
            (session.say("words.when"), session.time(found.manifest.made_at.isoformat())),
            (session.say("words.made_by"), f"hutong {found.version} ({found.schema})"),
            (session.say("words.rows"), f"{found.rows:,}"),
            (session.say("words.entries"), f"{log.size:,}, {log.root.hex()[:16]}…"),
            (session.say("words.checkpoint"), f"{_checkpoint_size(log.checkpoint):,}"),
        ]
    )


def _compare(session: Session, found: Found) -> str:
    city = found.manifest.city
    return session.say("said.compare_fingerprint", city=city, fingerprint=found.fingerprint)


def _recipients(to: Sequence[str]) -> list[age.Recipient]:
    found = list[age.Recipient]()
    for each in to:
        if each.startswith(_KEY):
            found += age.recipients(each.encode(), "--to")
        else:
            name, content = read_file(each, most=AGE_FILE_BYTES)
            found += age.recipients(content, name)
    return found


def _trusted(path: str) -> TrustBundle:
    _, content = read_file(path, most=4 * PAYLOAD_BYTES)
    envelope = envelope_from_json(content, where=path)
    return open_kept_bundle(envelope).message


def _checkpoint_size(note: bytes) -> int:
    return unverified_checkpoint(note).size if note else 0


class _Counted:
    """A file, and how much of it was read."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], object]) -> None:
        self._file = file
        self._tell = tell

    def read(self, count: int, /) -> bytes:
        """At most so many bytes."""
        found = self._file.read(count)
        self._tell(len(found))
        return found
