"""Trust bundles: how the keys of another city come to be believed, and are replaced.

The first bundle is believed because two officers compared its fingerprint; each later one
because the old root and the new root both signed it (TUF's rule). Rolling back, forking and
jumping ahead are refused.
"""

import hashlib
from collections.abc import Sequence
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
    MALFORMED,
    TOO_LARGE,
    WRONG_FINGERPRINT,
    WRONG_ISSUER,
    HutongError,
)
from federation.identifiers import CityCode
from federation.messages import TrustBundle
from federation.words import Word, parse_words, words_of

_GROUP = 4
FINGERPRINT_WORDS = 12


def fingerprint(envelope: Envelope) -> str:
    """The SHA-256 of the payload in hexadecimal, in groups of four, to be read aloud."""
    digest = hashlib.sha256(envelope.payload).hexdigest()
    return "-".join(digest[i : i + _GROUP] for i in range(0, len(digest), _GROUP))


def fingerprint_words(envelope: Envelope) -> tuple[Word, ...]:
    """The first twelve bytes of the fingerprint as words: 96 bits, that nobody can aim at."""
    return words_of(hashlib.sha256(envelope.payload).digest()[:FINGERPRINT_WORDS])


def is_fingerprint(compared: str, envelope: Envelope) -> bool:
    """Whether what was read out, in hexadecimal or as its twelve words, is the fingerprint."""
    digest = hashlib.sha256(envelope.payload).digest()
    if "".join(c for c in compared.lower() if c.isalnum()) == digest.hex():
        return True
    try:
        return parse_words(compared, FINGERPRINT_WORDS, "fingerprint") == digest[:FINGERPRINT_WORDS]
    except HutongError:
        return False


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
    if not is_fingerprint(compared, envelope):
        raise HutongError(WRONG_FINGERPRINT, actual=fingerprint(envelope), expected=compared[:100])
    claimed = TRUST_BUNDLE.decode(envelope.payload)
    # 2.
    return _opened_by_own_root(envelope, claimed, audience, now)


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
    _check_city(current, claimed)
    # 3.
    opened = open_envelope(
        envelope, TRUST_BUNDLE, signed_by=[old, root_keys(claimed)], audience=audience, now=now
    )
    # 4.
    _check_sequence(current, opened.message)
    return opened


def open_bundle_chain(
    current: TrustBundle, envelopes: Sequence[Envelope], *, audience: CityCode, now: datetime
) -> Verified[TrustBundle]:
    """Believe the last of a city's bundles, by those between `current` and it.

    1. There is one, and there are not more than BUNDLE_CHAIN.
    2. Of those before the last each one that is newer than what is believed so far is believed by
       the steps of `open_next_bundle`, as of the instant it was made: its keys may have ended
       since. A revoked key never counts. The others are passed over: they lie before `current`.
    3. The last one is what is believed already, or follows it by the steps of `open_next_bundle`,
       as of now. Where a link is missing it does not follow.
    """
    # 1.
    if not envelopes:
        raise HutongError(MALFORMED, where="trust bundles", problem="there is none")
    if len(envelopes) > limits.BUNDLE_CHAIN:
        size, limit = str(len(envelopes)), str(limits.BUNDLE_CHAIN)
        raise HutongError(TOO_LARGE, where="trust bundles", size=size, limit=limit)
    # 2.
    believed = current
    for envelope in envelopes[:-1]:
        believed = _followed(believed, envelope, audience, now) or believed
    # 3.
    last = envelopes[-1]
    if last.payload == TRUST_BUNDLE.encode(believed):
        return _opened_by_own_root(last, believed, audience, now)
    return open_next_bundle(believed, last, audience=audience, now=now)


def open_kept_bundle(envelope: Envelope) -> Verified[TrustBundle]:
    """Open a bundle that was kept with what it signed, by its own root, as of when it was made.

    Whether to trust it is another question: `is_vouched_for`, or its fingerprint.
    """
    check_shape(envelope, TRUST_BUNDLE)
    claimed = TRUST_BUNDLE.decode(envelope.payload)
    head = claimed.header
    return _opened_by_own_root(envelope, claimed, head.issuer, head.issued_at)


def is_vouched_for(bundle: Verified[TrustBundle], trusted: TrustBundle) -> bool:
    """Whether the root that is trusted for its city signed the bundle; a revoked root does not."""
    root = root_keys(trusted)
    own = bundle.message.header.issuer == root.city
    return own and _signatures_by(root, bundle.envelope, None) >= root.threshold


def _followed(
    believed: TrustBundle, envelope: Envelope, audience: CityCode, now: datetime
) -> TrustBundle | None:
    """The bundle in `envelope`, where it follows what is believed; None where it lies before."""
    check_shape(envelope, TRUST_BUNDLE)
    old = root_keys(believed)
    if _signatures_by(old, envelope, None) < old.threshold:
        return None
    claimed = TRUST_BUNDLE.decode(envelope.payload)
    _check_city(believed, claimed)
    if claimed.sequence < believed.sequence or claimed == believed:
        return None
    _check_sequence(believed, claimed)
    made = min(claimed.header.issued_at, now)
    rings = [old, root_keys(claimed)]
    opened = open_envelope(envelope, TRUST_BUNDLE, signed_by=rings, audience=audience, now=made)
    return opened.message


def _opened_by_own_root(
    envelope: Envelope, claimed: TrustBundle, audience: CityCode, now: datetime
) -> Verified[TrustBundle]:
    """Open a bundle by its own root; the signatures of the root before it are left out."""
    own = root_keys(claimed)
    counting = tuple(s for s in envelope.signatures if own.find(s.key_id))
    signed = Envelope(envelope.payload_type, envelope.payload, counting)
    return open_envelope(signed, TRUST_BUNDLE, signed_by=[own], audience=audience, now=now)


def _check_city(current: TrustBundle, claimed: TrustBundle) -> None:
    city, actual = current.header.issuer, claimed.header.issuer
    if actual != city:
        raise HutongError(WRONG_ISSUER, actual=actual, expected=city)


def _signatures_by(ring: Keyring, envelope: Envelope, now: datetime | None) -> int:
    """How many keys of `ring` signed; without `now` their windows are not looked at."""
    covered = pae(envelope.payload_type, envelope.payload)
    signers = {
        key.key_id
        for signature in envelope.signatures
        if (key := ring.find(signature.key_id))
        and (key.revoked_at is None if now is None else key.valid_at(now))
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
