import datetime

from federation.v1 import envelope_pb2 as _envelope_pb2
from federation.v1 import scale_pb2 as _scale_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DisclosureLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISCLOSURE_LEVEL_UNSPECIFIED: _ClassVar[DisclosureLevel]
    DISCLOSURE_LEVEL_THRESHOLD: _ClassVar[DisclosureLevel]
    DISCLOSURE_LEVEL_BAND: _ClassVar[DisclosureLevel]
    DISCLOSURE_LEVEL_SCORE: _ClassVar[DisclosureLevel]
DISCLOSURE_LEVEL_UNSPECIFIED: DisclosureLevel
DISCLOSURE_LEVEL_THRESHOLD: DisclosureLevel
DISCLOSURE_LEVEL_BAND: DisclosureLevel
DISCLOSURE_LEVEL_SCORE: DisclosureLevel

class Agreement(_message.Message):
    __slots__ = ("header", "agreement_id", "version", "parties", "scales", "mappings", "disclosure_limit", "scenarios", "commendations", "attestation_lifetime", "status_freshness", "legal_basis", "privacy_assessment", "valid_from", "valid_until", "notice", "offline_grace")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    SCALES_FIELD_NUMBER: _ClassVar[int]
    MAPPINGS_FIELD_NUMBER: _ClassVar[int]
    DISCLOSURE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    COMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_GRACE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    agreement_id: str
    version: int
    parties: _containers.RepeatedScalarFieldContainer[str]
    scales: _containers.RepeatedCompositeFieldContainer[_scale_pb2.ScaleReference]
    mappings: _containers.RepeatedCompositeFieldContainer[Mapping]
    disclosure_limit: DisclosureLevel
    scenarios: _containers.RepeatedScalarFieldContainer[str]
    commendations: _containers.RepeatedScalarFieldContainer[str]
    attestation_lifetime: _duration_pb2.Duration
    status_freshness: _duration_pb2.Duration
    legal_basis: str
    privacy_assessment: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    notice: _duration_pb2.Duration
    offline_grace: _duration_pb2.Duration
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., agreement_id: _Optional[str] = ..., version: _Optional[int] = ..., parties: _Optional[_Iterable[str]] = ..., scales: _Optional[_Iterable[_Union[_scale_pb2.ScaleReference, _Mapping]]] = ..., mappings: _Optional[_Iterable[_Union[Mapping, _Mapping]]] = ..., disclosure_limit: _Optional[_Union[DisclosureLevel, str]] = ..., scenarios: _Optional[_Iterable[str]] = ..., commendations: _Optional[_Iterable[str]] = ..., attestation_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status_freshness: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., legal_basis: _Optional[str] = ..., privacy_assessment: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., offline_grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Mapping(_message.Message):
    __slots__ = ("home_city", "host_city", "line_band", "band_table", "linear", "concordance")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    LINE_BAND_FIELD_NUMBER: _ClassVar[int]
    BAND_TABLE_FIELD_NUMBER: _ClassVar[int]
    LINEAR_FIELD_NUMBER: _ClassVar[int]
    CONCORDANCE_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    host_city: str
    line_band: str
    band_table: BandTable
    linear: LinearMapping
    concordance: Concordance
    def __init__(self, home_city: _Optional[str] = ..., host_city: _Optional[str] = ..., line_band: _Optional[str] = ..., band_table: _Optional[_Union[BandTable, _Mapping]] = ..., linear: _Optional[_Union[LinearMapping, _Mapping]] = ..., concordance: _Optional[_Union[Concordance, _Mapping]] = ...) -> None: ...

class LinearMapping(_message.Message):
    __slots__ = ("home_mean_milli", "home_spread_milli", "host_mean_milli", "host_spread_milli", "lowest_milli", "highest_milli", "source")
    HOME_MEAN_MILLI_FIELD_NUMBER: _ClassVar[int]
    HOME_SPREAD_MILLI_FIELD_NUMBER: _ClassVar[int]
    HOST_MEAN_MILLI_FIELD_NUMBER: _ClassVar[int]
    HOST_SPREAD_MILLI_FIELD_NUMBER: _ClassVar[int]
    LOWEST_MILLI_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_MILLI_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    home_mean_milli: int
    home_spread_milli: int
    host_mean_milli: int
    host_spread_milli: int
    lowest_milli: int
    highest_milli: int
    source: str
    def __init__(self, home_mean_milli: _Optional[int] = ..., home_spread_milli: _Optional[int] = ..., host_mean_milli: _Optional[int] = ..., host_spread_milli: _Optional[int] = ..., lowest_milli: _Optional[int] = ..., highest_milli: _Optional[int] = ..., source: _Optional[str] = ...) -> None: ...

class Concordance(_message.Message):
    __slots__ = ("points", "home_histogram", "host_histogram", "degree", "valid_until")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    HOME_HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    HOST_HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    DEGREE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[ConcordancePoint]
    home_histogram: str
    host_histogram: str
    degree: int
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, points: _Optional[_Iterable[_Union[ConcordancePoint, _Mapping]]] = ..., home_histogram: _Optional[str] = ..., host_histogram: _Optional[str] = ..., degree: _Optional[int] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConcordancePoint(_message.Message):
    __slots__ = ("home_milli", "host_milli", "error_milli")
    HOME_MILLI_FIELD_NUMBER: _ClassVar[int]
    HOST_MILLI_FIELD_NUMBER: _ClassVar[int]
    ERROR_MILLI_FIELD_NUMBER: _ClassVar[int]
    home_milli: int
    host_milli: int
    error_milli: int
    def __init__(self, home_milli: _Optional[int] = ..., host_milli: _Optional[int] = ..., error_milli: _Optional[int] = ...) -> None: ...

class BandTable(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[BandRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[BandRow, _Mapping]]] = ...) -> None: ...

class BandRow(_message.Message):
    __slots__ = ("home_band", "host_band")
    HOME_BAND_FIELD_NUMBER: _ClassVar[int]
    HOST_BAND_FIELD_NUMBER: _ClassVar[int]
    home_band: str
    host_band: str
    def __init__(self, home_band: _Optional[str] = ..., host_band: _Optional[str] = ...) -> None: ...
