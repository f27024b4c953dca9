"""What a lever moves in the process of a node: its clock, and the certificate that it shows."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from node import clock
from node.certificates import Identity
from node.keys import FileKeys
from scripts.harnessing.levers import Lever

_AGO: Final = timedelta(hours=1)


@cache
def expired(identity: Identity) -> Identity:
    """The certificate again, of the same key, name and extensions, ended an hour ago."""
    found = x509.load_pem_x509_certificate(identity.certificate)
    key = serialization.load_pem_private_key(identity.key, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("a peer certificate's key is on a curve")
    ends = datetime.now(UTC) - _AGO
    builder = (
        x509.CertificateBuilder()
        .subject_name(found.subject)
        .issuer_name(found.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(found.not_valid_before_utc, ends - _AGO))
        .not_valid_after(ends)
    )
    for extension in found.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(key, hashes.SHA256())
    return Identity(made.public_bytes(serialization.Encoding.PEM), identity.key)


def attach(lever: Lever) -> None:
    """Let the node look at the lever, where it asks for the time or shows itself to partners."""
    shown, all_shown = (vars(FileKeys)[name].fget for name in ("peer_identity", "peer_identities"))

    def now(_: clock.SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=lever.clock_seconds)

    def peer_identity(keys: FileKeys) -> Identity:
        found: Identity = shown(keys)
        return expired(found) if lever.expired else found

    def peer_identities(keys: FileKeys) -> tuple[Identity, ...]:
        found: tuple[Identity, ...] = all_shown(keys)
        # Older ones do not help: a city that let its certificate expire has none that counts.
        return tuple(map(expired, found)) if lever.expired else found

    clock.SystemClock.now = now  # type: ignore[method-assign,assignment]
    FileKeys.peer_identity = property(peer_identity)  # type: ignore[method-assign,assignment]
    FileKeys.peer_identities = property(peer_identities)  # type: ignore[method-assign,assignment]
