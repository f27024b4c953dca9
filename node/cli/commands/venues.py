"""What a venue does for a resident who is present."""

from node.cli.calling import DEFAULT, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import request_id
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
