"""Bits that tell which attestations stand, and places that tell nothing else."""

import gzip
import hashlib
import random
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MALFORMED, HutongError
from federation.limits import PAYLOAD_BYTES, STATUS_PLACES
from federation.status_list import (
    bits_of,
    is_set,
    joined,
    newly_set,
    packed,
    place_of,
    shuffled_places,
    status_index,
    unpacked,
)

BYTES = STATUS_PLACES // 8
SECRETS = [bytes([n]) * 32 for n in range(3)]
ORDERS = [shuffled_places(secret) for secret in SECRETS]
PLACES = st.sets(st.integers(0, STATUS_PLACES - 1), max_size=30)


def refused(data: bytes) -> None:
    with pytest.raises(HutongError) as caught:
        unpacked(data)
    assert caught.value.reason is MALFORMED


@given(st.integers(0, 2**32 - 1), st.integers(0, STATUS_PLACES - 1))
def test_an_index_names_one_place_of_one_list(number: int, place: int) -> None:
    index = status_index(number, place)
    assert place_of(index) == (number, place)
    assert index < 2**64


def test_the_first_place_is_the_lowest_bit_of_the_first_byte() -> None:
    # As the IETF Token Status List numbers them.
    bits = bits_of([0, 3, 9, STATUS_PLACES - 1])
    assert (bits[:2].hex(), bits[-1]) == ("0902", 0x80)
    assert [place for place in range(16) if is_set(bits, place)] == [0, 3, 9]


@given(PLACES)
def test_bits_are_set_where_they_were_and_nowhere_else(places: set[int]) -> None:
    bits = bits_of(places)
    assert newly_set(bytes(BYTES), bits) == tuple(sorted(places))
    assert all(is_set(bits, place) for place in places)
    assert unpacked(packed(bits)) == bits


@given(PLACES, PLACES)
def test_what_is_newly_set_is_what_was_not_set_before(before: set[int], after: set[int]) -> None:
    found = newly_set(bits_of(before), bits_of(after))
    assert found == tuple(sorted(after - before))


@given(PLACES, PLACES)
def test_a_bit_that_either_knows_of_stays_set(one: set[int], other: set[int]) -> None:
    assert joined(bits_of(one), bits_of(other)) == bits_of(one | other)


def test_a_list_of_which_everything_is_set_is_read_as_any_other() -> None:
    full = b"\xff" * BYTES
    assert newly_set(bytes(BYTES), full) == tuple(range(STATUS_PLACES))
    assert newly_set(full, bytes(BYTES)) == newly_set(full, full) == ()


def test_every_place_is_given_out_once() -> None:
    for order in ORDERS:
        assert sorted(order) == list(range(STATUS_PLACES))


def test_the_same_secret_gives_the_same_order_and_every_other_an_unrelated_one() -> None:
    assert shuffled_places(SECRETS[0]) == ORDERS[0]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        alike = sum(a == b for a, b in zip(ORDERS[one], ORDERS[other], strict=True))
        # Of unrelated orders, one place on average is the same.
        assert alike < 12


def test_a_list_that_an_earlier_version_gave_out_from_goes_on_in_its_order() -> None:
    # As version 1 sorted them. Another order would give places out a second time.
    order = shuffled_places(bytes(range(32)))
    assert list(order[:6]) == [54713, 18294, 14265, 57272, 27379, 27268]
    said = hashlib.sha256(b"".join(place.to_bytes(2, "big") for place in order)).hexdigest()
    assert said == "7f51705056599347c52708613746b14946d98e6a17e544a304b861cd6795177d"


def test_a_place_tells_nothing_of_when_it_was_given() -> None:
    for order in ORDERS:
        # Rank correlation of order and place: 1 for a counter, 1/256 by chance (one sigma).
        middle = (STATUS_PLACES - 1) / 2
        together = sum((at - middle) * (place - middle) for at, place in enumerate(order))
        alone = sum((at - middle) ** 2 for at in range(STATUS_PLACES))
        assert abs(together / alone) < 6 / 256
        # And who sees the place before does not know the next.
        near = sum(abs(a - b) <= 8 for a, b in pairwise(order))
        assert near < 60


def test_the_first_places_do_not_tell_how_many_there_are() -> None:
    for order in ORDERS:
        first = sorted(order[:1000])
        gaps = [b - a for a, b in pairwise(first)]
        assert first[0] < 1000
        assert first[-1] > STATUS_PLACES - 1000
        assert max(gaps) < 1000


def test_a_bomb_is_not_decompressed() -> None:
    bomb = zlib.compress(bytes(40 * 1024 * 1024), 9)
    assert len(bomb) < PAYLOAD_BYTES
    stream = zlib.decompressobj()
    assert len(stream.decompress(bomb, BYTES + 1)) == BYTES + 1
    refused(bomb)


def test_what_is_no_whole_list_is_refused() -> None:
    good = packed(bits_of([5]))
    flawed = [
        b"",
        bits_of([5]),
        good[:-1],
        good[:-4],
        good[:1],
        good + b"\0",
        good + good,
        good[2:-4],
        gzip.compress(bits_of([5]), mtime=0),
        zlib.compress(bytes(BYTES - 1)),
        zlib.compress(bytes(BYTES + 1)),
        zlib.compress(b""),
        good[:-4] + bytes(4),
    ]
    for data in flawed:
        refused(data)


def test_a_stream_that_needs_a_dictionary_is_refused() -> None:
    stream = zlib.compressobj(zdict=bytes(100))
    refused(stream.compress(bytes(BYTES)) + stream.flush())


@given(st.binary(max_size=300))
def test_garbage_is_refused_with_an_error_of_ours(data: bytes) -> None:
    refused(data)


@given(st.data())
def test_damage_is_seen_or_changes_nothing(data: st.DataObject) -> None:
    bits = bits_of(range(0, STATUS_PLACES, 7))
    good = bytearray(packed(bits))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = unpacked(bytes(good))
    except HutongError:
        return
    assert found == bits


def test_a_list_fits_a_payload_though_nothing_can_be_compressed() -> None:
    noise = random.Random(5).randbytes(BYTES)  # noqa: S311 - a test's own
    assert len(packed(noise)) < PAYLOAD_BYTES // 4
    assert unpacked(packed(noise)) == noise
