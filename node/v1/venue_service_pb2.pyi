import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecognitionOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECOGNITION_OUTCOME_UNSPECIFIED: _ClassVar[RecognitionOutcome]
    RECOGNITION_OUTCOME_RECOGNISED: _ClassVar[RecognitionOutcome]
    RECOGNITION_OUTCOME_NOT_RECOGNISED: _ClassVar[RecognitionOutcome]
    RECOGNITION_OUTCOME_HOME_UNREACHABLE: _ClassVar[RecognitionOutcome]
    RECOGNITION_OUTCOME_NO_AGREEMENT: _ClassVar[RecognitionOutcome]

class ReservationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_STATE_UNSPECIFIED: _ClassVar[ReservationState]
    RESERVATION_STATE_HELD: _ClassVar[ReservationState]
    RESERVATION_STATE_CONFIRMED: _ClassVar[ReservationState]
    RESERVATION_STATE_RELEASED: _ClassVar[ReservationState]
    RESERVATION_STATE_ENDED: _ClassVar[ReservationState]
RECOGNITION_OUTCOME_UNSPECIFIED: RecognitionOutcome
RECOGNITION_OUTCOME_RECOGNISED: RecognitionOutcome
RECOGNITION_OUTCOME_NOT_RECOGNISED: RecognitionOutcome
RECOGNITION_OUTCOME_HOME_UNREACHABLE: RecognitionOutcome
RECOGNITION_OUTCOME_NO_AGREEMENT: RecognitionOutcome
RESERVATION_STATE_UNSPECIFIED: ReservationState
RESERVATION_STATE_HELD: ReservationState
RESERVATION_STATE_CONFIRMED: ReservationState
RESERVATION_STATE_RELEASED: ReservationState
RESERVATION_STATE_ENDED: ReservationState

class ListIncentivesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Incentive(_message.Message):
    __slots__ = ("incentive_id", "scenario", "benefit_zh", "benefit_en", "minimum_band")
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_ZH_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_EN_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_BAND_FIELD_NUMBER: _ClassVar[int]
    incentive_id: str
    scenario: str
    benefit_zh: str
    benefit_en: str
    minimum_band: str
    def __init__(self, incentive_id: _Optional[str] = ..., scenario: _Optional[str] = ..., benefit_zh: _Optional[str] = ..., benefit_en: _Optional[str] = ..., minimum_band: _Optional[str] = ...) -> None: ...

