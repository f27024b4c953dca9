"""Pages for operators, typed word for word at one of five cities while the others serve.

Before and after each page a resident of each city is recognised in each other one.
"""

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.errors import HutongError
from node.keys import KeyFolder
from scripts import forging
from scripts.cities import City, befriend
from tests.node.services.world import fictional_id
from tests.node.store.old_stores import age, oldest_that_adds
from tests.scenarios.five import Five, amend, believed, five_cities, in_force, key_of, witnessed
from tests.scenarios.pages import OPERATING, Typist, blocks
from tests.scenarios.stage import ENDS, SCENARIO, eventually, store_of

pytestmark = [pytest.mark.all, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Five]:
    with five_cities(tmp_path_factory.mktemp("five")) as made:
        made.travel()
        yield made


@pytest.fixture(autouse=True)
def _partners_work_afterwards(five: Five) -> Iterator[None]:
    yield
    five.travel()


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
    five: Five, tmp_path: Path
) -> None:
    home, terminal = five["zhengzhou"], five.terminals["zhengzhou"]
    done, stop = set[str](), threading.Event()
    writers = [
        threading.Thread(target=enrol, args=(home, range(n, 2 * n), done, stop))
        for n in (1_000_000, 3_000_000)
    ]
    for writer in writers:
        writer.start()
    try:
        assert eventually(lambda: len(done) >= 10)
        key, make, verify = blocks("backup.md")
        terminal.follow(key)
        before = set(done)
        terminal.follow(make)
        count = len(done)
        assert eventually(lambda: len(done) > count)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert "The backup is whole" in terminal.follow(verify)
    words = f'newest=$(ls /var/backups/hutong/*.age); hutong restore "$newest" {tmp_path}/there'
    terminal.follow(f"{words} --no-ask --identity backup-key.txt")
    with contextlib.closing(sqlite3.connect(tmp_path / "there" / "hutong.sqlite")) as store:
        residents = {row[0] for row in store.execute("SELECT resident_id FROM residents")}
        assert before <= residents
        of = "SELECT count(*) FROM consents WHERE resident_id NOT IN"
        for known in ("SELECT resident_id FROM residents", "SELECT subject FROM log_salts"):
            assert store.execute(f"{of} ({known})").fetchone() == (0,)


def test_a_rotation_goes_as_the_page_says(five: Five) -> None:
    named = {each.name: each for each in five.terminals.values()}
    Typist(named).type(f"{OPERATING}rotation.md")


def test_a_file_of_keys_that_is_lost_comes_back_as_the_page_says(five: Five) -> None:
    city, terminal = five["nanjing"], five.terminals["nanjing"]
    for block in blocks("backup.md"):
        terminal.follow(block)
    before = key_of(city, "SIGNING")
    known = city.enrol("RESIDENT_ID", fictional_id(2))
    five.stop("nanjing")
    for path in (
        *KeyFolder(city.directory).keys("signing"),
        KeyFolder(city.directory).document_key,
    ):
        path.unlink()
    assert "cannot be used" in terminal.follow("systemctl start hutong", code=1)
    five.travel("nanjing")
    for block in blocks("lost-key.md", "A file of keys is lost"):
        terminal.follow(block)
    assert key_of(city, "SIGNING") == before
    assert not (city.directory / "beside").exists()
    # Whoever took part before is known again by the document.
    assert city.enrol("RESIDENT_ID", fictional_id(2)) == known


def test_stolen_keys_are_revoked_as_the_page_says(five: Five) -> None:
    city, terminal = five["nanjing"], five.terminals["nanjing"]
    [revoke] = blocks("lost-key.md", "A signing key or a TLS key is stolen")
    for use in ("SIGNING", "TLS"):
        stolen = key_of(city, use)
        terminal.follow(revoke, KEY=stolen)
        city.forget_clients()
        assert key_of(city, use) != stolen
        assert eventually(lambda: all(believed(city, other) for other in five.others("nanjing")))
    five.travel()
    root = key_of(city, "ROOT")
    [new] = blocks("lost-key.md", "The root key")
    terminal.follow(new)
    assert key_of(city, "ROOT") != root


def test_a_lost_identity_of_backups_gets_another_as_the_page_says(five: Five) -> None:
    terminal = five.terminals["nanjing"]
    for block in blocks("lost-key.md", "The identity of backups"):
        terminal.follow(block)
    words = "hutong backup verify /var/backups/hutong/*-new-key.age --identity"
    terminal.follow(f"{words} backup-key-2.txt")
    terminal.follow(f"{words} backup-key.txt", code=3)


