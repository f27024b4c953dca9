"""A process that migrates: `python -m tests.node.store.migrator URL FOLDER WHAT [DIES_AT]`.

WHAT is "expand" or "contract". With a number it is killed before that statement of its migrations.
It prints the migrations that it ran, or the reason for which it did not.

Without words it reads them, a line for each process that it is to fork, and prints how each ended.
"""

import contextlib
import io
import itertools
import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa

from federation.errors import HutongError
from node.store import migrating
from node.store.upgrading import Chain


def main(url: str, folder: str, what: str, dies_at: str = "0") -> int:
    serial = itertools.count(1)

    def die(connection: sa.Connection, *_: object) -> None:
        writes = connection.get_execution_options().get("writes", False)
        if writes and next(serial) == int(dies_at):
            os.kill(os.getpid(), signal.SIGKILL)

    if int(dies_at):
        sa.event.listen(sa.Engine, "before_cursor_execute", die)
    try:
        found = migrating.migrate(
            url, contract=what == "contract", told=lambda _: None, chain=Chain(Path(folder))
        )
    except HutongError as error:
        sys.stdout.write(f"{error.reason.name} {error.fields.get('processes', '')}\n")
        return 3
    sys.stdout.write(" ".join(step.revision for step in found.done) + "\n")
    return 0


def fork_each() -> int:
    """A process for each line: what takes long to load is loaded once."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            # Only how it ended is for whoever asked.
            with contextlib.redirect_stdout(io.StringIO()):
                os._exit(main(*line.split()))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if sys.argv[1:] else fork_each())
