"""Records as text: CSV with a heading line, or JSON Lines; read as a stream, twice if need be."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from node.files.reading import mistake
from node.files.record_columns import Values, check_columns

# Characters of one line of JSON: a row has eleven fields, none of them long.
_LINE_CHARACTERS: Final = 100_000


def read_csv(file: str, path: Path) -> Iterator[Values]:
    """Each row, by column; raises FILE_INVALID with the line, once the mistake is reached."""
    with _text(file, path) as text:
        reader = csv.reader(text, strict=True)
        try:
            heading = [name.strip() for name in next(reader, ())]
            check_columns(file, "line 1", heading)
            for fields in reader:
                if not fields:
                    continue
                if len(fields) != len(heading):
                    problem = f"it has {len(fields)} fields, not {len(heading)}"
                    raise mistake(
                        file, _line(reader.line_num), f"{problem}; put texts with commas in quotes"
                    )
                yield dict(zip(heading, fields, strict=True))
        except csv.Error as error:
            raise mistake(file, _line(reader.line_num), f"{error}; check the quotes") from error


def read_json_lines(file: str, path: Path) -> Iterator[Values]:
    """Each row, by column; raises FILE_INVALID with the line, once the mistake is reached."""
    with _text(file, path) as text:
        number = 0
        while line := text.readline(_LINE_CHARACTERS):
            number += 1
            if line.strip():
                yield _object(file, number, line)
        # A mark that says nothing but how what follows is written, whole or cut off.
        if not number:
            raise mistake(file, _line(1), "it is empty")


def _object(file: str, number: int, line: str) -> Values:
    where = _line(number)
    if len(line) >= _LINE_CHARACTERS:
        raise mistake(file, where, "it is too long; write one record on each line")
    try:
        found = json.loads(
            line, object_pairs_hook=list, parse_int=str, parse_float=str, parse_constant=_refused
        )
    except (ValueError, RecursionError) as error:
        raise mistake(file, where, "it is not one JSON object; write one a line") from error
    # A list of pairs is what an object became, so that a name that comes twice is seen.
    if not isinstance(found, list) or not line.lstrip().startswith("{"):
        raise mistake(file, where, 'it is not one JSON object, such as {"record_number": "1"}')
    for name, _ in found:
        _check_whole(file, where, name)
    check_columns(file, where, [name for name, _ in found], all_needed=False)
    return {name: _value(file, where, name, value) for name, value in found}


def _value(file: str, where: str, name: str, value: Any) -> str:  # noqa: ANN401 - of JSON
    if value is None:
        return ""
    if not isinstance(value, str):
        raise mistake(file, f"{where} ({name})", "write a text or a number")
    _check_whole(file, f"{where} ({name})", value)
    return value


def _check_whole(file: str, where: str, text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise mistake(file, where, "it holds half a character; write it whole")


def _refused(name: str) -> str:
    raise ValueError(name)


@contextmanager
def _text(file: str, path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except UnicodeDecodeError as error:
        where = _line(_first_undecodable(path))
        raise mistake(file, where, "it is not UTF-8; save it as UTF-8") from error


def _first_undecodable(path: Path) -> int:
    """The line of the first bytes that are no UTF-8: a newline is never a part of a character."""
    with path.open("rb") as content:
        for number, line in enumerate(content, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _line(number: int) -> str:
    return f"line {number}"


def is_json(start: bytes, names: Sequence[str]) -> bool:
    """Whether a file is JSON Lines, by its name or how it starts."""
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return any(name in {".jsonl", ".ndjson"} for name in names) or plain.startswith(b"{")
