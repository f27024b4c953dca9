"""Who comes in by the peer port: active partners by their very certificate, and nobody else."""

import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from federation import codec
from federation.envelope import Envelope, seal
from federation.identifiers import CityCode, uuid7
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure, Flags, Header, Partnership
from federation.v1 import federation_service_pb2 as pb
from node.certificates import Identity, _issue, peer_identity, peer_name
from node.clock import SystemEntropy
from node.errors import (
    CERTIFICATE_REFUSED,
    KEY_UNUSABLE,
    NOT_A_PARTNER,
    TLS_TOO_OLD,
    HutongError,
)
from node.model import Role
from node.ports import Transaction
from node.transport.gates import PeerGate
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    HERE,
    LIFE,
    STRANGER,
    Loop,
    Stranger,
    call,
    failure,
    now,
    opened,
    stranger,
    turned_away,
)

ASK = "/federation.v1.FederationService/RequestAttestation"
SCALES = "/federation.v1.FederationService/ExchangeScales"


def swap(city: Stranger) -> bytes:
    """A call that any partner may make: its bundle for ours."""
    wire = codec.envelope_to_wire(city.keys.bundle)
    return pb.ExchangeTrustBundlesRequest(trust_bundle=wire).SerializeToString()


def got_our_bundle(street: Street, answer: bytes) -> bool:
    found = pb.ExchangeTrustBundlesResponse.FromString(answer).trust_bundle
    return codec.envelope_from_wire(found) == street.house.keys.bundle


def test_a_partner_comes_in(street: Street) -> None:
    for city in (street.friend, street.other):
        with street.house.as_partner(city.own) as channel:
            assert got_our_bundle(street, call(channel, EXCHANGE, swap(city)))


def test_without_a_certificate_nobody_comes_in(street: Street) -> None:
    with street.house.as_partner(None) as channel:
        assert turned_away(channel)


@pytest.mark.parametrize("role", Role)
def test_a_client_of_the_citys_own_does_not_come_in_as_a_partner(
    street: Street, role: Role
) -> None:
    with street.house.as_partner(street.house.client(role)) as channel:
        assert turned_away(channel)


def test_the_right_name_on_another_key_is_not_enough(street: Street) -> None:
    forged = peer_identity(FRIEND, now=now(), life=LIFE)
    with street.house.as_partner(forged) as channel:
        assert turned_away(channel)


def test_the_right_certificate_without_its_key_is_not_enough(street: Street) -> None:
    forged = peer_identity(FRIEND, now=now(), life=LIFE)
    with street.house.as_partner(Identity(street.friend.own.certificate, forged.key)) as channel:
        assert turned_away(channel)


def test_a_certificate_that_a_partner_made_for_somebody_does_not_come_in(street: Street) -> None:
    made = _issue(
        peer_name(FRIEND),
        ec.generate_private_key(ec.SECP256R1()),
        issuer=street.friend.own,
        alternatives=[x509.DNSName(peer_name(FRIEND))],
        usages=[],
        now=now(),
        life=LIFE,
    )
    both = Identity(made.certificate + street.friend.own.certificate, made.key)
    for forged in (made, both):
        with street.house.as_partner(forged) as channel:
            found = failure(channel, EXCHANGE)
        assert found.error in (None, HutongError(NOT_A_PARTNER, city="the caller"))


def test_the_citys_own_certificate_is_no_partners(street: Street) -> None:
    with street.house.as_partner(street.house.own) as channel:
        found = failure(channel, EXCHANGE, swap(street.friend))
    assert found.error == HutongError(NOT_A_PARTNER, city="the caller")


def test_a_city_that_was_never_added_does_not_come_in(street: Street, tmp_path: Path) -> None:
    with street.house.as_partner(stranger(tmp_path / "far", STRANGER).own) as channel:
        assert turned_away(channel)


