import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PartnerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PARTNER_STATE_UNSPECIFIED: _ClassVar[PartnerState]
    PARTNER_STATE_ACTIVE: _ClassVar[PartnerState]
    PARTNER_STATE_SUSPENDED: _ClassVar[PartnerState]

class AgreementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGREEMENT_STATE_UNSPECIFIED: _ClassVar[AgreementState]
    AGREEMENT_STATE_PROPOSED_HERE: _ClassVar[AgreementState]
    AGREEMENT_STATE_PROPOSED_THERE: _ClassVar[AgreementState]
    AGREEMENT_STATE_ACTIVE: _ClassVar[AgreementState]
    AGREEMENT_STATE_SUSPENDED: _ClassVar[AgreementState]
    AGREEMENT_STATE_REPLACED: _ClassVar[AgreementState]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_OK: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_ERROR: _ClassVar[Severity]
PARTNER_STATE_UNSPECIFIED: PartnerState
PARTNER_STATE_ACTIVE: PartnerState
PARTNER_STATE_SUSPENDED: PartnerState
AGREEMENT_STATE_UNSPECIFIED: AgreementState
AGREEMENT_STATE_PROPOSED_HERE: AgreementState
AGREEMENT_STATE_PROPOSED_THERE: AgreementState
AGREEMENT_STATE_ACTIVE: AgreementState
AGREEMENT_STATE_SUSPENDED: AgreementState
AGREEMENT_STATE_REPLACED: AgreementState
SEVERITY_UNSPECIFIED: Severity
SEVERITY_OK: Severity
SEVERITY_WARNING: Severity
SEVERITY_ERROR: Severity

class LoadScaleRequest(_message.Message):
    __slots__ = ("request_id", "file_name", "content")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    file_name: str
    content: bytes
    def __init__(self, request_id: _Optional[str] = ..., file_name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class LoadScaleResponse(_message.Message):
    __slots__ = ("scale_id", "version", "changed")
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    scale_id: str
    version: int
    changed: bool
    def __init__(self, scale_id: _Optional[str] = ..., version: _Optional[int] = ..., changed: _Optional[bool] = ...) -> None: ...

class LoadIncentivesRequest(_message.Message):
    __slots__ = ("request_id", "file_name", "content")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    file_name: str
    content: bytes
    def __init__(self, request_id: _Optional[str] = ..., file_name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class LoadIncentivesResponse(_message.Message):
    __slots__ = ("version", "incentive_count", "changed")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    version: int
    incentive_count: int
    changed: bool
    def __init__(self, version: _Optional[int] = ..., incentive_count: _Optional[int] = ..., changed: _Optional[bool] = ...) -> None: ...

class GetDescriptorRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDescriptorResponse(_message.Message):
    __slots__ = ("descriptor_json", "fingerprint")
    DESCRIPTOR_JSON_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    descriptor_json: bytes
    fingerprint: str
    def __init__(self, descriptor_json: _Optional[bytes] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class AddPartnerRequest(_message.Message):
    __slots__ = ("request_id", "descriptor_json", "fingerprint")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_JSON_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    descriptor_json: bytes
    fingerprint: str
    def __init__(self, request_id: _Optional[str] = ..., descriptor_json: _Optional[bytes] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class Partner(_message.Message):
    __slots__ = ("city", "name_zh", "name_en", "state", "bundle_sequence", "bundle_expires_at", "endpoint", "scale_id", "scale_version", "fingerprint")
    CITY_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    city: str
    name_zh: str
    name_en: str
    state: PartnerState
    bundle_sequence: int
    bundle_expires_at: _timestamp_pb2.Timestamp
    endpoint: str
    scale_id: str
    scale_version: int
    fingerprint: str
    def __init__(self, city: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., state: _Optional[_Union[PartnerState, str]] = ..., bundle_sequence: _Optional[int] = ..., bundle_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., endpoint: _Optional[str] = ..., scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class AddPartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class ListPartnersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPartnersResponse(_message.Message):
    __slots__ = ("partners", "next_page_token")
    PARTNERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    partners: _containers.RepeatedCompositeFieldContainer[Partner]
    next_page_token: str
    def __init__(self, partners: _Optional[_Iterable[_Union[Partner, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SuspendPartnerRequest(_message.Message):
    __slots__ = ("request_id", "city", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SuspendPartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class ResumePartnerRequest(_message.Message):
    __slots__ = ("request_id", "city", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResumePartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class SyncPartnerRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class SyncPartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class MappingRow(_message.Message):
    __slots__ = ("home_city", "home_band", "host_city", "host_band")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOME_BAND_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    HOST_BAND_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    home_band: str
    host_city: str
    host_band: str
    def __init__(self, home_city: _Optional[str] = ..., home_band: _Optional[str] = ..., host_city: _Optional[str] = ..., host_band: _Optional[str] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("agreement_id", "version", "partner_city", "state", "scenarios", "disclosure_limit", "attestation_lifetime", "status_freshness", "legal_basis", "privacy_assessment", "valid_from", "valid_until", "mapping")
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PARTNER_CITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    MAPPING_FIELD_NUMBER: _ClassVar[int]
    agreement_id: str
    version: int
    partner_city: str
    state: AgreementState
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure_limit: str
    attestation_lifetime: _duration_pb2.Duration
    status_freshness: _duration_pb2.Duration
    legal_basis: str
    privacy_assessment: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    mapping: _containers.RepeatedCompositeFieldContainer[MappingRow]
    def __init__(self, agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., partner_city: _Optional[str] = ..., state: _Optional[_Union[AgreementState, str]] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure_limit: _Optional[str] = ..., attestation_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status_freshness: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., legal_basis: _Optional[str] = ..., privacy_assessment: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mapping: _Optional[_Iterable[_Union[MappingRow, _Mapping]]] = ...) -> None: ...

class ProposeAgreementRequest(_message.Message):
    __slots__ = ("request_id", "partner_city", "file_name", "content")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PARTNER_CITY_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    partner_city: str
    file_name: str
    content: bytes
    def __init__(self, request_id: _Optional[str] = ..., partner_city: _Optional[str] = ..., file_name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class ProposeAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class SignAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    version: int
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class SignAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class ListAgreementsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAgreementsResponse(_message.Message):
    __slots__ = ("agreements", "next_page_token")
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    agreements: _containers.RepeatedCompositeFieldContainer[Agreement]
    next_page_token: str
    def __init__(self, agreements: _Optional[_Iterable[_Union[Agreement, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SuspendAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SuspendAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class ResumeAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResumeAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class ExamineNodeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Finding(_message.Message):
    __slots__ = ("subject", "severity", "detail_zh", "detail_en", "remedy_zh", "remedy_en")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_ZH_FIELD_NUMBER: _ClassVar[int]
    DETAIL_EN_FIELD_NUMBER: _ClassVar[int]
    REMEDY_ZH_FIELD_NUMBER: _ClassVar[int]
    REMEDY_EN_FIELD_NUMBER: _ClassVar[int]
    subject: str
    severity: Severity
    detail_zh: str
    detail_en: str
    remedy_zh: str
    remedy_en: str
    def __init__(self, subject: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., detail_zh: _Optional[str] = ..., detail_en: _Optional[str] = ..., remedy_zh: _Optional[str] = ..., remedy_en: _Optional[str] = ...) -> None: ...

class ExamineNodeResponse(_message.Message):
    __slots__ = ("findings",)
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...
