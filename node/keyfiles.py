"""A city's private keys, in files of mode 0600 below its data directory.

Nothing here prints, logs or returns a private key; an error names the file, never what is in it.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import codec
from federation.envelope import Envelope, envelope_from_json
from federation.errors import HutongError
from federation.keys import Ed25519Signer
from node.errors import KEY_UNUSABLE
from node.ports import Clock

_OTHERS: Final = 0o077
_DOCUMENT_KEY_BYTES: Final = 32
_PROBE: Final = b"hutong: can this key sign?"


class KeyFolder:
    """Where each key and certificate of a node lies."""

    def __init__(self, data_dir: Path) -> None:
        """Below `data_dir`."""
        self.root = data_dir / "keys"
        self.clients = data_dir / "clients"
        self.bundle = data_dir / "trust-bundle.json"
        self.root_key = self.root / "root.pem"
        self.signing_key = self.root / "signing.pem"
        self.document_key = self.root / "document.key"
        self.peer_key = self.root / "peer.pem"
        self.peer_certificate = self.root / "peer.crt"
        self.ca_key = self.root / "local-ca.pem"
        self.ca_certificate = self.root / "local-ca.crt"
        self.local_key = self.root / "local.pem"
        self.local_certificate = self.root / "local.crt"


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only the node's user may read; never over another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


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


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """The PKCS #8 form of a key, for `write_private`."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_signer(path: Path) -> Ed25519Signer:
    """The signer whose key is at `path`."""
    try:
        key = serialization.load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError) as error:
        raise unusable(path, "it holds no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise unusable(path, "it holds another kind of key than Ed25519")
    return Ed25519Signer.from_seed(key.private_bytes_raw())


class FileKeys:
    """The keys that a running node signs with."""

    def __init__(self, folder: KeyFolder) -> None:
        """Read them once; they stay in memory."""
        self._folder = folder
        self._signer = read_signer(folder.signing_key)
        self._document_key = read_private(folder.document_key)
        if len(self._document_key) != _DOCUMENT_KEY_BYTES:
            raise unusable(folder.document_key, f"it has not {_DOCUMENT_KEY_BYTES} bytes")
        self.bundle: Envelope = envelope_from_json(
            read_certificate(folder.bundle), where=str(folder.bundle)
        )

    @property
    def key_id(self) -> str:
        """The id of the current signing key."""
        return self._signer.key_id

    def sign(self, message: bytes) -> bytes:
        """Sign with the current signing key."""
        return self._signer.sign(message)

    def document_digest(self, kind: int, number: str) -> bytes:
        """HMAC-SHA256 of a document under this city's own key."""
        return hmac.digest(self._document_key, f"{kind}\0{number}".encode(), hashlib.sha256)

    def probe(self, clock: Clock) -> None:
        """Raise KEY_UNUSABLE unless what is signed now would be believed, also after a restart."""
        path = self._folder.signing_key
        bundle = codec.TRUST_BUNDLE.decode(self.bundle.payload)
        key = next((k for k in bundle.signing_keys if k.key_id == self.key_id), None)
        if key is None:
            raise unusable(path, "its key is not in the trust bundle")
        if not key.valid_at(clock.now()):
            raise unusable(path, "its key is not valid now")
        if read_signer(path).key_id != self.key_id:
            raise unusable(path, "it holds another key than this node started with")
        if not key.verifies(self.sign(_PROBE), _PROBE):
            raise unusable(path, "what it signs cannot be verified")

    def __repr__(self) -> str:
        """The key's id; never the key."""
        return f"FileKeys({self.key_id[:12]})"
