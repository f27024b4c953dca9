"""Two cities become partners: one invites, one joins, in each a second operator approves."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.status import Status

from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.commands.partners import next_step, show_partner
from node.cli.errors import HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, named, request_id, secret
from node.errors import UNKNOWN
from node.model import Role

_OVER: Final = ("cancel", "burn")
_LOOK_SECONDS: Final = 0.5


@command("partner invite")
@argument("city", type=city_of)
@option("--no-wait", is_flag=True)
@request_id
@pass_session
def invite(session: Session, *, city: str, no_wait: bool, request_id: str | None) -> int:
    """Invite a city, and wait until it has joined."""
    node = Node(session, Role.OPERATOR)
    made = node.change("InvitePartner", request_id, city=city)
    if session.out.document(made):
        return exits.DONE
    session.out.line(
        session.say(
            "said.invited", city=named(session, city), until=session.time(made["expires_at"])
        )
    )
    session.out.line("")
    session.out.line(f"    {made['code_zh']}", style="bold")
    session.out.line(f"    {made['code_en']}", style="bold")
    session.out.line("")
    session.out.line(
        session.say("said.invited_join", code=made["code_en"], address=made["address"])
    )
    if no_wait:
        return exits.DONE
    partner = _wait(session, node, city, made["expires_at"])
    if partner is None:
        session.out.line(session.say("said.invitation_over", city=city, name=named(session, city)))
        return exits.REFUSED
    _compare(session, partner)
    return exits.DONE


def _wait(session: Session, node: Node, city: str, until: str) -> Answer | None:
    """The partner, once it has joined; None where the invitation ended before."""
    ends = datetime.fromisoformat(until)
    with _waiting(session) as status:
        while True:
            last = _last_step(node, city)
            if last is None or last["move"] in _OVER:
                return None
            if last["move"] == "exchange":
                return dict(last["partner"])
            left = (ends - datetime.now(UTC)).total_seconds()
            if left <= -1:
                return None
            status.update(session.say("said.waiting", minutes=f"{max(left, 0) / 60:.0f}"))
            time.sleep(_LOOK_SECONDS)


def _last_step(node: Node, city: str) -> Answer | None:
    """The last step of the invitation, with the partner; None where it has ended."""
    try:
        found = node.ask("GetPartner", city=city)
    except HutongError as error:
        if error.reason.name != UNKNOWN.name:
            raise
        return None
    steps = [step for step in found["steps"] if step["move"] in (*_OVER, "invite", "exchange")]
    return {**steps[-1], "partner": found["partner"]} if steps else None


@contextlib.contextmanager
def _waiting(session: Session) -> Iterator[Status]:
    console = Console(stderr=True)
    with console.status(session.say("said.waiting", minutes="15")) as status:
        yield status


@command("partner join")
@argument("code", text="join_code", required=False)
@option("--at", "door", metavar="HOST:PORT", required=True, text="join_at")
@request_id
@pass_session
def join(session: Session, *, code: str | None, door: str, request_id: str | None) -> None:
    """Join a city by the code that its officer reads out."""
    typed = secret(session, code, "said.ask_join_code")
    answer = Node(session, Role.OPERATOR).change(
        "JoinPartner", request_id, code=typed, address=door
    )
    if not session.out.document(answer):
        _compare(session, answer["partner"])


def _compare(session: Session, partner: Answer) -> None:
    """The six words, which both officers read to each other."""
    name = session.pick(partner, "name")
    session.out.line(session.say("said.exchanged", city=partner["city"], name=name))
    session.out.line("")
    session.out.line(f"    {partner['words_zh']}", style="bold green")
    session.out.line(f"    {partner['words_en']}", style="bold green")
    session.out.line("")
    session.out.line(session.say("said.compare_words", city=partner["city"]))
    session.out.line(next_step(session, partner))


@command("partner approve")
@argument("city", type=city_of)
@option("--legal-basis", metavar="TEXT", required=True)
@option("--privacy-assessment", metavar="TEXT", required=True)
@option("--reason", metavar="TEXT", default="")
@request_id
@pass_session
def approve(
    session: Session,
    *,
    city: str,
    legal_basis: str,
    privacy_assessment: str,
    reason: str,
    request_id: str | None,
) -> None:
    """Approve a partner as the second operator."""
    answer = Node(session, Role.OPERATOR).change(
        "ApprovePartner",
        request_id,
        city=city,
        legal_basis=legal_basis,
        privacy_assessment=privacy_assessment,
        reason=reason,
    )
    show_partner(session, answer, "said.approved")


@command("partner cancel")
@argument("city", type=city_of)
@request_id
@pass_session
def cancel(session: Session, *, city: str, request_id: str | None) -> None:
    """Take an invitation back."""
    answer = Node(session, Role.OPERATOR).change("CancelInvitation", request_id, city=city)
    if not session.out.document(answer):
        session.out.line(session.say("said.cancelled", city=named(session, city)))
