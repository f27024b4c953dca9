"""Exit codes: the one table of them, and of which an error ends in.

docs/operating/exit-codes.md tells them.
"""

from typing import Final

from federation.errors import HutongError, Status
from node.errors import LOG_BROKEN, OVERLOADED
from node.load_errors import BUSY as TURNED_AWAY
from node.load_errors import LIMIT_REACHED, PARTNER_BUSY

DONE: Final = 0
INTERNAL: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
NOT_ALLOWED: Final = 4
UNREACHABLE: Final = 5
UNHEALTHY: Final = 6
BUSY: Final = 7
BROKEN_LOG: Final = 8
HUNG_UP: Final = 129
INTERRUPTED: Final = 130
TERMINATED: Final = 143

OF_STATUS: Final = {
    Status.INVALID_ARGUMENT: REFUSED,
    Status.NOT_FOUND: REFUSED,
    Status.ALREADY_EXISTS: REFUSED,
    Status.FAILED_PRECONDITION: REFUSED,
    Status.OUT_OF_RANGE: REFUSED,
    Status.PERMISSION_DENIED: NOT_ALLOWED,
    Status.UNAUTHENTICATED: NOT_ALLOWED,
    Status.UNAVAILABLE: UNREACHABLE,
    Status.DEADLINE_EXCEEDED: UNREACHABLE,
    Status.RESOURCE_EXHAUSTED: UNREACHABLE,
    Status.ABORTED: UNREACHABLE,
    Status.INTERNAL: INTERNAL,
}

# Of these it is known that nothing was done, and that the same may be asked again after a while.
_TURNED_AWAY: Final = frozenset(
    reason.name for reason in (TURNED_AWAY, LIMIT_REACHED, OVERLOADED, PARTNER_BUSY)
)

OF_REASON: Final = {
    # What starting again never mends, and no repetition: a person has to look.
    LOG_BROKEN.name: BROKEN_LOG,
    **dict.fromkeys(_TURNED_AWAY, BUSY),
}


def exit_code(error: HutongError) -> int:
    """The code that a command ends in by this error."""
    return OF_REASON.get(error.reason.name, OF_STATUS[error.reason.status])


def may_have_happened(error: HutongError) -> bool:
    """Whether the node may have done what was asked although its answer was lost."""
    if error.reason.name in _TURNED_AWAY:
        return False
    return OF_STATUS[error.reason.status] in {UNREACHABLE, INTERNAL}
