"""Who may come in: partner cities by their pinned certificate, local clients by their role."""

import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final

from google.protobuf.message import Message

from federation.identifiers import CityCode, is_uuid
from node.certificates import caller_of
from node.errors import (
    CERTIFICATE_REFUSED,
    NOT_A_PARTNER,
    ROLE_REFUSED,
    TLS_TOO_OLD,
    HutongError,
)
from node.model import Caller, Role
from node.ports import UnitOfWork
from node.registry import Partner, PartnerState, Registry
from node.services.here import Here
from node.transport.calls import followed_id
from node.transport.credentials import pins
from node.transport.listening import Context
from node.transport.shares import CLIENT, PARTNER, Allowance, Share, Shares

_TLS: Final = b"TLSv1.3"
_NOBODY: Final = ""
"""Connections of partners that are none any more share one share."""
_ROLES: Final[Mapping[str, Role]] = {
    "node.v1.ResidentService": Role.RESIDENT,
    "node.v1.ResidentCaseService": Role.RESIDENT,
    "node.v1.VenueService": Role.VENUE,
    "node.v1.DepartmentService": Role.DEPARTMENT,
    "node.v1.DepartmentCaseService": Role.DEPARTMENT,
    "node.v1.OperatorService": Role.OPERATOR,
    "node.v1.OversightService": Role.OPERATOR,
    "node.v1.IncentiveService": Role.OPERATOR,
    "node.v1.LogService": Role.OPERATOR,
    "node.v1.RenewalService": Role.OPERATOR,
    "node.v1.HistoryService": Role.RESIDENT,
    "node.v1.AuditService": Role.AUDITOR,
}

# What every client of this city may ask, whatever its role.
_ANY_ROLE: Final = frozenset({"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"})

# The states in which a partner may call. Where nothing is said it must be active: off is off. The
# two that say so, and that bring new keys, are answered in every state: else no partner would learn
# that it was suspended, and none could be found again after it.
_ACTIVE: Final = frozenset({PartnerState.ACTIVE})
_ON_THE_WAY: Final = frozenset(set(PartnerState) - {PartnerState.SUSPENDED, PartnerState.ENDED})
_NEEDED: Final[Mapping[str, frozenset[PartnerState]]] = {
    "federation.v1.FederationService/ExchangeTrustBundles": frozenset(PartnerState),
    "federation.v1.FederationService/ExchangePartnership": frozenset(PartnerState),
    "federation.v1.FederationService/ExchangeScales": _ON_THE_WAY,
    # A log is anybody's to check who is a partner; it is cosigned for whom it can be suspended.
    "federation.v1.FederationService/AddCheckpoint": frozenset(
        {PartnerState.TESTED, PartnerState.ACTIVE}
    ),
    "federation.v1.FederationService/GetCheckpoint": _ON_THE_WAY,
    "federation.v1.FederationService/GetInclusionProof": _ON_THE_WAY,
    "federation.v1.FederationService/GetConsistencyProof": _ON_THE_WAY,
    "federation.v1.FederationService/ListLeafHashes": _ON_THE_WAY,
    "federation.v1.TrialService": frozenset(
        {PartnerState.APPROVED, PartnerState.TESTED, PartnerState.ACTIVE}
    ),
    # Both streams of these end with the right to call them (`node.transport.streams`).
    "grpc.health.v1.Health": _ON_THE_WAY,
    "grpc.reflection.v1alpha.ServerReflection": _ON_THE_WAY,
}


# What is refused at once also where another process of the city suspended the partner just now:
# before each call the registry is read again. An attestation need not: the transaction that gives
# it reads the registry itself. Health must answer also where nothing can be read.
_READ_AGAIN: Final = ("federation.v1.",)
_READS_ITSELF: Final = frozenset({"federation.v1.FederationService/RequestAttestation"})


