"""Certificates: the identity is the URI that the city's own authority put in, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MALFORMED, HutongError, Reason
from federation.identifiers import CityCode
from node.certificates import (
    Identity,
    authority,
    caller_of,
    client_identity,
    ends_at,
    local_server_identity,
    peer_identity,
    peer_name,
    pem_to_der,
)
from node.errors import CERTIFICATE_REFUSED
from node.model import Caller, Role

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LIFE = timedelta(days=365)
CITY, OTHER = CityCode("410100"), CityCode("330100")


@pytest.fixture(scope="module")
def ca() -> Identity:
    return authority(CITY, now=NOW, life=LIFE)


def loaded(identity: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.certificate)


def uris(identity: Identity) -> list[str]:
    names = loaded(identity).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


@pytest.mark.parametrize("role", Role)
def test_a_client_is_whom_its_uri_names(ca: Identity, role: Role) -> None:
    made = client_identity(CITY, ca, Caller(role, "library-1"), now=NOW, life=LIFE)
    assert uris(made) == [f"hutong://410100/{role.value}/library-1"]
    assert caller_of(uris(made), CITY) == Caller(role, "library-1")
    loaded(made).verify_directly_issued_by(loaded(ca))
    usage = loaded(made).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


REFUSED = {
    "none": [],
    "another city's": ["hutong://330100/operator/default"],
    "two": ["hutong://410100/venue/a", "hutong://410100/operator/a"],
    "the same twice": ["hutong://410100/venue/a", "hutong://410100/venue/a"],
    "two, one of another city": ["hutong://410100/venue/a", "hutong://330100/operator/a"],
    "an unknown role": ["hutong://410100/mayor/default"],
    "a role in capitals": ["hutong://410100/OPERATOR/default"],
    "no name": ["hutong://410100/venue/"],
    "no role": ["hutong://410100//a"],
    "too few parts": ["hutong://410100/venue"],
    "too many parts": ["hutong://410100/venue/a/operator"],
    "a name that is none": ["hutong://410100/venue/A B"],
    "another scheme": ["https://410100/operator/default"],
    "a scheme in capitals": ["HUTONG://410100/operator/default"],
    "a query": ["hutong://410100/venue/a?role=operator"],
    "a user before the city": ["hutong://x@410100/operator/a"],
}


@pytest.mark.parametrize("found", REFUSED.values(), ids=REFUSED)
def test_a_certificate_is_refused_whose_uris_are(found: list[str]) -> None:
    with pytest.raises(HutongError) as refused:
        caller_of(found, CITY)
    assert refused.value == HutongError(CERTIFICATE_REFUSED)


@given(found=st.lists(st.text(max_size=40).map(lambda t: "hutong://" + t), max_size=3))
def test_whatever_the_uris_nothing_else_is_ever_raised(found: list[str]) -> None:
    refused: Reason | None = None
    try:
        caller = caller_of(found, CITY)
    except HutongError as error:
        refused = error.reason
    else:
        assert found == [f"hutong://410100/{caller.role.value}/{caller.name}"]
    assert refused in (None, CERTIFICATE_REFUSED)


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "a/operator", "ä", "a" * 65])
def test_no_certificate_is_made_for_a_name_that_could_be_read_otherwise(
    ca: Identity, name: str
) -> None:
    with pytest.raises(HutongError) as refused:
        client_identity(CITY, ca, Caller(Role.VENUE, name), now=NOW, life=LIFE)
    assert refused.value.reason == MALFORMED


def test_a_peer_certificate_serves_both_ways_and_is_no_authority() -> None:
    made = peer_identity(CITY, now=NOW, life=LIFE)
    certificate = loaded(made)
    certificate.verify_directly_issued_by(certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [peer_name(CITY)] == ["410100.hutong"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca is False
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert pem_to_der(made.certificate) == made.der()


def test_a_local_port_is_reached_by_each_of_its_names(ca: Identity) -> None:
    hosts = ("127.0.0.1", "::1", "node.example", "[2001:db8::1]", "127.0.0.1")
    made = local_server_identity(CITY, ca, hosts, now=NOW, life=LIFE)
    names = loaded(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "node.example"]
    addresses = [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", "2001:db8::1"]
    usage = loaded(made).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_certificate_counts_from_a_little_before_to_its_end(ca: Identity) -> None:
    assert loaded(ca).not_valid_before_utc == NOW - timedelta(minutes=5)
    assert ends_at(ca.certificate) == NOW + LIFE
    basic = loaded(ca).extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.value.ca is True
    assert basic.critical


def test_no_two_certificates_share_a_key_or_a_number(ca: Identity) -> None:
    caller = Caller(Role.VENUE, "a")
    one, other = (client_identity(CITY, ca, caller, now=NOW, life=LIFE) for _ in range(2))
    assert one.key != other.key
    assert loaded(one).serial_number != loaded(other).serial_number


def test_a_clients_certificate_of_another_city_is_not_issued_by_this_one(ca: Identity) -> None:
    foreign = authority(OTHER, now=NOW, life=LIFE)
    made = client_identity(CITY, foreign, Caller(Role.OPERATOR, "a"), now=NOW, life=LIFE)
    with pytest.raises(ValueError, match="does not match"):
        loaded(made).verify_directly_issued_by(loaded(ca))


def test_an_identity_never_shows_its_key(ca: Identity) -> None:
    assert b"PRIVATE" in ca.key
    assert "PRIVATE" not in repr(ca)
