"""Status lists: a bit for each attestation, in the form of the IETF Token Status List. Pure.

An index names a list and a place in it. Places are given out in an order that a secret of the home
city shuffles, so that they tell nothing of order or number; a bit that is set says that the
attestation no longer stands, and never why.
"""

import hashlib
import zlib
from array import array
from collections.abc import Iterable
from typing import Final

from federation.errors import MALFORMED, HutongError
from federation.limits import STATUS_PLACES

_BYTES: Final = STATUS_PLACES // 8
_LEVEL: Final = 9
_CONTEXT: Final = b"hutong status places v1\0"


def status_index(list_number: int, place: int) -> int:
    """The index of a place, as an attestation bears it."""
    return list_number * STATUS_PLACES + place


def place_of(index: int) -> tuple[int, int]:
    """The list and the place that an index names."""
    return divmod(index, STATUS_PLACES)


def shuffled_places(secret: bytes) -> "array[int]":
    """Every place of a list once, in the order of this 32-byte secret.

    Sorted by a keystream: who does not know the secret learns nothing from places given out.
    """
    import numpy as np  # noqa: PLC0415 - slow to load, and only a home city gives places out

    stream = hashlib.shake_256(_CONTEXT + secret).digest(8 * STATUS_PLACES)
    # Python's own sort takes ten times as long, and every writer of the city waits for it.
    order = np.frombuffer(stream, ">u8").astype(np.uint64).argsort(kind="stable")
    return array("H", order.astype(np.uint16).tobytes())


def bits_of(places: Iterable[int]) -> bytes:
    """The bits of a list in which these places are set: the first in the lowest bit."""
    bits = bytearray(_BYTES)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def is_set(bits: bytes, place: int) -> bool:
    """Whether the attestation at a place no longer stands."""
    return bool(bits[place >> 3] >> (place & 7) & 1)


def newly_set(before: bytes, after: bytes) -> tuple[int, ...]:
    """The places that are set after, and were not before."""
    # Byte by byte: a city that sets every bit keeps nobody waiting.
    return tuple(
        8 * at + bit
        for at, (old, new) in enumerate(zip(before, after, strict=True))
        if new & ~old
        for bit in range(8)
        if (new & ~old) >> bit & 1
    )


def joined(one: bytes, other: bytes) -> bytes:
    """The bits in which every place is set that is set in either."""
    both = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return both.to_bytes(_BYTES, "little")


def packed(bits: bytes) -> bytes:
    """The bits as they travel: zlib, RFC 1950."""
    return zlib.compress(bits, _LEVEL)


def unpacked(data: bytes) -> bytes:
    """The bits of a list that travelled.

    Raises MALFORMED for what is no zlib, is not the whole of one, or is longer than a list: a bomb
    is not decompressed.
    """
    stream = zlib.decompressobj()
    try:
        bits = stream.decompress(data, _BYTES + 1)
    except zlib.error as error:
        raise _malformed("they cannot be decompressed") from error
    if len(bits) != _BYTES or not stream.eof or stream.unused_data:
        raise _malformed(f"they are not {STATUS_PLACES} bits, compressed")
    return bits


def _malformed(problem: str) -> HutongError:
    return HutongError(MALFORMED, where="bits", problem=problem)
