"""Cases on the wire, and the calls that change one, done once."""

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.ports import Transaction
from node.records import Case
from node.services.assembly import UseCases
from node.services.case_view import CaseReport
from node.transport.calls import Call
from node.transport.changes import once_for
from node.v1 import case_pb2 as pb


async def move_case(
    cases: UseCases,
    call: Call,
    request: Message,
    answer: Callable[..., Message],
    act: Callable[[Transaction], Case],
) -> bytes:
    """Change a case, once; the answer holds the case as it is then."""

    def moved(tx: Transaction) -> Message:
        return answer(case=case_to_wire(cases.case_views.report(tx, act(tx))))

    return await once_for(cases, call, request, moved)


def case_to_wire(report: CaseReport) -> pb.Case:
    """A case as all three roles see it; what is not for the caller's eyes is not in the report."""
    case, indicator = report.case, report.indicator
    return pb.Case(
        case_id=case.case_id,
        kind=f"CASE_KIND_{case.kind.name}",
        state=f"CASE_STATE_{case.state.name}",
        source=case.key.source,
        record_number=case.key.record_number,
        indicator=case.indicator_id,
        indicator_zh=indicator.name_zh if indicator else case.indicator_id,
        indicator_en=indicator.name_en if indicator else case.indicator_id,
        occurred_on=report.occurred_on.isoformat() if report.occurred_on else "",
        statement=case.statement,
        evidence=case.evidence,
        promise=case.promise,
        opened_at=instant_to_wire(case.opened_at),
        due_at=instant_to_wire(case.due_at),
        overdue=case.overdue,
        officer=case.officer,
        moves=[move.value for move in report.moves],
        steps=[
            pb.CaseStep(
                at=instant_to_wire(step.at),
                actor=step.actor,
                move=step.move.value,
                state=f"CASE_STATE_{step.state.name}",
                reason=step.reason,
            )
            for step in report.steps
        ],
    )


def cases_to_wire(reports: Iterable[CaseReport]) -> list[Any]:
    """Cases of a list."""
    return [case_to_wire(report) for report in reports]
