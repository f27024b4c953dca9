"""The command against two real cities: what an operator, a resident and a venue type."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import data
from node.cli import exits
from node.model import Role
from scripts.cities import Cities, City
from tests.node.cli.conftest import Ran, Run

pytestmark = pytest.mark.all

RULES = tuple((what, f"{what}.toml") for what in ("scale", "incentives", "indicators"))


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with Cities(tmp_path_factory.mktemp("cities"), ["zhengzhou", "hangzhou"]) as made:
        for city in made:
            city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        made.start()
        yield made


@pytest.fixture(scope="module")
def connected(cities: Cities) -> Cities:
    # The test of the manual's commands may have connected them by hand.
    if not cities["zhengzhou"].operator("ListPartners")["partners"]:
        for city in cities:
            city.load_rules()
        cities.connect()
    return cities


@pytest.fixture
def home(connected: Cities) -> City:
    return connected["zhengzhou"]


@pytest.fixture
def host(connected: Cities) -> City:
    return connected["hangzhou"]


def _at(run: Run, city: City, *arguments: object, stdin: str = "") -> Ran:
    return run("--settings", city.settings, *arguments, stdin=stdin)


def _json(run: Run, city: City, *arguments: object, stdin: str = "") -> Ran:
    ran = _at(run, city, "--json", *arguments, stdin=stdin)
    assert ran.err == ""
    return ran


def _excellent() -> str:
    return next(r.document_number for r in data.residents("zhengzhou") if "excellent" in r.label)


def _resident(run: Run, home: City) -> str:
    ran = _json(run, home, "resident", "enrol", stdin=f"{_excellent()}\n")
    issue = ("client", "issue", "--role", "department", "--name", "credit-office")
    assert _at(run, home, *issue).code == exits.DONE
    load = ("records", "load", data.path("records/zhengzhou.csv"), "--department", "credit-office")
    loaded = _at(run, home, *load)
    assert loaded.code == exits.DONE, loaded.err
    return str(ran.json["resident_id"])


def _consent(run: Run, home: City, resident: str) -> str:
    ran = _json(run, home, "resident", "consent", resident, "--host", "hangzhou",
                "--scenario", "library.deposit_free", "--days", 90)  # fmt: skip
    assert ran.code == exits.DONE, ran.out
    return str(ran.json["consent"]["consent_id"])


def test_two_cities_are_connected_by_the_manuals_commands(
    run: Run, cities: Cities, tmp_path: Path
) -> None:
    one, other = cities["zhengzhou"], cities["hangzhou"]
    resident = _json(run, one, "resident", "enrol", stdin=_excellent()).json["resident_id"]
    early = ("resident", "consent", resident, "--host", "zhengzhou", "--scenario", "x")
    assert "hutong incentives load" in _at(run, one, *early, "--days", 1).err
    for city in (one, other):
        for what, name in RULES:
            path = data.path(f"{city.about.pinyin}/{name}")
            assert _at(run, city, what, "load", path).code == exits.DONE
            assert "already" in _at(run, city, what, "load", path).out
        exported = _json(run, city, "partner", "export", tmp_path / city.about.pinyin)
        assert exported.json["file"] == str(tmp_path / city.about.pinyin)
    for city, partner in ((one, other), (other, one)):
        piped = _json(run, partner, "partner", "export").json
        path = tmp_path / partner.about.pinyin
        wrong = _at(run, city, "partner", "import", path, "--fingerprint", "0000")
        assert wrong.code == exits.NOT_ALLOWED
        right = ("partner", "import", path, "--fingerprint", piped["fingerprint"])
        assert _at(run, city, *right).code == exits.DONE
        listed = _json(run, city, "partner", "list").json["partners"]
        assert [p["city"] for p in listed] == [partner.about.code]
        assert partner.about.name_zh in _at(run, city, "partner", "list", "--lang", "zh").out
    for city, partner in ((one, other), (other, one)):
        issue = ("client", "issue", "--role", "operator", "--name", "second")
        assert _at(run, city, *issue).code == exits.DONE
        approve = ("partner", "approve", partner.about.pinyin, "--legal-basis", "a law",
                   "--privacy-assessment", "PIA-1")  # fmt: skip
        assert _at(run, city, *approve).code == exits.NOT_ALLOWED
        assert _at(run, city, *approve, "--operator", "second").code == exits.DONE
    assert _at(run, one, "partner", "test", "hangzhou").code == exits.DONE
    agreement = data.agreement("zhengzhou", "hangzhou")
    proposed = _json(run, one, "agreement", "propose", "杭州", agreement).json["agreement"]
    waiting = _at(run, other, "agreement", "list")
    assert f"hutong agreement show {proposed['agreement_id']}" in waiting.out
    shown = _at(run, other, "agreement", "show", proposed["agreement_id"]).out
    command = re.search(r"hutong (agreement sign \S+ --version \d+)", shown)
    assert command
    assert _at(run, other, *command[1].split()).code == exits.DONE
    assert "in force" in _at(run, one, "agreement", "list").out


def test_a_resident_takes_part_travels_and_withdraws(run: Run, home: City, host: City) -> None:
    resident = _resident(run, home)
    standing = _at(run, home, "resident", "standing", resident)
    assert "excellent" in standing.out
    consent = _consent(run, home, resident)
    shown = _at(run, home, "resident", "code", resident, consent).out
    assert "█" in shown
    code = re.findall(r"410100-[0-9A-Z-]+", shown)[0]
    issue = ("client", "issue", "--role", "venue", "--name", "library")
    assert _at(run, host, *issue).code == exits.DONE
    venue = ("--venue", "library")
    assert "library-card" in _at(run, host, "venue", "incentives", *venue).out
    nowhere = _at(run, host, "venue", "incentives")
    assert (nowhere.code, "--venue" in nowhere.out) == (exits.DONE, True)
    checked = _json(run, host, "venue", "check", "--code", "-", *venue, stdin=code).json
    assert checked["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
    card = next(d for d in checked["decisions"]
                if d["incentive"]["incentive_id"] == "library-card")  # fmt: skip
    assert _at(run, host, "venue", "redeem", card["decision_id"], *venue).code == exits.DONE
    again = _at(run, host, "venue", "redeem", card["decision_id"], *venue)
    assert again.code == exits.REFUSED
    used_up = _at(run, host, "venue", "check", "--code", code, *venue)
    assert (used_up.code, "newcomer" in used_up.out) == (exits.DONE, True)
    later = _at(run, host, "venue", "check", "--pass", checked["visitor_pass"], *venue,
                "--lang", "zh")  # fmt: skip
    assert "已认定" in later.out
    assert "refused" in _at(run, home, "resident", "uses", resident).out
    assert _at(run, home, "resident", "withdraw", resident, consent).code == exits.DONE
    assert "withdrawn" in _at(run, home, "resident", "consents", resident).out
    ended = _at(run, home, "resident", "code", resident, consent)
    assert ended.code == exits.REFUSED


def test_a_request_that_is_repeated_gets_the_first_answer(run: Run, home: City) -> None:
    resident = _resident(run, home)
    consent = _consent(run, home, resident)
    command = ("resident", "code", resident, consent, "--request-id",
               "0192f0c1-2b3c-7def-8123-456789abcdef")  # fmt: skip
    assert _json(run, home, *command).json == _json(run, home, *command).json


def _records(*rows: str) -> str:
    heading = "record_number,indicator,document_number,occurred_on,evidence"
    return "\n".join((heading, *rows, ""))


def test_records_may_be_loaded_again_and_a_bad_row_waits_with_its_reason(
    run: Run, home: City, tmp_path: Path
) -> None:
    _resident(run, home)
    good, bad = (
        f"{name},{what},{_excellent()},2026-01-01,e"
        for name, what in (("w-1", "honesty-model.city"), ("w-2", "honesty-modle.city"))
    )
    path = tmp_path / "records.csv"
    path.write_text(_records(good, bad, good), "utf-8")
    load = ("records", "load", path, "--department", "credit-office")
    first = _json(run, home, *load)
    assert first.code == exits.REFUSED
    said = first.json["load"]
    counts = [said[f"{what}_count"] for what in ("accepted", "unchanged", "quarantined")]
    assert counts == ["1", "1", "1"]
    assert first.json["waiting_by_reason"] == {"INDICATOR_UNKNOWN": 1}
    assert "999999" not in first.out
    again = _at(run, home, *load)
    assert again.code == exits.REFUSED
    for word in ("nothing was changed", "1 rows taken", "honesty-model.city?", "quarantine list"):
        assert word in again.out
    in_chinese = _at(run, home, "--lang", "zh", *load)
    assert "未作任何更改" in in_chinese.out
    office = ("--department", "credit-office")
    [waits] = _json(run, home, "quarantine", "list", *office).json["rows"]
    assert (waits["line"], waits["file_name"], waits["person_known"]) == ("2", "records.csv", True)
    assert (
        "生效的指标目录中没有" in _at(run, home, "--lang", "zh", "quarantine", "list", *office).out
    )
    fix = ("quarantine", "fix", waits["row_id"], "--set", "indicator=honesty-model.city")
    assert _json(run, home, *fix, *office).json["accepted"] is True
    assert _at(run, home, *load).code == exits.DONE


def test_more_records_than_one_request_takes_are_sent_in_portions(
    run: Run, home: City, tmp_path: Path
) -> None:
    resident = _resident(run, home)
    rows = [f"m-{n},honesty-model.city,{_excellent()},2026-01-01,e" for n in range(600)]
    load = ("records", "load", "-", "--department", "credit-office")
    loaded = _json(run, home, *load, stdin=_records(*rows)).json["load"]
    assert (loaded["accepted_count"], loaded["file_name"]) == ("600", "stdin")
    counted = _json(run, home, "resident", "standing", resident).json["records"]
    assert sum(record["record_number"].startswith("m-") for record in counted) == 600


def test_lists_longer_than_a_page_are_whole(run: Run, home: City) -> None:
    resident = _resident(run, home)
    before = len(_json(run, home, "resident", "consents", resident).json["consents"])
    for _ in range(205):
        home.consent(resident, "330100", ["library.deposit_free"], "2027-01-01T00:00:00Z")
    consents = _json(run, home, "resident", "consents", resident).json["consents"]
    assert len({consent["consent_id"] for consent in consents}) == before + 205


def test_a_client_on_another_machine_needs_no_settings(
    run: Run, home: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.directory / "clients"
    monkeypatch.setenv("HUTONG_ADDRESS", f"127.0.0.1:{home.local_port}")
    for name, end in (("CERTIFICATE", "crt"), ("KEY", "key"), ("CA", "ca")):
        monkeypatch.setenv(f"HUTONG_{name}", str(folder / f"operator-default.{end}"))
    assert run("partner", "list").code == exits.DONE
    assert run("doctor").code == exits.DONE
    refused = run("venue", "incentives")
    assert refused.code == exits.NOT_ALLOWED
    assert "operator" in refused.err


def test_a_client_of_another_city_is_refused(run: Run, home: City, host: City) -> None:
    folder = host.directory / "clients"
    files = [(f"--{option}", folder / f"operator-default.{end}")
             for option, end in (("certificate", "crt"), ("key", "key"), ("ca", "ca"))]  # fmt: skip
    ran = run("partner", "list", "--address", f"127.0.0.1:{home.local_port}", *sum(files, ()))
    assert ran.code in {exits.NOT_ALLOWED, exits.UNREACHABLE}


def test_the_doctor_of_a_running_node_finds_nothing_wrong(run: Run, home: City) -> None:
    ran = _at(run, home, "doctor")
    assert (ran.code, "[ERROR]" in ran.out) == (exits.DONE, False)
    assert "partner 330100" in ran.out


def test_suspending_asks_for_a_reason_and_can_be_undone(run: Run, home: City) -> None:
    for what, name in (("partner", "hangzhou"), ("agreement", _agreement(run, home))):
        assert _at(run, home, what, "suspend", name).code == exits.USAGE
        suspended = _at(run, home, what, "suspend", name, "--reason", "drill")
        assert f"hutong {what} resume" in suspended.out
        assert "suspended" in _at(run, home, what, "list").out
        assert _at(run, home, what, "resume", name, "--reason", "drill").code == exits.DONE
    assert _at(run, home, "partner", "sync", "hangzhou").code == exits.DONE


def _agreement(run: Run, home: City) -> str:
    found = _json(run, home, "agreement", "list").json["agreements"]
    return str(next(a for a in found if a["state"] == "AGREEMENT_STATE_ACTIVE")["agreement_id"])


def test_tables_in_a_pipe_are_plain_and_end_where_their_text_ends(run: Run, home: City) -> None:
    for language in ("zh", "en"):
        for command in (["partner", "list"], ["agreement", "list"], ["doctor"]):
            out = _at(run, home, *command, "--lang", language).out
            assert "\x1b" not in out
            assert all(line == line.rstrip() and line for line in out.splitlines())


def test_unknown_things_are_refused_with_the_command_that_lists_them(run: Run, home: City) -> None:
    nobody = "0192f0c1-2b3c-7def-8123-456789abcdef"
    for command in (
        ["agreement", "show", nobody],
        ["agreement", "sign", nobody, "--version", "1"],
        ["resident", "standing", nobody],
        ["resident", "consents", nobody],
        ["venue", "redeem", nobody],
    ):
        ran = _at(run, home, *command)
        assert ran.code == exits.REFUSED
        assert len(ran.err.splitlines()) == 1


def test_the_clients_of_every_role_were_made(home: City) -> None:
    names = {path.name for path in (home.directory / "clients").iterdir()}
    made = {role for role in Role if f"{role.value}-default.crt" in names}
    # An auditor is nobody of the city's: there is none before one was let in.
    assert made == set(Role) - {Role.AUDITOR}
