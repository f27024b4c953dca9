"""Promises, and who reads records, as people type them at a node that runs in this process."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from node.cli import exits
from node.model import DocumentKind
from tests.node.catalogue import OFFICE, THIRD, row, rows_of
from tests.node.cli.conftest import Ran, Run
from tests.node.services.world import fictional_id
from tests.node.transport.house import HERE, House

NUMBER, RESIDENT_SERIAL = fictional_id(610_000), 620_000


@pytest.fixture
def city(house: House, run: Run) -> Run:
    """The command at that node."""
    return partial(run, "--settings", house.directory / "hutong.toml")


@pytest.fixture
def resident(house: House) -> str:
    return resident_of(house, NUMBER)


def resident_of(house: House, number: str) -> str:
    """Who has that document, with a card in reach and one record of each of two classes."""
    rows = rows_of(number, 30, f"p{number[-4:]}", "2026-01-15")
    rows += [row(number, f"{n}-{number[-4:]}", indicator=n) for n in ("class-b", "class-d")]
    cases = house.cases
    house.act(lambda tx: cases.recording.load(tx, OFFICE, rows))
    kind = DocumentKind.RESIDENT_ID
    return house.act(lambda tx: cases.residents.enrol(tx, kind, number)).resident_id


def client(city: Run, role: str, name: str) -> None:
    issued = city("client", "issue", "--role", role, "--name", name)
    assert issued.code == exits.DONE, issued.err


def due(days: int = 20) -> str:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return (today + timedelta(days=days)).isoformat()


def about(day: str = "") -> tuple[str, ...]:
    return "--incentive", "library-card", "--venue", "library", "--due", day or due()


def done(ran: Ran) -> Ran:
    assert ran.code == exits.DONE, ran.err + ran.out
    return ran


def test_a_department_lists_records_and_the_resident_sees_it(city: Run, resident: str) -> None:
    assert "Nobody has read" in done(city("resident", "reads", resident)).out
    client(city, "department", THIRD)
    asked = ("records", "list", "--purpose", "a licence", "--department", THIRD)
    listed = done(city(*asked, "--document-number", "-", stdin=NUMBER)).out
    assert "indicator class-b" in listed
    assert "class-d" not in listed
    assert "every record: A, B" in listed
    assert NUMBER not in listed
    reads = done(city("resident", "reads", resident)).out
    assert "department/third-office" in reads.replace("\n", "")
    assert "a licence" in reads
    found = done(city("--json", *asked, stdin=NUMBER)).json
    assert found["classes_shown"] == ["A", "B"]
    read = done(city("--json", "resident", "reads", resident)).json["reads"]
    assert [each["disclosure_class"] for each in read] == ["B", "B"]
    assert "查阅者" in done(city("resident", "reads", resident, "--lang", "zh")).out


def test_a_list_needs_a_purpose(city: Run) -> None:
    client(city, "department", THIRD)
    without = city("records", "list", "--department", THIRD, stdin=NUMBER)
    assert without.code == exits.USAGE
    assert NUMBER not in without.err
    blank = city("records", "list", "--purpose", " ", "--department", THIRD, stdin=NUMBER)
    assert "purpose" in blank.err


def test_a_promise_is_read_signed_and_taken_back(city: Run, resident: str, tmp_path: Path) -> None:
    assert "There is no promise" in done(city("promise", "list", resident)).out
    zh = done(city("promise", "draft", resident, *about(), "--lang", "zh")).out
    assert zh.startswith("信用承诺书")
    unsigned = city("promise", "make", resident, *about())
    assert unsigned.code == exits.USAGE
    assert "--sign" in unsigned.err
    signed = done(city("promise", "make", resident, *about(), "--sign")).out
    assert "stay in this city" in signed
    text = tmp_path / "promise.txt"
    text.write_text(zh, "utf-8")
    made = done(city("--json", "promise", "make", resident, *about(), "--text", text)).json
    assert made["promise"]["language"] == "zh"
    text.write_text(zh.replace("本市", "外市"), "utf-8")
    changed = city("promise", "make", resident, *about(), "--text", text)
    assert "hutong promise draft" in changed.err
    promise = made["promise"]["promise_id"]
    assert promise in done(city("promise", "withdraw", resident, promise)).out
    listed = done(city("promise", "list", resident)).out
    assert "withdrawn" in listed
    assert "open" in listed


def test_a_venue_uses_and_closes_a_promise(city: Run, house: House) -> None:
    resident = resident_of(house, fictional_id(RESIDENT_SERIAL))
    client(city, "venue", "library")
    made = done(city("--json", "promise", "make", resident, *about(), "--sign")).json
    promise = made["promise"]["promise_id"]
    consent = done(
        city("--json", "resident", "consent", resident, "--host", HERE,
             "--scenario", "library.deposit_free", "--days", 30)
    ).json["consent"]["consent_id"]  # fmt: skip
    code = done(city("--json", "resident", "code", resident, consent)).json["presentation_code"]
    checked = done(
        city("--json", "venue", "check", "--code", code, "--incentive", "library-card",
             "--venue", "library")
    ).json  # fmt: skip
    decision = checked["decisions"][0]["decision_id"]
    redeem = ("venue", "redeem", decision, "--promise", promise, "--venue", "library")
    assert "library-card" in done(city(*redeem)).out
    assert "used" in done(city("promise", "list", resident)).out
    close = ("venue", "promise", promise, "--venue", "library")
    assert city(*close).code == exits.USAGE
    assert city(*close, "--kept", "--broken").code == exits.USAGE
    early = city(*close, "--broken", "--note", "not back")
    assert early.code == exits.REFUSED
    assert due() in early.err
    assert "closed as kept" in done(city(*close, "--kept", "--note", "in time")).out
    listed = done(city("promise", "list", resident, "--lang", "zh")).out
    assert "已履行" in listed
