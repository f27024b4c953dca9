"""Checkpoints of a city's log: C2SP signed notes, and partners' cosignatures of them. Pure.

The text of a checkpoint is three lines, each in one form only: origin, size, root. It is read only
from the very bytes that were signed. Signatures by others are kept, and not believed: each is
checked by itself, with the keys of its city. Whether a checkpoint extends the last one is for
`merkle_log.check_consistency`, and the caller's to ask.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from federation import limits
from federation.errors import BAD_NOTE, BAD_SIGNATURE, KEY_NOT_VALID, UNKNOWN_KEY, HutongError
from federation.identifiers import CityCode
from federation.keys import PublicKey, Signer, Suite, key_id
from federation.merkle_log import EMPTY_ROOT, HASH_BYTES

_ORIGIN: Final = "hutong/"
_LARGEST: Final = 2**63 - 1
_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_HASH_BYTES: Final = 4
_TIME_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799

_TEXT: Final = re.compile(
    rb"(hutong/[1-9][0-9]{5})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n",
)
# A key's name has no space and no plus; printable ASCII is all that ours need.
_LINE: Final = re.compile(rb"\xe2\x80\x94 ([!-*,-~]{1,80}) ([A-Za-z0-9+/]{8,}={0,2})\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: how many entries it has, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no log can have."""
        if not re.fullmatch(r"hutong/[1-9][0-9]{5}", self.origin):
            raise _bad(f"an origin is {_ORIGIN} and the code of a city")
        if not 0 <= self.size <= _LARGEST or len(self.root) != HASH_BYTES:
            raise _bad("a log has from 0 to 2^63 - 1 entries, and a root of 32 bytes")
        if not self.size and self.root != EMPTY_ROOT:
            raise _bad("an empty log has one root only")

    @property
    def city(self) -> CityCode:
        """The city whose log it is."""
        return CityCode(self.origin.removeprefix(_ORIGIN))

    @property
    def text(self) -> bytes:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One signature line of a note: who is said to have signed, and the line; not believed yet."""

    name: str
    key_hash: bytes
    signature: bytes
    line: bytes


def origin_of(city: CityCode) -> str:
    """The name of a city's log, and of its keys in notes."""
    return f"{_ORIGIN}{city}"


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, public_key: bytes) -> bytes:
    """The note: the checkpoint's text, signed by its city.

    Raises KEY_NOT_VALID where `public_key` is not the signer's: it has changed its key meanwhile.
    """
    blob = _signed(checkpoint.text, signer, public_key, checkpoint.city)
    hash_ = key_hash(checkpoint.origin, _ED25519, public_key)
    return checkpoint.text + b"\n" + _line(checkpoint.origin, hash_ + blob)


def open_checkpoint(
    note: bytes, city: CityCode, keys: Sequence[PublicKey], now: datetime | None
) -> Checkpoint:
    """The checkpoint of a city's log in a note that the city signed.

    1. The note is in its one form, and of the city's log.
    2. Its first signature is by a key of the city, that counts at `now`. Without `now`, as for
       old notes and evidence, it is enough that the key is the city's: no city disowns what it
       signed by revoking the key.
    3. The signature fits the text.

    Raises:
        HutongError: BAD_NOTE, UNKNOWN_KEY, KEY_NOT_VALID, BAD_SIGNATURE: the first that fails.

    """
    # 1.
    checkpoint = unverified_checkpoint(note)
    origin = origin_of(city)
    if checkpoint.origin != origin:
        raise _bad(f"it is of the log {checkpoint.origin}, not of {origin}")
    first = note_lines(note)[0]
    if first.name != origin:
        raise _bad("its first signature is not by the log's own city")
    # 2.
    key = _key(first, _ED25519, city, keys)
    if now is not None and not key.valid_at(now):
        raise HutongError(KEY_NOT_VALID, key_id=key.key_id[:16], city=city)
    # 3.
    if not key.verifies(first.signature, checkpoint.text):
        raise HutongError(BAD_SIGNATURE, key_id=key.key_id[:16])
    return checkpoint


def unverified_checkpoint(note: bytes) -> Checkpoint:
    """What a note says, whoever signed it: for one that this city kept, or to see whose it is."""
    text = _halves(note)[0]
    found = _TEXT.fullmatch(text)
    if not found:
        raise _bad("its text is not an origin, a size and a root, a line each")
    return Checkpoint(found[1].decode(), int(found[2]), _base64(found[3]))


def note_lines(note: bytes) -> tuple[NoteLine, ...]:
    """The signature lines of a note, the log's own first; raises BAD_NOTE."""
    return _lines(_halves(note)[1])


def without_cosignatures(note: bytes) -> bytes:
    """The note with its first signature only."""
    return _halves(note)[0] + b"\n" + note_lines(note)[0].line


