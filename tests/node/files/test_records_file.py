"""Records as departments write them: looked through whole, and never repeated in an error."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.errors import HutongError
from node import data
from node.errors import FILE_INVALID
from node.files import FileRow, load_requests, open_records
from node.files.record_portions import portions, wire_row
from node.records import RecordRow

NUMBER = "999999199012217071"
HEADING = "record_number,indicator,document_number,occurred_on,evidence,action,revision,ends_on"
ROW = f"r-1,volunteer.hours,{NUMBER},2026-01-15,志愿服务,,,"
FIRST = dict(zip(HEADING.split(","), ROW.split(","), strict=True))


def csv(*rows: str, heading: str = HEADING) -> bytes:
    return "\n".join((heading, *rows, "")).encode()


def jsonl(*rows: Mapping[str, object]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def read(path: Path, content: bytes, start: int = 0) -> list[FileRow]:
    path.write_bytes(content)
    with open_records(str(path)) as found:
        rows = list(found.rows(start))
        assert found.count == start + len(rows)
        return rows


def refused(path: Path, content: bytes) -> dict[str, str]:
    with pytest.raises(HutongError) as found:
        read(path, content)
    assert found.value.reason == FILE_INVALID
    assert found.value.fields["file"] == path.name
    for personal in (NUMBER, "志愿服务"):
        assert personal not in str(found.value) + found.value.text("zh")
    return found.value.fields


def parquet(path: Path, query: str) -> Path:
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def one_row(**columns: str) -> str:
    """A query of one good row, some of its columns another expression."""
    texts = {name: f"'{value}'" for name, value in FIRST.items() if name != "revision"} | columns
    return "SELECT " + ", ".join(f"{value} AS {name}" for name, value in texts.items())


def test_the_three_forms_say_the_same(tmp_path: Path) -> None:
    [one] = read(tmp_path / "r.csv", csv(ROW))
    [other] = read(tmp_path / "r.jsonl", jsonl(dict(FIRST)))
    third = parquet(tmp_path / "r.parquet", one_row(occurred_on="DATE '2026-01-15'")).read_bytes()
    assert [one] == [other] == read(tmp_path / "r.parquet", third)
    assert one.row == RecordRow("r-1", "volunteer.hours", NUMBER, "2026-01-15", "志愿服务")


def test_the_form_is_told_by_the_content_where_the_name_says_nothing(tmp_path: Path) -> None:
    third = parquet(tmp_path / "r.parquet", one_row()).read_bytes()
    for content in (csv(ROW), jsonl(dict(FIRST)), third):
        assert len(read(tmp_path / "records", content)) == 1
        with open_records("stdin", io.BytesIO(content)) as found:
            assert (found.count, found.name) == (1, "stdin")


def test_numbers_and_nulls_of_json_are_read_as_they_were_written(tmp_path: Path) -> None:
    content = jsonl(FIRST | {"action": "correct", "revision": 12, "ends_on": None})
    [found] = read(tmp_path / "r.jsonl", content)
    assert (found.row.revision, found.row.ends_on) == (12, "")


@pytest.mark.parametrize(
    ("day", "read_as"),
    [
        ("TIMESTAMP '2026-01-15'", "2026-01-15"),
        ("TIMESTAMP '2026-01-15 08:00'", "2026-01-15 08:00:00"),
        ("NULL", ""),
        ("20260115", "20260115"),
    ],
)
def test_days_of_parquet_are_days_whatever_a_library_made_of_them(
    tmp_path: Path, day: str, read_as: str
) -> None:
    path = parquet(tmp_path / "r.parquet", one_row(occurred_on=day, revision="CAST(2 AS DOUBLE)"))
    [found] = read(path, path.read_bytes())
    assert (found.row.occurred_on, found.row.revision) == (read_as, 2)


def test_columns_may_come_in_any_order_and_without_the_optional_ones(tmp_path: Path) -> None:
    names = ["evidence", "occurred_on", "document_number", "indicator", "record_number"]
    content = csv(",".join(FIRST[name] for name in names), heading=",".join(names))
    assert read(tmp_path / "r.csv", content)[0].row.evidence == "志愿服务"


def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    quoted = ROW.replace("志愿服务", '"volunteering, and\nmore"')
    content = csv(quoted, "", ROW.replace("r-1", "r-2")).replace(b"\n", b"\r\n")
    found = read(tmp_path / "r.csv", b"\xef\xbb\xbf" + content)
    assert [each.row.record_number for each in found] == ["r-1", "r-2"]
    assert [each.place for each in found] == [0, 1]
    assert "and" in found[0].row.evidence


def test_what_is_wrong_with_a_row_the_node_says(tmp_path: Path) -> None:
    bad = ROW.replace("2026-01-15", "yesterday").replace(NUMBER, "").replace("r-1", "")
    sent = read(tmp_path / "r.csv", csv(bad, ROW + "", f"r-3,x,{NUMBER},,,update,minus one,"))
    assert [wire_row(each.row).get("action", 0) for each in sent] == [0, 0, 99]
    assert sent[2].row.revision == 0
    long = read(tmp_path / "r.csv", csv(ROW.replace("志愿服务", "x" * 5000)))
    assert len(long[0].row.evidence) == 1000


def test_a_load_goes_on_in_the_middle_of_a_file(tmp_path: Path) -> None:
    content = csv(*[ROW.replace("r-1", f"r-{i}") for i in range(7)])
    rest = read(tmp_path / "r.csv", content, start=5)
    assert [(each.place, each.row.record_number) for each in rest] == [(5, "r-5"), (6, "r-6")]


def test_the_same_content_is_the_same_load_of_a_department(tmp_path: Path) -> None:
    ids = set()
    for name, rows, department in (
        ("a.csv", 1, "x"), ("b.csv", 1, "x"), ("a.csv", 2, "x"), ("a.csv", 1, "y")
    ):  # fmt: skip
        path = tmp_path / name
        path.write_bytes(csv(*[ROW] * rows))
        with open_records(str(path)) as found:
            ids.add(found.load_id(department))
    assert len(ids) == 3


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(csv(ROW))
    with open_records(str(path)) as found:
        path.write_bytes(csv(ROW, ROW))
        with pytest.raises(HutongError, match="changed while"):
            list(found.rows())


def test_a_file_without_its_heading_repeats_no_ones_data(tmp_path: Path) -> None:
    fields = refused(tmp_path / "r.csv", f"{ROW}\n{ROW}\n".encode())
    assert fields["where"] == "line 1"
    assert "the columns are record_number" in fields["problem"]


def test_a_column_that_is_misspelt_missing_or_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    fields = refused(path, csv(ROW, heading=HEADING.replace("ends_on", "end_on")))
    assert "has end_on instead of ends_on" in fields["problem"]
    fields = refused(path, csv(ROW, heading=HEADING.replace("ends_on", "evidence")))
    assert "has evidence twice" in fields["problem"]
    fields = refused(path, csv(heading=HEADING.replace("indicator,", "")))
    assert "lacks indicator" in fields["problem"]
    twice = jsonl(dict(FIRST)).replace(b'"ends_on"', b'"evidence": "1", "evidence"')
    assert "has evidence twice" in refused(tmp_path / "r.jsonl", twice)["problem"]
    third = parquet(tmp_path / "r.parquet", one_row(ends_at="1")).read_bytes()
    assert "has ends_at instead of ends_on" in refused(tmp_path / "r.parquet", third)["problem"]


@pytest.mark.parametrize("row", [ROW + ",more", ROW.rsplit(",", 2)[0], "r-1"])
def test_a_row_of_another_length_refuses_the_file_with_its_line(tmp_path: Path, row: str) -> None:
    fields = refused(tmp_path / "r.csv", csv(ROW, row))
    assert "fields" in fields["problem"]
    assert fields["where"] == "line 3"


TEXTS = {
    "empty": (b"", "line 1"),
    "not UTF-8": (csv(ROW, ROW).replace(ROW.encode(), ROW.encode("gb18030"), 1), "line 2"),
    "not UTF-8 far below": (csv(*["x" * 70 + ROW[3:]] * 5000) + b"\xff", "line 5002"),
    "an open quote": (csv('"r-1,' + ROW), "line 2"),
    "a huge field": (csv("x" * 200_000), "line 2"),
    "a zip": (b"PK\x03\x04" + bytes(range(256)) * 9, "line"),
}


@pytest.mark.parametrize(("content", "where"), TEXTS.values(), ids=TEXTS)
def test_a_table_is_refused_that_has(tmp_path: Path, content: bytes, where: str) -> None:
    assert refused(tmp_path / "r.csv", content)["where"].startswith(where)


OBJECTS = {
    "a list": b'["a"]',
    "an empty list": b"[]",
    "a text": b'"a"',
    "nested": jsonl(FIRST | {"evidence": {"a": 1}}),
    "a list in a row": jsonl(FIRST | {"evidence": [1]}),
    "brackets too deep": b'{"a":' + b"[" * 90_000,
    "half a character": jsonl(dict(FIRST)).replace("志愿服务".encode(), b"\\ud800"),
    "truth for a text": jsonl(FIRST | {"evidence": True}),
    "no number at all": jsonl(dict(FIRST)).replace(b'"2026-01-15"', b"NaN"),
    "two on a line": jsonl(dict(FIRST)) + jsonl(dict(FIRST)),
    "an endless line": jsonl(FIRST | {"evidence": "x" * 200_000}),
}


@pytest.mark.parametrize("content", OBJECTS.values(), ids=OBJECTS)
def test_json_lines_are_refused_that_have(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.jsonl"
    good = jsonl(dict(FIRST)) + b"\n"
    assert refused(path, good + content)["where"].startswith("line 2")


def test_parquet_that_is_cut_damaged_or_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    many = one_row(record_number="'r-'||i", evidence="md5(''||i)") + " FROM range(9000) t(i)"
    good = parquet(path, many).read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("r.csv", csv(ROW))
    middle = len(good) // 2
    for content in (
        good[:-1],
        good[:middle],
        good[:6],
        b"PAR1" + bytes(40) + b"PAR1",
        good[: middle - 2000] + b"\xff" * 4000 + good[middle + 2000 :],
        archive.getvalue(),
        csv(ROW),
    ):
        fields = refused(path, content)
        assert "no whole Parquet file" in fields["problem"]
    assert len(read(path, good)) == 9000


def test_parquet_with_columns_of_a_strange_type_is_refused(tmp_path: Path) -> None:
    for strange in ("[1]", "{'a': 1}", "MAP {'a': 1}", "'\\xff'::BLOB", "true"):
        path = parquet(tmp_path / "r.parquet", one_row(evidence=strange))
        assert "is of type" in refused(path, path.read_bytes())["problem"]


def test_a_name_that_looks_like_a_pattern_or_an_address_is_a_name(tmp_path: Path) -> None:
    content = parquet(tmp_path / "x.parquet", one_row()).read_bytes()
    for name in ("*.parquet", "[x].parquet", "it's {a}.parquet", "s3:.parquet"):
        assert len(read(tmp_path / name, content)) == 1


def test_rows_that_are_mended_bear_the_ids_of_those_that_wait_all_of_them(tmp_path: Path) -> None:
    heading = "row_id,reason,problem," + HEADING
    content = csv(f"a-1,NO,no good,{ROW}", heading=heading)
    path = tmp_path / "r.csv"
    [found] = read(path, content)
    assert found.row_id == "a-1"
    with open_records(str(path)) as file:
        assert file.mends
    fields = refused(path, content + f",,,{ROW}\n".encode())
    assert "have no row_id" in fields["problem"]


@pytest.mark.parametrize("content", [b"\xef", b"\xef\xbb", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_nothing_after_it_is_an_empty_file(
    tmp_path: Path, content: bytes
) -> None:
    assert refused(tmp_path / "r.jsonl", content)["problem"] == "it is empty"


@given(content=st.binary(max_size=400), name=st.sampled_from(("r.csv", "r.jsonl", "r.parquet")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_only_ever_is_refused(tmp_path: Path, content: bytes, name: str) -> None:
    with pytest.raises(HutongError):
        read(tmp_path / name, content)


@given(info=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_a_piece_changed_is_read_or_refused_and_nothing_else(
    tmp_path: Path, info: st.DataObject
) -> None:
    city = info.draw(st.sampled_from(data.cities()))
    content = b"".join(
        data.path(f"records/{city.pinyin}.csv").read_bytes().splitlines(keepends=True)[:6]
    )
    start = info.draw(st.integers(0, len(content)))
    end = min(len(content), start + info.draw(st.integers(0, 12)))
    piece = info.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b",", b"\n", b"\r", b"\0"]))
    )
    refusal = FILE_INVALID
    try:
        read(tmp_path / "r.csv", content[:start] + piece + content[end:])
    except HutongError as error:
        refusal = error.reason
    assert refusal == FILE_INVALID


def _rows(count: int, evidence: str = "e") -> list[FileRow]:
    return [
        FileRow(i, RecordRow(f"r-{i}", "add-1", NUMBER, "2026-01-15", evidence))
        for i in range(count)
    ]


def test_no_portion_has_more_rows_or_bytes_than_a_node_takes() -> None:
    for evidence, most in (("短", 500), ("长" * 1000, 84)):
        rows = _rows(1201, evidence)
        found = list(portions(rows))
        assert [row for portion in found for row in portion] == rows
        assert max(map(len, found)) <= most


@pytest.mark.parametrize(
    ("count", "start", "sizes"), [(0, 0, [0]), (3, 3, [0]), (501, 0, [500, 1])]
)
def test_the_last_request_of_a_file_says_so(count: int, start: int, sizes: list[int]) -> None:
    found = list(load_requests("id", "r.csv", _rows(count)[start:], count))
    assert [len(request.get("rows", ())) for request in found] == sizes
    assert [request["is_last"] for request in found] == [False] * (len(sizes) - 1) + [True]
    assert found[0]["first_row"] == start


def test_the_example_of_the_manual_is_a_file_of_records(tmp_path: Path) -> None:
    manual = (Path(__file__).resolve().parents[3] / "docs" / "manual.md").read_text("utf-8")
    example = manual.split("### Records\n")[1].split("```csv\n")[1].split("```")[0]
    actions = [each.row.action for each in read(tmp_path / "r.csv", example.encode())]
    assert actions == ["", "", "correct", "withdraw"]
