import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaseKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_KIND_UNSPECIFIED: _ClassVar[CaseKind]
    CASE_KIND_OBJECTION: _ClassVar[CaseKind]
    CASE_KIND_REPAIR: _ClassVar[CaseKind]

class CaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_STATE_UNSPECIFIED: _ClassVar[CaseState]
    CASE_STATE_OPEN: _ClassVar[CaseState]
    CASE_STATE_INTERVIEW: _ClassVar[CaseState]
    CASE_STATE_GRANTED: _ClassVar[CaseState]
    CASE_STATE_REFUSED: _ClassVar[CaseState]
    CASE_STATE_APPEALED: _ClassVar[CaseState]
    CASE_STATE_GRANTED_ON_APPEAL: _ClassVar[CaseState]
    CASE_STATE_REFUSED_FINALLY: _ClassVar[CaseState]
    CASE_STATE_WITHDRAWN: _ClassVar[CaseState]
CASE_KIND_UNSPECIFIED: CaseKind
CASE_KIND_OBJECTION: CaseKind
CASE_KIND_REPAIR: CaseKind
CASE_STATE_UNSPECIFIED: CaseState
CASE_STATE_OPEN: CaseState
CASE_STATE_INTERVIEW: CaseState
CASE_STATE_GRANTED: CaseState
CASE_STATE_REFUSED: CaseState
CASE_STATE_APPEALED: CaseState
CASE_STATE_GRANTED_ON_APPEAL: CaseState
CASE_STATE_REFUSED_FINALLY: CaseState
CASE_STATE_WITHDRAWN: CaseState

class CaseStep(_message.Message):
    __slots__ = ("at", "actor", "move", "state", "reason")
    AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    actor: str
    move: str
    state: CaseState
    reason: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., move: _Optional[str] = ..., state: _Optional[_Union[CaseState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("case_id", "kind", "state", "source", "record_number", "indicator", "indicator_zh", "indicator_en", "occurred_on", "statement", "evidence", "promise", "opened_at", "due_at", "overdue", "officer", "moves", "steps")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_ZH_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_EN_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_ON_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    kind: CaseKind
    state: CaseState
    source: str
    record_number: str
    indicator: str
    indicator_zh: str
    indicator_en: str
    occurred_on: str
    statement: str
    evidence: str
    promise: str
    opened_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    overdue: bool
    officer: str
    moves: _containers.RepeatedScalarFieldContainer[str]
    steps: _containers.RepeatedCompositeFieldContainer[CaseStep]
    def __init__(self, case_id: _Optional[str] = ..., kind: _Optional[_Union[CaseKind, str]] = ..., state: _Optional[_Union[CaseState, str]] = ..., source: _Optional[str] = ..., record_number: _Optional[str] = ..., indicator: _Optional[str] = ..., indicator_zh: _Optional[str] = ..., indicator_en: _Optional[str] = ..., occurred_on: _Optional[str] = ..., statement: _Optional[str] = ..., evidence: _Optional[str] = ..., promise: _Optional[str] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., officer: _Optional[str] = ..., moves: _Optional[_Iterable[str]] = ..., steps: _Optional[_Iterable[_Union[CaseStep, _Mapping]]] = ...) -> None: ...
