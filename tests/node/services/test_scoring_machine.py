"""Random interleavings of everything that can happen to records: kept sums are always true.

The machine acts through the use cases that the ports call. After each step everybody's sums of
today equal what the records come to from nothing, and whoever sees a standing sees that.
"""

import itertools
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from federation.errors import HutongError
from federation.scale import Standing
from node import data
from node.indicators import Direction, IndicatorCatalogue, months_after
from node.model import Caller, DocumentKind, PageRequest, Resident, Role
from node.ports import Transaction
from node.records import CaseMove, CaseState, NoticeKind, Record, RecordKey, RecordState
from node.services.explaining import StandingReport
from node.services.standing import current, find_resident, standing_of
from node.store.record_tables import RECORDS
from node.store.records import _record
from tests.node.catalogue import OFFICE, changed, indicator, made_catalogue, row
from tests.node.services.stage import Stage, staged
from tests.node.services.world import fictional_id

LONG: Final = settings.get_current_profile_name() == "long"
HOME: Final = "410100"
ALL: Final = PageRequest(200, "")
RESIDENT: Final = Caller(Role.RESIDENT, "app")
OFFICER: Final = Caller(Role.DEPARTMENT, f"{OFFICE}.wang")
OPERATOR: Final = Caller(Role.OPERATOR, "chen")
DOCUMENTS: Final = tuple(fictional_id(800 + serial) for serial in range(4))
INDICATORS: Final = (
    "add-32", "add-64", "ded-16", "ded-64", "minor", "ordinary", "local-add", "local-ded",
    "short", "honour.blood-donor",
)  # fmt: skip
# Days around the beginning of the world: past, today's, and to come.
DAYS: Final = ("2026-11-01", "2026-10-25", "2026-10-26", "2026-11-24", "2026-11-26")
ENDS: Final = ("", "2026-11-25", "2026-11-27", "2026-12-03")
CHANGES: Final = (
    (indicator("add-32", 5),),
    (indicator("add-32", 200, attestable=False),),
    (indicator("ded-64", 3), indicator("short", -10, retention_months=24)),
    (indicator("local-add", 30),),
    (indicator("minor", 10), indicator("honour.blood-donor", 7)),
)
SCALES: Final = ("value = 120", "value = 115", "value = 130")

_Row = tuple[str, str, str, str]
ROWS: Final = st.tuples(
    st.sampled_from(DOCUMENTS),
    st.sampled_from(INDICATORS),
    st.sampled_from(DAYS),
    st.sampled_from(ENDS),
)


@dataclass(frozen=True)
class _Looked:
    """One resident, as everything that can be asked about one answers now."""

    kept: Resident
    today: Resident
    report: StandingReport
    attested: Standing
    changes: tuple[tuple[str, str], ...]


