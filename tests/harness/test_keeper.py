"""A run for real: three cities, one of them two processes over PostgreSQL, broken and mended."""

import base64
import os
import signal
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from federation import codec
from federation.checkpoint import unverified_checkpoint
from federation.errors import MALFORMED, HutongError
from node import bootstrap
from node.errors import (
    NODE_UNREACHABLE,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    STORE_UNAVAILABLE,
)
from node.model import Role
from scripts.harnessing import records
from scripts.harnessing.bringing import bring_up, keeper_pid
from scripts.harnessing.cli import USAGE, harness
from scripts.harnessing.keeper_client import KeeperError
from scripts.harnessing.people import EXPORTABLE
from scripts.harnessing.precedence import BEHIND
from scripts.harnessing.wishes import Wish, WishError
from scripts.partnering import befriend
from tests.harness.keeper_stage import Run, brought_up, may_be_first, precedence_of
from tests.scenarios.stage import ENDS, SCENARIO, check, count, eventually

pytestmark = pytest.mark.all

ONE, OTHER, TWIN = "zhengzhou", "nanjing", "hangzhou"
WISH = Wish(3, {TWIN: "postgresql"}, {TWIN: 2}, "proxies", residents=9)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with brought_up(WISH) as made:
        yield made


@pytest.fixture(autouse=True)
def _whole_before_and_after(run: Run) -> Iterator[None]:
    run.ask("settled")
    yield
    run.ask("mend_all")
    run.ask("settled")


def test_every_city_serves_and_is_the_partner_of_every_other(run: Run) -> None:
    found = run.status()
    assert [each["pinyin"] for each in found] == [ONE, OTHER, TWIN, TWIN]
    assert {each["state"] for each in found} == {"serving"}
    assert len({each["pid"] for each in found}) == 4
    assert all(each["rss_bytes"] > 0 and each["open_files"] > 0 for each in found)
    for city in run.cities.values():
        partners = city.operator("ListPartners")["partners"]
        assert {each["state"] for each in partners} == {"PARTNER_STATE_ACTIVE"}
        agreements = city.operator("ListAgreements")["agreements"]
        assert [each["state"] for each in agreements] == ["AGREEMENT_STATE_ACTIVE"] * 2
    assert run.meet()


def test_who_starts_goes_before_those_that_serve_and_they_behind_nobody_else(run: Run) -> None:
    keeper = keeper_pid(run.folder)
    assert keeper is not None
    first = precedence_of(keeper)
    assert first == (-BEHIND if may_be_first() else 0)
    assert [precedence_of(each["pid"]) for each in run.status()] == [first + BEHIND] * 4

    def starts_first() -> bool:
        at = run.state(ONE)
        return bool(at["state"] == "starting" and precedence_of(at["pid"]) == first)

    with run.fault("kill", ONE):
        assert eventually(starts_first)
    assert eventually(lambda: precedence_of(run.state(ONE)["pid"]) == first + BEHIND)


def test_both_processes_of_a_city_are_named_to_partners(run: Run) -> None:
    settings = bootstrap.read_settings(run.city(TWIN).settings)
    bundle = codec.TRUST_BUNDLE.decode(bootstrap.own_bundle(settings).payload)
    ports = [run.city(TWIN, process).peer_port for process in (0, 1)]
    assert [endpoint.port for endpoint in bundle.endpoints] == ports
    with run.fault("kill", TWIN, numbers={"down_ms": 3000}):
        # The first one is away: the second is reached.
        assert run.reached(ONE, TWIN) == ""
        assert run.state(TWIN, 1)["state"] == "serving"


def test_residents_have_the_standing_that_is_written_down(run: Run) -> None:
    enrolled = list(records.read(run.folder.residents, records.Enrolled))
    assert len(enrolled) == 3 * 9
    by_code = {str(city.about.code): city for city in run.cities.values()}
    for each in enrolled:
        city = by_code[each.city]
        standing = city.resident("GetStanding", resident_id=each.resident_id)
        assert standing["exportable"] is (each.standing == EXPORTABLE), each
        listed = city.resident("ListConsents", resident_id=each.resident_id)["consents"]
        given = {consent["host_city"]: consent["consent_id"] for consent in listed}
        assert given == each.consents


