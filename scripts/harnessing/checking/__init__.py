"""The invariants of a run, checked from the nodes' own records and the clients' own histories.

`check(folder)` is all that others need. What is looked at is in `evidence`, each group of
invariants in a module of its own, and `INVARIANTS` lists them in the order of the rules.
"""

from scripts.harnessing.checking.checks import INVARIANTS, check
from scripts.harnessing.checking.evidence import Evidence, gather

__all__ = ["INVARIANTS", "Evidence", "check", "gather"]
