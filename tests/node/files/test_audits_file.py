"""Files of a period: what was written is read, and whatever else lies in one is refused or told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.errors import HutongError
from node.audited import Period, micros
from node.files.audits import FORM, read_entries, read_period, write_period
from node.files.logs import write_entry
from tests.node.services.audit_stage import END, FIRST, MadeLog, judged

LOG = MadeLog()
PERIOD = LOG.period()
TRUE = LOG.entries[FIRST:END]


def written(path: Path) -> Path:
    with path.open("w", encoding="utf-8") as out:
        write_period(out, PERIOD, [])
        for each in TRUE:
            write_entry(out, each.kind, each.at_micros, each.commitment)
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("audits") / "good")


def holds(path: Path) -> bool:
    """Whether a file is taken for what the city signed; nothing but our own errors comes out."""
    try:
        return not judged(read_period(path), read_entries(path)).problems
    except HutongError:
        return False


def test_a_period_is_read_as_it_was_written(good: Path) -> None:
    found = read_period(good)
    assert found == PERIOD
    assert isinstance(found, Period)
    assert list(read_entries(good)) == TRUE
    assert holds(good)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_found(good: Path, tmp_path: Path, share: float) -> None:
    content = good.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: int(len(content) * share)])
    assert not holds(cut)
    whole_lines = content.splitlines(keepends=True)
    cut.write_bytes(b"".join(whole_lines[: int(len(whole_lines) * share)]))
    assert not holds(cut)


def test_a_last_line_without_its_end_is_still_the_last_line(good: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(good.read_bytes().removesuffix(b"\n"))
    assert holds(cut)


@pytest.mark.parametrize("member", ["form", "city", "since", "until"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "", "\ud800", "410101", "2026-11-24"])
def test_a_head_that_says_something_else_is_refused_or_found(
    good: Path, tmp_path: Path, member: str, value: object
) -> None:
    assert not holds(changed(good, tmp_path, member, value))


@pytest.mark.parametrize("member", ["before", "edge", "after", "newest", "consistency"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "", "x", ["x"], ["00" * 32], ["AA" * 32]])
def test_a_proof_that_is_another_one_is_refused_or_found(
    good: Path, tmp_path: Path, member: str, value: object
) -> None:
    assert not holds(changed(good, tmp_path, member, value))


@pytest.mark.parametrize("value", [None, 1, {}, "x", [1], [{}], [{}] * 1000])
def test_trust_bundles_that_are_none_are_refused(good: Path, tmp_path: Path, value: object) -> None:
    assert not holds(changed(good, tmp_path, "trust_bundles", value))


def test_a_member_more_or_less_is_refused(good: Path, tmp_path: Path) -> None:
    assert not holds(changed(good, tmp_path, "who", "somebody"))
    lines = good.read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    del head["consistency"]
    made = tmp_path / "less"
    made.write_text("".join([json.dumps(head) + "\n", *lines[1:]]))
    assert not holds(made)


@pytest.mark.parametrize(
    "line",
    [
        "\n",
        "null\n",
        "[]\n",
        '["issued"]\n',
        '["issued", 1.0, "' + "00" * 32 + '"]\n',
        '["issued", true, "' + "00" * 32 + '"]\n',
        '["issued", -1, "' + "00" * 32 + '"]\n',
        '["issued", 1e400, "' + "00" * 32 + '"]\n',
        '["issued", ' + "9" * 900 + ', ""]\n',
        '["iss\\nued", 1, "' + "00" * 32 + '"]\n',
        '["issued", 1, "' + "0" * 62 + '"]\n',
        "[" * 5000 + "\n",
        '"' + "00" * 32 + '"\n',
    ],
)
def test_a_line_that_is_no_entry_is_refused(good: Path, tmp_path: Path, line: str) -> None:
    lines = good.read_text().splitlines(keepends=True)
    made = tmp_path / "made"
    made.write_text("".join([*lines[:5], line, *lines[6:]]))
    with pytest.raises(HutongError, match="FILE_INVALID"):
        list(read_entries(made))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HutongError, match="FILE_INVALID"):
        read_period(tmp_path / "nowhere")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    made = tmp_path / "garbage"
    made.write_bytes(content)
    assert not holds(made)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_can_be_changed(good: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(good.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    was = content[place]
    content[place] = data.draw(st.integers(0, 255))
    made = tmp_path / "flipped"
    made.write_bytes(bytes(content))
    # Blanks that JSON passes over say nothing; and another period within the entries is whole, too.
    same = content[place] == was or _says_the_same(made, good)
    assert holds(made) is same


def _says_the_same(made: Path, good: Path) -> bool:
    """Whether both files hold the same, but for another period that lies within the entries."""
    try:
        one, other = read_period(made), read_period(good)
        entries = list(read_entries(made)) == list(read_entries(good))
    except HutongError:
        return False
    within = TRUE[0].at_micros < micros(one.since) and micros(one.until) <= TRUE[-1].at_micros
    return entries and within and one.since < one.until and _proofs(one) == _proofs(other)


def _proofs(period: Period) -> tuple[object, ...]:
    return period.city, period.before, period.edge, period.after, period.newest, period.consistency


def changed(good: Path, tmp_path: Path, member: str, value: object) -> Path:
    lines = good.read_text().splitlines(keepends=True)
    head: dict[str, Any] = json.loads(lines[0])
    assert head["form"] == FORM
    head[member] = value
    made = tmp_path / "changed"
    made.write_text("".join([json.dumps(head) + "\n", *lines[1:]]))
    return made
