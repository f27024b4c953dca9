"""What must not be kept any longer goes on its day, not before, and nothing else goes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from node import record_limits as kept
from node.indicators import months_after
from node.model import Counter
from node.ports import Transaction
from node.records import (
    CaseState,
    PromiseState,
)
from node.retention import Kept
from node.services.here import Here
from node.services.retaining import RULES, Retaining, first_kept
from node.store import incentive_tables, record_tables, tables, trust_tables
from node.store.sweeping import sweep_statements
from tests.conftest import NewStore
from tests.node.catalogue import changed, indicator, made_catalogue
from tests.node.leavings import dump
from tests.node.services.simulated import SeededEntropy
from tests.node.store.ageing import (
    ACTOR,
    BY_TIME,
    INSTANT,
    KEY,
    REPAIRED,
    WITHDRAWN,
    ZONE,
    Keeper,
    case,
    everything,
    moved,
    promise,
    quarantined,
    read,
)
from tests.node.store.rig import (
    HOME,
    NOW,
    entry,
    opened,
    recognition,
    record,
    reservation,
    resident,
    text_id,
)


@pytest.fixture
def keeper(new_store: NewStore) -> Iterator[Keeper]:
    with opened(new_store("one")) as desk:
        yield Keeper(desk)


@pytest.mark.parametrize("kind", BY_TIME, ids=[kind.value for kind in BY_TIME])
def test_a_row_goes_the_instant_after_its_time_and_not_before(keeper: Keeper, kind: Kept) -> None:
    keep, span = BY_TIME[kind]
    assert RULES[kind] == span
    keeper.keep(keep)
    assert keeper.at(NOW + span).get(kind.value, 0) == 0
    assert keeper.at(NOW + span + INSTANT)[kind.value] == 1
    assert keeper.run() == {}


def test_every_kind_that_has_a_time_is_tried() -> None:
    assert set(BY_TIME) == set(RULES)


@pytest.mark.parametrize("months", [1, 2, 3, 6, 11, 12, 13, 24, 59, 60, 120])
def test_no_record_goes_a_day_too_early_or_too_late(months: int) -> None:
    """All days of four years, a leap year among them."""
    for place in range(4 * 366):
        today = date(2026, 1, 1) + timedelta(days=place)
        first = first_kept(today, months)
        assert (
            months_after(first - timedelta(days=1), months) <= today < months_after(first, months)
        )


def test_a_record_goes_on_its_day_at_midnight_of_the_city(keeper: Keeper) -> None:
    # The last day of a month: a month later there is no such day, and it counts until the 30th.
    sent = replace(record(1), indicator_id="short", occurred_on=date(2026, 10, 31), ends_on=None)
    keeper.keep(lambda tx: tx.records.add([sent]), lambda tx: tx.records.add_moves([moved()]))
    midnight = datetime(2026, 11, 29, 16, tzinfo=UTC)
    assert keeper.at(midnight - INSTANT) == {}
    assert keeper.at(midnight) == {"records": 1, "record_moves": 1}
    assert keeper.count(record_tables.RECORDS) == keeper.count(record_tables.RECORD_MOVES) == 0


def test_a_record_with_an_end_of_its_own_is_kept_for_its_retention_all_the_same(
    keeper: Keeper,
) -> None:
    sent = replace(record(1), indicator_id="add-1", ends_on=date(2026, 1, 16))
    keeper.keep(lambda tx: tx.records.add([sent]))
    assert keeper.at(datetime(2031, 1, 14, 15, tzinfo=UTC)) == {}
    assert keeper.at(datetime(2031, 1, 14, 16, tzinfo=UTC)) == {"records": 1}


@pytest.mark.parametrize("state", [s for s in CaseState if s.is_open])
def test_a_record_in_an_open_case_waits_for_its_end(keeper: Keeper, state: CaseState) -> None:
    sent = replace(record(1), indicator_id="short")
    keeper.keep(lambda tx: tx.records.add([sent]), lambda tx: tx.cases.add(case(1, state)))
    assert keeper.run() == {}
    keeper.keep(lambda tx: tx.cases.put(case(1, CaseState.WITHDRAWN), state=state))
    assert keeper.run() == {"records": 1}
    assert keeper.count(record_tables.CASES) == 1


def test_a_case_that_opens_between_the_look_and_the_removal_keeps_its_record(
    keeper: Keeper,
) -> None:
    sent = replace(record(1), indicator_id="short")
    keeper.keep(lambda tx: tx.records.add([sent]))
    found = keeper.desk._runner.run(keeper.retaining._ended(NOW))
    what = next(each for each in found if each.indicator == "short")
    portion = keeper.desk.read(lambda tx: tx.removal.ended(what, None))
    assert len(portion.places) == 1
    keeper.keep(lambda tx: tx.cases.add(case(1, CaseState.OPEN)))
    assert keeper.desk.run(lambda tx: tx.removal.remove(what, portion.places)) == {}
    assert keeper.count(record_tables.RECORDS) == 1


@pytest.mark.parametrize(
    ("keep", "span"),
    [(WITHDRAWN, kept.WITHDRAWN_KEPT), (REPAIRED, kept.REPAIRED_KEPT)],
    ids=["withdrawn", "repaired"],
)
def test_what_is_over_is_emptied_and_its_number_stays_until_no_file_could_bring_it_back(
    keeper: Keeper, keep: Callable[[Transaction], object], span: timedelta
) -> None:
    keeper.keep(keep)
    removed = keeper.at(NOW + span + INSTANT)
    assert removed["record_moves"] == 1
    (left,) = keeper.desk.rows(record_tables.RECORDS)
    assert (left.source, left.record_number) == (KEY.source, KEY.record_number)
    assert (left.indicator_id, left.area, left.evidence) == ("", "", "")
    assert keeper.at(datetime(2031, 1, 14, 15, tzinfo=UTC)) == {}
    assert keeper.at(datetime(2031, 1, 14, 16, tzinfo=UTC)) == {"records": 1}


def test_a_record_whose_indicator_was_dropped_is_kept_as_long_as_the_longest(
    keeper: Keeper,
) -> None:
    sent = replace(record(1), indicator_id="nobody-knows-it")
    keeper.keep(
        lambda tx: tx.records.add([sent]),
        lambda tx: tx.administration.put_indicators(
            changed(made_catalogue(), indicator("long", 1, retention_months=120))
        ),
    )
    assert keeper.at(datetime(2036, 1, 14, 15, tzinfo=UTC)) == {}
    assert keeper.at(datetime(2036, 1, 14, 16, tzinfo=UTC)) == {"records": 1}


def test_without_a_catalogue_no_record_goes(new_sqlite: NewStore) -> None:
    with opened(new_sqlite("one")) as desk:
        desk.run(lambda tx: tx.records.add([record(1)]))
        here = Here(HOME, ZONE, desk.clock, SeededEntropy(7))
        desk.clock.instant = NOW + timedelta(days=36500)
        removed = desk._runner.run(Retaining(here, desk.store).run(ACTOR))
        assert {each.kind: each.count for each in removed if each.count} == {}


def test_a_catalogue_that_comes_in_the_middle_of_a_run_keeps_what_it_keeps(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "RETENTION_ROWS", 1)
    for serial in (1, 2, 3):
        sent = replace(record(serial), indicator_id="short")
        keeper.keep(lambda tx, s=sent: tx.records.add([s]))  # type: ignore[misc]
    longer = changed(made_catalogue(), indicator("short", -10, retention_months=60))
    store, before = keeper.desk.store, keeper.desk.store.run

    async def run(use_case: Callable[[Transaction], object]) -> object:
        found = await before(use_case)
        if store.registry.indicators == made_catalogue():
            await before(lambda tx: tx.administration.put_indicators(longer))
        return found

    monkeypatch.setattr(store, "run", run)
    assert keeper.run() == {"records": 1}
    assert keeper.count(record_tables.RECORDS) == 2


@pytest.mark.parametrize(("rows", "walk"), [(1, 1), (2, 3), (3, 2), (500, 20_000)])
def test_small_portions_remove_all_of_it(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, rows: int, walk: int
) -> None:
    monkeypatch.setattr(kept, "RETENTION_ROWS", rows)
    monkeypatch.setattr(kept, "RETENTION_WALK", walk)
    for serial in range(1, 8):
        old = replace(record(serial, serial), indicator_id="short")
        young = replace(record(100 + serial, 100 + serial), indicator_id="add-1")
        visit = replace(recognition(serial, bytes([serial]) * 32), ended_at=NOW)
        keeper.keep(
            lambda tx, o=old, y=young: tx.records.add([o, y]),  # type: ignore[misc]
            lambda tx, s=serial: tx.records.add_persons({bytes([s]) * 32: s}),  # type: ignore[misc]
            lambda tx, s=serial: tx.records.add_persons({bytes([100 + s]) * 32: 100 + s}),  # type: ignore[misc]
            lambda tx, v=visit: tx.recognitions.put(v),  # type: ignore[misc]
            lambda tx, v=visit: tx.log.append(entry(int(v.recognition_id[-3:]), v.recognition_id)),  # type: ignore[misc]
        )
    keeper.desk.clock.instant = NOW + kept.RECOGNITIONS_ENDED_KEPT + INSTANT
    wanted = {"records": 7, "persons": 7, "ended_recognitions": 7, "log_salts": 7}
    assert keeper.run() == wanted
    assert keeper.count(record_tables.RECORDS) == keeper.count(record_tables.PERSONS) == 7
    assert keeper.count(trust_tables.LOG_ENTRIES) == 7 + 1


def test_counts_of_past_days_go_and_totals_stay(keeper: Keeper) -> None:
    scopes = [
        "total",
        *(f"day:2026-11-{day}" for day in (21, 22, 23, 24)),
        *(f"resident-day:2026-11-{day}:{text_id(1)}" for day in (21, 22, 23, 24)),
    ]
    for scope in scopes:
        keeper.keep(lambda tx, s=scope: tx.redemptions.count(Counter("library-card", s, 5)))  # type: ignore[misc]
    assert keeper.run() == {"day_counters": 2, "resident_day_counters": 2}
    left = {found.scope for found in keeper.desk.rows(tables.COUNTERS)}
    assert left == {s for s in scopes if s == "total" or "-11-23" in s or "-11-24" in s}


def test_counts_of_periods_go_when_their_period_is_over(keeper: Keeper) -> None:
    """NOW is Tuesday, 24 November 2026."""
    whose = text_id(1)
    over = [
        f"resident-week:2026-11-16:{whose}",
        f"resident-month:2026-10-01:{whose}",
        f"resident-year:2025-01-01:{whose}",
        f"resident-ever:0001-01-01:{text_id(2)}",
    ]
    going_on = [
        f"resident-week:2026-11-23:{whose}",
        f"resident-month:2026-11-01:{whose}",
        f"resident-year:2026-01-01:{whose}",
        f"resident-ever:0001-01-01:{whose}",
    ]
    keeper.keep(lambda tx: tx.recognitions.put(recognition(1)))
    for scope in over + going_on:
        keeper.keep(lambda tx, s=scope: tx.redemptions.count(Counter("library-card", s, 5)))  # type: ignore[misc]
    kinds = [f"resident_{each}_counters" for each in ("week", "month", "year", "ever")]
    assert keeper.run() == dict.fromkeys(kinds, 1)
    assert {found.scope for found in keeper.desk.rows(tables.COUNTERS)} == set(going_on)


def test_what_was_reserved_is_kept_without_whose_it_was(keeper: Keeper) -> None:
    keeper.keep(lambda tx: tx.reservations.add(reservation(1)))
    assert keeper.at(NOW + kept.RESERVATIONS_NAMED + INSTANT) == {"named_reservations": 1}
    [left] = keeper.desk.rows(incentive_tables.RESERVATIONS)
    assert (left.recognition_id, left.scopes, left.redemption_id) == ("", "", text_id(1))


def test_a_person_of_whom_something_is_kept_stays(keeper: Keeper) -> None:
    keeper.keep(
        *(
            lambda tx, s=serial: tx.records.add_persons({bytes([s]) * 32: s})
            for serial in range(1, 8)
        ),
        lambda tx: tx.residents.add(resident(1)),
        lambda tx: tx.records.add([replace(record(2, 2), indicator_id="add-1")]),
        lambda tx: tx.records.add_moves([replace(moved(), person=3)]),
        lambda tx: tx.quarantine.put([replace(quarantined(), person=4)]),
        lambda tx: tx.cases.add(replace(case(5, CaseState.OPEN), person=5)),
        lambda tx: tx.reads.add([replace(read(), person=6)]),
    )
    assert keeper.run() == {"persons": 1}
    assert sorted(found.person for found in keeper.desk.rows(record_tables.PERSONS)) == [
        1, 2, 3, 4, 5, 6,
    ]  # fmt: skip


def test_what_is_open_never_goes(keeper: Keeper) -> None:
    keeper.keep(
        lambda tx: tx.promises.add(promise(PromiseState.OPEN, None)),
        lambda tx: tx.cases.add(case(1, CaseState.APPEALED)),
        lambda tx: tx.residents.add(resident(1)),
        lambda tx: tx.log.append(entry(1, text_id(1))),
    )
    before = dump(keeper.desk.engine)
    assert keeper.at(NOW + timedelta(days=36500)) == {}
    after = dump(keeper.desk.engine)
    changes = {name for name in before if before[name] != after[name]}
    assert changes == {"log_entries", "log_salts", "log_state", "node_state"}


def test_a_dry_run_changes_nothing_and_counts_what_a_run_removes(keeper: Keeper) -> None:
    everything(keeper)
    before = dump(keeper.desk.engine)
    counted = keeper.run(dry_run=True)
    assert dump(keeper.desk.engine) == before
    assert len(counted) >= len(BY_TIME) - 2
    assert keeper.run() == counted


def test_a_second_run_removes_nothing(keeper: Keeper) -> None:
    everything(keeper)
    assert keeper.run()
    before = dump(keeper.desk.engine)
    assert keeper.run() == {}
    after = dump(keeper.desk.engine)
    changes = {name for name in before if before[name] != after[name]}
    assert changes <= {"log_entries", "log_salts", "log_state", "node_state"}


def test_each_run_leaves_one_trace(keeper: Keeper) -> None:
    for runs in (1, 2):
        keeper.run(dry_run=True)
        keeper.run()
        assert keeper.count(trust_tables.LOG_ENTRIES) == runs


def test_the_timer_runs_once_in_a_night_of_the_city_in_one_of_its_processes(
    keeper: Keeper,
) -> None:
    here = Here(HOME, ZONE, keeper.desk.clock, SeededEntropy(8))
    other = Retaining(here, keeper.desk.store)

    def tick(at: datetime) -> int:
        """How many runs there were in all."""
        keeper.desk.clock.instant = at
        keeper.tick()
        keeper.desk._runner.run(other.tick())
        return keeper.count(trust_tables.LOG_ENTRIES)

    three = datetime(2026, 11, 24, 19, tzinfo=UTC)
    # A city that never ran it does so at once.
    assert tick(NOW) == 1
    assert tick(NOW + timedelta(hours=1)) == 1
    assert tick(three - INSTANT) == 1
    assert tick(three) == 2
    assert tick(three + timedelta(minutes=1)) == 2
    assert tick(three + timedelta(days=1) - INSTANT) == 2
    # It slept for days: one run makes up for them.
    assert tick(three + timedelta(days=5, hours=6)) == 3


def test_a_run_that_failed_is_tried_again(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = keeper.retaining.run

    async def fail(actor: str, *, dry_run: bool = False) -> object:
        raise LookupError

    monkeypatch.setattr(keeper.retaining, "run", fail)
    with pytest.raises(LookupError):
        keeper.tick()
    monkeypatch.setattr(keeper.retaining, "run", whole)
    assert keeper.count(trust_tables.LOG_ENTRIES) == 0
    keeper.tick()
    assert keeper.count(trust_tables.LOG_ENTRIES) == 1


# What no time and no erasure removes, and why: these tables name nobody.
OPERATORS = {
    "own_scales", "partners", "partner_moves", "contacts", "invitations", "partner_scales",
    "agreements", "catalogues", "indicator_catalogues", "node_state",
}  # fmt: skip
# The log itself stays for ever, and what each host is to know of its lists; evidence stays until
# its city is met anew; residents stay until they are erased. A histogram that is forgotten could be
# published again, and what was spent on it bought anew.
FOR_EVER = {
    "log_entries", "log_tiles", "log_state", "status_feeds", "forks", "residents", "histograms",
    "privacy_spendings", "duties",
}  # fmt: skip


# Each ends within minutes by its answer, or as a release that `sweep` ends: one that was removed
# before would leave a use with the home city that nobody gives back.
ANSWERED = {"use_questions"}
# A process says that it lives; the row goes once it says nothing more.
SAID_AGAIN = {"processes"}


def test_every_table_has_an_end_or_a_reason_to_have_none() -> None:
    swept = {str(statement.table) for statement, _ in sweep_statements()}
    walked = {
        "records", "record_moves", "quarantine", "record_loads", "cases", "case_steps", "notices",
        "record_reads", "promises", "consents", "uses", "recognitions", "redemptions", "counters",
        "persons", "log_salts", "consent_receipts",
    }  # fmt: skip
    kept = OPERATORS | FOR_EVER | ANSWERED | SAID_AGAIN
    assert {t.name for t in tables.METADATA.sorted_tables} == swept | walked | kept
