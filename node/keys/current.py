"""Which key is used when: by the clock alone, so that every process of a city agrees.

A key counts at partners from its `not_before`; it is used a little later, so that it counts also
where a partner's clock is behind. A certificate likewise.
"""

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from federation.keys import PublicKey
from federation.limits import CLOCK_SKEW
from federation.messages import TrustBundle
from node.certificates import BEFORE


def used_from(key: PublicKey) -> datetime:
    """When a key takes over from the one before it."""
    return key.not_before + CLOCK_SKEW


def shown_from(certificate: x509.Certificate) -> datetime:
    """When a certificate takes over from the one before it."""
    return certificate.not_valid_before_utc + BEFORE


def current_key(keys: Iterable[PublicKey], now: datetime) -> PublicKey | None:
    """The one of these keys that signs now; None where none of them counts."""
    counting = [key for key in keys if key.valid_at(now)]
    settled = [key for key in counting if used_from(key) <= now]
    # Of two with one beginning the later one in the bundle is the newer.
    return max(reversed(settled or counting), key=lambda key: key.not_before, default=None)


def current_certificate(
    certificates: Iterable[x509.Certificate], now: datetime
) -> x509.Certificate | None:
    """The one of these certificates that is shown now; the first to come where none has come."""
    by_start = sorted(certificates, key=shown_from)
    come = [each for each in by_start if shown_from(each) <= now]
    return come[-1] if come else next(iter(by_start), None)


def certificates_of(bundle: TrustBundle) -> tuple[x509.Certificate, ...]:
    """The certificates of this city's own bundle."""
    return tuple(x509.load_der_x509_certificate(der) for der in bundle.tls_certificates)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate, in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def root_changed(before: TrustBundle, after: TrustBundle) -> bool:
    """Whether another set of signatures makes a bundle that follows `after`."""

    def rule(bundle: TrustBundle) -> tuple[object, ...]:
        return bundle.root_threshold, frozenset(
            k.key_id for k in bundle.root_keys if not k.revoked_at
        )

    return rule(before) != rule(after)
