"""Faults that were found in what the command line is given, each with its story."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from federation.receipt import receipt_to_json
from node.cli import exits, main
from node.cli.errors import Misused, Wrong
from node.cli.session import Session
from node.cli.values import instant_of, moment_of
from tests.federation.receipts import consent

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b'{"items": "\\ud800"}', {"items": "\ud800"}),
        (b"[" * 100_000, "[" * 100_000),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, '{"a":' * 5000 + "1" + "}" * 5000),
        (b"1" * 5000, "1" * 5000),
        (b'["\\ud83d", "\\udc00"]', ["\ud83d", "\udc00"]),
    ],
    ids=["half a character", "brackets", "objects", "digits", "halves"],
)
@pytest.mark.parametrize("form", ["--json", "--lang=en"])
def test_whatever_a_stranger_let_a_resident_sign_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, shown: object, form: str
) -> None:
    # A city of somebody's own making signs any text as a consent; the check of such a receipt
    # ended with UNEXPECTED, or with half a line.
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(consent(content)), "utf-8")
    assert main([form, "receipt", "verify", str(file)]) == exits.DONE
    said = capsys.readouterr().out
    said.encode()
    if form == "--json":
        assert json.loads(said)["says"] == shown


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_is_none_in_utc_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        moment_of(text)


def test_the_first_day_of_all_is_no_instant_in_the_east() -> None:
    with pytest.raises(Misused):
        instant_of("0001-01-01", SHANGHAI, datetime(2026, 11, 24, tzinfo=UTC))


def test_a_partner_whose_bundle_never_ends_can_be_listed() -> None:
    # The last hours of 9999 are past the end of all calendars east of Greenwich: every list with
    # that partner in it failed.
    last = "9999-12-31T23:59:59Z"
    assert Session("en").time(last) == "9999-12-31 23:59:59+00:00"
    assert Session("en").time("2027-01-01T00:00:00Z") == "2027-01-01 08:00:00+08:00"
