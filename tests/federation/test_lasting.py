import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from federation import limits
from federation.codec import ATTESTATION_BATCH, RENEWAL_REQUEST, STATUS_LIST
from federation.errors import MALFORMED, TOO_LARGE
from federation.v1 import renewal_pb2, status_pb2
from tests.federation.lasting import Batch, renewal_request, status_list
from tests.federation.make import NANJING
from tests.federation.test_codec import refused


def test_bits_that_were_compressed_otherwise_are_the_same_list() -> None:
    found = status_pb2.StatusList.FromString(STATUS_LIST.encode(status_list()))
    found.bits = zlib.compress(zlib.decompress(found.bits), 1)
    payload = found.SerializeToString(deterministic=True)
    assert payload != STATUS_LIST.encode(status_list())
    assert STATUS_LIST.decode(payload) == status_list()


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.header.ClearField("audience"),
        lambda w: w.header.audience.append(NANJING),
        lambda w: setattr(w, "bits", b""),
        lambda w: setattr(w, "bits", zlib.decompress(w.bits)),
        lambda w: setattr(w, "bits", zlib.compress(bytes(limits.STATUS_PLACES // 8 + 1))),
        lambda w: w.ClearField("time_to_live"),
        lambda w: setattr(w.time_to_live, "seconds", 3601),
        lambda w: setattr(w.time_to_live, "seconds", -1),
    ],
)
def test_a_status_list_with_an_impossible_field_is_malformed(
    change: Callable[[Any], object],
) -> None:
    found = status_pb2.StatusList.FromString(STATUS_LIST.encode(status_list()))
    change(found)
    refused(STATUS_LIST, found.SerializeToString(deterministic=True), MALFORMED)


def test_a_renewal_of_nobody_of_one_twice_or_of_a_shortened_name_is_malformed() -> None:
    for pseudonyms in ([], [bytes(32)] * 2, [bytes(31)], [bytes(33)]):
        found = renewal_pb2.RenewalRequest.FromString(RENEWAL_REQUEST.encode(renewal_request()))
        found.pseudonyms[:] = pseudonyms
        refused(RENEWAL_REQUEST, found.SerializeToString(deterministic=True), MALFORMED)


def test_a_renewal_request_holds_a_thousand_and_not_one_more() -> None:
    names = tuple(n.to_bytes(32, "big") for n in range(limits.RENEWAL_ITEMS + 1))
    full = replace(renewal_request(), pseudonyms=names[:-1])
    payload = RENEWAL_REQUEST.encode(full)
    assert RENEWAL_REQUEST.decode(payload) == full
    assert len(payload) <= limits.PAYLOAD_BYTES
    found = renewal_pb2.RenewalRequest.FromString(payload)
    found.pseudonyms.append(names[-1])
    refused(RENEWAL_REQUEST, found.SerializeToString(deterministic=True), TOO_LARGE)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.ClearField("size"),
        lambda w: setattr(w, "size", limits.RENEWAL_ITEMS + 1),
        lambda w: setattr(w, "root", w.root[:-1]),
        lambda w: setattr(w, "root", w.root + b"\0"),
        lambda w: setattr(w, "request_digest", b""),
        lambda w: setattr(w, "request_id", "the one before"),
        lambda w: w.header.ClearField("audience"),
        lambda w: w.header.audience.append(NANJING),
    ],
)
def test_a_batch_with_an_impossible_field_is_malformed(change: Callable[[Any], object]) -> None:
    found = renewal_pb2.AttestationBatch.FromString(ATTESTATION_BATCH.encode(Batch().message))
    change(found)
    refused(ATTESTATION_BATCH, found.SerializeToString(deterministic=True), MALFORMED)
