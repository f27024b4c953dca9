"""A city that is backed up under load, loses its disk, and is put back: as the pages say."""

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.model import Role
from scripts.cities import Cities, City, befriend
from tests.node.services.world import fictional_id
from tests.scenarios.pages import Operator, blocks
from tests.scenarios.stage import ENDS, SCENARIO, eventually, settled

pytestmark = pytest.mark.all

CODE = "410100"


@dataclass
class Kept:
    """A pair of cities, the first of which is kept by whoever follows the pages."""

    cities: Cities
    operator: Operator
    before: set[str] = field(default_factory=set)
    """The residents who were told that they take part before the backup under load began."""

    @property
    def home(self) -> City:
        return self.cities["zhengzhou"]

    @property
    def partner(self) -> City:
        return self.cities["hangzhou"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    with settled(folder / "cities", (CODE, "330100")) as cities:
        home = cities["zhengzhou"]
        for name in ("elsewhere", "backups", "etc"):
            (folder / name).mkdir()
        places = {
            "/var/lib/hutong": str(home.directory),
            "/var/backups/hutong": str(folder / "backups"),
            "/etc/hutong": str(folder / "elsewhere"),
        }
        yield Kept(cities, Operator(home, folder / "elsewhere", places))


def witnessed(city: City) -> list[str]:
    """Who has cosigned the newest checkpoint, after all were asked."""
    client = city.client(Role.OPERATOR)
    client.call("LogService/ExchangeCheckpoints", {})
    cosigned = client.call("LogService/GetLog", {}).get("cosigned", {})
    return list(cosigned.get("cosigned_by", ()))


def enrol(city: City, numbers: range, done: set[str], stop: threading.Event) -> None:
    """Take residents in, each with a consent, until told to stop."""
    with contextlib.suppress(HutongError):
        for number in numbers:
            if stop.is_set():
                return
            resident = city.enrol("RESIDENT_ID", fictional_id(number))
            city.consent(resident, "330100", [SCENARIO], ENDS)
            done.add(resident)


def test_a_backup_under_load_has_what_was_acknowledged_and_nothing_half(
    kept: Kept, tmp_path: Path
) -> None:
    done, stop = set[str](), threading.Event()
    writers = [
        threading.Thread(target=enrol, args=(kept.home, range(n, n + 999), done, stop))
        for n in (1, 2000)
    ]
    for writer in writers:
        writer.start()
    try:
        assert eventually(lambda: len(done) >= 10)
        key, make, verify = blocks("backup.md")
        kept.operator.follow(key)
        kept.before |= done
        kept.operator.follow(make)
        count = len(done)
        assert eventually(lambda: len(done) > count)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert "The backup is whole" in kept.operator.follow(verify).out
    [file] = (kept.operator.directory.parent / "backups").glob("*.age")
    shutil.copy(file, tmp_path / "under-load.age")
    words = f"hutong restore {tmp_path}/under-load.age {tmp_path}/there --no-ask"
    kept.operator.follow(f"{words} --identity backup-key.txt")
    with contextlib.closing(sqlite3.connect(tmp_path / "there" / "hutong.sqlite")) as store:
        residents = {row[0] for row in store.execute("SELECT resident_id FROM residents")}
        assert kept.before <= residents
        of = "SELECT count(*) FROM consents WHERE resident_id NOT IN"
        for known in ("SELECT resident_id FROM residents", "SELECT subject FROM log_salts"):
            assert store.execute(f"{of} ({known})").fetchone() == (0,)


def test_a_city_whose_disk_is_lost_is_put_back_as_the_page_says(kept: Kept) -> None:
    home, operator = kept.home, kept.operator
    residents = {home.enrol("RESIDENT_ID", fictional_id(5000 + n)) for n in range(3)}
    backups = operator.directory.parent / "backups"
    for old in backups.glob("*.age"):
        old.unlink()
    assert witnessed(home) == ["330100"]
    # A node writes entries by itself, too: nothing comes after a backup of one that has stopped.
    home.stop()
    operator.follow(blocks("backup.md", "Make one")[0].splitlines()[-1])
    shutil.rmtree(home.directory)
    restore, look, start, after = blocks("lost-disk.md")[:4]
    assert "No partner knows a newer log" in operator.follow(restore).out
    operator.follow(look)
    operator.follow(start)
    assert "330100 has cosigned it" in operator.follow(after, code=0).out
    for resident in residents:
        home.consent(resident, "330100", [SCENARIO], ENDS)
    assert witnessed(home) == ["330100"]
    assert kept.partner.partner(home)["state"] == "PARTNER_STATE_ACTIVE"


def test_a_city_that_is_put_back_too_old_is_told_and_begins_anew_as_the_page_says(
    kept: Kept,
) -> None:
    home, partner, operator = kept.home, kept.partner, kept.operator
    # What was acknowledged after the newest backup is witnessed, and lost with the disk.
    home.enrol("RESIDENT_ID", fictional_id(6000))
    assert witnessed(home) == ["330100"]
    home.kill()
    home.forget_clients()
    shutil.rmtree(home.directory)
    restore = blocks("lost-disk.md", "2. Restore")[0]
    said = operator.follow(restore, code=3)
    assert "Do not start the node" in said.out
    home.start()
    assert home.process is not None
    assert home.process.wait(30) != 0
    end, aside, start, revoke = blocks("lost-disk.md", "The backup is older")
    there = Operator(partner, operator.directory, {}, {"HUTONG_SETTINGS": str(partner.settings)})
    there.follow(end)
    operator.follow(aside)
    operator.follow(start)
    assert eventually(lambda: home.partner(partner)["state"] == "PARTNER_STATE_ENDED")
    keys = home.client(Role.OPERATOR).call("OperatorService/GetKeys", {})["key_set"]["keys"]
    [key] = [each["key"] for each in keys if each["use"] == "KEY_USE_SIGNING"]
    operator.places = {**operator.places, "KEY": key}
    operator.follow(revoke)
    befriend(home, partner)
    assert witnessed(home) == ["330100"]
