"""Receipts are verified by Node.js alone, with no code of ours but the script that is read here."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from federation.receipt import receipt_to_json
from scripts import nodejs
from tests.federation import receipts
from tests.federation.make import HANGZHOU, ZHENGZHOU, signer

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "vectors"
SCRIPT = ROOT / "scripts" / "verify_receipt.mjs"
INDEX: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "index.json").read_text("utf-8"))
RECEIPTS = {str(vector["name"]): vector for vector in INDEX["receipts"]}

# What needs the trust bundles, the statement's words, a clock, or one form of JSON: the head of
# the script says that it does not look at these.
UNSEEN = {
    "receipt--base64-with-a-space",
    "receipt--bundle-under-another-name",
    "receipt--checkpoint-signed-with-a-lost-key",
    "receipt--city-twice",
    "receipt--from-the-future",
    "receipt--member-twice",
    "receipt--of-two-things",
    "receipt--place-that-is-no-whole-number",
    "receipt--says-more-than-was-signed",
    "receipt--says-nothing",
    "receipt--signed-twice",
    "receipt--signed-with-a-key-that-had-ended",
    "receipt--signed-with-a-key-that-had-not-begun",
    "receipt--signed-with-a-lost-key",
    "receipt--unknown-member",
    "receipt--unknown-member-in-the-entry",
}


@cache
def node() -> str:
    found = nodejs.find()
    assert found is not None
    return found


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [node(), str(SCRIPT), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_holds_for_javascript_where_its_proofs_do(name: str) -> None:
    vector = RECEIPTS[name]
    ran = run(FOLDER / vector["file"])
    holds = "holds" in vector["expected"] or name in UNSEEN
    assert (ran.returncode, ran.stderr) == (0 if holds else 1, "")
    assert ran.stdout.splitlines()[-1].startswith("the receipt holds" if holds else "no  ")


def test_what_javascript_does_not_see_is_seen_by_the_command() -> None:
    assert {name for name in UNSEEN if "refused" in RECEIPTS[name]["expected"]} == UNSEEN


def test_each_step_is_told_with_the_ids_of_the_keys(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(receipts.batched()), "utf-8")
    said = run(file).stdout
    assert said.count("ok  ") == 6
    assert signer(ZHENGZHOU).key_id in said
    assert f"cosigned by {HANGZHOU} at 2026-11-24T02:00:02.000Z" in said
    assert "checkpoint of 11 entries" in said
    assert "entry 6 of the log" in said
    assert "number 3 of 5" in said


def test_keys_that_the_verifier_brings_count_alone(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(receipts.single()), "utf-8")
    own, other = (signer(city).public_key.hex() for city in (ZHENGZHOU, HANGZHOU))
    assert run(file, "--key", own.upper()).stdout.splitlines()[-1] == "the receipt holds"
    assert run(file, "--key", other).returncode == 1
    assert run(file, "--key", other, "--key", own).returncode == 0


@pytest.mark.parametrize("words", [(), ("--key",), ("f.json", "--key"), ("f.json", "--keys", "00")])
def test_misuse_is_told_from_a_receipt_that_does_not_hold(words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.returncode == 2
    assert "usage" in ran.stderr


def test_places_beyond_32_bits_are_climbed_without_rounding(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(receipt_to_json(receipts.in_a_huge_log()), "utf-8")
    assert run(file).returncode == 0
