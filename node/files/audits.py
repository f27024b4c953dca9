"""A period of a log as a file: JSON Lines, UTF-8, for whoever wants to verify it without us.

The first line is an object with these members and no other:

- `form`: "hutong-audit/1".
- `city`: the GB/T 2260 code of the city whose log it is.
- `since`, `until`: the period, from the first instant on and up to the second, which is outside.
- `before`: a checkpoint of the log, a signed note (C2SP) with the cosignatures that are known. The
  first entry of the file is the one after those that it covers; "" where the log begins.
- `edge`: the roots of the complete subtrees that the tree of `before` is made of (their sizes are
  the binary digits of its size), the largest first, in hexadecimal.
- `after`: the checkpoint that covers the entries up to the last one of the file, and no more.
- `newest`: the newest checkpoint of the log when the file was made.
- `consistency`: the hashes by which `after` is a beginning of `newest` (RFC 9162, 2.1.4), in
  hexadecimal; none where they are one.
- `trust_bundles`: the city's, then those of partners that cosigned, each a DSSE envelope.

Then comes one line for each entry, in order: `["issued", 1764000000000000, "<commitment, hex>"]`
(kind, microseconds since 1970 in UTC, commitment), as in the file of a whole log (`files.logs`).

To verify it without our code: grow the tree (RFC 6962) from `edge` by the leaf of each entry. Its
root before the first entry is that of `before`, and after the last one that of `after`. Check the
proof from `after` to `newest`, and the signature of the city and of each partner under `newest`.
The first entry (unless the log begins with it) is from before the period, the last from after it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from federation.checkpoint import unverified_checkpoint
from federation.envelope import Envelope, envelope_from_json
from federation.identifiers import city_code
from federation.merkle_log import HASH_BYTES
from node.audited import AuditedEntry, Period
from node.files.lines import HEAD_CHARACTERS, LINE_CHARACTERS, json_of, opened
from node.files.reading import mistake

FORM: Final = "hutong-audit/1"
_NOTES: Final = ("before", "after", "newest")
_HASHES: Final = ("edge", "consistency")
_TIMES: Final = ("since", "until")
_MEMBERS: Final = {"form", "city", "trust_bundles", *_NOTES, *_HASHES, *_TIMES}
_ENTRY_PARTS: Final = 3
_BUNDLES: Final = 128
_HASHES_MOST: Final = 128
# Microseconds since 1970 up to the year 9999.
_LAST_MICRO: Final = 253_402_300_800_000_000 - 1


def write_period(out: IO[str], period: Period, bundles: Sequence[str]) -> None:
    """Write the first line; the bundles are envelopes in JSON."""
    head = {
        "form": FORM,
        "city": period.city,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "before": period.before.decode(),
        "edge": [each.hex() for each in period.edge],
        "after": period.after.decode(),
        "newest": period.newest.decode(),
        "consistency": [each.hex() for each in period.consistency],
        "trust_bundles": [json.loads(bundle) for bundle in bundles],
    }
    out.write(json.dumps(head, ensure_ascii=False) + "\n")


def read_period(path: Path) -> Period:
    """The first line of a file; raises FILE_INVALID, MALFORMED, BAD_NOTE."""
    with opened(path) as text:
        line = text.readline(HEAD_CHARACTERS)
    said = json_of(path, 1, line)
    if not isinstance(said, dict) or said.keys() != _MEMBERS or said["form"] != FORM:
        raise mistake(path.name, "line 1", f"it is no object of the form {FORM}")
    for name in (*_NOTES, *_TIMES):
        if not isinstance(said[name], str):
            raise mistake(path.name, "line 1", f"its {name} is no text")
    if not isinstance(said["trust_bundles"], list) or len(said["trust_bundles"]) > _BUNDLES:
        raise mistake(path.name, "line 1", f"its trust_bundles are no list of at most {_BUNDLES}")
    before, after, newest = (said[name].encode("utf-8", "replace") for name in _NOTES)
    # Whose signatures they bear is looked at later; that they are notes at all, here.
    for note in (before or after, after, newest):
        unverified_checkpoint(note)
    return Period(
        city=city_code(str(said["city"]), where="city"),
        since=_instant(path, said["since"]),
        until=_instant(path, said["until"]),
        before=before,
        edge=_hashes(path, "edge", said["edge"]),
        after=after,
        newest=newest,
        consistency=_hashes(path, "consistency", said["consistency"]),
        trust_bundles=tuple(_bundle(each) for each in said["trust_bundles"]),
    )


def read_entries(path: Path) -> Iterator[AuditedEntry]:
    """Each entry of a file, one by one; raises FILE_INVALID."""
    with opened(path) as text:
        text.readline(HEAD_CHARACTERS)
        number = 1
        while line := text.readline(LINE_CHARACTERS):
            number += 1
            yield _entry(path, number, json_of(path, number, line))


def _entry(path: Path, number: int, said: object) -> AuditedEntry:
    if isinstance(said, list) and len(said) == _ENTRY_PARTS:
        kind, at, committed = said
        if isinstance(kind, str) and kind.isascii() and kind.isalpha() and type(at) is int:
            found = _hash(committed)
            if found and 0 <= at <= _LAST_MICRO:
                return AuditedEntry(kind, at, found)
    raise mistake(path.name, f"line {number}", "it is no entry: a kind, an instant, a commitment")


def _hashes(path: Path, name: str, said: object) -> tuple[bytes, ...]:
    found = [_hash(each) for each in said] if isinstance(said, list) else [b""]
    if not all(found) or len(found) > _HASHES_MOST:
        problem = f"its {name} is no list of at most {_HASHES_MOST} hashes in hexadecimal"
        raise mistake(path.name, "line 1", problem)
    return tuple(found)


def _hash(said: object) -> bytes:
    """The 32 bytes; b"" where it is no hash in its one form."""
    try:
        found = bytes.fromhex(said) if isinstance(said, str) else b""
    except ValueError:
        return b""
    return found if len(found) == HASH_BYTES and found.hex() == said else b""


def _instant(path: Path, said: str) -> datetime:
    try:
        found = datetime.fromisoformat(said)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise mistake(path.name, "line 1", "its period is no two instants with their zones")


def _bundle(said: object) -> Envelope:
    return envelope_from_json(json.dumps(said).encode(), where="trust_bundles")