class ListIncentivesResponse(_message.Message):
    __slots__ = ("incentives", "next_page_token")
    INCENTIVES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    incentives: _containers.RepeatedCompositeFieldContainer[Incentive]
    next_page_token: str
    def __init__(self, incentives: _Optional[_Iterable[_Union[Incentive, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CheckEligibilityRequest(_message.Message):
    __slots__ = ("request_id", "presentation_code", "visitor_pass", "incentive_ids")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_CODE_FIELD_NUMBER: _ClassVar[int]
    VISITOR_PASS_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_IDS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    presentation_code: str
    visitor_pass: str
    incentive_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., presentation_code: _Optional[str] = ..., visitor_pass: _Optional[str] = ..., incentive_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "incentive", "eligible", "reason_zh", "reason_en", "rule", "change_zh", "change_en", "offline_until")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    REASON_ZH_FIELD_NUMBER: _ClassVar[int]
    REASON_EN_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_ZH_FIELD_NUMBER: _ClassVar[int]
    CHANGE_EN_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    incentive: Incentive
    eligible: bool
    reason_zh: str
    reason_en: str
    rule: str
    change_zh: str
    change_en: str
    offline_until: _timestamp_pb2.Timestamp
    def __init__(self, decision_id: _Optional[str] = ..., incentive: _Optional[_Union[Incentive, _Mapping]] = ..., eligible: _Optional[bool] = ..., reason_zh: _Optional[str] = ..., reason_en: _Optional[str] = ..., rule: _Optional[str] = ..., change_zh: _Optional[str] = ..., change_en: _Optional[str] = ..., offline_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CheckEligibilityResponse(_message.Message):
    __slots__ = ("outcome", "notice_zh", "notice_en", "home_city", "recognised_band", "decisions", "expires_at", "visitor_pass", "signed_decisions")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ZH_FIELD_NUMBER: _ClassVar[int]
    NOTICE_EN_FIELD_NUMBER: _ClassVar[int]
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    RECOGNISED_BAND_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    VISITOR_PASS_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DECISIONS_FIELD_NUMBER: _ClassVar[int]
    outcome: RecognitionOutcome
    notice_zh: str
    notice_en: str
    home_city: str
    recognised_band: str
    decisions: _containers.RepeatedCompositeFieldContainer[Decision]
    expires_at: _timestamp_pb2.Timestamp
    visitor_pass: str
    signed_decisions: bytes
    def __init__(self, outcome: _Optional[_Union[RecognitionOutcome, str]] = ..., notice_zh: _Optional[str] = ..., notice_en: _Optional[str] = ..., home_city: _Optional[str] = ..., recognised_band: _Optional[str] = ..., decisions: _Optional[_Iterable[_Union[Decision, _Mapping]]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., visitor_pass: _Optional[str] = ..., signed_decisions: _Optional[bytes] = ...) -> None: ...

class RedeemRequest(_message.Message):
    __slots__ = ("request_id", "decision_id", "promise_id", "visitor_pass", "used_at")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    VISITOR_PASS_FIELD_NUMBER: _ClassVar[int]
    USED_AT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    decision_id: str
    promise_id: str
    visitor_pass: str
    used_at: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., promise_id: _Optional[str] = ..., visitor_pass: _Optional[str] = ..., used_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RedeemResponse(_message.Message):
    __slots__ = ("redemption_id", "incentive", "redeemed_at")
    REDEMPTION_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_FIELD_NUMBER: _ClassVar[int]
    REDEEMED_AT_FIELD_NUMBER: _ClassVar[int]
    redemption_id: str
    incentive: Incentive
    redeemed_at: _timestamp_pb2.Timestamp
    def __init__(self, redemption_id: _Optional[str] = ..., incentive: _Optional[_Union[Incentive, _Mapping]] = ..., redeemed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("reservation_id", "decision_id", "incentive_id", "state", "reserved_at", "expires_at", "closed_at", "redemption_id", "counted_until")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    REDEMPTION_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    decision_id: str
    incentive_id: str
    state: ReservationState
    reserved_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    redemption_id: str
    counted_until: _timestamp_pb2.Timestamp
    def __init__(self, reservation_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., incentive_id: _Optional[str] = ..., state: _Optional[_Union[ReservationState, str]] = ..., reserved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., redemption_id: _Optional[str] = ..., counted_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("request_id", "decision_id", "visitor_pass", "use_key")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    VISITOR_PASS_FIELD_NUMBER: _ClassVar[int]
    USE_KEY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    decision_id: str
    visitor_pass: str
    use_key: str
    def __init__(self, request_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., visitor_pass: _Optional[str] = ..., use_key: _Optional[str] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ConfirmRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "promise_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    promise_id: str
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., promise_id: _Optional[str] = ...) -> None: ...

class ConfirmResponse(_message.Message):
    __slots__ = ("reservation", "incentive")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    incentive: Incentive
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., incentive: _Optional[_Union[Incentive, _Mapping]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ListMyRedemptionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class VenueRedemption(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ListMyRedemptionsResponse(_message.Message):
    __slots__ = ("redemptions", "next_page_token")
    REDEMPTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    redemptions: _containers.RepeatedCompositeFieldContainer[VenueRedemption]
    next_page_token: str
    def __init__(self, redemptions: _Optional[_Iterable[_Union[VenueRedemption, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ClosePromiseRequest(_message.Message):
    __slots__ = ("request_id", "promise_id", "kept", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    promise_id: str
    kept: bool
    note: str
    def __init__(self, request_id: _Optional[str] = ..., promise_id: _Optional[str] = ..., kept: _Optional[bool] = ..., note: _Optional[str] = ...) -> None: ...

class ClosePromiseResponse(_message.Message):
    __slots__ = ("closed_at",)
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    closed_at: _timestamp_pb2.Timestamp
    def __init__(self, closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
