"""What is wrong with a command line, in one line of either language, and the help to read."""

import click
from click.exceptions import NoSuchCommand

from node.cli.errors import Misused, Wrong
from node.cli.texts import text


def usage_text(error: click.UsageError, language: str) -> str:
    """One line: what is wrong, the nearest right thing, and the command that shows more."""
    path = error.ctx.command_path if error.ctx else "hutong"
    return _problem(error, language) + text("said.see_help", language, path=path)


def _problem(error: click.UsageError, language: str) -> str:
    match error:
        case Misused():
            said = error.texts[language]
        case NoSuchCommand():
            said = _no_such("said.no_command", error.command_name, error.possibilities, language)
            if not error.possibilities:
                said += text("said.known", language, names=", ".join(_known(error.ctx)))
        case click.NoSuchOption():
            said = _no_such("said.no_option", error.option_name, error.possibilities, language)
        case click.MissingParameter():
            said = text("said.missing", language, name=_hint(error))
        case click.BadParameter():
            said = f"{_hint(error)}: {_bad_value(error, language)}"
        case click.BadOptionUsage():
            said = text("said.needs_value", language, name=error.option_name)
        case _:
            said = error.message
    return said


def _known(ctx: click.Context | None) -> list[str]:
    return ctx.command.list_commands(ctx) if ctx and isinstance(ctx.command, click.Group) else []


def _bad_value(error: click.BadParameter, language: str) -> str:
    if isinstance(error, Wrong):
        return error.texts[language]
    match error.param.type if error.param else None:
        case click.Choice() as kind:
            return text("said.bad_choice", language, known=", ".join(map(str, kind.choices)))
        case click.IntRange() as kind:
            return text("said.bad_number", language, least=kind.min, most=kind.max)
        case click.FloatRange() as kind:
            return text("said.bad_amount", language, least=kind.min, most=kind.max)
        case _:
            return error.message


def _no_such(name: str, given: str, near: list[str] | None, language: str) -> str:
    said = text(name, language, name=given)
    return said + (text("said.nearest", language, name=near[0]) if near else "")


def _hint(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "?")
    if isinstance(error.param, click.Argument):
        return error.param.make_metavar(error.ctx) if error.ctx else str(error.param.name)
    return max(error.param.opts, key=len)
