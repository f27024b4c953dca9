"""Private keys: for the node alone, refused where others may read them, shown by nothing."""

import hashlib
import hmac
import os
import stat
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import codec
from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from node.errors import KEY_UNUSABLE
from node.initialise import init_node
from node.keys import FileKeys, KeyFolder
from node.keys.files import (
    private_pem,
    read_certificate,
    read_private,
    read_signer,
    write_private,
)


class StandingClock:
    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("node")
    init_node(
        directory,
        city=CityCode("410100"),
        name_zh="郑州",
        name_en="Zhengzhou",
        peer_address="127.0.0.1:7443",
        local_address="127.0.0.1:7444",
    )
    return directory


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> KeyFolder:
    """A copy of a node's keys, to be spoilt."""
    copy = KeyFolder(tmp_path)
    copy.root.mkdir(mode=0o700)
    for file in KeyFolder(made).root.iterdir():
        write_private(copy.root / file.name, file.read_bytes())
    copy.first_bundle.write_bytes(KeyFolder(made).bundle.read_bytes())
    return copy


def unusable(folder: KeyFolder, path: Path) -> str:
    with pytest.raises(HutongError) as found:
        FileKeys(folder)
    assert found.value.reason == KEY_UNUSABLE
    assert found.value.fields["path"] == str(path)
    return found.value.fields["problem"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_key_is_written_for_the_node_alone_whatever_the_mask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        path = tmp_path / "keys" / "one.pem"
        write_private(path, b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "one.pem"
    write_private(path, b"first")
    with pytest.raises(FileExistsError):
        write_private(path, b"second")
    assert path.read_bytes() == b"first"
    dangling = tmp_path / "link.pem"
    dangling.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_private(dangling, b"second")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_may_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "one.pem"
    write_private(path, b"secret")
    path.chmod(mode)
    with pytest.raises(HutongError) as found:
        read_private(path)
    assert found.value.fields == {"path": str(path), "problem": "others may read it"}
    path.chmod(0o400)
    assert read_private(path) == b"secret"


def test_every_private_file_of_a_node_is_for_the_node_alone(made: Path) -> None:
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in KeyFolder(made).root.iterdir()}
    assert set(modes.values()) == {0o600}
    clients = [p for p in KeyFolder(made).clients.iterdir() if p.suffix == ".key"]
    assert clients
    assert {stat.S_IMODE(p.stat().st_mode) for p in clients} == {0o600}


def test_a_missing_key_is_told_by_its_path(folder: KeyFolder) -> None:
    folder.signing_key.unlink()
    assert unusable(folder, folder.signing_key) == "No such file or directory"
    with pytest.raises(HutongError):
        read_certificate(folder.root / "missing.crt")


def test_a_key_of_another_kind_or_none_is_refused(folder: KeyFolder) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    locked = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    for content in (curve, locked, b"", b"garbage", curve[:40]):
        folder.signing_key.write_bytes(content)
        assert unusable(folder, folder.signing_key).startswith(("it holds ", "it is under a "))


def test_a_document_key_of_another_length_is_refused(folder: KeyFolder) -> None:
    folder.document_key.write_bytes(b"short")
    assert unusable(folder, folder.document_key) == "it has not 32 bytes"


def test_a_trust_bundle_that_is_none_is_refused_by_its_path(folder: KeyFolder) -> None:
    folder.bundle.write_text("{}")
    with pytest.raises(HutongError) as found:
        FileKeys(folder)
    assert found.value.reason == MALFORMED
    assert found.value.fields["where"] == str(folder.bundle)


def test_no_key_is_shown_by_any_text(folder: KeyFolder) -> None:
    keys = FileKeys(folder)
    signer = read_signer(folder.signing_key)
    loaded = serialization.load_pem_private_key(folder.signing_key.read_bytes(), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    raw, document = loaded.private_bytes_raw(), folder.document_key.read_bytes()
    shown = f"{keys!r} {keys} {signer!r} {signer} {keys.key_id}"
    for secret in (raw, document):
        for form in (secret.hex(), repr(secret), str(list(secret))):
            assert form not in shown


def test_an_error_names_the_file_and_nothing_in_it(folder: KeyFolder) -> None:
    pem = private_pem(Ed25519PrivateKey.generate())
    body = pem.splitlines()[1].decode()
    folder.signing_key.write_bytes(pem.replace(b"PRIVATE KEY", b"SECRET THING"))
    try:
        FileKeys(folder)
    except HutongError as error:
        told = "".join(traceback.format_exception(error)) + error.text("zh")
    assert str(folder.signing_key) in told
    assert body not in told


def test_a_document_is_digested_under_the_citys_own_key(folder: KeyFolder) -> None:
    keys, number = FileKeys(folder), "999999199012217071"
    secret = folder.document_key.read_bytes()
    expected = hmac.digest(secret, b"1\0" + number.encode(), hashlib.sha256)
    assert keys.document_digest(1, number) == expected
    assert keys.document_digest(2, number) != expected
    assert hashlib.sha256(number.encode()).digest() != expected


def clock_of(folder: KeyFolder, days: int = 0) -> StandingClock:
    bundle = codec.TRUST_BUNDLE.decode(FileKeys(folder).bundle.payload)
    return StandingClock(bundle.header.issued_at + timedelta(days=days))


def problem(keys: FileKeys, clock: StandingClock) -> str:
    with pytest.raises(HutongError) as found:
        keys.probe(clock)
    assert found.value.reason == KEY_UNUSABLE
    return found.value.fields["problem"]


def test_health_tells_the_truth_of_a_signing_key(folder: KeyFolder) -> None:
    keys, clock = FileKeys(folder), clock_of(folder)
    keys.probe(clock)
    assert problem(keys, clock_of(folder, 366)) == "its key is not valid now"
    assert problem(keys, StandingClock(datetime(2000, 1, 1, tzinfo=UTC))) == (
        "its key is not valid now"
    )
    kept = folder.signing_key.read_bytes()
    folder.signing_key.write_bytes(private_pem(Ed25519PrivateKey.generate()))
    assert problem(keys, clock) == "it holds another key than this node started with"
    assert unusable(folder, folder.signing_key) == "its key is not in the trust bundle"
    folder.signing_key.chmod(0o644)
    assert problem(keys, clock) == "others may read it"
    folder.signing_key.unlink()
    assert problem(keys, clock) == "No such file or directory"
    write_private(folder.signing_key, kept)
    keys.probe(clock)
