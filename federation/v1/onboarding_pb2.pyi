from federation.v1 import trust_pb2 as _trust_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Hello(_message.Message):
    __slots__ = ("city", "protocol_version", "suites", "tls_certificate", "pake", "commitment")
    CITY_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUITES_FIELD_NUMBER: _ClassVar[int]
    TLS_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PAKE_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    city: str
    protocol_version: int
    suites: _containers.RepeatedScalarFieldContainer[_trust_pb2.Suite]
    tls_certificate: bytes
    pake: bytes
    commitment: bytes
    def __init__(self, city: _Optional[str] = ..., protocol_version: _Optional[int] = ..., suites: _Optional[_Iterable[_Union[_trust_pb2.Suite, str]]] = ..., tls_certificate: _Optional[bytes] = ..., pake: _Optional[bytes] = ..., commitment: _Optional[bytes] = ...) -> None: ...

class BeginRequest(_message.Message):
    __slots__ = ("hello",)
    HELLO_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ...) -> None: ...

class BeginResponse(_message.Message):
    __slots__ = ("hello",)
    HELLO_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ...) -> None: ...

class FinishRequest(_message.Message):
    __slots__ = ("hello", "confirmation", "sealed_bundle")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_FIELD_NUMBER: _ClassVar[int]
    SEALED_BUNDLE_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    confirmation: bytes
    sealed_bundle: bytes
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., confirmation: _Optional[bytes] = ..., sealed_bundle: _Optional[bytes] = ...) -> None: ...

class FinishResponse(_message.Message):
    __slots__ = ("confirmation", "sealed_bundle")
    CONFIRMATION_FIELD_NUMBER: _ClassVar[int]
    SEALED_BUNDLE_FIELD_NUMBER: _ClassVar[int]
    confirmation: bytes
    sealed_bundle: bytes
    def __init__(self, confirmation: _Optional[bytes] = ..., sealed_bundle: _Optional[bytes] = ...) -> None: ...
