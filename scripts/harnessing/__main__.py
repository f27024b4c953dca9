"""`scripts/harness` runs this."""

import sys

from scripts.harnessing.cli import main

if __name__ == "__main__":
    sys.exit(main())
