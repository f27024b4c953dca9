"""The command line of the harness: which commands there are, and what becomes of each error.

Exit codes: 0 all is well, 1 an invariant is broken or a step failed, 2 the command line or a file
cannot be understood, 130 and 143 it was interrupted (and has cleaned up).
"""

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import Final

import click

from node.errors import HutongError
from scripts.harnessing.keeper_client import KeeperError
from scripts.harnessing.scenario_files import ScenarioError
from scripts.stopping import Interrupted

# In the order of the help, which is that of a first session.
TREE: Final = {
    "up": "running",
    "status": "running",
    "start": "running",
    "stop": "running",
    "load": "loading",
    "fault": "running",
    "mend": "running",
    "scenario": "scenario",
    "endure": "scenario",
    "check": "checking",
    "report": "reporting",
    "down": "running",
}
GOOD: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class Harness(click.Group):
    """Finds a command where it is asked for: most of them import half of a node."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Every command, in the order of the help."""
        return list(TREE)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in TREE:
            return None
        module = importlib.import_module(f"scripts.harnessing.commands.{TREE[cmd_name]}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next((each for each in commands if each.name == cmd_name), None)


@click.group(cls=Harness, context_settings={"help_option_names": ["-h", "--help"]})
def harness() -> None:
    """Bring cities up on this machine, load them, break them, check what they kept, report.

    \b
    A first session:
      scripts/harness up                            five cities, partners of each other
      scripts/harness load --rate 20 --for 60       journeys of residents
      scripts/harness fault kill --city hangzhou    while they go on
      scripts/harness check                         every invariant
      scripts/harness report                        one file, to be sent
      scripts/harness down                          nothing is left running

    All of that from a file: `scripts/harness scenario --list`. Half an hour of it, with a verdict:
    `scripts/harness endure`. The manual is docs/harness.md.
    """  # noqa: D301 - click's own mark: these lines stay as they are


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = harness.main(argv, prog_name="scripts/harness", standalone_mode=False)
    except (Exception, KeyboardInterrupt, Interrupted) as error:  # noqa: BLE001 - unknown ones go on
        return _ended(error)
    return code if isinstance(code, int) else GOOD


def _ended(error: BaseException) -> int:
    """Say what went wrong; the exit code. What nobody foresaw is raised again."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            code = USAGE
        case click.UsageError():
            code = _said(_misused(error), USAGE)
        case click.ClickException():
            code = _said(error.format_message(), error.exit_code)
        case ScenarioError():
            code = _said(str(error), USAGE)
        case KeeperError() | HutongError():
            code = _said(str(error), FAILED)
        case click.Abort() | KeyboardInterrupt():
            code = INTERRUPTED
        case Interrupted():
            code = error.code
        case BrokenPipeError():
            # Whoever read has seen enough.
            code = GOOD
        case _:
            raise error
    return code


def _misused(error: click.UsageError) -> str:
    """What is wrong with a command line, and where it is said what is right."""
    path = error.ctx.command_path if error.ctx else "scripts/harness"
    said = error.format_message()
    if isinstance(error, click.exceptions.NoSuchCommand):
        near = difflib.get_close_matches(error.command_name, TREE, n=1, cutoff=0.0)
        said = f"there is no command {error.command_name!r}; the nearest is {near[0]}"
    return f"{said}\nSee: {path} --help"


def _said(text: str, code: int) -> int:
    click.echo(f"Error: {text}", err=True)
    return code
