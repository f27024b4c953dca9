"""How a command speaks to the keeper of a run: one line of JSON each way, over a Unix socket.

What it can be asked is a method of `Keeper`; a keeper that is not there is told with the remedy.
"""

import json
import os
import socket
from typing import Any, Final

from scripts.harnessing.layout import Folder

SECONDS: Final = 60.0
_LINE: Final = 16 * 1024 * 1024

Answer = dict[str, Any]


class KeeperError(Exception):
    """What the keeper refused, or that there is none; the text says what to do."""


def ask(folder: Folder, do: str, /, seconds: float = SECONDS, **words: object) -> Answer:
    """What the keeper of this run answers; raises KeeperError."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(seconds)
            line.connect(short_path(folder))
            line.sendall(json.dumps({"do": do, **words}).encode() + b"\n")
            with line.makefile("rb") as file:
                said = file.readline(_LINE)
    except TimeoutError as error:
        raise KeeperError(f"the keeper did not answer within {seconds:g} s") from error
    except OSError as error:
        raise KeeperError(
            f"nothing runs in {folder.root} ({error}); bring cities up with `scripts/harness up`"
        ) from error
    if not said.endswith(b"\n"):
        raise KeeperError("the keeper ended before it answered; see keeper.log")
    answer: Answer = json.loads(said)
    if "error" in answer:
        raise KeeperError(str(answer["error"]))
    return answer


def short_path(folder: Folder) -> str:
    """Where the keeper listens: relative, where the whole path fits no address."""
    whole = str(folder.socket.resolve())
    return whole if len(whole.encode()) < 100 else os.path.relpath(whole)  # noqa: PLR2004 - of 108
