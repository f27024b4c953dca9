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
    PARTNER_STATE_INVITED: _ClassVar[PartnerState]
    PARTNER_STATE_EXCHANGED: _ClassVar[PartnerState]
    PARTNER_STATE_APPROVED_HERE: _ClassVar[PartnerState]
    PARTNER_STATE_APPROVED_THERE: _ClassVar[PartnerState]
    PARTNER_STATE_APPROVED: _ClassVar[PartnerState]
    PARTNER_STATE_TESTED: _ClassVar[PartnerState]
    PARTNER_STATE_ENDED: _ClassVar[PartnerState]

class AgreementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGREEMENT_STATE_UNSPECIFIED: _ClassVar[AgreementState]
    AGREEMENT_STATE_PROPOSED_HERE: _ClassVar[AgreementState]
    AGREEMENT_STATE_PROPOSED_THERE: _ClassVar[AgreementState]
    AGREEMENT_STATE_ACTIVE: _ClassVar[AgreementState]
    AGREEMENT_STATE_SUSPENDED: _ClassVar[AgreementState]
    AGREEMENT_STATE_REPLACED: _ClassVar[AgreementState]
    AGREEMENT_STATE_WITHDRAWN: _ClassVar[AgreementState]
    AGREEMENT_STATE_NEEDS_MAPPING: _ClassVar[AgreementState]
    AGREEMENT_STATE_ENDED: _ClassVar[AgreementState]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_OK: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_ERROR: _ClassVar[Severity]

