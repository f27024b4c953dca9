"""Secrets that are planted are found and never shown; those of the repository are known and few."""

import base64
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12

from federation.identifiers import CityCode
from node.initialise import init_node
from node.keys.files import document_key_content, private_pem
from scripts.secret_rules import secrets_in

ROOT = Path(__file__).resolve().parent.parent
SCAN = ROOT / "scripts" / "scan_secrets"
KNOWN = ROOT / "scripts" / "known_secrets.toml"

SEED = bytes(range(1, 33))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
CURVE = ec.derive_private_key(123456789, ec.SECP256R1())
OTHER_CURVE = ec.derive_private_key(123456789, ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)
DER = serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8
CLEAR = serialization.NoEncryption()


def pem(encoding_of: str) -> bytes:
    forms = {
        "rsa": lambda: RSA.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR
        ),
        "openssh": lambda: KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, CLEAR
        ),
        "ec": lambda: CURVE.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR
        ),
    }
    return forms[encoding_of]()


# Each is put together here, so that this file holds none.
PLANTED: dict[str, bytes] = {
    "a signing key": private_pem(KEY),
    "a signing key under a passphrase": private_pem(KEY, b"a passphrase"),
    "a key of a certificate": private_pem(CURVE),
    "a document key under a passphrase": document_key_content(SEED, b"a passphrase"),
    "a key of RSA": pem("rsa"),
    "a key of OpenSSH": pem("openssh"),
    "a key on a curve in its old form": pem("ec"),
    "a key in DER": KEY.private_bytes(DER, PKCS8, CLEAR),
    "a key on a curve in DER": CURVE.private_bytes(DER, PKCS8, CLEAR),
    "a key without the lines around it": base64.b64encode(KEY.private_bytes(DER, PKCS8, CLEAR)),
    "a key on a curve without them": base64.b64encode(CURVE.private_bytes(DER, PKCS8, CLEAR)),
    "a key in hexadecimal": KEY.private_bytes(DER, PKCS8, CLEAR).hex().encode(),
    "an identity of backups": str(pyrage.x25519.Identity.generate()).encode(),
    "a key on another curve": OTHER_CURVE.private_bytes(DER, PKCS8, CLEAR),
    "a key on another curve in base64": base64.b64encode(
        OTHER_CURVE.private_bytes(DER, PKCS8, CLEAR)
    ),
    "a key on a curve in its old form in DER": CURVE.private_bytes(
        DER, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR
    ),
    "a key on a curve in its old form in base64": base64.b64encode(
        CURVE.private_bytes(DER, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR)
    ),
    "a key on a curve in hexadecimal": CURVE.private_bytes(DER, PKCS8, CLEAR).hex().encode(),
    "a key of RSA in DER": RSA.private_bytes(DER, PKCS8, CLEAR),
    "a key of RSA in base64": base64.b64encode(RSA.private_bytes(DER, PKCS8, CLEAR)),
    "keys in a file of PKCS #12": pkcs12.serialize_key_and_certificates(
        b"node", KEY, None, None, serialization.BestAvailableEncryption(b"a passphrase")
    ),
    "a JSON web key": b'{"kty": "OKP", "crv": "Ed25519", "d": "'
    + base64.urlsafe_b64encode(SEED).rstrip(b"=")
    + b'", "x": "AAAA"}',
    "a key of PuTTY": b"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-"
    b"Lines: 1\n" + base64.b64encode(SEED + b"more"),
    "a password of the store in its query": b"postgresql://hutong@db.example/hutong"
    b"?password="
    b"hunter2",
    "a password of the store in words": b"host=db.example user=hutong " + b"password=" + b"hunter2",
    "a password of psql": b"PG" + b"PASSWORD=hunter2",
    "a password of a machine": b"machine db.example login hutong " + b"password hunter2",
    "a name and password": b"Authorization: Basic " + base64.b64encode(b"hutong:hunter2"),
    "a key of a cloud here": b"LTAI" + b"5tAbCdEfGhIjKlMnOpQr",
    "a key of another cloud here": b"AKID" + b"a1B2c3D4" * 4,
    "a key of a map": b"AIza" + b"SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "a password of the store": b"postgresql://hutong:" + b"hunter2@db.example/hutong",
    "a password of a proxy": b"https://name:" + b"s3cr3t.pw@proxy.example:8080/",
    "a passphrase of keys": b"HUTONG_KEY_PASSPHRASE=" + b"correct-horse",
    "a PIN of a token": b'HUTONG_PKCS11_PIN: "' + b'1234-ab"',
    "a token of a bearer": b"Authorization: Bearer " + b"abcdefghijklmnop0123456789",
    "a token of a web": b"eyJhbGciOiJIUzI1NiJ9" + b".eyJzdWIiOiIxMjM0In0." + b"c2lnbmF0dXJl",
    "a token of a code host": b"ghp" + b"_" + b"a1B2" * 9,
    "a token of another": b"glpat" + b"-" + b"a1B2c3D4e5F6g7H8i9J0",
    "a key of a cloud": b"AKIA" + b"IOSFODNN7EXAMPLE",
    "a key of another cloud": b"AccountKey=" + b"a1B2" * 21 + b"abc=",
    "a token of a chat": b"xoxb" + b"-123456789012-123456789012-" + b"abcdefABCDEF",
    "a key of a till": b"sk" + b"_live_" + b"a1B2c3D4e5F6g7H8i9J0k1L2",
}
AROUND: dict[str, Callable[[bytes], bytes]] = {
    "alone": lambda secret: secret,
    "among lines": lambda secret: b"x = 1\n\n" + secret + b"\ny = 2\n",
    "after much": lambda secret: b"nothing to see\n" * 2000 + secret,
}
# What JSON and Python make of several lines.
IN_TEXT = [name for name in PLANTED if not PLANTED[name].isascii() or name == "a key in DER"]


