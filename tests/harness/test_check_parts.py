"""Parts of the checker that need no run: what is found in bytes, in clocks, and in faults."""

import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from federation import codec
from federation.envelope import Envelope, Signature
from federation.identifiers import CityCode, uuid7
from federation.messages import Attestation, Claim, Disclosure, Header, ScaleReference
from node.services.asked import REFUSED
from scripts.harnessing.checking import least, peers
from scripts.harnessing.checking.evidence import Clock, clock_of
from scripts.harnessing.checking.lasting import _Call
from scripts.harnessing.checking.refusals import decoy
from scripts.harnessing.checking.ruling import SHOWN, Invariant, Tally
from scripts.harnessing.fault_kinds import Fault
from scripts.harnessing.records import Happening

HOME, HOST = CityCode("410100"), CityCode("330100")
IDS = (b"0192f0c1-2b3c-7def-8123-456789abcdef", b"0192f0c1-2b3c-7def-8123-456789abcdee")


@pytest.mark.parametrize("block", [7, 16, 40, 8 * 1024 * 1024])
@pytest.mark.parametrize("before", range(0, 20, 3))
def test_a_text_is_found_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, before: int
) -> None:
    monkeypatch.setattr(least, "_BLOCK", block)
    path = tmp_path / "store"
    path.write_bytes(b"x" * before + IDS[0] + b"yy" + IDS[0] + IDS[1][:-1])
    found = list(least.find(path, IDS))
    assert found == [(IDS[0], before), (IDS[0], before + len(IDS[0]) + 2)]


@pytest.mark.parametrize("content", [b"", b"12345", IDS[0][1:], IDS[0][:-1]])
def test_a_part_of_a_text_is_not_the_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store"
    path.write_bytes(content)
    assert list(least.find(path, IDS)) == []


def test_texts_that_anything_may_hold_are_not_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_bytes(b"12345 123456")
    assert list(least.find(path, (b"12345", b"123456"))) == [(b"123456", 6)]


def happened(at: float, fault: Fault, number: str, *, began: bool = True) -> Happening:
    recovered = None if began else 2.0
    return Happening(at, number, fault.kind, began, asdict(fault), recovered)


def test_a_clock_is_off_by_what_the_faults_of_its_own_city_say() -> None:
    ahead = Fault("clock", "wuhan", seconds=30, numbers={"seconds": 600.0})
    behind = Fault("clock", "wuhan", numbers={"seconds": -90.0})
    usual, other = Fault("clock", "wuhan"), Fault("clock", "suzhou", numbers={"seconds": 1e6})
    all_of_them = tuple(happened(1.0, each, "1") for each in (behind, ahead, usual, other))
    found = clock_of(all_of_them, "wuhan")
    assert found == Clock(-90.0, 600.0)
    assert clock_of((happened(1.0, behind, "1"),), "wuhan") == Clock(-90.0, 0.0, -90.0)
    mended = happened(1.0, behind, "1"), happened(9.0, behind, "1", began=False)
    assert clock_of(mended, "wuhan") == Clock(-90.0, 0.0, 0.0)
    assert (found.spread, found.forgets) == (690_000_000, False)
    assert clock_of(all_of_them, "suzhou").forgets
    assert clock_of((happened(1.0, usual, "1"),), "wuhan") == Clock(0.0, 120.0)
    assert clock_of(all_of_them, "nanjing") == Clock(0.0, 0.0)


def windows_of(*happenings: Happening) -> tuple[peers.Window, ...]:
    evidence: Any = SimpleNamespace(happenings=happenings, until=100.0)
    return peers.windows(evidence)


def test_of_a_line_both_ends_are_involved_and_of_all_lines_of_a_city_that_city() -> None:
    kill, cut = Fault("kill", "wuhan"), Fault("cut", "wuhan", "suzhou")
    all_lines = Fault("slow", "wuhan", "*")
    found = windows_of(
        happened(1.0, kill, "1"),
        happened(4.0, kill, "1", began=False),
        happened(2.0, cut, "2"),
        happened(3.0, all_lines, "3"),
        happened(5.0, cut, "2", began=False),
        happened(6.0, kill, "9", began=False),
    )
    assert [(w.fault, w.began, w.ended, w.cities) for w in found] == [
        ("1", 1.0, 6.0, frozenset({"wuhan"})),
        ("2", 2.0, 7.0, frozenset({"wuhan", "suzhou"})),
        ("3", 3.0, 100.0, frozenset({"wuhan"})),
    ]


def others(*acts: tuple[float, float, str, str], faults: tuple[Happening, ...]) -> Tally:
    """What is found of acts: when sent and ended, of which city, and what came of it."""
    store = sqlite3.connect(":memory:")
    store.execute("ATTACH ':memory:' AS history")
    columns = "sent, ended, city, other, outcome, verdict"
    store.execute(f"CREATE TABLE history.acts ({columns})")
    rows = [(sent, ended, city, "", outcome, "") for sent, ended, city, outcome in acts]
    store.executemany("INSERT INTO history.acts VALUES (?,?,?,?,?,?)", rows)
    cities = {
        name: SimpleNamespace(
            code=name,
            place=SimpleNamespace(pinyin=name),
            rows=lambda sql, *values: store.execute(sql, values),
        )
        for name in ("wuhan", "suzhou", "nanjing")
    }
    evidence: Any = SimpleNamespace(cities=cities, happenings=faults, until=1000.0)
    tally = Tally("others")
    peers._others_go_on(evidence, tally)
    store.close()
    return tally


