"""Attestations of one batch, as bytes: what all of them say is encoded once.

Byte for byte what `ATTESTATION.encode` gives: a message is its fields in the order of their
numbers, so that the encodings of its parts are joined.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

from federation import messages as m
from federation.codec.attestations import claim_to_wire
from federation.codec.documents import reference_to_wire
from federation.codec.primitives import header_to_wire, instant_to_wire
from federation.envelope import pae
from federation.limits import PSEUDONYM_BYTES
from federation.merkle_log import LEAF
from federation.v1 import attestation_pb2

# The tags of the fields that differ from one to the next, with the lengths that are always the
# same: Attestation.header, StatementHeader.statement_id, Attestation.pseudonym, .status_index,
# .counting, .use_commitment.
_HEADER: Final = b"\x0a"
_ID_CHARACTERS: Final = 36
_ID: Final = b"\x0a" + bytes([_ID_CHARACTERS])
_PSEUDONYM: Final = b"\x22" + bytes([PSEUDONYM_BYTES])
_INDEX: Final = b"\x58"
_COUNTING: Final = {
    m.UseCounting.ANONYMOUS: b"\x60\x01\x6a\x20",
    m.UseCounting.CLASS: b"\x60\x02\x6a\x20",
}
_LOW: Final = 0x7F
_MORE: Final = 0x80
_TWO_DIGITS: Final = 14


class AttestationTemplate:
    """The attestations that answer one request, given at one instant under the same terms.

    `like` is one of them; what a caller does not say anew is said as it says it. The caller owes
    what the constructors of `messages` check: ids are UUIDs, pseudonyms have 32 bytes.
    """

    def __init__(self, like: m.Attestation) -> None:
        """Of the batch that `like` could be in."""
        self._like = like
        wire = attestation_pb2.Attestation(
            request_id=like.request_id, request_digest=like.request_digest
        )
        self._answers = wire.SerializeToString(deterministic=True) + _PSEUDONYM

    def until(self, expires_at: datetime) -> tuple[bytes, bytes]:
        """What stands before the id, and between it and the pseudonym, of those that end then."""
        header = self._like.header
        wire = header_to_wire(
            m.Header("", header.issuer, header.audience, header.issued_at, expires_at)
        )
        rest = wire.SerializeToString(deterministic=True)
        before = _HEADER + varint(len(_ID) + _ID_CHARACTERS + len(rest)) + _ID
        return before, rest + self._answers

    def saying(self, claim: m.Claim, scenarios: tuple[str, ...]) -> bytes:
        """What stands between the pseudonym and the index, of those that claim this for these."""
        like = self._like
        wire = attestation_pb2.Attestation(
            agreement_id=like.agreement_id,
            agreement_version=like.agreement_version,
            scale=reference_to_wire(like.scale),
            claim=claim_to_wire(claim),
            scenarios=scenarios,
            as_of=instant_to_wire(like.as_of),
        )
        return wire.SerializeToString(deterministic=True)


def index_fields(indices: Iterable[int]) -> list[bytes]:
    """Each status index as the field of its attestation; 0 is not spelled out.

    Indices of one list have their upper digits in common.
    """
    uppers: dict[int, bytes] = {}
    found = list[bytes]()
    for index in indices:
        upper = index >> _TWO_DIGITS
        if not upper:
            found.append(_INDEX + varint(index) if index else b"")
            continue
        tail = uppers.get(upper)
        if tail is None:
            tail = uppers[upper] = varint(upper)
        found.append(_INDEX + bytes((index & _LOW | _MORE, index >> 7 & _LOW | _MORE)) + tail)
    return found


def counting_fields(counting: m.UseCounting, use_commitment: bytes) -> bytes:
    """What stands after the index, of those whose uses are counted; b"" of all others."""
    tags = _COUNTING.get(counting)
    return b"" if tags is None else tags + use_commitment


def leaf_hashes(payload_type: str, payloads: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each payload: of DSSE's pre-authentication encoding, as if signed alone."""
    heads: dict[int, bytes] = {}
    found = list[bytes]()
    for payload in payloads:
        head = heads.get(len(payload))
        if head is None:
            whole = pae(payload_type, payload)
            head = heads[len(payload)] = LEAF + whole[: len(whole) - len(payload)]
        found.append(sha256(head + payload).digest())
    return found


def varint(number: int) -> bytes:
    """A number in base 128, the lowest digits first."""
    found = bytearray()
    while number > _LOW:
        found.append(number & _LOW | _MORE)
        number >>= 7
    found.append(number)
    return bytes(found)
