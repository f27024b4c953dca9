"""What clients and partners may write into a request, field by field."""

import hashlib
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import structlog
from google.protobuf.message import Message
from structlog.testing import capture_logs

from federation import limits
from federation.v1 import envelope_pb2
from federation.v1 import federation_service_pb2 as peer_pb
from node.limits import PAGE_MOST
from node.model import Role
from node.v1 import operator_service_pb2, resident_service_pb2, venue_service_pb2
from tests.node.transport.conftest import Street
from tests.node.transport.house import Failed, failure
from tests.node.transport.methods import LOCAL, PEER, SOME_ID, Method, saying, text_fields

DOCUMENTS = ("999999198105059880", "L1730416<7UTO8903244F3301018<<<<<<<<<<<<<<<6")
HOSTILE = {
    "nul": "a\x00b",
    "escape": "\x1b[2J\x07",
    "newline": "x\r\nlevel: critical",
    "bidi": "\u202etxt.exe\u2066",
    "long": "y" * 20_000,
    "braces": "{0.__class__} {city} %s %n",
    "document": DOCUMENTS[0],
    "mrz": DOCUMENTS[1],
}
FIELDS = [(method, path) for method in (*LOCAL, *PEER) for path in text_fields(method)]
OUR_FAULT = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED}
# Names of things, repeated so that a slip is found; never where a person is asked for.
IN_THE_CALLERS_WORDS = ("incentive_ids", "file_name", "scenarios", "payload_type", "key_id")

Channels = dict[Role | None, grpc.Channel]


@pytest.fixture(scope="module")
def channels(street: Street) -> Iterator[Channels]:
    house = street.house
    made: Channels = {role: house.as_client(house.client(role)) for role in Role}
    made[None] = house.as_partner(street.friend.own)
    yield made
    for channel in made.values():
        channel.close()


def answer(channels: Channels, method: Method, body: bytes) -> Failed | None:
    """How the call fails; None where it does not."""
    try:
        return failure(channels[method.role], method.path, body)
    except AssertionError:
        return None


def name_of(value: object) -> str:
    return str(value) if isinstance(value, Method) else ".".join(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "path"), FIELDS, ids=name_of)
def test_no_text_in_any_field_is_our_fault_or_reaches_the_log(
    channels: Channels, method: Method, path: tuple[str, ...]
) -> None:
    for kind, text in HOSTILE.items():
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
            found = answer(channels, method, saying(method, path, text).SerializeToString())
        assert logged, kind
        said = repr(logged)
        assert text not in said, kind
        assert repr(text)[1:-1][:200] not in said, kind
        if found is None:
            continue
        assert found.code not in OUR_FAULT, (kind, found)
        # The reason arrives with its fields, however long what was sent: it fits the trailers.
        assert found.error is not None, (kind, found)
        assert found.code.name == found.error.reason.status.value, (kind, found)
        assert found.error.text("en").isprintable(), kind
        assert found.error.text("zh").isprintable(), kind
        if path[-1] not in IN_THE_CALLERS_WORDS and text in DOCUMENTS:
            assert text not in found.text + repr(found.error.fields), kind


LISTS = [
    (Role.VENUE, venue_service_pb2.ListIncentivesRequest(), "VenueService/ListIncentives"),
    (Role.OPERATOR, operator_service_pb2.ListPartnersRequest(), "OperatorService/ListPartners"),
    (Role.OPERATOR, operator_service_pb2.ListAgreementsRequest(), "OperatorService/ListAgreements"),
    (
        Role.RESIDENT,
        resident_service_pb2.ListConsentsRequest(resident_id=SOME_ID),
        "ResidentService/ListConsents",
    ),
    (
        Role.RESIDENT,
        resident_service_pb2.ListUsesRequest(resident_id=SOME_ID),
        "ResidentService/ListUses",
    ),
]


