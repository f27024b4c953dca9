import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from node.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LoadIndicatorsRequest(_message.Message):
    __slots__ = ("request_id", "file_name", "content", "sha256")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    file_name: str
    content: bytes
    sha256: bytes
    def __init__(self, request_id: _Optional[str] = ..., file_name: _Optional[str] = ..., content: _Optional[bytes] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class LoadIndicatorsResponse(_message.Message):
    __slots__ = ("version", "changed", "department_count", "district_count", "zone_count", "category_count", "indicator_count", "resident_count", "lost_indicators")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_COUNT_FIELD_NUMBER: _ClassVar[int]
    ZONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_COUNT_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOST_INDICATORS_FIELD_NUMBER: _ClassVar[int]
    version: int
    changed: bool
    department_count: int
    district_count: int
    zone_count: int
    category_count: int
    indicator_count: int
    resident_count: int
    lost_indicators: _containers.RepeatedCompositeFieldContainer[LostIndicator]
    def __init__(self, version: _Optional[int] = ..., changed: _Optional[bool] = ..., department_count: _Optional[int] = ..., district_count: _Optional[int] = ..., zone_count: _Optional[int] = ..., category_count: _Optional[int] = ..., indicator_count: _Optional[int] = ..., resident_count: _Optional[int] = ..., lost_indicators: _Optional[_Iterable[_Union[LostIndicator, _Mapping]]] = ...) -> None: ...

class LostIndicator(_message.Message):
    __slots__ = ("indicator_id", "name_zh", "name_en", "record_count")
    INDICATOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    indicator_id: str
    name_zh: str
    name_en: str
    record_count: int
    def __init__(self, indicator_id: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., record_count: _Optional[int] = ...) -> None: ...

class GetIndicatorCatalogueRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CatalogueEntry(_message.Message):
    __slots__ = ("id", "name_zh", "name_en", "kind")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    id: str
    name_zh: str
    name_en: str
    kind: str
    def __init__(self, id: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class GetIndicatorCatalogueResponse(_message.Message):
    __slots__ = ("version", "departments", "areas", "categories", "indicator_count", "source", "illustrative", "disputed_count", "objection_days", "repair_days", "appeal_days", "content_zlib", "promise_kept", "promise_broken")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    AREAS_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ILLUSTRATIVE_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OBJECTION_DAYS_FIELD_NUMBER: _ClassVar[int]
    REPAIR_DAYS_FIELD_NUMBER: _ClassVar[int]
    APPEAL_DAYS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_ZLIB_FIELD_NUMBER: _ClassVar[int]
    PROMISE_KEPT_FIELD_NUMBER: _ClassVar[int]
    PROMISE_BROKEN_FIELD_NUMBER: _ClassVar[int]
    version: int
    departments: _containers.RepeatedCompositeFieldContainer[CatalogueEntry]
    areas: _containers.RepeatedCompositeFieldContainer[CatalogueEntry]
    categories: _containers.RepeatedCompositeFieldContainer[CatalogueEntry]
    indicator_count: int
    source: str
    illustrative: bool
    disputed_count: bool
    objection_days: int
    repair_days: int
    appeal_days: int
    content_zlib: bytes
    promise_kept: str
    promise_broken: str
    def __init__(self, version: _Optional[int] = ..., departments: _Optional[_Iterable[_Union[CatalogueEntry, _Mapping]]] = ..., areas: _Optional[_Iterable[_Union[CatalogueEntry, _Mapping]]] = ..., categories: _Optional[_Iterable[_Union[CatalogueEntry, _Mapping]]] = ..., indicator_count: _Optional[int] = ..., source: _Optional[str] = ..., illustrative: _Optional[bool] = ..., disputed_count: _Optional[bool] = ..., objection_days: _Optional[int] = ..., repair_days: _Optional[int] = ..., appeal_days: _Optional[int] = ..., content_zlib: _Optional[bytes] = ..., promise_kept: _Optional[str] = ..., promise_broken: _Optional[str] = ...) -> None: ...

class ListIndicatorsRequest(_message.Message):
    __slots__ = ("department", "category", "contains", "page_size", "page_token")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CONTAINS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    department: str
    category: str
    contains: str
    page_size: int
    page_token: str
    def __init__(self, department: _Optional[str] = ..., category: _Optional[str] = ..., contains: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Indicator(_message.Message):
    __slots__ = ("indicator_id", "category", "name_zh", "name_en", "departments", "dimension", "effect_milli", "legal_basis", "disclosure_class", "retention_months", "attestable", "commendation", "severity", "repair_after_months")
    INDICATOR_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    EFFECT_MILLI_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_CLASS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_MONTHS_FIELD_NUMBER: _ClassVar[int]
    ATTESTABLE_FIELD_NUMBER: _ClassVar[int]
    COMMENDATION_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    REPAIR_AFTER_MONTHS_FIELD_NUMBER: _ClassVar[int]
    indicator_id: str
    category: str
    name_zh: str
    name_en: str
    departments: _containers.RepeatedScalarFieldContainer[str]
    dimension: str
    effect_milli: int
    legal_basis: str
    disclosure_class: str
    retention_months: int
    attestable: bool
    commendation: str
    severity: str
    repair_after_months: int
    def __init__(self, indicator_id: _Optional[str] = ..., category: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., departments: _Optional[_Iterable[str]] = ..., dimension: _Optional[str] = ..., effect_milli: _Optional[int] = ..., legal_basis: _Optional[str] = ..., disclosure_class: _Optional[str] = ..., retention_months: _Optional[int] = ..., attestable: _Optional[bool] = ..., commendation: _Optional[str] = ..., severity: _Optional[str] = ..., repair_after_months: _Optional[int] = ...) -> None: ...

class ListIndicatorsResponse(_message.Message):
    __slots__ = ("indicators", "next_page_token")
    INDICATORS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    indicators: _containers.RepeatedCompositeFieldContainer[Indicator]
    next_page_token: str
    def __init__(self, indicators: _Optional[_Iterable[_Union[Indicator, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetRescoringRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRescoringResponse(_message.Message):
    __slots__ = ("version", "waiting_count")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WAITING_COUNT_FIELD_NUMBER: _ClassVar[int]
    version: int
    waiting_count: int
    def __init__(self, version: _Optional[int] = ..., waiting_count: _Optional[int] = ...) -> None: ...

class ListAppealsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAppealsResponse(_message.Message):
    __slots__ = ("cases", "next_page_token")
    CASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[_case_pb2.Case]
    next_page_token: str
    def __init__(self, cases: _Optional[_Iterable[_Union[_case_pb2.Case, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetAppealRequest(_message.Message):
    __slots__ = ("case_id",)
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    def __init__(self, case_id: _Optional[str] = ...) -> None: ...

class GetAppealResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class DecideAppealRequest(_message.Message):
    __slots__ = ("request_id", "case_id", "granted", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    case_id: str
    granted: bool
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., case_id: _Optional[str] = ..., granted: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class DecideAppealResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class RunRetentionRequest(_message.Message):
    __slots__ = ("dry_run",)
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    dry_run: bool
    def __init__(self, dry_run: _Optional[bool] = ...) -> None: ...

class RemovedRows(_message.Message):
    __slots__ = ("kind", "count", "ended_before")
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ENDED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    count: int
    ended_before: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[str] = ..., count: _Optional[int] = ..., ended_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RunRetentionResponse(_message.Message):
    __slots__ = ("removed",)
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    removed: _containers.RepeatedCompositeFieldContainer[RemovedRows]
    def __init__(self, removed: _Optional[_Iterable[_Union[RemovedRows, _Mapping]]] = ...) -> None: ...
