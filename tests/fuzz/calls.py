"""Requests of any method, made from its descriptor: plausible ones, hostile ones, and garbage."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from federation import codec
from federation.envelope import Envelope, Statement, seal
from federation.errors import HutongError
from federation.histogram import ScoreHistogram
from federation.identifiers import CityCode, uuid8
from federation.incentives import UseLease, UseRequest
from federation.messages import AttestationRequest, Flags, Header, Partnership
from federation.standing import RenewalRequest, StatusList
from federation.v1 import envelope_pb2
from node.model import Role
from node.transport import status
from node.v1 import history_service_pb2
from tests.federation import strategies
from tests.federation.incentive_strategies import (
    histograms,
    use_leases,
    use_releases,
    use_requests,
)
from tests.node.transport.house import FRIEND, HERE, Stranger, now
from tests.node.transport.methods import LOCAL, PEER, SOME_ID, Method

_HISTORY: Final = history_service_pb2.DESCRIPTOR.services_by_name["HistoryService"]
METHODS: Final = [
    # Partners first: an operator may end them.
    *PEER,
    *LOCAL,
    *(Method(wire, Role.RESIDENT) for wire in _HISTORY.methods),
]
OUR_FAULT: Final = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNIMPLEMENTED,
}
_SECONDS: Final = 30
_LONG: Final = 20_000

_TEXTS: Final = (
    "a reason",
    "x\x00y",
    "\x1b[2J",
    "\u202e",
    "",
    " ",
    "0",
    "-1",
    "ß" * 300,
    "{0.__class__} {city} %s",
    "2026-01-15",
    "9999-12-31",
    "0001-01-01",
    "２０２６-01-15",
    "٢",
    "4" * 5000,
    "y" * _LONG,
    "\U0001f9ff" * 30,
    "library.deposit_free",
    "excellent",
    "add-1",
    "999999198105059880",
)
_DAYS: Final = ("2026-01-15", "2026-02-30", "9999-12-31", "0000-01-01", "2026-W03-4", "20260115")
_PLAUSIBLE: Final = {
    "scenarios": ("library.deposit_free", "scenic.discount"),
    "incentive_ids": ("library-card", "reading-room"),
    "incentive_id": ("library-card", "reading-room"),
    "indicator": ("add-1", "ded-4", "class-d"),
    "document_number": ("999999198105059880", "99999919600108007X"),
    "reason": ("because",),
}
_CITIES: Final = (HERE, FRIEND, "420100", "000000", "４１０１００")
_SECONDS_SINCE: Final = (0, -1, 1, 253_402_300_799, 253_402_300_800, 2**63 - 1, -(2**63))
_NANOS: Final = (0, 1, 1000, 999_999_999, 10**9, 2**31 - 1, -1)
_RANGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


@dataclass
class Known:
    """Values that answers named, by the name of their field, for the next requests."""

    values: dict[str, list[Any]]

    def learn(self, message: Any) -> None:  # noqa: ANN401 - any answer
        for one, value in message.ListFields():
            if one.message_type is not None:
                for each in value if one.is_repeated else (value,):
                    if not one.message_type.GetOptions().map_entry:
                        self.learn(each)
            elif one.cpp_type == FieldDescriptor.CPPTYPE_STRING and not one.is_repeated:
                self.values.setdefault(one.name, []).append(value)
                del self.values[one.name][:-_KEPT]

    def of(self, name: str, place: int) -> Any:  # noqa: ANN401 - a text, or bytes
        """One of the values of that name; None where there is none."""
        found = self.values.get(name, [])
        return found[place % len(found)] if found else None


_KEPT: Final = 20


def integers(low: int, high: int) -> SearchStrategy[int]:
    edges = [low, high, 2**31, 2**53, 2**63 - 1, high - 1]
    hostile = st.sampled_from([n for n in edges if low <= n <= high]) | st.integers(low, high)
    return mostly(st.sampled_from([0, 1, 2, 5, 50]), hostile)


def mostly(plausible: SearchStrategy[Any], hostile: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """One hostile value in five: a request of many fields is to get behind the first check."""
    return st.integers(0, 4).flatmap(lambda n: plausible if n else hostile)


@dataclass(frozen=True)
class Maker:
    """Makes requests; `envelopes` are those that the caller can sign."""

    known: Known
    envelopes: SearchStrategy[Envelope] = field(default_factory=st.nothing)

    def messages(self, of: Descriptor, depth: int = 0) -> SearchStrategy[Any]:
        if of.full_name == "federation.v1.Envelope":
            sealed = self.envelopes.map(codec.envelope_to_wire)
            return mostly(sealed, self._any_envelope())
        if of.full_name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            return self._instants(of)
        return self._built(of, depth)

    def _built(self, of: Descriptor, depth: int) -> SearchStrategy[Any]:
        @st.composite
        def build(draw: st.DrawFn) -> Any:  # noqa: ANN401 - of that type
            message: Any = GetMessageClass(of)()
            for each in of.fields:
                # One in eight is left out; below the third level most are.
                if draw(st.integers(0, 7)) < (1 if depth < _DEEP else 6):
                    continue
                self._fill(draw, message, each, depth)
            return message

        return build()

    def _fill(self, draw: st.DrawFn, message: Any, each: FieldDescriptor, depth: int) -> None:  # noqa: ANN401
        if each.message_type is not None:
            inner = self.messages(each.message_type, depth + 1)
            if each.is_repeated:
                getattr(message, each.name).extend(draw(st.lists(inner, max_size=3)))
            else:
                getattr(message, each.name).CopyFrom(draw(inner))
            return
        value = self._values(each)
        if each.is_repeated:
            getattr(message, each.name).extend(draw(st.lists(value, max_size=4)))
        else:
            setattr(message, each.name, draw(value))

    def _values(self, each: FieldDescriptor) -> SearchStrategy[Any]:
        kind = each.cpp_type
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        if kind == FieldDescriptor.CPPTYPE_ENUM:
            # An enumeration of proto3 is open: any number may come.
            values = each.enum_type.values if each.enum_type else ()
            return st.integers(0, len(values)) | integers(-(2**31), 2**31 - 1)
        if kind in _RANGES:
            return integers(*_RANGES[kind])
        if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return st.floats(width=32)
        if each.type == FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=64) | st.sampled_from(
                [b"", bytes(16), bytes(32), b"\xff" * 33]
            )
        return self._texts(each.name)

    def _texts(self, name: str) -> SearchStrategy[str]:
        known = st.integers(0, 99).map(lambda n: self.known.of(name, n))
        if name == "request_id":
            fresh = st.binary(min_size=8, max_size=8).map(uuid8)
            return mostly(fresh, st.sampled_from((*_TEXTS, SOME_ID)))
        if name in _PLAUSIBLE:
            plausible: SearchStrategy[Any] = st.sampled_from(_PLAUSIBLE[name])
        elif name.endswith("_id"):
            plausible = known.map(lambda found: found or SOME_ID)
        elif "city" in name:
            plausible = st.sampled_from(_CITIES)
        elif name.endswith("_on") or name == "day":
            plausible = st.sampled_from(_DAYS)
        else:
            plausible = known.map(lambda found: found or "a text")
        return mostly(plausible, st.sampled_from(_TEXTS))

    def _instants(self, of: Descriptor) -> SearchStrategy[Any]:
        wire: Any = GetMessageClass(of)
        # Drawn as a distance: what is drawn may not depend on the clock.
        near = st.integers(-(10**6), 10**8).map(lambda away: int(now().timestamp()) + away)
        seconds = st.sampled_from(_SECONDS_SINCE) | near
        return st.builds(wire, seconds=seconds, nanos=st.sampled_from(_NANOS))

    def _any_envelope(self) -> SearchStrategy[Any]:
        return st.builds(
            envelope_pb2.Envelope,
            payload_type=st.sampled_from([each.payload_type for each in codec.STATEMENTS]),
            payload=st.binary(max_size=80),
            signatures=st.lists(
                st.builds(envelope_pb2.Signature, key_id=st.just("0" * 64)), max_size=2
            ),
        )


_DEEP: Final = 2

_STATEMENTS: Final[tuple[tuple[Statement[Any], Callable[[], SearchStrategy[Any]]], ...]] = (
    (codec.TRUST_BUNDLE, strategies.trust_bundles),
    (codec.SCORE_SCALE, strategies.score_scales),
    (codec.AGREEMENT, strategies.agreements),
    (codec.ATTESTATION_REQUEST, strategies.requests),
    (codec.ATTESTATION, strategies.attestations),
    (codec.PARTNERSHIP, strategies.partnerships),
    (codec.STATUS_LIST, strategies.status_lists),
    (codec.RENEWAL_REQUEST, strategies.renewal_requests),
    (codec.ATTESTATION_BATCH, strategies.attestation_batches),
    (codec.SCORE_HISTOGRAM, histograms),
    (codec.USE_REQUEST, use_requests),
    (codec.USE_LEASE, use_leases),
    (codec.USE_RELEASE, use_releases),
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a partner knows: the agreement in force, and a resident; a code that it was shown.

    `shown` is the text of another code.
    """

    agreement_id: str
    version: int
    resident_id: str
    pseudonym: bytes
    code: bytes
    shown: str


