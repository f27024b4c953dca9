"""Records as departments write them: read whole or not at all, and never repeated in an error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import HutongError
from node import data
from node.errors import FILE_INVALID
from node.files import parse_records

NUMBER = "999999199012217071"
HEADING = (
    "record_number,document_number,title_zh,title_en,points,occurred_on,expires_on,commendation"
)
ROW = f"r-1,{NUMBER},志愿服务,volunteering,2.5,2026-01-15,,"
FIRST = dict(zip(HEADING.split(","), ROW.split(","), strict=True))


def csv(*rows: str, heading: str = HEADING) -> bytes:
    return "\n".join((heading, *rows, "")).encode()


def jsonl(*rows: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def refused(content: bytes, name: str = "records.csv") -> dict[str, str]:
    with pytest.raises(HutongError) as found:
        parse_records(name, content)
    assert found.value.reason == FILE_INVALID
    assert found.value.fields["file"] == name
    for personal in (NUMBER, "志愿服务", "volunteering"):
        assert personal not in str(found.value) + found.value.text("zh")
    return found.value.fields


def test_both_forms_say_the_same() -> None:
    as_csv = parse_records("r.csv", csv(ROW))
    as_json = parse_records("r.jsonl", jsonl(dict(FIRST)))
    assert [row.points_milli for row in as_csv] == [2500]
    one, other = as_csv[0], as_json[0]
    fields = [name for name in one.__slots__ if name != "line"]
    assert [getattr(one, f) for f in fields] == [getattr(other, f) for f in fields]
    assert (one.line, other.line) == (2, 1)


def test_numbers_and_nulls_of_json_are_read_as_they_were_written() -> None:
    row: dict[str, object] = FIRST | {"points": -2.5, "expires_on": None, "commendation": None}
    [found] = parse_records("r.jsonl", jsonl(row))
    assert (found.points_milli, found.expires_on, found.commendation) == (-2500, None, None)


def test_columns_may_come_in_any_order_and_without_the_optional_ones() -> None:
    names = ["points", "title_en", "title_zh", "document_number", "record_number", "occurred_on"]
    content = csv(",".join(FIRST[name] for name in names), heading=",".join(names))
    assert parse_records("r.csv", content)[0].points_milli == 2500


def test_a_file_of_a_spreadsheet_is_read() -> None:
    quoted = ROW.replace("volunteering", '"volunteering, and\nmore"')
    content = csv(quoted, ROW.replace("r-1", "r-2")).replace(b"\n", b"\r\n")
    found = parse_records("r.csv", b"\xef\xbb\xbf" + content)
    assert [row.record_number for row in found] == ["r-1", "r-2"]
    assert "and" in found[0].title_en


VALUES = {
    "no points": ("points", ""),
    "words for points": ("points", "many"),
    "endless points": ("points", "Infinity"),
    "no number of points": ("points", "NaN"),
    "too many points": ("points", "1001"),
    "far too many points": ("points", "1e999999"),
    "points beyond any number": ("points", "1e9999999999999999999"),
    "a fourth place": ("points", "0.0001"),
    "hardly a point": ("points", "1e-999999"),
    "next to nothing": ("points", "1e-99999999"),
    "no such day": ("occurred_on", "2026-02-30"),
    "a day in words": ("occurred_on", "yesterday"),
    "a day with an hour": ("occurred_on", "2026-01-15T00:00"),
    "no day": ("occurred_on", ""),
    "no such end": ("expires_on", "2026-13-01"),
    "no title": ("title_zh", "  "),
    "no number": ("record_number", ""),
    "no document": ("document_number", ""),
}


@pytest.mark.parametrize(("column", "value"), VALUES.values(), ids=VALUES)
def test_a_row_is_refused_with_its_line_and_column_for(column: str, value: str) -> None:
    bad = FIRST | {column: value}
    fields = refused(csv(ROW, ",".join(bad.values())))
    assert fields["where"] == f"line 3 ({column})"
    as_json = refused(jsonl(dict(FIRST), dict(bad)), "records.jsonl")
    assert as_json["where"] == f"line 2 ({column})"


def test_a_file_without_its_heading_repeats_no_ones_data() -> None:
    fields = refused(f"{ROW}\n{ROW}\n".encode())
    assert fields["where"] == "line 1"
    assert "the columns are record_number" in fields["problem"]


def test_a_column_that_is_misspelt_missing_or_twice_is_told() -> None:
    fields = refused(csv(ROW, heading=HEADING.replace("expires_on", "expire_on")))
    assert "has expire_on instead of expires_on" in fields["problem"]
    fields = refused(csv(ROW, heading=HEADING.replace("expires_on", "points")))
    assert "has points twice" in fields["problem"]
    fields = refused(csv(heading=HEADING.replace("points,", "")))
    assert "lacks points" in fields["problem"]
    twice = jsonl(dict(FIRST)).replace(b'"points"', b'"points": "1", "points"')
    assert "has points twice" in refused(twice, "r.jsonl")["problem"]


@pytest.mark.parametrize("row", [ROW + ",more", ROW.rsplit(",", 2)[0], "r-1", ""])
def test_a_row_of_another_length_is_refused_or_blank(row: str) -> None:
    if row:
        assert "fields" in refused(csv(row))["problem"]
    else:
        assert len(parse_records("r.csv", csv("", ROW))) == 1


CONTENTS = {
    "empty": b"",
    "not UTF-8": csv(ROW).decode().encode("gb18030"),
    "an open quote": csv('"r-1,' + ROW),
    "a huge field": csv("x" * 200_000),
    "a list": b'["a"]',
    "nested": jsonl(FIRST | {"points": {"a": 1}}),
    "a list in a row": jsonl(FIRST | {"points": [1]}),
    "brackets too deep": b'{"a":' + b"[" * 100_000,
    "half a character": jsonl(dict(FIRST)).replace("志愿服务".encode(), b"\\ud800"),
    "NUL": jsonl(dict(FIRST)).replace("志愿服务".encode(), b"\\u0000"),
    "NUL in a table": csv(ROW.replace("志愿服务", "a\0b")),
    "truth for a number": jsonl(FIRST | {"points": True}),
    "no number at all": jsonl(dict(FIRST)).replace(b'"2.5"', b"NaN"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_refused_that_has(content: bytes) -> None:
    for name in ("records.csv", "records.jsonl"):
        refused(content, name)


def test_one_bad_row_means_that_nothing_is_read() -> None:
    refused(csv(*[ROW] * 50, ROW.replace("2.5", "x"), *[ROW] * 50))


@given(content=st.binary(max_size=400), name=st.sampled_from(("r.csv", "r.jsonl")))
def test_garbage_only_ever_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(HutongError):
        parse_records(name, content)


@given(info=st.data())
def test_a_file_with_a_piece_changed_is_read_or_refused_and_nothing_else(
    info: st.DataObject,
) -> None:
    city = info.draw(st.sampled_from(data.cities()))
    content = b"".join(
        data.path(f"records/{city.pinyin}.csv").read_bytes().splitlines(keepends=True)[:6]
    )
    start = info.draw(st.integers(0, len(content)))
    end = min(len(content), start + info.draw(st.integers(0, 12)))
    piece = info.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b",", b"\n", b"\r", b"1e999999"]))
    )
    refusal = FILE_INVALID
    try:
        rows = parse_records("r.csv", content[:start] + piece + content[end:])
    except HutongError as error:
        refusal = error.reason
    else:
        assert all(row.title_zh and row.title_en for row in rows)
    assert refusal == FILE_INVALID
