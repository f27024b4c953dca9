"""The roles of a PostgreSQL store: what each can do, and what none of them can be made to do."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from node.errors import SETTING_INVALID, STORE_UNAVAILABLE, HutongError
from node.services.log_verifying import verify_own
from node.store import open_store
from node.store.dumping import open_dump, open_load
from node.store.engine import make_engine, server_settings
from node.store.log_snapshot import open_log
from node.store.roles import Roles, _made, apply_grants, grants, is_shown, script
from node.store.tables import METADATA, RESIDENTS
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.store.least import administer, as_role, served
from tests.node.store.rig import HOME, NOW, Desk, MovableClock, entry, opened, resident, text_id
from tests.node.store.test_sweeping import fill

_SERIAL = itertools.count(1)

# Columns of bytes that are shown are statements that are signed for others, or of the log.
SHOWN = 19
SECRETS = {
    ("residents", "secret"),
    ("residents", "document_digest"),
    ("persons", "document_digest"),
    ("log_salts", "salt"),
    ("status_lists", "secret"),
    ("codes", "code_digest"),
    ("recognitions", "pass_digest"),
    ("invitations", "code"),
    ("invitations", "seed"),
    ("joinings", "seed"),
    ("answers", "response"),
    ("questions", "envelope"),
}

# What whoever serves must not be able to do.
BEYOND = (
    "CREATE TABLE more (a TEXT)",
    "CREATE TEMPORARY TABLE more (a TEXT)",
    "ALTER TABLE residents ADD COLUMN more TEXT",
    "DROP TABLE residents",
    "TRUNCATE residents",
    "CREATE INDEX more ON residents (person)",
    "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "UPDATE log_entries SET kind = 'other'",
    "DELETE FROM log_entries",
    "TRUNCATE log_entries",
    "UPDATE log_tiles SET hash = ''",
    "DELETE FROM log_tiles",
    "DELETE FROM log_state",
    "UPDATE checkpoints SET note = ''",
    "UPDATE log_salts SET salt = ''",
    "UPDATE partner_moves SET why = ''",
    "DELETE FROM partner_moves",
    "UPDATE node_state SET serves_from = '0001'",
    "DELETE FROM node_state",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM privacy_spendings",
    "ALTER TABLE log_entries DISABLE TRIGGER ALL",
    "COPY residents TO PROGRAM 'cat'",
    "SELECT pg_advisory_lock(1)",
    "SELECT lo_create(0)",
)

# What PostgreSQL lets everybody do who connects: locks that writers wait for, and large objects.
OPEN_TO_ALL = (
    "SELECT pg_advisory_lock(4101003301)",
    "SELECT pg_advisory_lock(1, 2)",
    "SELECT pg_advisory_lock_shared(4101003301)",
    "SELECT pg_try_advisory_lock(4101003301)",
    "SELECT pg_advisory_xact_lock(4101003301)",
    "SELECT pg_try_advisory_xact_lock_shared(4101003301)",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
)


@dataclass(frozen=True)
class Place:
    """One database with three roles over it."""

    url: str
    roles: Roles

    def of(self, role: str) -> str:
        """The store's URL for a role."""
        return as_role(self.url, role)

    @contextlib.contextmanager
    def denying(self, role: str) -> Iterator[Callable[[str], bool]]:
        """Whether the role is refused a statement for want of a right; nothing is ever kept."""
        with psycopg.connect(self.of(role), autocommit=True) as connection:

            def denied(statement: str) -> bool:
                try:
                    with connection.transaction(force_rollback=True):
                        connection.execute(statement.encode())
                except psycopg.errors.InsufficientPrivilege:
                    return True
                return False

            yield denied


@pytest.fixture
def place(new_postgres: NewStore) -> Iterator[Place]:
    serial = next(_SERIAL)
    roles = Roles(f"serve_{serial}", f"migrate_{serial}", f"read_{serial}")
    made = Place(new_postgres("roles"), roles)
    served(made.url, roles)
    yield made
    with psycopg.connect(made.url, autocommit=True) as connection:
        for role in (roles.serve, roles.migrate, roles.read):
            connection.execute(f'DROP OWNED BY "{role}"'.encode())
            connection.execute(f'DROP ROLE "{role}"'.encode())


