"""Stores as earlier versions left them, with rows in them; and migrations that are yet to come."""

import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from federation import codec
from node.incentives import Catalogue
from node.store.forms import incentives_to_json
from node.store.migrate import NEWEST, schema_state
from node.store.upgrading import SCRIPTS, Chain
from tests.federation import make
from tests.node.store.rig import text_id

ROWS: Final = (1, 2, 3)

# What makes or holds what a version itself writes: one row, or a tree that must fit its leaves.
_OWN: Final = {
    "alembic_version", "node_state", "duties", "processes", "log_tiles", "log_state",
    "checkpoints", "cosignatures", "forks", "partner_checkpoints",
}  # fmt: skip
# What operators decided is read whole, so that it must be what it says it is.
_DECIDED: Final = {"own_scales", "indicator_catalogues", "invitations", "joinings"}
_HOSTS: Final = ("330100", "320100", "410100")
_DAYS: Final = {"recount_on", "occurred_on", "expires_on", "ends_on", "due_on"}

Rows = dict[str, list[dict[str, Any]]]

EXPANSION: Final = '''"""A later version adds a nickname and a table."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"
branch_labels = None
depends_on = None
kind = "expand"
says_zh = "以后的版本增加内容。"


def upgrade() -> None:
    op.add_column("residents", sa.Column("nickname", sa.Text(), server_default=""))
    op.create_table("later", sa.Column("later_id", sa.Text(), primary_key=True))
'''

CONTRACTION: Final = '''"""A later version takes away the instant of the last probe."""

from alembic import op

revision = "9002"
down_revision = "9001"
branch_labels = None
depends_on = None
kind = "contract"
serves_from = "9001"
says_zh = "以后的版本移除内容。"


def upgrade() -> None:
    op.drop_column("node_state", "probed_at")
'''


def upgrade(engine: sa.Engine, upto: str = NEWEST) -> None:
    """Run the migrations that a store lacks, in one transaction, whoever serves."""
    chain = Chain()
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        for step in chain.pending(schema_state(connection)):
            if step.revision <= upto:
                chain.run(connection, step)


def later(folder: Path) -> Path:
    """The migrations of this version, and two of one that is to come: it adds, then takes away."""
    target = folder / "migrations"
    shutil.copytree(SCRIPTS, target, ignore=shutil.ignore_patterns("__pycache__"))
    versions = target / "versions"
    (versions / "grown_9001.py").write_text(EXPANSION.format(newest=NEWEST), "utf-8")
    (versions / "shrunk_9002.py").write_text(CONTRACTION, "utf-8")
    return target


def fill(engine: sa.Engine) -> Rows:
    """Three rows in every table that people's acts write; what was put."""
    put: Rows = {}
    inspector = sa.inspect(engine)
    with engine.begin() as connection:
        for name in sorted(inspector.get_table_names()):
            log_has_its_tree = name.startswith("log_") and inspector.has_table("log_state")
            if name in _OWN | _DECIDED or log_has_its_tree:
                continue
            columns = inspector.get_columns(name)
            put[name] = [
                {each["name"]: _value(name, each, serial) for each in columns} for serial in ROWS
            ]
            table = sa.table(name, *(sa.column(each["name"], each["type"]) for each in columns))
            connection.execute(sa.insert(table), put[name])
    return put


def rows(engine: sa.Engine, names: Iterable[str]) -> Rows:
    """The rows of tables as they are now, but for nobody's."""
    found: Rows = {}
    with engine.connect() as connection:
        for name in names:
            selected = connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()  # noqa: S608 - names of tables
            found[name] = [_plain(row) for row in selected if not _is_nobodys(name, row)]
    return found


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - columns
    return {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}


def _is_nobodys(name: str, row: Any) -> bool:  # noqa: ANN401 - columns
    of = {"residents": "resident_id", "consents": "consent_id", "codes": "consent_id"}
    return name in of and row[of[name]] == ""


def _value(table: str, column: Any, serial: int) -> object:  # noqa: ANN401, PLR0911 - as reflected
    name, kind = column["name"], column["type"]
    special = _specials(serial).get(f"{table}.{name}")
    if special is not None:
        return special
    if name in {"resident_id", "consent_id", "use_id"}:
        return text_id(serial)
    if name in {"host", "home", "city"}:
        return _HOSTS[serial - 1]
    if name in {"disclosure", "outcome", "kind"} and isinstance(kind, sa.BigInteger):
        return 1
    if column["nullable"] and serial == ROWS[-1]:
        return None
    if isinstance(kind, sa.LargeBinary):
        return serial.to_bytes(32, "big")
    if isinstance(kind, sa.BigInteger):
        return serial
    return f"2027-01-{serial:02}" if name in _DAYS else f"{name}-{serial}"


@cache
def _specials(serial: int) -> dict[str, object]:
    return dict(_special(serial))


def _special(serial: int) -> Iterator[tuple[str, object]]:
    """What has to be read: signed statements, and the states of things."""
    city = (make.HANGZHOU, make.NANJING, make.ZHENGZHOU)[serial - 1]
    bundle = make.sealed_bundle(make.bundle(city))
    yield "partners.city", str(city)
    yield "partners.envelope", codec.envelope_to_bytes(bundle)
    yield "partners.state", "suspended" if serial == ROWS[-1] else "active"
    yield "agreements.agreement_id", make.agreement().agreement_id
    yield "agreements.envelope", codec.envelope_to_bytes(make.sealed(make.agreement()))
    yield "agreements.state", "active" if serial == ROWS[-1] else "replaced"
    yield (
        "partner_scales.envelope",
        codec.envelope_to_bytes(make.sealed(make.SCALES[make.HANGZHOU])),
    )
    yield "catalogues.incentives", incentives_to_json(Catalogue(serial, (), "content"))
    yield "consents.counting", 0
    yield "uses.scenarios", "library.deposit_free"
    yield "consents.scenarios", "library.deposit_free"


def oldest_that_adds() -> str:
    """The oldest tables after which migrations only added: a store can be taken back to them."""
    found = NEWEST
    for step in reversed(Chain().steps):
        found = step.revision
        if step.kind != "expand":
            break
    return found


def age(connection: sa.Connection, upto: str) -> None:
    """Take away what was added to a store after some tables, with all that was in it."""
    scratch = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    upgrade(scratch, upto)
    then, now = sa.inspect(scratch), sa.inspect(connection)
    known = set(then.get_table_names())
    for name in now.get_table_names():
        if name not in known:
            connection.exec_driver_sql(f"DROP TABLE {name}")
            continue
        columns = {each["name"] for each in then.get_columns(name)}
        for each in now.get_columns(name):
            if each["name"] not in columns:
                connection.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN {each['name']}")
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": upto})
    scratch.dispose()
