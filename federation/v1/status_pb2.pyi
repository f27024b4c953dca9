import datetime

from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatusList(_message.Message):
    __slots__ = ("header", "list_number", "sequence", "bits", "time_to_live")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    LIST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    list_number: int
    sequence: int
    bits: bytes
    time_to_live: _duration_pb2.Duration
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., list_number: _Optional[int] = ..., sequence: _Optional[int] = ..., bits: _Optional[bytes] = ..., time_to_live: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
