"""Which of our modules a target reads, and what each of them says: so that a change is seen.

A module counts where a function of it runs while the seeds do, a second time: what is made once and
kept is no part of a parser. Of its text only what runs is told apart: comments, documentation and
the form of a line change nothing. Limits and reasons are tables that many share: they are left out.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

from scripts.fuzzing.oracle import Target

ROOT: Final = Path(__file__).resolve().parent.parent.parent
_OURS: Final = tuple(f"{ROOT / part}/" for part in ("federation", "node"))
_TABLES: Final = frozenset({"federation.errors", "node.errors"})
_DIGITS: Final = 8


def read_by(target: Target, seeds: Iterable[bytes]) -> dict[str, str]:
    """The modules that a target reads, each with the digest of what it says."""
    given = list(seeds)
    for data in given:
        _run(target, data)
    with _calls() as seen:
        for data in given:
            _run(target, data)
    files = {code.co_filename for code in seen if code.co_filename.startswith(_OURS)}
    names = {_module(Path(file)) for file in files} - _TABLES
    return {name: digest_of(name) for name in sorted(names)}


def changed(source: Mapping[str, str]) -> list[str]:
    """The modules that say something else now, or are gone."""
    return [name for name, digest in source.items() if digest_of(name) != digest]


def digest_of(module: str) -> str:
    """What a module of ours says, in a few digits; "" where there is none of that name."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return digest(file.read_text("utf-8"))
    return ""


def digest(text: str) -> str:
    """What a module says, in a few digits; the same for every version of Python."""
    said = repr(_said(ast.parse(text)))
    return hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]


def _said(node: object) -> object:
    if isinstance(node, list):
        return [_said(each) for each in node if not _is_prose(each)]
    if not isinstance(node, ast.AST):
        return node
    # A version of Python that knows more has more fields; what is empty says nothing.
    fields = [(name, _said(value)) for name, value in ast.iter_fields(node)]
    return (type(node).__name__, [(name, said) for name, said in fields if said not in (None, [])])


def _is_prose(node: object) -> bool:
    """Whether it is a text that stands alone, as documentation does."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _run(target: Target, data: bytes) -> None:
    # What is wrong with it is found by the search that follows.
    with suppress(Exception):
        target.run(data)


@contextmanager
def _calls() -> Iterator[set[CodeType]]:
    """Every function of Python's that is called meanwhile."""
    seen = set[CodeType]()

    def hear(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(hear)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