def test_a_resident_of_the_run_is_recognised_by_a_host(run: Run) -> None:
    home, host = run.city(ONE), run.city(OTHER)
    enrolled = next(
        each
        for each in records.read(run.folder.residents, records.Enrolled)
        if each.city == home.about.code
        and each.standing == EXPORTABLE
        and host.about.code in each.consents
    )
    code = home.code(enrolled.resident_id, enrolled.consents[host.about.code])
    assert check(host, code)["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"


def test_a_second_up_in_the_folder_is_refused(run: Run) -> None:
    for again in (False, True):
        with pytest.raises(WishError, match="scripts/harness down --dir"):
            bring_up(run.folder, Wish(2), again=again)
    done = CliRunner().invoke(harness, ["up", "--cities", "2", "--dir", str(run.folder.root)])
    assert done.exit_code == USAGE
    assert run.meet()


def test_processes_are_sampled_and_checkpoints_kept(run: Run) -> None:
    codes = {city.about.code for city in run.cities.values()}
    assert run.meet()

    def seen() -> set[tuple[str, str]]:
        return {(s.city, s.by) for s in records.read(run.folder.checkpoints, records.Seen)}

    # Each city's log is shown by itself, and by each other one.
    assert eventually(lambda: seen() == {(a, b) for a in codes for b in codes})
    for each in records.read(run.folder.checkpoints, records.Seen):
        found = unverified_checkpoint(base64.b64decode(each.note))
        assert each.city in found.origin
    pids = {each["pid"] for each in run.status()}
    assert eventually(
        lambda: {s.pid for s in records.read(run.folder.samples, records.Sample)} >= pids
    )
    assert eventually(
        lambda: any(s.log_size for s in records.read(run.folder.samples, records.Sample))
    )
    assert all(s.store_bytes for s in records.read(run.folder.samples, records.Sample))


@pytest.mark.parametrize(("city", "process"), [(ONE, 0), (TWIN, 0), (TWIN, 1)])
def test_a_process_that_is_killed_comes_back_with_what_it_had(
    run: Run, city: str, process: int
) -> None:
    before = run.state(city, process)["pid"]
    consents = count(run.city(city), "SELECT count(*) FROM consents")
    number = run.begin("kill", city, process=process, numbers={"down_ms": 2000})
    assert run.state(city, process)["state"] == "down"
    assert run.ask("mend", fault=number)["recovered_after"] is not None
    assert run.state(city, process)["pid"] != before
    assert count(run.city(city), "SELECT count(*) FROM consents") == consents
    began, ended = run.happenings()[-2:]
    assert (began.began, ended.began) == (True, False)
    assert began.fault == ended.fault == number
    assert ended.recovered_after is not None


def test_a_killed_process_is_started_again_without_being_asked(run: Run) -> None:
    before = run.state(ONE)["pid"]
    run.begin("kill", ONE, numbers={"down_ms": 10})
    run.ask("settled")
    assert run.state(ONE)["pid"] != before
    assert run.happenings()[-1].began is False


def test_a_paused_process_hangs_and_goes_on(run: Run) -> None:
    before = run.state(OTHER)["pid"]
    with run.fault("pause", OTHER):
        assert run.state(OTHER)["state"] == "paused"
        assert run.reached(ONE, OTHER) == PEER_UNREACHABLE.name
    assert run.state(OTHER)["pid"] == before
    assert run.meet()


def test_a_restart_drains_and_starts_anew(run: Run) -> None:
    before = run.state(OTHER)["pid"]
    number = run.begin("restart", OTHER)
    assert run.ask("mend", fault=number)["recovered_after"] is not None
    assert run.state(OTHER)["pid"] != before
    assert "Traceback" not in (run.folder.machine(OTHER) / "node-0.log").read_text("utf-8")


@pytest.mark.parametrize("seconds", [4000.0, -4000.0])
def test_a_clock_that_jumps_is_noticed_by_partners(run: Run, seconds: float) -> None:
    before = run.state(OTHER)["pid"]
    with run.fault("clock", OTHER, numbers={"seconds": seconds}):
        assert run.reached(OTHER, ONE) == PEER_REFUSED.name
        assert run.reached(ONE, TWIN) == ""
    assert run.state(OTHER)["pid"] == before
    assert eventually(run.meet)


def test_a_full_disk_refuses_writes_and_heals(run: Run) -> None:
    city = run.city(ONE)
    resident = next(
        each.resident_id
        for each in records.read(run.folder.residents, records.Enrolled)
        if each.city == city.about.code
    )
    with run.fault("disk", ONE):
        with pytest.raises(HutongError) as raised:
            city.consent(resident, city.about.code, [SCENARIO], ENDS)
        assert raised.value.reason == STORE_UNAVAILABLE
        assert eventually(lambda: run.state(ONE)["state"] == "starting")
    assert city.consent(resident, city.about.code, [SCENARIO], ENDS)


def test_a_full_disk_under_postgresql_takes_both_processes_and_heals(run: Run) -> None:
    before = count(run.city(TWIN), "SELECT count(*) FROM consents")
    with run.fault("disk", TWIN):
        assert eventually(lambda: _states(run, TWIN) == ["starting", "starting"])
        with pytest.raises(KeeperError, match=r"fault .* is there already"):
            run.begin("kill", TWIN, process=1)
    assert run.happenings()[-1].said
    assert count(run.city(TWIN), "SELECT count(*) FROM consents") == before


def _states(run: Run, pinyin: str) -> list[str]:
    return [each["state"] for each in run.status() if each["pinyin"] == pinyin]


@pytest.mark.parametrize("city", [OTHER, TWIN])
def test_an_expired_certificate_is_refused_both_ways(run: Run, city: str) -> None:
    with run.fault("certificate", city):
        assert run.reached(city, ONE) == PEER_UNREACHABLE.name
        assert run.reached(ONE, city) == PEER_UNREACHABLE.name
        # The city's own clients have another port, and notice nothing.
        assert run.state(city)["state"] == "serving"
    assert run.meet()


def test_garbage_with_a_true_certificate_is_told_as_such(run: Run) -> None:
    with run.fault("garbage", OTHER):
        assert eventually(lambda: run.reached(ONE, OTHER) == MALFORMED.name)
        with pytest.raises(HutongError) as raised:
            run.city(OTHER).operator("GetDescriptor")
        assert raised.value.reason == NODE_UNREACHABLE
        assert run.reached(ONE, TWIN) == ""
    assert "answered with random bytes" in run.happenings()[-1].said
    assert not run.happenings()[-1].said.startswith("0 ")
    assert eventually(run.meet)


def test_a_flood_is_questions_that_are_in_order_and_hurts_nobody_else(run: Run) -> None:
    with run.fault("flood", OTHER, other=ONE, numbers={"rate": 200.0}):
        before = _log_size(run)
        # A refusal leaves a trace: each of them was read, opened and answered.
        assert eventually(lambda: _log_size(run) > before + 20)
        assert run.reached(TWIN, ONE) == ""
    assert int(run.happenings()[-1].said.split()[0]) > 20


def _log_size(run: Run) -> int:
    return int(run.city(ONE).client(Role.OPERATOR).call("LogService/GetLog", {})["size"])


def test_a_cut_line_is_of_two_cities_and_heals(run: Run) -> None:
    with run.fault("cut", ONE, other=OTHER):
        assert run.reached(ONE, OTHER) == PEER_UNREACHABLE.name
        assert run.reached(OTHER, ONE) == PEER_UNREACHABLE.name
        assert run.reached(ONE, TWIN) == run.reached(TWIN, OTHER) == ""
    assert run.meet()


def test_every_line_of_a_city_is_slow_and_lossy_and_carries_still(run: Run) -> None:
    with run.fault("slow", ONE, other="*", numbers={"delay_ms": 100}):
        assert run.reached(ONE, OTHER) == run.reached(TWIN, ONE) == ""
        with pytest.raises(KeeperError, match=r"the line between .* is there already"):
            run.begin("lossy", OTHER, other=ONE)
    with run.fault("lossy", ONE, other="*", numbers={"percent": 2}):
        assert eventually(lambda: run.reached(ONE, OTHER) == "")


def test_a_fault_with_an_end_mends_itself(run: Run) -> None:
    number = run.begin("pause", OTHER, seconds=0.2)
    assert run.ask("settled")["waited"] >= 0
    ended = run.happenings()[-1]
    assert (ended.fault, ended.began) == (number, False)
    assert run.state(OTHER)["state"] == "serving"
    # It is over, and that can be asked again.
    assert run.ask("mend", fault=number)["recovered_after"] == ended.recovered_after


def test_a_process_that_ends_by_itself_is_told_and_not_hidden(run: Run) -> None:
    os.kill(run.state(ONE)["pid"], signal.SIGKILL)
    assert eventually(lambda: run.state(ONE)["state"] == "down")
    with pytest.raises(KeeperError, match="zhengzhou, process 0 ended by itself"):
        run.ask("settled")
    run.begin("restart", ONE)
    run.ask("settled")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"kind": "quake", "city": ONE}, "there is no fault 'quake'"),
        ({"kind": "kill", "city": "atlantis"}, "is none of: zhengzhou, nanjing, hangzhou"),
        ({"kind": "kill", "city": ONE, "process": 1}, "zhengzhou has 1, from 0"),
        ({"kind": "cut", "city": ONE}, "other = '' is none of"),
        ({"kind": "cut", "city": ONE, "other": ONE}, "a line has two ends"),
        ({"kind": "kill", "city": ONE, "numbers": {"force": 9}}, "kill has no 'force'"),
        ({"kind": "slow", "city": ONE, "other": "*", "numbers": {"delay_ms": -1}}, "from 0"),
        ({"kind": "kill", "city": ONE, "seconds": 9.0}, "kill ends by itself"),
        ({}, "there is no fault ''"),
    ],
)
def test_a_bad_fault_is_told_and_makes_nothing(
    run: Run, words: dict[str, object], said: str
) -> None:
    before = len(run.happenings())
    with pytest.raises(KeeperError) as raised:
        run.ask("fault", fault=words)
    assert said in str(raised.value)
    assert run.ask("status")["faults"] == []
    assert len(run.happenings()) == before


