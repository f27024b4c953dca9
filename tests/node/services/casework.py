"""One resident with one record, and everything that can be done about it."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import pytest

from federation.errors import HutongError
from node.model import Caller, PageRequest, Role
from node.ports import Transaction
from node.records import (
    Case,
    CaseKind,
    CaseMove,
    CaseStep,
    Notice,
    Record,
    RecordKey,
    RecordRow,
    RowAction,
)
from node.services.cases import advance
from node.services.standing import find_resident
from tests.node.catalogue import OFFICE, row
from tests.node.services.stage import Stage
from tests.node.services.world import Town

T = TypeVar("T")

RESIDENT = Caller(Role.RESIDENT, "default")
OFFICER = Caller(Role.DEPARTMENT, "office.wang")
COLLEAGUE = Caller(Role.DEPARTMENT, "other-office.li")
STRANGER = Caller(Role.DEPARTMENT, "third-office.zhao")
SYSTEMS = Caller(Role.DEPARTMENT, "office")
OPERATOR = Caller(Role.OPERATOR, "chen")
ALL = PageRequest(200, "")


def refusal(act: Callable[[], object]) -> HutongError:
    """The error of what must not be possible."""
    with pytest.raises(HutongError) as caught:
        act()
    return caught.value


class Casework:
    """A resident of a town who has one record of `office`."""

    def __init__(
        self, stage: Stage, town: Town, number: str, resident: str, key: RecordKey
    ) -> None:
        self.stage = stage
        self.town = town
        self.number = number
        self.resident = resident
        self.key = key

    @classmethod
    def about(
        cls,
        stage: Stage,
        indicator: str = "ded-32",
        occurred_on: str = "2026-01-15",
        city: str = "410100",
    ) -> "Casework":
        town = stage[city]
        number, resident = stage.run(town.resident_with_number())
        key = RecordKey(OFFICE, f"case-{resident[-12:]}")
        work = cls(stage, town, number, resident, key)
        work.send(indicator=indicator, occurred_on=occurred_on)
        return work

    def send(self, **fields: object) -> None:
        """A row of `office` about the record."""
        self.send_row(row(self.number, self.key.record_number, **fields))

    def send_row(self, sent: RecordRow) -> None:
        report = self.run(lambda tx: self.town.cases.recording.load(tx, OFFICE, [sent]))
        assert not report.quarantined, report.quarantined[0]

    def correct(self, **fields: object) -> None:
        record = self.record()
        action = RowAction.CORRECT.value
        self.send(action=action, revision=record.revision, **fields)

    def take_back(self) -> None:
        record = self.record()
        action = RowAction.WITHDRAW.value
        self.send(action=action, revision=record.revision)

    def run(self, use_case: Callable[[Transaction], T]) -> T:
        return self.stage.run(self.town.store.run(use_case))

    def read(self, use_case: Callable[[Transaction], T]) -> T:
        return self.stage.run(self.town.store.read(use_case))

    def object(self, statement: str = "不是我") -> Case:
        desk = self.town.cases.objecting
        return self.run(lambda tx: desk.open(tx, RESIDENT, self.resident, self.key, statement))

    def apply(self, evidence: str = "缴款书 8", promise: str = "不再犯") -> Case:
        desk = self.town.cases.repairing
        return self.run(
            lambda tx: desk.apply(
                tx,
                RESIDENT,
                self.resident,
                self.key,
                statement="已改正",
                evidence=evidence,
                promise=promise,
            )
        )

    def open(self, kind: CaseKind) -> Case:
        return self.object() if kind is CaseKind.OBJECTION else self.apply()

    def advance(self, case: Case, move: CaseMove, by: Caller | None) -> Case:
        """A move with the case as it was read, by whoever it is."""
        here = self.town.cases.here
        return self.run(
            lambda tx: advance(tx, here, case, move, by, now=here.now(), reason="因为如此")
        )

    def move(
        self, case: Case, move: CaseMove, by: Caller | None = None, why: str = "因为如此"
    ) -> Case:
        """Any move, by whom it is for unless `by` says otherwise."""
        desk, case_id = self.town.cases.case_desk, case.case_id
        match move:
            case CaseMove.APPEAL:
                return self.run(
                    lambda tx: desk.appeal(tx, by or RESIDENT, self.resident, case_id, why)
                )
            case CaseMove.WITHDRAW:
                return self.run(
                    lambda tx: desk.withdraw(tx, by or RESIDENT, self.resident, case_id)
                )
            case CaseMove.GRANT_ON_APPEAL | CaseMove.REFUSE_FINALLY:
                granted = move is CaseMove.GRANT_ON_APPEAL
                return self.run(
                    lambda tx: desk.decide_appeal(
                        tx, by or OPERATOR, case_id, granted=granted, reason=why
                    )
                )
            case _:
                return self.run(lambda tx: desk.decide(tx, by or OFFICER, case_id, move, why))

    def moved(self, case: Case, *moves: CaseMove) -> Case:
        for move in moves:
            case = self.move(case, move)
        return case

    def listed(self, by: Caller) -> tuple[Case, ...]:
        """What waits for a department."""
        views = self.town.cases.case_views
        page = self.read(lambda tx: views.of_department(tx, by, ALL))
        return tuple(report.case for report in page.items)

    def case(self, case_id: str) -> Case:
        found = self.read(lambda tx: tx.cases.get(case_id))
        assert found is not None
        return found

    def record(self) -> Record:
        found = self.read(lambda tx: tx.records.find([self.key]))
        return found[self.key]

    def points(self) -> int:
        """What is kept of the resident's sum, in whole points."""
        found = self.read(lambda tx: find_resident(tx, self.resident))
        return found.points_milli // 1000

    def notices(self) -> tuple[Notice, ...]:
        return self.read(lambda tx: tx.notices.page(self.resident, ALL)).items

    def tick(self) -> None:
        self.stage.run(self.town.cases.case_desk.tick())

    def steps(self, case: Case) -> tuple[CaseStep, ...]:
        found = self.read(lambda tx: tx.cases.steps([case.case_id]))
        return found[case.case_id]

    def today(self) -> date:
        here = self.town.cases.here
        return here.day(here.now())
