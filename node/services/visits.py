"""The host's part of a visitor's history: kept as it happens, shown to who holds the pass.

No other city is ever told: nothing here is read but by the visitor pass. What is kept names venues
and incentives, and a recognition of this city's own; no home city's id of a person.
"""

import hashlib
from datetime import datetime
from typing import Final

from federation.identifiers import is_uuid, parse_code, uuid7
from federation.incentives import Decisions
from node.errors import PAGE_INVALID, VISITOR_PASS_UNKNOWN, HutongError
from node.history import HistoryKind, Visit
from node.limits import PAGE_MOST
from node.model import Decision, Page, PageRequest, StoredRecognition
from node.ports import Transaction
from node.services.here import Here

_ENTROPY_BYTES: Final = 9


def keep_recognition(
    tx: Transaction,
    here: Here,
    before: StoredRecognition | None,
    visitor: StoredRecognition,
    now: datetime,
) -> None:
    """Note that a visitor is recognised; of one who was before, only if that had ended."""
    if before is not None:
        ended = _ending(before, now)
        if ended is None:
            return
        tx.visits.add(ended)
    about = visitor.recognition_id
    kind = HistoryKind.RECOGNISED
    tx.visits.add(Visit(_new_id(here, kind, now), about, now, kind, subject=about))


def keep_visit(tx: Transaction, here: Here, visitor: StoredRecognition, decided: Decisions) -> None:
    """Note what was decided for a visitor, recognised at that moment or not, by the check's id.

    The caller owes: nobody erased them while the home city was asked.
    """
    opened, closed = list[str](), list[str]()
    for decision in decided.decisions:
        (opened if decision.eligible else closed).append(decision.incentive_id)
    header, kind = decided.header, HistoryKind.DECIDED
    tx.visits.add(
        Visit(
            visit_id=_new_id(here, kind, header.issued_at),
            recognition_id=visitor.recognition_id,
            at=header.issued_at,
            kind=kind,
            subject=header.statement_id,
            venue=decided.venue,
            opened=tuple(opened),
            closed=tuple(closed),
        )
    )


def keep_redemption(tx: Transaction, here: Here, decision: Decision, now: datetime) -> None:
    """Note the use of an incentive by a visitor; a newcomer is nobody in particular."""
    if not decision.recognition_id:
        return
    kind = HistoryKind.REDEEMED
    tx.visits.add(
        Visit(
            visit_id=_new_id(here, kind, now),
            recognition_id=decision.recognition_id,
            at=now,
            kind=kind,
            subject=decision.decision_id,
            venue=decision.venue,
            opened=(decision.incentive_id,),
        )
    )


class Visits:
    """Shows visitors what happened here."""

    def __init__(self, here: Here) -> None:
        """For the visitors of `here`."""
        self._here = here

    def visits(
        self, tx: Transaction, visitor_pass: str, request: PageRequest
    ) -> tuple[StoredRecognition, Page[Visit]]:
        """The holder of a pass, and what happened to them, the newest first.

        Raises:
            HutongError: VISITOR_PASS_UNKNOWN, for whatever is not a pass of somebody here;
                MALFORMED for what is mistyped; PAGE_INVALID.

        """
        visitor = self._holder(tx, visitor_pass)
        if request.token and not is_uuid(request.token):
            raise HutongError(PAGE_INVALID, field="page_token", limit=str(PAGE_MOST))
        most = request.size + 1
        found = {
            visit.visit_id: visit
            for visit in tx.visits.newest(visitor.recognition_id, most, before=request.token)
        }
        ended = _ending(visitor, self._here.now())
        if ended is not None and (not request.token or ended.visit_id < request.token):
            found[ended.visit_id] = ended
        newest = sorted(found.values(), key=lambda visit: visit.visit_id, reverse=True)
        shown = tuple(newest[: request.size])
        token = shown[-1].visit_id if len(newest) > request.size else ""
        return visitor, Page(shown, token)

    def _holder(self, tx: Transaction, visitor_pass: str) -> StoredRecognition:
        city, raw = parse_code(visitor_pass, where="visitor_pass")
        found = tx.recognitions.by_pass(hashlib.sha256(raw).digest())
        if city != self._here.city or found is None:
            raise HutongError(VISITOR_PASS_UNKNOWN)
        return found


def _ending(visitor: StoredRecognition, now: datetime) -> Visit | None:
    """The end of a recognition, if it has ended; its id is the same whoever asks, and when."""
    # What ran out before is not ended again by a withdrawal that comes after.
    at = min(visitor.ended_at or visitor.expires_at, visitor.expires_at)
    if at > now:
        return None
    about, kind = visitor.recognition_id, HistoryKind.RECOGNITION_ENDED
    unique = hashlib.sha256(about.encode()).digest()
    return Visit(_id(kind, at, unique), about, at, kind, subject=about)


def _new_id(here: Here, kind: HistoryKind, at: datetime) -> str:
    return _id(kind, at, here.entropy.token(_ENTROPY_BYTES))


def _id(kind: HistoryKind, at: datetime, unique: bytes) -> str:
    """A UUID of version 7: of one millisecond, events are in the order of their kinds."""
    return uuid7(at, bytes([kind.value]) + unique[:_ENTROPY_BYTES])
