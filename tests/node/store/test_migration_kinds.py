"""What a migration that says that it only adds may do: older versions serve on while it runs."""

import re
from collections.abc import Iterable

import pytest
import sqlalchemy as sa

from node.store.engine import make_engine
from node.store.migrate import schema_state
from node.store.upgrading import Chain, Kind, Step
from tests.conftest import NewStore

STEPS = Chain().steps
LOOKS = re.compile(r"(?:SELECT|PRAGMA|BEGIN|SET TRANSACTION|SET LOCAL)\b", re.IGNORECASE)
TABLE = re.compile(r"CREATE TABLE (\w+)")
INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)")
INSERT = re.compile(r"INSERT INTO (\w+)")
COLUMN = re.compile(r"ALTER TABLE \w+ ADD COLUMN (.+)", re.DOTALL)
BINDS = re.compile(r"\b(?:UNIQUE|PRIMARY|REFERENCES|CHECK)\b")


def destructive(statements: Iterable[str]) -> list[str]:
    """Those that an older version, or a large city, would not serve through.

    It may make tables and fill them, and add columns that older versions need not name. An index on
    a table that is there holds up everybody who writes to it while it is built.
    """
    made, found = {"alembic_version"}, list[str]()
    for statement in (" ".join(each.split()) for each in statements):
        if table := TABLE.match(statement):
            made.add(table[1])
        elif index := INDEX.match(statement) or INSERT.match(statement):
            if index[1] not in made:
                found.append(statement)
        elif column := COLUMN.match(statement):
            bare = "NOT NULL" in column[1] and "DEFAULT" not in column[1]
            if bare or BINDS.search(column[1]):
                found.append(statement)
        elif not (LOOKS.match(statement) or statement.startswith("UPDATE alembic_version ")):
            found.append(statement)
    return found


@pytest.mark.parametrize(
    "step", [s for s in STEPS if s.kind is Kind.EXPAND], ids=lambda step: step.revision
)
def test_a_migration_that_says_so_only_adds(step: Step, new_locking: NewStore) -> None:
    engine, said = make_engine(new_locking("kinds")), list[str]()
    chain = Chain()
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        for each in chain.pending(schema_state(connection)):
            if each.revision < step.revision:
                chain.run(connection, each)

        @sa.event.listens_for(engine, "before_cursor_execute")
        def hear(*arguments: object) -> None:
            said.append(str(arguments[2]))

        chain.run(connection, step)
    engine.dispose()
    assert said
    assert destructive(said) == []


def test_a_contraction_says_who_may_serve_after_it_and_an_expansion_does_not() -> None:
    assert {s.revision for s in STEPS if bool(s.serves_from) != (s.kind is Kind.CONTRACT)} == set()
    assert {s.revision for s in STEPS if s.serves_from > s.revision} == set()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE uses",
        "ALTER TABLE uses DROP COLUMN host",
        "ALTER TABLE uses RENAME TO others",
        "ALTER TABLE uses RENAME COLUMN host TO guest",
        "ALTER TABLE uses ALTER COLUMN host TYPE BIGINT",
        "ALTER TABLE uses ADD COLUMN more TEXT NOT NULL",
        "ALTER TABLE uses ADD COLUMN more TEXT DEFAULT '' UNIQUE",
        "ALTER TABLE uses ADD CONSTRAINT one CHECK (host <> '')",
        "CREATE INDEX ix_uses_host ON uses (host)",
        "CREATE UNIQUE INDEX ix_uses_host ON uses (host)",
        "DROP INDEX ix_uses_host",
        "UPDATE uses SET host = ''",
        "DELETE FROM uses",
        "INSERT INTO uses VALUES (1)",
        "TRUNCATE uses",
    ],
)
def test_what_an_older_version_would_not_serve_through_is_found(statement: str) -> None:
    assert destructive(["CREATE TABLE fine (a TEXT)", statement]) == [statement]


def test_what_it_would_not_notice_is_not() -> None:
    fine = [
        "\nCREATE TABLE fine (\n\ta TEXT NOT NULL\n)\n",
        "CREATE INDEX ix_fine_a ON fine (a)",
        "INSERT INTO fine (a) VALUES ('')",
        "ALTER TABLE uses ADD COLUMN more TEXT",
        "ALTER TABLE uses ADD COLUMN more TEXT DEFAULT '' NOT NULL",
        "UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001'",
        "SELECT count(*) FROM uses",
    ]
    assert destructive(fine) == []
