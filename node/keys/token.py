"""Where private keys may live instead of in files: what the rest of the node knows of a token."""

from typing import Protocol

from federation.keys import PublicKey, Signer


class MadeSigner(Signer, Protocol):
    """The signer of a key that was just made."""

    @property
    def public_key(self) -> bytes:
        """The raw public key."""


class Token(Protocol):
    """A device that makes keys, signs with them, and never gives them away.

    `stem` is what a key is for: root or signing. Each call raises KEY_UNUSABLE where the token is
    away, or refuses.
    """

    def make(self, stem: str) -> MadeSigner:
        """Make a key."""

    def signer(self, stem: str, public: PublicKey) -> Signer | None:
        """The signer of that key; None where the token does not hold it."""

    def forget(self, stem: str, public: PublicKey) -> None:
        """Destroy a key; one that is not there is no error."""
