"""What residents and visitors see again goes with what it is about, and is read by an index."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from node import record_limits as kept
from node.attested import ConsentReceipt
from node.history import HistoryKind, Visit
from node.store.histories import _SOURCES
from node.store.trust_tables import CONSENT_RECEIPTS, VISITS
from tests.conftest import NewStore
from tests.node.store.ageing import INSTANT, Keeper
from tests.node.store.rig import NOW, consent, opened, recognition, text_id


@pytest.fixture
def keeper(new_store: NewStore) -> Iterator[Keeper]:
    with opened(new_store("one")) as desk:
        yield Keeper(desk)


def test_a_receipt_goes_with_its_consent_and_no_other_does(keeper: Keeper) -> None:
    for serial in (1, 2):
        given = consent(serial)
        if serial == 1:
            given = replace(given, withdrawn_at=NOW)
        receipt = ConsentReceipt(given.consent_id, given.resident_id, 1, b"shown", serial)
        keeper.keep(
            lambda tx, g=given, s=serial: tx.consents.add(g, bytes([s]) * 32),  # type: ignore[misc]
            lambda tx, r=receipt: tx.consent_receipts.add(r),  # type: ignore[misc]
        )
    keeper.at(NOW + kept.CONSENTS_KEPT)
    assert keeper.count(CONSENT_RECEIPTS) == 2
    keeper.at(NOW + kept.CONSENTS_KEPT + INSTANT)
    assert [row.consent_id for row in keeper.desk.rows(CONSENT_RECEIPTS)] == [consent(2).consent_id]


def test_what_a_visitor_did_goes_with_the_recognition(keeper: Keeper) -> None:
    for serial in (1, 2):
        known = recognition(serial, bytes([serial]) * 32)
        if serial == 1:
            known = replace(known, ended_at=NOW)
        about = known.recognition_id
        visit = Visit(text_id(serial), about, NOW, HistoryKind.DECIDED, venue="library")
        keeper.keep(
            lambda tx, k=known: tx.recognitions.put(k),  # type: ignore[misc]
            lambda tx, v=visit: tx.visits.add(v),  # type: ignore[misc]
            # The same again changes nothing.
            lambda tx, v=visit: tx.visits.add(replace(v, venue="elsewhere")),  # type: ignore[misc]
        )
    keeper.at(NOW + kept.RECOGNITIONS_ENDED_KEPT + INSTANT)
    [left] = keeper.desk.rows(VISITS)
    assert (left.recognition_id, left.venue) == (recognition(2).recognition_id, "library")


@pytest.mark.parametrize("source", _SOURCES, ids=[source.kind.name for source in _SOURCES])
def test_no_kind_of_event_is_found_by_reading_a_whole_table(
    new_sqlite: NewStore, source: object
) -> None:
    with opened(new_sqlite("one")) as desk:
        engine = desk.store._engine
        statement = source.statement.compile(  # type: ignore[attr-defined]
            engine, compile_kwargs={"render_postcompile": True}
        )
        with engine.connect() as connection:
            values = dict.fromkeys(statement.params, 0)
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", tuple(values[n] for n in statement.positiontup)
            )
            steps = [row[3] for row in plan if isinstance(row, sa.Row)]
    assert steps
    assert [step for step in steps if step.startswith("SCAN")] == []
