"""A whole log as a file: JSON Lines, UTF-8, for whoever wants to verify it without us.

The first line is an object: `form` "hutong-log/1", `city`, `checkpoint` (a signed note, C2SP, with
the cosignatures that are known) and `trust_bundles`: the city's, then those of partners who
cosigned, each a DSSE envelope. Then comes one line for each entry, in order: either
`["issued", 1764000000000000, "<commitment, hex>"]` (kind, microseconds since 1970 in UTC,
commitment), or the leaf hash alone, `"<hex>"`. The leaf of an entry is SHA-256 of a zero byte and
four lines of ASCII: `hutong-log/v1`, kind, microseconds, commitment; each ends with a newline. The
tree is RFC 6962's.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from federation.envelope import Envelope, envelope_from_json, envelope_to_json
from federation.identifiers import CityCode, city_code
from federation.log_entry import entry_leaf
from federation.merkle_log import HASH_BYTES, leaf_hash
from node.files.lines import HEAD_CHARACTERS, LINE_CHARACTERS, json_of, opened
from node.files.reading import mistake

FORM: Final = "hutong-log/1"
_MEMBERS: Final = {"form", "city", "checkpoint", "trust_bundles"}
_ENTRY_PARTS: Final = 3
_BUNDLES: Final = 64


@dataclass(frozen=True, slots=True)
class LogFile:
    """What the head of a log says; nothing of it is believed yet."""

    city: CityCode
    checkpoint: bytes
    trust_bundles: tuple[Envelope, ...]


def write_head(out: IO[str], city: str, checkpoint: bytes, bundles: Sequence[str]) -> None:
    """Write the first line; the bundles are envelopes in JSON."""
    head = {
        "form": FORM,
        "city": city,
        "checkpoint": checkpoint.decode(),
        "trust_bundles": [json.loads(bundle) for bundle in bundles],
    }
    out.write(json.dumps(head, ensure_ascii=False) + "\n")


def write_entry(out: IO[str], kind: str, at_micros: int, committed: bytes) -> None:
    """Write one entry."""
    out.write(json.dumps([kind, at_micros, committed.hex()]) + "\n")


def write_leaf(out: IO[str], leaf: bytes) -> None:
    """Write one leaf hash."""
    out.write(f'"{leaf.hex()}"\n')


def bundle_text(bundle: Envelope) -> str:
    """A trust bundle as `write_head` takes it."""
    return envelope_to_json(bundle)


def is_log(path: Path) -> bool:
    """Whether the file begins as a log does."""
    with opened(path) as text:
        return f'"{FORM}"' in text.read(LINE_CHARACTERS)


def read_head(path: Path) -> LogFile:
    """The head of a log; raises FILE_INVALID."""
    with opened(path) as text:
        line = text.readline(HEAD_CHARACTERS)
    said = json_of(path, 1, line)
    if not isinstance(said, dict) or said.keys() != _MEMBERS or said["form"] != FORM:
        raise mistake(path.name, "line 1", f"it is no object of the form {FORM}")
    bundles, note = said["trust_bundles"], said["checkpoint"]
    if not isinstance(bundles, list) or len(bundles) > _BUNDLES or not isinstance(note, str):
        raise mistake(path.name, "line 1", "its checkpoint or its trust bundles are none")
    return LogFile(
        city=city_code(str(said["city"]), where="city"),
        checkpoint=note.encode("utf-8", "replace"),
        trust_bundles=tuple(
            envelope_from_json(json.dumps(each).encode(), where="trust_bundles") for each in bundles
        ),
    )


def read_leaves(path: Path) -> Iterator[bytes]:
    """The leaf hash of each entry, as it is or as it follows; raises FILE_INVALID."""
    with opened(path) as text:
        text.readline(HEAD_CHARACTERS)
        number = 1
        while line := text.readline(LINE_CHARACTERS):
            number += 1
            yield _leaf(path, number, json_of(path, number, line))


def _leaf(path: Path, number: int, said: object) -> bytes:
    try:
        if isinstance(said, str):
            found = bytes.fromhex(said)
            if len(found) == HASH_BYTES:
                return found
        if isinstance(said, list) and len(said) == _ENTRY_PARTS:
            kind, at, committed = said
            if isinstance(kind, str) and kind.isascii() and type(at) is int:
                return leaf_hash(entry_leaf(kind, at, bytes.fromhex(str(committed))))
    except ValueError as error:
        raise mistake(path.name, f"line {number}", "it holds no hexadecimal hash") from error
    raise mistake(path.name, f"line {number}", "it is neither an entry nor a leaf hash")
