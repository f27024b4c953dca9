"""The TLS of the two ports and of calls to partners.

On the peer port the set of accepted certificates follows the registry: a partner that was added is
accepted at its next handshake, one that was ended is refused at it, as soon as it knows. What a
partner may call is up to the gate. A certificate in a bundle that is none, or that bears another
city's name, counts for nobody (rule 10).
"""

from collections.abc import Callable

import grpc

from federation.identifiers import CityCode
from node.certificates import Identity, peer_name, pinned
from node.ports import Identities, UnitOfWork
from node.registry import Partner, Registry


def peer_server(keys: Identities, uow: UnitOfWork) -> grpc.ServerCredentials:
    """Mutual TLS that accepts exactly the partners' pinned certificates.

    The server's own certificate is the current one at each handshake.
    """
    return grpc.dynamic_ssl_server_credentials(
        _configuration(keys.peer_identity, uow.registry),
        _follow(keys, uow),  # type: ignore[arg-type] # the stub lacks None, which says: as before
        require_client_authentication=True,
    )


def local_server(keys: Identities, authority: bytes) -> grpc.ServerCredentials:
    """Mutual TLS that accepts the clients of the city's own authority."""
    seen = keys.local_identity

    def configuration(own: Identity) -> grpc.ServerCertificateConfiguration:
        pair = [(own.key, own.certificate)]
        return grpc.ssl_server_certificate_configuration(pair, root_certificates=authority)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        own = keys.local_identity
        if own == seen:
            return None
        made = configuration(own)
        seen = own
        return made

    return grpc.dynamic_ssl_server_credentials(
        configuration(seen),
        fetch,  # type: ignore[arg-type] # the stub lacks None, which says: as before
        require_client_authentication=True,
    )


def to_partner(own: Identity, partner: Partner) -> grpc.ChannelCredentials:
    """Mutual TLS with a partner whose certificate is one of its trust bundle's.

    Without one that counts only this city's own would do, which no partner has: an empty set would
    mean the machine's public authorities.
    """
    accepted = b"".join(pins(partner).values()) or own.certificate
    return grpc.ssl_channel_credentials(accepted, own.key, own.certificate)


def pins(partner: Partner) -> dict[bytes, bytes]:
    """The certificates of a partner's newest trust bundle that count, in PEM, by their DER."""
    found = {der: pinned(der, partner.city) for der in partner.bundle.tls_certificates}
    return {der: pem for der, pem in found.items() if pem is not None}


def partner_name(city: CityCode) -> tuple[str, str]:
    """The channel option that expects the name in the city's certificate, whatever is dialled."""
    return ("grpc.ssl_target_name_override", peer_name(city))


def _follow(
    keys: Identities, uow: UnitOfWork
) -> Callable[[], grpc.ServerCertificateConfiguration | None]:
    seen: tuple[Registry, Identity] | None = None

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        # gRPC asks at every handshake, from a thread of its own; None says: as before.
        nonlocal seen
        registry, own = uow.registry, keys.peer_identity
        if seen is not None and registry is seen[0] and own == seen[1]:
            return None
        made = _configuration(own, registry)
        seen = registry, own
        return made

    return fetch


def _configuration(own: Identity, registry: Registry) -> grpc.ServerCertificateConfiguration:
    partners = registry.partners.values()
    accepted = [pem for partner in partners if partner.is_heard for pem in pins(partner).values()]
    # Without a partner the set is this city's own certificate: an empty set would mean the
    # machine's public authorities.
    return grpc.ssl_server_certificate_configuration(
        [(own.key, own.certificate)], root_certificates=b"".join([own.certificate, *accepted])
    )
