from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.consent import Consent
from federation.errors import CONSENT_TOO_LONG, MALFORMED, HutongError
from federation.messages import Disclosure
from tests.federation.make import DAY, HANGZHOU, NANJING, NOW, SCENARIOS, ZHENGZHOU

MICROSECOND = timedelta(microseconds=1)
LIBRARY = "library.deposit_free"
SCENIC = "scenic.discount"


def consent(**change: object) -> Consent:
    given_one = Consent(
        consent_id="a consent",
        resident_id="a resident",
        host=HANGZHOU,
        scenarios=(LIBRARY, SCENIC),
        disclosure=Disclosure.BAND,
        given_at=NOW,
        expires_at=NOW + 30 * DAY,
    )
    return replace(given_one, **change)  # type: ignore[arg-type]


def test_a_consent_lasts_365_days_and_no_instant_more() -> None:
    assert consent(expires_at=NOW + 365 * DAY).stands_at(NOW + 365 * DAY - MICROSECOND)
    for end in (NOW + 365 * DAY + MICROSECOND, NOW + 366 * DAY, NOW + 36_500 * DAY):
        with pytest.raises(HutongError) as caught:
            consent(expires_at=end)
        assert caught.value == HutongError(CONSENT_TOO_LONG, limit="365")


@pytest.mark.parametrize("life", [timedelta(0), -MICROSECOND, -DAY])
def test_a_consent_ends_after_it_begins(life: timedelta) -> None:
    with pytest.raises(HutongError) as caught:
        consent(expires_at=NOW + life)
    assert caught.value.reason == CONSENT_TOO_LONG


@pytest.mark.parametrize("scenarios", [(), (SCENIC, LIBRARY), (LIBRARY, LIBRARY), ("*",), ("",)])
def test_a_consent_names_its_scenarios_one_by_one(scenarios: tuple[str, ...]) -> None:
    with pytest.raises(HutongError) as caught:
        consent(scenarios=scenarios)
    assert caught.value.reason == MALFORMED


def test_a_consent_is_for_one_host() -> None:
    assert consent().allowed(HANGZHOU, (LIBRARY,), NOW) == (LIBRARY,)
    for other in (NANJING, ZHENGZHOU):
        assert consent().allowed(other, (LIBRARY,), NOW) == ()


def test_a_consent_is_for_its_scenarios_alone() -> None:
    assert consent().allowed(HANGZHOU, SCENARIOS, NOW) == (LIBRARY, SCENIC)
    assert consent().allowed(HANGZHOU, ("hospital.treat_first",), NOW) == ()
    assert consent().allowed(HANGZHOU, ("library", "library.deposit_free.x"), NOW) == ()


def test_a_consent_ends_at_its_end_and_when_it_is_withdrawn() -> None:
    end = NOW + 30 * DAY
    assert consent().allowed(HANGZHOU, (LIBRARY,), end - MICROSECOND) == (LIBRARY,)
    assert consent().allowed(HANGZHOU, (LIBRARY,), end) == ()
    withdrawn = consent(withdrawn_at=NOW + DAY)
    assert withdrawn.allowed(HANGZHOU, (LIBRARY,), NOW + DAY) == ()
    assert not withdrawn.stands_at(NOW + 2 * DAY)


@given(st.lists(st.sampled_from([*SCENARIOS, "x"])), st.timedeltas(-DAY, 400 * DAY))
def test_what_is_allowed_was_asked_and_consented_to_and_in_time(
    asked: list[str], after: timedelta
) -> None:
    allowed = consent().allowed(HANGZHOU, tuple(asked), NOW + after)
    assert set(allowed) <= set(asked) & {LIBRARY, SCENIC}
    assert not allowed or after < 30 * DAY
