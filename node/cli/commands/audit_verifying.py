"""Periods of a log, verified offline: no node, no settings, no store."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from node.cli import exits
from node.cli.commands.logs import EntriesBar
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.texts import LANGUAGES, text
from node.cli.trusted import Trusted
from node.files.audits import read_entries, read_period
from node.services.audit_verifying import Audited, joined, verify_period
from node.services.log_verifying import keys_of
from node.services.log_walking import Problem

_WITNESSES_MOST: Final = 1000


@command("audit verify")
@argument("files", text="audit_files", nargs=-1, required=True)
@option("--trust", multiple=True, metavar="BUNDLE", text="trust_bundle")
@option(
    "--witnesses", type=click.IntRange(0, _WITNESSES_MOST), default=1, metavar="COUNT",
    text="audit_witnesses",
)  # fmt: skip
@pass_session
def verify(
    session: Session, *, files: tuple[str, ...], trust: tuple[str, ...], witnesses: int
) -> int:
    """Verify periods of a log, each by itself and how they follow each other."""
    trusted = Trusted.read(trust)
    periods = sorted(
        ((read_period(Path(name)), Path(name)) for name in files), key=lambda each: each[0].since
    )
    sizes = {size for period, _ in periods for size in (period.first, period.end)}
    found = list[Audited]()
    for period, path in periods:
        keys = keys_of(trusted.vouched(period.trust_bundles))
        with EntriesBar(session, period.end - period.first) as tell:
            found.append(
                verify_period(
                    period, read_entries(path), keys, witnesses=witnesses, tell=tell, sizes=sizes
                )
            )
    between = joined(found)
    good = not between and not any(each.problems for each in found)
    document = {
        "verified": good,
        "periods": [_document(each, path) for each, (_, path) in zip(found, periods, strict=True)],
        "problems": _described(between),
        "fingerprints": trusted.fingerprints,
    }
    if not session.out.document(document):
        for each in found:
            _tell(session, each)
        for problem in between:
            session.out.line(_say(session, problem), style="bold red")
        for city, known in trusted.fingerprints.items():
            said = session.say("said.compare_fingerprint", city=city, fingerprint=known)
            session.out.line(said, style="yellow")
        if good:
            session.out.line(session.say("said.audit_good"), style="green")
        else:
            session.out.line(session.say("said.audit_bad"), style="bold red")
    return exits.DONE if good else exits.REFUSED


def _document(found: Audited, path: Path) -> dict[str, object]:
    period = found.period
    return {
        "file": str(path),
        "city": period.city,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "first": period.first,
        "entries": found.entries,
        "in_period": sum(found.kinds.values()),
        "kinds": dict(sorted(found.kinds.items())),
        "backdated": found.backdated,
        "cosigned": [
            {"checkpoint": each.what, "city": each.city, "at": each.at.isoformat()}
            for each in found.witnesses
        ],
        "unchecked": found.unchecked,
        "problems": _described(found.problems),
    }


def _described(problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [
        {"name": each.name, "entry": each.entry}
        | {name: _plain(value) for name, value in each.fields.items()}
        | {f"text_{one}": _text(each, one) for one in LANGUAGES}
        for each in problems
    ]


def _tell(session: Session, found: Audited) -> None:
    """What was found in one file, for people."""
    period, last = found.period, found.period.first + found.entries - 1
    inside = sum(found.kinds.values())
    session.out.line(
        session.say(
            "said.audit_period",
            city=period.city,
            since=session.time(period.since.isoformat()),
            until=session.time(period.until.isoformat()),
            inside=f"{inside:,}",
            first=f"{period.first:,}",
            last=f"{last:,}",
        )
    )
    rows = [
        (session.say(f"words.kind_{kind}"), f"{count:,}")
        for kind, count in sorted(found.kinds.items())
    ]
    rows += [
        (
            session.say(f"words.audit_{each.what}"),
            session.say("said.receipt_seen", city=each.city, at=session.time(each.at.isoformat())),
        )
        for each in found.witnesses
    ]
    session.out.lines(rows)
    if found.unchecked:
        said = session.say("said.audit_unchecked", count=found.unchecked)
        session.out.line(said, style="yellow")
    if found.backdated:
        said = session.say("said.audit_backdated", count=f"{found.backdated:,}")
        session.out.line(said, style="yellow")
    for problem in found.problems:
        session.out.line(_say(session, problem), style="bold red")


def _say(session: Session, problem: Problem) -> str:
    return _text(problem, session.language)


def _text(problem: Problem, language: str) -> str:
    fields = {name: _plain(value) for name, value in problem.fields.items()}
    return text(f"words.audit_{problem.name}", language, **fields)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