class KeyUse(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_USE_UNSPECIFIED: _ClassVar[KeyUse]
    KEY_USE_ROOT: _ClassVar[KeyUse]
    KEY_USE_SIGNING: _ClassVar[KeyUse]
    KEY_USE_TLS: _ClassVar[KeyUse]

class KeyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_STATE_UNSPECIFIED: _ClassVar[KeyState]
    KEY_STATE_NEXT: _ClassVar[KeyState]
    KEY_STATE_CURRENT: _ClassVar[KeyState]
    KEY_STATE_RETIRING: _ClassVar[KeyState]
    KEY_STATE_REVOKED: _ClassVar[KeyState]
    KEY_STATE_ENDED: _ClassVar[KeyState]
PARTNER_STATE_UNSPECIFIED: PartnerState
PARTNER_STATE_ACTIVE: PartnerState
PARTNER_STATE_SUSPENDED: PartnerState
PARTNER_STATE_INVITED: PartnerState
PARTNER_STATE_EXCHANGED: PartnerState
PARTNER_STATE_APPROVED_HERE: PartnerState
PARTNER_STATE_APPROVED_THERE: PartnerState
PARTNER_STATE_APPROVED: PartnerState
PARTNER_STATE_TESTED: PartnerState
PARTNER_STATE_ENDED: PartnerState
AGREEMENT_STATE_UNSPECIFIED: AgreementState
AGREEMENT_STATE_PROPOSED_HERE: AgreementState
AGREEMENT_STATE_PROPOSED_THERE: AgreementState
AGREEMENT_STATE_ACTIVE: AgreementState
AGREEMENT_STATE_SUSPENDED: AgreementState
AGREEMENT_STATE_REPLACED: AgreementState
AGREEMENT_STATE_WITHDRAWN: AgreementState
AGREEMENT_STATE_NEEDS_MAPPING: AgreementState
AGREEMENT_STATE_ENDED: AgreementState
SEVERITY_UNSPECIFIED: Severity
SEVERITY_OK: Severity
SEVERITY_WARNING: Severity
SEVERITY_ERROR: Severity
KEY_USE_UNSPECIFIED: KeyUse
KEY_USE_ROOT: KeyUse
KEY_USE_SIGNING: KeyUse
KEY_USE_TLS: KeyUse
KEY_STATE_UNSPECIFIED: KeyState
KEY_STATE_NEXT: KeyState
KEY_STATE_CURRENT: KeyState
KEY_STATE_RETIRING: KeyState
KEY_STATE_REVOKED: KeyState
KEY_STATE_ENDED: KeyState

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
    __slots__ = ("descriptor_json", "fingerprint", "words_zh", "words_en")
    DESCRIPTOR_JSON_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    WORDS_ZH_FIELD_NUMBER: _ClassVar[int]
    WORDS_EN_FIELD_NUMBER: _ClassVar[int]
    descriptor_json: bytes
    fingerprint: str
    words_zh: str
    words_en: str
    def __init__(self, descriptor_json: _Optional[bytes] = ..., fingerprint: _Optional[str] = ..., words_zh: _Optional[str] = ..., words_en: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("city", "name_zh", "name_en", "state", "bundle_sequence", "bundle_expires_at", "endpoint", "scale_id", "scale_version", "fingerprint", "moves", "state_reason", "exchanged_by", "words_zh", "words_en", "bundle_issued_at", "keys", "reached_at", "problem", "clock_offset", "agreement_id", "agreement_version", "suspended_here", "suspended_there", "invitation_ends_at", "told")
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
    MOVES_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    EXCHANGED_BY_FIELD_NUMBER: _ClassVar[int]
    WORDS_ZH_FIELD_NUMBER: _ClassVar[int]
    WORDS_EN_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    REACHED_AT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    CLOCK_OFFSET_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_HERE_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_THERE_FIELD_NUMBER: _ClassVar[int]
    INVITATION_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    TOLD_FIELD_NUMBER: _ClassVar[int]
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
    moves: _containers.RepeatedScalarFieldContainer[str]
    state_reason: str
    exchanged_by: str
    words_zh: str
    words_en: str
    bundle_issued_at: _timestamp_pb2.Timestamp
    keys: _containers.RepeatedCompositeFieldContainer[PartnerKey]
    reached_at: _timestamp_pb2.Timestamp
    problem: str
    clock_offset: _duration_pb2.Duration
    agreement_id: str
    agreement_version: int
    suspended_here: bool
    suspended_there: bool
    invitation_ends_at: _timestamp_pb2.Timestamp
    told: bool
    def __init__(self, city: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., state: _Optional[_Union[PartnerState, str]] = ..., bundle_sequence: _Optional[int] = ..., bundle_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., endpoint: _Optional[str] = ..., scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., fingerprint: _Optional[str] = ..., moves: _Optional[_Iterable[str]] = ..., state_reason: _Optional[str] = ..., exchanged_by: _Optional[str] = ..., words_zh: _Optional[str] = ..., words_en: _Optional[str] = ..., bundle_issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., keys: _Optional[_Iterable[_Union[PartnerKey, _Mapping]]] = ..., reached_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., problem: _Optional[str] = ..., clock_offset: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., suspended_here: _Optional[bool] = ..., suspended_there: _Optional[bool] = ..., invitation_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., told: _Optional[bool] = ...) -> None: ...

class PartnerKey(_message.Message):
    __slots__ = ("use", "id", "not_before", "not_after", "revoked")
    USE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    use: str
    id: str
    not_before: _timestamp_pb2.Timestamp
    not_after: _timestamp_pb2.Timestamp
    revoked: bool
    def __init__(self, use: _Optional[str] = ..., id: _Optional[str] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked: _Optional[bool] = ...) -> None: ...

class PartnerStep(_message.Message):
    __slots__ = ("at", "actor", "move", "state", "reason", "legal_basis", "privacy_assessment")
    AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    actor: str
    move: str
    state: PartnerState
    reason: str
    legal_basis: str
    privacy_assessment: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., move: _Optional[str] = ..., state: _Optional[_Union[PartnerState, str]] = ..., reason: _Optional[str] = ..., legal_basis: _Optional[str] = ..., privacy_assessment: _Optional[str] = ...) -> None: ...

class InvitePartnerRequest(_message.Message):
    __slots__ = ("request_id", "city")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ...) -> None: ...

class InvitePartnerResponse(_message.Message):
    __slots__ = ("city", "code_zh", "code_en", "address", "expires_at")
    CITY_FIELD_NUMBER: _ClassVar[int]
    CODE_ZH_FIELD_NUMBER: _ClassVar[int]
    CODE_EN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    city: str
    code_zh: str
    code_en: str
    address: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, city: _Optional[str] = ..., code_zh: _Optional[str] = ..., code_en: _Optional[str] = ..., address: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CancelInvitationRequest(_message.Message):
    __slots__ = ("request_id", "city")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ...) -> None: ...

class CancelInvitationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class JoinPartnerRequest(_message.Message):
    __slots__ = ("request_id", "code", "address")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    code: str
    address: str
    def __init__(self, request_id: _Optional[str] = ..., code: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class JoinPartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class ApprovePartnerRequest(_message.Message):
    __slots__ = ("request_id", "city", "legal_basis", "privacy_assessment", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    legal_basis: str
    privacy_assessment: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ..., legal_basis: _Optional[str] = ..., privacy_assessment: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ApprovePartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class TestPartnerRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class TrialStep(_message.Message):
    __slots__ = ("home_city", "host_city", "step", "passed", "detail_zh", "detail_en")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    DETAIL_ZH_FIELD_NUMBER: _ClassVar[int]
    DETAIL_EN_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    host_city: str
    step: str
    passed: bool
    detail_zh: str
    detail_en: str
    def __init__(self, home_city: _Optional[str] = ..., host_city: _Optional[str] = ..., step: _Optional[str] = ..., passed: _Optional[bool] = ..., detail_zh: _Optional[str] = ..., detail_en: _Optional[str] = ...) -> None: ...

class TestPartnerResponse(_message.Message):
    __slots__ = ("steps", "partner")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[TrialStep]
    partner: Partner
    def __init__(self, steps: _Optional[_Iterable[_Union[TrialStep, _Mapping]]] = ..., partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

class GetPartnerRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class GetPartnerResponse(_message.Message):
    __slots__ = ("partner", "steps")
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    steps: _containers.RepeatedCompositeFieldContainer[PartnerStep]
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[PartnerStep, _Mapping]]] = ...) -> None: ...