def test_without_a_partner_nobody_comes_in(loop: Loop, tmp_path: Path) -> None:
    friend = stranger(tmp_path / "friend", FRIEND)
    with opened(loop, tmp_path / "here") as house:
        for own in (None, friend.own, house.client(Role.OPERATOR)):
            with house.as_partner(own) as channel:
                assert turned_away(channel)
        with house.as_partner(house.own) as channel:
            assert failure(channel, EXCHANGE).reason == NOT_A_PARTNER.name


def test_a_partner_speaks_for_itself_only(street: Street) -> None:
    """By its own connection it brings another city's words, and its own in another's name."""
    for issuer, signer in (
        (street.other.code, street.other),
        (street.other.code, street.friend),
        (street.friend.code, street.other),
    ):
        body = question(issuer, signer)
        with street.house.as_partner(street.friend.own) as channel:
            found = failure(channel, ASK, body)
        expected = "WRONG_ISSUER" if signer is street.friend else "UNKNOWN_KEY"
        assert found.reason == expected, issuer


def test_no_other_city_is_told_where_our_keys_lie(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_bytes: bytes) -> bytes:
        raise HutongError(KEY_UNUSABLE, path="/srv/keys/signing.pem", problem="it is on fire")

    monkeypatch.setattr(street.house.keys, "sign", locked)
    body = pb.ExchangePartnershipRequest(
        partnership=codec.envelope_to_wire(statement(street.friend))
    ).SerializeToString()
    with street.house.as_partner(street.friend.own) as channel:
        found = failure(channel, "/federation.v1.FederationService/ExchangePartnership", body)
    assert found.reason == KEY_UNUSABLE.name
    assert "signing.pem" not in found.text
    assert found.error is not None
    assert "signing.pem" not in repr(found.error.fields)


def statement(city: Stranger) -> Envelope:
    """A partnership as the city would say it."""
    made_at = now()
    header = Header(
        uuid7(made_at, SystemEntropy().token(10)),
        city.code,
        (HERE,),
        made_at,
        made_at + timedelta(minutes=1),
    )
    said = Partnership(header, 9, Flags(approved=True, tested=True), ())
    return seal(codec.PARTNERSHIP, said, [city.keys])


def question(issuer: CityCode, signer: Stranger) -> bytes:
    asked = AttestationRequest(
        header=Header(
            uuid7(now(), SystemEntropy().token(10)),
            issuer,
            (HERE,),
            now(),
            now() + REQUEST_LIFETIME,
        ),
        agreement_id="00000000-0000-7000-8000-000000000001",
        agreement_version=1,
        presentation_code=bytes(16),
        pseudonym=None,
        scenarios=("library.deposit_free",),
        disclosure=Disclosure.BAND,
    )
    envelope = codec.envelope_to_wire(seal(codec.ATTESTATION_REQUEST, asked, [signer.keys]))
    return pb.RequestAttestationRequest(request=envelope).SerializeToString()


@pytest.fixture
def third(tmp_path: Path) -> Stranger:
    return stranger(tmp_path / "third", STRANGER)


def test_a_partner_is_added_suspended_and_resumed_while_the_node_runs(
    street: Street, third: Stranger
) -> None:
    house = street.house
    with house.as_partner(third.own) as channel:
        assert turned_away(channel)
    house.trust(third)
    with house.as_partner(third.own) as open_one:
        assert got_our_bundle(street, call(open_one, EXCHANGE, swap(third)))
        house.suspend(STRANGER)
        # On the very connection that was good a moment ago, and on a new one.
        off = HutongError(NOT_A_PARTNER, city=STRANGER)
        assert failure(open_one, SCALES).error == off
        with house.as_partner(third.own) as fresh:
            assert failure(fresh, SCALES).error == off
        house.resume(STRANGER)
        assert call(open_one, SCALES) == b""
        house.end(STRANGER)
        assert failure(open_one, SCALES).error == off
        # It is heard until it knows; then it is nobody.
        assert got_our_bundle(street, call(open_one, EXCHANGE, swap(third)))
        house.act(lambda tx: told(tx, STRANGER))
        found = failure(open_one, EXCHANGE, swap(third))
        assert found.error == HutongError(NOT_A_PARTNER, city="the caller")
        with house.as_partner(third.own) as fresh:
            assert turned_away(fresh)
        with house.as_partner(street.friend.own) as neighbour:
            assert got_our_bundle(street, call(neighbour, EXCHANGE, swap(street.friend)))


