"""A node whose log is never written: what `scripts/bench log` holds the real one against.

It is no setting of a node, and there is none: an answer without its entry is no answer.
"""

import sys

from node.cli import main
from node.logbook import LogEntry
from node.store.log import LogRepository


def _nothing(_self: LogRepository, _entry: LogEntry) -> int:
    return 0


if __name__ == "__main__":
    setattr(LogRepository, "append", _nothing)  # noqa: B010 - mypy knows no such thing
    sys.exit(main())