class Machine(RuleBasedStateMachine):
    """One city, four documents, and whatever order of events."""

    def __init__(self) -> None:
        super().__init__()
        self._resources = ExitStack()
        folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory()))
        self._stage: Stage = self._resources.enter_context(
            staged(lambda name: f"sqlite:///{folder / name}.sqlite", HOME)
        )
        self._town = self._stage[HOME]
        self._enrolled: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._keys: dict[RecordKey, str] = {}

    def teardown(self) -> None:
        self._resources.close()

    # What happens.

    @initialize(rows=st.lists(ROWS, min_size=6, max_size=10))
    def some_take_part(self, rows: list[_Row]) -> None:
        for document in DOCUMENTS[:2]:
            self.enrol(document)
        self.load(rows)

    @rule(document=st.sampled_from(DOCUMENTS))
    def enrol(self, document: str) -> None:
        kind, desk = DocumentKind.RESIDENT_ID, self._town.cases.residents
        enrolled = self._act(lambda tx: desk.enrol(tx, kind, document))
        assert enrolled.before == (document in self._enrolled)
        self._enrolled[document] = enrolled.resident_id

    @rule(document=st.sampled_from(DOCUMENTS), data=st.data())
    def erase(self, document: str, data: Any) -> None:  # noqa: ANN401 - hypothesis has no type for it
        resident = self._enrolled.get(document)
        # Seldom: else nobody is left to do anything.
        if resident is None or data.draw(st.integers(0, 3)):
            return
        self._stage.run(self._town.cases.erasing.erase(resident, document))
        del self._enrolled[document]
        self._keys = {key: of for key, of in self._keys.items() if of != document}

    @rule(rows=st.lists(ROWS, min_size=1, max_size=4))
    def load(self, rows: list[_Row]) -> None:
        sent = []
        for document, name, day, ends in rows:
            number = f"r-{next(self._numbers)}"
            self._keys[RecordKey(OFFICE, number)] = document
            sent.append(row(document, number, indicator=name, occurred_on=day, ends_on=ends))
        recording = self._town.cases.recording
        report = self._act(lambda tx: recording.load(tx, OFFICE, sent))
        for bad in report.quarantined:
            self._keys.pop(RecordKey(OFFICE, bad.row.record_number), None)
        # The same file again changes nothing.
        again = self._act(lambda tx: recording.load(tx, OFFICE, sent))
        assert again.accepted == 0

    @precondition(lambda self: self._keys)
    @rule(
        data=st.data(),
        name=st.sampled_from(INDICATORS),
        day=st.sampled_from(DAYS),
        other=st.sampled_from((None, *DOCUMENTS)),
    )
    def correct(self, data: Any, name: str, day: str, other: str | None) -> None:  # noqa: ANN401
        key = self._some_key(data)
        document = other or self._keys[key]
        sent = replace(
            row(document, key.record_number, indicator=name, occurred_on=day),
            action="correct",
            revision=self._record(key).revision,
        )
        report = self._act(lambda tx: self._town.cases.recording.load(tx, OFFICE, [sent]))
        if report.accepted:
            self._keys[key] = document

    @precondition(lambda self: self._keys)
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:  # noqa: ANN401
        key = self._some_key(data)
        sent = replace(
            row(self._keys[key], key.record_number),
            action="withdraw",
            revision=self._record(key).revision,
        )
        self._act(lambda tx: self._town.cases.recording.load(tx, OFFICE, [sent]))

    @precondition(lambda self: self._keys)
    @rule(data=st.data())
    def dispute(self, data: Any) -> None:  # noqa: ANN401
        key = self._some_key(data)
        resident = self._enrolled.get(self._keys[key])
        if resident is None:
            return
        desk = self._town.cases.objecting
        self._try(lambda tx: desk.open(tx, RESIDENT, resident, key, "不是我"))

    @precondition(lambda self: self._keys)
    @rule(data=st.data())
    def apply_for_repair(self, data: Any) -> None:  # noqa: ANN401
        key = self._some_key(data)
        resident = self._enrolled.get(self._keys[key])
        if resident is None:
            return
        desk = self._town.cases.repairing
        self._try(
            lambda tx: desk.apply(
                tx,
                RESIDENT,
                resident,
                key,
                statement="已改正",
                evidence="缴款书 8",
                promise="不再犯",
            )
        )

    @precondition(lambda self: self._enrolled)
    @rule(data=st.data(), granted=st.booleans())
    def answer(self, data: Any, granted: bool) -> None:  # noqa: ANN401
        """Whoever owes the next answer gives it; who was refused appeals, or takes it back."""
        resident = data.draw(st.sampled_from(sorted(self._enrolled.values())))
        cases = self._act(lambda tx: tx.cases.of_resident(resident, ALL)).items
        if not cases:
            return
        case = data.draw(st.sampled_from(cases))
        desk, case_id = self._town.cases.case_desk, case.case_id
        if case.state is CaseState.REFUSED:
            self._try(lambda tx: desk.appeal(tx, RESIDENT, resident, case_id, "请再看"))
        elif case.state is CaseState.APPEALED:
            self._try(
                lambda tx: desk.decide_appeal(tx, OPERATOR, case_id, granted=granted, reason="是")
            )
        elif data.draw(st.integers(0, 4)) == 0:
            self._try(lambda tx: desk.withdraw(tx, RESIDENT, resident, case_id))
        else:
            move = CaseMove.GRANT if granted else CaseMove.REFUSE
            self._try(lambda tx: desk.decide(tx, OFFICER, case_id, move, "如此"))

    @rule(which=st.sampled_from(CHANGES), counted=st.booleans())
    def new_catalogue(self, which: tuple[Any, ...], counted: bool) -> None:
        def put(tx: Transaction) -> None:
            known = tx.registry.indicators or made_catalogue()
            rules = replace(known.rules, disputed_count=counted)
            tx.administration.put_indicators(replace(changed(known, *which), rules=rules))

        self._act(put)

    @rule(line=st.sampled_from(SCALES))
    def new_scale(self, line: str) -> None:
        text = data.path("zhengzhou/scale.toml").read_text("utf-8")
        content = text.replace("value = 120", line).encode()
        desk = self._town.cases.catalogue
        self._act(lambda tx: desk.load_scale(tx, "scale.toml", content))

    @rule(days=st.sampled_from((1, 1, 1, 2, 5, 25, 95)))
    def days_pass(self, days: int) -> None:
        self._town.clock.forward(timedelta(days=days))

    @rule()
    def midnight_comes(self) -> None:
        """To the last instant of the city's day, or from there into the next one."""
        now = self._town.clock.now()
        midnight = datetime(now.year, now.month, now.day, 16, tzinfo=UTC)
        last = midnight - timedelta(microseconds=1)
        if now < last:
            self._town.clock.forward(last - now)
        elif now < midnight:
            self._town.clock.forward(midnight - now)

    @rule()
    def answers_fall_overdue(self) -> None:
        self._stage.run(self._town.cases.case_desk.tick())

    @rule()
    def the_timer_walks(self) -> None:
        before = self._look()
        self._stage.run(self._town.cases.rescoring.walk())
        assert self._act(self._town.cases.rescoring.waiting).count == 0
        for resident, after in self._look().items():
            assert after.kept == after.today
            seen = before[resident]
            assert (after.report, after.attested) == (seen.report, seen.attested)
            assert _sums(after.today) == _sums(seen.today)

    # What is always so.

    @invariant()
    def everybodys_sum_is_what_the_records_come_to(self) -> None:
        here, catalogue = self._town.cases.here, self._town.store.registry.indicators
        by_person = defaultdict[int, list[Record]](list)
        for record in self._all_records():
            by_person[record.person].append(record)
        looked = self._look()
        assert looked.keys() == set(self._enrolled.values())
        for found in looked.values():
            records = by_person[found.kept.person]
            wanted = _from_nothing(records, catalogue, here.day(here.now()))
            assert _sums(found.today) == wanted
            listed = (each.indicator for each in found.report.records if each.counts)
            assert sum(each.effect_milli for each in listed if each) == wanted[0]
            assert found.report.points_milli == wanted[0]
            assert found.report.shared == found.attested
            assert all(before != after for before, after in found.changes)

    # How it is looked at.

    def _act(self, use_case: Any) -> Any:  # noqa: ANN401 - whatever the use case gives
        return self._stage.act(self._town, use_case)

    def _try(self, use_case: Any) -> None:  # noqa: ANN401
        """What may be refused; then nothing happens."""
        try:
            self._act(use_case)
        except HutongError:
            return

    def _look(self) -> dict[str, _Looked]:
        """Everybody who takes part."""
        cases = self._town.cases
        today = cases.here.day(cases.here.now())

        def look(tx: Transaction) -> dict[str, _Looked]:
            found = dict[str, _Looked]()
            for resident_id in self._enrolled.values():
                kept = find_resident(tx, resident_id)
                report = cases.standings.report(tx, resident_id)
                told = tx.notices.page(resident_id, ALL).items
                fields = [dict(n.fields) for n in told if n.kind is NoticeKind.BAND_CHANGED]
                found[resident_id] = _Looked(
                    kept=kept,
                    today=current(tx, kept, today),
                    report=report,
                    attested=standing_of(tx, kept, report.scale, today),
                    changes=tuple((each["before"], each["after"]) for each in fields),
                )
            return found

        looked: dict[str, _Looked] = self._act(look)
        return looked

    def _all_records(self) -> list[Record]:
        """Every record in whatever state, past what use cases read them through."""
        with self._town.store._engine.connect() as connection:
            return [_record(tuple(each)) for each in connection.execute(RECORDS.select())]

    def _some_key(self, draw: Any) -> RecordKey:  # noqa: ANN401
        key: RecordKey = draw.draw(st.sampled_from(sorted(self._keys)))
        return key

    def _record(self, key: RecordKey) -> Record:
        found: dict[RecordKey, Record] = self._act(lambda tx: tx.records.find([key]))
        return found[key]