def told(tx: Transaction, city: CityCode) -> None:
    partner = tx.registry.partners[city]
    tx.administration.put_partner(replace(partner, told=partner.sequence))


class Shown:
    """A connection's authentication, as gRPC tells it."""

    def __init__(self, **shown: list[bytes]) -> None:
        self._shown = shown

    def auth_context(self) -> dict[str, list[bytes]]:
        return self._shown


def entered(street: Street, **shown: list[bytes]) -> str:
    gate = PeerGate(street.house.cases.here, street.house.store)
    context: Any = Shown(**shown)
    try:
        return gate.allowed(context, "federation.v1.FederationService", "ExchangeScales")
    except HutongError as error:
        return error.reason.name


def test_the_gate_itself_wants_tls_13_and_one_pinned_certificate(street: Street) -> None:
    tls, pem = [b"TLSv1.3"], [street.friend.own.certificate]
    assert entered(street, ssl_tls_version=tls, x509_pem_cert=pem) == FRIEND
    for old in ([b"TLSv1.2"], [b"TLSv1.1"]):
        assert entered(street, ssl_tls_version=old, x509_pem_cert=pem) == TLS_TOO_OLD.name
    refused = CERTIFICATE_REFUSED.name
    assert entered(street, x509_pem_cert=pem) == refused
    assert entered(street, ssl_tls_version=tls) == refused
    assert entered(street, ssl_tls_version=tls, x509_pem_cert=pem * 2) == refused


def test_a_real_connection_has_tls_13_also_where_the_client_would_take_less(
    street: Street, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.load_verify_locations(cadata=street.house.own.certificate.decode())
    keys = street.friend.folder
    context.load_cert_chain(keys.peer_certificate, keys.peer_key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    assert spoken(street, context) == ("TLSv1.3", False)


def test_an_old_tls_library_is_told_so(street: Street) -> None:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.load_verify_locations(cadata=street.house.own.certificate.decode())
    keys = street.friend.folder
    context.load_cert_chain(keys.peer_certificate, keys.peer_key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    assert spoken(street, context) == ("TLSv1.2", True)


def spoken(street: Street, context: ssl.SSLContext) -> tuple[str, bool]:
    """The TLS version of a hand-made HTTP/2 call, and whether the answer complains of it."""
    with (
        socket.create_connection(("127.0.0.1", street.house.peer_number), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=peer_name(HERE)) as tls,
    ):
        tls.sendall(http2_call(EXCHANGE, swap(street.friend)))
        version, heard = str(tls.version()), b""
        while b"grpc-status" not in heard:
            chunk = tls.recv(65536)
            if not chunk:
                break
            heard += chunk
    assert b"grpc-status" in heard
    return version, TLS_TOO_OLD.en[:40].encode() in heard


def http2_call(path: str, body: bytes) -> bytes:
    """One gRPC call in HTTP/2, with headers written out (RFC 9113, RFC 7541 section 6.2.2)."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
        return head + stream.to_bytes(4, "big") + payload

    def header(name: str, value: str) -> bytes:
        return b"\x00" + b"".join(bytes([len(x)]) + x.encode() for x in (name, value))

    headers = (
        (":method", "POST"),
        (":scheme", "https"),
        (":path", path),
        (":authority", peer_name(HERE)),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    )
    message = b"\x00" + len(body).to_bytes(4, "big") + body
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + frame(4, 0, 0, b"")
        + frame(1, 4, 1, b"".join(header(*each) for each in headers))
        + frame(0, 1, 1, message)
    )
