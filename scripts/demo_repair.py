"""A record arrives, is repaired, and another city grants again: a part of the demo."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from node.model import Role
from scripts.city import City, new_id

Answer = dict[str, Any]

_INDICATOR: Final = "library-card.overdue-month"
_DEPARTMENT: Final = "library"
_OFFICER: Final = "library.zhao"
_ZONE: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the resident's own city said, and what the host granted, before and after the repair."""

    before: Answer
    fallen: Answer
    refused: Answer
    told: Answer
    case: Answer
    repaired: Answer
    granted: Answer


def repair_and_return(home: City, resident: str, document: str, host: City, consent: str) -> Seen:
    """Load a record about a resident, ask the host, have it repaired, and ask the host again."""
    before = _standing(home, resident)
    number = f"overdue-{new_id()[:8]}"
    _load(home, number, document)
    fallen = _standing(home, resident)
    refused = _visit(home, resident, host, consent)
    told = home.client(Role.RESIDENT).call(
        "ResidentCaseService/ListNotices", {"resident_id": resident}
    )["notices"]
    case = _repair(home, resident, number)
    return Seen(
        before=before,
        fallen=fallen,
        refused=refused,
        told=next(notice for notice in told if notice["record_number"] == number),
        case=case,
        repaired=_standing(home, resident),
        granted=_visit(home, resident, host, consent),
    )


def _standing(home: City, resident: str) -> Answer:
    return home.resident("GetStanding", resident_id=resident)


def _load(home: City, number: str, document: str) -> None:
    row = {
        "record_number": number,
        "indicator": _INDICATOR,
        "document_number": document,
        "occurred_on": datetime.now(_ZONE).date().isoformat(),
        "evidence": f"notice {number}",
    }
    request = {"load_id": new_id(), "file_name": "overdue.csv", "rows": [row], "is_last": True}
    client = home.client(Role.DEPARTMENT, _DEPARTMENT)
    load = client.upload("DepartmentService/LoadRecords", [request])["load"]
    if int(load["accepted_count"]) != 1:
        raise RuntimeError(f"the record was not taken: {load}")


def _repair(home: City, resident: str, number: str) -> Answer:
    applied = home.client(Role.RESIDENT).call(
        "ResidentCaseService/ApplyForRepair",
        {
            "request_id": new_id(),
            "resident_id": resident,
            "source": _DEPARTMENT,
            "record_number": number,
            "statement": "The book is back; the fee is paid.",
            "evidence": f"receipt {datetime.now(UTC):%Y%m%d}-17",
            "promise": "I bring books back in time.",
        },
    )["case"]
    decided: Answer = home.client(Role.DEPARTMENT, _OFFICER).call(
        "DepartmentCaseService/DecideCase",
        {
            "request_id": new_id(),
            "case_id": applied["case_id"],
            "decision": "CASE_DECISION_GRANT",
            "reason": "Returned and paid.",
        },
    )["case"]
    return decided


def _visit(home: City, resident: str, host: City, consent: str) -> Answer:
    return host.venue(
        "library",
        "CheckEligibility",
        request_id=new_id(),
        presentation_code=home.code(resident, consent),
    )
