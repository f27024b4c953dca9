"""The log as it lies in the store, at one instant: nothing is migrated, written or believed.

It is read whether the node runs or not, in portions. What somebody may have put into a column is
given as it is found: it is for the reader to say what is wrong with it.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.merkle_log import root_of
from node.errors import STORE_UNAVAILABLE, HutongError
from node.registry import Partner
from node.services.log_walking import RawCheckpoint, RawEntry
from node.store.administration import read_partners
from node.store.connection import Session
from node.store.engine import make_engine, unavailable
from node.store.log import LogRepository
from node.store.trust_tables import (
    CHECKPOINTS,
    COSIGNATURES,
    LOG_ENTRIES,
    LOG_STATE,
    LOG_TILES,
)

_B: Final = sa.bindparam
_SQLITE: Final = "sqlite:///"
_CHECKPOINTS: Final = sa.select(CHECKPOINTS.c.size, CHECKPOINTS.c.note).order_by(CHECKPOINTS.c.size)
_LINES: Final = sa.select(COSIGNATURES.c.size, COSIGNATURES.c.city, COSIGNATURES.c.line).order_by(
    COSIGNATURES.c.size, COSIGNATURES.c.city
)
_TILES: Final = sa.select(LOG_TILES.c.tile, LOG_TILES.c.hash).where(
    LOG_TILES.c.level == _B("of_level"),
    LOG_TILES.c.tile >= _B("first"),
    LOG_TILES.c.tile < _B("until"),
)
_LAST: Final = sa.select(sa.func.max(LOG_ENTRIES.c.sequence))
_TILE_COUNT: Final = sa.select(sa.func.count()).select_from(LOG_TILES)
_STATE: Final = sa.select(LOG_STATE.c.size, LOG_STATE.c.peaks)


class LogSnapshot:
    """One instant of a store's log."""

    def __init__(self, session: Session, dialect: str) -> None:
        """In a transaction that sees one instant."""
        self._session = session
        kind = LOG_ENTRIES.c.kind
        # SQLite's texts need not be UTF-8; PostgreSQL's always are.
        shown = sa.cast(kind, sa.LargeBinary) if dialect == "sqlite" else kind
        entries = LOG_ENTRIES.c
        self._entries = (
            sa.select(entries.sequence, entries.at, shown, entries.commitment, entries.leaf_hash)
            .where(entries.sequence >= _B("first"), entries.sequence < _B("until"))
            .order_by(entries.sequence)
        )

    def state(self) -> tuple[int, bytes]:
        """How many entries there are to be, and the roots at the right edge, joined."""
        row = self._session.one(_STATE)
        return (_number(row[0]), _blob(row[1])) if row else (0, b"")

    def last(self) -> int:
        """The highest number of an entry; -1 without any."""
        row = self._session.one(_LAST)
        return -1 if row is None or row[0] is None else _number(row[0])

    def entries(self, first: int, count: int) -> Sequence[RawEntry]:
        """The entries with these numbers, as far as they are there."""
        rows = self._session.all(self._entries, first=first, until=first + count)
        return [RawEntry(row[0], row[1], _text(row[2]), row[3], row[4]) for row in rows]

    def tiles(self, level: int, first: int, count: int) -> dict[int, bytes]:
        """The roots of complete subtrees of 256^level entries, by place, as far as they are."""
        rows = self._session.all(_TILES, of_level=level, first=first, until=first + count)
        return {row[0]: _blob(row[1]) for row in rows}

    def tile_count(self) -> int:
        """How many tiles there are, of every level."""
        row = self._session.one(_TILE_COUNT)
        return int(row[0]) if row else 0

    def checkpoints(self) -> Sequence[RawCheckpoint]:
        """Every checkpoint of this city's, ascending, with its cosignatures."""
        lines: dict[int, list[tuple[str, bytes]]] = {}
        for size, city, line in self._session.all(_LINES):
            lines.setdefault(_number(size), []).append((str(city), _blob(line)))
        return [
            RawCheckpoint(size, _blob(row[1]), tuple(lines.pop(size, ())))
            for row in self._session.all(_CHECKPOINTS)
            for size in (_number(row[0]),)
        ]

    def partners(self) -> dict[CityCode, Envelope]:
        """The trust bundles of the partners, as they are known now."""
        return {partner.city: partner.envelope for partner in self.known()}

    def known(self) -> tuple[Partner, ...]:
        """The partners, as they are known now."""
        return tuple(read_partners(self._session).values())

    def root(self, size: int) -> bytes:
        """The root over so many entries, by the subtrees that are kept."""
        return root_of(size, LogRepository(self._session).node)


def _blob(found: object) -> bytes:
    """The bytes of a column; b"" where it holds something else, as SQLite lets it."""
    return bytes(found) if isinstance(found, bytes | memoryview) else b""


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0


def _text(found: object) -> object:
    return bytes(found) if isinstance(found, memoryview) else found


@contextlib.contextmanager
def open_log(url: str) -> Iterator[LogSnapshot]:
    """The log of a store, read-only; raises STORE_UNAVAILABLE where there is none."""
    if url.startswith(_SQLITE) and not Path(url[len(_SQLITE) :]).is_file():
        raise HutongError(STORE_UNAVAILABLE, problem="there is no such file")
    engine = make_engine(url)
    postgresql = engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ"} if postgresql else {}
    reading = engine.execution_options(**options, postgresql_readonly=postgresql)
    try:
        with reading.connect() as connection, connection.begin():
            yield LogSnapshot(Session(connection), engine.dialect.name)
    except exc.SQLAlchemyError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()
