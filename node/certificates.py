"""X.509 certificates: the peer port's own, the city's local authority, and its clients.

Keys are ECDSA P-256, which gRPC's TLS takes; it refuses Ed25519 ones. On the peer port the pinned
certificate itself is the identity, and it bears its city's name, so that no city can pin another's;
on the local port it is the URI that the city's authority put into it: `hutong://CITY/ROLE/NAME`.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from federation.identifiers import CityCode, name
from node.errors import CERTIFICATE_REFUSED, HutongError
from node.model import Caller, Role

# Clocks differ: a certificate counts from a little before it was made.
BEFORE: Final = timedelta(minutes=5)
_SCHEME: Final = "hutong://"
_PARTS: Final = 3
_PRINTABLE_STRING: Final = 0x13

PrivateKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key, both in PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    def der(self) -> bytes:
        """The certificate in DER, as trust bundles carry it."""
        loaded = x509.load_pem_x509_certificate(self.certificate)
        return loaded.public_bytes(serialization.Encoding.DER)


def peer_name(city: CityCode) -> str:
    """The name that a city's peer certificate carries; it is never looked up."""
    return f"{city}.hutong"


def peer_identity(city: CityCode, *, now: datetime, life: timedelta) -> Identity:
    """The self-signed certificate that a city shows to partners, as server and as client."""
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _issue(
        peer_name(city),
        key,
        issuer=None,
        alternatives=[x509.DNSName(peer_name(city))],
        usages=usages,
        now=now,
        life=life,
    )


def authority(city: CityCode, *, now: datetime, life: timedelta) -> Identity:
    """The certificate authority of a city's local port."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _issue(
        f"{city} local authority",
        key,
        issuer=None,
        alternatives=[],
        usages=[],
        now=now,
        life=life,
        is_authority=True,
    )


def local_server_identity(
    city: CityCode, ca: Identity, hosts: Sequence[str], *, now: datetime, life: timedelta
) -> Identity:
    """The certificate of a city's local port, for these host names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = [_alternative(host) for host in dict.fromkeys(("localhost", *hosts))]
    usages = [ExtendedKeyUsageOID.SERVER_AUTH]
    return _issue(
        f"{city} local port",
        key,
        issuer=ca,
        alternatives=alternatives,
        usages=usages,
        now=now,
        life=life,
    )


def server_names(certificate: bytes) -> tuple[str, ...]:
    """The host names and addresses that a local port's certificate, in PEM, is for."""
    loaded = x509.load_pem_x509_certificate(certificate)
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *(str(address) for address in addresses))


def client_identity(
    city: CityCode, ca: Identity, caller: Caller, *, now: datetime, life: timedelta
) -> Identity:
    """The certificate of one local client, with its one role."""
    key = ec.generate_private_key(ec.SECP256R1())
    uri = f"{_SCHEME}{city}/{caller.role.value}/{name(caller.name, where='name')}"
    return _issue(
        f"{caller.role.value} {caller.name}",
        key,
        issuer=ca,
        alternatives=[x509.UniformResourceIdentifier(uri)],
        usages=[ExtendedKeyUsageOID.CLIENT_AUTH],
        now=now,
        life=life,
    )


def caller_of(uris: Sequence[str], city: CityCode) -> Caller:
    """Whom the URIs of a client's certificate name; raises CERTIFICATE_REFUSED."""
    return _caller_of(tuple(uris), city)


@lru_cache(maxsize=1024)
def _caller_of(uris: tuple[str, ...], city: CityCode) -> Caller:
    found = [uri.removeprefix(_SCHEME).split("/") for uri in uris if uri.startswith(_SCHEME)]
    if len(found) != 1 or len(found[0]) != _PARTS:
        raise HutongError(CERTIFICATE_REFUSED)
    of_city, role, client = found[0]
    if of_city != city or role not in {each.value for each in Role}:
        raise HutongError(CERTIFICATE_REFUSED)
    try:
        return Caller(Role(role), name(client, where="name"))
    except HutongError as error:
        raise HutongError(CERTIFICATE_REFUSED) from error


@lru_cache(maxsize=4096)
def pinned(der: bytes, city: CityCode) -> bytes | None:
    """A certificate of a partner's trust bundle, in PEM; None where it cannot stand for `city`.

    TLS finds pins by their subject: one that bears another city's name would shut that city out,
    and one that cannot be read would shut out whoever follows it.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = certificate.public_key()
        # Names are read only when they are asked for, and raise then what is wrong with them.
        subject, issuer = certificate.subject, certificate.issuer
        # So are days: what ends on none would be asked for its end by every look at the partners.
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception:  # noqa: BLE001 - the library raises many kinds, and none may shut others out
        return None
    fits = (
        isinstance(key, ec.EllipticCurvePublicKey)
        and subject.public_bytes() == issuer.public_bytes()
        and subject.public_bytes() in _encoded(peer_name(city))
        and names.get_values_for_type(x509.DNSName) == [peer_name(city)]
    )
    return certificate.public_bytes(serialization.Encoding.PEM) if fits else None


def _encoded(common_name: str) -> tuple[bytes, bytes]:
    """The two encodings of a name of RFC 5280, section 4.1.2.4.

    Equal names may have other types of text, which the library takes, and some readers of TLS do
    not: to them all pins would be unreadable.
    """
    text = common_name.encode("ascii")
    whole = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]).public_bytes()
    head = whole.removesuffix(text)
    return whole, head[:-2] + bytes((_PRINTABLE_STRING,)) + head[-1:] + text


def ends_at(certificate: bytes) -> datetime:
    """When a certificate in PEM ends."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when and until when a certificate in PEM counts."""
    loaded = x509.load_pem_x509_certificate(certificate)
    return loaded.not_valid_before_utc, loaded.not_valid_after_utc


def pem_to_der(pem: bytes) -> bytes:
    """A certificate in PEM, as DER."""
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def _issue(
    common_name: str,
    key: PrivateKey,
    *,
    issuer: Identity | None,
    alternatives: Sequence[x509.GeneralName],
    usages: Sequence[x509.ObjectIdentifier],
    now: datetime,
    life: timedelta,
    is_authority: bool = False,
) -> Identity:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signer, issued_by = (key, subject) if issuer is None else _loaded(issuer)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        # With them TLS tells an old certificate from a new one of the same name.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _loaded(issuer: Identity) -> tuple[PrivateKey, x509.Name]:
    key = serialization.load_pem_private_key(issuer.key, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an authority's key is on a curve")
    return key, x509.load_pem_x509_certificate(issuer.certificate).subject