def cosign(note: bytes, city: CityCode, signer: Signer, public_key: bytes, now: datetime) -> bytes:
    """The line by which `city` says that, as far as it has seen, the log only ever grew.

    The caller has opened the note, and has checked that it extends what the city cosigned before.
    """
    seconds = int(now.timestamp())
    covered = _cosigned_text(seconds, unverified_checkpoint(note).text)
    blob = seconds.to_bytes(_TIME_BYTES, "big") + _signed(covered, signer, public_key, city)
    name = origin_of(city)
    return _line(name, key_hash(name, _COSIGNATURE, public_key) + blob)


def check_cosignature(
    note: bytes, line: bytes, city: CityCode, keys: Sequence[PublicKey]
) -> datetime:
    """When `city` cosigned the note, in this line of it or for it.

    Raises:
        HutongError: BAD_NOTE, UNKNOWN_KEY, KEY_NOT_VALID at that time, BAD_SIGNATURE.

    """
    parsed = _lines(line)
    if len(parsed) != 1 or parsed[0].name != origin_of(city):
        raise _bad(f"it is not one line by {origin_of(city)}")
    cosignature = parsed[0]
    key = _key(cosignature, _COSIGNATURE, city, keys)
    head, signature = cosignature.signature[:_TIME_BYTES], cosignature.signature[_TIME_BYTES:]
    seconds = int.from_bytes(head, "big")
    if seconds > _LAST_SECOND:
        raise _bad("its time is after the year 9999")
    at = _EPOCH + timedelta(seconds=seconds)
    if not key.valid_at(at):
        raise HutongError(KEY_NOT_VALID, key_id=key.key_id[:16], city=city)
    if not key.verifies(signature, _cosigned_text(seconds, unverified_checkpoint(note).text)):
        raise HutongError(BAD_SIGNATURE, key_id=key.key_id[:16])
    return at


def cosigned(note: bytes, lines: Iterable[bytes]) -> bytes:
    """The note with these lines at its end; of a key that signed it already the first line stays.

    Raises BAD_NOTE where the whole is none.
    """
    seen = {(line.name, line.key_hash) for line in note_lines(note)}
    for added in lines:
        for line in _lines(added):
            if (line.name, line.key_hash) not in seen:
                seen.add((line.name, line.key_hash))
                note += line.line
    note_lines(note)
    return note


def key_hash(name: str, kind: bytes, public_key: bytes) -> bytes:
    """C2SP's short id of a key: a hint, that many keys may share."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public_key).digest()[:_HASH_BYTES]


def _signed(covered: bytes, signer: Signer, public_key: bytes, city: CityCode) -> bytes:
    expected = key_id(Suite.ED25519, public_key)
    before, signature = signer.key_id, signer.sign(covered)
    # A city's signer changes its key by the clock, and perhaps between two looks.
    if not before == signer.key_id == expected:
        raise HutongError(KEY_NOT_VALID, key_id=expected[:16], city=city)
    return signature


def _key(line: NoteLine, kind: bytes, city: CityCode, keys: Sequence[PublicKey]) -> PublicKey:
    name = origin_of(city)
    for key in keys:
        if key_hash(name, kind, key.public_key) == line.key_hash:
            return key
    raise HutongError(UNKNOWN_KEY, key_id=line.key_hash.hex(), city=city)


def _cosigned_text(seconds: int, text: bytes) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


def _line(name: str, blob: bytes) -> bytes:
    return f"— {name} {base64.b64encode(blob).decode()}\n".encode()


def _halves(note: bytes) -> tuple[bytes, bytes]:
    """The text of a note, and its signature lines."""
    if len(note) > limits.NOTE_BYTES:
        raise _bad(f"it has over {limits.NOTE_BYTES} bytes")
    text, blank, lines = note.partition(b"\n\n")
    if not blank:
        raise _bad("no empty line parts its text from its signatures")
    return text + b"\n", lines


def _lines(lines: bytes) -> tuple[NoteLine, ...]:
    if len(lines) > limits.NOTE_BYTES:
        raise _bad(f"it has over {limits.NOTE_BYTES} bytes")
    found, end = list[NoteLine](), 0
    for line in _LINE.finditer(lines):
        if line.start() != end:
            break
        end, blob = line.end(), _base64(line[2])
        hash_, signature = blob[:_HASH_BYTES], blob[_HASH_BYTES:]
        found.append(NoteLine(line[1].decode(), hash_, signature, line[0]))
    if end != len(lines) or not found:
        raise _bad("its signatures are not lines of a dash, a name and base64")
    if len({(line.name, line.key_hash) for line in found}) != len(found):
        raise _bad("a key signed it twice")
    return tuple(found)


def _base64(text: bytes) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _bad("it holds what is not base64") from error
    # Bits that are left over could differ, and mean nothing.
    if base64.b64encode(found) != text:
        raise _bad("its base64 is not in its one form")
    return found


def _bad(problem: str) -> HutongError:
    return HutongError(BAD_NOTE, where="checkpoint", problem=problem)
