"""What scoring needs, out of the store at full speed; and sums put back.

A copy is of one instant: one read transaction holds it while the node goes on writing. Nothing can
be written through it, and it takes no more than whoever only reads may see (`node.store.roles`).
Sums are put back in transactions of their own, each of a few rows, by whoever serves.
"""

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from federation.errors import HutongError
from node import bulk_limits, limits
from node.ports import Transaction
from node.ports.bulk import RECORD_COLUMNS, RESIDENT_COLUMNS, InForce, Sums
from node.record_errors import STORE_UNREADABLE
from node.records import RecordState
from node.store.administration import read_in_force
from node.store.connection import Session
from node.store.engine import is_conflict, make_engine, unavailable
from node.store.migrate import may_serve, schema_state
from node.store.record_tables import RECORDS
from node.store.residents import NOBODY
from node.store.tables import RESIDENTS
from node.store.transaction import StoreTransaction, TransactionMaker, load_registry
from node.store.values import from_day_or_none

T = TypeVar("T")

_SQLITE: Final = "sqlite:///"
_B: Final = sa.bindparam

_REAL: Final = RESIDENTS.c.resident_id != sa.literal(NOBODY)
_STANDING: Final = RECORDS.c.state == sa.literal(RecordState.STANDING.value)
_RESIDENTS: Final = sa.select(*(RESIDENTS.c[name] for name in RESIDENT_COLUMNS)).where(_REAL)
_RECORDS: Final = sa.select(*(RECORDS.c[name] for name in RECORD_COLUMNS)).where(_STANDING)
_COUNT: Final = sa.func.count()
_KEEP: Final = (
    sa.update(RESIDENTS)
    .where(
        RESIDENTS.c.resident_id == _B("which"),
        RESIDENTS.c.points_milli == _B("old_points"),
        RESIDENTS.c.shared_milli == _B("old_shared"),
        RESIDENTS.c.commendations == _B("old_named"),
        sa.func.coalesce(RESIDENTS.c.recount_on, "") == _B("old_day"),
        RESIDENTS.c.counted_by == _B("old_version"),
    )
    .values(
        points_milli=_B("points"),
        shared_milli=_B("shared"),
        commendations=_B("named"),
        recount_on=_B("day"),
        counted_by=_B("version"),
    )
)


# A whole city takes longer than a use case may.
_WHOLE_CITY: Final = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
_SNAPSHOT: Final = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
_ONLY_READS: Final = ("PRAGMA query_only = ON",)


class StoreCopy:
    """What scoring needs of a city, as its store was at one instant; CSV as COPY writes it."""

    def __init__(self, connection: sa.Connection, in_force: InForce) -> None:
        """Over a transaction that sees one state of the database."""
        self._connection = connection
        self.in_force = in_force

    def resident_count(self) -> int:
        """How many residents take part."""
        counted = sa.select(_COUNT).select_from(RESIDENTS).where(_REAL)
        return int(self._connection.execute(counted).scalar_one())

    def record_count(self) -> int:
        """How many records stand."""
        counted = sa.select(_COUNT).select_from(RECORDS).where(_STANDING)
        return int(self._connection.execute(counted).scalar_one())

    def residents(self) -> Iterator[bytes]:
        """Who takes part, and what is kept of them."""
        return self._rows(_RESIDENTS)

    def records(self) -> Iterator[bytes]:
        """The standing records."""
        return self._rows(_RECORDS)

    def _rows(self, statement: sa.Select[Any]) -> Iterator[bytes]:
        dialect = self._connection.dialect
        compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        driver: Any = self._connection.connection.dbapi_connection
        cursor = driver.cursor()
        blocks = _copied if dialect.name == "postgresql" else _written
        try:
            with contextlib.closing(cursor):
                yield from blocks(cursor, str(compiled))
        except dialect.loaded_dbapi.Error as error:
            told: Any = exc.DBAPIError.instance(
                None, None, error, dialect.loaded_dbapi.Error, dialect=dialect
            )
            raise told from None


