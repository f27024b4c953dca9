"""The keys that a running node signs and shows itself with, as the published bundles say.

What another process of the city published is seen after `reload`; what is in use then changes by
the clock alone. Every look at the ring is a look at one whole state of it.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from federation.envelope import Envelope
from federation.errors import HutongError
from federation.keys import PublicKey, Signer
from node.certificates import Identity
from node.clock import SystemClock
from node.keys.bundles import Published, chain, read_published
from node.keys.current import current_key, shown_from, used_from
from node.keys.files import (
    read_document_key,
    read_identity,
    read_newest_identity,
    read_signer,
    read_x509,
    unusable,
)
from node.keys.folder import KeyFolder
from node.keys.token import Token
from node.ports import Clock

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_PROBE: Final = b"hutong: can this key sign?"

# Certificates that were taken away and are at hand yet: a partner knows one of the last.
_TAKEN_AWAY: Final = 3


@dataclass(frozen=True, slots=True)
class _File:
    """A key file as it was when it was read."""

    path: Path
    stamp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A certificate that some published bundle names, with its key."""

    since: datetime
    der: bytes
    identity: Identity = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ring:
    seen: object
    published: tuple[Published, ...]
    signers: dict[str, Signer]
    files: dict[str, _File]
    shown: tuple[_Shown, ...]
    local: Identity = field(repr=False)
    taken_away: tuple[_Shown, ...] = ()
    """What lay here when this process read its keys before, the newest first."""

    @property
    def newest(self) -> Published:
        return self.published[-1]

    def key(self, now: datetime) -> PublicKey | None:
        """The key that signs now; where none counts the last that did, so that one can say so."""
        at_hand = self.at_hand()
        last = max(at_hand, key=lambda key: key.not_after, default=None)
        return current_key(at_hand, now) or last

    def at_hand(self) -> list[PublicKey]:
        """The signing keys of the newest bundle that this node can use."""
        keys = self.newest.bundle.signing_keys
        return [k for k in keys if k.key_id in self.signers and k.revoked_at is None]

    def shown_at(self, now: datetime) -> _Shown:
        """What is shown to partners now."""
        newest = [s for s in self.shown if s.der in self.newest.bundle.tls_certificates]
        by_start = sorted(newest or self.shown, key=lambda each: each.since)
        come = [each for each in by_start if each.since <= now]
        return come[-1] if come else by_start[0]

    def changes(self) -> Iterable[datetime]:
        """The instants at which something else may be in use."""
        for key in self.at_hand():
            yield from (key.not_before, used_from(key), key.not_after)
        yield from (each.since for each in self.shown)


@dataclass(frozen=True, slots=True)
class _Now:
    """What is in use from `since` until `until`, by one state of the ring."""

    ring: _Ring
    since: datetime
    until: datetime
    signer: Signer | None
    shown: _Shown


