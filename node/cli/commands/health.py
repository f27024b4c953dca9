"""Whether a node lives, and whether it may be sent calls: for service managers and probes."""

import contextlib
import time
from typing import Final

import click

from node.certificates import ends_at
from node.cli import exits
from node.cli.calling import Node
from node.cli.errors import CLIENT_ENDED, HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.clock import SystemClock
from node.limits import EXPIRY_WARNING
from node.model import Role

# What keeps a node from serving, and what will in a month or sooner.
_PARTS: Final = ("store", "signing", "log")
_IN_ORDER: Final = ("keys", "partners")
_SERVING: Final = "SERVING"
_SECONDS: Final = 2
_LONGEST: Final = 60


@command("health")
@option("--live", is_flag=True)
@option("--within", type=click.IntRange(1, _LONGEST), default=_SECONDS, metavar="SECONDS")
@pass_session
def health(session: Session, *, live: bool, within: int) -> int:
    """Ask a node how it is."""
    node = Node(session, Role.OPERATOR)
    days = _days_left(node)
    found = _asked(node, within)
    ready = found[""] == _SERVING
    # A node that starts or stops does not serve although nothing hinders it.
    hindered = [part for part in _PARTS if not ready and found[part] != _SERVING]
    document = {
        "address": session.address(),
        "live": True,
        "ready": ready,
        "hindered_by": hindered,
        "parts": {part: found[part] for part in (*_PARTS, *_IN_ORDER)},
        "client_days_left": days,
    }
    if not session.out.document(document):
        _say(session, hindered, ready=ready)
        if days <= EXPIRY_WARNING.days:
            session.out.note(session.say("said.client_ends", days=days))
    return exits.DONE if live or ready else exits.UNHEALTHY


def _asked(node: Node, within: int) -> dict[str, str]:
    """What the node says of itself, "", and of its parts, all within so many seconds.

    Raises NODE_UNREACHABLE where it says nothing of itself; of a part it may know nothing yet.
    """
    ends = time.monotonic() + within
    found = {"": node.health("", seconds=within)}
    for part in (*_PARTS, *_IN_ORDER):
        found[part] = "UNKNOWN"
        left = max(ends - time.monotonic(), 0.0)
        with contextlib.suppress(HutongError):
            found[part] = node.health(f"hutong.{part}", seconds=left)
    return found


def _days_left(node: Node) -> int:
    """How long the client's own certificate counts; raises CLIENT_ENDED.

    A node that refuses one which has ended cannot say so: it would look dead, and be ended for it.
    """
    left = ends_at(node.certificate.read_bytes()) - SystemClock().now()
    if left.total_seconds() <= 0:
        raise HutongError(CLIENT_ENDED, path=str(node.certificate))
    return left.days


def _say(session: Session, hindered: list[str], *, ready: bool) -> None:
    address = session.address()
    if ready:
        session.out.line(session.say("said.ready", address=address))
    elif hindered:
        parts = session.say("said.and_then").join(
            session.say(f"words.health_{part}") for part in hindered
        )
        session.out.line(session.say("said.not_ready", address=address, parts=parts))
    else:
        session.out.line(session.say("said.not_serving", address=address))