_FITTING: Final = {
    "ExchangeTrustBundles": ("trust-bundle",),
    "ExchangePartnership": ("partnership",),
    "ExchangeScales": ("score-scale", "score-histogram"),
    "ProposeAgreement": ("agreement",),
    "CountersignAgreement": ("agreement",),
    "RequestAttestation": ("attestation-request",),
    "PushStatusLists": ("status-list",),
    "RenewAttestations": ("renewal-request",),
    "ReserveUse": ("use-request",),
    "ReleaseUse": ("use-release",),
}


@st.composite
def signed(draw: st.DrawFn, by: Stranger, agreed: Agreed, method: str) -> Envelope:
    """A statement of any content that a partner signs as it must be, for this city.

    Mostly of a kind that the method takes.
    """
    fitting = [each for each in _STATEMENTS if each[0].label in _FITTING.get(method, ())]
    any_kind = st.sampled_from(_STATEMENTS)
    kinds = mostly(st.sampled_from(fitting), any_kind) if fitting else any_kind
    statement, contents = draw(kinds)
    message = draw(contents())
    made, life = now(), draw(st.integers(30, 3000))
    ends = made + timedelta(days=life)
    entropy = draw(st.binary(min_size=16, max_size=16))
    audience: tuple[CityCode, ...] = draw(st.sampled_from([(HERE,), ()]))
    head = Header(uuid8(entropy), by.code, audience, made, ends)
    with contextlib.suppress(HutongError):
        # What does not take such a header goes as it is.
        message = _with(message, head)
    if draw(st.integers(0, 3)):
        message = _about(message, agreed)
    return seal(statement, message, [by.keys])


