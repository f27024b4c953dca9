"""Hands on the records of a town: rows in, and what became of them."""

from node.model import PageRequest
from node.records import NoticeKind, QuarantinedRow, Record, RecordKey, RecordRow
from node.services.recording import LoadReport
from tests.node.catalogue import OFFICE
from tests.node.services.stage import Stage

HOME = "410100"
PAGE = PageRequest(50, "")


def load(stage: Stage, *rows: RecordRow, department: str = OFFICE) -> LoadReport:
    home = stage[HOME]
    return stage.act(home, lambda tx: home.cases.recording.load(tx, department, rows))


def taken(stage: Stage, *rows: RecordRow, department: str = OFFICE) -> None:
    report = load(stage, *rows, department=department)
    assert (report.accepted, report.unchanged, report.quarantined) == (len(rows), 0, ())


def waits(stage: Stage, bad: RecordRow, department: str = OFFICE) -> QuarantinedRow:
    report = load(stage, bad, department=department)
    assert (report.accepted, report.unchanged) == (0, 0)
    [found] = report.quarantined
    return found


def record(stage: Stage, number: str = "r-1", source: str = OFFICE) -> Record:
    key = RecordKey(source, number)
    return stage.act(stage[HOME], lambda tx: tx.records.find([key]))[key]


def points(stage: Stage, resident: str) -> int:
    found = stage.act(stage[HOME], lambda tx: tx.residents.get(resident))
    assert found is not None
    return found.points_milli // 1000


def told(stage: Stage, resident: str) -> list[NoticeKind]:
    page = stage.act(stage[HOME], lambda tx: tx.notices.page(resident, PAGE))
    kinds = (each.kind for each in page.items if each.kind is not NoticeKind.BAND_CHANGED)
    return sorted(kinds, key=lambda kind: kind.value)


def waiting(stage: Stage, department: str = OFFICE) -> list[QuarantinedRow]:
    page = stage.act(stage[HOME], lambda tx: tx.quarantine.page(department, PAGE))
    return list(page.items)