@pytest.mark.all
def test_whoever_serves_can_do_a_citys_work_and_no_more(place: Place) -> None:
    serve = place.roles.serve
    with opened(place.of(serve)) as desk:
        desk.run(fill)
        desk.probe()
        desk.run(lambda tx: tx.residents.recount(resident(1)))
        desk.clock.instant = NOW + timedelta(days=400)
        assert desk.sweep() > 0
        scrubs(desk)
    with place.denying(serve) as denied:
        assert [each for each in BEYOND if not denied(each)] == []
        assert not denied("DELETE FROM uses")
        assert denied(f'SET ROLE "{place.roles.migrate}"')


def scrubs(desk: Desk) -> None:
    """What was removed leaves the files also by this role: nothing is passed over."""
    said = list[str]()

    @sa.event.listens_for(desk.engine, "connect")
    def listen(connection: psycopg.Connection[object], _record: object) -> None:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))

    desk.engine.dispose()
    desk.execute("UPDATE node_state SET removals = removals + 1")
    assert desk._runner.run(desk.store.scrub())
    assert said == []


@pytest.mark.all
def test_whoever_reads_sees_the_log_and_neither_writes_nor_sees_a_secret(place: Place) -> None:
    with opened(place.of(place.roles.serve)) as desk:
        desk.run(fill)
        size = desk.read(lambda tx: tx.log.size())
    read = place.roles.read
    with open_log(place.of(read)) as log:
        found = verify_own(log, HOME, {}, b"", lambda _: None)
        assert (found.size, found.problems) == (size, ())
        assert log.partners() == {}
    with place.denying(read) as denied:
        for table in METADATA.sorted_tables:
            for column in table.c:
                seen = not denied(f'SELECT "{column.name}" FROM {table.name}')  # noqa: S608 - our own names
                assert seen == is_shown(column), str(column)
            name = next(iter(table.c)).name
            for statement in (
                f"DELETE FROM {table.name}",  # noqa: S608 - the same
                f'UPDATE {table.name} SET "{name}" = "{name}"',  # noqa: S608 - the same
                f"INSERT INTO {table.name} DEFAULT VALUES",
                f"LOCK TABLE {table.name} IN EXCLUSIVE MODE",
            ):
                assert denied(statement), statement
        for statement in ("CREATE TABLE more (a TEXT)", "SELECT * FROM residents", *OPEN_TO_ALL):
            assert denied(statement), statement


@pytest.mark.all
def test_whoever_serves_waits_no_longer_where_a_pooler_keeps_that_from_the_server(
    place: Place,
) -> None:
    with psycopg.connect(place.of(place.roles.serve), autocommit=True) as connection:
        for name, wanted in server_settings().items():
            query = "SELECT setting FROM pg_settings WHERE name = %s"
            assert connection.execute(query, (name,)).fetchall() == [(wanted,)], name


@pytest.mark.all
def test_whoever_reads_holds_up_nobody_who_writes(place: Place) -> None:
    held = list[psycopg.Connection[object]]()
    with opened(place.of(place.roles.serve)) as desk, contextlib.ExitStack() as readers:

        def connect(count: int) -> None:
            for _ in range(count):
                one = psycopg.connect(place.of(place.roles.read), autocommit=True)
                held.append(readers.enter_context(one))

        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            connect(50)
        for each in held:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                each.execute(b"SELECT pg_advisory_lock(4101003301)")
        desk.run(lambda tx: tx.residents.add(resident(1)))
        desk.probe()
        assert desk.read(lambda tx: tx.residents.get(text_id(1))) == resident(1)
    assert 2 <= len(held) < 20


@pytest.mark.all
def test_who_is_no_superuser_is_told_what_the_script_cannot_take_away(
    new_postgres: NewStore, place: Place
) -> None:
    said = list[str]()
    url = new_postgres("managed")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        connection.execute(b"CREATE ROLE managed CREATEROLE")
        try:
            connection.execute(b"SET ROLE managed")
            taken = next(each for each in _made(place.roles) if "advisory" in each)
            connection.execute(taken.encode())
        finally:
            connection.execute(b"RESET ROLE")
            connection.execute(b"DROP ROLE managed")
    assert [each for each in said if "lock of writers" in each]