class PeerGate:
    """Partner cities, by the certificate itself, checked on every call.

    A connection may be older than a suspension: only the registry of this instant counts.
    """

    def __init__(self, here: Here, uow: UnitOfWork, shares: Shares | None = None) -> None:
        """The peer port's of the city of `here`; each partner has its share."""
        self._here = here
        self._uow = uow
        self._shares = shares or Shares(PARTNER)
        self._known: tuple[Registry | None, dict[bytes, Partner]] = (None, {})

    def shown(self, context: Context) -> bytes:
        """The certificate of the connection, in DER; raises CERTIFICATE_REFUSED, TLS_TOO_OLD."""
        found = context.auth_context()
        _check_tls(found)
        return _der(_one(found, "x509_pem_cert"))

    def enter(self, shown: bytes) -> Share:
        """A place for one more call of a city; raises LIMIT_REACHED."""
        # By what this process knows: whether it may call is asked when it is inside.
        partner = self._partners().get(shown)
        return self._shares.enter(_NOBODY if partner is None else partner.city)

    def allowed(self, context: Context, service: str, method: str) -> CityCode:
        """The calling city, if it may call this method now; raises NOT_A_PARTNER."""
        return self.caller(self.shown(context), service, method)

    def caller(self, shown: bytes, service: str, method: str) -> CityCode:
        """The city of a certificate, if it may call this method now; raises NOT_A_PARTNER."""
        partner = self._partners().get(shown)
        if partner is None:
            raise HutongError(NOT_A_PARTNER, city="the caller")
        needed = _NEEDED.get(f"{service}/{method}", _NEEDED.get(service, _ACTIVE))
        if partner.state not in needed:
            raise HutongError(NOT_A_PARTNER, city=partner.city)
        return partner.city

    def fresh(self, service: str, method: str) -> Callable[[], Awaitable[object]] | None:
        """What makes sure, before a call, that the registry is the newest of all processes."""
        name = f"{service}/{method}"
        always = _NEEDED.get(name, _ACTIVE) == frozenset(PartnerState)
        if always or name in _READS_ITSELF or not service.startswith(_READ_AGAIN):
            return None

        async def read() -> None:
            await self._uow.read(lambda tx: tx.registry.version)

        return read

    def request_id(self, context: Context, _request: Message) -> str:
        """The calling city's id, so that one call is found in the logs of both."""
        return followed_id(context) or self._here.new_id(self._here.now())

    def _partners(self) -> dict[bytes, Partner]:
        registry = self._uow.registry
        seen, known = self._known
        if seen is not registry:
            known = {
                certificate: partner
                for partner in registry.partners.values()
                if partner.is_heard
                for certificate in pins(partner)
            }
            self._known = (registry, known)
        return known


class LocalGate:
    """Local clients, by the role that the city's authority put into their certificate."""

    def __init__(self, here: Here, shares: Shares | None = None) -> None:
        """The local port's of the city of `here`; each client but operators has its share."""
        self._here = here
        self._shares = shares or Shares(CLIENT)
        # Who has to mend what is wrong is never turned away.
        self._operators = Shares(Allowance(rate=0, at_once=sys.maxsize))

    def shown(self, context: Context) -> Caller:
        """Whom the certificate names; raises CERTIFICATE_REFUSED, TLS_TOO_OLD."""
        found = context.auth_context()
        _check_tls(found)
        uris = tuple(uri.decode("utf-8", "replace") for uri in found.get("peer_uri", ()))
        return caller_of(uris, self._here.city)

    def enter(self, shown: Caller) -> Share:
        """A place for one more call of a client; raises LIMIT_REACHED."""
        shares = self._operators if shown.role is Role.OPERATOR else self._shares
        return shares.enter(str(shown))

    def allowed(self, context: Context, service: str, method: str) -> Caller:
        """The client, if it may call this method; raises CERTIFICATE_REFUSED or ROLE_REFUSED."""
        return self.caller(self.shown(context), service, method)

    def caller(self, shown: Caller, service: str, method: str) -> Caller:
        """The client, if it may call this method; raises ROLE_REFUSED."""
        if service in _ANY_ROLE:
            return shown
        needed = _ROLES[service]
        if shown.role is not needed:
            raise HutongError(
                ROLE_REFUSED, role=shown.role.value, method=method, needed=needed.value
            )
        return shown

    def request_id(self, _context: Context, request: Message) -> str:
        """The request's own id; a new one for a request that has none.

        What is no UUID is not taken up into the logs: it could be a document number.
        """
        own = str(getattr(request, "request_id", ""))
        return own if is_uuid(own) else self._here.new_id(self._here.now())


def _check_tls(shown: Mapping[str, object]) -> None:
    if _one(shown, "ssl_tls_version") != _TLS:
        raise HutongError(TLS_TOO_OLD)


def _one(shown: Mapping[str, object], key: str) -> bytes:
    found = shown.get(key)
    if not isinstance(found, list | tuple) or len(found) != 1 or not isinstance(found[0], bytes):
        raise HutongError(CERTIFICATE_REFUSED)
    return found[0]


@lru_cache(maxsize=1024)
def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