@pytest.mark.parametrize(("role", "request_", "method"), LISTS, ids=lambda x: str(x)[-14:].strip())
def test_a_page_that_no_list_gave_out_is_refused(
    channels: Channels, role: Role, request_: Message, method: str
) -> None:
    for size, token in (
        (PAGE_MOST + 1, ""),
        (-1, ""),
        (2**31 - 1, ""),
        (0, "nowhere"),
        (0, "t" * 129),
        (0, "\n"),
        (0, "页"),
        (PAGE_MOST, "' OR 1=1 --"),
    ):
        asked: Any = type(request_).FromString(request_.SerializeToString())
        asked.page_size, asked.page_token = size, token
        found = failure(channels[role], f"/node.v1.{method}", asked.SerializeToString())
        assert found.reason in ("PAGE_INVALID", "UNKNOWN"), (size, token, found)
        if found.reason == "UNKNOWN":
            # Nobody has that id: the page was not looked at, and its shape was good.
            assert (size, token) in ((0, "nowhere"), (PAGE_MOST, "' OR 1=1 --"))


@pytest.mark.parametrize("method", [*LOCAL, *PEER], ids=str)
def test_a_field_that_the_schema_does_not_name_is_refused(
    channels: Channels, method: Method
) -> None:
    unknown = b"\xfa\x3e\x06gossip"  # field 1007, of six bytes
    found = answer(channels, method, unknown)
    assert found is not None
    assert found.reason == "NOT_CANONICAL"
    for field in method.wire.input_type.fields:
        if field.message_type is None or field.is_repeated:
            continue
        tag = bytes([field.number << 3 | 2])
        nested = answer(channels, method, tag + bytes([len(unknown)]) + unknown)
        assert nested is not None
        assert nested.reason == "NOT_CANONICAL", field.name


@pytest.mark.parametrize("method", [*LOCAL, *PEER], ids=str)
def test_a_body_of_four_mebibytes_is_not_read(channels: Channels, method: Method) -> None:
    found = answer(channels, method, bytes(4 * 1024 * 1024))
    assert found is not None
    assert found.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def envelopes(method: Method) -> list[str]:
    """The fields of a request that hold envelopes."""
    wanted = envelope_pb2.Envelope.DESCRIPTOR
    return [f.name for f in method.wire.input_type.fields if f.message_type == wanted]


# No trial runs here in which it could be asked.
NO_ROOM = "RequestTrialAttestation"
SIGNED = [method for method in PEER if envelopes(method) and method.wire.name != NO_ROOM]


@pytest.mark.parametrize("method", SIGNED, ids=str)
def test_a_payload_over_its_limit_is_refused_before_it_is_verified(
    channels: Channels, method: Method
) -> None:
    envelope = envelope_pb2.Envelope(
        payload_type="application/vnd.hutong.attestation-request.v1+protobuf",
        payload=bytes(limits.PAYLOAD_BYTES + 1),
    )
    request: Any = method.request()
    if "trial_id" in request.DESCRIPTOR.fields_by_name:
        request.trial_id = SOME_ID
    name = envelopes(method)[0]
    if method.wire.input_type.fields_by_name[name].is_repeated:
        getattr(request, name).append(envelope)
    else:
        getattr(request, name).CopyFrom(envelope)
    found = answer(channels, method, request.SerializeToString())
    assert found is not None
    assert found.reason == "TOO_LARGE"


def test_more_scales_than_a_city_has_are_refused(channels: Channels) -> None:
    request = peer_pb.ExchangeScalesRequest(scales=[envelope_pb2.Envelope()] * 9)
    path = "/federation.v1.FederationService/ExchangeScales"
    assert failure(channels[None], path, request.SerializeToString()).reason == "TOO_LARGE"


FILES = [
    method
    for method in LOCAL
    if {"file_name", "content"} <= set(method.wire.input_type.fields_by_name)
]
NO_FILES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"a = ",
    b"x" * 200_000,
    b"a = " + b"[" * 5000,
    b"id" * 9000 + b" = 1",
)


@pytest.mark.parametrize("name", ["rules.toml", "页" * limits.TEXT_CHARACTERS, "\x1b" * 900])
@pytest.mark.parametrize("method", FILES, ids=str)
def test_a_file_that_is_none_is_told_in_words_that_arrive(
    channels: Channels, method: Method, name: str
) -> None:
    for content in NO_FILES:
        request: Any = saying(method, ("file_name",), name)
        request.content = content
        if "sha256" in method.wire.input_type.fields_by_name:
            request.sha256 = hashlib.sha256(content).digest()
        found = answer(channels, method, request.SerializeToString())
        assert found is not None
        assert found.error is not None, (content[:9], found)
        assert found.code.name == found.error.reason.status.value, (content[:9], found)
        assert found.code not in OUR_FAULT, (content[:9], found)
