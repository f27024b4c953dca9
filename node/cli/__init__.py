"""The command line `hutong`: a client of nodes like any other, through `node.bootstrap`."""

from node.cli.app import main

__all__ = ["main"]
