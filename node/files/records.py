"""Records as a department writes them: CSV with a heading line, or JSON Lines."""

import csv
import difflib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from node import limits
from node.files.reading import mistake, to_milli

_COLUMNS: Final = (
    "record_number",
    "document_number",
    "title_zh",
    "title_en",
    "points",
    "occurred_on",
    "expires_on",
    "commendation",
)
_OPTIONAL: Final = frozenset({"expires_on", "commendation"})
_MOST_POINTS: Final = limits.RECORD_POINTS_MILLI // 1000


@dataclass(frozen=True, slots=True)
class FileRow:
    """One record of a file, and the line that it ends on; points in thousandths."""

    line: int
    record_number: str
    document_number: str
    title_zh: str
    title_en: str
    points_milli: int
    occurred_on: date
    expires_on: date | None
    commendation: str | None


def parse_records(file_name: str, content: bytes) -> tuple[FileRow, ...]:
    """The rows of a file; raises FILE_INVALID with the line of the first mistake."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise mistake(file_name, f"line {line}", "it is not UTF-8; save it as UTF-8") from error
    if not text.strip():
        raise mistake(file_name, "line 1", "it is empty")
    rows = _json_lines(file_name, text) if _is_json(file_name, text) else _csv(file_name, text)
    return tuple(_row(file_name, line, values) for line, values in rows)


def _is_json(file_name: str, text: str) -> bool:
    return file_name.endswith((".jsonl", ".ndjson")) or text.lstrip().startswith("{")


def _csv(file_name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        heading = reader.fieldnames or ()
        _check_keys(file_name, 1, heading)
        for row in reader:
            if None in row or None in row.values():
                raise mistake(
                    file_name,
                    f"line {reader.line_num}",
                    f"it has not {len(heading)} fields; put texts with commas in quotes",
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise mistake(file_name, f"line {reader.line_num}", f"{error}; check the quotes") from error


def _json_lines(file_name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    for line, found in enumerate(text.split("\n"), start=1):
        if not found.strip():
            continue
        try:
            pairs = json.loads(found, parse_float=str, parse_int=str, object_pairs_hook=tuple)
        except (ValueError, RecursionError) as error:
            raise mistake(file_name, f"line {line}", "it is not one JSON object") from error
        flat = found.lstrip().startswith("{") and all(isinstance(v, str | None) for _, v in pairs)
        if not flat:
            raise mistake(file_name, f"line {line}", "write one flat JSON object on each line")
        _check_keys(file_name, line, [key for key, _ in pairs])
        yield line, {key: value or "" for key, value in pairs}


def _check_keys(file_name: str, line: int, keys: Sequence[str]) -> None:
    said = [f"lacks {key}" for key in _COLUMNS if key not in keys and key not in _OPTIONAL]
    said += [f"has {key} twice" for key in _COLUMNS if keys.count(key) > 1]
    said += [_unknown(key) for key in keys if key not in _COLUMNS]
    if said:
        columns = ", ".join(_COLUMNS)
        raise mistake(file_name, f"line {line}", f"it {', '.join(said)}; the columns are {columns}")


def _unknown(key: str) -> str:
    """What is told of an unknown column: without a heading line it may be a person's data."""
    nearest = difflib.get_close_matches(key, _COLUMNS, n=1)
    return f"has {key} instead of {nearest[0]}" if nearest else "has a column that is not known"


def _row(file_name: str, line: int, values: dict[str, str]) -> FileRow:
    def bad(column: str, problem: str) -> Exception:
        return mistake(file_name, f"line {line} ({column})", problem)

    def day(column: str) -> date:
        try:
            return date.fromisoformat(values[column].strip())
        except ValueError as error:
            raise bad(column, "write a day that exists as YYYY-MM-DD") from error

    if not all(_can_be_kept(value) for value in values.values()):
        raise mistake(file_name, f"line {line}", "it holds characters that are no text")
    for column in ("record_number", "document_number", "title_zh", "title_en"):
        if not values[column].strip():
            raise bad(column, "it is empty")
    try:
        points = to_milli(Decimal(values["points"].strip()), _MOST_POINTS)
    except ArithmeticError as error:
        raise bad("points", "write a number, such as 5 or -2.5") from error
    except ValueError as error:
        raise bad("points", str(error)) from error
    return FileRow(
        line=line,
        record_number=values["record_number"].strip(),
        document_number=values["document_number"].strip(),
        title_zh=values["title_zh"].strip(),
        title_en=values["title_en"].strip(),
        points_milli=points,
        occurred_on=day("occurred_on"),
        expires_on=day("expires_on") if values.get("expires_on", "").strip() else None,
        commendation=values.get("commendation", "").strip() or None,
    )


def _can_be_kept(text: str) -> bool:
    return not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)
