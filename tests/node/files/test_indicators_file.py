"""An indicator catalogue as people write it: a mistake has a file, a line and a remedy."""

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import data
from node.errors import FILE_INVALID
from node.files import parse_indicators
from node.indicators import Dimension, Direction, DisclosureClass, IndicatorCatalogue, Severity
from node.record_limits import INDICATOR_BYTES

HOME = CityCode("410100")
FULL = data.path("zhengzhou/indicators.toml").read_text("utf-8")
SMALL = """city = "410100"
source = "illustrative: a test"
illustrative = true

[rules]
disputed_count = false
objection_days = 20
repair_days = 20
appeal_days = 30
promise_kept = "promise.kept"
promise_broken = "promise.broken"

[[departments]]
id = "library"
name = { zh = "图书馆", en = "library" }

[[departments]]
id = "police"
name = { zh = "交警", en = "traffic police" }

[[areas]]
id = "jinshui"
kind = "district"
name = { zh = "金水区", en = "Jinshui" }

[[areas]]
id = "airport"
kind = "zone"
name = { zh = "航空港", en = "airport" }

[[categories]]
id = "loans"
dimension = "social"
name = { zh = "借阅", en = "loans" }

[[categories]]
id = "traffic"
dimension = "law"
name = { zh = "交通", en = "traffic" }

[[indicators]]
id = "promise.kept"
category = "loans"
departments = ["library"]
name = { zh = "守约", en = "kept a promise" }
direction = "adds"
points = 1
legal_basis = "illustrative: a rule"
class = "B"
retention_months = 36
attestable = false

[[indicators]]
id = "promise.broken"
category = "loans"
departments = ["library"]
name = { zh = "违约", en = "points. of a promise broken" }
direction = "deducts"
points = 2.5
legal_basis = "illustrative: a rule"
class = "B"
retention_months = 36
attestable = false
severity = "minor"
repair_after_months = 3

[[indicators]]
id = "model"
category = "traffic"
departments = ["library", "police"]
name = { zh = "模范", en = "model" }
direction = "adds"
points = 10
legal_basis = "illustrative: a rule"
class = "A"
retention_months = 120
attestable = true
commendation = "model"

[[indicators]]
id = "fine"
category = "traffic"
departments = ["police"]
name = { zh = "罚款", en = "fine" }
direction = "deducts"
points = 20
legal_basis = "illustrative: a rule"
class = "A"
retention_months = 60
attestable = true
severity = "serious"
repair_after_months = 36
"""


def parsed(text: str | bytes = SMALL) -> IndicatorCatalogue:
    content = text if isinstance(text, bytes) else text.encode()
    return parse_indicators("indicators.toml", content, city=HOME, version=7)


def refused(text: str | bytes) -> dict[str, str]:
    with pytest.raises(HutongError) as found:
        parsed(text)
    assert found.value.reason == FILE_INVALID
    assert found.value.fields["file"] == "indicators.toml"
    return found.value.fields


def in_table(table: str, change: str) -> tuple[str, int]:
    """SMALL with a changed line in the table that has `id = table`, and the line's number."""
    lines = SMALL.splitlines()
    start = 4 if table == "rules" else lines.index(f'id = "{table}"')
    key = change.partition(" ")[0]
    for place in range(start, len(lines)):
        if lines[place].partition(" ")[0] == key:
            lines[place] = change
            return "\n".join(lines) + "\n", place + 1
        if not lines[place]:
            break
    lines.insert(start + 1, change)
    return "\n".join(lines) + "\n", start + 2


def test_a_catalogue_is_read_whole_in_the_order_of_the_file() -> None:
    found = parsed()
    assert (found.version, found.illustrative, found.content) == (7, True, SMALL)
    assert list(found.indicators) == ["promise.kept", "promise.broken", "model", "fine"]
    assert [area.kind.value for area in found.areas.values()] == ["district", "zone"]
    assert found.categories["traffic"].dimension is Dimension.LAW
    assert found.rules.promise_broken == "promise.broken"
    broken, fine = found.indicators["promise.broken"], found.indicators["fine"]
    assert (broken.points_milli, broken.effect_milli) == (2500, -2500)
    assert (fine.direction, fine.severity) == (Direction.DEDUCTS, Severity.SERIOUS)
    assert found.indicators["model"].departments == ("library", "police")
    assert found.indicators["model"].disclosure_class is DisclosureClass.A
    assert found.indicators["model"].repair_after_months == 0


