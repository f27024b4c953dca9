"""One process of a load, as `running.Offered` starts it; it reads its job as JSON.

python -m scripts.harnessing.loading JOB
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.generator import generate
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.precedence import come_first


def main() -> None:
    """Make the share of the load that the job names."""
    # It measures the others, and must not be late itself.
    come_first()
    job = json.loads(sys.argv[1])
    targets = tuple(Target(**each) for each in job["targets"])
    made = generate(
        Folder(Path(job["folder"])), Offer(**job["offer"]), job["place"], job["name"], targets
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(made)


main()
