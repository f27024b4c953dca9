import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from node.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PromiseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROMISE_STATE_UNSPECIFIED: _ClassVar[PromiseState]
    PROMISE_STATE_OPEN: _ClassVar[PromiseState]
    PROMISE_STATE_KEPT: _ClassVar[PromiseState]
    PROMISE_STATE_BROKEN: _ClassVar[PromiseState]
    PROMISE_STATE_WITHDRAWN: _ClassVar[PromiseState]
PROMISE_STATE_UNSPECIFIED: PromiseState
PROMISE_STATE_OPEN: PromiseState
PROMISE_STATE_KEPT: PromiseState
PROMISE_STATE_BROKEN: PromiseState
PROMISE_STATE_WITHDRAWN: PromiseState

class OpenObjectionRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "source", "record_number", "statement")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    source: str
    record_number: str
    statement: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., source: _Optional[str] = ..., record_number: _Optional[str] = ..., statement: _Optional[str] = ...) -> None: ...

class OpenObjectionResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class ApplyForRepairRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "source", "record_number", "statement", "evidence", "promise")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    source: str
    record_number: str
    statement: str
    evidence: str
    promise: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., source: _Optional[str] = ..., record_number: _Optional[str] = ..., statement: _Optional[str] = ..., evidence: _Optional[str] = ..., promise: _Optional[str] = ...) -> None: ...

class ApplyForRepairResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class AppealCaseRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "case_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    case_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., case_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AppealCaseResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class WithdrawCaseRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "case_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    case_id: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., case_id: _Optional[str] = ...) -> None: ...

class WithdrawCaseResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class ListResidentCasesRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListResidentCasesResponse(_message.Message):
    __slots__ = ("cases", "next_page_token")
    CASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[_case_pb2.Case]
    next_page_token: str
    def __init__(self, cases: _Optional[_Iterable[_Union[_case_pb2.Case, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("at", "kind", "text_zh", "text_en", "case_id", "source", "record_number")
    AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_ZH_FIELD_NUMBER: _ClassVar[int]
    TEXT_EN_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    kind: str
    text_zh: str
    text_en: str
    case_id: str
    source: str
    record_number: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., text_zh: _Optional[str] = ..., text_en: _Optional[str] = ..., case_id: _Optional[str] = ..., source: _Optional[str] = ..., record_number: _Optional[str] = ...) -> None: ...

class ListNoticesRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNoticesResponse(_message.Message):
    __slots__ = ("notices", "next_page_token")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    next_page_token: str
    def __init__(self, notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RecordRead(_message.Message):
    __slots__ = ("at", "reader", "purpose", "source", "record_number", "indicator_zh", "indicator_en", "disclosure_class")
    AT_FIELD_NUMBER: _ClassVar[int]
    READER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_ZH_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_EN_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_CLASS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    reader: str
    purpose: str
    source: str
    record_number: str
    indicator_zh: str
    indicator_en: str
    disclosure_class: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reader: _Optional[str] = ..., purpose: _Optional[str] = ..., source: _Optional[str] = ..., record_number: _Optional[str] = ..., indicator_zh: _Optional[str] = ..., indicator_en: _Optional[str] = ..., disclosure_class: _Optional[str] = ...) -> None: ...

class ListRecordReadsRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRecordReadsResponse(_message.Message):
    __slots__ = ("reads", "next_page_token")
    READS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reads: _containers.RepeatedCompositeFieldContainer[RecordRead]
    next_page_token: str
    def __init__(self, reads: _Optional[_Iterable[_Union[RecordRead, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Promise(_message.Message):
    __slots__ = ("promise_id", "incentive_id", "venue", "text", "language", "made_at", "due_on", "state", "redemption_id", "closed_at", "note")
    PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_ON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REDEMPTION_ID_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    promise_id: str
    incentive_id: str
    venue: str
    text: str
    language: str
    made_at: _timestamp_pb2.Timestamp
    due_on: str
    state: PromiseState
    redemption_id: str
    closed_at: _timestamp_pb2.Timestamp
    note: str
    def __init__(self, promise_id: _Optional[str] = ..., incentive_id: _Optional[str] = ..., venue: _Optional[str] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_on: _Optional[str] = ..., state: _Optional[_Union[PromiseState, str]] = ..., redemption_id: _Optional[str] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class DraftPromiseRequest(_message.Message):
    __slots__ = ("resident_id", "incentive_id", "venue", "due_on")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    DUE_ON_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    incentive_id: str
    venue: str
    due_on: str
    def __init__(self, resident_id: _Optional[str] = ..., incentive_id: _Optional[str] = ..., venue: _Optional[str] = ..., due_on: _Optional[str] = ...) -> None: ...

class DraftPromiseResponse(_message.Message):
    __slots__ = ("text_zh", "text_en")
    TEXT_ZH_FIELD_NUMBER: _ClassVar[int]
    TEXT_EN_FIELD_NUMBER: _ClassVar[int]
    text_zh: str
    text_en: str
    def __init__(self, text_zh: _Optional[str] = ..., text_en: _Optional[str] = ...) -> None: ...

class MakePromiseRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "incentive_id", "venue", "due_on", "text")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    DUE_ON_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    incentive_id: str
    venue: str
    due_on: str
    text: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., incentive_id: _Optional[str] = ..., venue: _Optional[str] = ..., due_on: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class MakePromiseResponse(_message.Message):
    __slots__ = ("promise",)
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    promise: Promise
    def __init__(self, promise: _Optional[_Union[Promise, _Mapping]] = ...) -> None: ...

class ListPromisesRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPromisesResponse(_message.Message):
    __slots__ = ("promises", "next_page_token")
    PROMISES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    promises: _containers.RepeatedCompositeFieldContainer[Promise]
    next_page_token: str
    def __init__(self, promises: _Optional[_Iterable[_Union[Promise, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WithdrawPromiseRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "promise_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    promise_id: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., promise_id: _Optional[str] = ...) -> None: ...

class WithdrawPromiseResponse(_message.Message):
    __slots__ = ("promise",)
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    promise: Promise
    def __init__(self, promise: _Optional[_Union[Promise, _Mapping]] = ...) -> None: ...
