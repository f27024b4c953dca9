import datetime

from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Suite(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUITE_UNSPECIFIED: _ClassVar[Suite]
    SUITE_ED25519: _ClassVar[Suite]
SUITE_UNSPECIFIED: Suite
SUITE_ED25519: Suite

class PublicKey(_message.Message):
    __slots__ = ("key_id", "suite", "public_key", "not_before", "not_after", "revoked_at")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    suite: Suite
    public_key: bytes
    not_before: _timestamp_pb2.Timestamp
    not_after: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., suite: _Optional[_Union[Suite, str]] = ..., public_key: _Optional[bytes] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Endpoint(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class TrustBundle(_message.Message):
    __slots__ = ("header", "sequence", "name_zh", "name_en", "root_keys", "root_threshold", "signing_keys", "tls_certificates", "endpoints", "refresh_hint", "contact")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEYS_FIELD_NUMBER: _ClassVar[int]
    ROOT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEYS_FIELD_NUMBER: _ClassVar[int]
    TLS_CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    REFRESH_HINT_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    sequence: int
    name_zh: str
    name_en: str
    root_keys: _containers.RepeatedCompositeFieldContainer[PublicKey]
    root_threshold: int
    signing_keys: _containers.RepeatedCompositeFieldContainer[PublicKey]
    tls_certificates: _containers.RepeatedScalarFieldContainer[bytes]
    endpoints: _containers.RepeatedCompositeFieldContainer[Endpoint]
    refresh_hint: _duration_pb2.Duration
    contact: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., sequence: _Optional[int] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., root_keys: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ..., root_threshold: _Optional[int] = ..., signing_keys: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ..., tls_certificates: _Optional[_Iterable[bytes]] = ..., endpoints: _Optional[_Iterable[_Union[Endpoint, _Mapping]]] = ..., refresh_hint: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., contact: _Optional[str] = ...) -> None: ...
