"""What becomes of a row that is possible by itself, by the catalogue and the record that is there.

1. The record that it is about, and whether the sender may touch it.
2. Whether it was taken before: the same row twice is one.
3. Whether it is made from the newest revision (compare and swap).
4. What the catalogue in force says of it.
"""

import difflib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from node.errors import HutongError
from node.indicators import DisclosureClass, IndicatorCatalogue
from node.record_limits import NEAREST_CHARACTERS, NEAREST_PER_BATCH
from node.records import Record, RecordKey, RecordMove, RecordState, RowAction
from node.row_errors import (
    AREA_UNKNOWN,
    INDICATOR_NOT_YOURS,
    INDICATOR_UNKNOWN,
    RECORD_ENDED,
    RECORD_NUMBER_USED,
    RECORD_REVISION_STALE,
    RECORD_UNKNOWN,
    ROW_CLASS_WRONG,
    ROW_RETENTION_OVER,
    ROW_SOURCE_FOREIGN,
)
from node.services.reading import class_of
from node.services.rows import Asked, Content

Moves = Callable[[RecordKey], tuple[RecordMove, ...]]
"""Every step of a record, the oldest first."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends rows: a department, and the name that is kept with what it did."""

    department: str
    actor: str


class RowDecider:
    """Decides on the rows of one batch."""

    def __init__(
        self,
        catalogue: IndicatorCatalogue,
        sender: Sender,
        now: datetime,
        today: date,
        moves: Moves,
    ) -> None:
        """By the catalogue in force."""
        self._catalogue = catalogue
        self._sender = sender
        self._now = now
        self._today = today
        self._moves = moves
        self._searches = 0

    def decide(self, asked: Asked, person: int | None, before: Record | None) -> Record | None:
        """The record as it is to be; None where it is so already. Raises why it cannot be.

        `person` is whose document the row bears; a withdrawal needs none.
        """
        if asked.action is RowAction.ADD and asked.key.source != self._sender.department:
            raise HutongError(ROW_SOURCE_FOREIGN, department=self._sender.department)
        if before is None:
            if asked.action is not RowAction.ADD:
                raise self._unknown(asked)
            return self._record(asked, person, 1)
        if asked.action is not RowAction.ADD and not self._may_change(before):
            raise self._unknown(asked)
        if self._was_taken(asked, person, before):
            return None
        if before.state is not RecordState.STANDING:
            raise HutongError(RECORD_ENDED, number=asked.key.record_number)
        if asked.action is RowAction.ADD:
            raise HutongError(
                RECORD_NUMBER_USED,
                number=asked.key.record_number,
                revision=str(before.revision),
            )
        if asked.revision != before.revision:
            raise HutongError(
                RECORD_REVISION_STALE,
                number=asked.key.record_number,
                revision=str(asked.revision),
                newest=str(before.revision),
            )
        return self._changed(asked, person, before)

    def _changed(self, asked: Asked, person: int | None, before: Record) -> Record:
        if asked.content is None:
            return replace(
                before,
                revision=before.revision + 1,
                state=RecordState.WITHDRAWN,
                received_at=self._now,
                received_from=self._sender.actor,
            )
        found = self._record(asked, person, before.revision + 1)
        if found.person != before.person:
            # Whoever disputed it disputed that it is theirs, and it is not.
            return found
        return replace(found, disputed=before.disputed, overdue=before.overdue)

    def _record(self, asked: Asked, person: int | None, revision: int) -> Record:
        content = asked.content
        if content is None or person is None:
            raise TypeError("a row that records something bears a document")
        self._check(asked, content)
        return Record(
            key=asked.key,
            revision=revision,
            person=person,
            indicator_id=content.indicator_id,
            area=content.area,
            evidence=content.evidence,
            occurred_on=content.occurred_on,
            ends_on=content.ends_on,
            state=RecordState.STANDING,
            disputed=False,
            overdue=False,
            received_at=self._now,
            received_from=self._sender.actor,
        )

    def _check(self, asked: Asked, content: Content) -> None:
        indicator = self._catalogue.indicators.get(content.indicator_id)
        if indicator is None:
            raise HutongError(
                INDICATOR_UNKNOWN,
                indicator=content.indicator_id or '""',
                nearest=self._nearest(content.indicator_id, self._catalogue.indicators),
            )
        if self._sender.department not in indicator.departments:
            raise HutongError(
                INDICATOR_NOT_YOURS,
                indicator=indicator.indicator_id,
                departments=", ".join(indicator.departments),
                department=self._sender.department,
            )
        actual = indicator.disclosure_class.value
        if asked.disclosure_class not in ("", actual):
            raise HutongError(
                ROW_CLASS_WRONG, indicator=indicator.indicator_id, **{"class": actual}
            )
        if content.area and content.area not in self._catalogue.areas:
            raise HutongError(
                AREA_UNKNOWN,
                area=content.area,
                nearest=self._nearest(content.area, self._catalogue.areas),
            )
        until = indicator.counts_until(content.occurred_on, content.ends_on)
        if until <= self._today:
            raise HutongError(
                ROW_RETENTION_OVER, indicator=indicator.indicator_id, until=until.isoformat()
            )

    def _may_change(self, record: Record) -> bool:
        """Who first sent a record may, and each department of its indicator that may see it.

        A record of class D is seen by its sender alone: to everybody else it is not there.
        """
        indicator = self._catalogue.indicators.get(record.indicator_id)
        shared = class_of(record, self._catalogue) is not DisclosureClass.D
        others = indicator.departments if indicator and shared else ()
        return self._sender.department in (record.key.source, *others)

    def _unknown(self, asked: Asked) -> HutongError:
        """One answer for a record that is not there and for one that others keep."""
        return HutongError(
            RECORD_UNKNOWN,
            source=asked.key.source,
            number=asked.key.record_number,
            department=self._sender.department,
        )

    def _was_taken(self, asked: Asked, person: int | None, before: Record) -> bool:
        """Whether this very row led to the revision after the one that it was made from."""
        made = asked.revision + 1
        if asked.content is None:
            return before.state is RecordState.WITHDRAWN and made == before.revision
        if before.state is not RecordState.STANDING:
            return False
        if made == before.revision:
            return (person, asked.content) == (before.person, _content(before))
        return any(
            told == made and (person, asked.content) == (move.person, content)
            for move in (self._moves(before.key) if made < before.revision else ())
            for told, content in _told(move)
        )

    def _nearest(self, name: str, names: Iterable[str]) -> str:
        if not 0 < len(name) <= NEAREST_CHARACTERS or self._searches >= NEAREST_PER_BATCH:
            return ""
        self._searches += 1
        found = difflib.get_close_matches(name, names, n=1)
        return f" ({found[0]}?)" if found else ""