class EndPartnerRequest(_message.Message):
    __slots__ = ("request_id", "city", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    city: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., city: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EndPartnerResponse(_message.Message):
    __slots__ = ("partner",)
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    partner: Partner
    def __init__(self, partner: _Optional[_Union[Partner, _Mapping]] = ...) -> None: ...

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

class AgreementParty(_message.Message):
    __slots__ = ("city", "name_zh", "name_en", "scale_id", "scale_version", "newest_scale_version")
    CITY_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEWEST_SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    city: str
    name_zh: str
    name_en: str
    scale_id: str
    scale_version: int
    newest_scale_version: int
    def __init__(self, city: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., newest_scale_version: _Optional[int] = ...) -> None: ...

class BandReading(_message.Message):
    __slots__ = ("home_band", "home_name_zh", "home_name_en", "host_band", "host_name_zh", "host_name_en", "is_line")
    HOME_BAND_FIELD_NUMBER: _ClassVar[int]
    HOME_NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    HOME_NAME_EN_FIELD_NUMBER: _ClassVar[int]
    HOST_BAND_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_EN_FIELD_NUMBER: _ClassVar[int]
    IS_LINE_FIELD_NUMBER: _ClassVar[int]
    home_band: str
    home_name_zh: str
    home_name_en: str
    host_band: str
    host_name_zh: str
    host_name_en: str
    is_line: bool
    def __init__(self, home_band: _Optional[str] = ..., home_name_zh: _Optional[str] = ..., home_name_en: _Optional[str] = ..., host_band: _Optional[str] = ..., host_name_zh: _Optional[str] = ..., host_name_en: _Optional[str] = ..., is_line: _Optional[bool] = ...) -> None: ...

class MappingTable(_message.Message):
    __slots__ = ("home_city", "host_city", "bands", "method", "formula", "source", "points", "degree", "valid_until", "home_histogram", "host_histogram")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    DEGREE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    HOME_HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    HOST_HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    host_city: str
    bands: _containers.RepeatedCompositeFieldContainer[BandReading]
    method: str
    formula: str
    source: str
    points: _containers.RepeatedCompositeFieldContainer[ScorePoint]
    degree: int
    valid_until: _timestamp_pb2.Timestamp
    home_histogram: str
    host_histogram: str
    def __init__(self, home_city: _Optional[str] = ..., host_city: _Optional[str] = ..., bands: _Optional[_Iterable[_Union[BandReading, _Mapping]]] = ..., method: _Optional[str] = ..., formula: _Optional[str] = ..., source: _Optional[str] = ..., points: _Optional[_Iterable[_Union[ScorePoint, _Mapping]]] = ..., degree: _Optional[int] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., home_histogram: _Optional[str] = ..., host_histogram: _Optional[str] = ...) -> None: ...

class ScorePoint(_message.Message):
    __slots__ = ("home_score", "host_score", "error")
    HOME_SCORE_FIELD_NUMBER: _ClassVar[int]
    HOST_SCORE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    home_score: float
    host_score: float
    error: float
    def __init__(self, home_score: _Optional[float] = ..., host_score: _Optional[float] = ..., error: _Optional[float] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("agreement_id", "version", "partner_city", "state", "scenarios", "disclosure_limit", "attestation_lifetime", "status_freshness", "legal_basis", "privacy_assessment", "valid_from", "valid_until", "mapping", "notice", "suspended_here", "suspended_there", "ends_here", "ends_there", "needs_mapping", "state_reason", "moves", "commendations", "proposed_by", "proposed_at", "parties", "tables", "offline_grace", "ended_tables")
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
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_HERE_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_THERE_FIELD_NUMBER: _ClassVar[int]
    ENDS_HERE_FIELD_NUMBER: _ClassVar[int]
    ENDS_THERE_FIELD_NUMBER: _ClassVar[int]
    NEEDS_MAPPING_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    COMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_AT_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_GRACE_FIELD_NUMBER: _ClassVar[int]
    ENDED_TABLES_FIELD_NUMBER: _ClassVar[int]
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
    notice: _duration_pb2.Duration
    suspended_here: bool
    suspended_there: bool
    ends_here: _timestamp_pb2.Timestamp
    ends_there: _timestamp_pb2.Timestamp
    needs_mapping: _containers.RepeatedScalarFieldContainer[str]
    state_reason: str
    moves: _containers.RepeatedScalarFieldContainer[str]
    commendations: _containers.RepeatedScalarFieldContainer[str]
    proposed_by: str
    proposed_at: _timestamp_pb2.Timestamp
    parties: _containers.RepeatedCompositeFieldContainer[AgreementParty]
    tables: _containers.RepeatedCompositeFieldContainer[MappingTable]
    offline_grace: _duration_pb2.Duration
    ended_tables: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., partner_city: _Optional[str] = ..., state: _Optional[_Union[AgreementState, str]] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure_limit: _Optional[str] = ..., attestation_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status_freshness: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., legal_basis: _Optional[str] = ..., privacy_assessment: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mapping: _Optional[_Iterable[_Union[MappingRow, _Mapping]]] = ..., notice: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., suspended_here: _Optional[bool] = ..., suspended_there: _Optional[bool] = ..., ends_here: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_there: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., needs_mapping: _Optional[_Iterable[str]] = ..., state_reason: _Optional[str] = ..., moves: _Optional[_Iterable[str]] = ..., commendations: _Optional[_Iterable[str]] = ..., proposed_by: _Optional[str] = ..., proposed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parties: _Optional[_Iterable[_Union[AgreementParty, _Mapping]]] = ..., tables: _Optional[_Iterable[_Union[MappingTable, _Mapping]]] = ..., offline_grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., ended_tables: _Optional[_Iterable[str]] = ...) -> None: ...

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

class AmendAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "version", "file_name", "content")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    version: int
    file_name: str
    content: bytes
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., file_name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class AmendAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class WithdrawAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "version", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    version: int
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class WithdrawAgreementResponse(_message.Message):
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

