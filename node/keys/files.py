"""Files that only the node's user may read, in PEM, encrypted where a passphrase is given.

An error names the file, never what is in it. A file is written whole or not at all.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.errors import HutongError
from federation.keys import Ed25519Signer
from node.certificates import Identity
from node.errors import KEY_UNUSABLE
from node.keys.folder import KeyFolder

_OTHERS: Final = 0o077
_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_BEGIN: Final = b"-----BEGIN"
DOCUMENT_KEY_BYTES: Final = 32

_REMEDY: Final = "give the right one by key_passphrase_file or HUTONG_KEY_PASSPHRASE"

AnyKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only the node's user may read; never over another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_whole(path: Path, content: bytes) -> None:
    """Write a private file, or its new content; a crash leaves the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    write_private(part, content)
    part.replace(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make what was renamed or removed in `directory` last."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_private(path: Path) -> bytes:
    """The content of a key file; raises KEY_UNUSABLE where it is missing or open to others."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise unusable(path, "others may read it")
        return path.read_bytes()
    except OSError as error:
        raise unusable(path, error.strerror or "it cannot be read") from error


def read_certificate(path: Path) -> bytes:
    """The content of a file that is not secret; raises KEY_UNUSABLE where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unusable(path, error.strerror or "it cannot be read") from error


def unusable(path: Path, problem: str) -> HutongError:
    """The error that a key file cannot be used."""
    return HutongError(KEY_UNUSABLE, path=str(path), problem=problem)


def private_pem(key: AnyKey, passphrase: bytes | None = None) -> bytes:
    """The PKCS #8 form of a key, for `write_private`."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption(),
    )


def read_key(path: Path, passphrase: bytes | None = None) -> AnyKey:
    """The private key in the file at `path`."""
    return parse_key(path, read_private(path), passphrase)


def parse_key(path: Path, content: bytes, passphrase: bytes | None) -> AnyKey:
    """The private key in `content`, which was read from `path`."""
    encrypted = content.startswith(_ENCRYPTED)
    if encrypted and not passphrase:
        raise unusable(path, f"it is under a passphrase: {_REMEDY}")
    try:
        key = serialization.load_pem_private_key(content, passphrase if encrypted else None)
    except (ValueError, TypeError) as error:
        locked = f"it is under another passphrase: {_REMEDY}"
        raise unusable(path, locked if encrypted else "it holds no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise unusable(path, "it holds another kind of key than Ed25519 or ECDSA")
    return key


def is_encrypted(path: Path) -> bool:
    """Whether the key file at `path` is under a passphrase."""
    return read_private(path).startswith(_ENCRYPTED)


def read_signer(path: Path, passphrase: bytes | None = None) -> Ed25519Signer:
    """The signer whose key is at `path`."""
    key = read_key(path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise unusable(path, "it holds another kind of key than Ed25519")
    return Ed25519Signer.from_seed(key.private_bytes_raw())


def read_document_key(path: Path, passphrase: bytes | None = None) -> bytes:
    """The key of documents' digests: 32 bytes as they are, or as a private key in PEM."""
    content = read_private(path)
    if content.startswith(_BEGIN):
        key = parse_key(path, content, passphrase)
        content = key.private_bytes_raw() if isinstance(key, Ed25519PrivateKey) else b""
    if len(content) != DOCUMENT_KEY_BYTES:
        raise unusable(path, f"it has not {DOCUMENT_KEY_BYTES} bytes")
    return content


def document_key_content(key: bytes, passphrase: bytes | None) -> bytes:
    """What to write for a key of documents' digests.

    Under a passphrase it takes the same form as every other key: PKCS #8 of 32 bytes.
    """
    return private_pem(Ed25519PrivateKey.from_private_bytes(key), passphrase) if passphrase else key


def read_identity(certificate: Path, passphrase: bytes | None = None) -> Identity:
    """The certificate in the file `certificate`, with the key beside it."""
    key = private_pem(read_key(certificate.with_suffix(".pem"), passphrase))
    return Identity(read_x509(certificate), key)


def read_x509(path: Path) -> bytes:
    """The certificate at `path`, in PEM; raises KEY_UNUSABLE where there is none."""
    content = read_certificate(path)
    try:
        x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise unusable(path, "it holds no certificate in PEM") from error
    return content


def write_identity(key: Path, identity: Identity, passphrase: bytes | None) -> None:
    """Write a new identity, the key first: a certificate file always has its key."""
    loaded = parse_key(key, identity.key, None)
    replace_whole(key, private_pem(loaded, passphrase))
    replace_whole(key.with_suffix(".crt"), identity.certificate)


def remove_identity(certificate: Path) -> None:
    """Remove an identity, the certificate first."""
    certificate.unlink(missing_ok=True)
    certificate.with_suffix(".pem").unlink(missing_ok=True)


def read_newest_identity(folder: KeyFolder, stem: str, passphrase: bytes | None) -> Identity:
    """Of the identities of one kind the one that begins last."""
    found = folder.certificates(stem) or (folder.root / f"{stem}.crt",)
    return read_identity(max(found, key=_begins), passphrase)


def _begins(path: Path) -> datetime:
    return x509.load_pem_x509_certificate(read_x509(path)).not_valid_before_utc
