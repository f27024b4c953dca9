"""How large the database is, in its own words."""

import contextlib
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

_ASKED: Final[Mapping[str, str]] = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def size(engine: sa.Engine) -> int | None:
    """In bytes; None where it does not say: not all that speak PostgreSQL's language do."""
    with contextlib.suppress(exc.SQLAlchemyError), engine.connect() as connection:
        return int(connection.execute(sa.text(_ASKED[engine.dialect.name])).scalar_one())
    return None
