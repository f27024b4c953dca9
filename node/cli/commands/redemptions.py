"""What a venue does with a decision: it reserves, confirms, releases, or redeems at once."""

from node.cli.calling import DEFAULT, Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import instant_of, moment_of, request_id, secret
from node.clock import SystemClock
from node.model import Role

_venue = option("--venue", "--as", "venue", default=DEFAULT, metavar="NAME", text="venue")
_decision = argument("decision_id", metavar="DECISION")
_reservation = argument("reservation_id", metavar="RESERVATION")
_promise = option("--promise", default="", metavar="ID", text="redeem_promise")
_pass = option("--pass", "visitor_pass", metavar="TEXT", text="shown_pass")


@command("venue reserve")
@_decision
@_pass
@option("--use-key", metavar="TEXT")
@_venue
@request_id
@pass_session
def reserve(
    session: Session,
    *,
    decision_id: str,
    visitor_pass: str | None,
    use_key: str | None,
    venue: str,
    request_id: str | None,
) -> None:
    """Hold places of an incentive."""
    answer = Node(session, Role.VENUE, venue).change(
        "Reserve",
        request_id,
        decision_id=decision_id,
        visitor_pass=_shown(session, visitor_pass),
        use_key=_shown(session, use_key),
    )
    if session.out.document(answer):
        return
    held = answer["reservation"]
    at = session.time(held["expires_at"])
    command = _as(f"hutong venue confirm {held['reservation_id']}", venue)
    session.out.line(session.say("said.reserved", id=held["reservation_id"], at=at))
    _counted(session, held)
    session.out.line(session.say("said.confirm_next", command=command))


@command("venue confirm")
@_reservation
@_promise
@_venue
@request_id
@pass_session
def confirm(
    session: Session, *, reservation_id: str, promise: str, venue: str, request_id: str | None
) -> None:
    """Use what was reserved."""
    answer = Node(session, Role.VENUE, venue).change(
        "Confirm", request_id, reservation_id=reservation_id, promise_id=promise
    )
    if session.out.document(answer):
        return
    confirmed = answer["reservation"]
    _redeemed(session, answer["incentive"], confirmed["redemption_id"])
    _counted(session, confirmed)


@command("venue release")
@_reservation
@_venue
@request_id
@pass_session
def release(session: Session, *, reservation_id: str, venue: str, request_id: str | None) -> None:
    """Give back what was reserved."""
    answer = Node(session, Role.VENUE, venue).change(
        "Release", request_id, reservation_id=reservation_id
    )
    if session.out.document(answer):
        return
    released = answer["reservation"]
    if released["redemption_id"]:
        at = session.time(released.get("counted_until"))
        session.out.line(session.say("said.use_over", id=reservation_id, at=at))
        return
    state = session.say(f"words.{released['state']}")
    at = session.time(released.get("closed_at"))
    session.out.line(session.say("said.released", id=reservation_id, state=state, at=at))


@command("venue redemptions")
@_venue
@pass_session
def redemptions(session: Session, *, venue: str) -> None:
    """List what this venue reserved and redeemed."""
    found = Node(session, Role.VENUE, venue).every("ListMyRedemptions", "redemptions")
    if session.out.document({"redemptions": found}):
        return
    if not found:
        session.out.line(session.say("said.no_redemptions"))
        return
    headings = ("reservation", "state", "when", "until", "incentive", "redemption")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [_row(session, each["reservation"]) for each in found],
        whole=(0, 1, 4),
    )


@command("venue redeem")
@_decision
@_promise
@_pass
@option("--used-at", type=moment_of, metavar="TIME")
@_venue
@request_id
@pass_session
def redeem(
    session: Session,
    *,
    decision_id: str,
    promise: str,
    visitor_pass: str | None,
    used_at: str | None,
    venue: str,
    request_id: str | None,
) -> None:
    """Use an incentive once."""
    told = {}
    if used_at is not None:
        instant = instant_of(used_at, session.zone, SystemClock().now())
        told = {"used_at": instant.isoformat()}
    answer = Node(session, Role.VENUE, venue).change(
        "Redeem",
        request_id,
        decision_id=decision_id,
        promise_id=promise,
        visitor_pass=_shown(session, visitor_pass),
        **told,
    )
    if not session.out.document(answer):
        _redeemed(session, answer["incentive"], answer["redemption_id"])


def _shown(session: Session, value: str | None) -> str:
    """What the resident shows, "" where nothing is; "-" is read from standard input."""
    return "" if value is None else secret(session, value, "said.ask_pass")


def _redeemed(session: Session, incentive: Answer, redemption_id: str) -> None:
    benefit = session.pick(incentive, "benefit") or "-"
    fields = {"incentive": incentive["incentive_id"], "benefit": benefit}
    session.out.line(session.say("said.redeemed", id=redemption_id, **fields))


def _counted(session: Session, reservation: Answer) -> None:
    if reservation.get("counted_until"):
        at = session.time(reservation["counted_until"])
        session.out.line(session.say("said.counted_until", at=at))


def _row(session: Session, reservation: Answer) -> tuple[str, ...]:
    held = reservation["state"] == "RESERVATION_STATE_HELD"
    until = reservation["expires_at"] if held else reservation.get("counted_until")
    return (
        reservation["reservation_id"],
        session.say(f"words.{reservation['state']}"),
        session.time(reservation["reserved_at"])[:16],
        session.time(until)[:16] if until else "",
        reservation["incentive_id"],
        reservation["redemption_id"],
    )


def _as(command: str, venue: str) -> str:
    return command + ("" if venue == DEFAULT else f" --venue {venue}")
