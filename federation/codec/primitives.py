"""What every statement's wire form is made of: parsing, instants, the envelope, the header.

A payload is accepted only in its canonical encoding, so that nothing can hide in it: no unknown
field, no field twice, no default spelled out (rule 1).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as WireMessage
from google.protobuf.timestamp_pb2 import Timestamp

from federation import limits
from federation import messages as m
from federation.envelope import Envelope, Signature
from federation.errors import MALFORMED, NOT_CANONICAL, TOO_LARGE, HutongError
from federation.identifiers import city_code, uuid_text
from federation.v1 import envelope_pb2

W = TypeVar("W", bound=WireMessage)
D = TypeVar("D")

# 9999-12-31: what a Timestamp may hold at most, and datetime too.
_LAST_SECOND: Final = 253_402_300_799
_LONGEST_SECONDS: Final = 315_576_000_000
_NANOS: Final = 10**9
_NANOS_IN_MICRO: Final = 1000
_DAY_SECONDS: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse(wire_type: type[W], data: bytes, *, where: str) -> W:
    """The wire message in `data`, if it is in the canonical encoding."""
    wire = wire_type()
    try:
        wire.ParseFromString(data)
    except DecodeError as error:
        raise HutongError(MALFORMED, where=where, problem="it cannot be parsed") from error
    refuse_unknown(wire, where=where)
    if wire.SerializeToString(deterministic=True) != data:
        raise HutongError(NOT_CANONICAL, where=where)
    return wire


def refuse_unknown(wire: WireMessage, *, where: str) -> None:
    """Refuse a wire message with a field, at any depth, that its schema does not name."""
    size = wire.ByteSize()
    wire.DiscardUnknownFields()
    if wire.ByteSize() != size:
        raise HutongError(NOT_CANONICAL, where=where)


def require(wire: WireMessage, *fields: str, where: str) -> None:
    """Refuse a wire message that lacks one of its message fields; absent is not 1970."""
    for field in fields:
        if not wire.HasField(field):
            raise HutongError(MALFORMED, where=f"{where}.{field}", problem="it is missing")


def instant_to_wire(instant: datetime) -> Timestamp:
    """A Timestamp of whole microseconds."""
    since = instant - _EPOCH
    return Timestamp(
        seconds=since.days * _DAY_SECONDS + since.seconds,
        nanos=since.microseconds * _NANOS_IN_MICRO,
    )


def instant_from_wire(wire: Timestamp, *, where: str) -> datetime:
    """The instant, in UTC; raises MALFORMED outside 1970 to 9999 or below a microsecond."""
    if not 0 <= wire.seconds <= _LAST_SECOND or not 0 <= wire.nanos < _NANOS:
        raise HutongError(MALFORMED, where=where, problem="it is outside the years 1970 to 9999")
    if wire.nanos % _NANOS_IN_MICRO:
        raise HutongError(MALFORMED, where=where, problem="it is finer than a microsecond")
    return _EPOCH + timedelta(seconds=wire.seconds, microseconds=wire.nanos // _NANOS_IN_MICRO)


def duration_to_wire(duration: timedelta) -> Duration:
    """A Duration of whole microseconds."""
    seconds = duration.days * _DAY_SECONDS + duration.seconds
    return Duration(seconds=seconds, nanos=duration.microseconds * _NANOS_IN_MICRO)


def duration_from_wire(wire: Duration, *, where: str) -> timedelta:
    """The duration; raises MALFORMED below zero or below a microsecond."""
    if not 0 <= wire.seconds <= _LONGEST_SECONDS or not 0 <= wire.nanos < _NANOS:
        raise HutongError(MALFORMED, where=where, problem="give a positive duration")
    if wire.nanos % _NANOS_IN_MICRO:
        raise HutongError(MALFORMED, where=where, problem="it is finer than a microsecond")
    return timedelta(seconds=wire.seconds, microseconds=wire.nanos // _NANOS_IN_MICRO)


def envelope_to_wire(envelope: Envelope) -> envelope_pb2.Envelope:
    """The envelope as it travels."""
    return envelope_pb2.Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=[
            envelope_pb2.Signature(key_id=s.key_id, signature=s.signature)
            for s in envelope.signatures
        ],
    )


def envelope_from_wire(wire: envelope_pb2.Envelope) -> Envelope:
    """The envelope as it came; nothing in it is believed yet."""
    signatures = tuple(Signature(s.key_id, s.signature) for s in wire.signatures)
    return Envelope(wire.payload_type, wire.payload, signatures)


def envelope_to_bytes(envelope: Envelope) -> bytes:
    """The envelope's binary form."""
    return envelope_to_wire(envelope).SerializeToString(deterministic=True)


def envelope_from_bytes(data: bytes) -> Envelope:
    """The envelope in its binary form; raises TOO_LARGE, MALFORMED or NOT_CANONICAL."""
    if len(data) > limits.MESSAGE_BYTES:
        raise HutongError(
            TOO_LARGE,
            where="envelope",
            size=f"{len(data)} bytes",
            limit=f"{limits.MESSAGE_BYTES} bytes",
        )
    return envelope_from_wire(parse(envelope_pb2.Envelope, data, where="envelope"))


def header_to_wire(header: m.Header) -> envelope_pb2.StatementHeader:
    """The header as it travels."""
    return envelope_pb2.StatementHeader(
        statement_id=header.statement_id,
        issuer=header.issuer,
        audience=header.audience,
        issued_at=instant_to_wire(header.issued_at),
        expires_at=instant_to_wire(header.expires_at),
    )


def header_from_wire(wire: envelope_pb2.StatementHeader) -> m.Header:
    """The header as it came; raises MALFORMED."""
    require(wire, "issued_at", "expires_at", where="header")
    return m.Header(
        statement_id=uuid_text(wire.statement_id, where="header.statement_id"),
        issuer=city_code(wire.issuer, where="header.issuer"),
        audience=tuple(city_code(city, where="header.audience") for city in wire.audience),
        issued_at=instant_from_wire(wire.issued_at, where="header.issued_at"),
        expires_at=instant_from_wire(wire.expires_at, where="header.expires_at"),
    )


def from_enum(table: Mapping[Any, D], number: int, *, where: str) -> D:
    """The domain value of a wire enum; raises MALFORMED for 0 and for what the schema lacks."""
    if number not in table:
        raise HutongError(MALFORMED, where=where, problem=f"{number} is not a value of it")
    return table[number]


def pair(values: tuple[D, ...], *, where: str) -> tuple[D, D]:
    """The two values; raises MALFORMED where there are not two."""
    if len(values) != len(("one", "other")):
        raise HutongError(MALFORMED, where=where, problem="give two, one for each party")
    return values[0], values[1]
