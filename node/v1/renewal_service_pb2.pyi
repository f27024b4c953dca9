from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RenewRecognitionsRequest(_message.Message):
    __slots__ = ("home_city", "all")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    all: bool
    def __init__(self, home_city: _Optional[str] = ..., all: _Optional[bool] = ...) -> None: ...

class RenewRecognitionsResponse(_message.Message):
    __slots__ = ("total", "renewed", "ended", "failed", "done", "problem_zh", "problem_en")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    RENEWED_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_ZH_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_EN_FIELD_NUMBER: _ClassVar[int]
    total: int
    renewed: int
    ended: int
    failed: int
    done: bool
    problem_zh: str
    problem_en: str
    def __init__(self, total: _Optional[int] = ..., renewed: _Optional[int] = ..., ended: _Optional[int] = ..., failed: _Optional[int] = ..., done: _Optional[bool] = ..., problem_zh: _Optional[str] = ..., problem_en: _Optional[str] = ...) -> None: ...

class GetRenewalsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRenewalsResponse(_message.Message):
    __slots__ = ("cities",)
    CITIES_FIELD_NUMBER: _ClassVar[int]
    cities: _containers.RepeatedCompositeFieldContainer[RenewalsOfCity]
    def __init__(self, cities: _Optional[_Iterable[_Union[RenewalsOfCity, _Mapping]]] = ...) -> None: ...

class RenewalsOfCity(_message.Message):
    __slots__ = ("home_city", "standing", "due")
    HOME_CITY_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    home_city: str
    standing: int
    due: int
    def __init__(self, home_city: _Optional[str] = ..., standing: _Optional[int] = ..., due: _Optional[int] = ...) -> None: ...
