"""Mistakes that a seed found once, put back for a moment: what was kept must still find them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pytest

from federation.identifiers import CityCode
from node.v1 import venue_service_pb2 as venues_pb
from scripts.simulation import holding, invariants, violations
from scripts.simulation.chaos import Chaos
from scripts.simulation.history import History
from scripts.simulation.violations import Cities, Violation

_RESUME: Final = Chaos._resume


def _refusals_of_whatever_question(_cities: Cities, history: History) -> Iterator[Violation]:
    told = dict[tuple[CityCode, str], tuple[str, ...]]()
    for act in history.of("CheckEligibility"):
        answer = act.told(venues_pb.CheckEligibilityResponse)
        if answer.outcome != venues_pb.RECOGNITION_OUTCOME_NOT_RECOGNISED:
            continue
        said = (
            answer.notice_en,
            *(f"{each.incentive.incentive_id} {each.reason_en}" for each in answer.decisions),
        )
        if told.setdefault((act.city, act.caller), said) != said:
            yield Violation("refused alike", act.city, f"{act.request_id} was refused otherwise")


def refusals_held_against_each_other_whatever_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (r for r in invariants.RULES if r is not violations.refused_alike)
    monkeypatch.setattr(invariants, "RULES", (*rules, _refusals_of_whatever_question))


async def _resumed_at_once(chaos: Chaos, one: CityCode, other: CityCode) -> None:
    if (answered := chaos._suspended.get((one, other))) is not None:
        answered.set()
    await _RESUME(chaos, one, other)


def a_suspension_taken_back_before_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chaos, "_resume", _resumed_at_once)


def a_return_that_only_the_clock_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_was_returned", lambda _held, _home: False)


MISTAKES: Final[Mapping[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "refusals-of-whatever-question": refusals_held_against_each_other_whatever_was_asked,
    "a-suspension-taken-back-before-it-came": a_suspension_taken_back_before_it_came,
    "a-return-that-only-the-clock-tells": a_return_that_only_the_clock_tells,
}
