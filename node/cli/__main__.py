"""`python -m node.cli`, for where the command is not on the PATH."""

import sys

from node.cli.app import main

sys.exit(main())