def test_what_the_keeper_does_not_know_is_told(run: Run) -> None:
    with pytest.raises(KeeperError, match="`do` is one of: status, "):
        run.ask("dance")
    with pytest.raises(KeeperError, match="no fault '4711' is open"):
        run.ask("mend", fault="4711")


def test_the_commands_say_what_is_and_what_is_broken(run: Run) -> None:
    runner, where = CliRunner(), ["--dir", str(run.folder.root)]
    found = runner.invoke(harness, ["status", *where, "--lang", "zh"])
    assert "正在服务" in found.output
    words = ["fault", "slow", "--city", ONE, "--other", OTHER, "--set", "delay_ms=20"]
    begun = runner.invoke(harness, [*words, *where])
    assert begun.exit_code == 0, begun.output
    found = runner.invoke(harness, ["status", *where])
    assert "slow, zhengzhou - nanjing" in found.output
    mended = runner.invoke(harness, ["mend", *where])
    assert "all served again after" in mended.output
    assert "No fault is open" in runner.invoke(harness, ["mend", *where]).output
    bad = runner.invoke(harness, ["fault", "kill", "--city", "paris", *where])
    assert bad.exit_code == 2
    assert "zhengzhou, nanjing, hangzhou" in bad.output
    listed = runner.invoke(harness, ["fault"])
    assert "down_ms=1000" in listed.output


