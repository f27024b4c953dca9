import datetime

from federation.v1 import agreement_pb2 as _agreement_pb2
from federation.v1 import envelope_pb2 as _envelope_pb2
from federation.v1 import scale_pb2 as _scale_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UseCounting(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USE_COUNTING_UNSPECIFIED: _ClassVar[UseCounting]
    USE_COUNTING_ANONYMOUS: _ClassVar[UseCounting]
    USE_COUNTING_CLASS: _ClassVar[UseCounting]
USE_COUNTING_UNSPECIFIED: UseCounting
USE_COUNTING_ANONYMOUS: UseCounting
USE_COUNTING_CLASS: UseCounting

class AttestationRequest(_message.Message):
    __slots__ = ("header", "agreement_id", "agreement_version", "presentation_code", "pseudonym", "scenarios", "disclosure")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_CODE_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYM_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    agreement_id: str
    agreement_version: int
    presentation_code: bytes
    pseudonym: bytes
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    disclosure: _agreement_pb2.DisclosureLevel
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., presentation_code: _Optional[bytes] = ..., pseudonym: _Optional[bytes] = ..., scenarios: _Optional[_Iterable[str]] = ..., disclosure: _Optional[_Union[_agreement_pb2.DisclosureLevel, str]] = ...) -> None: ...

class Attestation(_message.Message):
    __slots__ = ("header", "request_id", "request_digest", "pseudonym", "agreement_id", "agreement_version", "scale", "claim", "scenarios", "as_of", "status_index", "counting", "use_commitment")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYM_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STATUS_INDEX_FIELD_NUMBER: _ClassVar[int]
    COUNTING_FIELD_NUMBER: _ClassVar[int]
    USE_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    request_id: str
    request_digest: bytes
    pseudonym: bytes
    agreement_id: str
    agreement_version: int
    scale: _scale_pb2.ScaleReference
    claim: Claim
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    as_of: _timestamp_pb2.Timestamp
    status_index: int
    counting: UseCounting
    use_commitment: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., request_id: _Optional[str] = ..., request_digest: _Optional[bytes] = ..., pseudonym: _Optional[bytes] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., scale: _Optional[_Union[_scale_pb2.ScaleReference, _Mapping]] = ..., claim: _Optional[_Union[Claim, _Mapping]] = ..., scenarios: _Optional[_Iterable[str]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., status_index: _Optional[int] = ..., counting: _Optional[_Union[UseCounting, str]] = ..., use_commitment: _Optional[bytes] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("threshold", "band", "score", "commendations")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    COMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    threshold: ThresholdClaim
    band: BandClaim
    score: ScoreClaim
    commendations: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, threshold: _Optional[_Union[ThresholdClaim, _Mapping]] = ..., band: _Optional[_Union[BandClaim, _Mapping]] = ..., score: _Optional[_Union[ScoreClaim, _Mapping]] = ..., commendations: _Optional[_Iterable[str]] = ...) -> None: ...

class ThresholdClaim(_message.Message):
    __slots__ = ("line_band",)
    LINE_BAND_FIELD_NUMBER: _ClassVar[int]
    line_band: str
    def __init__(self, line_band: _Optional[str] = ...) -> None: ...

class BandClaim(_message.Message):
    __slots__ = ("band_id",)
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    band_id: str
    def __init__(self, band_id: _Optional[str] = ...) -> None: ...

class ScoreClaim(_message.Message):
    __slots__ = ("band_id", "score_milli")
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    band_id: str
    score_milli: int
    def __init__(self, band_id: _Optional[str] = ..., score_milli: _Optional[int] = ...) -> None: ...
