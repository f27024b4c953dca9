"""What a venue offers."""

from node.cli.calling import DEFAULT, Node
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
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
