"""The steps of a trial exchange, between cities and for people; both directions side by side."""

from collections.abc import Mapping
from typing import Final

from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from federation.v1 import trial_service_pb2 as wire
from node.trials import TrialKind, TrialProblem, TrialStep
from node.v1 import operator_service_pb2 as local

_KINDS: Final = {
    TrialKind.GRANT: wire.TRIAL_STEP_KIND_GRANT,
    TrialKind.REFUSAL: wire.TRIAL_STEP_KIND_REFUSAL,
    TrialKind.REPLAY: wire.TRIAL_STEP_KIND_REPLAY,
    TrialKind.WITHDRAWAL: wire.TRIAL_STEP_KIND_WITHDRAWAL,
}
_KINDS_BACK: Final = {number: kind for kind, number in _KINDS.items()}
_PROBLEMS: Final = {
    TrialProblem.NOT_TRIED: wire.TRIAL_PROBLEM_NOT_TRIED,
    TrialProblem.UNREACHABLE: wire.TRIAL_PROBLEM_UNREACHABLE,
    TrialProblem.TOO_SLOW: wire.TRIAL_PROBLEM_TOO_SLOW,
    TrialProblem.NOT_AGREED: wire.TRIAL_PROBLEM_NOT_AGREED,
    TrialProblem.REFUSED: wire.TRIAL_PROBLEM_REFUSED,
    TrialProblem.GRANTED: wire.TRIAL_PROBLEM_GRANTED,
    TrialProblem.UNBELIEVED: wire.TRIAL_PROBLEM_UNBELIEVED,
    TrialProblem.CLOSED: wire.TRIAL_PROBLEM_CLOSED,
    TrialProblem.LEFT_OPEN: wire.TRIAL_PROBLEM_LEFT_OPEN,
    TrialProblem.ANOTHER_ANSWER: wire.TRIAL_PROBLEM_ANOTHER_ANSWER,
}
_PROBLEMS_BACK: Final = {number: problem for problem, number in _PROBLEMS.items()}

Texts = Mapping[TrialKind | TrialProblem, tuple[str, str]]

_PASSED: Final[Texts] = {
    TrialKind.GRANT: (
        "试验居民获得认定，激励开放并使用一次。",
        "The synthetic resident was recognised, and the incentive opened and was used once.",
    ),
    TrialKind.REFUSAL: (
        "未达互认线的试验居民被拒绝，仅对所有人开放的激励可用。",
        "The synthetic resident below the line was refused; only what is open to all was open.",
    ),
    TrialKind.REPLAY: (
        "用过的信用码被拒绝；重复的请求得到完全相同的答复。",
        "The used code was refused, and the repeated question got the very same answer.",
    ),
    TrialKind.WITHDRAWAL: (
        "再次到访获得认定；撤回授权后被拒绝。",
        "The visitor was recognised on returning, and refused after the withdrawal.",
    ),
}
_FAILED: Final[Texts] = {
    TrialProblem.NOT_TRIED: ("前面的步骤失败，未试。", "Not tried, for a step before it failed."),
    TrialProblem.UNREACHABLE: (
        "来源城市没有给出答复；请查看双方节点的日志。",
        "The home city gave no answer; see the logs of both nodes.",
    ),
    TrialProblem.TOO_SLOW: (
        "用时过长；请检查网络和双方节点的负载。",
        "It took too long; look at the network and at the load of both nodes.",
    ),
    TrialProblem.NOT_AGREED: (
        "来源城市不认可试验协议；请用 `hutong partner sync` 同步后重试。",
        "The home city does not take the trial's agreement; run `hutong partner sync`, try again.",
    ),
    TrialProblem.REFUSED: (
        "应当认定的却被拒绝。",
        "What must be recognised was refused.",
    ),
    TrialProblem.GRANTED: (
        "应当拒绝的却获认定；不要与该城市开通。",
        "What must be refused was recognised; do not go on with this city.",
    ),
    TrialProblem.UNBELIEVED: (
        "答复与请求或约定不符；不要与该城市开通。",
        "The answer is not what was asked or agreed; do not go on with this city.",
    ),
    TrialProblem.CLOSED: ("应当开放的激励没有开放。", "An incentive that must be open is closed."),
    TrialProblem.LEFT_OPEN: (
        "应当关闭的激励却开放。",
        "An incentive that must be closed is open.",
    ),
    TrialProblem.ANOTHER_ANSWER: (
        "重复的请求得到不同的答复。",
        "The repeated question got another answer.",
    ),
}


def step_to_peer(step: TrialStep) -> wire.TrialStep:
    """One step, for the partner."""
    problem = wire.TRIAL_PROBLEM_UNSPECIFIED if step.problem is None else _PROBLEMS[step.problem]
    return wire.TrialStep(kind=_KINDS[step.kind], problem=problem)


def step_from_peer(step: wire.TrialStep) -> TrialStep:
    """One step that a partner saw as host; raises MALFORMED."""
    kind = _KINDS_BACK.get(step.kind)
    if kind is None:
        raise HutongError(MALFORMED, where="steps", problem="this version knows no such step")
    if step.problem == wire.TRIAL_PROBLEM_UNSPECIFIED:
        return TrialStep(kind, None)
    # A later version may know more ways to fail.
    problem = _PROBLEMS_BACK.get(step.problem, TrialProblem.UNBELIEVED)
    return TrialStep(kind, problem)


def step_to_operator(step: TrialStep, home: CityCode, host: CityCode) -> local.TrialStep:
    """One step between these cities, as people read it."""
    zh, en = _PASSED[step.kind] if step.problem is None else _FAILED[step.problem]
    return local.TrialStep(
        home_city=home,
        host_city=host,
        step=step.kind.value,
        passed=step.passed,
        detail_zh=zh,
        detail_en=en,
    )
