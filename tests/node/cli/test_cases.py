"""Objections and repairs as the three roles type them, at a node that runs in this process."""

import re
from dataclasses import dataclass
from itertools import count

import pytest
import sqlalchemy as sa

from node.cli import exits
from node.model import DocumentKind
from node.store.tables import ANSWERS
from tests.node.catalogue import OFFICE, OTHER, THIRD, row, rows_of
from tests.node.cli.conftest import Ran, Run
from tests.node.services.world import fictional_id
from tests.node.transport.house import House

_SERIAL = count(640_000)
OFFICER, COLLEAGUE, STRANGER = f"{OFFICE}.wang", f"{OTHER}.li", f"{THIRD}.zhao"
CASE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}")


@dataclass
class Desk:
    """The command at that node, and one resident with one record of each kind."""

    house: House
    run: Run
    tag: int
    resident: str

    def __call__(self, *arguments: object) -> Ran:
        return self.run("--settings", self.house.directory / "hutong.toml", *arguments)

    def done(self, *arguments: object) -> Ran:
        ran = self(*arguments)
        assert ran.code == exits.DONE, ran.err + ran.out
        return ran

    def about(self, record: str) -> tuple[str, ...]:
        number = f"{record}-{self.tag}"
        return self.resident, "--source", OFFICE, "--record", number, "--statement", "不是我"

    def apply(self, record: str) -> str:
        applied = self.done(
            "--json", "repair", "apply", *self.about(record),
            "--evidence", "receipt 8", "--promise", "never again",
        )  # fmt: skip
        return str(applied.json["case"]["case_id"])

    def decide(self, case: str, decision: str, by: str = OFFICER) -> Ran:
        return self(
            "case", "decide", case, "--department", by, "--decision", decision,
            "--reason", "as the file says",
        )  # fmt: skip


@pytest.fixture
def desk(house: House, run: Run) -> Desk:
    tag = next(_SERIAL)
    number = fictional_id(tag)
    rows = rows_of(number, 30, f"good-{tag}", "2026-01-15")
    rows += [row(number, f"{i}-{tag}", indicator=i) for i in ("minor", "class-c")]
    cases, kind = house.cases, DocumentKind.RESIDENT_ID
    house.act(lambda tx: cases.recording.load(tx, OFFICE, rows))
    enrolled = house.act(lambda tx: cases.residents.enrol(tx, kind, number))
    made = Desk(house, run, tag, enrolled.resident_id)
    for role, name in (
        ("department", OFFICER), ("department", COLLEAGUE), ("department", STRANGER),
        ("department", OFFICE), ("operator", "chen"),
    ):  # fmt: skip
        issued = made("client", "issue", "--role", role, "--name", name)
        assert issued.code in (exits.DONE, exits.REFUSED), issued.err
    return made


def test_an_objection_goes_from_the_resident_to_the_officer_to_the_second_instance(
    desk: Desk,
) -> None:
    opened_ = desk.done("objection", "open", *desk.about("minor")).out
    found = CASE.search(opened_)
    assert found
    case = found.group()
    assert "an answer is owed by" in opened_
    assert case in desk.done("case", "list", "--resident", desk.resident).out
    waiting = desk.done("case", "list", "--department", OFFICER).out
    assert case in waiting
    assert "不是我" not in waiting
    assert "不是我" in desk.done("case", "show", case, "--department", OFFICER).out
    assert "refused" in desk.decide(case, "refuse").out
    assert desk.done("case", "list").out.strip() == "There are no cases."
    desk.done("case", "appeal", desk.resident, case, "--reason", "the register was wrong")
    assert case in desk.done("case", "list").out
    told = desk.done("case", "decide-appeal", case, "--granted", "--reason", "right",
                     "--operator", "chen").out  # fmt: skip
    assert "granted on appeal" in told
    shown = desk.done("case", "show", case, "--resident", desk.resident).out
    assert "operator/chen" in shown.replace("\n", "")
    assert "Possible now" not in shown
    zh = desk.done("case", "show", case, "--resident", desk.resident, "--lang", "zh").out
    assert "经申诉准予" in zh


