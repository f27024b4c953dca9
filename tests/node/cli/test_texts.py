import re
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import node.cli
from node.cli.app import TREE
from node.cli.session import Session
from node.cli.shape import Group
from node.cli.texts import LANGUAGES, has, language_of, table

SOURCE = Path(node.cli.__file__).parent
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
NAMED = re.compile(r'"((?:commands|options|words|said|standing)\.[\w {}\[\]\']+)"')

# A command keeps its help option from the first context that it sees.
_HELP = ["-h", "--help"]


def _fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def _every_command() -> Iterator[tuple[str, click.Command]]:
    root = Group(TREE)
    context = click.Context(root, info_name="hutong", obj=Session("en"), help_option_names=_HELP)
    paths = {" ".join(path.split()[:depth]) for path in TREE for depth in (1, 2)}
    for path in sorted(paths):
        group: click.Command | None = root
        for name in path.split():
            assert isinstance(group, Group)
            group = group.get_command(context, name)
        assert group is not None, path
        yield path, group


def test_each_text_is_in_both_languages_with_the_same_fields() -> None:
    texts = table()
    assert {name for name, said in texts.items() if set(said) != set(LANGUAGES)} == set()
    different = {n for n, said in texts.items() if _fields(said["zh"]) != _fields(said["en"])}
    assert different == set()


def test_chinese_is_chinese_and_english_is_not() -> None:
    assert {n for n, said in table().items() if not CHINESE.search(said["zh"])} == set()
    assert {n for n, said in table().items() if CHINESE.search(said["en"])} == set()


def test_chinese_has_its_own_punctuation() -> None:
    said = {name: re.sub(r"`[^`]*`", "", texts["zh"]) for name, texts in table().items()}
    assert {n for n, zh in said.items() if re.search(r"[\u4e00-\u9fff][,:;?()]", zh)} == set()


def test_each_text_that_the_code_names_exists_and_each_text_is_named() -> None:
    source = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    literal = {name for name in NAMED.findall(source) if "{" not in name}
    assert {name for name in literal if not has(name)} == set()
    said = {name for name in table() if name.startswith("said.")}
    assert said - literal == set()


def test_each_command_and_each_option_has_a_help_in_both_languages() -> None:
    for path, command in _every_command():
        assert has(f"commands.{path}"), path
        for param in command.params:
            help_name = getattr(param, "help", None)
            assert has(str(help_name)), (path, param.name)


def test_each_help_can_be_shown_in_both_languages() -> None:
    for language in LANGUAGES:
        for path, command in _every_command():
            context = click.Context(
                command, info_name=path, obj=Session(language), help_option_names=_HELP
            )
            shown = command.get_help(context)
            assert bool(CHINESE.search(shown)) == (language == "zh"), path


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "en_GB.UTF-8", "LC_ALL": "", "LC_MESSAGES": "zh_CN"}, "zh"),
        ([], {"LC_ALL": "C", "HUTONG_LANG": "zh"}, "zh"),
        (["partner", "list", "--lang", "en"], {"HUTONG_LANG": "zh"}, "en"),
        (["--lang=zh", "partner"], {}, "zh"),
        (["--lang", "fr"], {}, "en"),
        (["--lang"], {"LANG": "zh_CN"}, "zh"),
        (["--", "--lang", "zh"], {}, "en"),
    ],
)
def test_the_language_is_the_nearest_wish(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert language_of(arguments, environment) == language
