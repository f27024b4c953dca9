import json
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from federation import codec
from federation.agreement import check_agreement, terms
from federation.codec import STATEMENTS, envelope_from_bytes, envelope_to_bytes
from federation.envelope import (
    Envelope,
    Keyring,
    Statement,
    Verified,
    envelope_from_json,
    envelope_to_json,
    open_envelope,
)
from federation.errors import HutongError
from federation.freshness import check_asked_now
from federation.messages import ScoreScale, TrustBundle
from federation.recognition import recognise
from federation.rendering import plain
from federation.statements import Message
from federation.trust import open_bundle_chain, open_first_bundle, open_next_bundle, signing_keys

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "vectors"
INDEX: dict[str, dict[str, Any]] = {
    vector["name"]: vector for vector in json.loads((FOLDER / "index.json").read_text())["vectors"]
}
KINDS = {statement.label: statement for statement in STATEMENTS}
FILES = [(name, form) for name, vector in INDEX.items() for form in vector["files"]]


def read(vector: dict[str, Any], form: str) -> Envelope:
    data = (FOLDER / vector["files"][form]).read_bytes()
    return envelope_from_bytes(data) if form == "binary" else envelope_from_json(data)


def opened(name: str, form: str = "binary") -> Message:
    """The message of a vector, by the procedure that its entry names."""
    vector = INDEX[name]
    envelope, now = read(vector, form), datetime.fromisoformat(vector["now"])
    if vector["check"] in ("first-bundle", "next-bundle", "bundle-chain"):
        return bundle(vector, envelope, now)
    statement: Statement[Any] = KINDS[vector["statement"]]
    rings = [keys(signer) for signer in vector["signed_by"]]
    verified = open_envelope(
        envelope, statement, signed_by=rings, audience=vector["audience"], now=now
    )
    if vector["check"] == "question":
        check_asked_now(verified.message.header, statement.label, now)
    elif vector["check"] == "agreement":
        found = (opened(scale) for scale in vector["given"]["scales"])
        scales = {s.header.issuer: s for s in found if isinstance(s, ScoreScale)}
        check_agreement(verified.message, scales)
    elif vector["check"] == "recognise":
        recognised(vector, verified, now)
    else:
        assert vector["check"] == "open"
    message: Message = verified.message
    return message


def bundle(vector: dict[str, Any], envelope: Envelope, now: datetime) -> TrustBundle:
    audience, given = vector["audience"], vector["given"]
    if vector["check"] == "first-bundle":
        return open_first_bundle(envelope, given["fingerprint"], audience=audience, now=now).message
    current = opened(given["current"])
    assert isinstance(current, TrustBundle)
    if vector["check"] == "bundle-chain":
        # A link is whatever lies in its file, good or not.
        chain = [*(read(INDEX[link], "binary") for link in given["links"]), envelope]
        return open_bundle_chain(current, chain, audience=audience, now=now).message
    return open_next_bundle(current, envelope, audience=audience, now=now).message


def keys(name: str) -> Keyring:
    found = opened(name)
    assert isinstance(found, TrustBundle)
    return signing_keys(found)


def recognised(vector: dict[str, Any], attestation: Verified[Any], now: datetime) -> None:
    given = vector["given"]
    asked = INDEX[given["request"]]
    request = open_envelope(
        read(asked, "binary"),
        codec.ATTESTATION_REQUEST,
        signed_by=[keys(signer) for signer in asked["signed_by"]],
        audience=asked["audience"],
        now=now,
    )
    agreement: Any = opened(given["agreement"])
    scale: Any = opened(given["scale"])
    home = attestation.message.scale.city
    recognise(attestation, request, terms(agreement, home, {home: scale}), scale, now)


@pytest.mark.parametrize(("name", "form"), FILES)
def test_a_vector_gives_what_its_entry_says(name: str, form: str) -> None:
    result: dict[str, object]
    try:
        result = {"opened": plain(opened(name, form))}
    except HutongError as error:
        result = {"refused": error.reason.name}
    assert result == INDEX[name]["expected"]


@pytest.mark.parametrize("name", [n for n, v in INDEX.items() if "opened" in v["expected"]])
def test_both_forms_of_a_good_vector_are_one_envelope(name: str) -> None:
    binary, text = (FOLDER / file for file in INDEX[name]["files"].values())
    assert envelope_from_bytes(binary.read_bytes()) == envelope_from_json(text.read_bytes())
    assert envelope_to_bytes(envelope_from_json(text.read_bytes())) == binary.read_bytes()
    assert envelope_to_json(envelope_from_bytes(binary.read_bytes())) + "\n" == text.read_text()


def test_each_kind_of_statement_has_good_vectors_and_several_flawed() -> None:
    good = Counter(v["statement"] for v in INDEX.values() if "opened" in v["expected"])
    flawed = Counter(v["statement"] for v in INDEX.values() if "refused" in v["expected"])
    assert set(good) == set(flawed) == set(KINDS)
    assert min(good.values()) >= 1
    assert min(flawed.values()) >= 5


def test_every_file_is_in_the_index() -> None:
    listed = {file for vector in INDEX.values() for file in vector["files"].values()}
    whole = json.loads((FOLDER / "index.json").read_text())
    loose = [found for kind in whole.keys() - {"vectors"} for found in whole[kind]]
    listed |= {found["file"] for found in loose}
    assert {path.name for path in FOLDER.iterdir()} == listed | {"index.json", "README.md"}


def test_the_vectors_are_as_the_script_makes_them() -> None:
    script = [sys.executable, "scripts/generate_vectors", "--check"]
    done = subprocess.run(script, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
