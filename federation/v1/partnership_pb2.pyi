import datetime

from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Partnership(_message.Message):
    __slots__ = ("header", "sequence", "approved", "tested", "suspended", "ended", "agreements")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    TESTED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    sequence: int
    approved: bool
    tested: bool
    suspended: bool
    ended: bool
    agreements: _containers.RepeatedCompositeFieldContainer[AgreementStanding]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., sequence: _Optional[int] = ..., approved: _Optional[bool] = ..., tested: _Optional[bool] = ..., suspended: _Optional[bool] = ..., ended: _Optional[bool] = ..., agreements: _Optional[_Iterable[_Union[AgreementStanding, _Mapping]]] = ...) -> None: ...

class AgreementStanding(_message.Message):
    __slots__ = ("agreement_id", "version", "suspended", "ends_at")
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    agreement_id: str
    version: int
    suspended: bool
    ends_at: _timestamp_pb2.Timestamp
    def __init__(self, agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., suspended: _Optional[bool] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
