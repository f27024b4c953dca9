"""What two cities say to each other in onboarding, as values: checked when built.

How it is used, and what stands against whom, is in `onboarding`.
"""

import enum
import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point

from federation import limits
from federation.checks import malformed
from federation.errors import ONBOARDING_MISMATCH, HutongError
from federation.identifiers import CityCode
from federation.keys import Suite

PROTOCOL_VERSION: Final = 1

SUITE_NUMBERS: Final = {Suite.ED25519: 1}
"""The suites by their numbers on the wire. A hello may name some that we do not know."""

CONTEXT: Final = b"hutong onboarding v1"
KEY_BYTES: Final = 32
_PAKE_BYTES: Final = 33
_ENUM_BITS: Final = 31


class Role(enum.Enum):
    """Which side a city is on; its value keeps the two sides' keys apart."""

    JOINER = b"A"
    INVITER = b"B"

    @property
    def other(self) -> "Role":
        """The opposite side."""
        return Role.INVITER if self is Role.JOINER else Role.JOINER


@dataclass(frozen=True, slots=True)
class Hello:
    """What a city says first; nothing in it is believed before the other side confirmed."""

    city: CityCode
    protocol_version: int
    suites: tuple[int, ...]
    tls_certificate: bytes
    pake: bytes
    commitment: bytes

    def __post_init__(self) -> None:
        """Refuse another version, and what no honest side says."""
        if self.protocol_version != PROTOCOL_VERSION:
            raise mismatch(
                "protocol_version",
                f"one side speaks version {self.protocol_version}, the other {PROTOCOL_VERSION}; "
                "update the older node",
            )
        if not 0 < len(self.suites) <= limits.ONBOARDING_SUITES:
            raise malformed("suites", f"give 1 to {limits.ONBOARDING_SUITES}")
        if not all(0 < number < 2**_ENUM_BITS for number in self.suites) or any(
            a >= b for a, b in pairwise(self.suites)
        ):
            raise malformed("suites", "give them in ascending order, each once")
        if not 0 < len(self.tls_certificate) <= limits.CERTIFICATE_BYTES:
            raise malformed("tls_certificate", f"give 1 to {limits.CERTIFICATE_BYTES} bytes")
        # Canonical, on the curve, in the main subgroup, not the identity: the library takes more.
        side, point = self.pake[:1], self.pake[1:]
        known = side in {role.value for role in Role} and len(self.pake) == _PAKE_BYTES
        if not known or not crypto_core_ed25519_is_valid_point(point):
            raise malformed("pake", "this is not a message of SPAKE2 over Ed25519")
        if len(self.commitment) != KEY_BYTES:
            raise malformed("commitment", f"a commitment has {KEY_BYTES} bytes")

    def digest(self) -> bytes:
        """Stands for all that it says."""
        numbers = (n.to_bytes(4, "big") for n in (self.protocol_version, *self.suites))
        certificate = hashlib.sha256(self.tls_certificate).digest()
        city, said = self.city.encode(), b"".join(numbers)
        return tagged_hash(b"hello", city, said, certificate, self.pake, self.commitment)


@dataclass(frozen=True, slots=True)
class Finish:
    """The proof that a side knows the code, and its sealed bundle."""

    confirmation: bytes
    sealed_bundle: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be opened, before any work."""
        if len(self.confirmation) != KEY_BYTES:
            raise malformed("confirmation", f"a confirmation has {KEY_BYTES} bytes")
        if len(self.sealed_bundle) > limits.ONBOARDING_BUNDLE_BYTES:
            raise malformed("sealed_bundle", f"over {limits.ONBOARDING_BUNDLE_BYTES} bytes")


def framed(*parts: bytes) -> bytes:
    """The parts, each after its length: no two lists of parts are the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def tagged_hash(use: bytes, *parts: bytes) -> bytes:
    """The SHA-256 of the parts, for one use only."""
    return hashlib.sha256(framed(CONTEXT, use, *parts)).digest()


def mismatch(where: str, problem: str) -> HutongError:
    """The error that says what of an onboarding does not fit."""
    return HutongError(ONBOARDING_MISMATCH, where=where, problem=problem)