def test_the_example_of_the_manual_is_a_catalogue() -> None:
    manual = (Path(__file__).resolve().parents[3] / "docs" / "manual.md").read_text("utf-8")
    example = manual.split("### Indicators\n")[1].split("```toml\n")[1].split("```")[0]
    assert list(parsed(example).indicators) == ["library-loan.overdue-month"]


def test_the_rules_of_promises_may_be_left_out() -> None:
    text = SMALL.replace('promise_kept = "promise.kept"\n', "")
    assert parsed(text).rules.promise_kept is None


MISTAKES = {
    "a category that is not there": ("fine", 'category = "trafic"', "the nearest is traffic"),
    "a department that is not there": (
        "fine",
        'departments = ["police", "libary"]',
        "the nearest is library",
    ),
    "no department": ("fine", "departments = []", "name 1 to"),
    "a department twice": ("fine", 'departments = ["police", "police"]', "name it once"),
    "an indicator twice": ("fine", 'id = "model"', "occurs twice"),
    "a department's id twice": ("police", 'id = "library"', "occurs twice"),
    "an area twice": ("airport", 'id = "jinshui"', "occurs twice"),
    "a category twice": ("traffic", 'id = "loans"', "occurs twice"),
    "a department with a dot": ("police", 'id = "police.zhang"', "DEPARTMENT.OFFICER"),
    "a department that is a promise": ("police", 'id = "promises"', "another id"),
    "no points": ("fine", "points = 0", "over 0"),
    "points below zero": ("fine", "points = -20", "`direction` is the sign"),
    "more points than any record has": ("fine", "points = 1000.001", "at most 1000"),
    "a fourth place": ("fine", "points = 0.0001", "three places"),
    "points beyond any number": ("fine", "points = 1e99999999", "at most 1000"),
    "points that are none": ("fine", "points = nan", "number"),
    "points in quotes": ("fine", 'points = "20"', "without quotes"),
    "points that are a truth": ("fine", "points = true", "without quotes"),
    "six years of a fine": ("fine", "retention_months = 61", "at most 60 months"),
    "a month that never comes": ("model", "retention_months = 0", "at least 1 month"),
    "longer than a life at work": ("model", "retention_months = 601", "600"),
    "half a month": ("model", "retention_months = 1.5", "integer"),
    "a deduction kept too briefly": ("fine", "retention_months = 36", None),
    "a severity that is none": ("fine", 'severity = "grave"', "'serious'"),
    "a minor one that waits long": ("promise.broken", "repair_after_months = 4", "0 to 3 months"),
    "a serious one at once": ("fine", "repair_after_months = 11", "12 to 36 months"),
    "a serious one for ever": ("fine", "repair_after_months = 37", "12 to 36 months"),
    "a serious one after a season": ("promise.broken", 'severity = "serious"', None),
    "severity of an honour": ("model", 'severity = "minor"', "only a deducting"),
    "a repair of an honour": ("model", "repair_after_months = 0", "only a deducting"),
    "a commendation for a fine": ("fine", 'commendation = "model"', "carries none"),
    "a commendation kept at home": ("promise.kept", 'commendation = "model"', "only an attestable"),
    "what nobody sees, attested": ("model", 'class = "D"', None),
    "a class that is none": ("fine", 'class = "E"', "'D'"),
    "a direction that is none": ("fine", 'direction = "hurts"', "'adds' or 'deducts'"),
    "a kind of area that is none": ("airport", 'kind = "port"', "'district' or 'zone'"),
    "a dimension that is none": ("traffic", 'dimension = "money"', "'law'"),
    "an unknown key": ("fine", "retention_month = 60", "nearest is retention_months"),
    "a name with NUL": ("fine", 'name = { zh = "罚\\u0000款", en = "fine" }', "NUL"),
    "an empty name": ("fine", 'name = { zh = " ", en = "fine" }', "empty"),
    "a name without English": ("fine", 'name = { zh = "罚款" }', "missing"),
    "an id with spaces": ("fine", 'id = "a fine"', "a-z"),
    "an endless legal basis": ("fine", f'legal_basis = "{"x" * 1001}"', "1000 characters"),
    "no day for an objection": ("rules", "objection_days = 0", "greater than or equal to 1"),
    "two years for a repair": ("rules", "repair_days = 731", "365"),
    "a promise kept that deducts": ("rules", 'promise_kept = "fine"', "adds"),
    "a promise broken that adds": ("rules", 'promise_broken = "model"', "deducts"),
    "a promise that is not there": (
        "rules",
        'promise_kept = "promise.kpt"',
        "nearest is promise.kept",
    ),
    "a kept promise that is attested": ("rules", 'promise_kept = "model"', "never cross a border"),
    "a broken promise that is attested": (
        "rules",
        'promise_broken = "fine"',
        "never cross a border",
    ),
}


