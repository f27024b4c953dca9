"""What is removed when nobody can ask for it any more, and what never is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from federation.limits import ATTESTATION_LIFETIME
from node import limits, record_limits
from node.model import Counter
from node.ports import Transaction
from node.store.incentive_tables import CHECKS
from node.store.residents import DECOY_CODE
from node.store.tables import ANSWERS, CODES, DECISIONS, METADATA, QUESTIONS, USES
from tests.conftest import NewStore
from tests.node.store.rig import (
    NOW,
    Desk,
    answer,
    check,
    code,
    consent,
    decision,
    entry,
    opened,
    question,
    recognition,
    record,
    redemption,
    resident,
    text_id,
    use,
)

INSTANT = timedelta(microseconds=1)
SWEPT = (
    (ANSWERS, NOW + limits.ANSWERS_KEPT),
    (CODES, code().expires_at + limits.CODES_KEPT),
    (QUESTIONS, NOW + limits.ENDED_KEPT),
    (DECISIONS, decision().expires_at + limits.VISITS_KEPT),
    (CHECKS, check().expires_at + limits.VISITS_KEPT),
    (USES, NOW + limits.ENDED_KEPT),
)


def fill(tx: Transaction) -> None:
    """A row in each table that use cases write, by people who are long gone."""
    tx.residents.add(resident(1))
    tx.records.add([record(1)])
    tx.consents.add(consent(1), b"p" * 32)
    tx.consents.add_code(code(1))
    tx.uses.add(use(1))
    tx.uses.add(use(2, text_id(1)))
    tx.recognitions.ask(question(1))
    tx.recognitions.put(recognition(1))
    tx.redemptions.decide([decision(1)])
    tx.checks.add(check(1))
    tx.redemptions.add(redemption(1))
    tx.redemptions.count(Counter("library-card", "total", 5))
    tx.answers.record(answer(1))
    tx.log.append(entry(1, text_id(1)))


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("one")) as found:
        found.run(fill)
        yield found


def counts(desk: Desk) -> dict[str, int]:
    return {table.name: len(desk.rows(table)) for table in METADATA.sorted_tables}


def ends(table: sa.Table) -> int:
    """How many rows of a table were there before, for ever to stay: the decoy, a resident's use."""
    return 1 if table in (CODES, USES) else 0


@pytest.mark.parametrize("place", range(len(SWEPT)), ids=[t.name for t, _ in SWEPT])
def test_a_row_goes_the_instant_after_its_time_and_not_before(desk: Desk, place: int) -> None:
    table, last = SWEPT[place]
    desk.clock.instant = last
    desk.sweep()
    assert len(desk.rows(table)) == 1 + ends(table)
    desk.clock.instant = last + INSTANT
    desk.sweep()
    assert len(desk.rows(table)) == ends(table)


def test_nothing_else_ever_goes(desk: Desk) -> None:
    before = counts(desk)
    desk.clock.instant = NOW + timedelta(days=3650)
    assert desk.sweep() == len(SWEPT)
    gone = {table.name for table, _ in SWEPT}
    assert counts(desk) == {
        name: count - 1 if name in gone else count for name, count in before.items()
    }
    assert [row.code_digest for row in desk.rows(CODES)] == [DECOY_CODE]
    assert [row.resident_id for row in desk.rows(USES)] == [text_id(1)]
    assert desk.sweep() == 0


def test_nothing_goes_before_its_time(desk: Desk) -> None:
    before = counts(desk)
    desk.clock.instant = NOW + limits.ANSWERS_KEPT
    assert desk.sweep() == 0
    assert counts(desk) == before


def test_the_consents_that_lead_to_attestations_outlive_them() -> None:
    # Without its consent an attestation would be found by nobody, and outlive an erasure.
    longest = max(ATTESTATION_LIFETIME, limits.DOMESTIC_ATTESTATION_LIFETIME)
    assert longest + limits.ATTESTATIONS_KEPT < record_limits.CONSENTS_KEPT


def test_more_than_one_transaction_removes_is_removed_in_several(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SWEEP_ROWS", 3)
    for serial in range(2, 9):
        kept = answer(serial)
        desk.run(lambda tx, a=kept: tx.answers.record(a))  # type: ignore[misc]
    desk.clock.instant = NOW + limits.ANSWERS_KEPT + INSTANT
    assert desk.sweep() >= 8
    assert desk.rows(ANSWERS) == []
