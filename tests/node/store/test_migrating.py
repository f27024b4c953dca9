"""Tables that change while processes serve: what is refused, what waits, and what goes on."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from node import limits
from node.errors import HutongError
from node.store import migrating, open_store
from node.store.engine import make_engine
from node.store.migrate import NEEDED, NEWEST, schema_state
from node.store.migrating import Migrated
from node.store.tables import PROCESSES
from node.store.upgrading import SCRIPTS, Chain
from node.store_errors import OLDER_PROCESSES, STORE_HELD, STORE_NEWER, STORE_OLD
from tests.conftest import NewStore
from tests.node.store.old_stores import ROWS, fill, later, rows, upgrade
from tests.node.store.rig import Desk, MovableClock, entry, opened, resident, text_id
from tests.node.store.test_log_snapshot import verified

ROOT = Path(__file__).resolve().parents[3]
EARLIER = [step.revision for step in Chain().steps[:-1]]

Forker = subprocess.Popen[str]

# What migrations are known to change of what was there: sums of records that are no more, and the
# number of a person, which is by chance.
COUNTED_ANEW = {"points_milli", "commendations", "recount_on", "person"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROCESS_WATCH", timedelta(milliseconds=600))
    monkeypatch.setattr(limits, "PROCESS_LOOKS", timedelta(milliseconds=20))
    monkeypatch.setattr(limits, "MIGRATION_REST", timedelta(milliseconds=50))


def revision(url: str) -> str:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = schema_state(connection).revision
    engine.dispose()
    return found


def migrate(url: str, chain: Chain, *, contract: bool) -> Migrated:
    return migrating.migrate(url, contract=contract, told=lambda _: None, chain=chain)


def numbers(found: Migrated) -> tuple[list[str], list[str]]:
    return [s.revision for s in found.done], [s.revision for s in found.left]


def each_version(kind: str, always: set[str]) -> list[ParameterSet]:
    """Every earlier version; of databases that take long some are left to the long search."""
    marks = [[pytest.mark.all], [pytest.mark.all, pytest.mark.long]]
    return [
        pytest.param(
            each,
            kind,
            marks=[] if kind == "new_sqlite" else marks[each not in always],
            id=f"{kind}-{each}",
        )
        for each in EARLIER
    ]


@pytest.mark.parametrize(
    ("before", "kind"),
    [*each_version("new_sqlite", set()), *each_version("new_postgres", {"0001", "0005"})],
)
def test_a_store_of_each_earlier_version_is_brought_here_with_all_that_was_in_it(
    before: str, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(kind)("old")
    engine = make_engine(url)
    upgrade(engine, before)
    put = fill(engine)
    with pytest.raises(HutongError) as refused:
        open_store(url, MovableClock())
    assert refused.value == HutongError(STORE_OLD, found=before, needed=NEEDED)
    assert migrate(url, Chain(), contract=True).state.revision == NEWEST
    gone = {"records"} if before < "0003" else set()
    gone |= {"log_entries", "log_salts"} if before < "0004" else set()
    kept = rows(engine, put.keys() - gone)
    engine.dispose()
    for name, there in kept.items():
        changed = COUNTED_ANEW if name == "residents" and before < "0003" else set()
        common = put[name][0].keys() & there[0].keys() - changed
        assert sorted(repr({c: r[c] for c in sorted(common)}) for r in there) == sorted(
            repr({c: r[c] for c in sorted(common)}) for r in put[name]
        ), name
    with opened(url) as desk:
        assert len(desk.store.registry.partners) == len(ROWS)
        assert len(desk.store.registry.agreements) == len(ROWS)
        assert all(desk.read(lambda tx, n=n: tx.residents.get(text_id(n))) for n in ROWS)  # type: ignore[misc]
        assert desk.read(lambda tx: tx.log.size()) == (len(ROWS) if before < "0004" else 0)
        desk.run(lambda tx: tx.residents.add(resident(9)))
        desk.run(lambda tx: tx.log.append(entry(9)))
        desk.probe()
    assert verified(url).problems == ()


def test_what_only_adds_leaves_older_versions_serving_and_what_takes_away_waits_for_them(
    new_store: NewStore, tmp_path: Path
) -> None:
    url, chain = new_store("later"), Chain(later(tmp_path))
    with opened(url) as desk:
        desk.probe()
        assert numbers(migrating.plan(url, contract=False, chain=chain)) == (["9001"], ["9002"])
        assert revision(url) == NEWEST
        assert numbers(migrate(url, chain, contract=False)) == (["9001"], ["9002"])
        with opened(url) as another:
            another.run(lambda tx: tx.residents.add(resident(1)))
        refused = while_it_says_so(desk, url, chain)
        assert isinstance(refused, HutongError)
        assert refused.reason == OLDER_PROCESSES
        assert f"({NEWEST})" in refused.fields["processes"]
        assert revision(url) == "9001"
        # From here on it says nothing, as one that is gone; or as one that hangs, and comes back.
        assert numbers(migrate(url, chain, contract=True)) == (["9002"], [])
        assert desk.rows(PROCESSES) == []
        newer = HutongError(STORE_NEWER, needed="9001", newest=NEWEST)
        for act in (desk.probe, desk.refresh, lambda: desk.run(lambda tx: tx.log.append(entry(1)))):
            with pytest.raises(HutongError) as raised:
                act()
            assert raised.value == newer
    with pytest.raises(HutongError) as raised:
        open_store(url, MovableClock())
    assert raised.value == newer
    with pytest.raises(HutongError) as raised:
        migrate(url, Chain(), contract=True)
    assert raised.value == HutongError(STORE_NEWER, needed="9002", newest=NEWEST)


def while_it_says_so(desk: Desk, url: str, chain: Chain) -> BaseException | None:
    """How a contraction ends while a process of an older version says that it lives."""
    with ThreadPoolExecutor(1) as pool:
        tried = pool.submit(migrate, url, chain, contract=True)
        while not tried.done():
            desk.probe()
        return tried.exception()


def test_one_that_serves_before_processes_were_known_is_seen_by_its_duty(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    url = new_sqlite("old")
    engine = make_engine(url)
    upgrade(engine, "0006")
    folder = later(tmp_path)
    (folder / "versions" / "processes_0007.py").unlink()
    grown, shrunk = (folder / "versions" / f"{n}.py" for n in ("grown_9001", "shrunk_9002"))
    shrunk.unlink()
    taking = grown.read_text("utf-8").replace('kind = "expand"', 'kind = "contract"')
    taking = taking.replace("says_zh", 'serves_from = "9001"\nsays_zh').replace(NEWEST, "0006")
    grown.write_text(taking, "utf-8")

    def say() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE duties SET holder = 'one', beat = beat + 1")

    say()
    with ThreadPoolExecutor(1) as pool:
        tried: Future[Migrated] = pool.submit(migrate, url, Chain(folder), contract=True)
        while not tried.done():
            say()
    with pytest.raises(HutongError) as raised:
        tried.result()
    assert raised.value.fields["processes"] == "one (0006)"
    engine.dispose()


def test_a_process_that_ends_in_order_is_gone_and_one_that_says_nothing_is_forgotten(
    new_store: NewStore,
) -> None:
    url = new_store("present")
    with opened(url) as desk, opened(url) as silent:
        desk.probe()
        silent.probe()
        assert len(desk.rows(PROCESSES)) == 2
        desk.sweep()
        desk.probe()
        desk.sweep()
        [left] = desk.rows(PROCESSES)
        assert left.beat == 2
        # One that only hung says so again.
        silent.probe()
        assert len(desk.rows(PROCESSES)) == 2
    engine = make_engine(url)
    assert rows(engine, ["processes"]) == {"processes": []}
    engine.dispose()


@pytest.mark.all
def test_a_migration_that_waits_for_a_table_holds_nobody_up(
    new_postgres: NewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MIGRATION_TRIES", 4)
    url, chain = new_postgres("held"), Chain(later(tmp_path))
    with opened(url) as desk, ThreadPoolExecutor(1) as pool:
        with desk.engine.connect() as reading, reading.begin():
            reading.exec_driver_sql("SELECT resident_id FROM residents")
            tried = pool.submit(migrate, url, chain, contract=False)
            reads = 0
            while not tried.done():
                with desk.engine.begin() as other:
                    # Whoever queues behind it for that long is told so.
                    other.exec_driver_sql("SET LOCAL lock_timeout = 1000")
                    other.exec_driver_sql("SELECT resident_id FROM residents")
                reads += 1
            with pytest.raises(HutongError) as held:
                tried.result()
            desk.run(lambda tx: tx.log.append(entry()))
        assert reads
        assert held.value == HutongError(STORE_HELD, revision="9001")
        assert revision(url) == NEWEST
        assert numbers(migrate(url, chain, contract=False))[0] == ["9001"]


@pytest.fixture(params=["new_sqlite", "new_postgres"])
def stores(request: pytest.FixtureRequest) -> NewStore:
    """Of both kinds, where whole processes die."""
    found: NewStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def forker() -> Iterator[Forker]:
    """A process that forks those that migrate and die."""
    words = [sys.executable, "-m", "tests.node.store.migrator"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.kill()


def killed(forker: Forker, url: str, dies_at: int) -> bool:
    """Whether a process that migrates came as far as the statement before which it dies."""
    assert forker.stdin is not None
    assert forker.stdout is not None
    forker.stdin.write(f"{url} {SCRIPTS} contract {dies_at}\n")
    forker.stdin.flush()
    ended = int(forker.stdout.readline())
    assert ended in {0, -9}
    return ended != 0


def goes_on(forker: Forker, stores: NewStore, dies_at: int) -> bool:
    """Whether it was killed; in each case the next goes on, and nothing is lost or done twice."""
    url = stores(f"killed_{dies_at}")
    engine = make_engine(url)
    upgrade(engine, "0001")
    put = fill(engine)
    died = killed(forker, url, dies_at)
    with engine.connect() as connection:
        assert schema_state(connection).revision in {*EARLIER, NEWEST}
    assert migrate(url, Chain(), contract=True).state.revision == NEWEST
    for name, there in rows(engine, ("consents", "uses", "answers", "log_entries")).items():
        assert len(there) == len(put[name]), name
    engine.dispose()
    with opened(url) as desk:
        desk.probe()
    assert verified(url).problems == ()
    return died


@pytest.mark.all
def test_a_process_killed_in_a_migration_leaves_it_to_the_next(
    forker: Forker, stores: NewStore
) -> None:
    # Amid what moves the log into its tree.
    assert goes_on(forker, stores, 75)


@pytest.mark.all
@pytest.mark.long
def test_a_process_killed_before_any_statement_of_a_migration_leaves_it_to_the_next(
    forker: Forker, stores: NewStore
) -> None:
    # A database of a server is eight megabytes, and each statement takes one.
    stride = 1 if stores("which").startswith("sqlite") else 5
    statement = 1
    while goes_on(forker, stores, statement):
        statement += stride
    assert statement > 100
