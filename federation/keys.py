"""Keys and their ids. A suite is bound to a key, never chosen by a message.

Private keys do not appear here: a `Signer` signs, wherever its key lives.
"""

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from federation.errors import MALFORMED, HutongError

_ED25519_BYTES = 32

# The points of small order, as libsodium lists them, without the sign bit. Under such a key one
# signature fits every message, and libraries differ on whether it does.
_SMALL_ORDER = frozenset(
    value.to_bytes(_ED25519_BYTES, "little")
    for value in (
        0,
        1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
        2**255 - 20,
        2**255 - 19,
        2**255 - 18,
    )
)


class Suite(enum.Enum):
    """A signature suite, by its name in key ids."""

    ED25519 = "ed25519"


def key_id(suite: Suite, public_key: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of the suite's name, a zero byte and the raw key."""
    return hashlib.sha256(suite.value.encode() + b"\0" + public_key).hexdigest()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key and the window [not_before, not_after) in which its signatures count."""

    key_id: str
    suite: Suite
    public_key: bytes
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a key that is not what its id says."""
        if len(self.public_key) != _ED25519_BYTES:
            raise HutongError(MALFORMED, where="public_key", problem="an Ed25519 key has 32 bytes")
        if self.public_key[:-1] + bytes([self.public_key[-1] & 0x7F]) in _SMALL_ORDER:
            raise HutongError(MALFORMED, where="public_key", problem="it fits every signature")
        if self.key_id != key_id(self.suite, self.public_key):
            raise HutongError(MALFORMED, where="key_id", problem="it does not fit the public key")
        if self.not_before >= self.not_after:
            raise HutongError(MALFORMED, where="not_after", problem="it is not after not_before")

    def valid_at(self, instant: datetime) -> bool:
        """Whether signatures by this key count at `instant`; a revoked key's never do."""
        return self.revoked_at is None and self.not_before <= instant < self.not_after

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's over `message`."""
        if len(signature) != crypto_sign_BYTES:
            return False
        try:
            crypto_sign_open(signature + message, self.public_key)
        except BadSignatureError:
            return False
        return True


class Signer(Protocol):
    """Something that signs with one private key that it keeps to itself."""

    @property
    def key_id(self) -> str:
        """The id of the key."""

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""


class Ed25519Signer:
    """A signer whose key is in memory.

    By libsodium, which signs and verifies about twice as fast as OpenSSL; the signatures are the
    same bytes (RFC 8032).
    """

    __slots__ = ("_secret", "key_id", "public_key")

    def __init__(self, public_key: bytes, secret: bytes) -> None:
        """Sign with libsodium's 64-byte form of a private key."""
        self.public_key, self._secret = public_key, secret
        self.key_id = key_id(Suite.ED25519, public_key)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Ed25519Signer":
        """The signer of the 32-byte RFC 8032 private key `seed`."""
        return cls(*crypto_sign_seed_keypair(seed))

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over `message`."""
        return crypto_sign(message, self._secret)[:crypto_sign_BYTES]

    def described(self, *, not_before: datetime, not_after: datetime) -> PublicKey:
        """The public half, valid in the given window."""
        return PublicKey(self.key_id, Suite.ED25519, self.public_key, not_before, not_after)

    def __repr__(self) -> str:
        """The key's id; never the key."""
        return f"Ed25519Signer({self.key_id[:12]})"
