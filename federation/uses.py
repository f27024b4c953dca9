"""Uses that are limited over the whole federation, counted by who must not know of what.

A resident's app makes one use key, of 16 random bytes, and keeps it from the home city, which knows
only its SHA-256: the use commitment, given with the consent and the same in all that live. A host
gets the commitment from the home city and the key from the resident, and of both it makes the label
of a kind of incentive. To the home city labels say whether two uses are of one kind, and nothing
else. Pure.
"""

import hashlib
import hmac
from typing import Final

from federation.checks import malformed
from federation.errors import USE_KEY_MISMATCH, HutongError
from federation.identifiers import name, read_spelled, spelled
from federation.limits import USE_KEY_BYTES

_PREFIX: Final = "USE-"
_LABEL: Final = b"hutong use\0"
_CHECKSUM: Final = b"hutong use key\0"


def use_key_text(key: bytes) -> str:
    """The text of a use key as an app keeps and shows it: `USE-` and 28 characters."""
    return _PREFIX + spelled(key + _checksum(key))


def parse_use_key(text: str, *, where: str) -> bytes:
    """The 16 bytes of a use key; raises MALFORMED, which never repeats it, when it was mistyped."""
    found = text.strip().upper()
    raw = read_spelled(found.removeprefix(_PREFIX)) if found.startswith(_PREFIX) else None
    if raw is None or raw[USE_KEY_BYTES:] != _checksum(raw[:USE_KEY_BYTES]):
        raise malformed(where, "this is not a use key as the app shows it: scan it again")
    return raw[:USE_KEY_BYTES]


def use_commitment(key: bytes) -> bytes:
    """What the home city knows of a use key."""
    if len(key) != USE_KEY_BYTES:
        raise malformed("use_key", f"it has {USE_KEY_BYTES} bytes")
    return hashlib.sha256(key).digest()


def use_label(key: bytes, commitment: bytes, use_class: str) -> bytes:
    """The label of a kind of incentive for one resident, 32 bytes.

    It is the same in every city, whether or not the home city is told the kind: else a resident
    with two consents would be counted twice.

    Raises:
        HutongError: USE_KEY_MISMATCH where the key is not the one of the resident's consent.

    """
    if not hmac.compare_digest(use_commitment(key), commitment):
        raise HutongError(USE_KEY_MISMATCH)
    return hmac.digest(key, _LABEL + name(use_class, where="use_class").encode(), "sha256")


def _checksum(key: bytes) -> bytes:
    return hashlib.sha256(_CHECKSUM + key).digest()[:1]
