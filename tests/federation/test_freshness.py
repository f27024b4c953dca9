from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import EXPIRED, MALFORMED, NOT_YET_VALID, STALE, HutongError, Reason
from federation.freshness import check_asked_now, check_window
from federation.messages import Header
from tests.federation.make import HANGZHOU, NOW, SKEW, ZHENGZHOU, header, statement_id

MICROSECOND = timedelta(microseconds=1)
HEADER = header("a statement", ZHENGZHOU, HANGZHOU)
LIFE = HEADER.expires_at - HEADER.issued_at


def window_refused(now: datetime, reason: Reason) -> None:
    with pytest.raises(HutongError) as caught:
        check_window(HEADER, "a statement", now)
    assert caught.value.reason == reason


def test_a_statement_made_60_seconds_ahead_of_our_clock_counts() -> None:
    check_window(HEADER, "a statement", NOW - SKEW)


@pytest.mark.parametrize("more", [MICROSECOND, timedelta(seconds=1), timedelta(days=365)])
def test_a_statement_made_further_ahead_is_refused(more: timedelta) -> None:
    window_refused(NOW - SKEW - more, NOT_YET_VALID)


def test_a_statement_is_void_from_its_end_on_without_any_skew() -> None:
    check_window(HEADER, "a statement", NOW + LIFE - MICROSECOND)
    window_refused(NOW + LIFE, EXPIRED)
    window_refused(NOW + 1000 * LIFE, EXPIRED)


def test_a_question_is_stale_after_60_seconds_whatever_end_it_names() -> None:
    check_asked_now(HEADER, "a question", NOW + SKEW)
    for late in (MICROSECOND, timedelta(seconds=1), LIFE):
        with pytest.raises(HutongError) as caught:
            check_asked_now(HEADER, "a question", NOW + SKEW + late)
        assert caught.value.reason == STALE


@given(st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_a_question_counts_for_two_minutes_in_all_and_a_statement_for_its_life(
    after: timedelta,
) -> None:
    now = NOW + after
    try:
        check_window(HEADER, "a question", now)
        check_asked_now(HEADER, "a question", now)
    except HutongError:
        assert not -SKEW <= after <= SKEW
    else:
        assert -SKEW <= after <= SKEW


def test_the_clock_s_zone_does_not_matter() -> None:
    china = timezone(timedelta(hours=8))
    check_window(HEADER, "a statement", NOW.astimezone(china))
    window_refused((NOW + LIFE).astimezone(china), EXPIRED)


def test_a_statement_has_a_life() -> None:
    for end in (NOW, NOW - MICROSECOND):
        with pytest.raises(HutongError) as caught:
            Header(statement_id("x"), ZHENGZHOU, (), NOW, end)
        assert caught.value.reason == MALFORMED


def test_an_audience_has_one_order() -> None:
    for audience in ((ZHENGZHOU, HANGZHOU), (ZHENGZHOU, ZHENGZHOU)):
        with pytest.raises(HutongError) as caught:
            Header(statement_id("x"), ZHENGZHOU, audience, NOW, NOW + LIFE)
        assert caught.value.reason == MALFORMED
