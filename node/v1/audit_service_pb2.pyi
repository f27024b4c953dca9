import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReadPeriodRequest(_message.Message):
    __slots__ = ("since", "until")
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReadPeriodResponse(_message.Message):
    __slots__ = ("proof", "entries")
    PROOF_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    proof: PeriodProof
    entries: _containers.RepeatedCompositeFieldContainer[AuditedEntry]
    def __init__(self, proof: _Optional[_Union[PeriodProof, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[AuditedEntry, _Mapping]]] = ...) -> None: ...

class PeriodProof(_message.Message):
    __slots__ = ("city", "since", "until", "before", "edge", "after", "newest", "consistency", "trust_bundles")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    TRUST_BUNDLES_FIELD_NUMBER: _ClassVar[int]
    city: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    before: bytes
    edge: _containers.RepeatedScalarFieldContainer[bytes]
    after: bytes
    newest: bytes
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    trust_bundles: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, city: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., before: _Optional[bytes] = ..., edge: _Optional[_Iterable[bytes]] = ..., after: _Optional[bytes] = ..., newest: _Optional[bytes] = ..., consistency: _Optional[_Iterable[bytes]] = ..., trust_bundles: _Optional[_Iterable[bytes]] = ...) -> None: ...

class AuditedEntry(_message.Message):
    __slots__ = ("kind", "at_micros", "commitment")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AT_MICROS_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    at_micros: int
    commitment: bytes
    def __init__(self, kind: _Optional[str] = ..., at_micros: _Optional[int] = ..., commitment: _Optional[bytes] = ...) -> None: ...
