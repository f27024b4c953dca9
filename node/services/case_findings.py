"""What `doctor` finds of cases: those that nobody answered in time."""

from collections.abc import Mapping

from node.model import Finding, Severity
from node.records import CaseKind

_SUBJECT = "cases"


def case_finding(overdue: Mapping[CaseKind, int]) -> Finding:
    """The finding on the cases that are marked overdue, counted by kind."""
    if not sum(overdue.values()):
        return Finding(_SUBJECT, Severity.OK, "没有逾期未答复的案件。", "No answer is overdue.")
    objections = overdue.get(CaseKind.OBJECTION, 0)
    repairs = overdue.get(CaseKind.REPAIR, 0)
    return Finding(
        _SUBJECT,
        Severity.WARNING,
        f"逾期未答复：异议 {objections} 件，信用修复 {repairs} 件。",
        f"Not answered in time: {objections} objections, {repairs} applications for repair.",
        "请用 `hutong case list` 查看，裁决其中的申诉，并督促有关部门答复其余案件。",
        "List them with `hutong case list`; decide those that are appeals, and have the "
        "departments answer the others.",
        "hutong case list",
    )
