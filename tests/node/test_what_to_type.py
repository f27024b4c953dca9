"""No text names a command or an option that does not exist: neither code nor pages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import node
from node.cli.texts import table
from tests.node.typed import exists, filled, parsed, quoted

SOURCE = Path(node.__file__).parent
ROOT = SOURCE.parent
CODE = sorted(path for path in SOURCE.rglob("*.py") if "v1" not in path.parts)
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
SAMPLES = {"role": "venue", "role.value": "venue"}
# What Spark calls our work.
NO_COMMANDS = {"hutong score"}
# A whole command, and nothing else.
WHOLE = re.compile(r"hutong [a-z]+(?: \S+)*")


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module; what an f-string fills in is filled."""
    if isinstance(tree, ast.JoinedStr):
        yield "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else SAMPLES.get(ast.unparse(part.value), "330100")
            for part in tree.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for child in ast.iter_child_nodes(tree):
        yield from _texts(child)


def _of_code() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), text)
        for path in CODE
        for text in _texts(ast.parse(path.read_bytes()))
    ]


OF_CODE = _of_code()


def test_each_command_that_the_code_tells_to_type_is_parsed_whole() -> None:
    whole = {(path, filled(text)) for path, text in OF_CODE if WHOLE.fullmatch(text)}
    whole = {(path, line) for path, line in whole if line not in NO_COMMANDS}
    assert len(whole) > 20
    assert len({path for path, _ in whole}) > 8
    for path, line in sorted(whole):
        try:
            parsed(line)
        except click.UsageError as error:
            raise AssertionError(f"{path}: {line}: {error.format_message()}") from error


def test_each_command_that_a_text_names_exists() -> None:
    said = [(path, line) for path, text in OF_CODE for line in quoted(text)]
    said += [
        (name, line)
        for name, texts in table().items()
        for text in texts.values()
        for line in quoted(text)
    ]
    assert len(said) > 60
    for _, line in said:
        exists(line)


def test_what_does_not_exist_is_found_out() -> None:
    for wrong in ("hutong keys turn", "hutong doctor --fast", "hutong nothing", "hutong keys x"):
        with pytest.raises(AssertionError):
            exists(wrong)
    for wrong in ("hutong scale load", "hutong partner sync", "hutong keys rotate now", "sudo ls"):
        with pytest.raises((click.UsageError, AssertionError)):
            parsed(wrong)
    exists("hutong scale load")
    parsed("hutong scale load FILE")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_that_a_page_names_exists(page: Path) -> None:
    for line in quoted(page.read_text("utf-8")):
        exists(line)
