"""Receipts as they are told, also those that a stranger made, of no form that our cities use."""

from pathlib import Path

import pytest

from federation.receipt import receipt_to_json
from node.cli import exits
from tests.federation.receipts import GOOD, consent
from tests.node.cli.conftest import Run


@pytest.mark.parametrize(
    "content",
    [b"no JSON at all", b"[]", b"null", b'{"items": [1]}', b'{"items": 5}', b'"\\u001b[2J"'],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_stranger_had_consented_to_is_shown_as_it_is(
    run: Run, tmp_path: Path, content: bytes, language: str
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(consent(content)), "utf-8")
    ran = run("--lang", language, "receipt", "verify", file)
    assert ran.code == exits.DONE, ran.err
    assert "\x1b[2J" not in ran.out
    assert run("--json", "receipt", "verify", file).json["holds"] is True


@pytest.mark.parametrize(("kind", "steps"), [("single", 6), ("batched", 7), ("consent", 4)])
def test_the_steps_that_are_taken_are_counted_without_a_gap(
    run: Run, tmp_path: Path, kind: str, steps: int
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(GOOD[kind]()), "utf-8")
    ran = run("receipt", "verify", file)
    assert ran.code == exits.DONE, ran.err
    told = [line.split(".")[0] for line in ran.out.splitlines() if line.endswith(": ok")]
    assert told == [str(number) for number in range(1, steps + 1)]
