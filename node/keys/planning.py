"""What the next trust bundle says: pure, from the newest one, the instant and what is wanted.

A new key is published before it is used, and the one before it counts for a while after: partners
have time to fetch the bundle, and what was signed last is still believed. There is never more than
one successor of a kind on its way.
"""

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from federation.errors import HutongError
from federation.keys import PublicKey, Suite, key_id
from federation.limits import CERTIFICATES, CLOCK_SKEW, KEYS, TRUST_BUNDLE_LIFETIME
from federation.messages import Header, TrustBundle
from node.errors import FIELD_INVALID, STATE_REFUSED, UNKNOWN
from node.keys.current import (
    certificates_of,
    current_certificate,
    current_key,
    fingerprint_of,
    shown_from,
    used_from,
)
from node.limits import (
    KEY_LEAD,
    KEY_LEAD_LONGEST,
    KEY_OVERLAP,
    KEY_RENEWAL,
    ROOT_KEY_LIFETIME,
    SIGNING_KEY_LIFETIME,
    TLS_ROTATION,
)

_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator wants to be new, and how gently."""

    signing: bool = False
    tls: bool = False
    root_keys: int = 0
    root_threshold: int = 0
    lead: timedelta = KEY_LEAD
    overlap: timedelta = KEY_OVERLAP

    def __post_init__(self) -> None:
        """Refuse what asks for nothing, or for a root that could never sign."""
        if not (self.signing or self.tls or self.root_keys):
            raise _field("rotate", "say what: signing keys, TLS certificates or root keys")
        if not 0 <= self.root_keys <= KEYS // 2:
            raise _field("root_keys", f"from 1 to {KEYS // 2}")
        if self.root_keys and not 1 <= self.root_threshold <= self.root_keys:
            raise _field("root_threshold", "from 1 to the number of root keys")
        for name, value in (("lead", self.lead), ("overlap", self.overlap)):
            if not timedelta(0) <= value <= KEY_LEAD_LONGEST:
                raise _field(name, f"from 0 to {KEY_LEAD_LONGEST.days} days")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the next bundle differs from `base`; what it makes is used from `switch` on.

    `contact` is what the settings say; "" leaves what the base says.
    """

    base: TrustBundle
    now: datetime
    switch: datetime
    overlap: timedelta = KEY_OVERLAP
    signing: bool = False
    tls: bool = False
    roots: int = 0
    threshold: int = 0
    revoked: frozenset[str] = frozenset()
    advanced: frozenset[str] = frozenset()
    dropped: frozenset[bytes] = frozenset()
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for a plan: public keys, and a certificate in DER."""

    signing: bytes | None = None
    tls: bytes | None = None
    roots: tuple[bytes, ...] = ()


def rotation(base: TrustBundle, wanted: Wanted, now: datetime) -> Plan:
    """The plan for what an operator wants; raises STATE_REFUSED where a successor is on its way."""
    signing, tls = successor(base, now), next_certificate(base, now)
    if wanted.signing and signing is not None:
        raise _pending("signing key", signing.key_id[:16], used_from(signing))
    if wanted.tls and tls is not None:
        raise _pending("TLS certificate", fingerprint_of(tls)[:16], shown_from(tls))
    return Plan(
        base,
        now,
        _switch(base, now, wanted.lead),
        overlap=wanted.overlap,
        signing=wanted.signing,
        tls=wanted.tls,
        roots=wanted.root_keys,
        threshold=wanted.root_threshold,
    )


def revocation(base: TrustBundle, identifier: str, now: datetime) -> Plan:
    """The plan that ends a key or certificate at once; where it was in use a new one takes over."""
    wanted = identifier.lower().replace(":", "").replace("-", "")
    if len(wanted) < _PREFIX:
        raise _field("key", f"at least {_PREFIX} characters of a key's id or a fingerprint")
    keys = [k for k in (*base.signing_keys, *base.root_keys) if k.key_id.startswith(wanted)]
    certificates = [c for c in certificates_of(base) if fingerprint_of(c).startswith(wanted)]
    if len(keys) + len(certificates) != 1:
        raise HutongError(
            UNKNOWN, what="key", name=identifier[:64], remedy="see `hutong keys show`"
        )
    if certificates:
        return _drop(base, certificates[0], now)
    if keys[0].revoked_at is not None:
        raise _refused(keys[0].key_id, "revoked", "a key that counts")
    of_root = keys[0] in base.root_keys
    return (_revoke_root if of_root else _revoke)(base, keys[0], now)


def _revoke(base: TrustBundle, key: PublicKey, now: datetime) -> Plan:
    left = tuple(k for k in base.signing_keys if k != key)
    # Of the keys left a retiring one does not step in, for its end is near; a successor does.
    lost = current_key(base.signing_keys, now) == key or current_key(left, now) is None
    following = successor(replace(base, signing_keys=left), now) if lost and left else None
    return Plan(
        base,
        now,
        now,
        signing=lost and following is None,
        revoked=frozenset({key.key_id}),
        advanced=frozenset({following.key_id} if following else ()),
    )


def _revoke_root(base: TrustBundle, key: PublicKey, now: datetime) -> Plan:
    left = [k for k in base.root_keys if k != key and k.revoked_at is None]
    if len(left) < base.root_threshold:
        raise _refused(
            key.key_id,
            "one of the last root keys",
            "a new root: `hutong keys rotate --root --root-keys N --root-threshold M`",
        )
    return Plan(base, now, now, revoked=frozenset({key.key_id}))


def _drop(base: TrustBundle, certificate: x509.Certificate, now: datetime) -> Plan:
    der = next(d for d in base.tls_certificates if x509.load_der_x509_certificate(d) == certificate)
    shown = certificate == current_certificate(certificates_of(base), now)
    return Plan(base, now, now, tls=shown, dropped=frozenset({der}))


def due(base: TrustBundle, now: datetime, contact: str = "") -> Plan | None:
    """What the timer does now: the plan for what nears its end or is over; None where nothing.

    Also where the settings say another `contact` than the bundle.
    """
    last, certificate = _newest(base)
    signing = now >= last.not_after - KEY_RENEWAL
    tls = now >= _tls_due(certificate)
    plan = Plan(base, now, _switch(base, now, KEY_LEAD), signing=signing, tls=tls)
    stale = now >= base.header.expires_at - KEY_RENEWAL
    over = any(key.not_after <= now for key in base.signing_keys)
    news = contact not in ("", base.contact)
    wanted = signing or tls or stale or over or news
    return plan if wanted or _retired(base, KEY_OVERLAP, now) else None


def next_due(base: TrustBundle) -> datetime:
    """When the timer will make something new, unless somebody does before."""
    last, certificate = _newest(base)
    return min(
        last.not_after - KEY_RENEWAL,
        _tls_due(certificate),
        base.header.expires_at - KEY_RENEWAL,
    )


def _newest(base: TrustBundle) -> tuple[PublicKey, x509.Certificate]:
    """The signing key and the certificate that come last, in use or on their way."""
    key = max(reversed(base.signing_keys), key=lambda k: (k.revoked_at is None, k.not_before))
    return key, max(reversed(certificates_of(base)), key=shown_from)


def _tls_due(certificate: x509.Certificate) -> datetime:
    aged = shown_from(certificate) + TLS_ROTATION
    return min(aged, certificate.not_valid_after_utc) - KEY_RENEWAL


def successor(base: TrustBundle, now: datetime) -> PublicKey | None:
    """The signing key that is published and not used yet."""
    return next((k for k in base.signing_keys if k.revoked_at is None and used_from(k) > now), None)


def next_certificate(base: TrustBundle, now: datetime) -> x509.Certificate | None:
    """The certificate that is published and not shown yet."""
    return next((c for c in certificates_of(base) if shown_from(c) > now), None)


def _switch(base: TrustBundle, now: datetime, lead: timedelta) -> datetime:
    """When to change over: after the lead, but while the current key still counts."""
    current = current_key(base.signing_keys, now)
    latest = current.not_after - CLOCK_SKEW if current else now
    return max(now, min(now + lead, latest))


def next_bundle(plan: Plan, made: Made, statement_id: str) -> TrustBundle:
    """The bundle that the plan asks for, with what was made for it."""
    base, now = plan.base, plan.now
    roots = _root_keys(plan, made)
    return replace(
        base,
        header=Header(statement_id, base.header.issuer, (), now, now + TRUST_BUNDLE_LIFETIME),
        sequence=base.sequence + 1,
        root_keys=roots,
        root_threshold=plan.threshold if plan.roots else base.root_threshold,
        signing_keys=_signing_keys(plan, made),
        tls_certificates=_certificates(plan, made),
        contact=plan.contact or base.contact,
    )


def _root_keys(plan: Plan, made: Made) -> tuple[PublicKey, ...]:
    if plan.roots:
        since, until = plan.now - CLOCK_SKEW, plan.now + ROOT_KEY_LIFETIME
        return tuple(_public(raw, since, until) for raw in made.roots)
    return tuple(_marked(key, plan) for key in plan.base.root_keys)


def _signing_keys(plan: Plan, made: Made) -> tuple[PublicKey, ...]:
    kept = [_marked(key, plan) for key in plan.base.signing_keys if key.not_after > plan.now]
    new = []
    if made.signing is not None:
        since, until = plan.switch - CLOCK_SKEW, plan.switch + SIGNING_KEY_LIFETIME
        new = [_public(made.signing, since, until)]
        kept = [_retiring(key, plan) for key in kept]
    # A revoked key that no bundle names is refused as an unknown one: the oldest may go.
    spare = len(kept) + len(new) - KEYS
    revoked = sorted((k.revoked_at, k.key_id) for k in kept if k.revoked_at is not None)
    gone = {key for _, key in revoked[: max(spare, 0)]}
    return tuple(key for key in (*kept, *new) if key.key_id not in gone)


def _marked(key: PublicKey, plan: Plan) -> PublicKey:
    if key.key_id in plan.revoked:
        return replace(key, revoked_at=plan.now)
    if key.key_id in plan.advanced:
        return replace(key, not_before=plan.now - CLOCK_SKEW)
    return key


def _retiring(key: PublicKey, plan: Plan) -> PublicKey:
    """The key, ending after the overlap; a partner's clock may be ahead of ours."""
    if key.revoked_at is not None:
        return key
    return replace(key, not_after=min(key.not_after, plan.switch + plan.overlap + CLOCK_SKEW))