def _about(message: Any, agreed: Agreed) -> Any:  # noqa: ANN401 - a statement
    """A question of whom the partner knows, under the agreement that is in force."""
    under: dict[str, Any] = {
        "agreement_id": agreed.agreement_id,
        "agreement_version": agreed.version,
    }
    match message:
        case AttestationRequest():
            by_code = message.presentation_code is not None
            return replace(
                message,
                **under,
                scenarios=("library.deposit_free",),
                presentation_code=agreed.code if by_code else None,
                pseudonym=None if by_code else agreed.pseudonym,
            )
        case RenewalRequest():
            others = tuple(p for p in message.pseudonyms if p != agreed.pseudonym)
            known = (agreed.pseudonym, *others)
            return replace(message, **under, scenarios=("scenic.discount",), pseudonyms=known)
        case UseRequest():
            return replace(message, **under, pseudonym=agreed.pseudonym)
        case _:
            return message


def _with(message: Any, head: Header) -> Any:  # noqa: ANN401 - a statement
    """The statement under that header, as far as it can be."""
    match message:
        case ScoreHistogram():
            own = replace(message.scale, city=head.issuer)
            return replace(message, header=replace(head, audience=()), scale=own)
        case UseRequest() | UseLease():
            return replace(message, header=head, until=head.expires_at)
        case StatusList():
            return replace(message, header=head, time_to_live=head.expires_at - head.issued_at)
        case Partnership():
            # One that ends the partnership would end the search, too.
            flags = Flags(approved=True, tested=True)
            return replace(message, header=head, flags=flags)
        case _:
            return replace(message, header=head)


@dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended."""

    code: grpc.StatusCode
    reason: str
    text: str
    answers: tuple[bytes, ...] = ()


def ask(channel: grpc.Channel, method: Method, bodies: list[bytes]) -> Answered:
    """Call a method of any shape, and take what comes."""
    wire = method.wire
    given: Any = iter(bodies) if wire.client_streaming else bodies[0]
    shapes: dict[tuple[bool, bool], Any] = {
        (False, False): channel.unary_unary,
        (True, False): channel.stream_unary,
        (False, True): channel.unary_stream,
        (True, True): channel.stream_stream,
    }
    call = shapes[wire.client_streaming, wire.server_streaming](method.path, None, None)
    return _called(call, given, streams=wire.server_streaming)


def ask_health(channel: grpc.Channel) -> Answered:
    """Whether the city says that it serves."""
    call = channel.unary_unary("/grpc.health.v1.Health/Check", None, None)
    return _called(call, b"", streams=False)


def _called(call: Any, given: Any, *, streams: bool) -> Answered:  # noqa: ANN401 - as gRPC has it
    try:
        found = call(given, timeout=_SECONDS)
        answers = tuple(_some(found)) if streams else (found,)
    except grpc.RpcError as raised:
        told: Any = raised
        error = status.from_metadata(told.trailing_metadata())
        return Answered(told.code(), error.reason.name if error else "", str(told.details()))
    return Answered(grpc.StatusCode.OK, "", "", answers)


def _some(found: Iterator[bytes]) -> Iterator[bytes]:
    for _, answer in zip(range(_KEPT), found, strict=False):
        yield answer


def answer_of(method: Method, data: bytes) -> Message:
    made: Any = GetMessageClass(method.wire.output_type)
    found: Message = made.FromString(data)
    return found
