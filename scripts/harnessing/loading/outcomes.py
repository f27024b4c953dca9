"""What a call's outcome says: the node did its work, or it did not."""

from typing import Final

from scripts.harnessing.records import Act, Deed

OK: Final = "OK"
DEADLINE: Final = "DEADLINE"
UNREACHABLE: Final = "UNREACHABLE"
NOT_SENT: Final = "NOT_SENT"
"""It was due, and too many calls to that process were without an answer already."""
MALFORMED: Final = "MALFORMED_ANSWER"
"""An answer came that is not one."""

_HOME_UNREACHABLE: Final = "HOME_UNREACHABLE"

# What a node says by its rules. Everything else is a failure, ours or the node's.
BY_THE_RULES: Final = frozenset(
    {
        OK,
        "AGREEMENT_NOT_ACTIVE",
        "ALREADY_REDEEMED",
        "CAPACITY_USED_UP",
        "CONSENT_NOT_STANDING",
        "DECISION_ENDED",
        # Of two visits of one person at once, the later one's pass replaces the earlier one's.
        "DECISION_OF_ANOTHER",
        "NOT_A_PARTNER",
        "RESERVATION_ENDED",
        "RESERVATION_USED",
        "VISITOR_PASS_UNKNOWN",
    }
)

# After these the caller cannot know whether it was done, or is told to try again: it sends the same
# request once more.
LOST: Final = frozenset(
    {
        DEADLINE,
        UNREACHABLE,
        "BUSY",
        "DEADLINE_PASSED",
        "INTERNAL",
        "LIMIT_REACHED",
        "OVERLOADED",
        "PARTNER_BUSY",
        "PEER_UNREACHABLE",
        "STORE_UNAVAILABLE",
    }
)


def told(act: Act) -> str:
    """What an act came to, for counting; a check that could not reach the home is not "OK"."""
    if act.deed is Deed.CHECK and act.said.get("outcome") == _HOME_UNREACHABLE:
        return _HOME_UNREACHABLE
    return act.outcome


def went_well(act: Act) -> bool:
    """Whether the city did what it promises: an answer by its rules, with the home's help."""
    return told(act) in BY_THE_RULES


def was_answered(act: Act) -> bool:
    """Whether the waiting counts as a latency: an answer came, or the caller waited to the end."""
    return act.outcome not in {NOT_SENT, UNREACHABLE}
