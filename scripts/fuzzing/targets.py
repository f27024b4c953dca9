"""Every parser that is searched, by its name."""

import difflib
import importlib
from functools import cache
from pathlib import Path
from typing import Final

from scripts.fuzzing.oracle import Target

KEPT: Final = Path(__file__).resolve().parent.parent.parent / "tests" / "fuzz" / "findings"
"""Inputs that found a fault once, each as `TARGET--WHAT.bin`."""

_MODULES: Final = ("statements", "proofs", "scales", "texts", "wire", "files", "backups")


@cache
def _of(module: str) -> dict[str, Target]:
    # Loaded when it is wanted: a process that searches one target needs not all of a node.
    made: list[Target] = importlib.import_module(f"scripts.fuzzing.{module}").targets()
    return {target.name: target for target in made}


@cache
def every() -> dict[str, Target]:
    """Every target, in the order in which they are listed."""
    return {name: target for module in _MODULES for name, target in _of(module).items()}


def find(name: str) -> Target:
    """The target of that name; raises KeyError, with those that come nearest."""
    for module in _MODULES:
        if name in _of(module):
            return _of(module)[name]
    near = difflib.get_close_matches(name, every(), n=3, cutoff=0.0)
    raise KeyError(f"there is no target {name}; the nearest are {', '.join(near)}")


def module_of(name: str) -> str:
    """In which of the modules a target is: a process that searches it loads that one only."""
    return next(module for module in _MODULES if name in _of(module))


def find_in(module: str, name: str) -> Target:
    """The target of that name in that module."""
    return _of(module)[name]


def kept(name: str) -> list[bytes]:
    """The inputs that found a fault in a target once."""
    return [path.read_bytes() for path in sorted(KEPT.glob(f"{name}--*.bin"))]


def beginning(target: Target) -> list[bytes]:
    """What a search of a target begins with: its seeds, and what found something before."""
    return [*target.seeds(), *kept(target.name)]
