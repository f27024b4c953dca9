"""The table of who may see a record, attacked by every way that a department has to records."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from node.errors import DOCUMENT_INVALID, FIELD_INVALID, PAGE_INVALID, UNKNOWN, HutongError
from node.indicators import DisclosureClass
from node.model import Caller, DocumentKind, Page, PageRequest, Role
from node.record_errors import CASE_UNKNOWN, DEPARTMENT_UNKNOWN
from node.records import RecordKey, RecordRead, RecordRow, RecordState, RowAction
from node.row_errors import RECORD_UNKNOWN
from node.services.reading import SeenRecords, department_sees, note_reads
from node.services.recording import LoadReport
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, OTHER, THIRD, changed, indicator, made_catalogue, row
from tests.node.services.promised import HERE, refused
from tests.node.services.stage import Stage, staged
from tests.node.services.world import Town, fictional_id

ALL = PageRequest(200, "")
PURPOSE = "a licence"
NOBODY = fictional_id(900_000)
A, B, C, D = DisclosureClass
CLASSES = {each: f"class-{each.value.lower()}" for each in DisclosureClass}


def department(name: str, officer: str = "") -> Caller:
    return Caller(Role.DEPARTMENT, f"{name}.{officer}" if officer else name)


@dataclass
class Archive:
    """A town that keeps records of one person, and departments that want to see them."""

    stage: Stage
    town: Town
    number: str = fictional_id(700_000)

    def load(self, sender: str, *rows: RecordRow) -> LoadReport:
        desk = self.town.cases.recording
        return self.stage.act(self.town, lambda tx: desk.load(tx, sender, rows))

    def keep(self, number: str, name: str, sender: str = OFFICE, **fields: object) -> RecordKey:
        report = self.load(sender, row(self.number, number, indicator=name, **fields))
        assert report.accepted == 1, report.quarantined
        return RecordKey(sender, number)

    def one_of_each(self, sender: str = OFFICE) -> None:
        for each, name in CLASSES.items():
            self.keep(f"r-{each.value.lower()}", name, sender)

    def ask(
        self,
        caller: Caller,
        number: str = "",
        purpose: str = PURPOSE,
        request: PageRequest = ALL,
    ) -> SeenRecords:
        desk, of = self.town.cases.reading, number or self.number
        return self.stage.act(
            self.town, lambda tx: desk.of_document(tx, caller, of, purpose, request)
        )

    def seen(self, name: str) -> set[str]:
        return {each.record.key.record_number for each in self.ask(department(name)).page.items}

    def enrol(self) -> str:
        desk = self.town.cases.residents
        return self.stage.act(
            self.town, lambda tx: desk.enrol(tx, DocumentKind.RESIDENT_ID, self.number)
        ).resident_id

    def reads(self, resident: str, request: PageRequest = ALL) -> Page[RecordRead]:
        desk = self.town.cases.reading
        return self.stage.act(self.town, lambda tx: desk.reads(tx, resident, request))


@pytest.fixture
def archive(new_sqlite: NewStore) -> Iterator[Archive]:
    with staged(new_sqlite, HERE) as stage:
        yield Archive(stage, stage[HERE])


@pytest.mark.parametrize(
    ("reader", "shown"),
    [
        (OFFICE, {"r-a", "r-b", "r-c", "r-d"}),
        # The indicators are its own as well: only the most restricted class is the sender's alone.
        (OTHER, {"r-a", "r-b", "r-c"}),
        (THIRD, {"r-a", "r-b"}),
    ],
)
def test_a_department_sees_what_the_table_allows(
    archive: Archive, reader: str, shown: set[str]
) -> None:
    archive.one_of_each()
    assert archive.seen(reader) == shown


def test_an_officer_sees_what_the_department_sees(archive: Archive) -> None:
    archive.one_of_each()
    assert len(archive.ask(department(THIRD, "zhao")).page.items) == 2


def test_what_a_department_sent_it_sees_whatever_became_of_the_indicator(archive: Archive) -> None:
    archive.one_of_each(OTHER)
    fewer = changed(
        made_catalogue(),
        indicator("class-c", -5, disclosure_class=C, departments=(OFFICE,)),
        indicator("class-a", -5, disclosure_class=D),
    )
    gone = replace(fewer, indicators={k: v for k, v in fewer.indicators.items() if k != "class-b"})
    archive.stage.act(archive.town, lambda tx: tx.administration.put_indicators(gone))
    assert archive.seen(OTHER) == {"r-a", "r-b", "r-c", "r-d"}
    # Of an indicator that the catalogue does not have nobody else sees anything.
    assert archive.seen(OFFICE) == {"r-c"}
    assert archive.seen(THIRD) == set()


@pytest.mark.parametrize("state", [RecordState.WITHDRAWN, RecordState.REPAIRED])
def test_what_was_withdrawn_or_repaired_is_shown_to_nobody(
    archive: Archive, state: RecordState
) -> None:
    key = archive.keep("r-1", "class-a")
    archive.stage.act(archive.town, lambda tx: tx.records.mark(key, state=state))
    found = archive.stage.act(archive.town, lambda tx: tx.records.find([key]))[key]
    assert not department_sees(OFFICE, found, made_catalogue(), found.occurred_on)
    assert [archive.seen(name) for name in (OFFICE, OTHER, THIRD)] == [set()] * 3


def test_a_record_past_its_retention_is_not_shown_even_before_it_is_removed(
    archive: Archive,
) -> None:
    archive.keep("r-1", "short", occurred_on="2026-11-20")
    archive.keep("r-2", "class-a", occurred_on="2026-11-20", ends_on="2026-11-25")
    assert archive.seen(THIRD) == {"r-1", "r-2"}
    shorter = changed(made_catalogue(), indicator("short", -10, retention_months=0))
    archive.stage.act(archive.town, lambda tx: tx.administration.put_indicators(shorter))
    assert archive.seen(THIRD) == {"r-2"}


def test_a_record_is_shown_until_the_midnight_of_the_city_at_which_its_retention_ends(
    archive: Archive,
) -> None:
    archive.keep("r-1", "short", occurred_on="2026-10-25")
    archive.town.clock.forward(timedelta(hours=14, microseconds=-1))
    assert archive.seen(THIRD) == {"r-1"}
    archive.town.clock.forward(timedelta(microseconds=1))
    assert archive.seen(THIRD) == set()


def test_a_person_who_is_unknown_looks_like_one_of_whom_there_is_nothing_to_see(
    archive: Archive,
) -> None:
    archive.keep("r-1", "class-d")
    unknown = archive.ask(department(THIRD), NOBODY)
    assert archive.ask(department(THIRD)) == unknown
    assert unknown.page == Page((), "")
    assert unknown.classes_shown == (A, B)


def test_the_classes_shown_whole_are_the_departments_and_not_the_persons(archive: Archive) -> None:
    archive.one_of_each()
    for number in (archive.number, NOBODY):
        assert archive.ask(department(OFFICE), number).classes_shown == (A, B, C)
        assert archive.ask(department(THIRD), number).classes_shown == (A, B)


@pytest.mark.parametrize("purpose", ["", "   ", "\n"])
def test_nobody_reads_without_a_purpose(archive: Archive, purpose: str) -> None:
    with refused(FIELD_INVALID):
        archive.ask(department(OFFICE), purpose=purpose)


def test_a_purpose_longer_than_a_person_reads_is_refused(archive: Archive) -> None:
    with pytest.raises(HutongError, match="purpose"):
        archive.ask(department(OFFICE), purpose="x" * 1001)


def test_a_department_that_the_catalogue_does_not_have_reads_nothing(archive: Archive) -> None:
    with refused(DEPARTMENT_UNKNOWN):
        archive.ask(department("default"))


def test_a_number_that_is_none_is_not_repeated(archive: Archive) -> None:
    with refused(DOCUMENT_INVALID) as errors:
        archive.ask(department(OFFICE), "999999196001010001")
    assert "99999919" not in str(errors[0])


def test_each_read_of_class_b_and_above_is_kept_and_none_of_class_a(archive: Archive) -> None:
    archive.one_of_each()
    archive.ask(department(OFFICE, "wang"))
    archive.ask(department(THIRD), purpose="another licence")
    found = archive.reads(archive.enrol()).items
    assert {(r.reader, r.purpose, r.key.record_number, r.disclosure_class) for r in found} == {
        ("department/office.wang", PURPOSE, "r-b", B),
        ("department/office.wang", PURPOSE, "r-c", C),
        ("department/office.wang", PURPOSE, "r-d", D),
        ("department/third-office", "another licence", "r-b", B),
    }


def test_a_page_that_is_asked_for_again_is_read_again(archive: Archive) -> None:
    archive.keep("r-1", "class-b")
    resident = archive.enrol()
    archive.ask(department(THIRD))
    archive.ask(department(THIRD))
    assert len(archive.reads(resident).items) == 2


def test_only_what_is_on_the_page_is_read(archive: Archive) -> None:
    for place in range(5):
        archive.keep(f"r-{place}", "class-b", occurred_on=f"2026-01-0{place + 1}")
    archive.keep("r-d", "class-d", occurred_on="2026-01-03")
    resident, shown, token = archive.enrol(), list[str](), ""
    for _ in range(3):
        page = archive.ask(department(THIRD), request=PageRequest(2, token)).page
        shown += [each.record.key.record_number for each in page.items]
        assert len(archive.reads(resident).items) == len(shown)
        token = page.next_token
    assert shown == ["r-4", "r-3", "r-2", "r-1", "r-0"]
    assert token == ""


def test_reads_of_a_resident_are_paged_the_newest_first(archive: Archive) -> None:
    archive.keep("r-1", "class-b")
    resident = archive.enrol()
    for purpose in ("first", "second", "third"):
        archive.ask(department(THIRD), purpose=purpose)
        archive.town.clock.forward(timedelta(seconds=1))
    page = archive.reads(resident, PageRequest(2, ""))
    rest = archive.reads(resident, PageRequest(2, page.next_token))
    assert [r.purpose for r in (*page.items, *rest.items)] == ["third", "second", "first"]
    assert rest.next_token == ""


@pytest.mark.parametrize("token", ["0" * 64, "2026-01-15/office/r-d", "~"])
def test_a_token_that_was_not_given_out_tells_nothing(archive: Archive, token: str) -> None:
    archive.keep("r-d", "class-d")
    for number in (archive.number, NOBODY):
        with refused(PAGE_INVALID):
            archive.ask(department(THIRD), number, request=PageRequest(2, token))


def test_a_read_is_durable_or_nothing_is_shown(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.keep("r-1", "class-b")
    resident = archive.enrol()
    before = archive.ask(department(OFFICE)).page

    def fail(*_: object) -> None:
        raise HutongError(FIELD_INVALID, field="disk", problem="it is full")

    with monkeypatch.context() as patch:
        patch.setattr("node.services.reading.note_reads", fail)
        with refused(FIELD_INVALID):
            archive.ask(department(OFFICE))
    assert len(archive.reads(resident).items) == len(before.items)


def test_another_resident_does_not_see_who_read(archive: Archive) -> None:
    archive.keep("r-1", "class-b")
    archive.ask(department(THIRD))
    _, other = archive.stage.run(archive.town.resident_with_number())
    assert archive.reads(other).items == ()
    with refused(UNKNOWN):
        archive.reads("00000000-0000-7000-8000-000000000009")


def test_a_read_for_a_case_is_kept_like_any_other(archive: Archive) -> None:
    keys = [archive.keep("r-1", "class-a"), archive.keep("r-2", "class-c")]
    resident, now = archive.enrol(), archive.town.clock.now()
    here, operator = archive.town.cases.here, Caller(Role.OPERATOR, "chen")
    archive.stage.act(
        archive.town,
        lambda tx: note_reads(tx, here, operator, "case 7", tx.records.find(keys).values(), now),
    )
    [read] = archive.reads(resident).items
    assert (read.reader, read.purpose, read.key) == ("operator/chen", "case 7", keys[1])


GUESSES: dict[str, dict[str, object]] = {
    "what it says": {},
    "another day": {"occurred_on": "2026-02-02"},
    "another document": {"evidence": "文书 2026-2"},
    "another person": {"document_number": fictional_id(800_000)},
}


@pytest.mark.parametrize("action", [RowAction.CORRECT, RowAction.WITHDRAW])
@pytest.mark.parametrize("revision", [1, 2, 3])
@pytest.mark.parametrize("guess", GUESSES)
def test_a_correction_of_a_record_that_may_not_be_seen_tells_nothing(
    archive: Archive, action: RowAction, revision: int, guess: str
) -> None:
    archive.keep("r-d", "class-d")
    archive.load(OFFICE, row(archive.number, "r-d", indicator="class-d", action="correct",
                             revision=1, evidence="文书 2026-3"))  # fmt: skip
    answers = list[tuple[str, dict[str, str]]]()
    for number in ("r-d", "r-x"):
        tried = replace(
            row(archive.number, number, indicator="class-d", source=OFFICE),
            action=action.value,
            revision=revision,
            **GUESSES[guess],  # type: ignore[arg-type]
        )
        [waits] = archive.load(OTHER, tried).quarantined
        assert waits.reason == RECORD_UNKNOWN.name
        answers.append((waits.reason, dict(waits.fields) | {"number": "N"}))
    assert answers[0] == answers[1]
    assert archive.seen(OFFICE) == {"r-d"}


@pytest.mark.parametrize("name", ["office-only", "class-d"])
def test_a_new_row_under_a_number_of_others_tells_nothing_of_theirs(
    archive: Archive, name: str
) -> None:
    archive.keep("r-1", name)
    taken = archive.load(OTHER, row(archive.number, "r-1", indicator="class-a"))
    assert taken.accepted == 1


def test_rows_in_quarantine_are_their_departments_own(archive: Archive) -> None:
    [bad] = archive.load(OFFICE, row(archive.number, "r-1", indicator="nonesuch")).quarantined
    desk, other = archive.town.cases.quarantine, department(OTHER)
    assert archive.stage.act(archive.town, lambda tx: desk.page(tx, other, ALL)).items == ()
    mended = row("", "r-1", indicator="add-1")

    def about(row_id: str) -> dict[str, Any]:
        return {"caller": other, "row_id": row_id}

    told = set[str]()
    for row_id in (bad.row_id, "00000000-0000-8000-8000-000000000009"):
        with refused(UNKNOWN) as errors:
            archive.stage.act(archive.town, partial(desk.put_back, **about(row_id), row=mended))
        told.add(errors[0].text("en").replace(row_id, "R"))
        with refused(UNKNOWN):
            archive.stage.act(archive.town, partial(desk.discard, **about(row_id), reason="no"))
    assert len(told) == 1


@pytest.mark.parametrize(("name", "reader"), [("class-c", THIRD), ("class-d", OTHER)])
def test_the_id_of_a_case_opens_no_record_to_a_department_that_may_not_see_it(
    archive: Archive, name: str, reader: str
) -> None:
    key = archive.keep("r-1", name)
    resident = archive.enrol()
    cases, by = archive.town.cases, Caller(Role.RESIDENT, "default")
    case = archive.stage.act(
        archive.town, lambda tx: cases.objecting.open(tx, by, resident, key, "not me")
    )
    looks = department(reader, "zhao")
    assert (
        archive.stage.act(archive.town, lambda tx: cases.case_views.of_department(tx, looks, ALL))
    ).items == ()
    told = set[str]()
    for case_id in (case.case_id, "00000000-0000-7000-8000-000000000009"):
        with refused(CASE_UNKNOWN) as errors:
            archive.stage.act(
                archive.town, partial(cases.case_views.for_department, by=looks, case_id=case_id)
            )
        told.add(errors[0].text("en").replace(case_id, "C"))
    assert len(told) == 1
    assert archive.reads(resident).items == ()
