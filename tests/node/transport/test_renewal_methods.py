"""Renewals over the peer port: batch after batch, each whole, and refusals on the beat."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from queue import SimpleQueue
from typing import Any, Final

import grpc
import pytest

from federation import codec
from federation.envelope import BatchedPayload, Envelope
from federation.errors import (
    AGREEMENT_MISMATCH,
    MALFORMED,
    NOT_CANONICAL,
    UNKNOWN_KEY,
    HutongError,
)
from federation.limits import MESSAGE_BYTES, RENEWAL_PORTION
from federation.v1 import federation_service_pb2 as pb
from node import limits
from node.errors import NOT_A_PARTNER
from node.ports import RenewalPortion
from node.transport import status
from tests.node.transport.conftest import Street
from tests.node.transport.house import FRIEND, eventually

METHOD: Final = "/federation.v1.FederationService/RenewAttestations"
GIVEN: Final = BatchedPayload(b"said", 1, b"p" * 64)
FIRST: Final = BatchedPayload(b"first", 0, b"q" * 64)


class Home:
    """What stands for the home city's answers: as many portions to each request as it is told."""

    def __init__(self, *portions: RenewalPortion) -> None:
        self.portions = portions
        self.taken = 0
        self.error: HutongError | None = None
        # Those that are never answered, and those that wait for the next to begin.
        self.held, self.slow, self.next = set[int](), set[int](), asyncio.Event()
        self.fails: dict[int, HutongError] = {}
        self.ended = list[int]()

    async def renew(self, _envelope: Envelope, _caller: str) -> AsyncIterator[RenewalPortion]:
        self.taken += 1
        taken = self.taken
        if self.error is not None:
            raise self.error
        if taken in self.held:
            self.next.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.ended.append(taken)
        if taken in self.slow:
            await self.next.wait()
        self.next.set()
        if taken in self.fails:
            raise self.fails[taken]
        for portion in self.portions:
            yield portion


def portion(*results: BatchedPayload | None, first: int = 0) -> RenewalPortion:
    return RenewalPortion("0192f0c1-2b3c-7def-8123-456789abcdef", None, first, results)


