from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExchangeTrustBundlesRequest(_message.Message):
    __slots__ = ("trust_bundle", "earlier", "known_sequence")
    TRUST_BUNDLE_FIELD_NUMBER: _ClassVar[int]
    EARLIER_FIELD_NUMBER: _ClassVar[int]
    KNOWN_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    trust_bundle: _envelope_pb2.Envelope
    earlier: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    known_sequence: int
    def __init__(self, trust_bundle: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., earlier: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ..., known_sequence: _Optional[int] = ...) -> None: ...

class ExchangeTrustBundlesResponse(_message.Message):
    __slots__ = ("trust_bundle", "earlier", "known_sequence")
    TRUST_BUNDLE_FIELD_NUMBER: _ClassVar[int]
    EARLIER_FIELD_NUMBER: _ClassVar[int]
    KNOWN_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    trust_bundle: _envelope_pb2.Envelope
    earlier: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    known_sequence: int
    def __init__(self, trust_bundle: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., earlier: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ..., known_sequence: _Optional[int] = ...) -> None: ...

class ExchangePartnershipRequest(_message.Message):
    __slots__ = ("partnership",)
    PARTNERSHIP_FIELD_NUMBER: _ClassVar[int]
    partnership: _envelope_pb2.Envelope
    def __init__(self, partnership: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ExchangePartnershipResponse(_message.Message):
    __slots__ = ("partnership",)
    PARTNERSHIP_FIELD_NUMBER: _ClassVar[int]
    partnership: _envelope_pb2.Envelope
    def __init__(self, partnership: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ExchangeScalesRequest(_message.Message):
    __slots__ = ("scales",)
    SCALES_FIELD_NUMBER: _ClassVar[int]
    scales: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    def __init__(self, scales: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ...) -> None: ...

class ExchangeScalesResponse(_message.Message):
    __slots__ = ("scales",)
    SCALES_FIELD_NUMBER: _ClassVar[int]
    scales: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    def __init__(self, scales: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ...) -> None: ...

class ProposeAgreementRequest(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: _envelope_pb2.Envelope
    def __init__(self, agreement: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ProposeAgreementResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CountersignAgreementRequest(_message.Message):
    __slots__ = ("agreement",)
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    agreement: _envelope_pb2.Envelope
    def __init__(self, agreement: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class CountersignAgreementResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RequestAttestationRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: _envelope_pb2.Envelope
    def __init__(self, request: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class RequestAttestationResponse(_message.Message):
    __slots__ = ("attestation",)
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    attestation: _envelope_pb2.Envelope
    def __init__(self, attestation: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...
