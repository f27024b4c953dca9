import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RowAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROW_ACTION_UNSPECIFIED: _ClassVar[RowAction]
    ROW_ACTION_ADD: _ClassVar[RowAction]
    ROW_ACTION_CORRECT: _ClassVar[RowAction]
    ROW_ACTION_WITHDRAW: _ClassVar[RowAction]
ROW_ACTION_UNSPECIFIED: RowAction
ROW_ACTION_ADD: RowAction
ROW_ACTION_CORRECT: RowAction
ROW_ACTION_WITHDRAW: RowAction

class RecordRow(_message.Message):
    __slots__ = ("record_number", "indicator", "document_number", "occurred_on", "evidence", "action", "source", "revision", "disclosure_class", "area", "ends_on")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_ON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_CLASS_FIELD_NUMBER: _ClassVar[int]
    AREA_FIELD_NUMBER: _ClassVar[int]
    ENDS_ON_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    indicator: str
    document_number: str
    occurred_on: str
    evidence: str
    action: RowAction
    source: str
    revision: int
    disclosure_class: str
    area: str
    ends_on: str
    def __init__(self, record_number: _Optional[str] = ..., indicator: _Optional[str] = ..., document_number: _Optional[str] = ..., occurred_on: _Optional[str] = ..., evidence: _Optional[str] = ..., action: _Optional[_Union[RowAction, str]] = ..., source: _Optional[str] = ..., revision: _Optional[int] = ..., disclosure_class: _Optional[str] = ..., area: _Optional[str] = ..., ends_on: _Optional[str] = ...) -> None: ...

class LoadRecordsRequest(_message.Message):
    __slots__ = ("load_id", "file_name", "first_row", "rows", "is_last")
    LOAD_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    IS_LAST_FIELD_NUMBER: _ClassVar[int]
    load_id: str
    file_name: str
    first_row: int
    rows: _containers.RepeatedCompositeFieldContainer[RecordRow]
    is_last: bool
    def __init__(self, load_id: _Optional[str] = ..., file_name: _Optional[str] = ..., first_row: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[RecordRow, _Mapping]]] = ..., is_last: _Optional[bool] = ...) -> None: ...

class RecordLoad(_message.Message):
    __slots__ = ("load_id", "file_name", "rows_taken", "accepted_count", "unchanged_count", "quarantined_count", "begun_at", "finished_at")
    LOAD_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_TAKEN_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_COUNT_FIELD_NUMBER: _ClassVar[int]
    BEGUN_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    load_id: str
    file_name: str
    rows_taken: int
    accepted_count: int
    unchanged_count: int
    quarantined_count: int
    begun_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    def __init__(self, load_id: _Optional[str] = ..., file_name: _Optional[str] = ..., rows_taken: _Optional[int] = ..., accepted_count: _Optional[int] = ..., unchanged_count: _Optional[int] = ..., quarantined_count: _Optional[int] = ..., begun_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LoadRecordsResponse(_message.Message):
    __slots__ = ("load",)
    LOAD_FIELD_NUMBER: _ClassVar[int]
    load: RecordLoad
    def __init__(self, load: _Optional[_Union[RecordLoad, _Mapping]] = ...) -> None: ...

class GetRecordLoadRequest(_message.Message):
    __slots__ = ("load_id",)
    LOAD_ID_FIELD_NUMBER: _ClassVar[int]
    load_id: str
    def __init__(self, load_id: _Optional[str] = ...) -> None: ...

class GetRecordLoadResponse(_message.Message):
    __slots__ = ("load",)
    LOAD_FIELD_NUMBER: _ClassVar[int]
    load: RecordLoad
    def __init__(self, load: _Optional[_Union[RecordLoad, _Mapping]] = ...) -> None: ...

class QuarantinedRow(_message.Message):
    __slots__ = ("row_id", "row", "problem_zh", "problem_en", "reason", "received_at", "load_id", "file_name", "line", "person_known")
    ROW_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_ZH_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_EN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    LOAD_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PERSON_KNOWN_FIELD_NUMBER: _ClassVar[int]
    row_id: str
    row: RecordRow
    problem_zh: str
    problem_en: str
    reason: str
    received_at: _timestamp_pb2.Timestamp
    load_id: str
    file_name: str
    line: int
    person_known: bool
    def __init__(self, row_id: _Optional[str] = ..., row: _Optional[_Union[RecordRow, _Mapping]] = ..., problem_zh: _Optional[str] = ..., problem_en: _Optional[str] = ..., reason: _Optional[str] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., load_id: _Optional[str] = ..., file_name: _Optional[str] = ..., line: _Optional[int] = ..., person_known: _Optional[bool] = ...) -> None: ...

class ListQuarantinedRowsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListQuarantinedRowsResponse(_message.Message):
    __slots__ = ("rows", "next_page_token")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[QuarantinedRow]
    next_page_token: str
    def __init__(self, rows: _Optional[_Iterable[_Union[QuarantinedRow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PutBackRowRequest(_message.Message):
    __slots__ = ("request_id", "row_id", "row")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    row_id: str
    row: RecordRow
    def __init__(self, request_id: _Optional[str] = ..., row_id: _Optional[str] = ..., row: _Optional[_Union[RecordRow, _Mapping]] = ...) -> None: ...

class PutBackRowResponse(_message.Message):
    __slots__ = ("accepted", "quarantined")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    quarantined: QuarantinedRow
    def __init__(self, accepted: _Optional[bool] = ..., quarantined: _Optional[_Union[QuarantinedRow, _Mapping]] = ...) -> None: ...

class DiscardRowRequest(_message.Message):
    __slots__ = ("request_id", "row_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    row_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., row_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DiscardRowResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListRecordsRequest(_message.Message):
    __slots__ = ("document_number", "purpose", "page_size", "page_token")
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    document_number: str
    purpose: str
    page_size: int
    page_token: str
    def __init__(self, document_number: _Optional[str] = ..., purpose: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SeenRecord(_message.Message):
    __slots__ = ("source", "record_number", "revision", "indicator", "indicator_zh", "indicator_en", "disclosure_class", "occurred_on", "counts_until", "evidence", "area", "disputed")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_ZH_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_EN_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_CLASS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_ON_FIELD_NUMBER: _ClassVar[int]
    COUNTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    AREA_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_FIELD_NUMBER: _ClassVar[int]
    source: str
    record_number: str
    revision: int
    indicator: str
    indicator_zh: str
    indicator_en: str
    disclosure_class: str
    occurred_on: str
    counts_until: str
    evidence: str
    area: str
    disputed: bool
    def __init__(self, source: _Optional[str] = ..., record_number: _Optional[str] = ..., revision: _Optional[int] = ..., indicator: _Optional[str] = ..., indicator_zh: _Optional[str] = ..., indicator_en: _Optional[str] = ..., disclosure_class: _Optional[str] = ..., occurred_on: _Optional[str] = ..., counts_until: _Optional[str] = ..., evidence: _Optional[str] = ..., area: _Optional[str] = ..., disputed: _Optional[bool] = ...) -> None: ...

class ListRecordsResponse(_message.Message):
    __slots__ = ("records", "next_page_token", "classes_shown")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CLASSES_SHOWN_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[SeenRecord]
    next_page_token: str
    classes_shown: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, records: _Optional[_Iterable[_Union[SeenRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., classes_shown: _Optional[_Iterable[str]] = ...) -> None: ...