def move_of(move_id: str, before: Record, move: str, sender: Sender, now: datetime) -> RecordMove:
    """The step that ended a revision, with what it said, kept with the person whom it was about."""
    said = {
        "revision": before.revision,
        "indicator": before.indicator_id,
        "area": before.area,
        "evidence": before.evidence,
        "occurred_on": before.occurred_on.isoformat(),
        "ends_on": before.ends_on.isoformat() if before.ends_on else None,
        "received_at": before.received_at.isoformat(),
        "received_from": before.received_from,
    }
    text = json.dumps(said, ensure_ascii=False)
    return RecordMove(move_id, before.key, before.person, now, sender.actor, move, before=text)


def _told(move: RecordMove) -> Iterable[tuple[int, Content]]:
    """The revision that a step ended, and what that said; nothing where the step kept none."""
    if not move.before:
        return
    said = json.loads(move.before)
    if "indicator" not in said:
        return
    ends_on = date.fromisoformat(said["ends_on"]) if said["ends_on"] else None
    occurred_on = date.fromisoformat(said["occurred_on"])
    content = Content(said["indicator"], said["area"], said["evidence"], occurred_on, ends_on)
    yield said["revision"], content


def _content(record: Record) -> Content:
    return Content(
        record.indicator_id, record.area, record.evidence, record.occurred_on, record.ends_on
    )
