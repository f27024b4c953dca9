"""Fields of local requests: parsed once at the gate, told in the caller's words where wrong."""

from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from federation import checks
from federation.identifiers import CityCode, city_code, uuid_text
from federation.messages import Disclosure, UseCounting
from federation.v1 import agreement_pb2, attestation_pb2
from node.errors import FIELD_INVALID, PAGE_INVALID, HutongError
from node.limits import PAGE_DEFAULT, PAGE_MOST
from node.model import PageRequest
from node.services.answering import Ask
from node.services.assembly import UseCases
from node.transport.calls import Call

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799
_LONGEST_SECONDS: Final = 315_576_000_000
_TOKEN_CHARACTERS: Final = 128
_NANOS_IN_MICRO: Final = 1000
_NANOS: Final = 10**9


def ask_of(cases: UseCases, call: Call, request: Message) -> Ask:
    """Who asks, under which request id, and a digest of the method and what was asked.

    The digest is keyed: a request may hold a document number, and those are few.
    """
    request_id = uuid_text(str(getattr(request, "request_id", "")), where="request_id")
    body = call.method.encode() + b"\0" + request.SerializeToString(deterministic=True)
    return Ask(str(call.caller), request_id, cases.digest(body))


def page_of(request: Message) -> PageRequest:
    """The page that a list request asks for; raises PAGE_INVALID."""
    size, token = int(getattr(request, "page_size", 0)), str(getattr(request, "page_token", ""))
    if not 0 <= size <= PAGE_MOST:
        raise HutongError(PAGE_INVALID, field="page_size", limit=str(PAGE_MOST))
    if len(token) > _TOKEN_CHARACTERS or not token.isascii() or not token.isprintable():
        raise HutongError(PAGE_INVALID, field="page_token", limit=str(PAGE_MOST))
    return PageRequest(size or PAGE_DEFAULT, token)


def identifier(text: str, where: str) -> str:
    """An id that this node gave out; raises MALFORMED, and does not repeat what it is not."""
    return uuid_text(text, where=where)


def city(text: str, where: str) -> CityCode:
    """A city code; raises MALFORMED."""
    return city_code(text, where=where)


def free_text(text: str, where: str) -> str:
    """A text for the record; raises MALFORMED."""
    checks.text(text, where=where)
    return text


def instant(request: Message, field: str) -> datetime:
    """An instant, to the microsecond; raises FIELD_INVALID where it is missing or out of range."""
    found = getattr(request, field)
    if not request.HasField(field) or not isinstance(found, Timestamp):
        raise HutongError(FIELD_INVALID, field=field, problem="it is missing; give an instant")
    if not 0 <= found.seconds <= _LAST_SECOND:
        raise HutongError(FIELD_INVALID, field=field, problem="it is outside the years 1970-9999")
    if not 0 <= found.nanos < _NANOS:
        raise HutongError(FIELD_INVALID, field=field, problem="a second has 10^9 nanoseconds")
    return _EPOCH + timedelta(seconds=found.seconds, microseconds=found.nanos // _NANOS_IN_MICRO)


def span(request: Message, field: str) -> timedelta:
    """A duration, to the microsecond; raises FIELD_INVALID where it is out of range."""
    found = getattr(request, field)
    if not 0 <= found.seconds <= _LONGEST_SECONDS or not 0 <= found.nanos < _NANOS:
        problem = "it is no duration from zero to ten thousand years"
        raise HutongError(FIELD_INVALID, field=field, problem=problem)
    return timedelta(seconds=found.seconds, microseconds=found.nanos // _NANOS_IN_MICRO)


_DISCLOSURES: Final[dict[int, Disclosure]] = {
    agreement_pb2.DISCLOSURE_LEVEL_UNSPECIFIED: Disclosure.BAND,
    agreement_pb2.DISCLOSURE_LEVEL_THRESHOLD: Disclosure.THRESHOLD,
    agreement_pb2.DISCLOSURE_LEVEL_BAND: Disclosure.BAND,
    agreement_pb2.DISCLOSURE_LEVEL_SCORE: Disclosure.SCORE,
}


def disclosure(number: int) -> Disclosure:
    """A disclosure level; BAND where none is given (rule 5)."""
    if number not in _DISCLOSURES:
        raise HutongError(
            FIELD_INVALID, field="disclosure", problem="give THRESHOLD, BAND or SCORE"
        )
    return _DISCLOSURES[number]


_COUNTINGS: Final[dict[int, UseCounting]] = {
    attestation_pb2.USE_COUNTING_UNSPECIFIED: UseCounting.NONE,
    attestation_pb2.USE_COUNTING_ANONYMOUS: UseCounting.ANONYMOUS,
    attestation_pb2.USE_COUNTING_CLASS: UseCounting.CLASS,
}


def counting(number: int) -> UseCounting:
    """Whether uses are counted over all cities; nothing is where it is not said."""
    if number not in _COUNTINGS:
        raise HutongError(FIELD_INVALID, field="counting", problem="give ANONYMOUS or CLASS")
    return _COUNTINGS[number]
