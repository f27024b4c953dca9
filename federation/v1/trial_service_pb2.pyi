from federation.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrialStepKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIAL_STEP_KIND_UNSPECIFIED: _ClassVar[TrialStepKind]
    TRIAL_STEP_KIND_GRANT: _ClassVar[TrialStepKind]
    TRIAL_STEP_KIND_REFUSAL: _ClassVar[TrialStepKind]
    TRIAL_STEP_KIND_REPLAY: _ClassVar[TrialStepKind]
    TRIAL_STEP_KIND_WITHDRAWAL: _ClassVar[TrialStepKind]

class TrialProblem(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIAL_PROBLEM_UNSPECIFIED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_NOT_TRIED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_UNREACHABLE: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_TOO_SLOW: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_NOT_AGREED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_REFUSED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_GRANTED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_UNBELIEVED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_CLOSED: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_LEFT_OPEN: _ClassVar[TrialProblem]
    TRIAL_PROBLEM_ANOTHER_ANSWER: _ClassVar[TrialProblem]
TRIAL_STEP_KIND_UNSPECIFIED: TrialStepKind
TRIAL_STEP_KIND_GRANT: TrialStepKind
TRIAL_STEP_KIND_REFUSAL: TrialStepKind
TRIAL_STEP_KIND_REPLAY: TrialStepKind
TRIAL_STEP_KIND_WITHDRAWAL: TrialStepKind
TRIAL_PROBLEM_UNSPECIFIED: TrialProblem
TRIAL_PROBLEM_NOT_TRIED: TrialProblem
TRIAL_PROBLEM_UNREACHABLE: TrialProblem
TRIAL_PROBLEM_TOO_SLOW: TrialProblem
TRIAL_PROBLEM_NOT_AGREED: TrialProblem
TRIAL_PROBLEM_REFUSED: TrialProblem
TRIAL_PROBLEM_GRANTED: TrialProblem
TRIAL_PROBLEM_UNBELIEVED: TrialProblem
TRIAL_PROBLEM_CLOSED: TrialProblem
TRIAL_PROBLEM_LEFT_OPEN: TrialProblem
TRIAL_PROBLEM_ANOTHER_ANSWER: TrialProblem

class TrialStep(_message.Message):
    __slots__ = ("kind", "problem")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    kind: TrialStepKind
    problem: TrialProblem
    def __init__(self, kind: _Optional[_Union[TrialStepKind, str]] = ..., problem: _Optional[_Union[TrialProblem, str]] = ...) -> None: ...

class PrepareTrialRequest(_message.Message):
    __slots__ = ("trial_id", "agreement")
    TRIAL_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    trial_id: str
    agreement: _envelope_pb2.Envelope
    def __init__(self, trial_id: _Optional[str] = ..., agreement: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class PrepareTrialResponse(_message.Message):
    __slots__ = ("agreement", "good_code", "low_code")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    GOOD_CODE_FIELD_NUMBER: _ClassVar[int]
    LOW_CODE_FIELD_NUMBER: _ClassVar[int]
    agreement: _envelope_pb2.Envelope
    good_code: str
    low_code: str
    def __init__(self, agreement: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., good_code: _Optional[str] = ..., low_code: _Optional[str] = ...) -> None: ...

class RequestTrialAttestationRequest(_message.Message):
    __slots__ = ("trial_id", "request")
    TRIAL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    trial_id: str
    request: _envelope_pb2.Envelope
    def __init__(self, trial_id: _Optional[str] = ..., request: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class RequestTrialAttestationResponse(_message.Message):
    __slots__ = ("attestation",)
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    attestation: _envelope_pb2.Envelope
    def __init__(self, attestation: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ...) -> None: ...

class WithdrawTrialConsentRequest(_message.Message):
    __slots__ = ("trial_id",)
    TRIAL_ID_FIELD_NUMBER: _ClassVar[int]
    trial_id: str
    def __init__(self, trial_id: _Optional[str] = ...) -> None: ...

class WithdrawTrialConsentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunTrialRequest(_message.Message):
    __slots__ = ("trial_id", "good_code", "low_code", "caller_passed")
    TRIAL_ID_FIELD_NUMBER: _ClassVar[int]
    GOOD_CODE_FIELD_NUMBER: _ClassVar[int]
    LOW_CODE_FIELD_NUMBER: _ClassVar[int]
    CALLER_PASSED_FIELD_NUMBER: _ClassVar[int]
    trial_id: str
    good_code: str
    low_code: str
    caller_passed: bool
    def __init__(self, trial_id: _Optional[str] = ..., good_code: _Optional[str] = ..., low_code: _Optional[str] = ..., caller_passed: _Optional[bool] = ...) -> None: ...

class RunTrialResponse(_message.Message):
    __slots__ = ("steps",)
    STEPS_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[TrialStep]
    def __init__(self, steps: _Optional[_Iterable[_Union[TrialStep, _Mapping]]] = ...) -> None: ...