def _from_nothing(
    records: list[Record], catalogue: IndicatorCatalogue | None, day: date
) -> tuple[int, int, tuple[str, ...]]:
    """What records come to, told a second time and in other words than the code that is tested."""
    assert catalogue is not None
    shut = {RecordState.WITHDRAWN, RecordState.REPAIRED}
    points, shared, honours = 0, 0, set[str]()
    for record in records:
        known = catalogue.indicators[record.indicator_id]
        ends = months_after(record.occurred_on, known.retention_months)
        silent = record.overdue or (record.disputed and not catalogue.rules.disputed_count)
        if record.state in shut or silent or day < record.occurred_on or day >= ends:
            continue
        if record.ends_on is not None and day >= record.ends_on:
            continue
        sign = -1 if known.direction is Direction.DEDUCTS else 1
        points += sign * known.points_milli
        shared += sign * known.points_milli * known.attestable
        honours |= {known.commendation} if known.commendation else set()
    return points, shared, tuple(sorted(honours))


def _sums(resident: Resident) -> tuple[int, int, tuple[str, ...]]:
    return resident.points_milli, resident.shared_milli, resident.commendations


# A failure is made small before it is shown, which takes longer than a test does.
TestScoring = pytest.mark.timeout(900)(Machine.TestCase)
TestScoring.settings = settings(max_examples=400 if LONG else 30, stateful_step_count=30)
