"""How much memory a backup takes: `python -m tests.node.keeping.memory FOLDER ROWS`.

One line of JSON: the bytes of the backup, and by how much the process grew while it made it, while
it verified it, and while it restored it, each in a process of its own.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from tests.node.keeping.rig import back_up, node, restore, verify
from tests.node.store.rig import opened

_LARGE = """
INSERT INTO answers (caller, request_id, body_digest, response, answered_at, subject)
WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {rows})
SELECT 'venue/library', printf('%08d', n), randomblob(32), randomblob(3000), n, '' FROM counted
"""


def grown(act: Callable[[], object]) -> int:
    """By how many KiB a process that acts grows."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            act()
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            os.write(writing, str(after - before).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return int(said)


def main() -> None:
    """Measure, and print."""
    folder, rows = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir()
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    # Once with little, so that everything is loaded.
    back_up(kept, folder / "small.age")
    verify(kept, folder / "small.age")
    restore(kept, folder / "small.age", folder / "small")
    with opened(kept.url) as desk:
        desk.execute(_LARGE.format(rows=rows))
    file = folder / "large.age"
    found = {
        "made": grown(lambda: back_up(kept, file)),
        "verified": grown(lambda: verify(kept, file)),
        "restored": grown(lambda: restore(kept, file, folder / "large")),
        "bytes": file.stat().st_size,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
