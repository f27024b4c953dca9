"""A timeline from two real cities, and receipts that are verified without either."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.cli import exits
from scripts.cities import Cities, City, new_id
from tests.node.cli.conftest import Ran, Run
from tests.scenarios.stage import ENDS, SCENARIO, check, enrolled, of_standing

pytestmark = pytest.mark.all

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Trip:
    """A resident of Zhengzhou who used something in Hangzhou."""

    home: City
    host: City
    resident: str
    consent: str
    visitor_pass: str
    folder: Path


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trip]:
    folder = tmp_path_factory.mktemp("trip")
    with Cities(folder, ["zhengzhou", "hangzhou"]) as cities:
        for city in cities:
            city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        cities.start()
        for city in cities:
            city.load_rules()
        cities.connect()
        home, host = cities["zhengzhou"], cities["hangzhou"]
        resident = of_standing(enrolled(home), "excellent")[0]
        consent = home.consent(resident, host.about.code, [SCENARIO], ENDS)
        answer = check(host, home.code(resident, consent))
        opened = next(d["decision_id"] for d in answer["decisions"] if d["eligible"])
        host.venue("library", "Redeem", request_id=new_id(), decision_id=opened)
        yield Trip(home, host, resident, consent, answer["visitor_pass"], folder)


def at(run: Run, city: City, *arguments: object) -> Ran:
    return run("--settings", city.settings, *arguments)


def test_a_timeline_has_the_acts_of_both_cities_in_order(run: Run, trip: Trip) -> None:
    visit = f"{trip.visitor_pass}@{trip.host.settings}"
    ran = at(run, trip.home, "--json", "resident", "timeline", trip.resident, "--visit", visit)
    assert ran.code == exits.DONE, ran.out
    entries = ran.json["entries"]
    assert [(e["kept_by"], e["kind"].removeprefix("HISTORY_KIND_")) for e in entries[::-1]] == [
        ("410100", "CONSENT_GIVEN"),
        ("410100", "CODE_MADE"),
        ("410100", "CODE_USED"),
        ("410100", "ATTESTED"),
        ("330100", "RECOGNISED"),
        ("330100", "DECIDED"),
        ("330100", "REDEEMED"),
    ]
    for entry in entries:
        assert CHINESE.search(entry["text_zh"])
        assert not CHINESE.search(entry["text_en"])
        assert (entry["venue"] != "") == (entry["kind"][-7:] in ("DECIDED", "EDEEMED"))
    for language, heading in (("zh", "经过"), ("en", "What happened")):
        shown = at(
            run, trip.home, "--lang", language, "resident", "timeline", trip.resident,
            "--visit", visit,
        )  # fmt: skip
        assert heading in shown.out


def test_a_visitor_sees_the_hosts_part_alone(run: Run, trip: Trip) -> None:
    ran = at(run, trip.host, "--json", "visitor", "history", trip.visitor_pass)
    assert ran.code == exits.DONE, ran.out
    assert {entry["kept_by"] for entry in ran.json["entries"]} == {"330100"}
    wrong = at(run, trip.home, "visitor", "history", trip.visitor_pass)
    assert wrong.code == exits.REFUSED
    bad = at(run, trip.home, "resident", "timeline", trip.resident, "--visit", trip.visitor_pass)
    assert bad.code == exits.USAGE
    assert "PASS@SETTINGS" in bad.err


def test_the_whole_text_is_read_before_anything_is_given(run: Run, trip: Trip) -> None:
    asked = ("resident", "consent", trip.resident, "--host", "hangzhou", "--scenario", SCENARIO,
             "--days", 30, "--draft")  # fmt: skip
    listed = ("--json", "resident", "consents", trip.resident)
    before = at(run, trip.home, *listed).json
    draft = at(run, trip.home, "--json", *asked)
    assert draft.code == exits.DONE, draft.out
    assert draft.json["consent_id"] == ""
    assert "撤回方式" in at(run, trip.home, "--lang", "zh", *asked).out
    assert "How to withdraw" in at(run, trip.home, "--lang", "en", *asked).out
    assert at(run, trip.home, *listed).json == before


def receipt(run: Run, trip: Trip, *which: object) -> Path:
    out = trip.folder / f"receipt-{len(list(trip.folder.glob('receipt-*')))}.json"
    ran = at(run, trip.home, "--json", "receipt", "get", trip.resident, *which, "--out", out)
    assert ran.code == exits.DONE, ran.out
    assert ran.json == {"cosigned_by": ["330100"], "file": str(out)}
    return out


def attested(run: Run, trip: Trip) -> str:
    ran = at(run, trip.home, "--json", "resident", "timeline", trip.resident)
    [entry] = [e for e in ran.json["entries"] if e["kind"] == "HISTORY_KIND_ATTESTED"]
    return str(entry["subject_id"])


def test_receipts_are_verified_where_there_is_no_node(run: Run, trip: Trip, tmp_path: Path) -> None:
    files = [receipt(run, trip, attested(run, trip)), receipt(run, trip, "--consent", trip.consent)]
    bundle, other = tmp_path / "zhengzhou", tmp_path / "hangzhou"
    at(run, trip.home, "partner", "export", bundle)
    at(run, trip.host, "partner", "export", other)
    for kind, file in zip(("attestation", "consent"), files, strict=True):
        alone = run("--json", "receipt", "verify", file)
        assert (alone.code, alone.json["kind"]) == (exits.DONE, kind)
        assert (alone.json["verified"], alone.json["trusted"]) == (True, False)
        known = run("--json", "receipt", "verify", file, "--trust", bundle, "--trust", other)
        assert (known.code, known.json["trusted"]) == (exits.DONE, True)
        assert [c["trusted"] for c in known.json["cosignatures"]] == [True]
        # Somebody who trusts another city alone is told that it is not by that one.
        strange = run("--json", "receipt", "verify", file, "--trust", other)
        assert (strange.code, strange.json["holds"]) == (exits.REFUSED, True)
    for language, good in (("zh", "验证通过"), ("en", "It holds")):
        for file in files:
            said = run("--lang", language, "receipt", "verify", file, "--trust", bundle)
            assert good in said.out
        assert ("个人信息处理者" if language == "zh" else "Who processes the data") in said.out


def test_a_receipt_that_was_changed_is_refused_with_the_step(
    run: Run, trip: Trip, tmp_path: Path
) -> None:
    good = receipt(run, trip, "--consent", trip.consent)
    forged = tmp_path / "forged.json"
    document = json.loads(good.read_text("utf-8"))
    document["content"] = document["content"].replace("BAND", "SCORE")
    forged.write_text(json.dumps(document), "utf-8")
    ran = run("--json", "receipt", "verify", forged)
    assert (ran.code, ran.json["verified"]) == (exits.REFUSED, False)
    assert ran.json["steps"][-1] == {"step": "entry", "ok": False}
    assert ran.json["error"]["reason"] == "BAD_PROOF"
    assert ran.json["says"] is None
    assert "REFUSED" in run("receipt", "verify", forged).out
    forged.write_text("{}", "utf-8")
    assert run("receipt", "verify", forged).code == exits.REFUSED


def test_receipts_of_others_and_of_nothing_are_not_given(run: Run, trip: Trip) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    for which in ((nobody,), ("--consent", nobody)):
        assert at(run, trip.home, "receipt", "get", trip.resident, *which).code == exits.REFUSED
    for both in ([], [nobody, "--consent", trip.consent]):
        ran = at(run, trip.home, "receipt", "get", trip.resident, *both)
        assert ran.code == exits.USAGE
        assert "--consent" in ran.err


def test_a_receipt_goes_to_standard_output_whole(run: Run, trip: Trip, tmp_path: Path) -> None:
    ran = at(run, trip.home, "receipt", "get", trip.resident, "--consent", trip.consent)
    assert ran.code == exits.DONE
    assert "330100" in ran.err
    piped = tmp_path / "piped.json"
    piped.write_text(ran.out, "utf-8")
    assert run("receipt", "verify", piped).code == exits.DONE
