"""Which process of the city does its timed work."""

from typing import Final

import sqlalchemy as sa

from node.model import DutyMark
from node.store.connection import Session
from node.store.tables import DUTIES

_B: Final = sa.bindparam
_MARK: Final = sa.select(DUTIES.c.holder, DUTIES.c.beat)
_TAKE: Final = (
    sa.update(DUTIES)
    .where(DUTIES.c.holder == _B("before"), DUTIES.c.beat == _B("at_beat"))
    .values(holder=_B("now"), beat=DUTIES.c.beat + 1)
)
_LEAVE: Final = (
    sa.update(DUTIES)
    .where(DUTIES.c.holder == _B("before"))
    .values(holder="", beat=DUTIES.c.beat + 1)
)


class DutyRepository:
    """Who has the duty, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def mark(self) -> DutyMark:
        """Who has it, and how often that was said."""
        row = self._session.one(_MARK)
        if row is None:
            raise LookupError("the migrations make the row")
        return DutyMark(row[0], row[1])

    def take(self, process: str, seen: DutyMark) -> bool:
        """Say that a process has it; False where somebody said something since `seen`."""
        count = self._session.write(_TAKE, before=seen.holder, at_beat=seen.beat, now=process)
        return count == 1

    def leave(self, process: str) -> None:
        """Let it go, if this process has it."""
        self._session.write(_LEAVE, before=process)
