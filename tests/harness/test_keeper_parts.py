"""The keeper's parts without a process: wishes, residents, ports, levers."""

import socket
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from stdnum.cn import ric
from stdnum.iso7064 import mod_11_2

from federation.errors import HutongError, Reason
from node import data
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from scripts import towns
from scripts.harnessing import namespaces, people
from scripts.harnessing.bringing import _last_words, bring_up, clear, take_down
from scripts.harnessing.cli import harness
from scripts.harnessing.commands import running
from scripts.harnessing.fault_kinds import KINDS
from scripts.harnessing.keeper import too_busy
from scripts.harnessing.layout import Folder
from scripts.harnessing.levers import Lever
from scripts.harnessing.ports import steady_ports
from scripts.harnessing.process_faults import MAKING
from scripts.harnessing.wishes import Wish, WishError
from scripts.partnering import _tested


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(cities=1), "cities: 2 to 20, not 1"),
        (Wish(cities=21), "cities: 2 to 20, not 21"),
        (Wish(residents=-1), "residents: 0 to 20000, not -1"),
        (Wish(hours=0), "hours: more than 0"),
        (Wish(links="strings"), "one of proxies, namespaces, none, not 'strings'"),
        (Wish(stores={"suzou": "sqlite"}), "'suzou' is none of: zhengzhou, nanjing, hangzhou"),
        (Wish(stores={"suzhou": "oracle"}), "store of suzhou: one of sqlite, postgresql"),
        (Wish(processes={"suzhou": 2}), "add `--store suzhou=postgresql`"),
        (Wish(processes={"suzhou": 9}), "processes of suzhou: 1 to 8, not 9"),
        (Wish(2, stores={"suzhou": "sqlite"}), "'suzhou' is none of: zhengzhou, nanjing"),
    ],
)
def test_what_cannot_be_brought_up_is_told_before_anything_is_made(
    wish: Wish, said: str, tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "run")
    with pytest.raises(WishError) as raised:
        bring_up(folder, wish)
    assert said in str(raised.value)
    assert not folder.root.exists()


