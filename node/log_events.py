"""What to do next about what a node logs: the command to type, which is the same in any language.

docs/operating/at-night.md tells each event in words; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Final

from structlog.typing import EventDict, WrappedLogger

import federation.errors
import node.errors
import node.load_errors
from federation.errors import HutongError, Reason
from node.errors import (
    ANCHOR_UNUSABLE,
    KEY_UNUSABLE,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    STORE_UNAVAILABLE,
    TOKEN_UNUSABLE,
)

_DOCTOR: Final = "hutong doctor"
_SYNC: Final = "hutong partner sync {partner}"

NEXT: Final[Mapping[str, str]] = {
    "call_failed": _DOCTOR,
    "checkpoint_not_cosigned": "hutong log checkpoint --city {partner}",
    "condition_erred": "hutong incentives load FILE",
    "degraded": _DOCTOR,
    "manager_not_told": "systemctl status hutong",
    "no_attestation_came": "hutong partner sync {home}",
    "no_status_lists_came": "hutong partner sync {home}",
    "not_compared": "hutong partner sync {witness}",
    "over_its_share": "hutong top",
    "own_log_broken": "hutong log verify",
    "partner_log_forked": "hutong log evidence {partner}",
    "partner_not_reached": _SYNC,
    "periodic_work_failed": _DOCTOR,
    "renewal_refused": "hutong renewal status",
    "second_histogram": "hutong histogram list",
    "status_lists_rolled_back": "hutong partner show {home}",
    "status_not_delivered": _SYNC,
    "traces_not_delivered": "journalctl -u hutong -g traces_ -n 5",
    "trial_not_run_there": "hutong partner test {partner}",
    "turn_failed": _DOCTOR,
    "turning_calls_away": "hutong top",
    "use_not_given_back": _SYNC,
}
"""By event; what is not here needs nothing done."""


# Of these, what was wrong is told in this city's own words. What a partner said is not, it could
# name somebody: of a refusal only a reason is told that this city has a name for, too.
_OWN: Final = frozenset(
    {ANCHOR_UNUSABLE, KEY_UNUSABLE, PEER_UNREACHABLE, STORE_UNAVAILABLE, TOKEN_UNUSABLE}
)

_KNOWN: Final = frozenset(
    reason.name
    for module in (federation.errors, node.errors, node.load_errors)
    for reason in vars(module).values()
    if isinstance(reason, Reason)
)


def own_words(error: HutongError) -> str:
    """What was wrong, for the log; "" where only the reason may be told."""
    if error.reason == PEER_REFUSED:
        theirs = error.fields.get("peer_reason", "")
        return theirs if theirs in _KNOWN else ""
    return error.fields.get("problem", "") if error.reason in _OWN else ""


def what_next(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the command to type, if the event has one."""
    template = NEXT.get(str(event["event"]))
    if template is not None:
        event["next"] = template.format_map(_Known(event))
    return event


class _Known(dict[str, object]):
    """The fields of an event; a line that lacks one is told all the same."""

    def __missing__(self, key: str) -> str:
        return key.upper()
