"""Stores of many machines: where each row belongs, and that no session has to remember anything."""

from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from node.store.placement import EXCEPTIONS, PLACES, Place, Spread
from node.store.tables import METADATA
from tests.conftest import NewStore
from tests.node.store.rig import NOW, opened, resident, text_id
from tests.node.store.test_sweeping import fill

SPREAD = {Spread.BY_PERSON, Spread.BY_ID}
PERSONS = {"resident_id", "person", "pseudonym", "recognition_id"}


def unique_keys(table: sa.Table) -> list[tuple[str, ...]]:
    """The columns of the primary key and of every other unique one."""
    found = [tuple(column.name for column in table.primary_key.columns)]
    constraints = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    found += [tuple(column.name for column in each.columns) for each in constraints]
    indexes = [each for each in table.indexes if each.unique]
    return found + [tuple(column.name for column in each.columns) for each in indexes]


def without(places: dict[sa.Table, Place]) -> set[tuple[str, tuple[str, ...]]]:
    """The unique keys of spread tables that do not contain what those are spread by."""
    return {
        (table.name, key)
        for table, place in places.items()
        if place.spread in SPREAD
        for key in unique_keys(table)
        if place.column not in key
    }


def test_every_table_has_its_place() -> None:
    assert set(PLACES) == set(METADATA.sorted_tables)


def test_what_a_table_is_spread_by_is_there_in_every_row() -> None:
    for table, place in PLACES.items():
        if place.spread in SPREAD:
            assert not table.c[place.column].nullable, table.name
        else:
            assert place.column == "", table.name


def test_a_table_that_names_a_person_in_each_row_is_spread_by_the_person() -> None:
    """Whoever adds one says where it belongs; what is small or ordered may name nobody."""
    for table, place in PLACES.items():
        named = {c.name for c in table.c if c.name in PERSONS and not c.nullable}
        if named:
            assert place.spread is Spread.BY_PERSON, table.name
            assert place.column in named, table.name


def test_every_unique_key_contains_it_or_says_why_not() -> None:
    assert without(PLACES) == set(EXCEPTIONS)
    assert all(EXCEPTIONS.values())


def test_a_key_without_it_would_be_found() -> None:
    made = sa.Table(
        "made",
        sa.MetaData(),
        sa.Column("made_id", sa.Text, primary_key=True),
        sa.Column("resident_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, unique=True),
        sa.Index("ix", "made_id", unique=True),
    )
    found = without({made: Place(Spread.BY_PERSON, "resident_id")})
    assert found == {("made", ("number",)), ("made", ("made_id",))}


def test_no_number_comes_from_a_sequence(new_sqlite: NewStore) -> None:
    with opened(new_sqlite("one")) as desk, desk.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master").scalars()
        assert not [each for each in made if each and "AUTOINCREMENT" in each.upper()]
    assert not [c for t in METADATA.sorted_tables for c in t.c if c.autoincrement is True]


@pytest.mark.all
def test_a_database_has_no_sequence_no_trigger_and_no_function_of_ours(
    new_postgres: NewStore,
) -> None:
    with opened(new_postgres("one")) as desk, desk.engine.connect() as connection:
        for kept in (
            "SELECT count(*) FROM pg_sequences",
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT count(*) FROM pg_attribute WHERE attidentity <> '' OR attgenerated <> ''",
            "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
            "SELECT count(*) FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%%nextval%%'",
        ):
            assert connection.exec_driver_sql(kept).scalar() == 0, kept


@pytest.fixture(params=["new_postgres", "new_serializable"])
def shared(request: pytest.FixtureRequest) -> NewStore:
    """Databases that are reached over a network."""
    found: NewStore = request.getfixturevalue(request.param)
    return found


@pytest.mark.all
def test_no_transaction_hangs_on_what_a_session_remembers(shared: NewStore) -> None:
    """Before each transaction the session forgets all: locks, settings, tables, statements."""
    with opened(shared("one")) as desk:
        forgotten = list[int]()

        @sa.event.listens_for(desk.engine, "connect")
        def plain(connection: psycopg.Connection[object], _record: object) -> None:
            # The driver's own statements are what a pooler of transactions cannot keep either.
            connection.prepare_threshold = None

        @sa.event.listens_for(desk.engine, "checkout")
        def forget(connection: psycopg.Connection[object], *_: object) -> None:
            connection.autocommit = True
            connection.execute(b"DISCARD ALL")
            connection.autocommit = False
            forgotten.append(1)

        desk.engine.dispose()
        desk.run(fill)
        for serial in range(10, 20):
            desk.run(lambda tx, n=serial: tx.residents.add(resident(n)))  # type: ignore[misc]
            desk.probe()
            assert desk.read(lambda tx, n=serial: tx.residents.get(text_id(n)))  # type: ignore[misc]
        desk.clock.instant = NOW + timedelta(days=400)
        assert desk.sweep() > 0
        assert len(forgotten) > 30