@pytest.mark.parametrize(("table", "change", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_catalogue_is_refused_with_the_line_of(table: str, change: str, told: str | None) -> None:
    text, line = in_table(table, change)
    fields = refused(text)
    number = int(re.fullmatch(r"line (\d+) \(.+\)", fields["where"])[1])  # type: ignore[index]
    if told is None:
        # Two lines contradict each other, of one table.
        assert text.splitlines()[number - 1].startswith(("repair_after_months", "attestable"))
    else:
        assert (number, told in fields["problem"]) == (line, True), fields


@pytest.mark.parametrize("missing", ["severity", "repair_after_months", "points", "class"])
def test_what_a_deduction_needs_is_missed_in_its_own_table(missing: str) -> None:
    head, table, tail = SMALL.partition('id = "fine"')
    without = re.sub(rf"(?m)^{missing} = .*\n", "", tail)
    fields = refused(head + table + without)
    number = int(re.match(r"line (\d+)", fields["where"])[1])  # type: ignore[index]
    assert number > head.count("\n") - 1
    assert missing in fields["where"]


def test_a_catalogue_of_another_city_is_refused() -> None:
    fields = refused(SMALL.replace("410100", "330100", 1))
    assert fields["where"] == "line 1 (city)"
    assert HOME in fields["problem"]


def test_a_file_of_two_mebibytes_is_taken_and_one_byte_more_is_not() -> None:
    filled = (SMALL + "#").encode().ljust(INDICATOR_BYTES, b"x")
    assert len(parsed(filled).indicators) == 4
    fields = refused(filled + b"x")
    assert fields["where"] == "whole file"
    assert str(INDICATOR_BYTES) in fields["problem"]


@pytest.mark.parametrize("content", [b"", b" \n", b"\x00", b"\xff\xfe", b"PK\x03\x04", b"city = "])
def test_what_is_no_file_is_refused(content: bytes) -> None:
    refused(content)


def test_a_mistake_in_the_last_of_a_thousand_is_found_at_its_line() -> None:
    last = FULL.rindex("points = ")
    text = FULL[:last] + "points = 0 #" + FULL[last:]
    fields = refused(text)
    assert fields["where"].startswith(f"line {text[:last].count(chr(10)) + 1} (indicators[1179]")


@given(st.data())
def test_a_file_that_was_cut_or_bent_is_read_or_refused_and_nothing_else(
    data: st.DataObject,
) -> None:
    content = bytearray(SMALL.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            del content[place : place + data.draw(st.integers(1, 400))]
        else:
            content[place:place] = data.draw(st.binary(max_size=6))
        if not content:
            return
    # Another error than that of a file is an error here.
    with contextlib.suppress(HutongError):
        found = parsed(bytes(content))
        assert all(i.category_id in found.categories for i in found.indicators.values())
        assert all(i.points_milli > 0 for i in found.indicators.values())
