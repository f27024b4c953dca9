"""Trust bundles: how the keys of another city come to be believed, and are replaced.

The first bundle is believed because two officers compared its fingerprint; each later one
because the old root and the new root both signed it (TUF's rule). Rolling back, forking and
jumping ahead are refused.
"""

import hashlib
from datetime import datetime

from federation import limits
from federation.codec import TRUST_BUNDLE
from federation.envelope import (
    Envelope,
    Keyring,
    Verified,
    check_shape,
    check_threshold,
    open_envelope,
    pae,
)
from federation.errors import (
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    WRONG_FINGERPRINT,
    WRONG_ISSUER,
    HutongError,
)
from federation.identifiers import CityCode
from federation.messages import TrustBundle

_GROUP = 4


def fingerprint(envelope: Envelope) -> str:
    """The SHA-256 of the payload in hexadecimal, in groups of four, to be read aloud."""
    digest = hashlib.sha256(envelope.payload).hexdigest()
    return "-".join(digest[i : i + _GROUP] for i in range(0, len(digest), _GROUP))


def signing_keys(bundle: TrustBundle) -> Keyring:
    """The keys that sign the city's statements; any one of them does."""
    return Keyring(bundle.header.issuer, bundle.signing_keys)


def root_keys(bundle: TrustBundle) -> Keyring:
    """The keys that sign the city's bundles, and how many must."""
    return Keyring(bundle.header.issuer, bundle.root_keys, bundle.root_threshold)


def open_first_bundle(
    envelope: Envelope, compared: str, *, audience: CityCode, now: datetime
) -> Verified[TrustBundle]:
    """Believe a city's first bundle, whose fingerprint two officers compared.

    1. The fingerprint of the bytes is the one that was compared; only then are they parsed.
    2. The bundle's own root signed it. A city that changed its root has the old root's signature
       on the bundle too: to a new partner that one says nothing, and is left out.
    """
    # 1.
    check_shape(envelope, TRUST_BUNDLE)
    plain = "".join(c for c in compared.lower() if c.isalnum())
    if plain != hashlib.sha256(envelope.payload).hexdigest():
        raise HutongError(WRONG_FINGERPRINT, actual=fingerprint(envelope), expected=compared[:100])
    claimed = TRUST_BUNDLE.decode(envelope.payload)
    # 2.
    own = root_keys(claimed)
    counting = tuple(s for s in envelope.signatures if own.find(s.key_id))
    signed = Envelope(envelope.payload_type, envelope.payload, counting)
    return open_envelope(signed, TRUST_BUNDLE, signed_by=[own], audience=audience, now=now)


def open_next_bundle(
    current: TrustBundle, envelope: Envelope, *, audience: CityCode, now: datetime
) -> Verified[TrustBundle]:
    """Believe a bundle that follows `current`.

    1. The current root signed the bytes; only then are they parsed.
    2. It is a bundle of the same city: a root can replace its own city's keys, and no other's.
    3. The bundle's own root signed it too, and nobody else did.
    4. Its sequence is above the current one, and not by a jump.
    """
    # 1.
    check_shape(envelope, TRUST_BUNDLE)
    old = root_keys(current)
    check_threshold(old, _signatures_by(old, envelope, now))
    claimed = TRUST_BUNDLE.decode(envelope.payload)
    # 2.
    city, actual = current.header.issuer, claimed.header.issuer
    if actual != city:
        raise HutongError(WRONG_ISSUER, actual=actual, expected=city)
    # 3.
    opened = open_envelope(
        envelope, TRUST_BUNDLE, signed_by=[old, root_keys(claimed)], audience=audience, now=now
    )
    # 4.
    _check_sequence(current, opened.message)
    return opened


def _signatures_by(ring: Keyring, envelope: Envelope, now: datetime) -> int:
    covered = pae(envelope.payload_type, envelope.payload)
    signers = {
        key.key_id
        for signature in envelope.signatures
        if (key := ring.find(signature.key_id))
        and key.valid_at(now)
        and key.verifies(signature.signature, covered)
    }
    return len(signers)


def _check_sequence(current: TrustBundle, following: TrustBundle) -> None:
    city, known, actual = current.header.issuer, current.sequence, following.sequence
    if actual <= known:
        raise HutongError(BUNDLE_ROLLBACK, city=city, actual=str(actual), known=str(known))
    if actual > known + limits.BUNDLE_JUMP:
        raise HutongError(
            BUNDLE_JUMP,
            city=city,
            actual=str(actual),
            known=str(known),
            limit=str(limits.BUNDLE_JUMP),
        )
