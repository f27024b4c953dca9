"""The steps of a trial on the wire: what a partner may say of them, and what people read."""

import re

import pytest

from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from federation.v1 import trial_service_pb2 as pb
from node.transport.trial_wire import step_from_peer, step_to_operator, step_to_peer
from node.trials import TRIAL_KINDS, TrialKind, TrialProblem, TrialStep

HOME, HOST = CityCode("410100"), CityCode("330100")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
STEPS = [TrialStep(kind, problem) for kind in TRIAL_KINDS for problem in (None, *TrialProblem)]


def test_each_step_comes_back_as_it_was_said() -> None:
    assert [step_from_peer(step_to_peer(step)) for step in STEPS] == STEPS


def test_each_step_is_told_in_both_languages() -> None:
    for step in STEPS:
        told = step_to_operator(step, home=HOME, host=HOST)
        assert (told.home_city, told.host_city) == (HOME, HOST)
        assert told.passed == (step.problem is None)
        assert CHINESE.search(told.detail_zh)
        assert told.detail_en
        assert not CHINESE.search(told.detail_en)


def test_a_step_that_this_version_does_not_know_is_refused() -> None:
    for kind in (pb.TRIAL_STEP_KIND_UNSPECIFIED, 99):
        step = pb.TrialStep(kind=kind)  # type: ignore[arg-type] # an open enum takes any number
        with pytest.raises(HutongError) as told:
            step_from_peer(step)
        assert told.value.reason == MALFORMED


def test_a_problem_that_this_version_does_not_know_is_one_all_the_same() -> None:
    step = pb.TrialStep(
        kind=pb.TRIAL_STEP_KIND_GRANT,
        problem=99,  # type: ignore[arg-type] # an open enum takes any number
    )
    assert step_from_peer(step) == TrialStep(TrialKind.GRANT, TrialProblem.UNBELIEVED)
