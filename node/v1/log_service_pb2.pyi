import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LogCheckpoint(_message.Message):
    __slots__ = ("city", "size", "root", "note", "at", "cosigned_by")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_BY_FIELD_NUMBER: _ClassVar[int]
    city: str
    size: int
    root: bytes
    note: bytes
    at: _timestamp_pb2.Timestamp
    cosigned_by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, city: _Optional[str] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ..., note: _Optional[bytes] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cosigned_by: _Optional[_Iterable[str]] = ...) -> None: ...

class GetLogRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetLogResponse(_message.Message):
    __slots__ = ("size", "checkpoint", "cosigned", "partners", "forked")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_FIELD_NUMBER: _ClassVar[int]
    PARTNERS_FIELD_NUMBER: _ClassVar[int]
    FORKED_FIELD_NUMBER: _ClassVar[int]
    size: int
    checkpoint: LogCheckpoint
    cosigned: LogCheckpoint
    partners: _containers.RepeatedCompositeFieldContainer[LogCheckpoint]
    forked: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, size: _Optional[int] = ..., checkpoint: _Optional[_Union[LogCheckpoint, _Mapping]] = ..., cosigned: _Optional[_Union[LogCheckpoint, _Mapping]] = ..., partners: _Optional[_Iterable[_Union[LogCheckpoint, _Mapping]]] = ..., forked: _Optional[_Iterable[str]] = ...) -> None: ...

class ExchangeCheckpointsRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class ExchangeCheckpointsResponse(_message.Message):
    __slots__ = ("checkpoint", "exchanges")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    EXCHANGES_FIELD_NUMBER: _ClassVar[int]
    checkpoint: LogCheckpoint
    exchanges: _containers.RepeatedCompositeFieldContainer[CheckpointExchange]
    def __init__(self, checkpoint: _Optional[_Union[LogCheckpoint, _Mapping]] = ..., exchanges: _Optional[_Iterable[_Union[CheckpointExchange, _Mapping]]] = ...) -> None: ...

class CheckpointExchange(_message.Message):
    __slots__ = ("city", "cosigned", "problem_zh", "problem_en")
    CITY_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_ZH_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_EN_FIELD_NUMBER: _ClassVar[int]
    city: str
    cosigned: bool
    problem_zh: str
    problem_en: str
    def __init__(self, city: _Optional[str] = ..., cosigned: _Optional[bool] = ..., problem_zh: _Optional[str] = ..., problem_en: _Optional[str] = ...) -> None: ...

class FetchPartnerLogRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class FetchPartnerLogResponse(_message.Message):
    __slots__ = ("checkpoint", "trust_bundle", "leaf_hashes")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    TRUST_BUNDLE_FIELD_NUMBER: _ClassVar[int]
    LEAF_HASHES_FIELD_NUMBER: _ClassVar[int]
    checkpoint: bytes
    trust_bundle: bytes
    leaf_hashes: bytes
    def __init__(self, checkpoint: _Optional[bytes] = ..., trust_bundle: _Optional[bytes] = ..., leaf_hashes: _Optional[bytes] = ...) -> None: ...

class GetForkEvidenceRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class GetForkEvidenceResponse(_message.Message):
    __slots__ = ("evidence",)
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    evidence: bytes
    def __init__(self, evidence: _Optional[bytes] = ...) -> None: ...
