"""A promise is a matter of this city: no border, an objection and a repair like any record's."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from google.protobuf.descriptor import Descriptor, FileDescriptor

from federation.envelope import Envelope
from federation.v1 import (
    agreement_pb2,
    attestation_pb2,
    federation_service_pb2,
    trial_service_pb2,
)
from node.errors import UNKNOWN
from node.indicators import DisclosureClass
from node.model import Caller, DocumentKind, Role
from node.record_errors import OWN_RECORD_UNKNOWN
from node.records import CaseMove, NoticeKind, RecordKey
from node.services.promising import SOURCE
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, changed, indicator, made_catalogue
from tests.node.services.casework import Casework
from tests.node.services.promised import ALL, ELSEWHERE, Library, library, refused
from tests.node.services.world import SCENARIO, Town, fictional_id

NOTE = "the book is lost"
OVER = 31
"""Days after which a promise of these tests may be called broken."""


@pytest.fixture
def here(new_sqlite: NewStore) -> Iterator[Library]:
    with library(new_sqlite) as found:
        yield found


def everything(town: Town) -> str:
    """Every value in a town's store."""
    engine = town.store._engine
    found = list[str]()
    with engine.connect() as connection:
        for name in sa.inspect(engine).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()  # noqa: S608
            found += [repr(tuple(row)) for row in rows]
    return "\n".join(found)


def test_a_promise_broken_at_home_is_not_seen_by_any_city(new_sqlite: NewStore) -> None:
    with library(new_sqlite, ELSEWHERE) as here:
        elsewhere = here.stage[ELSEWHERE]
        said = list[Envelope]()

        def listen(envelope: Envelope) -> Envelope:
            said.append(envelope)
            return envelope

        here.stage.world.network.lie = listen
        resident = here.resident()

        def visit() -> tuple[object, ...]:
            consent = here.stage.run(here.town.consent(resident, elsewhere.code, SCENARIO))
            code = here.stage.run(here.town.show_code(resident, consent))
            checked = here.stage.run(elsewhere.check(code))
            assert checked.visitor
            return checked.visitor.band_id, [v.eligible for _, _, v in checked.decisions]

        before = visit()
        promise = here.used(resident)
        here.after(OVER)
        here.close(promise, kept=False, note=NOTE)
        assert here.sums(resident).points_milli == 20_000
        assert visit() == before
        text = here.get(promise).text.splitlines()[2]
        redemption = here.get(promise).redemption_id
        assert len(said) == 2
        for secret in (promise, redemption, NOTE, text):
            assert secret in everything(here.town)
            assert secret not in everything(elsewhere)
            assert all(secret.encode() not in envelope.payload for envelope in said)


def test_no_message_between_cities_has_a_word_for_promises() -> None:
    seen = set[str]()

    def words(file: FileDescriptor) -> Iterator[str]:
        if file.name in seen:
            return
        seen.add(file.name)
        for message in file.message_types_by_name.values():
            yield from within(message)
        for other in file.dependencies:
            yield from words(other)

    def within(message: Descriptor) -> Iterator[str]:
        yield message.full_name
        yield from (field.full_name for field in message.fields)
        for inner in message.nested_types:
            yield from within(inner)

    files = (federation_service_pb2, trial_service_pb2, agreement_pb2, attestation_pb2)
    found = [word for file in files for word in words(file.DESCRIPTOR)]
    assert found
    assert [word for word in found if "promise" in word.lower()] == []


def test_a_broken_promise_that_was_none_is_objected_to_and_counts_no_more(here: Library) -> None:
    work, promise = broken(here)
    assert work.points() == 20
    case = work.object("it was returned")
    assert work.points() == 30
    assert work.move(case, CaseMove.GRANT).state.value == "granted"
    assert work.points() == 30
    assert work.record().state.value == "withdrawn"
    with refused(OWN_RECORD_UNKNOWN):
        work.object("again")
    assert here.get(promise).note == NOTE


def test_a_refused_objection_to_a_promise_leaves_it_counted(here: Library) -> None:
    work, _ = broken(here)
    work.moved(work.object(), CaseMove.REFUSE)
    assert work.points() == 20


def test_a_broken_promise_is_repaired_like_any_record(here: Library) -> None:
    work, _ = broken(here)
    work.moved(work.apply(), CaseMove.GRANT)
    assert work.points() == 30
    assert work.record().state.value == "repaired"


def test_somebody_answers_for_a_promise_of_the_most_restricted_class(here: Library) -> None:
    work, _ = broken(here)
    restricted = changed(
        made_catalogue(),
        indicator("promise.broken", -10, attestable=False, disclosure_class=DisclosureClass.D),
    )
    here.stage.act(here.town, lambda tx: tx.administration.put_indicators(restricted))
    # Nobody sees it in a list, and it can be disputed all the same.
    reading, office = here.town.cases.reading, Caller(Role.DEPARTMENT, OFFICE)
    seen = here.stage.act(
        here.town,
        lambda tx: reading.of_document(tx, office, work.number, "a licence", ALL),
    )
    assert SOURCE not in {each.record.key.source for each in seen.page.items}
    assert work.moved(work.object(), CaseMove.GRANT).state.value == "granted"


def test_an_erased_residents_promise_is_gone_for_the_venue_too(here: Library) -> None:
    number, resident = enrolled(here)
    here.stage.run(here.town.record(number, 30))
    used, unused = here.used(resident), here.promise(resident)
    decision = here.decision(here.resident())
    here.stage.run(here.town.cases.erasing.erase(resident, number))
    for promise in (used, unused):
        with refused(UNKNOWN):
            here.close(promise)
        with pytest.raises(Exception, match="PROMISE_NOT_THEIRS"):
            here.redeem(decision, promise)
        assert promise not in everything(here.town)
    with refused(UNKNOWN):
        here.promise(resident)


def enrolled(here: Library) -> tuple[str, str]:
    number, desk = fictional_id(555_000), here.town.cases.residents
    found = here.stage.act(here.town, lambda tx: desk.enrol(tx, DocumentKind.RESIDENT_ID, number))
    return number, found.resident_id


def broken(here: Library) -> tuple[Casework, str]:
    """A resident of 30 points who broke a promise, and the case work on its record."""
    number, resident = enrolled(here)
    here.stage.run(here.town.record(number, 30))
    promise = here.used(resident)
    here.after(OVER)
    here.close(promise, kept=False, note=NOTE)
    assert len(here.told(resident, NoticeKind.PROMISE_BROKEN)) == 1
    return Casework(here.stage, here.town, number, resident, RecordKey(SOURCE, promise)), promise
