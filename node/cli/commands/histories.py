"""What happened to a resident and to a visitor. Only here do the parts of both cities meet."""

from collections.abc import Iterable
from datetime import datetime

import click

from node.cli.calling import Answer, Node
from node.cli.errors import HutongError, Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import named
from node.model import Role

_SERVICE = "HistoryService"


@command("resident timeline")
@argument("resident_id", metavar="RESIDENT")
@option("--visit", "visits", multiple=True, metavar="PASS@SETTINGS")
@pass_session
def timeline(session: Session, *, resident_id: str, visits: tuple[str, ...]) -> None:
    """List everything that concerned a resident, here and in the cities of the visitor passes.

    Each city is asked by itself, as the client that its settings name: none hears of another.
    """
    parts = [_history(session, resident_id)]
    for visit in visits:
        visitor_pass, at, settings = visit.partition("@")
        if not at or not settings:
            raise Misused("said.visit_form")
        there = Session(
            session.language,
            machine=session.machine,
            options={"settings": settings},
            environment=session.environment,
            resources=session.resources,
        )
        parts.append(_visits(there, visitor_pass))
    # Stable: within one city the order is the city's.
    entries = sorted((e for part in parts for e in part), key=_instant, reverse=True)
    _show(session, entries)


@command("visitor history")
@argument("visitor_pass", metavar="PASS")
@pass_session
def history(session: Session, *, visitor_pass: str) -> None:
    """List what happened in a host city to the holder of a visitor pass."""
    _show(session, _visits(session, visitor_pass))


def _history(session: Session, resident_id: str) -> list[Answer]:
    node = Node(session, Role.RESIDENT, service=_SERVICE)
    found = node.every("ListHistory", "entries", resident_id=resident_id)
    return [{"kept_by": _city(session)} | entry for entry in found]


def _visits(session: Session, visitor_pass: str) -> list[Answer]:
    node = Node(session, Role.RESIDENT, service=_SERVICE)
    found = node.every("ListVisits", "entries", visitor_pass=visitor_pass)
    return [{"kept_by": _city(session)} | entry for entry in found]


def _city(session: Session) -> str:
    """The city that was asked; "" where its node is on another machine, and not named here."""
    try:
        return session.settings.city
    except (HutongError, click.UsageError):
        return ""


def _instant(entry: Answer) -> datetime:
    return datetime.fromisoformat(str(entry["at"]))


def _show(session: Session, entries: Iterable[Answer]) -> None:
    entries = list(entries)
    if session.out.document({"entries": entries}):
        return
    if not entries:
        session.out.line(session.say("said.no_history"))
        return
    session.out.table(
        [session.say(f"words.{word}") for word in ("when", "kept_by", "happened", "about")],
        [
            (
                session.time(entry["at"])[:19],
                named(session, str(entry["kept_by"])),
                session.pick(entry, "text"),
                str(entry["subject_id"]),
            )
            for entry in entries
        ],
        whole=(0,),
    )
