"""`python -m scripts.harnessing.node_process LEVER ...`: the node's command line, with two levers.

Until one is pulled it is `node.cli` in every respect but one: where the time is asked for, a number
of the lever's file is added to it. The levers are those faults that nothing outside of a process
can make: a clock that jumps, and a certificate that has expired.
"""

import gc
import sys
from pathlib import Path

from node.cli.app import main
from scripts.harnessing.levers import Lever

if __name__ == "__main__":
    # As the command line imports its commands: a node starts here as it does by itself.
    gc.disable()
    from scripts.harnessing.attaching import attach

    gc.enable()
    attach(Lever(Path(sys.argv.pop(1))))
    sys.exit(main())