def rules(path: str, content: bytes) -> set[str]:
    return {each.rule for each in secrets_in(path, content)}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, around: str) -> None:
    content = AROUND[around](PLANTED[name])
    found = secrets_in("notes/plan.txt", content)
    assert found
    assert all(1 <= each.line <= content.count(b"\n") + 1 for each in found)
    for each in found:
        assert each.secret.decode("utf-8", "replace") not in repr(each)


@pytest.mark.parametrize("name", sorted(PLANTED.keys() - set(IN_TEXT)))
def test_what_is_planted_in_a_string_of_a_log_or_a_program_is_found(name: str) -> None:
    text = PLANTED[name].decode()
    one_line = text.replace('"', '\\"').replace("\n", "\\n")
    assert rules("a.log", f'{{"event": "{one_line}", "level": "info"}}\n'.encode())
    assert rules("a.py", repr(text).encode())
    assert rules("a.toml", b'key = """\n' + PLANTED[name] + b'"""\n')
    in_parts = "\n".join(f'    "{line}\\n"' for line in text.replace('"', "'").split("\n"))
    assert rules("b.py", f"KEY = (\n{in_parts}\n)\n".encode())


def test_a_secret_that_a_program_assigns_is_found_but_not_in_tests() -> None:
    line = b'DATABASE_PASSWORD = "' + b'tr0ub4dor&3"\n'
    assert rules("node/config.py", line) == {"assigned secret"}
    assert rules("tests/node/test_config.py", line) == set()


def test_a_document_key_is_found_by_its_bytes_and_by_its_name() -> None:
    assert rules("keys/document.key", SEED) == {"document key"}
    assert rules("anything", bytes(range(200, 232))) == {"document key"}
    assert rules("a.txt", b"thirty-two characters of a text\n") == set()


def test_a_secret_in_a_file_of_libpq_or_of_two_bytes_a_character_is_found() -> None:
    line = b"# passwords\ndb.example:5432:hutong:hutong_serve:" + b"hunter2\n"
    assert rules(".pgpass", line) == {"password of a database"}
    assert rules("/etc/pgpass.conf", line) == {"password of a database"}
    assert rules("a.txt", line) == set()
    for name in ("a signing key", "a password of the store"):
        assert rules("a.txt", PLANTED[name].decode().encode("utf-16")), name


@pytest.mark.parametrize(
    "harmless",
    [
        b"postgresql://USER:PASSWORD@HOST/DATABASE",
        "postgresql://用户:口令@主机/数据库".encode(),
        b"https://node.example:7443/a@b",
        b"f'postgresql://{user}:{password}@{host}/x'",
        b'_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"',
        b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUX\n-----END CERTIFICATE-----\n",
        b"Set HUTONG_KEY_PASSPHRASE or HUTONG_PKCS11_PIN, and look again.",
        b'HUTONG_KEY_PASSPHRASE="$(cat passphrase)"',
        b"password = os.environ['PASSWORD']",
        b'passphrase: bytes | None = None, secret = ""',
        b"postgresql://hutong@HOST/DATABASE?password=PASSWORD",
        b"Set PGPASSWORD, or write ~/.pgpass; host=HOST user=hutong password=PASSWORD",
        RSA.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        OTHER_CURVE.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        base64.b64encode(
            OTHER_CURVE.public_key().public_bytes(
                DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        ),
        b'{"kty": "OKP", "crv": "Ed25519", "x": "'
        + base64.urlsafe_b64encode(SEED).rstrip(b"=")
        + b'"}',
        KEY.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        CURVE.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    ],
)
def test_what_only_speaks_of_secrets_is_left_alone(harmless: bytes) -> None:
    assert rules("docs/page.md", harmless) == set()


def test_a_node_keeps_its_secrets_in_its_key_files_and_nowhere_else(tmp_path: Path) -> None:
    init_node(
        tmp_path,
        city=CityCode("410100"),
        name_zh="郑州",
        name_en="Zhengzhou",
        peer_address="127.0.0.1:7443",
        local_address="127.0.0.1:7444",
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    holding = {path for path in files if rules(path.name, path.read_bytes())}
    keys, clients = tmp_path / "keys", tmp_path / "clients"
    private = {*keys.glob("*.pem"), keys / "document.key", *clients.glob("*.key")}
    assert holding == private
    assert len(files) > len(private) > 8


def scanned(*paths: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCAN, *map(str, paths)], check=False, capture_output=True, text=True
    )


def test_what_is_known_is_little_and_has_a_reason() -> None:
    known = tomllib.loads(KNOWN.read_text("utf-8")).get("known", [])
    assert len(known) < 10
    for each in known:
        assert each.keys() == {"path", "rule", "digest", "reason"}
        assert len(each["reason"].split()) > 3
        assert each["path"].startswith("tests/")


def test_the_command_names_the_place_and_does_not_show_the_secret(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "node.log"
    log.parent.mkdir()
    secret = PLANTED["a password of the store"]
    log.write_bytes(b'{"event":"serving"}\n{"problem":"' + secret + b'"}\n')
    (tmp_path / "logs" / "metrics").write_text("hutong_degraded 0\n")
    ran = scanned(tmp_path)
    assert ran.returncode == 3
    assert f"{log}:2: password in an address" in ran.stdout
    assert "hunter2" not in ran.stdout + ran.stderr
    log.write_bytes(b'{"event":"serving"}\n')
    assert scanned(tmp_path).returncode == 0
    assert scanned(tmp_path / "nowhere").returncode == 2
