"""Signed decisions as people handle them: saved, shown, verified without a node, made once more."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from federation import codec
from federation.envelope import envelope_from_json, envelope_to_json
from federation.rendering import plain
from node.cli import exits
from node.model import DocumentKind
from tests.node.catalogue import OFFICE, rows_of
from tests.node.cli.conftest import Ran, Run
from tests.node.services.world import fictional_id
from tests.node.transport.house import FRIEND, HERE, House, stranger

SCENARIO, CARD, ROOM = "library.deposit_free", "library-card", "reading-room"


@dataclass
class Desk:
    """A library of the house's city."""

    house: House
    run: Run

    def at(self, *arguments: object, stdin: str = "") -> Ran:
        return self.run("--settings", self.house.directory / "hutong.toml", *arguments, stdin=stdin)

    def json(self, *arguments: object, stdin: str = "") -> Ran:
        return self.at("--json", *arguments, stdin=stdin)

    def code(self, serial: int, points: int = 30) -> str:
        """The presentation code of a new resident of this city."""
        number, cases = fictional_id(serial), self.house.cases
        rows = rows_of(number, points, f"d{serial}", "2026-01-15")
        self.house.act(lambda tx: cases.recording.load(tx, OFFICE, rows))
        kind = DocumentKind.RESIDENT_ID
        found = self.house.act(lambda tx: cases.residents.enrol(tx, kind, number)).resident_id
        consent = self.json("resident", "consent", found, "--host", HERE,
                            "--scenario", SCENARIO, "--days", 30)  # fmt: skip
        consent_id = consent.json["consent"]["consent_id"]
        shown = self.json("resident", "code", found, consent_id)
        return str(shown.json["presentation_code"])

    def check(self, code: str, *arguments: object) -> Ran:
        ran = self.json("venue", "check", "--venue", "library", "--code", code, *arguments)
        assert ran.code == exits.DONE, ran.out
        return ran


@dataclass
class Saved:
    """A check whose decisions were saved to a file."""

    desk: Desk
    file: Path
    visitor_pass: str
    answer: dict[str, Any]

    def verify(self, *arguments: object, stdin: str = "") -> Ran:
        return self.desk.json("decision", "verify", self.file, *arguments, stdin=stdin)

    def refused(self, *arguments: object) -> str:
        ran = self.verify(*arguments)
        assert (ran.code, ran.json["verified"], ran.json["usable"]) == (exits.REFUSED, False, False)
        assert ran.json["decisions"] is None
        return str(ran.json["error"]["reason"])


SERIALS = iter(range(710_000, 720_000))


@pytest.fixture
def desk(house: House, run: Run) -> Desk:
    found = Desk(house, run)
    issued = found.at("client", "issue", "--role", "venue", "--name", "library")
    assert issued.code == exits.DONE, issued.err
    return found


@pytest.fixture
def saved(desk: Desk, tmp_path: Path) -> Saved:
    file = tmp_path / "decisions.json"
    answer = desk.check(desk.code(next(SERIALS)), "--save", file).json
    return Saved(desk, file, answer["visitor_pass"], answer)