@pytest.fixture
def home(street: Street, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(portion(FIRST, GIVEN))
    monkeypatch.setattr(street.house.cases.batching, "renew", made.renew)
    return made


def request(street: Street) -> bytes:
    envelope = codec.envelope_to_wire(street.friend.keys.bundle)
    return pb.RenewAttestationsRequest(request=envelope).SerializeToString()


def stream(street: Street, requests: Iterator[bytes], seconds: float = 30) -> Any:  # noqa: ANN401 - gRPC's own
    channel = street.house.as_partner(street.friend.own)
    return channel.stream_stream(METHOD, None, None)(requests, timeout=seconds)


def how(call: Any) -> str:  # noqa: ANN401 - gRPC's own
    """Why a stream ends."""
    try:
        for _ in call:
            pass
    except grpc.RpcError as raised:
        told: Any = raised
        error = status.from_metadata(told.trailing_metadata())
        return error.reason.name if error else told.code().name
    return "OK"


def test_results_come_over_the_wire_as_they_were_made(street: Street, home: Home) -> None:
    batch = street.house.keys.bundle
    first = RenewalPortion("id", batch, 0, (FIRST, GIVEN))
    home.portions = (first, portion(GIVEN, FIRST, first=2))
    one, other = (pb.RenewAttestationsResponse.FromString(data)
                  for data in stream(street, iter([request(street)])))  # fmt: skip
    assert (one.request_id, codec.envelope_from_wire(one.batch)) == ("id", batch)
    assert (one.first, other.first, other.HasField("batch")) == (0, 2, False)
    for answer, results in ((one, (FIRST, GIVEN)), (other, (GIVEN, FIRST))):
        found = [r.attestation for r in answer.results]
        assert [(r.payload, r.leaf_index, r.proof) for r in found] == [
            (r.payload, r.leaf_index, r.proof) for r in results
        ]


def test_a_refusal_is_told_as_the_empty_message_that_it_is(street: Street, home: Home) -> None:
    home.portions = (portion(None, GIVEN, None),)
    [data] = stream(street, iter([request(street)]))
    kinds = [r.WhichOneof("outcome") for r in pb.RenewAttestationsResponse.FromString(data).results]
    assert kinds == ["refusal", "attestation", "refusal"]


def test_a_batch_with_a_refusal_leaves_on_the_beat_and_no_part_of_it_before(
    street: Street, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No call waits so long: that nothing comes shows that it is the beat that lets it go.
    monkeypatch.setattr(limits, "REFUSAL_BEAT", timedelta(hours=1))
    home.portions = (portion(GIVEN), portion(GIVEN, None, first=1))
    call = stream(street, iter([request(street)]), seconds=1)
    with pytest.raises(grpc.RpcError) as ended:
        next(call)
    raised: Any = ended.value
    assert raised.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert home.taken == 1


def test_a_batch_without_a_refusal_does_not_wait(
    street: Street, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REFUSAL_BEAT", timedelta(hours=1))
    assert len(list(stream(street, iter([request(street)] * 3)))) == 3
    assert home.taken == 3


def test_one_batch_is_made_while_the_one_before_is_answered_and_no_more(
    street: Street, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REFUSAL_BEAT", timedelta(hours=1))
    home.portions = (portion(None),)
    call = stream(street, iter([request(street)] * 5), seconds=1)
    assert how(call) == "DEADLINE_EXCEEDED"
    assert home.taken == 2


def test_an_error_of_a_whole_request_ends_the_stream_after_what_was_answered(
    street: Street, home: Home
) -> None:
    waiting: SimpleQueue[bytes] = SimpleQueue()
    call = stream(street, iter(waiting.get, b""))
    waiting.put(request(street))
    assert next(call)
    home.error = HutongError(AGREEMENT_MISMATCH, where="renewal-request", problem="a test")
    waiting.put(request(street))
    assert how(call) == AGREEMENT_MISMATCH.name
    waiting.put(b"")


def test_an_error_of_the_batch_that_is_made_ahead_is_told_after_the_answer_before_it(
    street: Street, home: Home
) -> None:
    home.fails[2] = HutongError(AGREEMENT_MISMATCH, where="renewal-request", problem="a test")
    home.portions = (portion(FIRST), portion(GIVEN, first=1))
    call, came = stream(street, iter([request(street)] * 4)), list[int]()
    with pytest.raises(grpc.RpcError) as ended:
        came.extend(pb.RenewAttestationsResponse.FromString(data).first for data in call)
    raised: Any = ended.value
    told = status.from_metadata(raised.trailing_metadata())
    assert told is not None
    assert (came, told.reason.name) == ([0, 1], AGREEMENT_MISMATCH.name)


def test_garbage_after_a_request_is_told_after_its_answer(street: Street, home: Home) -> None:
    call, came = stream(street, iter([request(street), b"\xff", request(street)])), list[bytes]()
    with pytest.raises(grpc.RpcError) as ended:
        came.extend(call)
    raised: Any = ended.value
    told = status.from_metadata(raised.trailing_metadata())
    assert told is not None
    assert (len(came), told.reason.name, home.taken) == (1, MALFORMED.name, 1)


def test_answers_leave_in_the_order_of_the_requests_however_long_each_takes(
    street: Street, home: Home
) -> None:
    home.held = {1}
    call = stream(street, iter([request(street)] * 3))
    assert eventually(lambda: home.taken == 2)
    call.cancel()
    assert how(call) == "CANCELLED"
    assert eventually(lambda: home.ended == [1])


def test_nothing_is_worked_on_for_a_caller_that_went_away(street: Street, home: Home) -> None:
    home.held = {2, 3}
    call = stream(street, iter([request(street)] * 5))
    assert next(call)
    assert eventually(lambda: home.taken == 3)
    call.cancel()
    assert how(call) == "CANCELLED"
    assert eventually(lambda: sorted(home.ended) == [2, 3])
    assert home.taken == 3


def test_nothing_is_worked_on_after_a_batch_that_failed(street: Street, home: Home) -> None:
    home.held, home.slow = {2}, {1}
    home.fails[1] = HutongError(AGREEMENT_MISMATCH, where="renewal-request", problem="a test")
    assert how(stream(street, iter([request(street)] * 5))) == AGREEMENT_MISMATCH.name
    assert eventually(lambda: home.ended == [2])
    assert home.taken == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", MALFORMED), (b"\xff", MALFORMED), (b"\xba\x3e\x01x", NOT_CANONICAL)],
    ids=["no-envelope", "garbage", "unknown-field"],
)
def test_what_cannot_be_read_ends_the_stream_with_the_reason(
    street: Street, home: Home, body: bytes, reason: object
) -> None:
    found = how(stream(street, iter([body])))
    assert found == getattr(reason, "name", "")
    assert home.taken == 0


def test_a_caller_that_is_suspended_on_the_way_gets_no_more(street: Street, home: Home) -> None:
    waiting: SimpleQueue[bytes] = SimpleQueue()
    call = stream(street, iter(waiting.get, b""))
    waiting.put(request(street))
    assert next(call)
    street.house.suspend(FRIEND)
    try:
        assert how(call) == NOT_A_PARTNER.name
        assert how(stream(street, iter([request(street)]))) == NOT_A_PARTNER.name
    finally:
        street.house.resume(FRIEND)
        waiting.put(b"")
    assert home.taken == 1


def test_a_question_that_is_signed_by_nobody_known_is_refused_in_words(street: Street) -> None:
    envelope = codec.envelope_to_wire(street.other.keys.bundle)
    envelope.payload_type = codec.RENEWAL_REQUEST.payload_type
    body = pb.RenewAttestationsRequest(request=envelope).SerializeToString()
    assert how(stream(street, iter([body]))) == UNKNOWN_KEY.name


def test_a_portion_of_the_largest_attestations_fits_a_message(street: Street, home: Home) -> None:
    large = BatchedPayload(b"a" * 1500, 999, b"p" * 320)
    home.portions = (RenewalPortion("id", street.house.keys.bundle, 0, (large,) * RENEWAL_PORTION),)
    [data] = stream(street, iter([request(street)]))
    assert len(data) < MESSAGE_BYTES
    assert eventually(lambda: home.taken == 1)
