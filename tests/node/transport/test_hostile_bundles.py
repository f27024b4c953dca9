"""What a partner writes into its trust bundle hurts that partner alone (rule 10)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, uuid7
from federation.limits import CERTIFICATE_BYTES
from federation.messages import TrustBundle
from federation.v1 import federation_service_pb2 as pb
from node.certificates import _issue, peer_identity, peer_name, pem_to_der, pinned
from node.clock import SystemClock, SystemEntropy
from node.errors import NOT_A_PARTNER, PEER_UNREACHABLE
from node.keys.files import read_signer
from node.registry import Partner
from node.store import open_store
from node.transport import credentials
from node.transport.peers import GrpcPeers
from tests.node.befriend import active
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    HERE,
    LIFE,
    OTHER,
    STRANGER,
    House,
    Loop,
    Stranger,
    call,
    failure,
    now,
    opened,
    stranger,
    turned_away,
)

SCALES = "/federation.v1.FederationService/ExchangeScales"
GARBAGE = (
    b"\x00",
    b"-----BEGIN CERTIFICATE-----",
    b"\x30\x82" + bytes(500),
    b"x" * CERTIFICATE_BYTES,
)


def next_bundle(city: Stranger, **changes: object) -> Envelope:
    """The city's next bundle, changed, as its own root signs it."""
    bundle = codec.TRUST_BUNDLE.decode(city.keys.bundle.payload)
    made_at = now()
    header = replace(
        bundle.header,
        statement_id=uuid7(made_at, SystemEntropy().token(10)),
        issued_at=made_at,
    )
    changed: TrustBundle = replace(bundle, header=header, sequence=2, **changes)  # type: ignore[arg-type]
    return seal(codec.TRUST_BUNDLE, changed, [read_signer(city.folder.root_key)])


def sent(envelope: Envelope) -> bytes:
    wire = codec.envelope_to_wire(envelope)
    return pb.ExchangeTrustBundlesRequest(trust_bundle=wire).SerializeToString()


@pytest.fixture
def house(loop: Loop, tmp_path: Path) -> Iterator[House]:
    with opened(loop, tmp_path / "here") as made:
        yield made


@pytest.fixture
def friend(tmp_path: Path) -> Stranger:
    return stranger(tmp_path / "friend", FRIEND)


@pytest.fixture
def other(tmp_path: Path) -> Stranger:
    return stranger(tmp_path / "other", OTHER)


@pytest.mark.parametrize("garbage", GARBAGE, ids=["nul", "pem", "der", "long"])
def test_a_bundle_with_a_certificate_that_is_none_shuts_out_nobody_else(
    house: House, friend: Stranger, other: Stranger, tmp_path: Path, garbage: bytes
) -> None:
    house.trust(friend)
    house.trust(other)
    bad = next_bundle(friend, tls_certificates=(garbage, friend.own.der()))
    with house.as_partner(friend.own) as channel:
        call(channel, EXCHANGE, sent(bad))
    late = stranger(tmp_path / "late", STRANGER)
    house.trust(late)
    for city in (friend, other, late):
        with house.as_partner(city.own) as channel:
            call(channel, EXCHANGE, sent(city.keys.bundle if city is not friend else bad))
    house.suspend(OTHER)
    with house.as_partner(other.own) as channel:
        assert failure(channel, SCALES).reason == NOT_A_PARTNER.name
    # A restart reads the same registry.
    made = open_store(f"sqlite:///{house.directory / 'store.sqlite'}", SystemClock())
    credentials.peer_server(house.keys, made)
    house.loop.run(made.close())


def unreadable(city: CityCode) -> tuple[bytes, ...]:
    """Certificates of that city that cannot be read: names of no UTF-8 or type, no such version."""
    der = peer_identity(city, now=now(), life=LIFE).der()
    name = peer_name(city).encode()
    typed = bytes((0x0C, len(name))) + name
    assert der.count(typed) == 2
    return (
        der.replace(name, b"\xff" + name[1:], 1),
        der.replace(typed, bytes((0x0D, len(name))) + name, 1),
        der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x5b", 1),
    )


@pytest.mark.parametrize("which", range(3), ids=["no utf-8", "no such type", "no such version"])
def test_a_certificate_that_cannot_be_read_shuts_out_nobody(
    house: House, friend: Stranger, other: Stranger, which: int
) -> None:
    house.trust(friend)
    house.trust(other)
    bad = next_bundle(friend, tls_certificates=(unreadable(FRIEND)[which], friend.own.der()))
    with house.as_partner(friend.own) as channel:
        call(channel, EXCHANGE, sent(bad))
    for city in (friend, other):
        with house.as_partner(city.own) as channel:
            call(channel, EXCHANGE, sent(bad if city is friend else city.keys.bundle))


def test_a_bundle_of_garbage_only_is_told_as_unreachable(house: House, friend: Stranger) -> None:
    bundle = codec.TRUST_BUNDLE.decode(next_bundle(friend, tls_certificates=(b"none",)).payload)
    partner = active(Partner(FRIEND, bundle, friend.keys.bundle, now()))

    async def swap() -> None:
        async with GrpcPeers(house.keys) as peers:
            await peers.exchange_trust_bundles(partner, (house.keys.bundle,))

    with pytest.raises(HutongError) as raised:
        house.loop.run(swap())
    assert raised.value.reason == PEER_UNREACHABLE


