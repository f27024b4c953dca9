"""Objections and repairs: what residents ask for, officers answer, and the second instance decides.

Who looks or decides is said by --resident, --department NAME.OFFICER, or else is the operator.
"""

import click

from node.cli.calling import Answer, Node
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import reason, reason_of, request_id
from node.model import Role

_DECISIONS = ("grant", "refuse", "call-interview", "hold-interview")

_resident = argument("resident_id", metavar="RESIDENT")
_case = argument("case_id", metavar="CASE")
_source = option("--source", required=True, metavar="DEPARTMENT", text="record_source")
_record = option("--record", required=True, metavar="NUMBER", text="record_number")
_statement = option("--statement", required=True, metavar="TEXT", text="case_statement")
_officer = option("--department", metavar="NAME.OFFICER", text="officer")


def _own(session: Session) -> Node:
    return Node(session, Role.RESIDENT, service="ResidentCaseService")


def _office(session: Session) -> Node:
    return Node(session, Role.OPERATOR, service="OversightService")


def _department(session: Session, name: str) -> Node:
    return Node(session, Role.DEPARTMENT, name, service="DepartmentCaseService")


@command("objection open")
@_resident
@_source
@_record
@_statement
@request_id
@pass_session
def object_to(
    session: Session,
    *,
    resident_id: str,
    source: str,
    record: str,
    statement: str,
    request_id: str | None,
) -> None:
    """Say that a record is wrong."""
    answer = _own(session).change(
        "OpenObjection",
        request_id,
        resident_id=resident_id,
        source=source,
        record_number=record,
        statement=statement,
    )
    _opened(session, answer)


@command("repair apply")
@_resident
@_source
@_record
@_statement
@option("--evidence", required=True, metavar="TEXT", text="case_evidence")
@option("--promise", required=True, metavar="TEXT", text="case_promise")
@request_id
@pass_session
def apply_for_repair(
    session: Session,
    *,
    resident_id: str,
    source: str,
    record: str,
    statement: str,
    evidence: str,
    promise: str,
    request_id: str | None,
) -> None:
    """Ask that a record be repaired."""
    answer = _own(session).change(
        "ApplyForRepair",
        request_id,
        resident_id=resident_id,
        source=source,
        record_number=record,
        statement=statement,
        evidence=evidence,
        promise=promise,
    )
    _opened(session, answer)


@command("case appeal")
@_resident
@_case
@reason
@request_id
@pass_session
def appeal(
    session: Session,
    *,
    resident_id: str,
    case_id: str,
    reason: str | None,
    request_id: str | None,
) -> None:
    """Bring a refusal before the second instance."""
    why = reason_of(session, reason)
    answer = _own(session).change(
        "AppealCase", request_id, resident_id=resident_id, case_id=case_id, reason=why
    )
    _opened(session, answer)


@command("case withdraw")
@_resident
@_case
@request_id
@pass_session
def withdraw(session: Session, *, resident_id: str, case_id: str, request_id: str | None) -> None:
    """Take a case back."""
    answer = _own(session).change(
        "WithdrawCase", request_id, resident_id=resident_id, case_id=case_id
    )
    _moved(session, answer)


@command("case decide")
@_case
@option("--department", required=True, metavar="NAME.OFFICER", text="officer")
@option("--decision", required=True, type=click.Choice(_DECISIONS))
@reason
@request_id
@pass_session
def decide(
    session: Session,
    *,
    case_id: str,
    department: str,
    decision: str,
    reason: str | None,
    request_id: str | None,
) -> None:
    """Take a step as the officer of a department."""
    why = reason_of(session, reason)
    answer = _department(session, department).change(
        "DecideCase",
        request_id,
        case_id=case_id,
        decision=f"CASE_DECISION_{decision.replace('-', '_').upper()}",
        reason=why,
    )
    _moved(session, answer)


@command("case decide-appeal")
@_case
@option("--granted/--refused", default=None, text="granted")
@reason
@request_id
@pass_session
def decide_appeal(
    session: Session,
    *,
    case_id: str,
    granted: bool | None,
    reason: str | None,
    request_id: str | None,
) -> None:
    """Decide in the second instance."""
    if granted is None:
        raise Misused("said.granted_or_refused")
    why = reason_of(session, reason)
    answer = _office(session).change(
        "DecideAppeal", request_id, case_id=case_id, granted=granted, reason=why
    )
    _moved(session, answer)


@command("case list")
@option("--resident", metavar="RESIDENT", text="case_resident")
@_officer
@pass_session
def list_cases(session: Session, *, resident: str | None, department: str | None) -> None:
    """List the cases of a resident, of a department, or of the second instance."""
    _one_of(resident, department)
    if resident:
        found = _own(session).every("ListResidentCases", "cases", resident_id=resident)
    elif department:
        found = _department(session, department).every("ListDepartmentCases", "cases")
    else:
        found = _office(session).every("ListAppeals", "cases")
    if session.out.document({"cases": found}):
        return
    if not found:
        session.out.line(session.say("said.no_cases"))
        return
    headings = ("case", "kind", "state", "due_at", "title", "record")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                case["case_id"],
                session.say(f"words.{case['kind']}"),
                _state(session, case),
                session.time(case.get("due_at"))[:16],
                session.pick(case, "indicator"),
                f"{case['source']}/{case['record_number']}",
            )
            for case in found
        ],
        whole=(0, 1, 3),
    )


@command("case show")
@_case
@option("--resident", metavar="RESIDENT", text="case_resident")
@_officer
@pass_session
def show(session: Session, *, case_id: str, resident: str | None, department: str | None) -> None:
    """Show a case with every step."""
    _one_of(resident, department)
    if resident:
        every = _own(session).every("ListResidentCases", "cases", resident_id=resident)
        case = next((each for each in every if each["case_id"] == case_id), None)
        if case is None:
            raise Misused("said.no_such_case")
    elif department:
        case = _department(session, department).ask("GetDepartmentCase", case_id=case_id)["case"]
    else:
        case = _office(session).ask("GetAppeal", case_id=case_id)["case"]
    if session.out.document({"case": case}):
        return
    _show(session, case)


def _show(session: Session, case: Answer) -> None:
    said = {
        "case": case["case_id"],
        "kind": session.say(f"words.{case['kind']}"),
        "state": _state(session, case),
        "due_at": session.time(case.get("due_at")),
        "record": f"{case['source']}/{case['record_number']}",
        "title": session.pick(case, "indicator"),
        "day": case["occurred_on"],
        "case_statement": case["statement"],
        "case_evidence": case["evidence"],
        "case_promise": case["promise"],
        "case_officer": case["officer"],
        "possible_moves": ", ".join(session.say(f"words.case_move_{m}") for m in case["moves"]),
    }
    session.out.lines([(session.say(f"words.{word}"), v) for word, v in said.items() if v])
    session.out.table(
        [session.say(f"words.{word}") for word in ("when", "who", "step", "state", "why")],
        [
            (
                session.time(step.get("at"))[:19],
                step["actor"],
                session.say(f"words.case_move_{step['move']}"),
                session.say(f"words.{step['state']}"),
                step["reason"],
            )
            for step in case["steps"]
        ],
        whole=(0,),
    )


@command("resident notices")
@_resident
@pass_session
def notices(session: Session, *, resident_id: str) -> None:
    """List what a resident was told."""
    found = _own(session).every("ListNotices", "notices", resident_id=resident_id)
    if session.out.document({"notices": found}):
        return
    if not found:
        session.out.line(session.say("said.no_notices"))
        return
    session.out.table(
        [session.say(f"words.{word}") for word in ("when", "notice_text", "case")],
        [
            (session.time(each.get("at"))[:19], session.pick(each, "text"), each["case_id"])
            for each in found
        ],
        whole=(0, 2),
    )


def _one_of(resident: str | None, department: str | None) -> None:
    if resident and department:
        raise Misused("said.resident_or_department")


def _opened(session: Session, answer: Answer) -> None:
    if session.out.document(answer):
        return
    case = answer["case"]
    fields = {"id": case["case_id"], "due": session.time(case.get("due_at"))}
    session.out.line(session.say("said.case_opened", **fields))


def _moved(session: Session, answer: Answer) -> None:
    if session.out.document(answer):
        return
    case = answer["case"]
    state = session.say(f"words.{case['state']}")
    session.out.line(session.say("said.case_moved", id=case["case_id"], state=state))


def _state(session: Session, case: Answer) -> str:
    state = session.say(f"words.{case['state']}")
    return session.say("said.overdue_state", state=state) if case["overdue"] else state
