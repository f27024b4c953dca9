import datetime

from federation.v1 import agreement_pb2 as _agreement_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DocumentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_KIND_UNSPECIFIED: _ClassVar[DocumentKind]
    DOCUMENT_KIND_RESIDENT_ID: _ClassVar[DocumentKind]
    DOCUMENT_KIND_FOREIGN_PERMANENT_RESIDENT: _ClassVar[DocumentKind]
    DOCUMENT_KIND_PASSPORT_MRZ: _ClassVar[DocumentKind]

class UseOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USE_OUTCOME_UNSPECIFIED: _ClassVar[UseOutcome]
    USE_OUTCOME_ATTESTED: _ClassVar[UseOutcome]
    USE_OUTCOME_REFUSED: _ClassVar[UseOutcome]
DOCUMENT_KIND_UNSPECIFIED: DocumentKind
DOCUMENT_KIND_RESIDENT_ID: DocumentKind
DOCUMENT_KIND_FOREIGN_PERMANENT_RESIDENT: DocumentKind
DOCUMENT_KIND_PASSPORT_MRZ: DocumentKind
USE_OUTCOME_UNSPECIFIED: UseOutcome
USE_OUTCOME_ATTESTED: UseOutcome
USE_OUTCOME_REFUSED: UseOutcome

class EnrolResidentRequest(_message.Message):
    __slots__ = ("request_id", "document_kind", "document_number")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_KIND_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    document_kind: DocumentKind
    document_number: str
    def __init__(self, request_id: _Optional[str] = ..., document_kind: _Optional[_Union[DocumentKind, str]] = ..., document_number: _Optional[str] = ...) -> None: ...

class EnrolResidentResponse(_message.Message):
    __slots__ = ("resident_id", "already_enrolled")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    ALREADY_ENROLLED_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    already_enrolled: bool
    def __init__(self, resident_id: _Optional[str] = ..., already_enrolled: _Optional[bool] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("consent_id", "resident_id", "host_city", "scenarios", "disclosure", "given_at", "expires_at", "withdrawn_at")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    GIVEN_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_AT_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    resident_id: str
    host_city: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    given_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    withdrawn_at: _timestamp_pb2.Timestamp
    def __init__(self, consent_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., host_city: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., given_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., withdrawn_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GiveConsentRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "host_city", "scenarios", "disclosure", "expires_at")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    host_city: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., host_city: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GiveConsentResponse(_message.Message):
    __slots__ = ("consent",)
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ...) -> None: ...

class ListConsentsRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListConsentsResponse(_message.Message):
    __slots__ = ("consents", "next_page_token")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    next_page_token: str
    def __init__(self, consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WithdrawConsentRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "consent_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    consent_id: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class WithdrawConsentResponse(_message.Message):
    __slots__ = ("consent",)
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ...) -> None: ...

class CreatePresentationCodeRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "consent_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    consent_id: str
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., consent_id: _Optional[str] = ...) -> None: ...

class CreatePresentationCodeResponse(_message.Message):
    __slots__ = ("presentation_code", "expires_at")
    PRESENTATION_CODE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    presentation_code: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, presentation_code: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStandingRequest(_message.Message):
    __slots__ = ("resident_id",)
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    def __init__(self, resident_id: _Optional[str] = ...) -> None: ...

class CountedRecord(_message.Message):
    __slots__ = ("record_number", "department", "title_zh", "title_en", "points_milli", "occurred_on", "expires_on", "commendation")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TITLE_ZH_FIELD_NUMBER: _ClassVar[int]
    TITLE_EN_FIELD_NUMBER: _ClassVar[int]
    POINTS_MILLI_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_ON_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_ON_FIELD_NUMBER: _ClassVar[int]
    COMMENDATION_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    department: str
    title_zh: str
    title_en: str
    points_milli: int
    occurred_on: str
    expires_on: str
    commendation: str
    def __init__(self, record_number: _Optional[str] = ..., department: _Optional[str] = ..., title_zh: _Optional[str] = ..., title_en: _Optional[str] = ..., points_milli: _Optional[int] = ..., occurred_on: _Optional[str] = ..., expires_on: _Optional[str] = ..., commendation: _Optional[str] = ...) -> None: ...

class GetStandingResponse(_message.Message):
    __slots__ = ("scale_id", "scale_version", "base_milli", "score_milli", "band_id", "band_zh", "band_en", "exportable", "commendations", "records", "advice_zh", "advice_en")
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    BASE_MILLI_FIELD_NUMBER: _ClassVar[int]
    SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    BAND_ZH_FIELD_NUMBER: _ClassVar[int]
    BAND_EN_FIELD_NUMBER: _ClassVar[int]
    EXPORTABLE_FIELD_NUMBER: _ClassVar[int]
    COMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    ADVICE_ZH_FIELD_NUMBER: _ClassVar[int]
    ADVICE_EN_FIELD_NUMBER: _ClassVar[int]
    scale_id: str
    scale_version: int
    base_milli: int
    score_milli: int
    band_id: str
    band_zh: str
    band_en: str
    exportable: bool
    commendations: _containers.RepeatedScalarFieldContainer[str]
    records: _containers.RepeatedCompositeFieldContainer[CountedRecord]
    advice_zh: str
    advice_en: str
    def __init__(self, scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., base_milli: _Optional[int] = ..., score_milli: _Optional[int] = ..., band_id: _Optional[str] = ..., band_zh: _Optional[str] = ..., band_en: _Optional[str] = ..., exportable: _Optional[bool] = ..., commendations: _Optional[_Iterable[str]] = ..., records: _Optional[_Iterable[_Union[CountedRecord, _Mapping]]] = ..., advice_zh: _Optional[str] = ..., advice_en: _Optional[str] = ...) -> None: ...

class ListUsesRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Use(_message.Message):
    __slots__ = ("used_at", "host_city", "outcome", "scenarios", "disclosure", "reason_zh", "reason_en")
    USED_AT_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    REASON_ZH_FIELD_NUMBER: _ClassVar[int]
    REASON_EN_FIELD_NUMBER: _ClassVar[int]
    used_at: _timestamp_pb2.Timestamp
    host_city: str
    outcome: UseOutcome
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    reason_zh: str
    reason_en: str
    def __init__(self, used_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., host_city: _Optional[str] = ..., outcome: _Optional[_Union[UseOutcome, str]] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., reason_zh: _Optional[str] = ..., reason_en: _Optional[str] = ...) -> None: ...

class ListUsesResponse(_message.Message):
    __slots__ = ("uses", "next_page_token")
    USES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    uses: _containers.RepeatedCompositeFieldContainer[Use]
    next_page_token: str
    def __init__(self, uses: _Optional[_Iterable[_Union[Use, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
