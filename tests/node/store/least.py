"""PostgreSQL stores with three roles, as an operator makes them."""

import psycopg
import sqlalchemy as sa

from node.store import migrating
from node.store.migrate import NEWEST
from node.store.roles import Roles, apply_grants, script


def administer(url: str, text: str) -> None:
    """Run statements as the database's administrator."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def as_role(url: str, role: str) -> str:
    """The store's URL for a role."""
    found = sa.make_url(url).set(username=role, password=None)
    return found.render_as_string(hide_password=False)


def served(url: str, roles: Roles | None = None) -> str:
    """Make an empty store's roles and its tables; the URL of the one that serves."""
    roles = roles or Roles()
    administer(url, script(roles))
    made = migrating.migrate(as_role(url, roles.migrate), contract=True, told=lambda _: None)
    assert made.state.revision == NEWEST
    apply_grants(as_role(url, roles.migrate), roles)
    return as_role(url, roles.serve)