def test_one_city_goes_on_to_another_version_while_the_others_serve(five: Five) -> None:
    city, terminal = five["suzhou"], five.terminals["suzhou"]
    for block in blocks("backup.md"):
        terminal.follow(block)
    before, bring, stop, start, after, contract = blocks("upgrade.md")
    terminal.follow(before)
    five.stop("suzhou")
    oldest = oldest_that_adds()
    with store_of(city) as store:
        age(store, oldest)
    assert "Run `hutong migrate`" in terminal.follow("systemctl start hutong", code=1)
    five.travel("suzhou")
    assert oldest < "0005"
    terminal.follow(bring)
    terminal.follow(stop)
    terminal.follow(start)
    terminal.follow(after)
    five.travel()
    terminal.follow(contract)


def test_a_version_refuses_newer_tables_and_touches_nothing(five: Five) -> None:
    city, terminal = five["suzhou"], five.terminals["suzhou"]
    five.stop("suzhou")
    say = sa.text("UPDATE node_state SET serves_from = :version")
    with store_of(city) as store:
        known = store.execute(sa.text("SELECT serves_from FROM node_state")).scalar_one()
        store.execute(say, {"version": "9999"})
    said = terminal.follow("systemctl start hutong", code=1)
    assert "or newer may serve with the tables" in said
    assert "9999" in said
    with store_of(city) as store:
        store.execute(say, {"version": known})
    five.start("suzhou")


def test_a_city_whose_disk_is_lost_is_put_back_as_the_page_says(five: Five) -> None:
    home, terminal = five["zhengzhou"], five.terminals["zhengzhou"]
    partners = {each.about.code for each in five.others("zhengzhou")}
    residents = {home.enrol("RESIDENT_ID", fictional_id(5000 + n)) for n in range(3)}
    assert eventually(lambda: witnessed(home) == partners)
    # A node writes entries by itself, too: nothing comes after a backup of one that has stopped.
    five.stop("zhengzhou")
    terminal.follow("rm /var/backups/hutong/*.age")
    terminal.follow(blocks("backup.md", "Make one")[0].splitlines()[-1])
    shutil.rmtree(home.directory)
    five.travel("zhengzhou")
    restore, look, start, after = blocks("lost-disk.md")[:4]
    assert "No partner knows a newer log" in terminal.follow(restore)
    terminal.follow(look)
    terminal.follow(start)
    said = terminal.follow(after)
    assert all(f"{code} has cosigned it" in said for code in partners)
    home.forget_clients()
    for resident in residents:
        home.consent(resident, "330100", [SCENARIO], ENDS)
    assert eventually(lambda: witnessed(home) == partners)


def test_a_city_that_is_put_back_too_old_is_told_and_begins_anew_as_the_page_says(
    five: Five,
) -> None:
    home, terminal = five["zhengzhou"], five.terminals["zhengzhou"]
    # What was acknowledged after the newest backup is witnessed, and lost with the disk.
    home.enrol("RESIDENT_ID", fictional_id(6000))
    amend(home, five["nanjing"])
    assert eventually(lambda: len(witnessed(home)) == len(five.others("zhengzhou")))
    five.stop("zhengzhou")
    shutil.rmtree(home.directory)
    [restore] = blocks("lost-disk.md", "2. Restore")
    assert "Do not start the node" in terminal.follow(restore, code=3)
    terminal.follow("systemctl start hutong", code=1)
    end, aside, start, revoke = blocks("lost-disk.md", "The backup is older")
    for other in five.others("zhengzhou"):
        five.terminals[other.about.pinyin].follow(end)
    terminal.follow(aside)
    terminal.follow(start)
    home.forget_clients()
    for other in five.others("zhengzhou"):
        assert eventually(lambda o=other: home.partner(o)["state"] == "PARTNER_STATE_ENDED")  # type: ignore[misc]
    terminal.follow(revoke, KEY=key_of(home, "SIGNING"))
    for other in five.others("zhengzhou"):
        befriend(home, other)
    assert [o for o in five.others("zhengzhou") if in_force(o, home) != in_force(home, o)] == [
        five["nanjing"]
    ]
    amend(five["nanjing"], home)
    assert eventually(lambda: len(witnessed(home)) == len(five.others("zhengzhou")))


def test_a_bad_partner_is_met_as_the_page_says(five: Five) -> None:
    def forks() -> None:
        """Its officer stops it, rewrites an entry, signs all of it anew, and starts it again."""
        hangzhou = five.terminals["hangzhou"]
        assert "has cosigned it" in hangzhou.follow("hutong log checkpoint")
        five.stop("hangzhou")
        forging.rewrite(five["hangzhou"], 2)
        forging.sign_again(five["hangzhou"])
        five.start("hangzhou")
        hangzhou.follow("hutong log checkpoint || true")
        # Those whom it told another history before are no partners of it any more.
        five.apart.add("hangzhou")

    act = "Hangzhou rewrites an entry of its log, and signs everything anew"
    named = {each.name: each for each in five.terminals.values()}
    Typist(named, {act: forks}).type(f"{OPERATING}bad-partner.md")
