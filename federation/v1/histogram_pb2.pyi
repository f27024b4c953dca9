from federation.v1 import envelope_pb2 as _envelope_pb2
from federation.v1 import scale_pb2 as _scale_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScoreHistogram(_message.Message):
    __slots__ = ("header", "scale", "total", "cells", "epsilon_milli", "smallest_shown")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MILLI_FIELD_NUMBER: _ClassVar[int]
    SMALLEST_SHOWN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.StatementHeader
    scale: _scale_pb2.ScaleReference
    total: int
    cells: _containers.RepeatedCompositeFieldContainer[HistogramCell]
    epsilon_milli: int
    smallest_shown: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.StatementHeader, _Mapping]] = ..., scale: _Optional[_Union[_scale_pb2.ScaleReference, _Mapping]] = ..., total: _Optional[int] = ..., cells: _Optional[_Iterable[_Union[HistogramCell, _Mapping]]] = ..., epsilon_milli: _Optional[int] = ..., smallest_shown: _Optional[int] = ...) -> None: ...

class HistogramCell(_message.Message):
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
