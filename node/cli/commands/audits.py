"""A period of the log, read by an auditor into a file."""

import base64
from datetime import UTC, datetime
from pathlib import Path

from federation.checkpoint import note_lines
from federation.envelope import envelope_from_json, envelope_to_json
from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from node.audited import Period
from node.cli.calling import DEFAULT, Answer, Node
from node.cli.commands.logs import EntriesBar
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.values import instant_of, moment_of, unreadable
from node.clock import SystemClock
from node.files.audits import write_period
from node.files.logs import write_entry
from node.model import Role


@command("audit export")
@option("--from", "since", type=moment_of, required=True, metavar="MOMENT", text="audit_from")
@option("--to", "until", type=moment_of, metavar="MOMENT", text="audit_to")
@option("--out", required=True, metavar="FILE", text="audit_out")
@option("--auditor", default=DEFAULT, metavar="NAME")
@pass_session
def export(session: Session, *, since: str, until: str | None, out: str, auditor: str) -> None:
    """Write what this city's log holds of a period to a file that proves itself whole."""
    now = SystemClock().now()
    asked = {"since": instant_of(since, session.zone, now).isoformat()}
    if until is not None:
        asked["until"] = instant_of(until, session.zone, now).isoformat()
    answers = Node(session, Role.AUDITOR, auditor).follow("ReadPeriod", **asked)
    period = _period(next(answers)["proof"])
    given = {"since": period.since, "until": period.until}
    if any(given[name] != datetime.fromisoformat(asked[name]) for name in asked):
        problem = "it is of another period than was asked for"
        raise HutongError(MALFORMED, where="the answer", problem=problem)
    count, path = period.end - period.first, Path(out)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file, EntriesBar(session, count) as tell:
            write_period(file, period, [envelope_to_json(each) for each in period.trust_bundles])
            done = 0
            for answer in answers:
                for each in answer["entries"]:
                    committed = base64.b64decode(each["commitment"])
                    write_entry(file, each["kind"], int(each["at_micros"]), committed)
                done += len(answer["entries"])
                tell(done)
        part.replace(path)
    except OSError as error:
        raise unreadable(out, error) from error
    finally:
        part.unlink(missing_ok=True)
    witnesses = len(note_lines(period.newest)) - 1
    document = {
        "city": period.city,
        "file": out,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "entries": count,
        "witnesses": witnesses,
    }
    if session.out.document(document):
        return
    session.out.line(session.say("said.audit_exported", entries=f"{count:,}", file=out))
    if not witnesses:
        session.out.line(session.say("said.audit_nobody_cosigned"), style="yellow")


def _period(said: Answer) -> Period:
    return Period(
        city=CityCode(said["city"]),
        since=_instant(said["since"]),
        until=_instant(said["until"]),
        before=base64.b64decode(said["before"]),
        edge=tuple(base64.b64decode(each) for each in said["edge"]),
        after=base64.b64decode(said["after"]),
        newest=base64.b64decode(said["newest"]),
        consistency=tuple(base64.b64decode(each) for each in said["consistency"]),
        trust_bundles=tuple(
            envelope_from_json(base64.b64decode(each), where="trust_bundles")
            for each in said["trust_bundles"]
        ),
    )


def _instant(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)
