"""Every text of the command line, in Chinese and English, by name; the texts are in texts.toml.

Errors of the node bring their own texts (`federation.errors`, `node.errors`).
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("zh", "en")


@cache
def table() -> dict[str, dict[str, str]]:
    """The texts of each name, by language."""
    sections = tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))
    return {
        f"{section}.{name}": texts
        for section, named in sections.items()
        for name, texts in named.items()
    }


def text(name: str, language: str, /, **fields: object) -> str:
    """The text of that name, in that language, with its fields filled in."""
    return table()[name][language].format_map(fields)


def has(name: str) -> bool:
    """Whether there is a text of that name."""
    return name in table()


def language_of(arguments: list[str], environment: Mapping[str, str]) -> str:
    """The language of an invocation: --lang, HUTONG_LANG, then the locale as POSIX orders it.

    It is found before the command line is parsed, so that what is wrong with that can be said.
    """
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        value = arguments[place + 1 : place + 2] if argument == "--lang" else []
        if argument.startswith("--lang="):
            value = [argument.partition("=")[2]]
        if value and value[0] in LANGUAGES:
            return value[0]
    for name in ("HUTONG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"
