"""What a resident is told of the own standing: whole, adding up, and in both languages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from federation.scale import Scale
from node.indicators import Indicator, IndicatorCatalogue, months_after
from node.limits import LOCAL_ANSWER_BYTES
from node.record_limits import STANDING_CHANGES
from node.records import Record, RecordKey
from node.services.explaining import StandingReport, explain
from node.transport.standing import advice, standing_to_wire
from tests.node.services.counting import (
    DAY,
    RULES,
    catalogue,
    indicator,
    record,
    records,
    scale_of,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
ZHENGZHOU = scale_of("zhengzhou")


def told(
    found: Sequence[Record],
    *indicators: Indicator,
    scale: Scale = ZHENGZHOU,
    known: IndicatorCatalogue | None = None,
    today: date = DAY,
) -> StandingReport:
    return explain(found, known or catalogue(*indicators), scale, NOW, today)


def test_what_is_listed_adds_up_to_what_is_shown() -> None:
    report = told(records("up", "up", "down", "gone"), indicator("up", 15), indicator("down", -4))
    wire = standing_to_wire(report)
    assert sum(each.points_milli for each in wire.records if each.counts) == wire.points_milli
    assert wire.base_milli + wire.points_milli == wire.score_milli == 126_000
    assert (wire.band_id, wire.band_zh, wire.scale_en) == ("excellent", "优秀", "Shangding score")
    assert (wire.catalogue_version, wire.as_of.seconds) == (1, int(NOW.timestamp()))


def test_each_record_says_what_it_is_whose_and_until_when() -> None:
    wire = standing_to_wire(told([record("down")], indicator("down", -4, attestable=False)))
    found = wire.records[0]
    assert (found.source, found.record_number, found.revision) == ("office", "r-1", 1)
    assert (found.indicator, found.indicator_zh, found.indicator_en) == (
        "down", "事项 down", "act down",
    )  # fmt: skip
    assert (found.department_zh, found.department_en) == ("办公室", "the office")
    assert (found.occurred_on, found.counts_until) == ("2026-03-01", "2027-03-01")
    assert (found.repairable_from, found.disclosure_class) == ("2026-06-01", "B")
    assert (found.legal_basis, found.evidence) == ("a law", "document 7")
    assert (found.counts, found.disputed, found.attestable) == (True, False, False)


def test_a_record_of_an_indicator_that_is_gone_is_shown_and_counts_nothing() -> None:
    wire = standing_to_wire(told(records("gone")))
    found = wire.records[0]
    assert (found.indicator, found.indicator_zh, found.points_milli) == ("gone", "", 0)
    assert (found.counts, found.counts_until, wire.points_milli) == (False, "", 0)


def test_an_ended_record_is_not_listed_but_a_disputed_and_a_coming_one_is() -> None:
    ended = record("a", DAY - timedelta(days=500), number="ended")
    disputed = replace(record("a", number="disputed"), disputed=True)
    coming = record("a", DAY + timedelta(days=5), number="coming")
    wire = standing_to_wire(told([coming, disputed, ended], indicator("a", 7)))
    assert [(r.record_number, r.counts, r.disputed) for r in wire.records] == [
        ("coming", False, False),
        ("disputed", False, True),
    ]
    assert wire.points_milli == 0


def test_a_promise_names_no_department_and_is_not_called_by_its_id() -> None:
    kept = replace(record("kept"), key=RecordKey("promises", "p-1"))
    wire = standing_to_wire(told([kept], indicator("kept", 2)))
    assert (wire.records[0].department_zh, wire.records[0].department_en) == (
        "信用承诺",
        "promises",
    )


def test_other_cities_may_be_told_of_attestable_records_alone() -> None:
    found = records("here", "both")
    wire = standing_to_wire(
        told(found, indicator("here", -30, attestable=False), indicator("both", 25))
    )
    assert (wire.score_milli, wire.band_id) == (95_000, "minor-dishonesty")
    assert (wire.shared_score_milli, wire.shared_band_id) == (125_000, "excellent")
    assert (wire.shared_band_zh, wire.exportable) == ("优秀", True)


def test_time_alone_is_told_ahead_to_each_day_and_no_further_than_a_page() -> None:
    many = [record("a", DAY - timedelta(days=each), number=f"r-{each}") for each in range(30)]
    wire = standing_to_wire(told(many, indicator("a", 2)))
    assert len(wire.changes) == STANDING_CHANGES
    ends = [months_after(DAY - timedelta(days=each), 12) for each in range(29, -1, -1)]
    assert [change.on for change in wire.changes] == [
        day.isoformat() for day in sorted(set(ends))[:STANDING_CHANGES]
    ]
    for change in wire.changes:
        then = told(many, indicator("a", 2), today=date.fromisoformat(change.on))
        assert change.score_milli == then.standing.score_milli
        assert (change.band_id, change.band_zh) == (
            then.standing.band_id,
            ZHENGZHOU.band(then.standing.band_id).name_zh,
        )


@pytest.mark.parametrize(
    ("points", "zh", "en"),
    [
        ((15,), "再增加 5 分可达“优秀”。", "+5 reaches “excellent”."),
        ((50,), "再增加超过 0 分可达“极好”。", "More than +0 reaches “outstanding”."),
        ((51,), "已处于最高档。", "This is the highest band."),
        # The score ends at 0; the sum does not, and it is the sum that has to be made up for.
        ((-90, -60), "再增加 130 分可达“轻微失信”。", "+130 reaches “minor dishonesty”."),
    ],
)
def test_the_way_to_the_next_band_is_from_the_sum_not_from_a_score_that_was_cut(
    points: tuple[int, ...], zh: str, en: str
) -> None:
    known = [indicator(f"a{each}", each) for each in points]
    said = advice(told(records(*(f"a{each}" for each in points)), *known))
    assert said[0].startswith(zh)
    assert said[1].startswith(en)


def test_advice_names_what_ends_next_and_the_band_that_it_gives() -> None:
    said = advice(told(records("up"), indicator("up", 20)))
    assert "2027-03-01 起“事项 up”不再计入；届时为 100 分，“良好”。" in said[0]
    assert "From 2027-03-01 no longer counted: “act up”; that gives 100 points, “good”." in said[1]
    coming = [record("up", DAY + timedelta(days=1))]
    said = advice(told(coming, indicator("up", 20)))
    assert "2026-03-02 起“事项 up”开始计入；届时为 120 分，“优秀”。" in said[0]
    assert "From 2026-03-02 newly counted: “act up”" in said[1]


def test_advice_says_from_when_a_repair_may_be_applied_for_and_when_it_may_now() -> None:
    known = catalogue(indicator("down", -9), indicator("worse", -12))
    found = [record("down"), record("worse", DAY + timedelta(days=3), number="r-2")]
    said = advice(told(found, known=known))
    assert "“事项 down”自 2026-06-01 起可以申请信用修复。" in said[0]
    assert "From 2026-06-01 a repair may be applied for of “act down”." in said[1]
    said = advice(told(found, known=known, today=date(2026, 6, 4)))
    assert "“事项 down”、“事项 worse”现在可以申请信用修复。" in said[0]
    assert "A repair may be applied for now of “act down”, “act worse”." in said[1]


def test_a_repair_is_not_promised_of_what_ends_before_it_could_be_applied_for() -> None:
    said = advice(told(records("short"), indicator("short", -9, months=3)))
    assert "修复" not in said[0]
    assert "repair" not in said[1]


@pytest.mark.parametrize(
    ("counted", "overdue", "zh", "en"),
    [
        (False, False, "正在异议处理中，期间不计入", "not counted meanwhile"),
        (True, False, "正在异议处理中，期间仍计入", "counted meanwhile"),
        (True, True, "逾期未答复，答复前不计入", "overdue"),
    ],
)
def test_advice_says_what_becomes_of_a_disputed_record_meanwhile(
    counted: bool, overdue: bool, zh: str, en: str
) -> None:
    known = catalogue(indicator("a", -7), rules=replace(RULES, disputed_count=counted))
    said = advice(told([replace(record("a"), disputed=True, overdue=overdue)], known=known))
    assert zh in said[0]
    assert en in said[1]


def test_advice_on_a_red_list_names_the_commendation_that_leads_there() -> None:
    nanjing = scale_of("nanjing")
    said = advice(told([], scale=nanjing))
    listing = nanjing.listed_by[-1][0]
    assert listing in said[0]
    assert listing in said[1]
    wire = standing_to_wire(told([], scale=nanjing))
    fields = ("base_milli", "score_milli", "shared_score_milli")
    assert not any(wire.HasField(field) for field in fields)


def test_many_names_are_counted_not_strung_together() -> None:
    names = [f"a{each}" for each in range(6)]
    said = advice(told(records(*names), *(indicator(name, 1) for name in names)))
    assert "等 6 项不再计入" in said[0]
    assert "and 3 more" in said[1]


def test_a_standing_of_ten_thousand_records_fits_into_one_answer() -> None:
    longest = replace(
        indicator("a", 7), name_zh="项" * 60, name_en="n" * 120, legal_basis="法" * 80
    )
    many = [record("a", number=f"2026-{each:012d}") for each in range(10_000)]
    assert standing_to_wire(told(many, longest)).ByteSize() < LOCAL_ANSWER_BYTES
