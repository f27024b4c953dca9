"""What a backup says of itself, in and out: its head, its rows, and the manifest that is signed.

The head comes first, for who restores; the manifest last, when all of it is known. The manifest is
a DSSE envelope in JSON, signed by the city's signing key: any DSSE library can verify it.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from federation.envelope import Envelope, add_signature, envelope_from_json, envelope_to_json
from federation.errors import HutongError
from federation.identifiers import CityCode, city_code
from federation.keys import Signer
from node.keeping import limits
from node.ports.keeping import Kind, Rows, TableForm, Value

FORM: Final = 1
HEAD: Final = "head.json"
MANIFEST: Final = "manifest.json"
_FORM: Final = "hutong-backup/"
_NUMBER: Final = re.compile("[0-9]{1,9}")
# What is whole has 64 bits in both databases, one of them for the sign.
_MOST: Final = 1 << 63
# What a text, a whole number and nothing begin with.
_BEGINS: Final = frozenset('"-0123456789n')
_DECODER: Final = json.JSONDecoder()
_PAYLOAD_TYPE: Final = "application/vnd.hutong.backup.v1+json"


class NotOursError(ValueError):
    """It is not what a backup says; the text says what of it is not."""


class NewerError(Exception):
    """It is of a newer form than this version knows; the text is the version that made it."""


@dataclass(frozen=True, slots=True)
class Head:
    """Whose backup it is, of when, by which version, and the tables of the store in it."""

    city: CityCode
    made_at: datetime
    version: str
    schema: str
    tables: tuple[TableForm, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A file, a folder or a table of a backup: how many members, their bytes, and their hash."""

    name: str
    members: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LogHead:
    """The log as of the backup: `checkpoint` is the newest that the city signed; b"" for none."""

    size: int
    root: bytes
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was signed: every part of the backup, and the log in it."""

    city: CityCode
    made_at: datetime
    log: LogHead
    parts: tuple[Part, ...]


def head_to_json(head: Head) -> bytes:
    """The first member."""
    return _json(
        {
            "form": f"{_FORM}{FORM}",
            "city": head.city,
            "made_at": head.made_at.isoformat(),
            "version": head.version,
            "schema": head.schema,
            "tables": [
                {
                    "name": table.name,
                    "columns": [[name, kind.value] for name, kind in table.columns],
                    "rows": table.rows,
                }
                for table in head.tables
            ],
        }
    )


def head_from_json(content: bytes) -> Head:
    """The head; raises NotOursError, or NewerError for one of a newer form."""
    found = _object(content, "its head")
    form, version = str(found.get("form", "")), str(found.get("version", "?"))[:40]
    number = form.removeprefix(_FORM)
    if not form.startswith(_FORM) or not _NUMBER.fullmatch(number):
        raise NotOursError("it is no backup of a node")
    if int(number) > FORM:
        raise NewerError(version)
    try:
        return Head(
            city=city_code(found["city"]),
            made_at=_instant(found["made_at"]),
            version=version,
            schema=_text(found["schema"]),
            tables=tuple(_table(each) for each in found["tables"]),
        )
    except (HutongError, KeyError, TypeError, ValueError) as error:
        raise NotOursError("its head is not in order") from error


def _table(found: Mapping[str, Any]) -> TableForm:
    columns = tuple((_text(name), Kind(kind)) for name, kind in found["columns"])
    if not columns:
        raise ValueError(found["name"])
    return TableForm(_text(found["name"]), columns, _whole(found["rows"]))


def rows_to_json(table: TableForm, rows: Rows) -> Iterator[bytes]:
    """Rows, a line each: bytes in base64, and all else as JSON has it."""
    hidden = [place for place, (_, kind) in enumerate(table.columns) if kind is Kind.BYTES]
    for row in rows:
        shown: list[object] = list(row)
        for place in hidden:
            value = row[place]
            if isinstance(value, bytes):
                shown[place] = base64.b64encode(value).decode()
        yield _json(shown)


def rows_from_json(table: TableForm, content: bytes) -> Iterator[list[list[Value]]]:
    """The rows of a part, some at a time; raises NotOursError."""
    kinds = [kind for _, kind in table.columns]
    found, size = list[list[Value]](), 0
    try:
        for line in BytesIO(content):
            row = _values(line.removesuffix(b"\n"))
            found.append([_value(*each) for each in zip(kinds, row, strict=True)])
            size += len(line)
            if size >= limits.PART_BYTES:
                yield found
                found, size = [], 0
    except (ValueError, TypeError, RecursionError) as error:
        raise NotOursError(f"a row of {table.name} is none") from error
    if found:
        yield found


def _values(line: bytes) -> Iterable[object]:
    if len(line) > limits.ROW_BYTES:
        raise ValueError(len(line))
    text = line.decode()
    if len(line) > limits.ROW_AT_ONCE_BYTES:
        return _one_by_one(text)
    row = json.loads(text)
    if not isinstance(row, list):
        raise TypeError(row)
    return row


def _one_by_one(text: str) -> Iterator[object]:
    """The values of a long row; of what is nested in it nothing is made."""
    last, place = len(text) - 1, 0
    if text[0] != "[" or text[last] != "]":
        raise ValueError(place)
    while place < last:
        if text[place + 1] not in _BEGINS:
            raise ValueError(place)
        value, place = _DECODER.raw_decode(text, place + 1)
        yield value
        if place < last and text[place] != ",":
            raise ValueError(place)


def _value(kind: Kind, value: object) -> Value:
    match kind, value:
        case _, None:
            return None
        case Kind.TEXT, str() as text:
            # JSON can say half of a character, which no store can keep.
            return text.encode().decode()
        case Kind.BYTES, str() as encoded:
            return base64.b64decode(encoded, validate=True)
        case Kind.WHOLE, int() as number if (
            not isinstance(number, bool) and -_MOST <= number < _MOST
        ):
            return number
    raise ValueError(kind)


def sign_manifest(manifest: Manifest, signer: Signer) -> bytes:
    """The last member."""
    log = manifest.log
    payload = _json(
        {
            "city": manifest.city,
            "made_at": manifest.made_at.isoformat(),
            "log": {
                "size": log.size,
                "root": log.root.hex(),
                "checkpoint": log.checkpoint.decode(),
            },
            "parts": [
                {"name": p.name, "members": p.members, "size": p.size, "sha256": p.sha256}
                for p in manifest.parts
            ],
        }
    )
    return envelope_to_json(add_signature(Envelope(_PAYLOAD_TYPE, payload, ()), signer)).encode()


def manifest_from_json(content: bytes) -> tuple[Manifest, Envelope]:
    """The manifest, and the envelope whose signatures are to be verified; raises NotOursError."""
    try:
        envelope = envelope_from_json(content, where=MANIFEST)
    except HutongError as error:
        raise NotOursError("its manifest is no envelope") from error
    if envelope.payload_type != _PAYLOAD_TYPE:
        raise NotOursError("its manifest is another kind of statement")
    found = _object(envelope.payload, "its manifest")
    try:
        log = found["log"]
        manifest = Manifest(
            city=city_code(found["city"]),
            made_at=_instant(found["made_at"]),
            log=LogHead(
                _whole(log["size"]), bytes.fromhex(log["root"]), log["checkpoint"].encode()
            ),
            parts=tuple(_part(each) for each in found["parts"]),
        )
    except (HutongError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotOursError("its manifest is not in order") from error
    return manifest, envelope


def _part(found: Mapping[str, Any]) -> Part:
    members, size = _whole(found["members"]), _whole(found["size"])
    return Part(_text(found["name"]), members, size, _text(found["sha256"]))


def _json(value: Sequence[object] | Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotOursError(f"{what} is no JSON") from error
    if not isinstance(found, dict):
        raise NotOursError(f"{what} is no object of JSON")
    return found


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError(value)
    return found


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
        raise ValueError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
