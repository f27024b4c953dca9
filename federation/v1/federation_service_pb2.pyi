from federation.v1 import envelope_pb2 as _envelope_pb2
from federation.v1 import renewal_pb2 as _renewal_pb2
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
    __slots__ = ("scales", "histograms")
    SCALES_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAMS_FIELD_NUMBER: _ClassVar[int]
    scales: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    histograms: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    def __init__(self, scales: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ..., histograms: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ...) -> None: ...

class ExchangeScalesResponse(_message.Message):
    __slots__ = ("scales", "histograms")
    SCALES_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAMS_FIELD_NUMBER: _ClassVar[int]
    scales: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    histograms: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    def __init__(self, scales: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ..., histograms: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ...) -> None: ...

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

class RenewAttestationsRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: _envelope_pb2.Envelope
    def __init__(self, request: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class RenewAttestationsResponse(_message.Message):
    __slots__ = ("request_id", "batch", "first", "results")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    batch: _envelope_pb2.Envelope
    first: int
    results: _containers.RepeatedCompositeFieldContainer[_renewal_pb2.RenewalResult]
    def __init__(self, request_id: _Optional[str] = ..., batch: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., first: _Optional[int] = ..., results: _Optional[_Iterable[_Union[_renewal_pb2.RenewalResult, _Mapping]]] = ...) -> None: ...

class ReserveUseRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: _envelope_pb2.Envelope
    def __init__(self, request: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ReserveUseResponse(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: _envelope_pb2.Envelope
    def __init__(self, lease: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ReleaseUseRequest(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: _envelope_pb2.Envelope
    def __init__(self, release: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class ReleaseUseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusListsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusListsResponse(_message.Message):
    __slots__ = ("status_list",)
    STATUS_LIST_FIELD_NUMBER: _ClassVar[int]
    status_list: _envelope_pb2.Envelope
    def __init__(self, status_list: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class PushStatusListsRequest(_message.Message):
    __slots__ = ("status_lists",)
    STATUS_LISTS_FIELD_NUMBER: _ClassVar[int]
    status_lists: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.Envelope]
    def __init__(self, status_lists: _Optional[_Iterable[_Union[_envelope_pb2.Envelope, _Mapping]]] = ...) -> None: ...

class PushStatusListsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AddCheckpointRequest(_message.Message):
    __slots__ = ("old_size", "proof", "checkpoint")
    OLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    old_size: int
    proof: _containers.RepeatedScalarFieldContainer[bytes]
    checkpoint: bytes
    def __init__(self, old_size: _Optional[int] = ..., proof: _Optional[_Iterable[bytes]] = ..., checkpoint: _Optional[bytes] = ...) -> None: ...

class AddCheckpointResponse(_message.Message):
    __slots__ = ("cosignature", "known_checkpoint")
    COSIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    cosignature: bytes
    known_checkpoint: bytes
    def __init__(self, cosignature: _Optional[bytes] = ..., known_checkpoint: _Optional[bytes] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class GetCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint",)
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: bytes
    def __init__(self, checkpoint: _Optional[bytes] = ...) -> None: ...

class GetInclusionProofRequest(_message.Message):
    __slots__ = ("leaf_index", "tree_size")
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    leaf_index: int
    tree_size: int
    def __init__(self, leaf_index: _Optional[int] = ..., tree_size: _Optional[int] = ...) -> None: ...

class GetInclusionProofResponse(_message.Message):
    __slots__ = ("hashes", "leaf_hash")
    HASHES_FIELD_NUMBER: _ClassVar[int]
    LEAF_HASH_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    leaf_hash: bytes
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ..., leaf_hash: _Optional[bytes] = ...) -> None: ...

class GetConsistencyProofRequest(_message.Message):
    __slots__ = ("first_size", "second_size")
    FIRST_SIZE_FIELD_NUMBER: _ClassVar[int]
    SECOND_SIZE_FIELD_NUMBER: _ClassVar[int]
    first_size: int
    second_size: int
    def __init__(self, first_size: _Optional[int] = ..., second_size: _Optional[int] = ...) -> None: ...

class GetConsistencyProofResponse(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListLeafHashesRequest(_message.Message):
    __slots__ = ("first", "count")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    first: int
    count: int
    def __init__(self, first: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class ListLeafHashesResponse(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: bytes
    def __init__(self, hashes: _Optional[bytes] = ...) -> None: ...
