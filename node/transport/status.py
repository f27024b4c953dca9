"""Errors as they travel: google.rpc.Status with ErrorInfo(domain="hutong"), and back."""

import re
from collections.abc import Iterable
from typing import Any, Final

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2

import federation.errors
import node.decision_errors
import node.errors
import node.histogram_errors
import node.record_errors
import node.redemption_errors
from federation.errors import HutongError, Reason, Status

_DOMAIN: Final = "hutong"
_DETAILS: Final = "grpc-status-details-bin"
_REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{0,62}")

# Characters of one field, and of a whole text: beyond about 8 KiB of trailers a client reads none.
_PRINTED: Final = 300
_TEXT: Final = 600
_MORE: Final = "..."

_REASONS: Final = {
    reason.name: reason
    for module in (
        federation.errors,
        node.decision_errors,
        node.errors,
        node.histogram_errors,
        node.record_errors,
        node.redemption_errors,
    )
    for reason in vars(module).values()
    if isinstance(reason, Reason)
}
_CODES: Final = {status: grpc.StatusCode[status.value] for status in Status}

Metadata = Iterable[Any]


def code_of(error: HutongError) -> grpc.StatusCode:
    """The gRPC status code of an error."""
    return _CODES[error.reason.status]


def text_of(error: HutongError, language: str) -> str:
    """The text of an error, short enough to travel."""
    fields = {key: _cut(value, _PRINTED) for key, value in error.fields.items()}
    return _cut(HutongError(error.reason, **fields).text(language), _TEXT)


def to_metadata(error: HutongError) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata of an error: its reason, its fields and its text in both languages."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(error.reason.status.value), message=text_of(error, "en")
    )
    fields = {key: _cut(value, _PRINTED) for key, value in error.fields.items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason.name, domain=_DOMAIN, metadata=fields)
    chinese = error_details_pb2.LocalizedMessage(locale="zh-CN", message=text_of(error, "zh"))
    for detail in (info, chinese):
        packed = any_pb2.Any()
        packed.Pack(detail, deterministic=True)
        status.details.append(packed)
    return ((_DETAILS, status.SerializeToString(deterministic=True)),)


def from_metadata(metadata: Metadata | None) -> HutongError | None:
    """The error in trailing metadata; None where there is none of ours."""
    found = dict(metadata or ()).get(_DETAILS)
    if not isinstance(found, bytes):
        return None
    status, info, chinese = status_pb2.Status(), error_details_pb2.ErrorInfo(), ""
    try:
        status.ParseFromString(found)
        for detail in status.details:
            localized = error_details_pb2.LocalizedMessage()
            # `Unpack` says whether the detail is of that type.
            if not detail.Unpack(info) and detail.Unpack(localized):
                chinese = localized.message
    except DecodeError:
        return None
    if info.domain != _DOMAIN or not _REASON.fullmatch(info.reason):
        return None
    fields = {printable(key): printable(value) for key, value in info.metadata.items()}
    reason = _REASONS.get(info.reason) or _foreign(status, info.reason, chinese)
    return HutongError(reason, **fields)


def printable(text: str) -> str:
    """Somebody else's text, fit for a log or a terminal."""
    return "".join(c if c.isprintable() else " " for c in _cut(text, _PRINTED))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(_MORE)] + _MORE


def _foreign(status: status_pb2.Status, name: str, chinese: str) -> Reason:
    """A reason of a newer version than ours: its texts are taken as they came."""
    known = {each.value for each in Status}
    code = code_pb2.Code.Name(status.code) if status.code in code_pb2.Code.values() else ""
    english = _plain_format(status.message)
    return Reason(
        name,
        Status(code) if code in known else Status.INTERNAL,
        english,
        _plain_format(chinese) or english,
    )


def _plain_format(text: str) -> str:
    return printable(text).replace("{", "{{").replace("}", "}}")
