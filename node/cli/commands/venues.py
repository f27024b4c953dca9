"""What a venue does for a resident who is present."""

from node.cli.calling import DEFAULT, Answer, Node
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import request_id, secret
from node.model import Role

_venue = option("--venue", "--as", "venue", default=DEFAULT, metavar="NAME", text="venue")


@command("venue incentives")
@_venue
@pass_session
def list_incentives(session: Session, *, venue: str) -> None:
    """List what this venue offers."""
    found = Node(session, Role.VENUE, venue).every("ListIncentives", "incentives")
    if session.out.document({"incentives": found}):
        return
    if not found:
        session.out.line(session.say("said.no_incentives"))
        return
    session.out.table(
        [session.say(f"words.{w}") for w in ("incentive", "scenario", "minimum_band", "benefit")],
        [
            (
                incentive["incentive_id"],
                incentive["scenario"],
                incentive["minimum_band"] or session.say("words.everyone"),
                session.pick(incentive, "benefit"),
            )
            for incentive in found
        ],
        whole=(0,),
    )


@command("venue check")
@option("--code", metavar="TEXT")
@option("--pass", "visitor_pass", metavar="TEXT", text="pass")
@option("--incentive", "incentives", multiple=True, metavar="ID", text="incentive")
@_venue
@request_id
@pass_session
def check(
    session: Session,
    *,
    code: str | None,
    visitor_pass: str | None,
    incentives: tuple[str, ...],
    venue: str,
    request_id: str | None,
) -> None:
    """Check what a resident may have."""
    if (code is None) == (visitor_pass is None):
        raise Misused("said.code_or_pass")
    shown = (
        {"visitor_pass": secret(session, visitor_pass, "said.ask_pass")}
        if code is None
        else {"presentation_code": secret(session, code, "said.ask_code")}
    )
    answer = Node(session, Role.VENUE, venue).change(
        "CheckEligibility", request_id, incentive_ids=list(incentives), **shown
    )
    if not session.out.document(answer):
        _show(session, answer, venue)


def _show(session: Session, answer: Answer, venue: str) -> None:
    outcome = session.say(f"words.{answer['outcome']}")
    notice = session.pick(answer, "notice")
    session.out.line(session.say("said.checked", outcome=outcome, notice=notice))
    band = answer["recognised_band"] or session.say("words.newcomer")
    session.out.line(session.say("said.recognised_as", home=answer["home_city"], band=band))
    _decisions(session, answer, venue)
    if answer["visitor_pass"]:
        session.out.line(session.say("said.visitor_pass", value=answer["visitor_pass"]))


def _decisions(session: Session, answer: Answer, venue: str) -> None:
    decisions = answer["decisions"]
    if not decisions:
        session.out.line(session.say("said.no_incentives"))
        return
    session.out.table(
        [session.say(f"words.{w}") for w in ("incentive", "eligible", "why", "decision")],
        [
            (
                decision["incentive"]["incentive_id"],
                session.say("words.yes" if decision["eligible"] else "words.no"),
                session.pick(decision, "reason"),
                decision["decision_id"],
            )
            for decision in decisions
        ],
        whole=(0, 1, 3),
    )
    if any(decision["eligible"] for decision in decisions):
        ends = session.time(answer.get("expires_at"))
        command = "hutong venue redeem DECISION" + ("" if venue == DEFAULT else f" --venue {venue}")
        session.out.line(session.say("said.decisions_until", at=ends, command=command))


@command("venue redeem")
@argument("decision_id", metavar="DECISION")
@option("--promise", default="", metavar="ID", text="redeem_promise")
@_venue
@request_id
@pass_session
def redeem(
    session: Session, *, decision_id: str, promise: str, venue: str, request_id: str | None
) -> None:
    """Use an incentive once."""
    answer = Node(session, Role.VENUE, venue).change(
        "Redeem", request_id, decision_id=decision_id, promise_id=promise
    )
    if session.out.document(answer):
        return
    incentive = answer["incentive"]
    fields = {"incentive": incentive["incentive_id"], "benefit": session.pick(incentive, "benefit")}
    session.out.line(session.say("said.redeemed", id=answer["redemption_id"], **fields))