@pytest.mark.all
def test_a_role_that_may_not_make_the_tables_says_what_to_type(
    new_postgres: NewStore, place: Place
) -> None:
    empty = Place(new_postgres("empty"), place.roles)
    administer(empty.url, script(place.roles))
    with pytest.raises(HutongError) as refused:
        open_store(empty.of(place.roles.serve), MovableClock())
    assert refused.value.reason == STORE_UNAVAILABLE
    assert "hutong store roles" in refused.value.fields["problem"]
    # Two databases of one server have roles in common.
    administer(empty.url, f'DROP OWNED BY "{place.roles.serve}", "{place.roles.migrate}", '
               f'"{place.roles.read}"')  # fmt: skip


@pytest.mark.all
def test_a_store_that_one_role_made_is_taken_apart_with_all_that_is_in_it(
    new_postgres: NewStore, place: Place
) -> None:
    url = new_postgres("one")
    with opened(url) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
        desk.run(lambda tx: tx.log.append(entry(1)))
    one = Place(url, place.roles)
    # It can be run again.
    administer(url, script(place.roles))
    administer(url, script(place.roles))
    with opened(one.of(place.roles.serve)) as desk:
        assert desk.read(lambda tx: tx.residents.get(text_id(1))) == resident(1)
        assert [len(desk.rows(t)) for t in (RESIDENTS, LOG_ENTRIES)] == [1, 1]
    with one.denying(place.roles.serve) as denied:
        assert denied("DELETE FROM log_entries")
    engine = make_engine(one.of(place.roles.migrate))
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE residents ADD COLUMN more TEXT")
    engine.dispose()
    administer(url, f'DROP OWNED BY "{place.roles.serve}", "{place.roles.migrate}", '
               f'"{place.roles.read}" CASCADE')  # fmt: skip


@pytest.mark.all
def test_a_store_is_copied_by_whoever_serves_and_made_anew_by_whoever_migrates(
    new_postgres: NewStore, place: Place
) -> None:
    roles, anew = place.roles, Place(new_postgres("anew"), place.roles)
    administer(anew.url, script(roles))
    with opened(place.of(roles.serve)) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
        with open_dump(place.of(roles.serve), 100) as dump:
            forms = dump.tables()
            with open_load(anew.of(roles.migrate), dump.schema, forms) as load:
                for form in forms:
                    for portion in dump.rows(form):
                        load.put(form, portion)
                load.finish()
    apply_grants(anew.of(roles.migrate), roles)
    with opened(anew.of(roles.serve)) as desk:
        assert desk.read(lambda tx: tx.residents.get(text_id(1))) == resident(1)
        desk.probe()
    # A copy has secrets in it.
    with pytest.raises(HutongError) as refused, open_dump(place.of(roles.read), 100) as dump:
        list(dump.rows(next(form for form in dump.tables() if form.name == "residents")))
    assert refused.value.reason == STORE_UNAVAILABLE
    administer(
        anew.url, f'DROP OWNED BY "{roles.serve}", "{roles.migrate}", "{roles.read}" CASCADE'
    )


def test_every_column_of_bytes_is_kept_from_whoever_reads_unless_somebody_decided_otherwise() -> (
    None
):
    hidden = {
        (c.table.name, c.name) for t in METADATA.sorted_tables for c in t.c if not is_shown(c)
    }
    assert hidden >= SECRETS
    every = {
        (t.name, c.name)
        for t in METADATA.sorted_tables
        for c in t.c
        if isinstance(c.type, sa.LargeBinary)
    }
    assert len(every - hidden) == SHOWN


@pytest.mark.parametrize("name", ['a"; DROP TABLE residents; --', "", "Ö", "a b", "a" * 64])
def test_a_name_that_would_be_more_than_a_name_in_sql_is_refused(name: str) -> None:
    with pytest.raises(HutongError) as refused:
        Roles(serve=name)
    assert refused.value.reason == SETTING_INVALID


def test_one_role_for_two_purposes_is_refused() -> None:
    with pytest.raises(HutongError):
        Roles(serve="hutong", migrate="hutong")


def test_only_postgresql_has_roles(new_sqlite: NewStore) -> None:
    with pytest.raises(HutongError) as refused:
        apply_grants(new_sqlite("one"), Roles())
    assert refused.value.reason == SETTING_INVALID
    assert len(grants(Roles())) > 2 * len(METADATA.sorted_tables)
