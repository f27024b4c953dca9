"""Promises (信用承诺): residents draft, make and withdraw them, venues say what became of them."""

import sys

import click

from node.cli.calling import DEFAULT, Answer, Node
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import read_file, request_id
from node.model import Role
from node.record_limits import PROMISE_BYTES

_resident = argument("resident_id", metavar="RESIDENT")
_promise = argument("promise_id", metavar="PROMISE")
_incentive = option("--incentive", required=True, metavar="ID", text="promise_incentive")
_venue = option("--venue", required=True, metavar="NAME", text="promise_venue")
_due = option("--due", required=True, metavar="DAY")


def _node(session: Session) -> Node:
    return Node(session, Role.RESIDENT, service="ResidentCaseService")


@command("promise draft")
@_resident
@_incentive
@_venue
@_due
@pass_session
def draft(session: Session, *, resident_id: str, incentive: str, venue: str, due: str) -> None:
    """Show the text of a promise."""
    drafted = _node(session).ask(
        "DraftPromise",
        resident_id=resident_id,
        incentive_id=incentive,
        venue=venue,
        due_on=due,
    )
    if not session.out.document(drafted):
        _show(session, session.pick(drafted, "text"))


@command("promise make")
@_resident
@_incentive
@_venue
@_due
@option("--text", metavar="FILE", text="promise_text")
@option("--sign", is_flag=True)
@request_id
@pass_session
def make(
    session: Session,
    *,
    resident_id: str,
    incentive: str,
    venue: str,
    due: str,
    text: str | None,
    sign: bool,
    request_id: str | None,
) -> None:
    """Sign a promise."""
    node = _node(session)
    about = {
        "resident_id": resident_id,
        "incentive_id": incentive,
        "venue": venue,
        "due_on": due,
    }
    if text is None:
        signed = session.pick(node.ask("DraftPromise", **about), "text")
        if not session.machine:
            _show(session, signed)
        _agree(session, sign=sign)
    else:
        signed = _read(text)
    answer = node.change("MakePromise", request_id, text=signed, **about)
    if session.out.document(answer):
        return
    promise = answer["promise"]
    session.out.line(
        session.say(
            "said.promised",
            id=promise["promise_id"],
            venue=promise["venue"],
            due=promise["due_on"],
        )
    )


@command("promise list")
@_resident
@pass_session
def list_promises(session: Session, *, resident_id: str) -> None:
    """List a resident's promises."""
    found = _node(session).every("ListPromises", "promises", resident_id=resident_id)
    if session.out.document({"promises": found}):
        return
    if not found:
        session.out.line(session.say("said.no_promises"))
        return
    headings = ("promise", "state", "until", "incentive", "venue", "note")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                promise["promise_id"],
                _state(session, promise),
                promise["due_on"],
                promise["incentive_id"],
                promise["venue"],
                promise["note"],
            )
            for promise in found
        ],
        whole=(0, 1, 2),
    )


@command("promise withdraw")
@_resident
@_promise
@request_id
@pass_session
def withdraw(
    session: Session, *, resident_id: str, promise_id: str, request_id: str | None
) -> None:
    """Take back a promise that was not used."""
    answer = _node(session).change(
        "WithdrawPromise", request_id, resident_id=resident_id, promise_id=promise_id
    )
    if not session.out.document(answer):
        session.out.line(session.say("said.promise_withdrawn", id=promise_id))


@command("venue promise")
@_promise
@option("--kept", is_flag=True)
@option("--broken", is_flag=True)
@option("--note", default="", metavar="TEXT")
@option("--venue", "--as", "venue", default=DEFAULT, metavar="NAME", text="venue")
@request_id
@pass_session
def close(
    session: Session,
    *,
    promise_id: str,
    kept: bool,
    broken: bool,
    note: str,
    venue: str,
    request_id: str | None,
) -> None:
    """Say what became of a promise."""
    if kept == broken:
        raise Misused("said.kept_or_broken")
    answer = Node(session, Role.VENUE, venue).change(
        "ClosePromise", request_id, promise_id=promise_id, kept=kept, note=note
    )
    if not session.out.document(answer):
        said = "said.promise_kept" if kept else "said.promise_broken"
        session.out.line(session.say(said, id=promise_id))


def _show(session: Session, text: str) -> None:
    for line in text.splitlines():
        session.out.line(line)


def _read(path: str) -> str:
    """The text that a file holds, but for the end of its last line."""
    _, content = read_file(path, most=PROMISE_BYTES)
    return content.decode("utf-8", errors="replace").removesuffix("\n").removesuffix("\r")


def _agree(session: Session, *, sign: bool) -> None:
    """Nobody signs by accident: by `--sign`, or by saying yes at a terminal."""
    if sign:
        return
    if session.machine or not sys.stdin.isatty():
        raise Misused("said.sign_needed")
    if not click.confirm(session.say("said.ask_sign"), err=True):
        raise click.Abort


def _state(session: Session, promise: Answer) -> str:
    used = promise["state"] == "PROMISE_STATE_OPEN" and promise["redemption_id"]
    return session.say("words.PROMISE_STATE_USED" if used else f"words.{promise['state']}")
