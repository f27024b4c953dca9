"""Entries of a city's log: salted commitments, and the leaves that they are in its tree. Pure.

An entry names no one: with its salt it proves what was said, and without it nothing.
"""

import hashlib
from typing import Final

SALT_BYTES: Final = 16
"""Fewer could be guessed where what was said can be."""


def commitment(salt: bytes, content: bytes) -> bytes:
    """SHA-256(salt || content), where the salt has 16 bytes."""
    return hashlib.sha256(salt + content).digest()


def entry_leaf(kind: str, at_micros: int, committed: bytes) -> bytes:
    """The bytes of an entry that its leaf hash is of: four lines of ASCII.

    `at_micros` is the instant in whole microseconds since 1970, UTC.
    """
    return f"hutong-log/v1\n{kind}\n{at_micros}\n{committed.hex()}\n".encode()
