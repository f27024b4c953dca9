"""Promises (信用承诺): made by a resident, used once at a venue, closed by that venue, once.

They are of this city's own residents and of nobody else, and never leave it. What becomes of one is
a record of this city like any other, under the source `promises`: it is counted, disputed and
repaired as records are.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Final

from federation import checks
from federation.identifiers import name
from federation.pseudonym import pairwise_pseudonym
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.incentives import Incentive
from node.indicators import PROMISES, Indicator
from node.logbook import LogKind
from node.model import Caller, Decision, Page, PageRequest
from node.ports import Transaction
from node.record_errors import (
    PROMISE_LOCAL_ONLY,
    PROMISE_NOT_DUE,
    PROMISE_NOT_OFFERED,
    PROMISE_NOT_THEIRS,
    PROMISE_STATE,
    PROMISE_TEXT_CHANGED,
)
from node.record_limits import PROMISE_LONGEST
from node.records import (
    NoticeKind,
    Promise,
    PromiseState,
    Record,
    RecordKey,
    RecordState,
)
from node.services.here import Here
from node.services.noticing import notify
from node.services.promise_text import PromiseText, draft, outcome
from node.services.recording import Recording
from node.services.standing import find_resident

SOURCE: Final = PROMISES
"""What stands in the place of a department in the records of promises."""


class Promising:
    """What residents promise, and what venues say became of it."""

    def __init__(self, here: Here, recording: Recording) -> None:
        """For the residents and venues of `here`; what comes of promises goes to `recording`."""
        self._here = here
        self._recording = recording

    def draft(
        self, tx: Transaction, resident_id: str, incentive_id: str, venue: str, due_on: str
    ) -> PromiseText:
        """The text of a promise, in both languages.

        Raises PROMISE_NOT_OFFERED where the catalogue in force does not offer the incentive at that
        venue today, and FIELD_INVALID for a day that cannot be promised.
        """
        find_resident(tx, resident_id)
        today = self._here.day(self._here.now())
        return self._draft(tx, incentive_id, venue, _due(due_on, today), today)

    def make(
        self,
        tx: Transaction,
        resident_id: str,
        incentive_id: str,
        venue: str,
        due_on: str,
        text: str,
    ) -> Promise:
        """Keep a promise, signed by giving back one of the two texts as they are now.

        Raises what `draft` raises, and PROMISE_TEXT_CHANGED for any other text.
        """
        find_resident(tx, resident_id)
        now = self._here.now()
        today = self._here.day(now)
        due = _due(due_on, today)
        language = self._draft(tx, incentive_id, venue, due, today).language_of(text)
        if language is None:
            raise HutongError(PROMISE_TEXT_CHANGED, incentive=incentive_id, venue=venue)
        promise = Promise(
            promise_id=self._here.new_id(now),
            resident_id=resident_id,
            incentive_id=incentive_id,
            venue=venue,
            text=text,
            language=language,
            made_at=now,
            due_on=due,
            state=PromiseState.OPEN,
        )
        tx.promises.add(promise)
        content = f"promised {promise.promise_id} {text}".encode()
        self._here.trace(tx, LogKind.PROMISED, content, now, subject=resident_id)
        return promise

    def promises(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[Promise]:
        """The promises of a resident, the newest first; raises UNKNOWN."""
        find_resident(tx, resident_id)
        return tx.promises.page(resident_id, request)

    def withdraw(self, tx: Transaction, resident_id: str, promise_id: str) -> Promise:
        """Take back a promise that was not used; twice changes nothing.

        Raises UNKNOWN, and PROMISE_STATE for one that was used.
        """
        promise = tx.promises.get(promise_id)
        if promise is None or promise.resident_id != resident_id:
            raise _unknown(promise_id, "`hutong promise list` shows the resident's own")
        if promise.state is PromiseState.WITHDRAWN:
            return promise
        if promise.state is not PromiseState.OPEN or promise.redemption_id:
            raise _refused(promise, "open")
        now = self._here.now()
        withdrawn = replace(promise, state=PromiseState.WITHDRAWN, closed_at=now)
        tx.promises.put(withdrawn)
        content = f"promise withdrawn {promise_id}".encode()
        self._here.trace(tx, LogKind.PROMISED, content, now, subject=resident_id)
        return withdrawn

    def close(
        self, tx: Transaction, venue: Caller, promise_id: str, note: str, *, kept: bool
    ) -> datetime:
        """Say, once, what became of a promise that was given to this venue and used.

        1. It is this venue's (else UNKNOWN, whoever's it is), was used, and nothing was said yet.
        2. It was kept; or its day is over, and the venue says what happened.
        3. It is closed, becomes a record where the rules name an indicator, and the resident is
           told, with how to object.
        """
        now = self._here.now()
        today = self._here.day(now)
        # 1.
        promise = tx.promises.get(promise_id)
        if promise is None or promise.venue != venue.name:
            raise _unknown(promise_id, "only the venue that a promise was given to closes it")
        if promise.state is not PromiseState.OPEN or not promise.redemption_id:
            raise _refused(promise, "used")
        # 2.
        said = _note(note, needed=not kept)
        if not kept and today <= promise.due_on:
            raise HutongError(
                PROMISE_NOT_DUE, promise=promise_id, due_on=promise.due_on.isoformat()
            )
        # 3.
        state = PromiseState.KEPT if kept else PromiseState.BROKEN
        closed = replace(promise, state=state, closed_at=now, note=said)
        tx.promises.put(closed)
        content = f"promise {state.value} {promise_id}".encode()
        self._here.trace(tx, LogKind.PROMISED, content, now, subject=promise.resident_id)
        indicator = outcome(tx.registry.indicators, kept=kept)
        if indicator is not None:
            self._recording.keep(tx, self._record(tx, closed, indicator, now))
        self._tell(tx, closed, indicator, now)
        return now

    def _draft(
        self, tx: Transaction, incentive_id: str, venue: str, due: date, today: date
    ) -> PromiseText:
        name(venue, where="venue")
        name(incentive_id, where="incentive_id")
        incentive = _offered(tx, incentive_id, venue, today)
        return draft(incentive, venue, due, tx.registry.indicators)

    def _record(
        self, tx: Transaction, promise: Promise, indicator: Indicator, now: datetime
    ) -> Record:
        return Record(
            key=RecordKey(SOURCE, promise.promise_id),
            revision=1,
            person=find_resident(tx, promise.resident_id).person,
            indicator_id=indicator.indicator_id,
            area="",
            evidence=promise.redemption_id,
            occurred_on=self._here.day(now),
            ends_on=None,
            state=RecordState.STANDING,
            disputed=False,
            overdue=False,
            received_at=now,
            received_from=f"venue/{promise.venue}",
        )

    def _tell(
        self, tx: Transaction, promise: Promise, indicator: Indicator | None, now: datetime
    ) -> None:
        kept = promise.state is PromiseState.KEPT
        about = {
            "promise": promise.promise_id,
            "incentive": promise.incentive_id,
            "reason": promise.note,
        }
        if indicator is not None:
            about |= {
                "source": SOURCE,
                "record_number": promise.promise_id,
                "indicator": indicator.indicator_id,
            }
        kind = NoticeKind.PROMISE_KEPT if kept else NoticeKind.PROMISE_BROKEN
        notify(tx, self._here, promise.resident_id, kind, now, **about)


def usable_promise(
    tx: Transaction, here: Here, venue: Caller, decision: Decision, promise_id: str
) -> Promise:
    """The promise that is to go with the use of a decision of this venue.

    1. The decision is of one of this city's own residents; whether there is such a promise is not
       even looked at for a visitor or a newcomer (PROMISE_LOCAL_ONLY).
    2. It is that very resident's, for that incentive, given to this venue. Whatever is otherwise is
       told the same, so that nobody learns of other people's promises (PROMISE_NOT_THEIRS).
    3. It is open, unused, and its day is not over (PROMISE_STATE).
    """
    # 1.
    visitor = tx.recognitions.get(decision.recognition_id) if decision.recognition_id else None
    if visitor is None or visitor.home != here.city:
        raise HutongError(PROMISE_LOCAL_ONLY)
    # 2.
    promise = tx.promises.get(promise_id)
    resident = tx.residents.get(promise.resident_id) if promise else None
    if (
        promise is None
        or resident is None
        or pairwise_pseudonym(resident.secret, here.city) != visitor.pseudonym
        or promise.incentive_id != decision.incentive_id
        or promise.venue != venue.name
    ):
        raise HutongError(PROMISE_NOT_THEIRS, promise=promise_id, incentive=decision.incentive_id)
    # 3.
    if promise.state is not PromiseState.OPEN or promise.redemption_id:
        raise _refused(promise, "open")
    if here.day(here.now()) > promise.due_on:
        raise HutongError(PROMISE_STATE, promise=promise_id, state="overdue", needed="open")
    return promise


def _offered(tx: Transaction, incentive_id: str, venue: str, today: date) -> Incentive:
    catalogue = tx.registry.catalogue
    for incentive in catalogue.incentives if catalogue else ():
        known = incentive.incentive_id == incentive_id
        if known and incentive.offered_at(venue) and incentive.valid_on(today):
            return incentive
    raise HutongError(PROMISE_NOT_OFFERED, venue=venue, incentive=incentive_id)


def _due(text: str, today: date) -> date:
    try:
        due = date.fromisoformat(text)
    except ValueError as error:
        raise HutongError(
            FIELD_INVALID, field="due_on", problem="write a day that exists as YYYY-MM-DD"
        ) from error
    if text != due.isoformat() or not today < due <= today + PROMISE_LONGEST:
        raise HutongError(
            FIELD_INVALID,
            field="due_on",
            problem=f"choose a day from tomorrow to {today + PROMISE_LONGEST}",
        )
    return due


def _note(text: str, *, needed: bool) -> str:
    said = text.strip()
    if needed and not said:
        raise HutongError(
            FIELD_INVALID, field="note", problem="say what happened; the resident reads it"
        )
    checks.text(said, where="note")
    return said


def _refused(promise: Promise, needed: str) -> HutongError:
    used = promise.state is PromiseState.OPEN and promise.redemption_id
    state = "used" if used else promise.state.value
    return HutongError(PROMISE_STATE, promise=promise.promise_id, state=state, needed=needed)


def _unknown(promise_id: str, remedy: str) -> HutongError:
    return HutongError(UNKNOWN, what="promise", name=promise_id, remedy=remedy)
