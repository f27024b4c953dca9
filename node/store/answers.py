"""Recorded answers: rows that every change leaves, written together at the commit."""

from typing import Final

import sqlalchemy as sa

from node.model import RecordedAnswer
from node.store.connection import Session
from node.store.tables import ANSWERS
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
_FIND: Final = sa.select(ANSWERS).where(
    ANSWERS.c.caller == _B("caller"), ANSWERS.c.request_id == _B("request_id")
)
_RECORD: Final = sa.insert(ANSWERS)


class AnswerRepository:
    """The recorded answers."""

    def __init__(self, session: Session) -> None:
        """In one transaction, which may serve several requests with the same id."""
        self._session = session
        self._recorded: dict[tuple[str, str], RecordedAnswer] = {}

    def find(self, caller: str, request_id: str) -> RecordedAnswer | None:
        """The answer that this caller got for this request id."""
        recorded = self._recorded.get((caller, request_id))
        if recorded is not None:
            return recorded
        row = self._session.one(_FIND, caller=caller, request_id=request_id)
        return (
            None
            if row is None
            else RecordedAnswer(row[0], row[1], row[2], row[3], to_instant(row[4]), row[5])
        )

    def record(self, answer: RecordedAnswer) -> None:
        """Keep an answer; written at the commit."""
        self._recorded[answer.caller, answer.request_id] = answer
        self._session.append(
            _RECORD,
            {
                "caller": answer.caller,
                "request_id": answer.request_id,
                "body_digest": answer.body_digest,
                "response": answer.response,
                "answered_at": to_micros(answer.answered_at),
                "subject": answer.subject,
            },
        )
