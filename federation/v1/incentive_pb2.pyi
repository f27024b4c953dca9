import datetime

from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Decisions(_message.Message):
    __slots__ = ("header", "venue", "holder", "home_city", "band_id", "catalogue_version", "catalogue_digest", "decisions")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    venue: str
    holder: bytes
    home_city: str
    band_id: str
    catalogue_version: int
    catalogue_digest: bytes
    decisions: _containers.RepeatedCompositeFieldContainer[IncentiveDecision]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., venue: _Optional[str] = ..., holder: _Optional[bytes] = ..., home_city: _Optional[str] = ..., band_id: _Optional[str] = ..., catalogue_version: _Optional[int] = ..., catalogue_digest: _Optional[bytes] = ..., decisions: _Optional[_Iterable[_Union[IncentiveDecision, _Mapping]]] = ...) -> None: ...

class IncentiveDecision(_message.Message):
    __slots__ = ("decision_id", "incentive_id", "eligible", "rule", "reason_zh", "reason_en", "change_zh", "change_en", "offline_until")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REASON_ZH_FIELD_NUMBER: _ClassVar[int]
    REASON_EN_FIELD_NUMBER: _ClassVar[int]
    CHANGE_ZH_FIELD_NUMBER: _ClassVar[int]
    CHANGE_EN_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    incentive_id: str
    eligible: bool
    rule: str
    reason_zh: str
    reason_en: str
    change_zh: str
    change_en: str
    offline_until: _timestamp_pb2.Timestamp
    def __init__(self, decision_id: _Optional[str] = ..., incentive_id: _Optional[str] = ..., eligible: _Optional[bool] = ..., rule: _Optional[str] = ..., reason_zh: _Optional[str] = ..., reason_en: _Optional[str] = ..., change_zh: _Optional[str] = ..., change_en: _Optional[str] = ..., offline_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UseRequest(_message.Message):
    __slots__ = ("header", "agreement_id", "agreement_version", "pseudonym", "label", "use_class", "most", "until")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYM_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    USE_CLASS_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    agreement_id: str
    agreement_version: int
    pseudonym: bytes
    label: bytes
    use_class: str
    most: int
    until: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., pseudonym: _Optional[bytes] = ..., label: _Optional[bytes] = ..., use_class: _Optional[str] = ..., most: _Optional[int] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UseLease(_message.Message):
    __slots__ = ("header", "request_id", "request_digest", "until")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    request_id: str
    request_digest: bytes
    until: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., request_id: _Optional[str] = ..., request_digest: _Optional[bytes] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UseRelease(_message.Message):
    __slots__ = ("header", "lease_id")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    lease_id: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., lease_id: _Optional[str] = ...) -> None: ...