def test_a_folder_of_something_else_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for again in (False, True):
        with pytest.raises(WishError, match="something else than a run"):
            bring_up(Folder(tmp_path), Wish(), again=again)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_earlier_run_is_thrown_away_only_where_that_is_said(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.plan.write_text("{}")
    with pytest.raises(WishError, match="--again"):
        bring_up(folder, Wish())
    assert folder.plan.exists()


def test_a_keeper_that_hangs_still_has_its_folder() -> None:
    # Not pytest's folder: the path of a Unix socket has to be short.
    with tempfile.TemporaryDirectory(prefix="hk") as root, socket.socket(socket.AF_UNIX) as line:
        folder = Folder(Path(root))
        folder.plan.write_text("{}")
        line.bind(str(folder.socket))
        line.listen()
        with pytest.raises(WishError, match="scripts/harness down --dir"):
            clear(folder, again=True)
        assert folder.plan.exists()


def test_what_never_came_up_is_an_earlier_run_and_its_servers_files_go_with_it(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path / "run")
    files = Path(tempfile.mkdtemp(prefix="hutong-pg-", dir=tmp_path))
    folder.machine("nanjing").mkdir(parents=True)
    folder.keeper_log.write_text("there are no lines")
    (folder.machine("nanjing") / "postgresql.place").write_text(str(files))
    clear(folder, again=True)
    assert not files.exists()
    assert list(folder.root.iterdir()) == []


def test_namespaces_of_a_keeper_that_was_killed_go_with_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = list[str]()
    monkeypatch.setattr(namespaces, "sweep", lambda: swept.append("namespaces"))
    for links in ("proxies", "namespaces"):
        folder = Folder(tmp_path / links)
        folder.root.mkdir()
        folder.plan.write_text(Wish(2).plan(links, {}).to_json(), "utf-8")
        assert take_down(folder) is False
    assert swept == ["namespaces"]


def test_cities_that_did_not_come_up_on_a_busy_machine_are_told_with_that() -> None:
    assert too_busy(7.9, 2) == ""
    assert "20 processes want its 2 cores" in too_busy(20.4, 2)


def test_status_has_the_ports_of_metrics_where_they_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = {"pinyin": "wuhan", "code": "420100", "process": 0, "pid": 7, "state": "serving"}
    city |= {"host": "127.0.0.1", "local_port": 7, "peer_port": 8, "rss_bytes": 0, "open_files": 9}
    for more, said in (({"metrics_port": 9100}, True), ({}, False)):
        found = {"cities": [city | more], "links": "proxies", "faults": []}
        monkeypatch.setattr(running, "ask", lambda *_, found=found: found)
        done = CliRunner().invoke(harness, ["status", "--dir", str(tmp_path)])
        assert done.exit_code == 0, done.output
        assert ("127.0.0.1:9100 (wuhan/0)" in done.output) is said


def test_a_wish_is_the_same_after_the_way_to_the_keeper() -> None:
    wish = Wish(3, {"nanjing": "postgresql"}, {"nanjing": 2}, "none", 7, 9, 0.5, "info", True)
    assert Wish.from_json(wish.to_json()) == wish


def test_each_kind_of_fault_can_be_made() -> None:
    assert list(MAKING) == list(KINDS)


def test_residents_are_the_same_again_and_nobody_is_two() -> None:
    found = towns.towns(7)
    everyone = [people.people(town, [t for t in found if t != town], 90, 4) for town in found]
    assert everyone[0] == people.people(found[0], list(found[1:]), 90, 4)
    assert everyone[0] != people.people(found[0], list(found[1:]), 90, 5)
    numbers = [person.number for each in everyone for person in each]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert mod_11_2.is_valid(number)
        assert number.startswith("999999")
        # The area is nobody's: no real person can have it.
        assert not ric.is_valid(number)


def test_two_thirds_are_above_the_line_and_whoever_is_above_consents() -> None:
    found = towns.towns(6)
    for town in found:
        others = [other for other in found if other != town]
        made = people.people(town, others, 90, 1)
        above = [person for person in made if person.standing == people.EXPORTABLE]
        below = [person for person in made if person.standing == people.BELOW]
        assert len(above) == 60
        assert all(1 <= len(person.hosts) <= 3 for person in above)
        assert 0 < sum(1 for person in below if person.hosts) < len(below)
        assert town.code not in {host for person in made for host in person.hosts}


def test_records_of_residents_have_numbers_of_their_own() -> None:
    town, other = towns.towns(2)
    rows = list(people.rows(town.pinyin, people.people(town, [other], 60, 1)))
    assert len({row[0] for row in rows}) == len(rows) > 60


def test_a_port_is_not_one_that_the_kernel_gives_to_connections() -> None:
    text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii")
    ports = steady_ports(12)
    assert len(set(ports)) == 12
    assert max(ports) < int(text.split()[0])
    with socket.create_server(("127.0.0.1", ports[0])):
        assert ports[0] not in steady_ports(12)


def test_a_lever_is_felt_where_the_file_is_open_already(tmp_path: Path) -> None:
    path = tmp_path / "lever-0"
    with Lever(path) as keeper, Lever(path) as node:
        assert (node.clock_seconds, node.expired) == (0.0, False)
        keeper.set(clock_seconds=-90.5)
        assert (node.clock_seconds, node.expired) == (-90.5, False)
        keeper.set(expired=True)
        assert (node.clock_seconds, node.expired) == (-90.5, True)
        keeper.set(clock_seconds=0, expired=False)
        assert (node.clock_seconds, node.expired) == (0.0, False)
    assert path.read_bytes() == struct.pack("<d?7x", 0, False)


class Slow:
    """A city whose partner answers the trial exchange too late, so many times."""

    def __init__(self, late: int, reason: Reason = PEER_UNREACHABLE) -> None:
        self.about = data.city("hangzhou")
        self.late = late
        self.asked = 0
        self.reason = reason

    def operator(self, _method: str, **_request: object) -> dict[str, object]:
        self.asked += 1
        if self.asked <= self.late:
            raise HutongError(self.reason, city="330100", address="x", problem="no answer in time")
        return {"steps": []}


def test_a_partner_that_answers_the_trial_too_late_is_asked_again_and_not_for_ever() -> None:
    some: Any = Slow(2)
    assert _tested(some, some) == {"steps": []}
    never: Any = Slow(9)
    with pytest.raises(HutongError, match="no answer in time"):
        _tested(never, never)
    assert never.asked == 3
    refused: Any = Slow(1, PEER_REFUSED)
    with pytest.raises(HutongError):
        _tested(refused, refused)
    assert refused.asked == 1


def test_why_a_keeper_ended_is_what_it_said_and_not_what_it_logged_meanwhile(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path)
    why, last = "2026-11-30T13:15:01.000+00:00 it ends: why", "2026-11-30T13:15:10.570+00:00 done"
    folder.keeper_log.write_text(f"{why}\nTraceback:\n  x\nCancelledError\n{last}\n")
    assert _last_words(folder) == f"the keeper ended: {why}\n{last}"
    # One that broke says it itself, and nothing after.
    folder.keeper_log.write_text(f"{why}\nTraceback:\nValueError: no\n")
    assert "ValueError: no" in _last_words(folder)
    folder.keeper_log.write_text("")
    assert "it said nothing" in _last_words(folder)
