"""A city's keys as its operators look at them."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from federation.keys import PublicKey
from federation.messages import TrustBundle
from node.keys.current import (
    certificates_of,
    current_certificate,
    current_key,
    fingerprint_of,
    shown_from,
    used_from,
)
from node.keys.planning import next_due


class KeyUse(enum.Enum):
    """What a key is for."""

    ROOT = "root"
    SIGNING = "signing"
    TLS = "tls"


class KeyState(enum.Enum):
    """Where a key is in its life."""

    NEXT = "next"
    CURRENT = "current"
    RETIRING = "retiring"
    REVOKED = "revoked"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class KeyView:
    """One key or certificate; `identifier` is its key id or its fingerprint."""

    identifier: str
    use: KeyUse
    state: KeyState
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class KeysView:
    """All keys of a trust bundle, and when the timer will act by itself."""

    sequence: int
    issued_at: datetime
    expires_at: datetime
    root_threshold: int
    keys: tuple[KeyView, ...]
    next_due: datetime


def view(bundle: TrustBundle, now: datetime) -> KeysView:
    """The keys that a bundle names, as they stand at `now`."""
    keys = (*_root(bundle, now), *_signing(bundle, now), *_tls(bundle, now))
    header, threshold = bundle.header, bundle.root_threshold
    issued, expires = header.issued_at, header.expires_at
    return KeysView(bundle.sequence, issued, expires, threshold, keys, next_due(bundle))


def _root(bundle: TrustBundle, now: datetime) -> Iterable[KeyView]:
    for key in bundle.root_keys:
        state = KeyState.CURRENT if key.valid_at(now) else _over(key, now)
        yield KeyView(key.key_id, KeyUse.ROOT, state, key.not_before, key.not_after)


def _signing(bundle: TrustBundle, now: datetime) -> Iterable[KeyView]:
    current = current_key(bundle.signing_keys, now)
    for key in bundle.signing_keys:
        state = _over(key, now)
        if key == current:
            state = KeyState.CURRENT
        elif state is KeyState.RETIRING and used_from(key) > now:
            state = KeyState.NEXT
        yield KeyView(key.key_id, KeyUse.SIGNING, state, used_from(key), key.not_after)


def _over(key: PublicKey, now: datetime) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.ENDED if key.not_after <= now else KeyState.RETIRING


def _tls(bundle: TrustBundle, now: datetime) -> Iterable[KeyView]:
    certificates = certificates_of(bundle)
    current = current_certificate(certificates, now)
    for certificate in certificates:
        yield KeyView(
            fingerprint_of(certificate),
            KeyUse.TLS,
            _tls_state(certificate, current, now),
            shown_from(certificate),
            certificate.not_valid_after_utc,
        )


def _tls_state(
    certificate: x509.Certificate, current: x509.Certificate | None, now: datetime
) -> KeyState:
    if certificate.not_valid_after_utc <= now:
        return KeyState.ENDED
    if certificate == current:
        return KeyState.CURRENT
    return KeyState.NEXT if shown_from(certificate) > now else KeyState.RETIRING