@pytest.mark.parametrize("first", [True, False])
def test_a_partner_cannot_take_anothers_place_by_naming_its_certificate(
    house: House, friend: Stranger, other: Stranger, first: bool
) -> None:
    thief, robbed = (friend, other) if first else (other, friend)
    house.trust(thief)
    house.trust(robbed)
    stolen = next_bundle(thief, tls_certificates=(thief.own.der(), robbed.own.der()))
    with house.as_partner(thief.own) as channel:
        call(channel, EXCHANGE, sent(stolen))
    with house.as_partner(robbed.own) as channel:
        call(channel, EXCHANGE, sent(robbed.keys.bundle))
    # Nor does suspending the thief shut out the robbed, or the other way round.
    house.suspend(thief.code)
    with house.as_partner(robbed.own) as channel:
        call(channel, EXCHANGE, sent(robbed.keys.bundle))
    house.resume(thief.code)
    house.suspend(robbed.code)
    with house.as_partner(robbed.own) as channel:
        assert failure(channel, SCALES).reason == NOT_A_PARTNER.name


def test_a_new_certificate_counts_from_the_bundle_that_brings_it(
    house: House, friend: Stranger
) -> None:
    house.trust(friend)
    fresh = peer_identity(FRIEND, now=now(), life=LIFE)
    with house.as_partner(fresh) as channel:
        assert turned_away(channel)
    replaced = next_bundle(friend, tls_certificates=(pem_to_der(fresh.certificate),))
    with house.as_partner(friend.own) as old:
        call(old, EXCHANGE, sent(replaced))
        assert failure(old, EXCHANGE, sent(replaced)).error == HutongError(
            NOT_A_PARTNER, city="the caller"
        )
    with house.as_partner(fresh) as channel:
        call(channel, EXCHANGE, sent(replaced))
    with house.as_partner(friend.own) as channel:
        assert turned_away(channel)


@pytest.mark.parametrize("count", [2, 3])
def test_old_and_new_certificates_of_one_city_count_side_by_side(
    house: House, friend: Stranger, count: int
) -> None:
    house.trust(friend)
    made = [friend.own, *(peer_identity(FRIEND, now=now(), life=LIFE) for _ in range(count))]
    rotating = next_bundle(friend, tls_certificates=tuple(own.der() for own in made))
    with house.as_partner(friend.own) as channel:
        call(channel, EXCHANGE, sent(rotating))
    for own in made:
        with house.as_partner(own) as channel:
            call(channel, EXCHANGE, sent(rotating))


def named(subject: str, alternatives: tuple[str, ...]) -> bytes:
    """A self-signed certificate that says these names of itself, in DER."""
    made = _issue(
        subject,
        ec.generate_private_key(ec.SECP256R1()),
        issuer=None,
        alternatives=[x509.DNSName(each) for each in alternatives],
        usages=[],
        now=now(),
        life=LIFE,
    )
    return made.der()


@pytest.mark.parametrize(
    ("subject", "alternatives"),
    [
        (peer_name(OTHER), (peer_name(OTHER),)),
        (peer_name(OTHER), (peer_name(FRIEND),)),
        (peer_name(FRIEND), (peer_name(FRIEND), peer_name(OTHER))),
        (peer_name(HERE), (peer_name(FRIEND),)),
        (peer_name(FRIEND), ()),
    ],
)
def test_a_partner_cannot_shut_another_out_by_bearing_its_name(
    house: House, friend: Stranger, other: Stranger, subject: str, alternatives: tuple[str, ...]
) -> None:
    house.trust(friend)
    posing = named(subject, alternatives)
    assert pinned(posing, FRIEND) is None
    bad = next_bundle(friend, tls_certificates=(posing, friend.own.der()))
    with house.as_partner(friend.own) as channel:
        call(channel, EXCHANGE, sent(bad))
    house.trust(other)
    for city in (friend, other):
        with house.as_partner(city.own) as channel:
            call(channel, EXCHANGE, sent(bad if city is friend else city.keys.bundle))


def test_an_honest_certificate_is_pinned_for_its_own_city_only() -> None:
    made = peer_identity(FRIEND, now=now(), life=LIFE)
    assert pinned(made.der(), FRIEND) == made.certificate
    assert pinned(made.der(), OTHER) is None


@pytest.mark.parametrize(("kind", "taken"), [(b"\x0c", True), (b"\x13", True), (b"\x04", False)])
def test_a_name_is_of_a_type_of_text_that_every_reader_takes(kind: bytes, taken: bool) -> None:
    text = bytes((len(peer_name(FRIEND)),)) + peer_name(FRIEND).encode("ascii")
    of_utf8 = peer_identity(FRIEND, now=now(), life=LIFE).der()
    assert of_utf8.count(b"\x0c" + text) == 2
    der = of_utf8.replace(b"\x0c" + text, kind + text)
    assert (pinned(der, FRIEND) is not None) is taken
