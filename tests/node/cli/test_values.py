from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from federation.limits import CONSENT_LIFETIME
from node.cli.errors import Misused, Wrong
from node.cli.output import clean
from node.cli.values import city_of, end_of, instant_of, moment_of, uuid_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)  # half past one on the 25th in Shanghai


@pytest.mark.parametrize("text", ["410100", "zhengzhou", "Zhengzhou", "郑州", " 410100 "])
def test_a_city_goes_by_code_pinyin_or_name(text: str) -> None:
    assert city_of(text) == "410100"


def test_another_city_goes_by_its_code() -> None:
    assert city_of("370200") == "370200"


@pytest.mark.parametrize("text", ["", "Qingdao", "41010", "4101000", "041010", "41010a"])
def test_what_is_no_city_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        city_of(text)


def test_days_count_today_in_the_citys_own_zone() -> None:
    assert end_of(None, 1, SHANGHAI, NOW) == datetime(2026, 11, 26, tzinfo=SHANGHAI)
    assert end_of(None, 90, SHANGHAI, NOW) == datetime(2027, 2, 23, tzinfo=SHANGHAI)


def test_the_most_days_are_within_the_longest_consent() -> None:
    for hour in range(24):
        now = NOW + timedelta(hours=hour)
        assert end_of(None, 365, SHANGHAI, now) - now <= CONSENT_LIFETIME


def test_the_same_days_on_the_same_day_are_the_same_request() -> None:
    later = NOW + timedelta(hours=5)
    assert end_of(None, 30, SHANGHAI, NOW) == end_of(None, 30, SHANGHAI, later)


def test_the_last_day_counts_whole() -> None:
    assert end_of("2027-01-31", None, SHANGHAI, NOW) == datetime(2027, 2, 1, tzinfo=SHANGHAI)


def test_an_instant_is_taken_as_it_is() -> None:
    found = end_of("2027-01-31T12:00:00+08:00", None, SHANGHAI, NOW)
    assert found == datetime(2027, 1, 31, 4, tzinfo=UTC)


@pytest.mark.parametrize(("until", "days"), [(None, None), ("2027-01-31", 3)])
def test_an_end_is_said_once(until: str | None, days: int | None) -> None:
    with pytest.raises(Misused):
        end_of(until, days, SHANGHAI, NOW)


def test_the_end_of_time_is_refused() -> None:
    with pytest.raises(Misused):
        end_of("9999-12-31", None, SHANGHAI, NOW)


@pytest.mark.parametrize("text", ["2027-02-30", "tomorrow", "2027-01-31T12:00:00", "", "31.1.2027"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        moment_of(text)


def test_a_day_is_its_beginning_and_nothing_is_now() -> None:
    assert instant_of("2026-11-25", SHANGHAI, NOW) == datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert instant_of(None, SHANGHAI, NOW) == NOW


def test_a_uuid_may_be_typed_in_capitals() -> None:
    typed = "0192F0C1-2B3C-7DEF-8123-456789ABCDEF"
    assert uuid_of(typed) == typed.lower()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("郑州 Zhengzhou", "郑州 Zhengzhou"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("two\nlines\r", "two\\u000alines\\u000d"),
        ("\u202egnitirw", "\\u202egnitirw"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_nothing_from_outside_steers_the_terminal(said: str, shown: str) -> None:
    assert clean(said) == shown