def test_a_city_that_was_stopped_stays_down_until_it_is_started(run: Run) -> None:
    run.ask("stop_city", city=TWIN)
    run.ask("stop_city", city=TWIN)
    assert [run.state(TWIN, process)["state"] for process in (0, 1)] == ["down", "down"]
    assert run.reached(ONE, OTHER) == ""
    assert run.reached(ONE, TWIN) != ""
    with pytest.raises(KeeperError, match=f"start --city {TWIN}"):
        run.begin("kill", TWIN)
    with pytest.raises(KeeperError, match=f"start --city {TWIN}"):
        run.ask("settled")
    run.ask("start_city", city=TWIN)
    run.ask("start_city", city=TWIN)
    assert run.meet()


def test_what_a_fault_has_hold_of_is_neither_stopped_nor_started(run: Run) -> None:
    with run.fault("pause", ONE), pytest.raises(KeeperError, match="mend it first"):
        run.ask("stop_city", city=ONE)
    with pytest.raises(KeeperError, match=f"there are: {ONE}"):
        run.ask("start_city", city="beijing")


def test_a_city_that_cannot_serve_is_stopped_again_and_says_why(run: Run) -> None:
    run.ask("stop_city", city=ONE)
    settings = run.city(ONE).settings
    kept = settings.read_text("utf-8")
    settings.write_text(kept + 'no_such_setting = "1"\n', "utf-8")
    with pytest.raises(KeeperError, match="no_such_setting"):
        run.ask("start_city", city=ONE)
    settings.write_text(kept, "utf-8")
    assert run.state(ONE)["state"] == "down"
    run.ask("start_city", city=ONE)


def test_a_bare_run_has_places_and_no_node_until_somebody_makes_one() -> None:
    wish = Wish(2, {OTHER: "postgresql"}, links="proxies", bare=True)
    with brought_up(wish) as bare:
        assert [each["state"] for each in bare.status()] == ["down", "down"]
        for name in (ONE, OTHER):
            place, city = bare.state(name), bare.city(name)
            assert not city.directory.exists()
            city.init(place["store"] or None)
            bare.ask("start_city", city=name)
            city.load_rules()
        befriend(bare.city(ONE), bare.city(OTHER))
        assert bare.meet()
