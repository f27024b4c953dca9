"""What residents are told, in the words of both languages."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from node.records import CaseKind, CaseMove, Notice, NoticeKind
from node.registry import Registry
from node.transport.notices import texts_of
from tests.node.catalogue import made_catalogue

ZONE: Final = ZoneInfo("Asia/Shanghai")
NOW: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
EMPTY: Final = Registry(1, (), {}, (), (), None)
REGISTRY: Final = replace(EMPTY, indicators=made_catalogue())
FIELDS: Final = {
    "source": "office",
    "record_number": "r-1",
    "indicator": "minor",
    "case": "0192f0c1-2b3c-7def-8123-456789abcdef",
    "case_kind": "objection",
    "move": "refuse",
    "due_at": "2026-12-14T16:30:00+00:00",
    "before": "good",
    "after": "excellent",
    "incentive": "library-card",
    "city": "330100",
    "consent": "0192f0c1-2b3c-7def-8123-456789abcdee",
    "ends_at": "2026-12-14T16:30:00+00:00",
}


def told(kind: NoticeKind, registry: Registry = REGISTRY, **fields: str) -> tuple[str, str]:
    kept = tuple(sorted((FIELDS | fields).items()))
    return texts_of(Notice("n", "r", NOW, kind, kept), registry, ZONE)


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_told_in_chinese_and_in_english_with_nothing_left_open(
    kind: NoticeKind,
) -> None:
    zh, en = told(kind)
    assert CHINESE.search(zh)
    assert CHINESE.sub("", en) == en
    assert not re.search(r"[{}]", zh + en)
    assert "  " not in en


@pytest.mark.parametrize("move", CaseMove)
@pytest.mark.parametrize("kind", CaseKind)
def test_every_move_of_a_case_has_words_of_its_own(kind: CaseKind, move: CaseMove) -> None:
    if move in (CaseMove.OPEN, CaseMove.FALL_OVERDUE):
        return
    zh, en = told(NoticeKind.CASE_MOVED, case_kind=kind.value, move=move.value)
    assert not zh.endswith(f"{move.value}。")
    assert not en.endswith(f"{move.value}.")
    assert "指标 minor（office r-1）" in zh
    assert "indicator minor (office r-1)" in en


def test_an_instant_is_that_of_the_citys_clock_also_past_midnight() -> None:
    for text in told(NoticeKind.CASE_OPENED):
        assert "2026-12-15 00:30+08:00" in text


def test_what_an_officer_wrote_is_repeated_word_for_word_and_never_read_as_a_template() -> None:
    wrote = "{indicator} %s {0} <b> 说明：{x!r}"
    for text in told(NoticeKind.CASE_MOVED, reason=wrote):
        assert text.endswith(wrote)


def test_a_notice_outlives_the_catalogue_that_it_was_about() -> None:
    zh, en = told(NoticeKind.RECORD_ADDED, registry=EMPTY)
    assert "minor" in zh
    assert "minor" in en


def test_only_an_objection_that_is_overdue_keeps_the_record_from_counting() -> None:
    zh, en = told(NoticeKind.CASE_OVERDUE, case_kind="objection")
    assert ("不计入" in zh, "does not count" in en) == (True, True)
    zh, en = told(NoticeKind.CASE_OVERDUE, case_kind="repair")
    assert ("不计入" in zh, "does not count" in en) == (False, False)


def test_a_notice_without_any_field_is_still_a_sentence() -> None:
    for kind in NoticeKind:
        for text in texts_of(Notice("n", "r", NOW, kind, ()), EMPTY, ZONE):
            assert text.strip()
