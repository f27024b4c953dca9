"""Where each key, certificate and trust bundle of a node lies.

A node of version 0.1.0 has one of each, under the plain names; those made later carry the head of
their id or fingerprint. Both are found.
"""

import re
from pathlib import Path
from typing import Final

_NUMBERED: Final = re.compile(r"[0-9]{6,}\.json")
_HEAD: Final = 16
_DIGITS: Final = 6


class KeyFolder:
    """The files of a node's keys."""

    def __init__(self, data_dir: Path) -> None:
        """Below `data_dir`."""
        self.root = data_dir / "keys"
        self.clients = data_dir / "clients"
        self.bundles = data_dir / "bundles"
        self.drafts = data_dir / "drafts"
        self.first_bundle = data_dir / "trust-bundle.json"
        self.lock = self.root / "lock"
        self.root_key = self.root / "root.pem"
        self.signing_key = self.root / "signing.pem"
        self.document_key = self.root / "document.key"
        self.peer_key = self.root / "peer.pem"
        self.peer_certificate = self.root / "peer.crt"
        self.ca_key = self.root / "local-ca.pem"
        self.ca_certificate = self.root / "local-ca.crt"
        self.local_key = self.root / "local.pem"
        self.local_certificate = self.root / "local.crt"

    @property
    def bundle(self) -> Path:
        """The newest trust bundle that this city published."""
        sequences = self.sequences()
        if not sequences and self.first_bundle.exists():
            return self.first_bundle
        return self.bundle_of(max(sequences, default=1))

    def sequences(self) -> tuple[int, ...]:
        """The numbers of the bundles that lie in their folder, ascending."""
        if not self.bundles.is_dir():
            return ()
        names = (path.name for path in self.bundles.iterdir())
        return tuple(sorted(int(n.removesuffix(".json")) for n in names if _NUMBERED.fullmatch(n)))

    def bundle_of(self, sequence: int) -> Path:
        """Where the bundle of that number lies."""
        return self.bundles / f"{sequence:0{_DIGITS}d}.json"

    def draft_of(self, sequence: int) -> Path:
        """Where a bundle of that number waits for signatures."""
        return self.drafts / f"{sequence:0{_DIGITS}d}.json"

    def key_of(self, stem: str, identifier: str) -> Path:
        """Where a new key or certificate's key goes; `stem` is root, signing, peer or local."""
        return self.root / f"{stem}-{identifier[:_HEAD]}.pem"

    def keys(self, stem: str) -> tuple[Path, ...]:
        """The key files of one kind."""
        found = sorted(self.root.glob(f"{stem}-*.pem"))
        first = self.root / f"{stem}.pem"
        # The authority's own key is of another kind, whatever its name begins with.
        return tuple(p for p in (first, *found) if p.exists() and p != self.ca_key)

    def certificates(self, stem: str) -> tuple[Path, ...]:
        """The certificate files of one kind; each has its key beside it."""
        found = sorted(self.root.glob(f"{stem}-*.crt"))
        first = self.root / f"{stem}.crt"
        return tuple(p for p in (first, *found) if p.exists() and p != self.ca_certificate)
