"""The columns of a file of records, whatever its form, and the row that they make."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

from node.files.reading import mistake
from node.records import RecordRow

Values = Mapping[str, str]
"""The fields of one row, by column."""

NEEDED: Final = ("record_number", "indicator", "document_number", "occurred_on", "evidence")
OPTIONAL: Final = ("action", "source", "revision", "disclosure_class", "area", "ends_on")
# Of a file that `hutong quarantine export` wrote: which row is mended, and what was said of it.
ROW_ID: Final = "row_id"
SAID: Final = ("reason", "problem")
COLUMNS: Final = (*NEEDED, *OPTIONAL)
_KNOWN: Final = (*COLUMNS, ROW_ID, *SAID)

# Characters of a field that go on their way: the node refuses each that is as long, with its row.
_FIELD_CHARACTERS: Final = 1000
_MOST_REVISION: Final = 2**31
_DIGITS: Final = 10


def check_columns(file: str, where: str, names: Sequence[str], *, all_needed: bool = True) -> None:
    """Refuse columns that are missing, unknown, or there twice; raises FILE_INVALID."""
    said = [f"lacks {name}" for name in NEEDED if name not in names] if all_needed else []
    said += [f"has {name} twice" for name in _KNOWN if names.count(name) > 1]
    said += [_unknown(name) for name in names if name not in _KNOWN]
    if said:
        columns = f"{', '.join(NEEDED)}; these may be added: {', '.join(OPTIONAL)}"
        raise mistake(file, where, f"it {', '.join(said)}; the columns are {columns}")


def row_of(values: Values) -> RecordRow:
    """The row that is sent; what is wrong with one of its fields, the node says."""
    texts = {
        name: values.get(name, "").strip()[:_FIELD_CHARACTERS]
        for name in COLUMNS
        if name != "revision"
    }
    return RecordRow(**texts, revision=_revision(values.get("revision", "").strip()))


def _revision(text: str) -> int:
    """A revision; 0, which is none, where there is no such number."""
    # A library that knows no empty whole numbers writes 1.0.
    text = text.removesuffix(".0")
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        return 0
    number = int(text)
    return number if number < _MOST_REVISION else 0


def _unknown(name: str) -> str:
    """What is told of an unknown column: without a heading line it may be a person's data."""
    nearest = difflib.get_close_matches(name, _KNOWN, n=1)
    return f"has {name} instead of {nearest[0]}" if nearest else "has a column that is not known"
