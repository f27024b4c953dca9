"""Who is erased leaves no trace but the log's commitments, whatever happens at the same time."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.envelope import Envelope
from federation.errors import NOT_RECOGNISED
from federation.identifiers import CityCode, parse_code
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.model import Caller, Counter, DocumentKind, PageRequest, Role
from node.ports import Transaction
from node.records import CaseMove, RecordRow, RowAction
from node.services.checking import RecognitionOutcome
from node.services.here import Here
from node.services.record_loads import Portion
from node.store.tables import METADATA
from tests.conftest import NewStore
from tests.node import leavings
from tests.node.catalogue import OFFICE, row
from tests.node.services.casework import OFFICER, Casework
from tests.node.services.forging import question, refusal
from tests.node.services.promised import Library, refused
from tests.node.services.renting import rented
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, VENUE, Town, fictional_id

HOME, HOST = "410100", "330100"
SYSTEMS = Caller(Role.DEPARTMENT, OFFICE)


@dataclass
class Life:
    """A resident who left something in every table, and what leads there."""

    stage: Stage
    town: Town
    number: str
    resident: str
    visitor_pass: str
    leads: dict[str, object]

    def erase(self, number: str = "") -> int:
        return self.stage.run(self.town.cases.erasing.erase(self.resident, number or self.number))

    def left(self) -> dict[str, set[str]]:
        return leavings.in_rows(self.town.store._engine, self.leads)


def lived(stage: Stage) -> Life:
    """A resident who objects, applies for repair, visits, promises, and is read about."""
    town = stage[HOME]
    work = Casework.about(stage, "class-b")
    resident, number = work.resident, work.number
    stage.run(town.record(number, 80))
    work.move(work.object(), CaseMove.REFUSE, OFFICER)
    work.apply()
    back = row(number, "taken-back", action=RowAction.WITHDRAW.value, revision=1)
    for sent in (row(number, "bad", indicator="no-such"), row(number, "taken-back"), back):
        stage.act(town, lambda tx, s=sent: town.cases.recording.load(tx, OFFICE, [s]))  # type: ignore[misc]
    read = town.cases.reading
    stage.act(
        town, lambda tx: read.of_document(tx, SYSTEMS, number, "scrutiny", PageRequest(50, ""))
    )
    Library(stage, town).used(resident)
    rented(stage, town, resident, HOST, HOME)
    shown = visit(stage, town, stage[HOST], resident)
    visit(stage, town, town, resident)
    stage.run(renewed(stage[HOST]))
    stage.run(renewed(town))
    leads = leavings.identifiers(town.store._engine, HOME, resident, HOST)
    return Life(stage, town, number, resident, shown, leads)


def visit(stage: Stage, home: Town, host: Town, resident: str) -> str:
    """A visit with a use; the visitor pass."""
    consent = stage.run(home.consent(resident, host.code, SCENARIO))
    checked = stage.run(host.check(stage.run(home.show_code(resident, consent))))
    assert checked.outcome is RecognitionOutcome.RECOGNISED
    decision = next(found for found, _, _ in checked.decisions if found)
    stage.act(host, lambda tx: host.cases.redeeming.redeem(tx, VENUE, decision))
    return checked.visitor_pass


async def renewed(host: Town) -> None:
    """Attestations of a batch, beside those of one call each."""
    async for _ in host.cases.renewing.renew(everybody=True):
        pass


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


def test_nothing_that_leads_to_the_resident_is_left_in_any_row(stage: Stage) -> None:
    life = lived(stage)
    assert set(life.left()) == set(life.leads)
    assert life.erase() > len(life.leads)
    assert life.left() == {}


def test_nothing_is_left_in_any_file(tmp_path: Path, new_sqlite: NewStore) -> None:
    with staged(new_sqlite, HOME, HOST) as stage:
        for _ in range(40):
            # Rows of others before and after, so that pages are split and joined.
            stage.run(stage[HOME].resident(90))
        life = lived(stage)
        for _ in range(40):
            stage.run(stage[HOME].resident(90))
        files = [p for p in tmp_path.iterdir() if p.name.startswith(HOME)]
        assert any(p.name.endswith("-wal") for p in files)
        folder = tmp_path / "city"
        for path in files:
            folder.mkdir(exist_ok=True)
            (folder / path.name).hardlink_to(path)
        assert set(leavings.in_files(folder, life.leads)) == set(life.leads)
        life.erase()
        assert leavings.in_files(folder, life.leads | {"number": life.number}) == {}


def test_the_neighbours_keep_everything(stage: Stage) -> None:
    other, life = lived(stage), lived(stage)
    before = other.left()
    life.erase()
    assert other.left() == before
    assert life.left() == {}


def test_erasing_again_removes_nothing_and_says_so(stage: Stage) -> None:
    life = lived(stage)
    life.erase()
    # Whom it concerned is told; by now.
    stage.run(life.town.deliver())
    before = leavings.dump(life.town.store._engine)
    assert life.erase() == 0
    assert life.erase(fictional_id(999)) == 0
    assert leavings.dump(life.town.store._engine) == before


def test_another_residents_document_erases_nobody(stage: Stage) -> None:
    life, other = lived(stage), lived(stage)
    before = leavings.dump(life.town.store._engine)
    for wrong in (other.number, fictional_id(998), "1234", ""):
        with refused(FIELD_INVALID):
            life.stage.run(life.town.cases.erasing.erase(life.resident, wrong or " "))
    assert leavings.dump(life.town.store._engine) == before


def test_the_same_document_enrols_anew_as_somebody_else(stage: Stage) -> None:
    life = lived(stage)
    life.erase()
    desk = life.town.cases.residents
    again = stage.act(life.town, lambda tx: desk.enrol(tx, DocumentKind.RESIDENT_ID, life.number))
    assert again.before is False
    assert again.resident_id != life.resident
    new = stage.act(life.town, lambda tx: tx.residents.get(again.resident_id))
    assert new is not None
    assert (new.points_milli, new.commendations) == (0, ())
    # The digest follows from the document; nothing else came back.
    assert set(life.left()) == {"digest"}


def test_the_log_keeps_its_entries_and_others_can_still_open_theirs(stage: Stage) -> None:
    other, life = lived(stage), lived(stage)
    engine = life.town.store._engine
    before = leavings.dump(engine)
    life.erase()
    after = leavings.dump(engine)
    gone = set(before["log_salts"]) - set(after["log_salts"])
    assert gone
    assert set(before["log_entries"]) < set(after["log_entries"])
    # The erasure itself, and each attestation that stood and ended with it.
    ended = len(after["status_ended"]) - len(before["status_ended"])
    assert ended
    for kind, more in (("'administrative'", 1), ("'withdrawn'", ended)):
        was, now = (sum(kind in row for row in rows["log_entries"]) for rows in (before, after))
        assert now == was + more
    salts = [value for name, value in other.leads.items() if "salt" in name]
    assert salts
    with engine.connect() as connection:
        kept = {bytes(s) for (s,) in connection.execute(sa.text("SELECT salt FROM log_salts"))}
    assert set(salts) <= kept


def test_a_visitor_elsewhere_is_a_newcomer_at_the_next_check(stage: Stage) -> None:
    life, host = lived(stage), stage[HOST]
    life.erase()
    stage.world.clock.forward(timedelta(days=2))
    again = stage.run(host.check(life.visitor_pass, is_pass=True))
    assert again.outcome is RecognitionOutcome.NOT_RECOGNISED
    assert not again.visitor_pass


def test_a_host_that_asks_for_the_erased_hears_what_it_hears_of_nobody(stage: Stage) -> None:
    life, host = lived(stage), stage[HOST]
    code = _code(life, HOST)
    answered = question(host, life.town, code)
    first = stage.run(life.town.cases.attesting.attest(answered, host.code))
    life.erase()
    pseudonym = life.leads[f"pseudonym {HOST}"]
    assert isinstance(pseudonym, bytes)
    asked = [
        answered,
        question(host, life.town, serial=2, pseudonym=pseudonym),
        question(host, life.town, serial=3, pseudonym=b"?" * 32),
    ]
    told = [stage.run(refusal(life.town, each, host.code)) for each in asked]
    assert first
    assert {error.reason for error in told} == {NOT_RECOGNISED}
    assert len({(str(error.fields), error.text("en")) for error in told}) == 1
    assert life.left() == {}


def _code(life: Life, host: str) -> str:
    town, stage = life.town, life.stage
    consent = stage.run(town.consent(life.resident, stage[host].code, SCENARIO))
    return stage.run(town.show_code(life.resident, consent))


def test_who_is_erased_while_the_venue_waits_is_a_newcomer_and_leaves_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = lived(stage)
    code, attest = _code(life, HOME), life.town.cases.attesting.attest

    async def then_erased(envelope: Envelope, caller: CityCode) -> bytes:
        answer = await attest(envelope, caller)
        await life.town.cases.erasing.erase(life.resident, life.number)
        return answer

    monkeypatch.setattr(life.town.cases.attesting, "attest", then_erased)
    checked = stage.run(life.town.check(code))
    assert checked.outcome is RecognitionOutcome.NOT_RECOGNISED
    assert (checked.visitor, checked.visitor_pass) == (None, "")
    assert life.left() == {}


def test_a_question_whose_answer_never_came_goes_with_its_resident(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, other = lived(stage), lived(stage)

    async def lost(_envelope: Envelope, _caller: CityCode) -> bytes:
        raise HutongError(UNKNOWN, what="answer", name="-", remedy="-")

    monkeypatch.setattr(life.town.cases.attesting, "attest", lost)
    codes = [_code(life, HOME), _code(other, HOME)]
    for code in codes:
        stage.run(life.town.check(code))
    raw = {code: parse_code(code, where="code")[1] for code in codes}
    engine = life.town.store._engine
    assert set(leavings.in_rows(engine, raw)) == set(codes)
    life.erase()
    assert set(leavings.in_rows(engine, raw)) == {codes[1]}


def test_a_question_that_has_its_answer_is_not_kept(stage: Stage) -> None:
    life = lived(stage)
    rows = leavings.dump(life.town.store._engine)["questions"]
    assert rows == []


def test_a_load_for_the_same_person_makes_a_new_person_or_is_erased_too(stage: Stage) -> None:
    """Whatever comes first, nothing hangs on a person who is not there."""
    life = lived(stage)
    town = life.town
    for place, order in enumerate(("load first", "erase first")):
        number, resident = stage.run(town.resident_with_number())
        rows = [row(number, f"both-{place}-{i}") for i in range(20)]

        def load(tx: Transaction, sent: list[RecordRow] = rows) -> object:
            return town.cases.recording.load(tx, OFFICE, sent)

        async def both(order: str = order, who: str = resident, number: str = number) -> None:
            erase = town.cases.erasing.erase(who, number)
            jobs = [town.store.run(load), erase]
            await asyncio.gather(*(jobs if order == "load first" else reversed(jobs)))

        stage.run(both())
        assert stage.act(town, lambda tx, r=resident: tx.residents.get(r)) is None  # type: ignore[misc]
        with town.store._engine.connect() as connection:
            lost = connection.execute(
                sa.text(
                    "SELECT count(*) FROM records WHERE person NOT IN (SELECT person FROM persons)"
                )
            ).scalar_one()
            found = connection.execute(
                sa.text("SELECT count(*) FROM records WHERE record_number LIKE :some"),
                {"some": f"both-{place}-%"},
            ).scalar_one()
        assert lost == 0
        assert found == (0 if order == "load first" else 20)


def test_a_load_that_goes_on_after_the_erasure_goes_on(stage: Stage) -> None:
    life = lived(stage)
    desk, caller = life.town.cases.record_loads, SYSTEMS
    for first in (0, 1, 2):
        sent = Portion("a-load", "f.csv", first, [row(life.number, f"load-{first}")], first == 2)
        load = stage.run(desk.take(caller, sent))
        if first == 1:
            life.erase()
    assert (load.taken, load.accepted, load.quarantined) == (3, 3, 0)
    assert set(life.left()) == {"digest"}


def test_a_consent_at_the_same_time_is_erased_or_refused(stage: Stage) -> None:
    life = lived(stage)

    async def both() -> list[object]:
        consent = life.town.consent(life.resident, life.town.code, SCENARIO)
        erase = life.town.cases.erasing.erase(life.resident, life.number)
        return list(await asyncio.gather(consent, erase, consent_again(), return_exceptions=True))

    async def consent_again() -> str:
        return await life.town.consent(life.resident, life.town.code, SCENARIO)

    answers = stage.run(both())
    assert isinstance(answers[1], int)
    assert [a for a in (answers[0], answers[2]) if isinstance(a, HutongError)]
    assert life.left() == {}


def test_a_record_that_was_another_persons_before_keeps_no_word_of_them(stage: Stage) -> None:
    """A correction that moved a record to its right person, and then each of the two is erased."""
    town = stage[HOME]
    for erased in (0, 1):
        people = [stage.run(town.resident_with_number()) for _ in range(2)]
        name = f"moved-{erased}"
        first = row(people[0][0], name, evidence=f"word {erased}")
        second = row(
            people[1][0], name, action=RowAction.CORRECT.value, revision=1, evidence="another"
        )
        for sent in (first, second):
            stage.act(town, lambda tx, s=sent: town.cases.recording.load(tx, OFFICE, [s]))  # type: ignore[misc]
        number, resident = people[erased]
        engine = town.store._engine
        leads = leavings.identifiers(engine, HOME, resident)
        if erased == 0:
            leads["evidence"] = f"word {erased}"
        assert set(leavings.in_rows(engine, leads)) >= {"resident", "person"}
        stage.run(town.cases.erasing.erase(resident, number))
        assert leavings.in_rows(engine, leads) == {}


def test_erasing_is_all_or_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    life = lived(stage)
    before = leavings.dump(life.town.store._engine)

    def fail(*_: object, **__: object) -> None:
        raise LookupError

    monkeypatch.setattr(Here, "trace", fail)
    with pytest.raises(LookupError):
        life.erase()
    assert leavings.dump(life.town.store._engine) == before


# Tables that name no resident of this city. Questions and renewals are tried by themselves, and
# counters of visitors are of those alone whose incentives have a capacity for each.
NOBODY = {
    "own_scales", "partners", "partner_moves", "contacts", "invitations", "partner_scales",
    "agreements", "catalogues", "indicator_catalogues", "node_state", "joinings", "record_loads",
    "log_entries", "log_tiles", "log_state", "checkpoints", "cosignatures", "partner_checkpoints",
    "forks", "attestation_batches", "status_feeds", "status_lists", "status_ended",
    "partner_status_lists", "renewals", "questions", "counters", "histograms", "privacy_spendings",
    "use_questions", "use_releases", "duties", "processes",
}  # fmt: skip


def test_a_life_leaves_something_in_every_table_that_names_residents(stage: Stage) -> None:
    life = lived(stage)
    found = {table for tables in life.left().values() for table in tables}
    with life.town.store._engine.connect() as connection:
        held = connection.execute(
            sa.text("SELECT count(*) FROM case_steps WHERE case_id = :one"),
            {"one": life.leads["case_id 0"]},
        ).scalar_one()
    assert held
    assert {t.name for t in METADATA.sorted_tables} - NOBODY == found


def test_the_count_of_a_visitors_day_goes_with_the_visitor(stage: Stage) -> None:
    life = lived(stage)
    visit_id = life.leads["recognition 0"]
    for who in (visit_id, "another"):
        scope = f"resident-day:2026-11-24:{who}"
        stage.act(life.town, lambda tx, s=scope: tx.redemptions.count(Counter("card", s, 5)))  # type: ignore[misc]
    life.erase()
    scopes = leavings.dump(life.town.store._engine)["counters"]
    assert [scope for scope in scopes if "resident-day" in scope and "another" not in scope] == []
    assert any("another" in scope for scope in scopes)
