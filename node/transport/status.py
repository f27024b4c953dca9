"""Errors as they travel: google.rpc.Status with ErrorInfo(domain="hutong"), and back.

One that goes away by itself says when to come again: a RetryInfo, and the header of that name.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

import federation.errors
import node.decision_errors
import node.errors
import node.histogram_errors
import node.load_errors
import node.record_errors
import node.redemption_errors
import node.store_errors
from federation.errors import HutongError, Reason, Status
from node.load_limits import RETRY_LONGEST

_DOMAIN: Final = "hutong"
_DETAILS: Final = "grpc-status-details-bin"
RETRY_HEADER: Final = "hutong-retry-ms"
_RETRY: Final = "retry_ms"
_MILLISECOND: Final = timedelta(milliseconds=1)
_REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{0,62}")

# Characters of one field, and of a whole text: beyond about 8 KiB of trailers a client reads none.
_PRINTED: Final = 300
_TEXT: Final = 600
_MORE: Final = "..."
_DIGITS: Final = 9

_REASONS: Final = {
    reason.name: reason
    for module in (
        federation.errors,
        node.decision_errors,
        node.errors,
        node.histogram_errors,
        node.load_errors,
        node.record_errors,
        node.redemption_errors,
        node.store_errors,
    )
    for reason in vars(module).values()
    if isinstance(reason, Reason)
}
_CODES: Final = {status: grpc.StatusCode[status.value] for status in Status}

Metadata = Iterable[Any]
Trailers = tuple[tuple[str, Any], ...]


def code_of(error: HutongError) -> grpc.StatusCode:
    """The gRPC status code of an error."""
    return _CODES[error.reason.status]


def text_of(error: HutongError, language: str) -> str:
    """The text of an error, short enough to travel."""
    fields = {key: _cut(value, _PRINTED) for key, value in error.fields.items()}
    return _cut(HutongError(error.reason, **fields).text(language), _TEXT)


def retry_after(error: HutongError) -> timedelta | None:
    """How long to wait before the same is asked again, within reason; None: nothing is said."""
    said = error.fields.get(_RETRY, "")
    if not said.isascii() or not said.isdigit() or len(said) > _DIGITS:
        return None
    return min(int(said) * _MILLISECOND, RETRY_LONGEST)


def to_metadata(error: HutongError) -> Trailers:
    """The trailing metadata of an error: its reason, its fields and its text in both languages."""
    if _RETRY in error.fields:
        # There are few of these, and where they are sent there is no time to make each anew.
        return _made_once(error.reason, tuple(sorted(error.fields.items())))
    return _made(error)


@lru_cache(maxsize=1024)
def _made_once(reason: Reason, fields: tuple[tuple[str, str], ...]) -> Trailers:
    return _made(HutongError(reason, **dict(fields)))


def _made(error: HutongError) -> Trailers:
    status = status_pb2.Status(
        code=code_pb2.Code.Value(error.reason.status.value), message=text_of(error, "en")
    )
    fields = {key: _cut(value, _PRINTED) for key, value in error.fields.items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason.name, domain=_DOMAIN, metadata=fields)
    chinese = error_details_pb2.LocalizedMessage(locale="zh-CN", message=text_of(error, "zh"))
    details: list[Message] = [info, chinese]
    wait = retry_after(error)
    if wait is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(wait)
        details.append(retry)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail, deterministic=True)
        status.details.append(packed)
    whole = (_DETAILS, status.SerializeToString(deterministic=True))
    return (whole,) if wait is None else (whole, (RETRY_HEADER, str(wait // _MILLISECOND)))


def from_metadata(metadata: Metadata | None) -> HutongError | None:
    """The error in trailing metadata; None where there is none of ours."""
    found = dict(metadata or ()).get(_DETAILS)
    if not isinstance(found, bytes):
        return None
    status, info, chinese = status_pb2.Status(), error_details_pb2.ErrorInfo(), ""
    retry = error_details_pb2.RetryInfo()
    try:
        status.ParseFromString(found)
        for detail in status.details:
            localized = error_details_pb2.LocalizedMessage()
            # `Unpack` says whether the detail is of that type.
            known = detail.Unpack(info) or detail.Unpack(retry)
            if not known and detail.Unpack(localized):
                chinese = localized.message
    except DecodeError:
        return None
    if info.domain != _DOMAIN or not _REASON.fullmatch(info.reason):
        return None
    fields = {printable(key): printable(value) for key, value in info.metadata.items()}
    if _RETRY not in fields and retry.HasField("retry_delay"):
        fields[_RETRY] = str(_milliseconds(retry))
    reason = _REASONS.get(info.reason) or _foreign(status, info.reason, chinese)
    return HutongError(reason, **fields)


def _milliseconds(retry: error_details_pb2.RetryInfo) -> int:
    """Of whatever somebody else says: none of it negative, nor longer than anybody waits."""
    delay = retry.retry_delay
    said = max(delay.seconds * 1000 + delay.nanos // 1_000_000, 0)
    return min(said, RETRY_LONGEST // _MILLISECOND)


def printable(text: str) -> str:
    """Somebody else's text, fit for a log or a terminal."""
    return "".join(c if c.isprintable() else " " for c in _cut(text, _PRINTED))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(_MORE)] + _MORE


def _foreign(status: status_pb2.Status, name: str, chinese: str) -> Reason:
    """A reason of a newer version than ours: its texts are taken as they came, or its name."""
    known = {each.value for each in Status}
    code = code_pb2.Code.Name(status.code) if status.code in code_pb2.Code.values() else ""
    english = _plain_format(status.message).strip() or name
    return Reason(
        name,
        Status(code) if code in known else Status.INTERNAL,
        english,
        _plain_format(chinese).strip() or english,
    )


def _plain_format(text: str) -> str:
    return printable(text).replace("{", "{{").replace("}", "}}")
