"""The answer to a renewal request: which pseudonym has which attestation, and the proof of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from federation.envelope import BatchedPayload, Envelope
from federation.limits import RENEWAL_PORTION
from federation.merkle_log import BatchTree
from node.ports import RenewalPortion

NOTHING: Final = -1
"""The leaf of a pseudonym that is not attested to."""


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What a request gets: for each pseudonym its leaf, or NOTHING, and the payload of each leaf.

    A payload is None that is not given again. `tree` is None where there never was a leaf.
    """

    request_id: str
    batch: Envelope | None
    places: Sequence[int]
    payloads: Sequence[bytes | None]
    tree: BatchTree | None

    def portions(self) -> Iterator[RenewalPortion]:
        """The results in the order of the pseudonyms, each attestation with its proof."""
        proofs = self.tree.proofs() if self.tree else []
        for first in range(0, len(self.places), RENEWAL_PORTION):
            some = tuple(
                [
                    self._result(proofs, leaf)
                    for leaf in self.places[first : first + RENEWAL_PORTION]
                ]
            )
            yield RenewalPortion(self.request_id, None if first else self._batch, first, some)

    @property
    def _batch(self) -> Envelope | None:
        """The envelope, unless nothing that it signs is given."""
        return self.batch if any(payload is not None for payload in self.payloads) else None

    def _result(self, proofs: Sequence[bytes], leaf: int) -> BatchedPayload | None:
        payload = None if leaf == NOTHING else self.payloads[leaf]
        return None if payload is None else BatchedPayload(payload, leaf, proofs[leaf])


def given_bits(places: Sequence[int]) -> bytes:
    """A bit for each pseudonym, the first in the lowest: whether it was attested to."""
    bits = bytearray((len(places) + 7) // 8)
    for i, leaf in enumerate(places):
        if leaf != NOTHING:
            bits[i >> 3] |= 1 << (i & 7)
    return bytes(bits)


def places_of(given: bytes, count: int) -> list[int]:
    """What `given_bits` was made of: leaves are numbered in the order of the pseudonyms."""
    places, leaf = list[int](), 0
    for i in range(count):
        if given[i >> 3] >> (i & 7) & 1:
            places.append(leaf)
            leaf += 1
        else:
            places.append(NOTHING)
    return places
