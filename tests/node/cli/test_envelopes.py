import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation import codec
from federation.envelope import Envelope, add_signature, envelope_from_json, envelope_to_json, seal
from federation.identifiers import CityCode, uuid7
from federation.messages import AttestationRequest, Disclosure, Header
from federation.trust import fingerprint
from node.cli import exits
from node.keys import KeyFolder
from node.keys.files import read_signer
from tests.node.cli.conftest import Ran, Run

HANGZHOU = CityCode("330100")
# Later than whenever the fixtures make their keys: a whole suite may run before.
ISSUED = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)


@pytest.fixture
def bundle(node_folder: Path) -> Path:
    return KeyFolder(node_folder).bundle


@pytest.fixture
def request_file(node_folder: Path, tmp_path: Path) -> Path:
    """An attestation request by Zhengzhou to Hangzhou, in JSON."""
    header = Header(
        statement_id=uuid7(ISSUED, bytes(10)),
        issuer=CityCode("410100"),
        audience=(HANGZHOU,),
        issued_at=ISSUED,
        expires_at=ISSUED + timedelta(minutes=1),
    )
    message = AttestationRequest(
        header=header,
        agreement_id=uuid7(ISSUED, bytes(10)),
        agreement_version=1,
        presentation_code=bytes(16),
        pseudonym=None,
        scenarios=("library.deposit_free",),
        disclosure=Disclosure.BAND,
    )
    signer = read_signer(KeyFolder(node_folder).signing_key)
    path = tmp_path / "request.json"
    path.write_text(envelope_to_json(seal(codec.ATTESTATION_REQUEST, message, [signer])))
    return path


def _verify(run: Run, path: Path, bundle: Path, *more: object) -> Ran:
    shown = ("--json", "envelope", "verify", path, "--bundle", bundle, "--at", ISSUED.isoformat())
    return run(*shown, *(more or ("--audience", "hangzhou")))


def _changed(path: Path, **changes: object) -> None:
    found = envelope_from_json(path.read_text())
    values = {name: getattr(found, name) for name in ("payload_type", "payload", "signatures")}
    path.write_text(envelope_to_json(Envelope(**(values | changes))))


def test_an_envelope_is_shown_and_said_to_be_unbelieved(run: Run, bundle: Path) -> None:
    ran = run("envelope", "show", bundle)
    assert ran.code == exits.DONE
    assert ran.out.startswith("Nothing below is verified")
    for said in ("trust-bundle", "410100", "every city", "郑州", '"sequence": 1'):
        assert said in ran.out


def test_the_binary_form_is_told_by_its_content(run: Run, bundle: Path, tmp_path: Path) -> None:
    envelope = envelope_from_json(bundle.read_text())
    (tmp_path / "binary.json").write_bytes(codec.envelope_to_bytes(envelope))
    shown = run("--json", "envelope", "show", tmp_path / "binary.json").json
    assert shown == run("--json", "envelope", "show", bundle).json
    assert shown["verified"] is False


def test_a_forged_envelope_is_shown_but_never_verified(
    run: Run, request_file: Path, bundle: Path
) -> None:
    found = envelope_from_json(request_file.read_text())
    _changed(request_file, payload=found.payload[:-1] + b"\x01")
    assert run("envelope", "show", request_file).code == exits.DONE
    ran = _verify(run, request_file, bundle)
    assert ran.code == exits.REFUSED
    assert ran.json["error"]["reason"] == "BAD_SIGNATURE"
    assert ran.json["steps"] == ["ok", "bad", "open", "open", "open", "open"]


def test_an_envelope_by_its_signer_is_verified_step_by_step(
    run: Run, request_file: Path, bundle: Path
) -> None:
    ran = _verify(run, request_file, bundle)
    assert ran.code == exits.DONE
    assert ran.json["verified"] is True
    assert ran.json["steps"] == ["ok"] * 6
    shown = run("envelope", "verify", request_file, "--bundle", bundle, "--audience", "hangzhou",
                "--at", ISSUED.isoformat())  # fmt: skip
    assert "Verified: attestation-request, issued by 410100" in shown.out


