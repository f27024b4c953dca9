"""What an operator is told to type, read as `hutong` itself reads it."""

import re
import shlex
from collections.abc import Iterable
from typing import Any

import click

from node.cli.app import TREE
from node.cli.session import Session
from node.cli.shape import Group
from node.model import Finding, Severity

# What else an operator has: all of it is on any Debian, or comes with PostgreSQL.
PROGRAMS = {
    "chmod",
    "chown",
    "df",
    "du",
    "journalctl",
    "ls",
    "pg_isready",
    "read",
    "runuser",
    "systemctl",
    "timedatectl",
}
# What only an operator can know stands in capitals.
_KNOWN_TO_OPERATORS = {"FILE", "NAME", "TEXT", "CITY", "DECISION"}
_HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
_PLACE = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[a-z][a-z-]*")
_QUOTED = re.compile(r"`(hutong [^`]*)`")


def filled(text: str) -> str:
    """A template with something in its places that a city, a number or a name can be."""
    return _PLACE.sub("330100", text)


def parsed(line: str) -> None:
    """Parse a whole command line; raises click.UsageError for what is none.

    Of another program than ours only the name is known.
    """
    words = shlex.split(line)
    capitals = {word for word in words if word.isalpha() and word.isupper()}
    assert capitals <= _KNOWN_TO_OPERATORS, line
    if words[0] == "runuser":
        words = words[words.index("--") + 1 :]
    if words[0] != "hutong":
        assert words[0] in PROGRAMS, line
        return
    rest = ["hangzhou" if word == "CITY" else word for word in words[1:]]
    context = Group(TREE).make_context("hutong", rest, obj=Session("en"), **_HELP)
    while isinstance(context.command, Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None, line
        context = command.make_context(name, rest, parent=context, **_HELP)


def exists(line: str) -> None:
    """See that the command and each option that a text names exist; what they need may lack."""
    words = line.replace("，", " ").split()
    root: click.Command = Group(TREE)
    command, context = root, click.Context(root, info_name="hutong", obj=Session("en"), **_HELP)
    path = words[1:]
    while isinstance(command, Group) and path and _WORD.fullmatch(path[0]):
        found = command.get_command(context, path.pop(0))
        assert found is not None, line
        command = found
    known = {name for each in command.get_params(context) for name in each.opts}
    known |= {name for each in command.get_params(context) for name in each.secondary_opts}
    options = [word.partition("=")[0] for word in path if word.startswith("--")]
    assert set(options) <= known, line


def quoted(text: str) -> list[str]:
    """The commands that a text names between backticks."""
    return [filled(line) for line in _QUOTED.findall(text)]


def every_one_can_be_typed(findings: Iterable[Finding]) -> None:
    """Whatever is not as it should be ends with a command, in full, that there is."""
    for finding in findings:
        assert bool(finding.remedy_zh) == bool(finding.remedy_en), finding
        assert bool(finding.remedy_en) == bool(finding.command), finding
        assert finding.severity is Severity.OK or finding.command, finding
        for text in (finding.remedy_zh, finding.remedy_en, finding.detail_zh, finding.detail_en):
            for line in quoted(text):
                exists(line)
        if finding.command:
            parsed(finding.command)
