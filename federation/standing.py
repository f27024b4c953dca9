"""The statements on what still stands: status lists, renewals, batches of attestations.

As in `messages`: frozen, checked when built, valid for ever after.
"""

from dataclasses import dataclass
from datetime import timedelta

from federation import limits
from federation.checks import ascending, count, malformed, within
from federation.messages import Disclosure, Header

_DIGEST_BYTES = 32
_LIST_NUMBER_BITS = 32
# A number that counts up from 0 never gets beyond what a signed integer of a store holds.
_SEQUENCE_BITS = 63


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which attestations of a home city to the one host of the audience no longer stand.

    `bits` are STATUS_PLACES / 8 bytes, decompressed; a set bit: no longer. See `status_list`.
    """

    header: Header
    list_number: int
    sequence: int
    bits: bytes
    time_to_live: timedelta

    def __post_init__(self) -> None:
        """Refuse one for several cities, of another size, or that ends before it may be used."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "a status list is for one host")
        if len(self.bits) != limits.STATUS_PLACES // 8:
            raise malformed("bits", f"it has {limits.STATUS_PLACES} places")
        if not 0 <= self.list_number < 1 << _LIST_NUMBER_BITS:
            raise malformed("list_number", f"it has {_LIST_NUMBER_BITS} bits")
        if not 0 <= self.sequence < 1 << _SEQUENCE_BITS:
            raise malformed("sequence", f"it has {_SEQUENCE_BITS} bits")
        life = self.header.expires_at - self.header.issued_at
        within(self.time_to_live, "time_to_live", life)


@dataclass(frozen=True, slots=True)
class RenewalRequest:
    """A host asks for new attestations to residents whom it knows by their pseudonyms."""

    header: Header
    agreement_id: str
    agreement_version: int
    scenarios: tuple[str, ...]
    disclosure: Disclosure
    pseudonyms: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse one that asks for nobody, or twice for somebody, or asks several cities."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "a renewal is asked of one home city")
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)
        count(self.pseudonyms, "pseudonyms", limits.RENEWAL_ITEMS)
        if any(len(pseudonym) != limits.PSEUDONYM_BYTES for pseudonym in self.pseudonyms):
            raise malformed("pseudonyms", f"each has {limits.PSEUDONYM_BYTES} bytes")
        if len(set(self.pseudonyms)) != len(self.pseudonyms):
            raise malformed("pseudonyms", "one occurs twice")


@dataclass(frozen=True, slots=True)
class AttestationBatch:
    """One signature for `size` attestations: the root of the tree over them (`merkle_log`)."""

    header: Header
    request_id: str
    request_digest: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse a tree that cannot be, and one for several cities."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "a batch is for one host")
        if not 0 < self.size <= limits.RENEWAL_ITEMS:
            raise malformed("size", f"from 1 to {limits.RENEWAL_ITEMS}")
        if len(self.root) != _DIGEST_BYTES or len(self.request_digest) != _DIGEST_BYTES:
            raise malformed("root", "a SHA-256 has 32 bytes")