class EndAgreementRequest(_message.Message):
    __slots__ = ("request_id", "agreement_id", "ends_at", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agreement_id: str
    ends_at: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., agreement_id: _Optional[str] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class EndAgreementResponse(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    def __init__(self, agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class ExamineNodeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Finding(_message.Message):
    __slots__ = ("subject", "severity", "detail_zh", "detail_en", "remedy_zh", "remedy_en", "command")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_ZH_FIELD_NUMBER: _ClassVar[int]
    DETAIL_EN_FIELD_NUMBER: _ClassVar[int]
    REMEDY_ZH_FIELD_NUMBER: _ClassVar[int]
    REMEDY_EN_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    subject: str
    severity: Severity
    detail_zh: str
    detail_en: str
    remedy_zh: str
    remedy_en: str
    command: str
    def __init__(self, subject: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., detail_zh: _Optional[str] = ..., detail_en: _Optional[str] = ..., remedy_zh: _Optional[str] = ..., remedy_en: _Optional[str] = ..., command: _Optional[str] = ...) -> None: ...

class ExamineNodeResponse(_message.Message):
    __slots__ = ("findings",)
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("key", "use", "state", "used_from", "ends_at")
    KEY_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    USED_FROM_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    key: str
    use: KeyUse
    state: KeyState
    used_from: _timestamp_pb2.Timestamp
    ends_at: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., use: _Optional[_Union[KeyUse, str]] = ..., state: _Optional[_Union[KeyState, str]] = ..., used_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class KeySet(_message.Message):
    __slots__ = ("bundle_sequence", "bundle_expires_at", "root_threshold", "keys", "next_rotation_at")
    BUNDLE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ROOT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ROTATION_AT_FIELD_NUMBER: _ClassVar[int]
    bundle_sequence: int
    bundle_expires_at: _timestamp_pb2.Timestamp
    root_threshold: int
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    next_rotation_at: _timestamp_pb2.Timestamp
    def __init__(self, bundle_sequence: _Optional[int] = ..., bundle_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., root_threshold: _Optional[int] = ..., keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ..., next_rotation_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetKeysResponse(_message.Message):
    __slots__ = ("key_set",)
    KEY_SET_FIELD_NUMBER: _ClassVar[int]
    key_set: KeySet
    def __init__(self, key_set: _Optional[_Union[KeySet, _Mapping]] = ...) -> None: ...

class RotateKeysRequest(_message.Message):
    __slots__ = ("request_id", "signing", "tls", "root_keys", "root_threshold", "lead", "overlap")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNING_FIELD_NUMBER: _ClassVar[int]
    TLS_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEYS_FIELD_NUMBER: _ClassVar[int]
    ROOT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LEAD_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    signing: bool
    tls: bool
    root_keys: int
    root_threshold: int
    lead: _duration_pb2.Duration
    overlap: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., signing: _Optional[bool] = ..., tls: _Optional[bool] = ..., root_keys: _Optional[int] = ..., root_threshold: _Optional[int] = ..., lead: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., overlap: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RotateKeysResponse(_message.Message):
    __slots__ = ("key_set", "draft_json")
    KEY_SET_FIELD_NUMBER: _ClassVar[int]
    DRAFT_JSON_FIELD_NUMBER: _ClassVar[int]
    key_set: KeySet
    draft_json: bytes
    def __init__(self, key_set: _Optional[_Union[KeySet, _Mapping]] = ..., draft_json: _Optional[bytes] = ...) -> None: ...

class RevokeKeyRequest(_message.Message):
    __slots__ = ("request_id", "key", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    key: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., key: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeKeyResponse(_message.Message):
    __slots__ = ("key_set", "draft_json")
    KEY_SET_FIELD_NUMBER: _ClassVar[int]
    DRAFT_JSON_FIELD_NUMBER: _ClassVar[int]
    key_set: KeySet
    draft_json: bytes
    def __init__(self, key_set: _Optional[_Union[KeySet, _Mapping]] = ..., draft_json: _Optional[bytes] = ...) -> None: ...

class PublishBundleRequest(_message.Message):
    __slots__ = ("request_id", "draft_json")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DRAFT_JSON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    draft_json: bytes
    def __init__(self, request_id: _Optional[str] = ..., draft_json: _Optional[bytes] = ...) -> None: ...

class PublishBundleResponse(_message.Message):
    __slots__ = ("key_set",)
    KEY_SET_FIELD_NUMBER: _ClassVar[int]
    key_set: KeySet
    def __init__(self, key_set: _Optional[_Union[KeySet, _Mapping]] = ...) -> None: ...