def test_a_repair_with_an_interview_ends_in_a_better_sum(desk: Desk) -> None:
    case = desk.apply("minor")
    for decision in ("call-interview", "hold-interview", "grant"):
        assert desk.decide(case, decision).code == exits.DONE
    standing = desk.done("--json", "resident", "standing", desk.resident).json
    numbers = {record["record_number"] for record in standing["records"]}
    assert f"minor-{desk.tag}" not in numbers


def test_residents_read_their_notices_in_both_languages_by_the_citys_clock(desk: Desk) -> None:
    case = desk.apply("minor")
    desk.decide(case, "refuse")
    notices = desk.done("--json", "resident", "notices", desk.resident).json["notices"]
    moved, opened_ = notices[0], notices[1]
    if moved["kind"] != "case_moved":
        moved, opened_ = opened_, moved
    assert moved["case_id"] == case
    assert "indicator minor" in moved["text_en"]
    assert "you can appeal until 20" in moved["text_en"]
    assert "+08:00" in moved["text_en"]
    assert moved["text_en"].endswith("Reason given: as the file says")
    assert "指标 minor" in moved["text_zh"]
    assert "未获准，可在 20" in moved["text_zh"]
    assert "Your application for repair was received" in opened_["text_en"]
    assert "已受理您的信用修复申请" in opened_["text_zh"]
    assert "已受理" in desk.done("resident", "notices", desk.resident, "--lang", "zh").out


def test_what_is_not_possible_names_what_is(desk: Desk) -> None:
    case = desk.apply("minor")
    refused = desk.decide(case, "hold-interview")
    assert refused.code == exits.REFUSED
    assert "call_interview, grant, refuse, withdraw" in refused.err
    systems = desk.decide(case, "grant", OFFICE)
    assert systems.code == exits.NOT_ALLOWED
    assert "hutong client issue" in systems.err
    assert "no such case" in desk.decide(case, "grant", STRANGER).err
    assert desk("case", "show", case).code == exits.REFUSED
    assert "Case" in desk.done("case", "withdraw", desk.resident, case).out


def test_the_command_line_asks_for_what_it_needs(desk: Desk) -> None:
    case = desk.apply("minor")
    for arguments in (
        ("case", "decide-appeal", case, "--reason", "x"),
        ("case", "appeal", desk.resident, case),
        ("case", "list", "--resident", desk.resident, "--department", OFFICER),
        ("case", "show", "00000000-0000-7000-8000-000000000000", "--resident", desk.resident),
        ("case", "decide", case, "--department", OFFICER, "--decision", "maybe"),
    ):
        assert desk(*arguments).code == exits.USAGE, arguments


def test_the_same_request_id_decides_once_and_the_answer_is_kept_with_its_resident(
    desk: Desk,
) -> None:
    case = desk.apply("minor")
    again = (
        "--json", "case", "decide", case, "--department", OFFICER, "--decision", "refuse",
        "--reason", "why", "--request-id", "00000000-0000-4000-8000-000000640001",
    )  # fmt: skip
    first, second = desk.done(*again).json, desk.done(*again).json
    assert first == second
    assert [step["move"] for step in first["case"]["steps"]] == ["open", "refuse"]
    with desk.house.store._engine.connect() as connection:
        found = connection.execute(
            sa.select(ANSWERS.c.subject).where(ANSWERS.c.request_id == again[-1])
        ).scalar_one()
    assert found == desk.resident


def test_an_officers_look_is_among_the_resident_s_reads(desk: Desk) -> None:
    desk.done("objection", "open", *desk.about("class-c"))
    case = desk.done("--json", "case", "list", "--resident", desk.resident).json["cases"][0]
    desk.done("case", "show", case["case_id"], "--department", COLLEAGUE)
    reads = desk.done("--json", "resident", "reads", desk.resident).json["reads"]
    assert [(read["reader"], read["purpose"]) for read in reads] == [
        ("department/other-office.li", f"case {case['case_id']}")
    ]


def test_no_error_repeats_what_a_resident_typed(desk: Desk) -> None:
    typed = fictional_id(next(_SERIAL))
    refused = desk("objection", "open", desk.resident, "--source", OFFICE, "--record", typed,
                   "--statement", "me")  # fmt: skip
    assert refused.code == exits.REFUSED
    assert typed not in refused.err
    long = desk("objection", "open", *desk.about("minor")[:-1], "x" * 2000)
    assert "x" * 20 not in long.err