def later(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def test_a_check_says_why_and_what_would_change_it_in_both_languages(desk: Desk) -> None:
    low = desk.code(next(SERIALS), points=0)
    check = partial(desk.at, "venue", "check", "--venue", "library", "--code", low)
    said = " ".join(check().out.split())
    assert "It needs recognition at" in said
    assert "show a code" in said or "check again" in said
    zh = "".join(check("--lang", "zh").out.split())
    assert "需要认定达到" in zh
    assert "再核验" in zh or "再来核验" in zh


def test_what_is_saved_is_verified_without_the_node(saved: Saved) -> None:
    ran = saved.verify("--venue", "library", "--pass", saved.visitor_pass)
    assert ran.code == exits.DONE, ran.out
    found = ran.json
    assert (found["verified"], found["usable"]) == (True, True)
    assert (found["venue_checked"], found["holder_checked"]) == (True, True)
    assert found["trusted"]["city"] == HERE
    assert set(found["uses"].values()) <= {"offline", "with_node"}
    assert found["decisions"]["venue"] == "library"
    shown = saved.desk.at("decision", "verify", saved.file, "--venue", "library")
    assert "may be gone by" in shown.out
    assert "--pass" in shown.out
    zh = saved.desk.at("decision", "verify", saved.file, "--lang", "zh")
    assert "签名有效" in zh.out


def test_a_check_says_what_may_be_given_where_the_node_cannot_be_reached(desk: Desk) -> None:
    ran = desk.at("venue", "check", "--venue", "library", "--code", desk.code(next(SERIALS)))
    said = [line for line in ran.out.splitlines() if "cannot be reached, until" in line]
    assert ROOM in " ".join(said)
    assert CARD in " ".join(said)


def test_what_a_venue_is_shown_is_what_is_signed(saved: Saved) -> None:
    signed = codec.DECISIONS.decode(envelope_from_json(saved.file.read_bytes()).payload)
    said: dict[str, Any] = plain(signed)
    shown = saved.answer
    fields = ("decision_id", "eligible", "rule", "reason_zh", "reason_en", "change_zh", "change_en")
    assert (shown["home_city"], shown["recognised_band"]) == (said["home_city"], said["band_id"])
    for one, other in zip(shown["decisions"], said["decisions"], strict=True):
        assert one["incentive"]["incentive_id"] == other["incentive_id"]
        assert {name: one[name] for name in fields} == {name: other[name] for name in fields}
        ends = [each["offline_until"] and instant(each["offline_until"]) for each in (one, other)]
        assert ends[0] == ends[1]
    assert instant(shown["expires_at"]) == signed.header.expires_at


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_any_dsse_library_could_read_it(saved: Saved) -> None:
    found = json.loads(saved.file.read_text("utf-8"))
    assert set(found) == {"payload", "payloadType", "signatures"}
    assert found["payloadType"] == codec.DECISIONS.payload_type


def test_it_is_verified_from_standard_input_too(saved: Saved) -> None:
    text = saved.file.read_text("utf-8")
    ran = saved.desk.json("decision", "verify", "-", stdin=text)
    assert (ran.code, ran.json["verified"]) == (exits.DONE, True)
    both = saved.desk.at("decision", "verify", "-", "--pass", "-", stdin=text)
    assert both.code == exits.USAGE
    piped = saved.verify("--pass", "-", stdin=f"{saved.visitor_pass}\n")
    assert (piped.code, piped.json["holder_checked"]) == (exits.DONE, True)


def test_another_venue_and_another_resident_are_refused(saved: Saved) -> None:
    other = saved.desk.check(saved.desk.code(next(SERIALS))).json["visitor_pass"]
    assert saved.refused("--venue", "museum") == "DECISIONS_OF_ANOTHER_VENUE"
    assert saved.refused("--pass", other) == "DECISIONS_OF_ANOTHER_PERSON"
    assert saved.refused("--pass", "410100-nonsense") == "MALFORMED"


def test_after_its_end_nothing_may_be_given_by_it(saved: Saved) -> None:
    ran = saved.verify("--at", later(24 * 60))
    assert (ran.code, ran.json["verified"], ran.json["usable"]) == (exits.REFUSED, True, False)
    assert set(ran.json["uses"].values()) == {"ended"}
    shown = saved.desk.at("decision", "verify", saved.file, "--at", later(24 * 60))
    assert "nothing may be given" in shown.out


def test_what_is_open_to_everyone_outlives_the_line_and_a_standing_does_not(saved: Saved) -> None:
    ran = saved.verify("--at", later(30))
    assert ran.code == exits.DONE
    assert (ran.json["uses"][CARD], ran.json["uses"][ROOM]) == ("ended", "offline")
    assert saved.verify("--at", later(30), "--incentive", CARD).code == exits.REFUSED
    assert saved.verify("--at", later(30), "--incentive", ROOM).code == exits.DONE
    assert saved.verify("--incentive", "no-such").code == exits.REFUSED


def test_a_changed_byte_is_refused(saved: Saved) -> None:
    envelope = envelope_from_json(saved.file.read_bytes())
    payload = envelope.payload.replace(b"library", b"museums")
    assert payload != envelope.payload
    changed = type(envelope)(envelope.payload_type, payload, envelope.signatures)
    saved.file.write_text(envelope_to_json(changed), "utf-8")
    assert saved.refused() == "BAD_SIGNATURE"


def test_another_citys_bundle_vouches_for_nothing(saved: Saved, tmp_path: Path) -> None:
    trust = tmp_path / "friend.json"
    friend = stranger(tmp_path / "friend", FRIEND)
    trust.write_text(envelope_to_json(friend.keys.bundle), "utf-8")
    assert saved.refused("--trust", trust) == "UNKNOWN_KEY"
    assert saved.desk.at("decision", "verify", saved.file, "--trust", saved.file).code == (
        exits.REFUSED
    )


def test_without_settings_the_bundle_is_given(saved: Saved, tmp_path: Path) -> None:
    run = saved.desk.run
    nothing = run("decision", "verify", saved.file)
    assert nothing.code == exits.USAGE
    assert "--trust" in nothing.err
    trust = tmp_path / "own.json"
    trust.write_text(envelope_to_json(saved.desk.house.keys.bundle), "utf-8")
    assert run("decision", "verify", saved.file, "--trust", trust).code == exits.DONE


def test_what_is_shown_is_not_believed(saved: Saved, tmp_path: Path) -> None:
    shown = saved.desk.at("decision", "show", saved.file)
    assert shown.code == exits.DONE
    assert "Nothing below is verified" in shown.out
    assert CARD in shown.out
    assert "未经验证" in saved.desk.at("decision", "show", saved.file, "--lang", "zh").out
    found = saved.desk.json("decision", "show", saved.file).json
    assert (found["verified"], found["decisions"]["venue"]) == (False, "library")
    bundle = tmp_path / "bundle.json"
    bundle.write_text(envelope_to_json(saved.desk.house.keys.bundle), "utf-8")
    for text in (bundle.read_text("utf-8"), "{}", "", "nonsense"):
        bundle.write_text(text, "utf-8")
        wrong = saved.desk.at("decision", "show", bundle)
        assert (wrong.code, "Traceback" in wrong.err) == (exits.REFUSED, False)


def test_a_decision_is_made_once_more_and_comes_out_byte_for_byte(
    saved: Saved, tmp_path: Path
) -> None:
    again, desk = tmp_path / "again.json", saved.desk
    checked = envelope_from_json(saved.file.read_bytes())
    said = codec.DECISIONS.decode(checked.payload)
    opened = next(each.decision_id for each in said.decisions if each.eligible)
    for identifier in (said.header.statement_id, opened):
        ran = desk.json("decision", "replay", identifier, "--save", again)
        assert (ran.code, ran.json["same"]) == (exits.DONE, True), ran.out
        assert again.read_bytes() == saved.file.read_bytes()
    shown = desk.at("decision", "replay", opened)
    assert "byte for byte" in shown.out
    assert "逐字节相同" in desk.at("decision", "replay", opened, "--lang", "zh").out
    nobody = desk.at("decision", "replay", "0192f0c1-2b3c-7def-8123-456789abcdef")
    assert nobody.code == exits.REFUSED
    assert desk.at("decision", "replay", "nonsense").code == exits.REFUSED


def test_a_file_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    code = desk.code(next(SERIALS))
    ran = desk.at("venue", "check", "--venue", "library", "--code", code,
                  "--save", tmp_path / "no" / "such")  # fmt: skip
    assert ran.code == exits.REFUSED
    assert "such" in ran.err


def scanned(desk: Desk, text: str) -> tuple[int, list[dict[str, object]]]:
    ran = desk.json("venue", "scan", "--venue", "library", stdin=text)
    return ran.code, [json.loads(line) for line in ran.out.splitlines()]


def test_a_reader_reads_codes_and_passes_however_it_types_them(desk: Desk, saved: Saved) -> None:
    codes = [desk.code(next(SERIALS)) for _ in range(3)]
    typed = (
        f"\ufeff{codes[0]}\r\n"
        f"  hutong:{codes[1].lower()}  \n"
        "\r\n"
        f"{codes[2].replace('-', ' - ')}\t\n"
        f"HUTONG: {saved.visitor_pass.lower()}"
    )
    code, found = scanned(desk, typed)
    assert code == exits.DONE, found
    assert [each["line"] for each in found] == [1, 2, 4, 5]
    outcomes = {each["check"]["outcome"] for each in found}  # type: ignore[index]
    assert outcomes == {"RECOGNITION_OUTCOME_RECOGNISED"}


def test_a_bad_line_is_told_and_the_next_is_taken(desk: Desk) -> None:
    good, secret = desk.code(next(SERIALS)), "my secret is 1234"
    lines = (
        secret, "410100", good[:-1], good + good, "\x00\x1b[2J", "x" * 5000, f"{good} {'x' * 5000}",
        good,
    )  # fmt: skip
    code, found = scanned(desk, "\n".join(lines) + "\n")
    assert code == exits.REFUSED
    assert [each["line"] for each in found] == list(range(1, 9))
    assert all(each["error"]["text_zh"] for each in found[:-1])  # type: ignore[index]
    assert found[-1]["check"]["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"  # type: ignore[index]
    ran = desk.at("venue", "scan", "--venue", "library", stdin=f"{secret}\n")
    assert (ran.code, "Line 1: " in ran.out, secret in ran.out + ran.err) == (3, True, False)
    zh = desk.at("venue", "scan", "--venue", "library", "--lang", "zh", stdin=f"{secret}\n")
    assert "第 1 行" in zh.out


def test_bytes_that_are_no_text_end_no_scan(desk: Desk) -> None:
    code, found = scanned(desk, "")
    assert (code, found) == (exits.DONE, [])
    code, found = scanned(desk, "\ud7ff\n\u202e410100\n")
    assert (code, len(found)) == (exits.REFUSED, 2)


def test_a_used_code_read_again_is_a_newcomers(desk: Desk) -> None:
    code = desk.code(next(SERIALS))
    ended, found = scanned(desk, f"{code}\n{code}\n")
    outcomes = [each["check"]["outcome"] for each in found]  # type: ignore[index]
    assert ended == exits.DONE
    assert outcomes == ["RECOGNITION_OUTCOME_RECOGNISED", "RECOGNITION_OUTCOME_NOT_RECOGNISED"]


def test_what_a_scan_finds_is_read_by_people_too(desk: Desk) -> None:
    code = desk.code(next(SERIALS))
    ran = desk.at("venue", "scan", "--venue", "library", "--incentive", CARD, stdin=code)
    assert ran.code == exits.DONE
    assert CARD in ran.out
    assert ROOM not in ran.out
    assert "Visitor pass" in ran.out