def _certificates(plan: Plan, made: Made) -> tuple[bytes, ...]:
    gone = plan.dropped | _retired(plan.base, plan.overlap, plan.now)
    kept = [der for der in plan.base.tls_certificates if der not in gone]
    new = [] if made.tls is None else [made.tls]
    # In the order in which they were made: where there are too many the oldest goes.
    return tuple([*kept, *new][-CERTIFICATES:])


def _retired(base: TrustBundle, overlap: timedelta, now: datetime) -> frozenset[bytes]:
    """The certificates whose successor has been shown for longer than the overlap."""
    by_start = sorted(zip(certificates_of(base), base.tls_certificates, strict=True), key=_start)
    pairs = itertools.pairwise(by_start)
    return frozenset(old[1] for old, new in pairs if _start(new) + overlap <= now)


def _start(certificate: tuple[x509.Certificate, bytes]) -> datetime:
    return shown_from(certificate[0])


def _public(raw: bytes, since: datetime, until: datetime) -> PublicKey:
    return PublicKey(key_id(Suite.ED25519, raw), Suite.ED25519, raw, since, until)


def _field(field: str, problem: str) -> HutongError:
    return HutongError(FIELD_INVALID, field=field, problem=problem)


def _pending(what: str, name: str, since: datetime) -> HutongError:
    state = f"published and takes over at {since.isoformat(timespec='seconds')}"
    return HutongError(
        STATE_REFUSED, what=what, name=name, state=state, needed="that it took over, or is revoked"
    )


def _refused(name: str, state: str, needed: str) -> HutongError:
    return HutongError(STATE_REFUSED, what="key", name=name[:16], state=state, needed=needed)
