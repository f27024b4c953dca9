"""Which processes serve over a store, and which versions they are: each says so while it lives.

No clock is read, for those of two machines may differ: whoever says nothing new between two looks
is taken for gone, and one that comes back says so again.
"""

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import sqlalchemy as sa

from node.store.connection import Session
from node.store.migrate import NEWEST
from node.store.tables import PROCESSES

_B: Final = sa.bindparam
_WHICH: Final = PROCESSES.c.process_id == _B("which")
_BEGIN: Final = sa.insert(PROCESSES)
_SAY: Final = sa.update(PROCESSES).where(_WHICH).values(beat=PROCESSES.c.beat + 1)
_LEAVE: Final = sa.delete(PROCESSES).where(_WHICH)
_BEATS: Final = sa.select(PROCESSES.c.process_id, PROCESSES.c.beat)
_FORGET: Final = sa.delete(PROCESSES).where(_WHICH, PROCESSES.c.beat == _B("still"))


@dataclass(frozen=True, slots=True)
class Process:
    """One that serves: what it is called, where it runs, its version, how often it said so."""

    process_id: str
    place: str
    version: str
    beat: int


class Presence:
    """What one process says of itself, and hears of the others."""

    def __init__(self, process_id: str, place: str) -> None:
        """Nothing is said yet."""
        self._process_id = process_id
        self._place = place
        self._heard: Mapping[str, int] = {}
        self.said = False

    @classmethod
    def of_this_process(cls) -> Self:
        """By a name that no other has, and the place where an operator finds it."""
        return cls(secrets.token_hex(16), f"{socket.gethostname()}, process {os.getpid()}")

    def say(self, session: Session) -> None:
        """Say that this process lives."""
        self.said = True
        if not session.write(_SAY, which=self._process_id):
            row = {"process_id": self._process_id, "place": self._place}
            session.write(_BEGIN, **row, version=NEWEST, beat=1)

    def leave(self, session: Session) -> None:
        """Say that it ends."""
        session.write(_LEAVE, which=self._process_id)

    def forget_silent(self, session: Session) -> dict[str, int]:
        """Drop those that said nothing since what is remembered; what is heard now."""
        beats = {str(row[0]): int(row[1]) for row in session.all(_BEATS)}
        for process_id, beat in beats.items():
            if self._heard.get(process_id) == beat:
                session.write(_FORGET, which=process_id, still=beat)
        return beats

    def remember(self, heard: Mapping[str, int]) -> None:
        """What was heard of the others, once that is committed: the use case may run again."""
        self._heard = heard