KILLED = (
    happened(10.0, Fault("kill", "wuhan"), "1"),
    happened(12.0, Fault("kill", "wuhan"), "1", began=False),
)


def test_a_call_that_was_on_its_way_when_its_own_city_was_hit_is_not_of_the_fault_before() -> None:
    restart = happened(16.0, Fault("restart", "suzhou"), "2")
    lost = (15.0, 17.0, "suzhou", "UNAVAILABLE")
    assert others(lost, faults=KILLED).violations
    assert not others(lost, faults=(*KILLED, restart)).violations
    # One that had ended before was not hit.
    [found] = others((15.0, 15.5, "suzhou", "UNAVAILABLE"), faults=(*KILLED, restart)).violations
    assert found.evidence["fault"] == "1"


@pytest.mark.parametrize(
    ("failed", "count", "told"),
    [
        (1, 1, True),
        (1, 5, True),
        (1, 107, False),
        (2, 260, False),
        (5, 107, True),
        (9, 1000, False),
    ],
)
def test_as_many_as_chance_lets_fail_of_few_are_no_violation(
    failed: int, count: int, told: bool
) -> None:
    lost = [(11.0, 11.5, "nanjing", "DEADLINE")] * failed
    well = [(11.0, 11.5, "nanjing", "OK")] * (count - failed)
    found = others(*lost, *well, faults=KILLED)
    assert found.looked_at == count
    assert bool(found.violations) is told


def test_what_chance_lets_fail_is_the_tail_of_the_binomial_distribution() -> None:
    share = peers.SHARE
    assert peers.by_chance(0, 50) == 1
    assert peers.by_chance(1, 50) == pytest.approx(1 - share**50)
    two = 1 - share**50 - 50 * (1 - share) * share**49
    assert peers.by_chance(2, 50) == pytest.approx(two)
    assert peers.by_chance(100_000, 100_000) == 0


def call(outcome: str, answer: str = "", verdict: str = "", sent: float = 0.0) -> _Call:
    return _Call("id", 1, "check", sent, sent + 1.0, outcome, answer, verdict)


FIRST = call("OK", "a", "RECOGNISED")


@pytest.mark.parametrize(
    ("later", "differs"),
    [
        (call("OK", "a", sent=2.0), False),
        (call("OK", "b", sent=2.0), True),
        # Two at once: only what both were told must be the same.
        (call("OK", "b", sent=0.5), True),
        (call("OK", "b", "HOME_UNREACHABLE", sent=0.5), False),
        (call("OK", "b", "HOME_UNREACHABLE", sent=2.0), True),
        (call("ALREADY_REDEEMED", sent=0.5), False),
        (call("ALREADY_REDEEMED", sent=2.0), True),
        (call("UNREACHABLE", sent=2.0), False),
        (call("STORE_UNAVAILABLE", sent=2.0), False),
    ],
)
def test_after_the_first_answer_there_is_no_other(later: _Call, differs: bool) -> None:
    assert later.differs(FIRST) is differs


def test_of_very_many_violations_the_last_one_says_how_many_more_there_are() -> None:
    tally = Tally("some")
    for number in range(SHOWN + 7):
        tally.broken("wuhan", "不", "no", number=number, raw=b"\xff", names={"b", "a"})
    found = tally.violations
    assert len(found) == SHOWN + 1
    assert found[0].evidence == {"number": 0, "raw": "ff", "names": ["a", "b"]}
    assert found[-1].evidence == {"more": 7}


def test_what_cannot_be_read_breaks_the_invariant_and_says_where() -> None:
    def look(_evidence: object, tally: Tally) -> None:
        tally.see()
        int("none")

    nothing: Any = None
    ruling = Invariant("some", "1", "某", "some", look)(nothing)
    [violation] = ruling.violations
    assert ruling.looked_at == 1
    assert violation.evidence["error"] == "ValueError"
    assert "test_check_parts.py" in violation.evidence["where"]


def refusal(at: datetime, signature: bytes = bytes(64)) -> bytes:
    """A recorded refusal that was made then."""
    said = Attestation(
        header=Header(uuid7(at, bytes(10)), HOME, (HOST,), at, at + timedelta(hours=1)),
        request_id=uuid7(at, bytes(10)),
        request_digest=bytes(32),
        pseudonym=bytes(32),
        agreement_id="6bd9af26-4f89-888f-b43e-392fa7ff66f5",
        agreement_version=1,
        scale=ScaleReference(HOME, "shangding", 1, bytes(32)),
        claim=Claim(Disclosure.THRESHOLD, "excellent", None, None, ()),
        scenarios=("library.deposit_free",),
        as_of=at,
        status_index=0,
    )
    payload = codec.ATTESTATION.encode(said)
    signed = (Signature("key", signature),)
    envelope = Envelope(codec.ATTESTATION.payload_type, payload, signed)
    return REFUSED + codec.envelope_to_bytes(envelope)


def test_a_refusal_on_the_second_is_as_long_as_any_but_a_byte_more_is_found() -> None:
    fraction = datetime(2026, 11, 29, 21, 5, 36, 439216, tzinfo=UTC)
    whole = fraction.replace(microsecond=0)
    assert len(refusal(fraction)) == len(refusal(whole)) + 18
    assert decoy(refusal(fraction)) == decoy(refusal(whole))
    problem, kind, length = decoy(refusal(fraction, bytes(65)))
    assert (problem, kind) == decoy(refusal(whole))[:2]
    assert length == decoy(refusal(whole))[2] + 1
