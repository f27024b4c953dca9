"""What is kept how long: what must go, goes; and a resident who wants to be gone."""

import sys
from datetime import datetime
from typing import Final

import click

from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import uuid_of
from node.model import Role

# A first run of a large city; what it removed stays removed where the call ends before it.
_RUN_SECONDS: Final = 3600.0


@command("retention run")
@option("--dry-run", is_flag=True)
@pass_session
def run(session: Session, *, dry_run: bool) -> None:
    """Remove what must not be kept any longer."""
    node = Node(session, Role.OPERATOR, service="OversightService", seconds=_RUN_SECONDS)
    answer = node.ask("RunRetention", dry_run=dry_run)
    if session.out.document(answer):
        return
    removed = [each for each in answer["removed"] if int(each["count"])]
    if not removed:
        session.out.line(session.say("said.nothing_to_remove"))
        return
    session.out.line(session.say("said.would_be_removed" if dry_run else "said.was_removed"))
    session.out.table(
        [session.say(f"words.{word}") for word in ("kind", "rows", "ended_before")],
        [(_kind(session, each), str(each["count"]), _day(session, each)) for each in removed],
        whole=(0, 1, 2),
    )


def _kind(session: Session, removed: Answer) -> str:
    return session.say(f"words.kept_{removed['kind']}")


def _day(session: Session, removed: Answer) -> str:
    found = datetime.fromisoformat(str(removed["ended_before"])).astimezone(session.zone)
    return found.date().isoformat()


@command("resident erase")
@argument("resident_id", type=uuid_of, metavar="RESIDENT")
@option("--yes", is_flag=True, text="erase_yes")
@pass_session
def erase(session: Session, *, resident_id: str, yes: bool) -> int:
    """Erase a resident."""
    node = Node(session, Role.RESIDENT)
    terminal = sys.stdin.isatty()
    if not yes and not terminal:
        raise Misused("said.erase_unconfirmed")
    if not yes:
        click.echo(session.say("said.erase_warning", id=resident_id), err=True)
    number = _number(session, terminal=terminal)
    if not yes and not click.confirm(session.say("said.ask_erase"), err=True):
        session.out.note(session.say("said.erase_stopped"))
        return exits.INTERRUPTED
    answer = node.ask("EraseResident", resident_id=resident_id, document_number=number)
    if session.out.document(answer):
        return exits.DONE
    count = int(answer["row_count"])
    said = "said.erased" if count else "said.erased_before"
    session.out.line(session.say(said, count=count, id=resident_id))
    return exits.DONE


def _number(session: Session, *, terminal: bool) -> str:
    """The document number: typed and not shown, or the first line of standard input."""
    if terminal:
        prompt = session.say("said.ask_document")
        return str(click.prompt(prompt, hide_input=True, err=True))
    line = sys.stdin.readline().strip()
    if not line:
        raise Misused("said.nothing_typed")
    return line
