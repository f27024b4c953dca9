"""What a partner's node answered, or that it did not: in this city's own words."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from federation import codec
from federation.envelope import Envelope
from federation.errors import MALFORMED, NOT_RECOGNISED, HutongError
from node import deadlines, limits
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.registry import Partner
from node.transport import status
from node.transport.calls import REQUEST_ID_HEADER
from node.transport.circuit import OpenError

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_SHOWN_SECONDS: Final = 0.1
_PROBLEMS: Final = {
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer in time",
    grpc.StatusCode.UNAVAILABLE: "no connection",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "its answer is too large, or it is busy",
    # What is left unread for too long gRPC itself drops so.
    grpc.StatusCode.CANCELLED: "it has too much to do",
    grpc.StatusCode.UNIMPLEMENTED: "it does not know this call",
}


def followed() -> tuple[tuple[str, str], ...]:
    """The metadata that lets a call be found in the logs of both cities."""
    found = structlog.contextvars.get_contextvars().get("request_id", "")
    return ((REQUEST_ID_HEADER, str(found)),) if found else ()


async def first_answer(
    channels: Sequence[grpc.aio.Channel], attempt: Callable[[grpc.aio.Channel], Awaitable[T]]
) -> T:
    """The answer of the first endpoint that is reached; raises what the last attempt did.

    Each call may be repeated: where a connection fails the next endpoint is tried, and in the end
    the first again, once it is reached anew: an old line may have died without a word.
    """
    for channel in channels:
        try:
            return await attempt(channel)
        except grpc.aio.AioRpcError as error:
            if not _is_cut(error):
                raise
            cut = error
    if not await _reached_anew(channels[0]):
        raise cut
    return await attempt(channels[0])


async def first_reached(channels: Sequence[grpc.aio.Channel]) -> grpc.aio.Channel | None:
    """The first endpoint to which a connection is to be had, for a call that cannot be repeated."""
    for channel in channels:
        if await _reached_anew(channel):
            return channel
    return None


async def _reached_anew(channel: grpc.aio.Channel) -> bool:
    try:
        async with asyncio.timeout(deadlines.within(limits.PEER_RECONNECTS.total_seconds())):
            await channel.channel_ready()
    except TimeoutError:
        return False
    return True


def _is_cut(error: grpc.aio.AioRpcError) -> bool:
    """Whether the connection failed, and not the partner in its own words."""
    own_words = status.from_metadata(error.trailing_metadata())
    return error.code() is grpc.StatusCode.UNAVAILABLE and own_words is None


def told(partner: Partner, error: grpc.aio.AioRpcError) -> HutongError:
    """What a failed call means: a refusal by the partner, or that it cannot be reached."""
    theirs = status.from_metadata(error.trailing_metadata())
    if theirs is None:
        problem = _PROBLEMS.get(error.code(), error.code().name.lower())
        return unreachable(partner, problem)
    if theirs.reason.name == NOT_RECOGNISED.name:
        return HutongError(NOT_RECOGNISED)
    wait = status.retry_after(theirs)
    if wait is not None:
        return busy(partner, wait)
    return HutongError(
        PEER_REFUSED,
        city=partner.city,
        peer_reason=theirs.reason.name,
        detail=theirs.text("en"),
    )


def unreachable(partner: Partner, problem: str) -> HutongError:
    """The error that says which partner could not be reached, and what the matter was."""
    address = str(partner.bundle.endpoints[0])
    return HutongError(PEER_UNREACHABLE, city=partner.city, address=address, problem=problem)


def busy(partner: Partner, wait: timedelta) -> HutongError:
    """The error of a partner that turned a call away unread, and said when to come again."""
    told = unreachable(partner, f"it is busy; try again in {wait.total_seconds():g} s")
    said = {**told.fields, "retry_ms": str(wait // timedelta(milliseconds=1))}
    return HutongError(told.reason, **said)


def left_alone(partner: Partner, error: OpenError) -> HutongError:
    """The error of a call that did not go out, with when the next one may."""
    seconds = max(error.wait, _SHOWN_SECONDS)
    problem = f"{error.failures} calls in a row had no answer; it is tried again in {seconds:.1f} s"
    return unreachable(partner, problem)


def clock_of(said: str) -> datetime | None:
    """What a partner's clock said; None for what is no time: nothing is decided by it."""
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def malformed(partner: Partner, what: str) -> HutongError:
    """The error that says that an answer cannot be read."""
    return HutongError(
        MALFORMED, where=f"the answer of {partner.city}", problem=f"{what} cannot be read"
    )


def parse(partner: Partner, answer_type: type[M], data: bytes) -> M:
    """An answer; raises MALFORMED or NOT_CANONICAL."""
    answer = answer_type()
    try:
        answer.ParseFromString(data)
    except DecodeError as error:
        raise malformed(partner, "it") from error
    codec.refuse_unknown(answer, where=f"the answer of {partner.city}")
    return answer


def envelope_in(partner: Partner, answer: Message, field_name: str) -> Envelope:
    """The envelope in a field of an answer; raises MALFORMED where there is none."""
    if not answer.HasField(field_name):
        raise malformed(partner, field_name)
    return codec.envelope_from_wire(getattr(answer, field_name))
