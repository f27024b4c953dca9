"""The checker is checked: a clean run holds, and each violation that is planted is found."""

import json
import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from node.store.engine import make_engine
from node.store.migrate import prepare
from node.store.tables import METADATA
from scripts.harnessing import checking, records
from scripts.harnessing.checking.copying import StoreMissingError
from scripts.harnessing.commands.checking import COMMANDS
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Checked
from tests.conftest import NewStore
from tests.harness import check_plants_kept, check_plants_said
from tests.harness.check_planting import PLANTS, Planted
from tests.harness.check_stage import Copy, made

pytestmark = pytest.mark.all

[COMMAND] = COMMANDS
MODULES = (check_plants_said, check_plants_kept)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The run, after everything was ended."""
    return made(tmp_path_factory.mktemp("run") / "made")


@pytest.fixture
def copy(run: Folder, tmp_path: Path) -> Copy:
    """One to plant something in."""
    return Copy(run, tmp_path / "copy")


def broken(checked: Checked) -> set[str]:
    return {ruling.invariant for ruling in checked.rulings if ruling.violations}


def test_a_clean_run_holds_and_each_invariant_has_seen_something(copy: Copy) -> None:
    told = list[str]()
    checked = checking.check(copy.folder, told.append)
    assert broken(checked) == set(), checked
    assert checked.holds
    assert {ruling.invariant: ruling.looked_at > 0 for ruling in checked.rulings} == {
        invariant.name: True for invariant in checking.INVARIANTS
    }
    names = [invariant.name for invariant in checking.INVARIANTS]
    assert told == ["histories", "zhengzhou", "hangzhou", *names, "counts"]
    kept = records.checked_from_json(copy.folder.findings.read_text("utf-8"))
    assert kept == checked
    # Nothing of it stays, and no store was touched.
    assert not list(copy.folder.root.glob("checking-*"))


def test_what_clients_count_is_what_stores_and_logs_have_and_what_is_missing_is_not_counted(
    copy: Copy,
) -> None:
    before = {each.what: each for each in checking.check(copy.folder).counts}
    assert before.keys() == {"consent", "withdrawal", "check", "use", "record"}
    assert all(each.told and each.whole for each in before.values()), before
    assert before["record"].logged is None
    copy.write("hangzhou", "DELETE FROM redemptions WHERE incentive_id = 'library-card'")
    copy.write("zhengzhou", "DELETE FROM records WHERE record_number = 'made-1'")
    copy.write(
        "zhengzhou",
        "DELETE FROM log_salts WHERE sequence IN ("
        " SELECT sequence FROM log_entries WHERE kind = 'consented')",
    )
    after = {each.what: each for each in checking.check(copy.folder).counts}
    assert {what for what, each in after.items() if not each.whole} == {"consent", "record", "use"}
    assert after["use"].kept < before["use"].kept
    assert after["record"].kept == before["record"].kept - 1
    assert after["consent"].kept == before["consent"].kept
    assert (after["consent"].logged or 0) < before["consent"].told


def test_a_store_that_is_damaged_is_told_and_not_a_traceback(copy: Copy) -> None:
    store = copy.folder.city("hangzhou") / "hutong.sqlite"
    store.write_bytes(b"no database " * 1000)
    # What is still there is as good as the file.
    store.with_name(f"{store.name}-wal").unlink(missing_ok=True)
    done = CliRunner().invoke(COMMAND, ["--dir", str(copy.folder.root)])
    assert done.exit_code == 1
    assert "hangzhou" in done.output
    assert "cannot be read" in done.output


def test_copies_of_stores_that_a_killed_check_left_go_with_the_next(copy: Copy) -> None:
    # No process has that number: the kernel gives none so large.
    left, lives = (copy.folder.root / f"checking-{pid}-x" for pid in (2**30, os.getpid()))
    for each in (left, lives):
        each.mkdir()
        (each / "hangzhou.sqlite").write_bytes(b"a whole store")
    checking.check(copy.folder)
    assert not left.exists()
    assert lives.exists(), "another check may be at work"


def test_each_rule_and_each_invariant_has_a_plant() -> None:
    assert {planted.invariant for planted in PLANTS} == {i.name for i in checking.INVARIANTS}
    rules = {invariant.rule for invariant in checking.INVARIANTS}
    others = {"acts", "consent", "capacity", "repetition", "suspension", "logs"}
    assert rules == {str(number) for number in range(1, 11)} | others


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name)
def test_a_planted_violation_is_found(copy: Copy, planted: Planted) -> None:
    planted.plant(copy)
    checked = checking.check(copy.folder)
    assert broken(checked) == {planted.invariant} | planted.besides, checked
    [ruling] = [each for each in checked.rulings if each.invariant == planted.invariant]
    for violation in ruling.violations:
        assert violation.city
        assert violation.problem_zh
        assert violation.problem_en
        assert violation.evidence


@pytest.mark.parametrize(("ago", "found"), [(0.0, False), (600.0, True)])
def test_what_ended_while_the_stores_were_copied_may_be_on_its_way(
    copy: Copy, ago: float, found: bool
) -> None:
    # Of these two the host's store is copied first.
    at = int((time.time() - ago) * 1_000_000)
    copy.write("hangzhou", "UPDATE attestations SET ended_at = ? WHERE host = '410100'", at)
    assert ("repair" in broken(checking.check(copy.folder))) is found


@pytest.mark.parametrize("value", ["'of no use'", "CAST(x'ff00' AS TEXT)", "7"])
def test_a_column_that_holds_something_else_is_a_violation_and_no_crash(
    copy: Copy, value: str
) -> None:
    sql = {
        "'of no use'": "UPDATE attestation_batches SET leaf_hashes = 'of no use'",
        "CAST(x'ff00' AS TEXT)": "UPDATE checks SET signature = CAST(x'ff00' AS TEXT)",
        "7": "UPDATE attestations SET statement = 7",
    }[value]
    for city in ("zhengzhou", "hangzhou"):
        copy.write(city, sql)
    checked = checking.check(copy.folder)
    assert "signed" in broken(checked)


def test_a_store_in_postgresql_is_looked_at_as_one_in_a_file(
    copy: Copy, new_postgres: NewStore
) -> None:
    url = new_postgres("checked")
    settings = copy.folder.city("hangzhou") / "hutong.toml"
    _moved(copy.folder.city("hangzhou") / "hutong.sqlite", url)
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('"sqlite:///hutong.sqlite"', f'"{url}"'), "utf-8")
    (copy.folder.city("hangzhou") / "hutong.sqlite").unlink()
    checked = checking.check(copy.folder)
    assert broken(checked) == set(), checked
    assert all(ruling.looked_at for ruling in checked.rulings)


def _moved(file: Path, url: str) -> None:
    """The rows of a file, in a database."""
    source, target = sa.create_engine(f"sqlite:///{file}"), make_engine(url)
    prepare(target)
    with source.connect() as old, target.begin() as new:
        for table in METADATA.sorted_tables:
            new.execute(sa.delete(table))
            rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
            if rows:
                new.execute(sa.insert(table), rows)
    source.dispose()
    target.dispose()


def test_where_nothing_was_brought_up_the_operator_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checking.check(Folder(tmp_path))
    done = CliRunner().invoke(COMMAND, ["--dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "scripts/harness up" in done.output


def test_a_city_without_a_store_is_named(copy: Copy) -> None:
    (copy.folder.city("hangzhou") / "hutong.sqlite").unlink()
    with pytest.raises(StoreMissingError, match="hangzhou"):
        checking.check(copy.folder)
    assert not list(copy.folder.root.glob("checking-*"))


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Every invariant holds."), ("zh", "全部成立。")]
)
def test_the_command_says_that_all_holds(copy: Copy, language: str, told: str) -> None:
    done = CliRunner().invoke(COMMAND, ["--dir", str(copy.folder.root), "--lang", language])
    assert done.exit_code == 0, done.output
    assert told in done.output


def test_the_command_ends_with_1_and_tells_what_and_where(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE counters SET used = used + 1 WHERE scope = 'total'")
    arguments = ["--dir", str(copy.folder.root)]
    done = CliRunner().invoke(COMMAND, arguments)
    assert done.exit_code == 1
    assert "rental-no-deposit" in done.output
    assert str(copy.folder.findings) in done.output.replace("\n", "")
    done = CliRunner().invoke(COMMAND, [*arguments, "--json"])
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert not document["holds"]
    [ruling] = [each for each in document["rulings"] if each["violations"]]
    assert ruling["violations"][0]["city"] == "hangzhou"
