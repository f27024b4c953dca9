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
    __slots__ = ("consent_id", "resident_id", "host_city", "scenarios", "disclosure", "given_at", "expires_at", "withdrawn_at", "counting")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    GIVEN_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_AT_FIELD_NUMBER: _ClassVar[int]
    COUNTING_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    resident_id: str
    host_city: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    given_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    withdrawn_at: _timestamp_pb2.Timestamp
    counting: _attestation_pb2.UseCounting
    def __init__(self, consent_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., host_city: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., given_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., withdrawn_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., counting: _Optional[_Union[_attestation_pb2.UseCounting, str]] = ...) -> None: ...

class GiveConsentRequest(_message.Message):
    __slots__ = ("request_id", "resident_id", "host_city", "scenarios", "disclosure", "expires_at", "counting", "use_commitment")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COUNTING_FIELD_NUMBER: _ClassVar[int]
    USE_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    resident_id: str
    host_city: str
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    expires_at: _timestamp_pb2.Timestamp
    counting: _attestation_pb2.UseCounting
    use_commitment: bytes
    def __init__(self, request_id: _Optional[str] = ..., resident_id: _Optional[str] = ..., host_city: _Optional[str] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., counting: _Optional[_Union[_attestation_pb2.UseCounting, str]] = ..., use_commitment: _Optional[bytes] = ...) -> None: ...

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
    __slots__ = ("source", "record_number", "revision", "indicator", "indicator_zh", "indicator_en", "department_zh", "department_en", "points_milli", "occurred_on", "counts_until", "commendation", "counts", "disputed", "attestable", "disclosure_class", "legal_basis", "repairable_from", "evidence")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_ZH_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_EN_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_ZH_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_EN_FIELD_NUMBER: _ClassVar[int]
    POINTS_MILLI_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_ON_FIELD_NUMBER: _ClassVar[int]
    COUNTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    COMMENDATION_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_FIELD_NUMBER: _ClassVar[int]
    ATTESTABLE_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_CLASS_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    REPAIRABLE_FROM_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    source: str
    record_number: str
    revision: int
    indicator: str
    indicator_zh: str
    indicator_en: str
    department_zh: str
    department_en: str
    points_milli: int
    occurred_on: str
    counts_until: str
    commendation: str
    counts: bool
    disputed: bool
    attestable: bool
    disclosure_class: str
    legal_basis: str
    repairable_from: str
    evidence: str
    def __init__(self, source: _Optional[str] = ..., record_number: _Optional[str] = ..., revision: _Optional[int] = ..., indicator: _Optional[str] = ..., indicator_zh: _Optional[str] = ..., indicator_en: _Optional[str] = ..., department_zh: _Optional[str] = ..., department_en: _Optional[str] = ..., points_milli: _Optional[int] = ..., occurred_on: _Optional[str] = ..., counts_until: _Optional[str] = ..., commendation: _Optional[str] = ..., counts: _Optional[bool] = ..., disputed: _Optional[bool] = ..., attestable: _Optional[bool] = ..., disclosure_class: _Optional[str] = ..., legal_basis: _Optional[str] = ..., repairable_from: _Optional[str] = ..., evidence: _Optional[str] = ...) -> None: ...

class StandingChange(_message.Message):
    __slots__ = ("on", "score_milli", "band_id", "band_zh", "band_en")
    ON_FIELD_NUMBER: _ClassVar[int]
    SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    BAND_ZH_FIELD_NUMBER: _ClassVar[int]
    BAND_EN_FIELD_NUMBER: _ClassVar[int]
    on: str
    score_milli: int
    band_id: str
    band_zh: str
    band_en: str
    def __init__(self, on: _Optional[str] = ..., score_milli: _Optional[int] = ..., band_id: _Optional[str] = ..., band_zh: _Optional[str] = ..., band_en: _Optional[str] = ...) -> None: ...

