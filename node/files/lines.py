"""Files of JSON Lines about a log: read line by line, so that none is too large to be read."""

import json
from pathlib import Path
from typing import IO, Any, Final

from federation.errors import HutongError
from node.errors import FILE_INVALID
from node.files.reading import mistake

# Characters of the first line, with its trust bundles, and of one entry.
HEAD_CHARACTERS: Final = 8 * 1024 * 1024
LINE_CHARACTERS: Final = 1000


def opened(path: Path) -> IO[str]:
    """The text of a file; raises FILE_INVALID."""
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        problem = error.strerror or "it cannot be opened"
        raise HutongError(
            FILE_INVALID, file=str(path), where="whole file", problem=problem
        ) from error


def json_of(path: Path, number: int, line: str) -> Any:  # noqa: ANN401 - whatever the line holds
    """What a line holds, each member of an object once; raises FILE_INVALID."""
    try:
        return json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise mistake(path.name, f"line {number}", "it is no JSON") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a member that occurs twice could read two things.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members
