import string

import pytest

from federation import errors
from federation.errors import MALFORMED, NOT_RECOGNISED, STALE, HutongError, Reason, Status

REASONS = [value for value in vars(errors).values() if isinstance(value, Reason)]


def fields(reason: Reason) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(reason.en) if name}


@pytest.mark.parametrize("reason", REASONS, ids=lambda r: r.name)
def test_a_reason_tells_its_fields_in_both_languages(reason: Reason) -> None:
    given = {name: f"<{name}>" for name in fields(reason)}
    error = HutongError(reason, **given)
    for language in ("en", "zh"):
        text = error.text(language)
        assert all(value in text for value in given.values())
        assert "{" not in text


@pytest.mark.parametrize("reason", REASONS, ids=lambda r: r.name)
def test_a_missing_field_never_hides_the_error_behind_another(reason: Reason) -> None:
    for language in ("en", "zh", "fr"):
        assert HutongError(reason).text(language).count("?") >= len(fields(reason))


def test_a_field_is_never_read_as_a_format() -> None:
    error = HutongError(MALFORMED, where="{problem}{0}{x.y}", problem="%s {where}")
    assert "{problem}{0}{x.y}" in error.text("en")
    assert "%s {where}" in error.text("zh")


def test_the_uniform_refusal_has_no_field_to_tell_anything() -> None:
    assert fields(NOT_RECOGNISED) == set()
    assert NOT_RECOGNISED.status is Status.PERMISSION_DENIED
    assert HutongError(NOT_RECOGNISED) == HutongError(NOT_RECOGNISED)


def test_errors_are_equal_by_what_happened() -> None:
    one = HutongError(STALE, where="a", issued_at="b")
    assert one == HutongError(STALE, issued_at="b", where="a")
    assert one != HutongError(STALE, where="a", issued_at="c")
    assert one != HutongError(MALFORMED, where="a", issued_at="b")
    assert one != "STALE"


def test_an_error_s_text_begins_with_its_stable_name() -> None:
    error = HutongError(MALFORMED, where="here", problem="it is wrong")
    assert str(error) == "MALFORMED: here: it is wrong."


def test_every_status_is_one_of_grpc_s() -> None:
    names = {status.value for status in Status}
    assert names == {status.name for status in Status}
    assert {reason.status for reason in REASONS} <= set(Status)
