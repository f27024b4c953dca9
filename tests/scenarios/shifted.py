"""`python -m tests.scenarios.shifted`: the node's command line, by a clock that is off."""

import os
import sys
from datetime import UTC, datetime, timedelta

from node import clock
from node.cli.app import main

_OFF = timedelta(seconds=float(os.environ.get("SHIFT_SECONDS", "0")))


def _now(_: clock.SystemClock) -> datetime:
    return datetime.now(UTC) + _OFF


if __name__ == "__main__":
    clock.SystemClock.now = _now  # type: ignore[method-assign,assignment]
    sys.exit(main())
