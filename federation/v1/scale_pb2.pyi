from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScaleKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCALE_KIND_UNSPECIFIED: _ClassVar[ScaleKind]
    SCALE_KIND_NUMERIC: _ClassVar[ScaleKind]
    SCALE_KIND_CATEGORICAL: _ClassVar[ScaleKind]
SCALE_KIND_UNSPECIFIED: ScaleKind
SCALE_KIND_NUMERIC: ScaleKind
SCALE_KIND_CATEGORICAL: ScaleKind

class ScoreScale(_message.Message):
    __slots__ = ("header", "scale_id", "version", "kind", "name_zh", "name_en", "minimum_milli", "maximum_milli", "bands", "source", "illustrative")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_MILLI_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_MILLI_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ILLUSTRATIVE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    scale_id: str
    version: int
    kind: ScaleKind
    name_zh: str
    name_en: str
    minimum_milli: int
    maximum_milli: int
    bands: _containers.RepeatedCompositeFieldContainer[Band]
    source: str
    illustrative: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., scale_id: _Optional[str] = ..., version: _Optional[int] = ..., kind: _Optional[_Union[ScaleKind, str]] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., minimum_milli: _Optional[int] = ..., maximum_milli: _Optional[int] = ..., bands: _Optional[_Iterable[_Union[Band, _Mapping]]] = ..., source: _Optional[str] = ..., illustrative: _Optional[bool] = ...) -> None: ...

class Band(_message.Message):
    __slots__ = ("band_id", "name_zh", "name_en", "lower", "upper")
    BAND_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    band_id: str
    name_zh: str
    name_en: str
    lower: Bound
    upper: Bound
    def __init__(self, band_id: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., lower: _Optional[_Union[Bound, _Mapping]] = ..., upper: _Optional[_Union[Bound, _Mapping]] = ...) -> None: ...

class Bound(_message.Message):
    __slots__ = ("score_milli", "inclusive")
    SCORE_MILLI_FIELD_NUMBER: _ClassVar[int]
    INCLUSIVE_FIELD_NUMBER: _ClassVar[int]
    score_milli: int
    inclusive: bool
    def __init__(self, score_milli: _Optional[int] = ..., inclusive: _Optional[bool] = ...) -> None: ...

class ScaleReference(_message.Message):
    __slots__ = ("city", "scale_id", "version", "digest")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SCALE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    city: str
    scale_id: str
    version: int
    digest: bytes
    def __init__(self, city: _Optional[str] = ..., scale_id: _Optional[str] = ..., version: _Optional[int] = ..., digest: _Optional[bytes] = ...) -> None: ...
