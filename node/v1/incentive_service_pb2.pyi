import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IncentiveChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCENTIVE_CHANGE_UNSPECIFIED: _ClassVar[IncentiveChange]
    INCENTIVE_CHANGE_GAINS: _ClassVar[IncentiveChange]
    INCENTIVE_CHANGE_LOSES: _ClassVar[IncentiveChange]
INCENTIVE_CHANGE_UNSPECIFIED: IncentiveChange
INCENTIVE_CHANGE_GAINS: IncentiveChange
INCENTIVE_CHANGE_LOSES: IncentiveChange

class DiffIncentivesRequest(_message.Message):
    __slots__ = ("file_name", "content")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    content: bytes
    def __init__(self, file_name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class IncentiveDifference(_message.Message):
    __slots__ = ("incentive_id", "change", "home_city", "bands", "commended")
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    COMMENDED_FIELD_NUMBER: _ClassVar[int]
    incentive_id: str
    change: IncentiveChange
    home_city: str
    bands: _containers.RepeatedScalarFieldContainer[str]
    commended: bool
    def __init__(self, incentive_id: _Optional[str] = ..., change: _Optional[_Union[IncentiveChange, str]] = ..., home_city: _Optional[str] = ..., bands: _Optional[_Iterable[str]] = ..., commended: _Optional[bool] = ...) -> None: ...

class DiffIncentivesResponse(_message.Message):
    __slots__ = ("version", "added", "removed", "changed", "differences")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    version: int
    added: _containers.RepeatedScalarFieldContainer[str]
    removed: _containers.RepeatedScalarFieldContainer[str]
    changed: _containers.RepeatedScalarFieldContainer[str]
    differences: _containers.RepeatedCompositeFieldContainer[IncentiveDifference]
    def __init__(self, version: _Optional[int] = ..., added: _Optional[_Iterable[str]] = ..., removed: _Optional[_Iterable[str]] = ..., changed: _Optional[_Iterable[str]] = ..., differences: _Optional[_Iterable[_Union[IncentiveDifference, _Mapping]]] = ...) -> None: ...

class ReplayDecisionRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ReplayDecisionResponse(_message.Message):
    __slots__ = ("check_id", "decided_at", "signed_decisions", "same", "facts")
    CHECK_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    SIGNED_DECISIONS_FIELD_NUMBER: _ClassVar[int]
    SAME_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    check_id: str
    decided_at: _timestamp_pb2.Timestamp
    signed_decisions: bytes
    same: bool
    facts: str
    def __init__(self, check_id: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., signed_decisions: _Optional[bytes] = ..., same: _Optional[bool] = ..., facts: _Optional[str] = ...) -> None: ...

class PublishHistogramRequest(_message.Message):
    __slots__ = ("request_id", "epsilon_milli", "width_milli")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MILLI_FIELD_NUMBER: _ClassVar[int]
    WIDTH_MILLI_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    epsilon_milli: int
    width_milli: int
    def __init__(self, request_id: _Optional[str] = ..., epsilon_milli: _Optional[int] = ..., width_milli: _Optional[int] = ...) -> None: ...

class Histogram(_message.Message):
    __slots__ = ("city", "scale_id", "scale_version", "published_at", "epsilon_milli", "total", "bars", "smallest_shown", "statement_id")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    SCALE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MILLI_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    SMALLEST_SHOWN_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    city: str
    scale_id: str
    scale_version: int
    published_at: _timestamp_pb2.Timestamp
    epsilon_milli: int
    total: int
    bars: _containers.RepeatedCompositeFieldContainer[HistogramBar]
    smallest_shown: int
    statement_id: str
    def __init__(self, city: _Optional[str] = ..., scale_id: _Optional[str] = ..., scale_version: _Optional[int] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., epsilon_milli: _Optional[int] = ..., total: _Optional[int] = ..., bars: _Optional[_Iterable[_Union[HistogramBar, _Mapping]]] = ..., smallest_shown: _Optional[int] = ..., statement_id: _Optional[str] = ...) -> None: ...

class HistogramBar(_message.Message):
    __slots__ = ("band_id", "lower_milli", "upper_milli", "count")
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    LOWER_MILLI_FIELD_NUMBER: _ClassVar[int]
    UPPER_MILLI_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    band_id: str
    lower_milli: int
    upper_milli: int
    count: int
    def __init__(self, band_id: _Optional[str] = ..., lower_milli: _Optional[int] = ..., upper_milli: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class PublishHistogramResponse(_message.Message):
    __slots__ = ("histogram", "published")
    HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    histogram: Histogram
    published: bool
    def __init__(self, histogram: _Optional[_Union[Histogram, _Mapping]] = ..., published: _Optional[bool] = ...) -> None: ...

class ListHistogramsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PrivacySpending(_message.Message):
    __slots__ = ("at", "purpose", "epsilon_milli", "actor")
    AT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MILLI_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    purpose: str
    epsilon_milli: int
    actor: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purpose: _Optional[str] = ..., epsilon_milli: _Optional[int] = ..., actor: _Optional[str] = ...) -> None: ...

class ListHistogramsResponse(_message.Message):
    __slots__ = ("histograms", "spendings")
    HISTOGRAMS_FIELD_NUMBER: _ClassVar[int]
    SPENDINGS_FIELD_NUMBER: _ClassVar[int]
    histograms: _containers.RepeatedCompositeFieldContainer[Histogram]
    spendings: _containers.RepeatedCompositeFieldContainer[PrivacySpending]
    def __init__(self, histograms: _Optional[_Iterable[_Union[Histogram, _Mapping]]] = ..., spendings: _Optional[_Iterable[_Union[PrivacySpending, _Mapping]]] = ...) -> None: ...

class BuildConcordanceRequest(_message.Message):
    __slots__ = ("home_city", "host_city", "degree", "raw", "agreed")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOST_CITY_FIELD_NUMBER: _ClassVar[int]
    DEGREE_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    host_city: str
    degree: int
    raw: bool
    agreed: bool
    def __init__(self, home_city: _Optional[str] = ..., host_city: _Optional[str] = ..., degree: _Optional[int] = ..., raw: _Optional[bool] = ..., agreed: _Optional[bool] = ...) -> None: ...

class ConcordanceRow(_message.Message):
    __slots__ = ("home_score", "host_score", "error", "rank", "refused_zh", "refused_en", "home_band", "host_band")
    HOME_SCORE_FIELD_NUMBER: _ClassVar[int]
    HOST_SCORE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ZH_FIELD_NUMBER: _ClassVar[int]
    REFUSED_EN_FIELD_NUMBER: _ClassVar[int]
    HOME_BAND_FIELD_NUMBER: _ClassVar[int]
    HOST_BAND_FIELD_NUMBER: _ClassVar[int]
    home_score: float
    host_score: float
    error: float
    rank: float
    refused_zh: str
    refused_en: str
    home_band: str
    host_band: str
    def __init__(self, home_score: _Optional[float] = ..., host_score: _Optional[float] = ..., error: _Optional[float] = ..., rank: _Optional[float] = ..., refused_zh: _Optional[str] = ..., refused_en: _Optional[str] = ..., home_band: _Optional[str] = ..., host_band: _Optional[str] = ...) -> None: ...

class BandName(_message.Message):
    __slots__ = ("city", "band_id", "name_zh", "name_en")
    CITY_FIELD_NUMBER: _ClassVar[int]
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    city: str
    band_id: str
    name_zh: str
    name_en: str
    def __init__(self, city: _Optional[str] = ..., band_id: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ...) -> None: ...

class Curve(_message.Message):
    __slots__ = ("city", "edges", "counts", "smoothed", "total")
    CITY_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SMOOTHED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    city: str
    edges: _containers.RepeatedScalarFieldContainer[float]
    counts: _containers.RepeatedScalarFieldContainer[float]
    smoothed: _containers.RepeatedScalarFieldContainer[float]
    total: float
    def __init__(self, city: _Optional[str] = ..., edges: _Optional[_Iterable[float]] = ..., counts: _Optional[_Iterable[float]] = ..., smoothed: _Optional[_Iterable[float]] = ..., total: _Optional[float] = ...) -> None: ...

class BuildConcordanceResponse(_message.Message):
    __slots__ = ("rows", "degree", "home", "host", "names", "valid_until")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DEGREE_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[ConcordanceRow]
    degree: int
    home: Curve
    host: Curve
    names: _containers.RepeatedCompositeFieldContainer[BandName]
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, rows: _Optional[_Iterable[_Union[ConcordanceRow, _Mapping]]] = ..., degree: _Optional[int] = ..., home: _Optional[_Union[Curve, _Mapping]] = ..., host: _Optional[_Union[Curve, _Mapping]] = ..., names: _Optional[_Iterable[_Union[BandName, _Mapping]]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetFairnessRequest(_message.Message):
    __slots__ = ("home_city",)
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    def __init__(self, home_city: _Optional[str] = ...) -> None: ...

class BandFairness(_message.Message):
    __slots__ = ("home_city", "home_band", "host_band", "count", "equal_low", "equal_high", "verdict", "text_zh", "text_en")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    HOME_BAND_FIELD_NUMBER: _ClassVar[int]
    HOST_BAND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EQUAL_LOW_FIELD_NUMBER: _ClassVar[int]
    EQUAL_HIGH_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TEXT_ZH_FIELD_NUMBER: _ClassVar[int]
    TEXT_EN_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    home_band: str
    host_band: str
    count: int
    equal_low: str
    equal_high: str
    verdict: str
    text_zh: str
    text_en: str
    def __init__(self, home_city: _Optional[str] = ..., home_band: _Optional[str] = ..., host_band: _Optional[str] = ..., count: _Optional[int] = ..., equal_low: _Optional[str] = ..., equal_high: _Optional[str] = ..., verdict: _Optional[str] = ..., text_zh: _Optional[str] = ..., text_en: _Optional[str] = ...) -> None: ...

class IncentiveFairness(_message.Message):
    __slots__ = ("home_city", "incentive_id", "bands", "count", "total")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    INCENTIVE_ID_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    incentive_id: str
    bands: _containers.RepeatedScalarFieldContainer[str]
    count: int
    total: int
    def __init__(self, home_city: _Optional[str] = ..., incentive_id: _Optional[str] = ..., bands: _Optional[_Iterable[str]] = ..., count: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class GetFairnessResponse(_message.Message):
    __slots__ = ("bands", "incentives", "names")
    BANDS_FIELD_NUMBER: _ClassVar[int]
    INCENTIVES_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    bands: _containers.RepeatedCompositeFieldContainer[BandFairness]
    incentives: _containers.RepeatedCompositeFieldContainer[IncentiveFairness]
    names: _containers.RepeatedCompositeFieldContainer[BandName]
    def __init__(self, bands: _Optional[_Iterable[_Union[BandFairness, _Mapping]]] = ..., incentives: _Optional[_Iterable[_Union[IncentiveFairness, _Mapping]]] = ..., names: _Optional[_Iterable[_Union[BandName, _Mapping]]] = ...) -> None: ...