@pytest.mark.parametrize(
    ("more", "reason", "step"),
    [
        (("--audience", "wuhan"), "WRONG_AUDIENCE", 5),
        (
            ("--audience", "hangzhou", "--at", (ISSUED + timedelta(hours=1)).isoformat()),
            "EXPIRED",
            6,
        ),
        (
            ("--audience", "hangzhou", "--at", (ISSUED - timedelta(hours=7)).isoformat()),
            "KEY_NOT_VALID",
            2,
        ),
    ],
)
def test_a_refusal_names_its_step(
    run: Run, request_file: Path, bundle: Path, more: tuple[str, ...], reason: str, step: int
) -> None:
    ran = _verify(run, request_file, bundle, *more)
    assert ran.code == exits.REFUSED
    assert ran.json["error"]["reason"] == reason
    assert ran.json["steps"][step - 1] == "bad"


def test_an_unknown_type_a_second_key_and_hidden_bytes_are_refused_in_their_steps(
    run: Run, request_file: Path, bundle: Path, node_folder: Path
) -> None:
    plain = request_file.read_text()
    found = envelope_from_json(plain)
    _changed(request_file, payload_type="text/plain")
    ran = _verify(run, request_file, bundle)
    assert (ran.json["error"]["reason"], ran.json["steps"][0]) == ("WRONG_TYPE", "bad")
    _changed(request_file, payload_type=found.payload_type, signatures=found.signatures * 2)
    ran = _verify(run, request_file, bundle)
    assert (ran.json["error"]["reason"], ran.json["steps"][0]) == ("MALFORMED", "bad")
    _changed(request_file, signatures=())
    ran = _verify(run, request_file, bundle)
    assert (ran.json["error"]["reason"], ran.json["steps"][2]) == ("MISSING_SIGNATURE", "bad")
    signer = read_signer(KeyFolder(node_folder).signing_key)
    hidden = Envelope(found.payload_type, found.payload + b"\xf8\x3e\x01", ())
    request_file.write_text(envelope_to_json(add_signature(hidden, signer)))
    ran = _verify(run, request_file, bundle)
    assert (ran.json["error"]["reason"], ran.json["steps"][3]) == ("NOT_CANONICAL", "bad")


def test_a_first_bundle_is_verified_by_the_fingerprint_that_was_read_out(
    run: Run, bundle: Path
) -> None:
    compared = fingerprint(envelope_from_json(bundle.read_text()))
    verify = ("envelope", "verify", bundle, "--audience", "hangzhou")
    assert run(*verify, "--fingerprint", compared).code == exits.DONE
    ran = run("--json", *verify, "--fingerprint", "0" * 64)
    assert (ran.code, ran.json["error"]["reason"]) == (exits.REFUSED, "WRONG_FINGERPRINT")
    assert ran.json["steps"] == ["open"] * 6
    ran = run("--json", *verify, "--bundle", bundle)
    assert (ran.code, ran.json["error"]["reason"]) == (exits.REFUSED, "BUNDLE_ROLLBACK")
    assert run(*verify).code == exits.USAGE


def test_the_city_of_the_settings_verifies_where_no_other_is_named(
    run: Run, bundle: Path, node_folder: Path
) -> None:
    compared = fingerprint(envelope_from_json(bundle.read_text()))
    settings = ("--settings", node_folder / "hutong.toml")
    ran = run(*settings, "envelope", "verify", bundle, "--fingerprint", compared)
    assert ran.code == exits.DONE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"{",
        b"{}",
        b"[]",
        b"\xff" * 100,
        b'{"payload": "", "payloadType": "", "signatures": [], "more": 1}',
        b" " * 300_000,
        b"{" * 300_000,
    ],
)
def test_what_is_no_envelope_is_refused_in_one_line(
    run: Run, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    for command in (["show"], ["verify", "--audience", "wuhan", "--bundle", "file"]):
        ran = run("envelope", *command, tmp_path / "file")
        assert ran.code == exits.REFUSED
        assert len(ran.err.splitlines()) == 1


def test_a_bundle_that_nobody_signed_is_no_bundle(
    run: Run, request_file: Path, bundle: Path
) -> None:
    _changed(bundle, signatures=())
    ran = _verify(run, request_file, bundle)
    assert (ran.code, ran.json["error"]["reason"]) == (exits.REFUSED, "FILE_INVALID")


def test_an_endless_file_is_refused_after_its_limit(run: Run) -> None:
    assert run("envelope", "show", "/dev/zero").code == exits.REFUSED


def test_an_envelope_cannot_write_to_the_terminal(run: Run, tmp_path: Path) -> None:
    envelope = {"payload": "", "payloadType": "\x1b[2J", "signatures": []}
    (tmp_path / "file").write_text(json.dumps(envelope))
    assert "\x1b" not in run("envelope", "show", tmp_path / "file").out
