"""Faults that were found in files that people write, each with its story; none may come back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.config import read_settings
from node.errors import FILE_INVALID, SETTING_INVALID
from node.files import open_records, parse_incentives
from node.files.audits import read_period, write_period
from node.files.logs import read_head, write_head
from node.files.reading import Lines
from tests.federation.test_log_fork import note
from tests.node.files.test_toml_files import INCENTIVES, scale
from tests.node.services.audit_stage import MadeLog

CITY = CityCode("410100")

SETTINGS = {
    "a number of five thousand digits": "city = " + "1" * 5000,
    "brackets five thousand deep": "city = " + "[" * 5000,
    "a folder of time zones": 'city = "410100"\ntime_zone = "Asia"\n',
    "no time zone": 'city = "410100"\ntime_zone = ""\n',
    "a time zone too long for a file": f'city = "410100"\ntime_zone = "{"x" * 5000}"\n',
    "a path with a NUL": 'city = "410100"\ndata_dir = "a\\u0000b"\n',
    "a path of a secret with a NUL": 'city = "410100"\npkcs11_pin_file = "a\\u0000b"\n',
    "a port in other digits": 'city = "410100"\npeer_listen = "0.0.0.0:٧٤٤٣"\n',
    "a port that is a square": 'city = "410100"\npeer_listen = "0.0.0.0:²"\n',
    "no text": "\x00\xff",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings_that_cannot_be_are_told_in_words(tmp_path: Path, text: str) -> None:
    # Each ended `hutong` with UNEXPECTED, and said neither which setting it was nor what to do.
    file = tmp_path / "hutong.toml"
    file.write_text(text, "latin-1" if "\xff" in text else "utf-8")
    with pytest.raises(HutongError) as found:
        read_settings(file, {})
    assert found.value.reason == SETTING_INVALID
    assert found.value.fields["key"]


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "-1e99999", "1." + "1" * 9999])
def test_a_number_of_millions_of_digits_is_never_written_out(number: str) -> None:
    # As a whole number it has that many digits: the node computed them, for hours.
    text = INCENTIVES.replace("\nsource", f"\nhold_minutes = {number}\nsource", 1)
    with pytest.raises(HutongError) as found:
        parse_incentives("x.toml", text.encode(), city=CITY, scale=scale(), version=1)
    assert found.value.reason == FILE_INVALID


def test_a_line_of_quotes_is_looked_through_at_once() -> None:
    # To find the line of a mistake took the square of its length: minutes in the node's own loop.
    lines = Lines("x.toml", 'a = "' + '\\"' * 99_000 + '"\nb = 1\n')
    assert lines.find(("b",)) == 2


def test_half_a_character_in_a_name_is_told_as_in_a_value(tmp_path: Path) -> None:
    # The name was repeated in the error, which then could not be printed as JSON.
    file = tmp_path / "records.jsonl"
    file.write_text('{"record_numbe\\ud800": "1"}\n')
    with pytest.raises(HutongError) as found, open_records(str(file)):
        pass
    assert found.value.reason == FILE_INVALID
    assert found.value.text("zh").encode()


@pytest.mark.parametrize("read", [read_head, read_period])
def test_the_head_of_a_log_says_each_thing_once(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    # The last of two was taken, where another reader takes the first.
    file = tmp_path / "log"
    with file.open("w", encoding="utf-8") as out:
        if read is read_head:
            write_head(out, CITY, note(7), [])
        else:
            write_period(out, MadeLog().period(), [])
    assert read(file)
    file.write_text(file.read_text("utf-8").replace('"city"', '"city": "330100", "city"', 1))
    with pytest.raises(HutongError) as found:
        read(file)
    assert found.value.reason == FILE_INVALID
