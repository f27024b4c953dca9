from federation.v1 import agreement_pb2 as _agreement_pb2
from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RenewalRequest(_message.Message):
    __slots__ = ("header", "agreement_id", "agreement_version", "scenarios", "disclosure", "pseudonyms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYMS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    agreement_id: str
    agreement_version: int
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    pseudonyms: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ..., pseudonyms: _Optional[_Iterable[bytes]] = ...) -> None: ...

class AttestationBatch(_message.Message):
    __slots__ = ("header", "request_id", "request_digest", "size", "root")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    request_id: str
    request_digest: bytes
    size: int
    root: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., request_id: _Optional[str] = ..., request_digest: _Optional[bytes] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ...) -> None: ...

class BatchedAttestation(_message.Message):
    __slots__ = ("payload", "leaf_index", "proof")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    leaf_index: int
    proof: bytes
    def __init__(self, payload: _Optional[bytes] = ..., leaf_index: _Optional[int] = ..., proof: _Optional[bytes] = ...) -> None: ...

class RenewalResult(_message.Message):
    __slots__ = ("attestation", "refusal")
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    attestation: BatchedAttestation
    refusal: RenewalRefusal
    def __init__(self, attestation: _Optional[_Union[BatchedAttestation, _Mapping]] = ..., refusal: _Optional[_Union[RenewalRefusal, _Mapping]] = ...) -> None: ...

class RenewalRefusal(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
