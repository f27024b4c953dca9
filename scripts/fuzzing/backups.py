"""Backups: who has the public key that they are made for can make one of anything."""

import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Final

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.envelope import envelope_to_json
from federation.log_entry import entry_leaf
from federation.merkle_log import leaf_hash, merkle_root
from node.config import SETTINGS_FILE
from node.keeping import age
from node.keeping.archive import END, Member, NotAnArchiveError, member, members
from node.keeping.forms import HEAD, MANIFEST, Head, LogHead, Manifest, head_to_json, sign_manifest
from node.keeping.making import FILES, STORE, Parts
from node.keeping.reading import Reading
from node.keeping.verifying import ANCHOR, Found, verify
from node.ports.keeping import Kind, TableForm
from scripts.fuzzing.oracle import Target, as_text, promise, taken
from tests.federation.make import NOW, ZHENGZHOU, bundle, public, sealed_bundle, signer

# Between two members of an input, and between the name of one and what it holds.
_NEXT: Final = b"\x1e"
_HOLDS: Final = b"\x1f"
_COUNT: Final = 3
_MICROS: Final = 1_764_000_000_000_000
_LONG: Final = 1 << 63


def _backup(data: bytes) -> None:
    given = parts_of(data)
    found = taken(lambda: _verified([*given, *_signed(given)]))
    if found is not None:
        promise(found.manifest.city == ZHENGZHOU, "it is the city's that signed it")
        promise(found.manifest.made_at.utcoffset() is not None, "it is of one instant")
        promise(found.rows >= 0, "it has so many rows")


def parts_of(data: bytes) -> list[Member]:
    """The members that an input stands for."""
    given = list[Member]()
    for piece in data.split(_NEXT):
        name, _, content = piece.partition(_HOLDS)
        with suppress(ValueError):
            given.append(member(as_text(name), content))
    return given


def _signed(given: list[Member]) -> list[Member]:
    """The manifest, where the input has none of its own: so that the search gets to the end."""
    if any(each.name == MANIFEST for each in given):
        return []
    parts = Parts()
    for each in given:
        parts.add(each)
    made = replace(_manifest(), parts=parts.listed())
    return [member(MANIFEST, sign_manifest(made, signer(ZHENGZHOU)))]


def _verified(given: list[Member]) -> Found:
    plain = b"".join(block for each in given for block in each.blocks()) + END
    reading = Reading(BytesIO(plain), "backup.age", None)
    rows = 0
    for table, some in reading.rows():
        rows += len(some)
        promise(all(len(row) == len(table.columns) for row in some), "a row has its columns")
        for value in (value for row in some for value in row):
            if isinstance(value, str):
                promise(value.encode() is not None, "a text can be kept")
            if isinstance(value, int):
                promise(-_LONG <= value < _LONG, "a number can be kept")
    promise(rows == sum(table.rows for table in reading.head.tables), "it has as many as it says")
    return verify(Reading(BytesIO(plain), "backup.age", None))


def _archive(data: bytes) -> None:
    try:
        found = list(members(BytesIO(data)))
    except NotAnArchiveError:
        return
    again = b"".join(block for each in found for block in each.blocks()) + END
    promise(again == data, "what is read is what would be written")


def _age_keys(data: bytes) -> None:
    taken(lambda: age.recipients(data, "--to"))
    taken(lambda: age.identities(data, "key"))
    stream = BytesIO(data)
    of = _identities()

    def read() -> bytes:
        with age.decrypted(stream, "backup.age", of, "key") as plain:
            return plain.read(len(data) + 1)

    if data.startswith(b"age-"):
        taken(read)


@cache
def _identities() -> list[age.Identity]:
    content, _ = age.new_identity("now")
    return age.identities(content, "key")


@cache
def _leaves() -> tuple[bytes, ...]:
    return tuple(leaf_hash(entry_leaf("issued", _MICROS, bytes(32))) for _ in range(_COUNT))


@cache
def _manifest() -> Manifest:
    root = merkle_root(_leaves())
    return Manifest(ZHENGZHOU, NOW, LogHead(_COUNT, root, _note()), ())


@cache
def _note() -> bytes:
    seen = Checkpoint(origin_of(ZHENGZHOU), _COUNT, merkle_root(_leaves()))
    return sign_checkpoint(seen, signer(ZHENGZHOU), public(ZHENGZHOU, "signing-1").public_key)


_TABLES: Final = (
    TableForm("checkpoints", (("note", Kind.BYTES),), 0),
    TableForm("log_state", (("size", Kind.WHOLE), ("peaks", Kind.BYTES)), 0),
    TableForm(
        "log_entries",
        (
            ("sequence", Kind.WHOLE),
            ("kind", Kind.TEXT),
            ("at", Kind.WHOLE),
            ("commitment", Kind.BYTES),
            ("leaf_hash", Kind.BYTES),
        ),
        1,
    ),
    TableForm("log_tiles", (("level", Kind.WHOLE), ("tile", Kind.WHOLE), ("hash", Kind.BYTES)), 1),
)
_ROWS: Final = {
    "checkpoints": b"",
    "log_state": b"",
    "log_entries": b'[0,"issued",1764000000000000,"AAAA","AAAA"]\n',
    "log_tiles": b'[0,1,"AAAA"]\n',
}


def _backups() -> list[bytes]:
    head = head_to_json(Head(ZHENGZHOU, NOW, "1.0.0", "processes_0007", _TABLES))
    few = head_to_json(Head(ZHENGZHOU, NOW, "1.0.0", "processes_0007", _TABLES[3:]))
    files = [
        (FILES + SETTINGS_FILE, b'code = "410100"\n'),
        (FILES + "trust-bundle.json", envelope_to_json(sealed_bundle(bundle(ZHENGZHOU))).encode()),
    ]
    rows = [(f"{STORE}{name}/000000.jsonl", content) for name, content in _ROWS.items()]
    anchor = (FILES + ANCHOR, _note())
    signed = sign_manifest(_manifest(), signer(ZHENGZHOU))
    newer = json.dumps({"form": "hutong-backup/2", "version": "7.0"}).encode()
    return [
        _joined([(HEAD, head), *files, *rows]),
        _joined([(HEAD, few), *files, rows[3]]),
        _joined([(HEAD, few), *files, anchor, rows[3], (MANIFEST, signed)]),
        _joined([(HEAD, newer)]),
    ]


def _joined(given: list[tuple[str, bytes]]) -> bytes:
    return _NEXT.join(name.encode() + _HOLDS + content for name, content in given)


def _archives() -> list[bytes]:
    some = [member("head.json", b"{}"), member("files/" + "x" * 80, bytes(512)), member("a", b"")]
    return [b"".join(block for each in some[:n] for block in each.blocks()) + END for n in (1, 3)]


def _keys() -> list[bytes]:
    content, public_key = age.new_identity("now")
    return [content, public_key.encode() + b"\n", b"age-encryption.org/v1\n-> X25519 a\nb\n--- c\n"]


def targets() -> list[Target]:
    """The targets of this file."""
    return [
        Target("backup", "what a backup holds, after its encryption", _backup, _backups, 8192),
        Target("backup-archive", "the archive that a backup is", _archive, _archives),
        Target("age-keys", "keys of a backup, and its encryption", _age_keys, _keys, 1024),
    ]