class GetStandingResponse(_message.Message):
    __slots__ = ("scale_id", "scale_version", "scale_zh", "scale_en", "base_milli", "points_milli", "score_milli", "band_id", "band_zh", "band_en", "commendations", "shared_score_milli", "shared_band_id", "exportable", "records", "advice_zh", "advice_en", "changes", "catalogue_version", "as_of", "shared_band_zh", "shared_band_en")
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SCALE_ZH_FIELD_NUMBER: _ClassVar[int]
    SCALE_EN_FIELD_NUMBER: _ClassVar[int]
    BASE_MILLI_FIELD_NUMBER: _ClassVar[int]
    POINTS_MILLI_FIELD_NUMBER: _ClassVar[int]
    SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    BAND_ZH_FIELD_NUMBER: _ClassVar[int]
    BAND_EN_FIELD_NUMBER: _ClassVar[int]
    COMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    SHARED_SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    SHARED_BAND_ID_FIELD_NUMBER: _ClassVar[int]
    EXPORTABLE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    ADVICE_ZH_FIELD_NUMBER: _ClassVar[int]
    ADVICE_EN_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    SHARED_BAND_ZH_FIELD_NUMBER: _ClassVar[int]
    SHARED_BAND_EN_FIELD_NUMBER: _ClassVar[int]
    scale_id: str
    scale_version: int
    scale_zh: str
    scale_en: str
    base_milli: int
    points_milli: int
    score_milli: int
    band_id: str
    band_zh: str
    band_en: str
    commendations: _containers.RepeatedScalarFieldContainer[str]
    shared_score_milli: int
    shared_band_id: str
    exportable: bool
    records: _containers.RepeatedCompositeFieldContainer[CountedRecord]
    advice_zh: str
    advice_en: str
    changes: _containers.RepeatedCompositeFieldContainer[StandingChange]
    catalogue_version: int
    as_of: _timestamp_pb2.Timestamp
    shared_band_zh: str
    shared_band_en: str
    def __init__(self, scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., scale_zh: _Optional[str] = ..., scale_en: _Optional[str] = ..., base_milli: _Optional[int] = ..., points_milli: _Optional[int] = ..., score_milli: _Optional[int] = ..., band_id: _Optional[str] = ..., band_zh: _Optional[str] = ..., band_en: _Optional[str] = ..., commendations: _Optional[_Iterable[str]] = ..., shared_score_milli: _Optional[int] = ..., shared_band_id: _Optional[str] = ..., exportable: _Optional[bool] = ..., records: _Optional[_Iterable[_Union[CountedRecord, _Mapping]]] = ..., advice_zh: _Optional[str] = ..., advice_en: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[StandingChange, _Mapping]]] = ..., catalogue_version: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shared_band_zh: _Optional[str] = ..., shared_band_en: _Optional[str] = ...) -> None: ...

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

class CountedUse(_message.Message):
    __slots__ = ("lease_id", "host_city", "consent_id", "use_class", "granted_at", "until", "released_at")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    USE_CLASS_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    RELEASED_AT_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    host_city: str
    consent_id: str
    use_class: str
    granted_at: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    released_at: _timestamp_pb2.Timestamp
    def __init__(self, lease_id: _Optional[str] = ..., host_city: _Optional[str] = ..., consent_id: _Optional[str] = ..., use_class: _Optional[str] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., released_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListUseLeasesRequest(_message.Message):
    __slots__ = ("resident_id", "page_size", "page_token")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    page_size: int
    page_token: str
    def __init__(self, resident_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListUseLeasesResponse(_message.Message):
    __slots__ = ("uses", "next_page_token")
    USES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    uses: _containers.RepeatedCompositeFieldContainer[CountedUse]
    next_page_token: str
    def __init__(self, uses: _Optional[_Iterable[_Union[CountedUse, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EraseResidentRequest(_message.Message):
    __slots__ = ("resident_id", "document_number")
    RESIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    resident_id: str
    document_number: str
    def __init__(self, resident_id: _Optional[str] = ..., document_number: _Optional[str] = ...) -> None: ...

class EraseResidentResponse(_message.Message):
    __slots__ = ("row_count",)
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    def __init__(self, row_count: _Optional[int] = ...) -> None: ...
