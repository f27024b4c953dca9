import datetime

from federation.v1 import agreement_pb2 as _agreement_pb2
from federation.v1 import attestation_pb2 as _attestation_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistoryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HISTORY_KIND_UNSPECIFIED: _ClassVar[HistoryKind]
    HISTORY_KIND_CONSENT_GIVEN: _ClassVar[HistoryKind]
    HISTORY_KIND_CONSENT_WITHDRAWN: _ClassVar[HistoryKind]
    HISTORY_KIND_CONSENT_ENDED: _ClassVar[HistoryKind]
    HISTORY_KIND_CODE_MADE: _ClassVar[HistoryKind]
    HISTORY_KIND_CODE_USED: _ClassVar[HistoryKind]
    HISTORY_KIND_ATTESTED: _ClassVar[HistoryKind]
    HISTORY_KIND_RENEWED: _ClassVar[HistoryKind]
    HISTORY_KIND_REFUSED: _ClassVar[HistoryKind]
    HISTORY_KIND_ATTESTATION_WITHDRAWN: _ClassVar[HistoryKind]
    HISTORY_KIND_RECOGNISED: _ClassVar[HistoryKind]
    HISTORY_KIND_DECIDED: _ClassVar[HistoryKind]
    HISTORY_KIND_REDEEMED: _ClassVar[HistoryKind]
    HISTORY_KIND_RECOGNITION_ENDED: _ClassVar[HistoryKind]
    HISTORY_KIND_USE_COUNTED: _ClassVar[HistoryKind]
    HISTORY_KIND_USE_ENDED: _ClassVar[HistoryKind]
HISTORY_KIND_UNSPECIFIED: HistoryKind
HISTORY_KIND_CONSENT_GIVEN: HistoryKind
HISTORY_KIND_CONSENT_WITHDRAWN: HistoryKind
HISTORY_KIND_CONSENT_ENDED: HistoryKind
HISTORY_KIND_CODE_MADE: HistoryKind
HISTORY_KIND_CODE_USED: HistoryKind
HISTORY_KIND_ATTESTED: HistoryKind
HISTORY_KIND_RENEWED: HistoryKind
HISTORY_KIND_REFUSED: HistoryKind
HISTORY_KIND_ATTESTATION_WITHDRAWN: HistoryKind
HISTORY_KIND_RECOGNISED: HistoryKind
HISTORY_KIND_DECIDED: HistoryKind
HISTORY_KIND_REDEEMED: HistoryKind
HISTORY_KIND_RECOGNITION_ENDED: HistoryKind
HISTORY_KIND_USE_COUNTED: HistoryKind
HISTORY_KIND_USE_ENDED: HistoryKind

class HistoryEntry(_message.Message):
    __slots__ = ("at", "kind", "city", "subject_id", "scenarios", "text_zh", "text_en", "venue", "incentive_ids", "closed_incentive_ids")
    AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    TEXT_ZH_FIELD_NUMBER: _ClassVar[int]
    TEXT_EN_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_IDS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_INCENTIVE_IDS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    kind: HistoryKind
    city: str
    subject_id: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    text_zh: str
    text_en: str
    venue: str
    incentive_ids: _containers.RepeatedScalarFieldContainer[str]
    closed_incentive_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[HistoryKind, str]] = ..., city: _Optional[str] = ..., subject_id: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., text_zh: _Optional[str] = ..., text_en: _Optional[str] = ..., venue: _Optional[str] = ..., incentive_ids: _Optional[_Iterable[str]] = ..., closed_incentive_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListHistoryRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHistoryResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[HistoryEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[HistoryEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListVisitsRequest(_message.Message):
    __slots__ = ("visitor_pass", "page_size", "page_token")
    VISITOR_PASS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    visitor_pass: str
    page_size: int
    page_token: str
    def __init__(self, visitor_pass: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListVisitsResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[HistoryEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[HistoryEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetAttestationReceiptRequest(_message.Message):
    __slots__ = ("resident_id", "attestation_id")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_ID_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    attestation_id: str
    def __init__(self, resident_id: _Optional[str] = ..., attestation_id: _Optional[str] = ...) -> None: ...

class GetAttestationReceiptResponse(_message.Message):
    __slots__ = ("receipt", "cosigned_by")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_BY_FIELD_NUMBER: _ClassVar[int]
    receipt: bytes
    cosigned_by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, receipt: _Optional[bytes] = ..., cosigned_by: _Optional[_Iterable[str]] = ...) -> None: ...

class DraftConsentRequest(_message.Message):
    __slots__ = ("resident_id", "host_city", "scenarios", "disclosure", "expires_at", "counting")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COUNTING_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    host_city: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    expires_at: _timestamp_pb2.Timestamp
    counting: _attestation_pb2.UseCounting
    def __init__(self, resident_id: _Optional[str] = ..., host_city: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., counting: _Optional[_Union[_attestation_pb2.UseCounting, str]] = ...) -> None: ...

class DraftConsentResponse(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    def __init__(self, content: _Optional[bytes] = ...) -> None: ...

class GetConsentReceiptRequest(_message.Message):
    __slots__ = ("resident_id", "consent_id")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    consent_id: str
    def __init__(self, resident_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class GetConsentReceiptResponse(_message.Message):
    __slots__ = ("receipt", "cosigned_by")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_BY_FIELD_NUMBER: _ClassVar[int]
    receipt: bytes
    cosigned_by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, receipt: _Optional[bytes] = ..., cosigned_by: _Optional[_Iterable[str]] = ...) -> None: ...
