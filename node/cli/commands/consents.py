"""What a resident allows, and takes back as easily."""

import base64
import json
from datetime import UTC, datetime
from typing import Final

import click

from federation.limits import CONSENT_LIFETIME
from federation.messages import Disclosure
from node.cli.calling import Answer, Node
from node.cli.commands.use_keys import counted_by, counting_of
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, end_of, moment_of, request_id
from node.clock import SystemClock
from node.model import Role

_LEVEL: Final = "DISCLOSURE_LEVEL_"


@command("resident consent")
@argument("resident_id", metavar="RESIDENT")
@option("--host", type=city_of, required=True, metavar="CITY")
@option("--scenario", "scenarios", multiple=True, required=True, metavar="NAME", text="scenario")
@option("--level", type=click.Choice([level.name for level in Disclosure]), default="BAND")
@option("--until", type=moment_of, metavar="DAY")
@option("--days", type=click.IntRange(1, CONSENT_LIFETIME.days))
@option("--count", type=click.Choice(["anonymous", "class"]))
@option("--use-key", metavar="FILE", text="use_key_file")
@option("--draft", is_flag=True, text="consent_draft")
@request_id
@pass_session
def give(  # noqa: PLR0913 - each is an option
    session: Session,
    *,
    resident_id: str,
    host: str,
    scenarios: tuple[str, ...],
    level: str,
    until: str | None,
    days: int | None,
    count: str | None,
    use_key: str | None,
    draft: bool,
    request_id: str | None,
) -> None:
    """Consent to one host city."""
    ends = end_of(until, days, session.zone, SystemClock().now())
    asked = {
        "resident_id": resident_id,
        "host_city": host,
        "scenarios": sorted(set(scenarios)),
        "disclosure": _LEVEL + level,
        "expires_at": ends.astimezone(UTC).isoformat(),
    }
    if draft:
        node = Node(session, Role.RESIDENT, service="HistoryService")
        if count is not None:
            asked["counting"] = counting_of(count)
        said = json.loads(base64.b64decode(node.ask("DraftConsent", **asked)["content"]))
        if not session.out.document(said):
            show_consent(session, said)
        return
    asked |= counted_by(session, count, use_key)
    answer = Node(session, Role.RESIDENT).change("GiveConsent", request_id, **asked)
    if session.out.document(answer):
        return
    consent = answer["consent"]
    fields = {"id": consent["consent_id"], "ends": session.time(consent["expires_at"])}
    session.out.line(session.say("said.consented", host=consent["host_city"], **fields))
    session.out.line(
        session.say("said.consent_next", resident=resident_id, id=consent["consent_id"])
    )


def show_consent(session: Session, said: Answer) -> None:
    """What a resident is told of a consent, in the language of the invocation."""
    language = session.language
    session.out.line(str(said[f"title_{language}"]), style="bold")
    items = [(str(i[f"heading_{language}"]), str(i[language])) for i in said["items"]]
    session.out.lines(items)


@command("resident consents")
@argument("resident_id", metavar="RESIDENT")
@pass_session
def list_consents(session: Session, *, resident_id: str) -> None:
    """List the consents of a resident."""
    node = Node(session, Role.RESIDENT)
    consents = node.every("ListConsents", "consents", resident_id=resident_id)
    if session.out.document({"consents": consents}):
        return
    if not consents:
        session.out.line(session.say("said.no_consents"))
        return
    now = SystemClock().now()
    session.out.table(
        [
            session.say(f"words.{w}")
            for w in ("consent", "host_city", "shown", "state", "scenarios")
        ],
        [
            (
                consent["consent_id"],
                consent["host_city"],
                consent["disclosure"].removeprefix(_LEVEL),
                _state(session, consent, now),
                ", ".join(consent["scenarios"]),
            )
            for consent in consents
        ],
        whole=(0, 1, 2),
    )


def _state(session: Session, consent: Answer, now: datetime) -> str:
    if consent.get("withdrawn_at"):
        return session.say("said.withdrawn_at", at=session.time(consent["withdrawn_at"])[:16])
    ends = session.time(consent["expires_at"])
    ended = datetime.fromisoformat(ends) <= now
    return session.say("said.ended_at" if ended else "said.stands_until", at=ends[:16])


@command("resident withdraw")
@argument("resident_id", metavar="RESIDENT")
@argument("consent_id", metavar="CONSENT")
@request_id
@pass_session
def withdraw(
    session: Session, *, resident_id: str, consent_id: str, request_id: str | None
) -> None:
    """Withdraw a consent."""
    answer = Node(session, Role.RESIDENT).change(
        "WithdrawConsent", request_id, resident_id=resident_id, consent_id=consent_id
    )
    if not session.out.document(answer):
        consent = answer["consent"]
        session.out.line(session.say("said.withdrawn", id=consent_id, host=consent["host_city"]))
