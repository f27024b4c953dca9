"""One process of a load, as `running.Offered` starts it; it reads its job as JSON.

python -m scripts.harnessing.loading JOB
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Final

import uvloop

from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.generator import generate
from scripts.harnessing.loading.offers import Offer, Target

_PRECEDENCE: Final = -5
"""It measures the others, and must not be late itself: where it may, it goes before them."""


def main() -> None:
    """Make the share of the load that the job names."""
    with contextlib.suppress(PermissionError):
        os.nice(_PRECEDENCE)
    job = json.loads(sys.argv[1])
    targets = tuple(Target(**each) for each in job["targets"])
    made = generate(
        Folder(Path(job["folder"])), Offer(**job["offer"]), job["place"], job["name"], targets
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(made)


main()