@contextlib.contextmanager
def open_copy(url: str) -> Iterator[StoreCopy]:
    """A copy of the store at `url`.

    Raises:
        HutongError: SETTING_INVALID for a URL that is none, STORE_UNREADABLE.
    """
    with _engine(url) as engine:
        postgresql = engine.dialect.name == "postgresql"
        options: dict[str, Any] = _SNAPSHOT if postgresql else {}
        with engine.execution_options(**options).connect() as connection, connection.begin():
            for setting in _WHOLE_CITY if postgresql else _ONLY_READS:
                connection.exec_driver_sql(setting)
            if not may_serve(schema_state(connection)):
                raise _unreadable("its tables are not those of this version")
            yield StoreCopy(connection, read_in_force(Session(connection)))


class StoreSums:
    """Puts sums back, a portion in a transaction; other processes write between those."""

    def __init__(self, engine: sa.Engine) -> None:
        """Over the node's own database; `open_sums` makes one."""
        self._engine = engine.execution_options(writes=True)
        with engine.connect() as connection, connection.begin():
            registry = load_registry(Session(connection))
        self._make = TransactionMaker(engine.dialect.name, registry)

    def keep(self, portion: Sequence[tuple[str, Sums, Sums]]) -> int:
        """Put new sums in the place of old ones, where those are still kept."""
        if not portion:
            return 0
        return self._transact(lambda tx: sum(_keep(tx.session, *each) for each in portion))

    def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case in a transaction of its own."""
        return self._transact(use_case)

    def _transact(self, use_case: Callable[[StoreTransaction], T]) -> T:
        for left in reversed(range(limits.CONFLICT_RETRIES)):
            try:
                with self._engine.connect() as connection, connection.begin():
                    tx = self._make.begin(connection)
                    found = use_case(tx)
                    tx.session.flush()
            except exc.SQLAlchemyError as error:
                if not left or not is_conflict(error):
                    raise
            else:
                return found
        raise AssertionError("the last try raises")


def _keep(session: Session, resident_id: str, old: Sums, new: Sums) -> int:
    return session.write(
        _KEEP,
        which=resident_id,
        old_points=old.points_milli,
        old_shared=old.shared_milli,
        old_named=old.commendations,
        old_day=from_day_or_none(old.recount_on) or "",
        old_version=old.counted_by,
        points=new.points_milli,
        shared=new.shared_milli,
        named=new.commendations,
        day=from_day_or_none(new.recount_on),
        version=new.counted_by,
    )


@contextlib.contextmanager
def open_sums(url: str) -> Iterator[StoreSums]:
    """A way to put sums back into the store at `url`.

    Raises:
        HutongError: SETTING_INVALID for a URL that is none, STORE_UNREADABLE.
    """
    with _engine(url) as engine:
        yield StoreSums(engine)


@contextlib.contextmanager
def _engine(url: str) -> Iterator[sa.Engine]:
    """The engine of a store that is there: to look at one never makes one."""
    file = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and not Path(file).is_file():
        raise _unreadable(f"there is no file {file}")
    engine = make_engine(url)
    try:
        yield engine
    except exc.SQLAlchemyError as error:
        # SQLAlchemy's words, and the driver's, may quote a row.
        raise _unreadable(unavailable(error).fields["problem"]) from None
    finally:
        engine.dispose()


def _unreadable(problem: str) -> HutongError:
    return HutongError(STORE_UNREADABLE, problem=problem)


def _copied(cursor: Any, sql: str) -> Iterator[bytes]:  # noqa: ANN401 - the driver's own
    with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
        for block in copy:
            yield bytes(block)


def _written(cursor: Any, sql: str) -> Iterator[bytes]:  # noqa: ANN401 - the driver's own
    cursor.execute(sql)
    while rows := cursor.fetchmany(bulk_limits.COPY_ROWS):
        page = io.StringIO()
        csv.writer(page, lineterminator="\n").writerows(rows)
        yield page.getvalue().encode()