class FileKeys:
    """The keys that a running node signs with."""

    def __init__(
        self,
        folder: KeyFolder,
        *,
        passphrase: bytes | None = None,
        token: Token | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Read them once; they stay in memory. Those that lie in `token` stay there.

        Raises:
            HutongError: KEY_UNUSABLE, MALFORMED.

        """
        self._folder = folder
        self._passphrase = passphrase
        self._token = token
        self._clock = clock or SystemClock()
        self._document_key = read_document_key(folder.document_key, passphrase)
        self._reading = threading.Lock()
        self._ring = self._read(None)
        self._now: _Now | None = None

    @property
    def bundle(self) -> Envelope:
        """This city's newest trust bundle."""
        return self._ring.newest.envelope

    @property
    def published(self) -> tuple[Published, ...]:
        """Every trust bundle of this city, ascending."""
        return self._ring.published

    @property
    def bundles(self) -> tuple[Envelope, ...]:
        """Every trust bundle of this city, ascending."""
        return tuple(each.envelope for each in self._ring.published)

    @property
    def signing_keys(self) -> tuple[PublicKey, ...]:
        """Every signing key that a bundle of this city named, as the newest of those says."""
        named = (key for each in self._ring.published for key in each.bundle.signing_keys)
        return tuple({key.key_id: key for key in named}.values())

    def chain(self, known_sequence: int) -> tuple[Envelope, ...]:
        """What leads a partner from the bundle that it knows to the newest."""
        return chain(self._ring.published, known_sequence)

    @property
    def key_id(self) -> str:
        """The id of the current signing key."""
        return self._signer().key_id

    def sign(self, message: bytes) -> bytes:
        """Sign with the current signing key."""
        return self._signer().sign(message)

    def _signer(self) -> Signer:
        signer = self._in_use().signer
        if signer is None:
            raise unusable(self._folder.root, "it holds no signing key that is not revoked")
        return signer

    def _in_use(self) -> _Now:
        """What is in use now; found anew only when something may have changed."""
        ring, now, known = self._ring, self._clock.now(), self._now
        if known is not None and known.ring is ring and known.since <= now < known.until:
            return known
        key = ring.key(now)
        signer = ring.signers[key.key_id] if key else None
        until = min((each for each in ring.changes() if each > now), default=_NEVER)
        self._now = found = _Now(ring, now, until, signer, ring.shown_at(now))
        return found

    def document_digest(self, kind: int, number: str) -> bytes:
        """HMAC-SHA256 of a document under this city's own key."""
        return hmac.digest(self._document_key, f"{kind}\0{number}".encode(), hashlib.sha256)

    def keyed_digest(self, content: bytes) -> bytes:
        """HMAC-SHA256 under the same key; no document is of the kind `content`."""
        return hmac.digest(self._document_key, b"content\0" + content, hashlib.sha256)

    @property
    def peer_identity(self) -> Identity:
        """What the node shows to partners now."""
        return self._in_use().shown.identity

    @property
    def peer_identities(self) -> tuple[Identity, ...]:
        """The current one, then the older ones that partners may still know, the newest first."""
        in_use = self._in_use()
        current = in_use.shown
        older = [s for s in in_use.ring.shown if s is not current and s.since <= current.since]
        older.sort(key=lambda each: each.since, reverse=True)
        return (current.identity, *(each.identity for each in older))

    @property
    def revoked_identities(self) -> tuple[Identity, ...]:
        """Those that were taken away while this process ran, the newest first.

        Their keys are on no disk any more.
        """
        return tuple(each.identity for each in self._ring.taken_away)

    @property
    def local_identity(self) -> Identity:
        """What the node shows to its own clients."""
        return self._ring.local

    def reload(self) -> None:
        """See what another process of the city published; cheap where nothing changed."""
        with self._reading:
            if self._seen() != self._ring.seen:
                self._ring = self._read(self._ring)

    def _seen(self) -> object:
        """What changes whenever a file comes or goes."""
        places = (self._folder.root, self._folder.bundles)
        return tuple(frozenset(p.iterdir()) for p in places if p.is_dir())

    def _read(self, before: _Ring | None) -> _Ring:
        while True:
            seen = self._seen()
            try:
                return self._read_as(seen, before)
            except HutongError:
                # Another process may have published, and removed what is over, meanwhile.
                if seen == self._seen():
                    raise

    def _read_as(self, seen: object, before: _Ring | None) -> _Ring:
        published = read_published(self._folder, before.published if before else ())
        signers, files = self._signers(published[-1], before)
        shown = self._identities(published)
        local = read_newest_identity(self._folder, "local", self._passphrase)
        taken_away = _taken_away(before, shown) if before else ()
        return _Ring(seen, published, signers, files, shown, local, taken_away)

    def _signers(
        self, newest: Published, before: _Ring | None
    ) -> tuple[dict[str, Signer], dict[str, _File]]:
        kept = {f: i for i, f in before.files.items()} if before else {}
        signers: dict[str, Signer] = {}
        files: dict[str, _File] = {}
        for path in self._folder.keys("signing"):
            file = _File(path, _stamp(path))
            if before and file in kept:
                signer: Signer = before.signers[kept[file]]
            else:
                signer = read_signer(path, self._passphrase)
            signers[signer.key_id], files[signer.key_id] = signer, file
        for public in newest.bundle.signing_keys if self._token else ():
            held = self._token.signer("signing", public) if self._token else None
            if held is not None:
                signers.setdefault(public.key_id, held)
        if not any(key.key_id in signers for key in newest.bundle.signing_keys):
            # Says what is wrong with the file, if it is that.
            read_signer(self._folder.signing_key, self._passphrase)
            raise unusable(self._folder.signing_key, "its key is not in the trust bundle")
        return signers, files

    def _identities(self, published: tuple[Published, ...]) -> tuple[_Shown, ...]:
        """Of the certificates on disk those that some bundle named; others are leftovers."""
        order = [der for each in published for der in each.bundle.tls_certificates]
        shown = []
        for path in self._folder.certificates("peer"):
            certificate = x509.load_pem_x509_certificate(read_x509(path))
            identity = read_identity(path, self._passphrase)
            if (der := identity.der()) in order:
                shown.append(_Shown(shown_from(certificate), der, identity))
        if not shown:
            path = self._folder.peer_certificate
            read_identity(path, self._passphrase)
            raise unusable(path, "it is not in the trust bundle")
        # In the order in which they were published: of two with one beginning the later is newer.
        return tuple(sorted(shown, key=lambda each: order.index(each.der)))

    def probe(self, clock: Clock) -> None:
        """Raise KEY_UNUSABLE unless what is signed now would be believed, also after a restart."""
        ring = self._ring
        key = ring.key(clock.now())
        path = (
            ring.files[key.key_id].path if key and key.key_id in ring.files else self._folder.root
        )
        if key is None or not key.valid_at(clock.now()):
            raise unusable(path, "its key is not valid now")
        file = ring.files.get(key.key_id)
        if file is not None and _stamp(path) != file.stamp:
            self._look_again(path, key)
        if not key.verifies(ring.signers[key.key_id].sign(_PROBE), _PROBE):
            raise unusable(path, "what it signs cannot be verified")

    def _look_again(self, path: Path, key: PublicKey) -> None:
        """A key file was touched: it must still hold the key that this node has in memory."""
        if read_signer(path, self._passphrase).key_id != key.key_id:
            raise unusable(path, "it holds another key than this node started with")

    def __repr__(self) -> str:
        """The key's id; never the key."""
        try:
            return f"FileKeys({self.key_id[:12]})"
        except HutongError:
            return "FileKeys(none)"


def _taken_away(before: _Ring, shown: Sequence[_Shown]) -> tuple[_Shown, ...]:
    here = {each.der for each in shown}
    gone = [each for each in (*before.shown, *before.taken_away) if each.der not in here]
    gone.sort(key=lambda each: each.since, reverse=True)
    return tuple(gone[:_TAKEN_AWAY])


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes whenever a file is written, replaced or opened; empty where none is."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns
