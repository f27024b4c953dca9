"""How our commands look: help in two languages, and options that are taken at either place.

A command's help is the text `commands.PATH`, an option's `options.NAME`: looked up when they are
shown, since the language is an option too.
"""

import gc
import importlib
import platform
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import click

from node.cli.errors import Misused
from node.cli.session import Session
from node.cli.texts import LANGUAGES, text
from node.version import VERSION

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _language(ctx: click.Context) -> str:
    session = ctx.find_object(Session)
    return session.language if session else "en"


def _imported(module: str) -> ModuleType:
    """The module, imported without the collector: nothing that an import makes is garbage.

    A node's start takes an eighth less of the processor so.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        if collecting:
            gc.enable()


def _say(ctx: click.Context, name: str, /, **fields: object) -> str:
    return text(name, _language(ctx), **fields)


class _Option(click.Option):
    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        said = _say(ctx, self.help or "")
        if self.required:
            said += _say(ctx, "words.required")
        return self.get_help_spec(ctx), said


class _Argument(click.Argument):
    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        return self.make_metavar(ctx), _say(ctx, self.help or "")


def option(*names: str, text: str = "", **attributes: Any) -> Decorator:  # noqa: ANN401 - click's own
    """An option; its help is the text `options.NAME`, or that of another name."""
    name = text or max(names, key=len).lstrip("-").replace("-", "_")
    return click.option(*names, cls=_Option, help=f"options.{name}", **attributes)


def argument(name: str, *, text: str = "", **attributes: Any) -> Decorator:  # noqa: ANN401 - click's own
    """An argument; its help is the text `options.NAME`, or that of another name."""
    return click.argument(name, cls=_Argument, help=f"options.{text or name}", **attributes)


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a common option in the session; the language was found before."""
    session = ctx.find_object(Session)
    if session is None or value is None or value is False:
        return
    if param.name == "machine":
        session.machine = True
    elif param.name == "debug":
        session.debug = True
    elif param.name == "lang":
        session.language = str(value)
    else:
        session.options[str(param.name)] = str(value)


def _common(*names: str, text: str = "", **attributes: Any) -> click.Option:  # noqa: ANN401 - click's own
    key = f"options.{text or names[0].lstrip('-')}"
    return _Option(names, expose_value=False, callback=_keep, help=key, **attributes)


def _tell_version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    session = ctx.find_object(Session)
    if session is None or not value or ctx.resilient_parsing:
        return
    python = platform.python_version()
    if not session.out.document({"version": VERSION, "python": python}):
        session.out.line(f"hutong {VERSION} (Python {python})")
    ctx.exit()


_COMMON: Final = (
    _common("--json", "machine", is_flag=True),
    _common("--lang", type=click.Choice(LANGUAGES)),
    _common("--settings", metavar="FILE"),
    _common("--address", metavar="HOST:PORT"),
    _common("--certificate", metavar="FILE"),
    _common("--key", metavar="FILE"),
    _common("--ca", metavar="FILE"),
    _common("--operator", metavar="NAME"),
    _common("--debug", is_flag=True),
)
_VERSION: Final = _Option(
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="options.version",
)


class _Shown(click.Command):
    """What commands and groups share."""

    def __init__(self, *args: Any, path: str, **attributes: Any) -> None:  # noqa: ANN401 - click's own
        attributes["context_settings"] = {"help_option_names": ["-h", "--help"]}
        super().__init__(*args, **attributes)
        self.path = path
        self.params.extend(_COMMON)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = [_say(ctx, "words.options_place")]
        pieces += [
            piece
            for param in self.get_params(ctx)
            if isinstance(param, click.Argument)
            for piece in param.get_usage_pieces(ctx)
        ]
        if isinstance(self, click.Group):
            pieces.append(_say(ctx, "words.command_place"))
        prefix = _say(ctx, "words.usage")
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=prefix)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(_say(ctx, f"commands.{self.path}"))

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [p for p in self.get_params(ctx) if isinstance(p, click.Argument)]
        self._section(ctx, formatter, "words.arguments", found)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [p for p in self.params if isinstance(p, click.Option) and p not in _COMMON]
        self._section(ctx, formatter, "words.options", own)
        if ctx.parent is None:
            self._section(ctx, formatter, "words.common_options", list(_COMMON))
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        if ctx.parent is not None:
            formatter.write_paragraph()
            formatter.write_text(_say(ctx, "words.common_hint"))

    def _section(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
        heading: str,
        params: list[Any],
    ) -> None:
        rows = [param.get_help_record(ctx) for param in params]
        if rows:
            with formatter.section(_say(ctx, heading)):
                formatter.write_dl(rows)


class Command(_Shown):
    """A command of ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is too much without repeating it: it may be a document number."""
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            too_much = Misused("said.extra", count=len(rest))
            too_much.ctx = ctx
            raise too_much
        return rest


class Group(_Shown, click.Group):
    """A group of commands, each in a file that is loaded only when it is needed.

    `tree` has "partner list": "partners:list_partners" for each command.
    """

    def __init__(self, tree: Mapping[str, str], *, path: str = "") -> None:
        """The group of the commands whose path begins with `path`."""
        super().__init__(path.rsplit(" ", maxsplit=1)[-1] or "hutong", path=path or "hutong")
        self.no_args_is_help = True
        if not path:
            self.params.append(_VERSION)
        self._tree = tree
        self._head = f"{path} " if path else ""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the same in each
        """The names, in the order of the tree."""
        below = (p.removeprefix(self._head) for p in self._tree if p.startswith(self._head))
        return list(dict.fromkeys(name.split()[0] for name in below))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command or group of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        path = self._head + cmd_name
        if path not in self._tree:
            return Group(self._tree, path=path)
        module, _, name = self._tree[path].partition(":")
        found = getattr(_imported(f"node.cli.commands.{module}"), name)
        if not isinstance(found, Command):
            raise TypeError(f"{path} is no command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown one is answered by the nearest."""
        if self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            raise click.exceptions.NoSuchCommand(args[0], possibilities=known, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of their help; none is loaded for that."""
        names = self.list_commands(ctx)
        rows = [(name, _first(_say(ctx, f"commands.{self._head}{name}"))) for name in names]
        with formatter.section(_say(ctx, "words.commands")):
            formatter.write_dl(rows)


def _first(said: str) -> str:
    return said.partition("。")[0].partition(". ")[0].rstrip(".")


def command(path: str) -> Callable[[Callable[..., Any]], Command]:
    """Make the command of that path, such as "partner list"."""
    return click.command(path.rsplit(" ", maxsplit=1)[-1], cls=Command, path=path)
