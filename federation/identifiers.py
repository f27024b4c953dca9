"""Identifiers: parsed once at the gate, valid for ever after.

Times and randomness come from the caller, so that a run can be repeated.
"""

import hashlib
import re
from datetime import datetime
from typing import NewType

from federation import limits
from federation.errors import MALFORMED, HutongError

CityCode = NewType("CityCode", str)
"""The GB/T 2260 code of a city, six digits."""

_CITY = re.compile(r"[1-9][0-9]{5}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# The digit that bears a UUID's variant, from one that is drawn: its upper two bits are 10.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

# Crockford's base 32: no I, L, O or U, so that a code can be read aloud and typed.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_CHARACTERS = 28
_CODE = re.compile(r"[0-9A-TV-Z]{28}")
# As Python counts in base 32, and what is typed for what was read: O for 0, I and L for 1.
_DIGITS = str.maketrans(_ALPHABET + "OIL", "0123456789ABCDEFGHIJKLMNOPQRSTUV011")


def city_code(text: str, *, where: str = "city") -> CityCode:
    """The city code in `text`; raises MALFORMED."""
    if not _CITY.fullmatch(text):
        raise HutongError(
            MALFORMED,
            where=where,
            problem="a city is its six-digit GB/T 2260 code, such as 410100",
        )
    return CityCode(text)


def name(text: str, *, where: str) -> str:
    """A short machine name (a scenario, a band, an incentive); raises MALFORMED."""
    if not _NAME.fullmatch(text):
        raise HutongError(
            MALFORMED,
            where=where,
            problem="use 1 to 64 of a-z, 0-9, dot, dash and underscore, starting and ending with "
            "a letter or digit",
        )
    return text


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None


def uuid_text(text: str, *, where: str) -> str:
    """A UUID in its canonical lower-case form; raises MALFORMED."""
    if not is_uuid(text):
        raise HutongError(
            MALFORMED,
            where=where,
            problem="use a UUID in lower case, such as 0192f0c1-2b3c-7def-8123-456789abcdef",
        )
    return text


def uuid7(now: datetime, entropy: bytes) -> str:
    """A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then 10 bytes of `entropy`.

    Time-ordered keys insert 2.5 to 3.5 times faster than random ones.
    """
    milliseconds = int(now.timestamp() * 1000)
    return _uuid(milliseconds << 80 | int.from_bytes(entropy[:10], "big"), version=7)


def uuid7s(now: datetime, entropy: bytes) -> list[str]:
    """One UUID of version 7 for each 10 bytes of `entropy`, as `uuid7` makes them."""
    milliseconds = f"{int(now.timestamp() * 1000):012x}"
    head = f"{milliseconds[:8]}-{milliseconds[8:]}-7"
    digits = entropy.hex()
    return [
        f"{head}{digits[i + 1 : i + 4]}-{_VARIANT[digits[i + 4]]}{digits[i + 5 : i + 8]}"
        f"-{digits[i + 8 : i + 20]}"
        for i in range(0, len(digits), 20)
    ]


def uuid8(content: bytes) -> str:
    """The UUID of version 8 (RFC 9562) that stands for `content`, by its SHA-256."""
    return _uuid(int.from_bytes(hashlib.sha256(content).digest()[:16], "big"), version=8)


def _uuid(value: int, *, version: int) -> str:
    value = value & ~(0xF << 76) | version << 76
    value = value & ~(0x3 << 62) | 2 << 62
    plain = f"{value:032x}"
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


def code_text(city: CityCode, code: bytes) -> str:
    """The text of a presentation code or visitor pass that `city` made.

    `410100-` and 28 characters in groups of four: 16 bytes and one of checksum, so that a slip
    of the finger is told from a refusal.
    """
    return f"{city}-{spelled(code + _checksum(city, code))}"


def parse_code(text: str, *, where: str) -> tuple[CityCode, bytes]:
    """The city and the 16 bytes of a code; raises MALFORMED when it was mistyped."""
    head, _, tail = text.strip().upper().partition("-")
    city = city_code(head, where=where)
    raw = read_spelled(tail)
    if raw is None or raw[limits.CODE_BYTES :] != _checksum(city, raw[: limits.CODE_BYTES]):
        raise _mistyped(where)
    return city, raw[: limits.CODE_BYTES]


def spelled(raw: bytes) -> str:
    """17 bytes as 28 characters that can be read aloud and typed, in groups of four."""
    padded = int.from_bytes(raw, "big") << 4
    letters = [_ALPHABET[padded >> 5 * i & 31] for i in reversed(range(_CODE_CHARACTERS))]
    groups = ["".join(letters[i : i + 4]) for i in range(0, _CODE_CHARACTERS, 4)]
    return "-".join(groups)


def read_spelled(text: str) -> bytes | None:
    """The 17 bytes of a text that `spelled` wrote, in upper case; None where it is none."""
    letters = text.replace("-", "").replace(" ", "")
    if not _CODE.fullmatch(letters):
        return None
    value = int(letters.translate(_DIGITS), base=32)
    if value & 15:
        return None
    return (value >> 4).to_bytes(limits.CODE_BYTES + 1, "big")


def _checksum(city: CityCode, code: bytes) -> bytes:
    return hashlib.sha256(b"hutong code" + city.encode() + code).digest()[:1]


def _mistyped(where: str) -> HutongError:
    return HutongError(
        MALFORMED,
        where=where,
        problem="this is not a code as it was shown: scan it again, or type it again with care",
    )
