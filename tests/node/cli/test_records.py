from datetime import date

from node.cli.commands.records import _portions
from node.files import FileRow


def _row(number: int, title: str) -> FileRow:
    return FileRow(
        line=number,
        record_number=f"r-{number}",
        document_number="999999194006122466",
        title_zh=title,
        title_en="x",
        points_milli=0,
        occurred_on=date(2026, 1, 1),
        expires_on=None,
        commendation=None,
    )


def test_no_portion_has_more_rows_or_bytes_than_a_node_takes() -> None:
    for title, most in (("短", 500), ("长" * 1000, 43)):
        rows = [_row(number, title) for number in range(1201)]
        portions = list(_portions(rows))
        assert [row for portion in portions for row in portion] == rows
        assert max(map(len, portions)) <= most


def test_no_row_is_no_portion() -> None:
    assert list(_portions([])) == []
