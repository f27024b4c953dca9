"""Who comes in by the local port: this city's own clients, each in its one role."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from federation.errors import Status
from node.certificates import Identity, _issue, authority, client_identity
from node.errors import CERTIFICATE_REFUSED, ROLE_REFUSED, TLS_TOO_OLD, HutongError
from node.keys.files import read_private
from node.model import Caller, Role
from node.record_errors import DEPARTMENT_UNKNOWN
from node.transport.gates import _ROLES, LocalGate
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    FRIEND,
    HERE,
    LIFE,
    House,
    call,
    failure,
    now,
    turned_away,
)
from tests.node.transport.methods import LOCAL, ROLES, Method
from tests.node.transport.test_peer_port import Shown

LIST = "/node.v1.VenueService/ListIncentives"
_EMPTY = (Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION)


@pytest.fixture(scope="module")
def channels(street: Street) -> Iterator[Mapping[Role, grpc.Channel]]:
    made = {role: street.house.as_client(street.house.client(role)) for role in Role}
    yield made
    for channel in made.values():
        channel.close()


def test_no_service_of_the_port_is_left_out_here() -> None:
    assert {service.full_name: role for service, role in ROLES.items()} == _ROLES


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("method", LOCAL, ids=str)
def test_each_method_is_for_its_one_role(
    channels: Mapping[Role, grpc.Channel], method: Method, role: Role
) -> None:
    assert method.role is not None
    try:
        call(channels[role], method.path)
    except grpc.RpcError:
        found = failure(channels[role], method.path).error
        assert found is not None
    else:
        found = None
    refused = HutongError(
        ROLE_REFUSED, role=role.value, method=method.wire.name, needed=method.role.value
    )
    assert (found == refused) is (role is not method.role)
    if role is method.role and found is not None:
        # No request, no such department, or nothing in force yet.
        assert found.reason.status in _EMPTY or found.reason == DEPARTMENT_UNKNOWN


def ca(house: House) -> Identity:
    return Identity(house.folder.ca_certificate.read_bytes(), read_private(house.folder.ca_key))


def venue(house: House, *, made: datetime, life: timedelta = LIFE) -> Identity:
    return client_identity(HERE, ca(house), Caller(Role.VENUE, "library"), now=made, life=life)


def with_uris(issuer: Identity | None, *uris: str) -> Identity:
    return _issue(
        "venue library",
        ec.generate_private_key(ec.SECP256R1()),
        issuer=issuer,
        alternatives=[x509.UniformResourceIdentifier(uri) for uri in uris],
        usages=[ExtendedKeyUsageOID.CLIENT_AUTH],
        now=now(),
        life=LIFE,
    )


def test_a_venue_comes_in(street: Street) -> None:
    with street.house.as_client(venue(street.house, made=now())) as channel:
        call(channel, LIST)
    with street.house.as_client(
        with_uris(ca(street.house), f"hutong://{HERE}/venue/library")
    ) as channel:
        call(channel, LIST)


def test_without_a_certificate_nobody_comes_in(street: Street) -> None:
    with street.house.as_client(None) as channel:
        assert turned_away(channel, LIST)


def test_a_certificate_that_has_ended_or_not_begun_does_not_come_in(street: Street) -> None:
    ended = venue(street.house, made=now() - LIFE, life=timedelta(days=1))
    later = venue(street.house, made=now() + timedelta(days=1))
    for own in (ended, later):
        with street.house.as_client(own) as channel:
            assert turned_away(channel, LIST)


def test_nobody_elses_authority_counts(street: Street) -> None:
    uri = f"hutong://{HERE}/venue/library"
    other = authority(HERE, now=now(), life=LIFE)
    for own in (
        with_uris(None, uri),
        with_uris(other, uri),
        with_uris(street.friend.own, uri),
        # A client is no authority.
        with_uris(street.house.client(Role.OPERATOR), uri),
        street.friend.own,
        street.house.own,
    ):
        with street.house.as_client(own) as channel:
            assert turned_away(channel, LIST)


@pytest.mark.parametrize(
    "uris",
    [
        (),
        ("https://example.org/venue/library",),
        (f"hutong://{FRIEND}/venue/library",),
        (f"hutong://{HERE}/mayor/library",),
        (f"hutong://{HERE}/venue",),
        (f"hutong://{HERE}/venue/library/operator",),
        (f"hutong://{HERE}/venue/library", f"hutong://{HERE}/operator/default"),
        (f"HUTONG://{HERE}/venue/library",),
    ],
)
def test_a_certificate_that_names_no_one_role_of_this_city_is_refused(
    street: Street, uris: Sequence[str]
) -> None:
    with street.house.as_client(with_uris(ca(street.house), *uris)) as channel:
        assert failure(channel, LIST).error == HutongError(CERTIFICATE_REFUSED)


def test_the_servers_own_certificate_is_no_clients(street: Street) -> None:
    with street.house.as_client(street.house.keys.local_identity) as channel:
        found = failure(channel, LIST)
    assert found.error in (None, HutongError(CERTIFICATE_REFUSED))


def test_a_suspended_partner_changes_nothing_here(street: Street) -> None:
    street.house.suspend(FRIEND)
    with street.house.as_client(street.house.client(Role.VENUE)) as channel:
        call(channel, LIST)
    street.house.resume(FRIEND)


def test_the_gate_itself_wants_tls_13() -> None:
    uri = f"hutong://{HERE}/venue/library".encode()
    assert entered(ssl_tls_version=[b"TLSv1.3"], peer_uri=[uri]) == "venue/library"
    assert entered(ssl_tls_version=[b"TLSv1.2"], peer_uri=[uri]) == TLS_TOO_OLD.name
    assert entered(ssl_tls_version=[b"TLSv1.3"], peer_uri=[b"\xff\xfe"]) == CERTIFICATE_REFUSED.name
    assert entered(peer_uri=[uri]) == CERTIFICATE_REFUSED.name


def entered(**shown: list[bytes]) -> str:
    here: Any = type("Here", (), {"city": HERE})()
    context: Any = Shown(**shown)
    try:
        return str(LocalGate(here).allowed(context, "node.v1.VenueService", "ListIncentives"))
    except HutongError as error:
        return error.reason.name
