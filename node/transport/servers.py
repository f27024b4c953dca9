"""The two ports: what listens, with which limits, and how it stops."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from federation.limits import MESSAGE_BYTES
from federation.v1 import federation_service_pb2, trial_service_pb2
from node import limits, load_limits
from node.errors import CANNOT_LISTEN, HutongError
from node.ports import Identities, UnitOfWork
from node.services.assembly import UseCases
from node.transport import credentials
from node.transport.audit_service import AuditServicer
from node.transport.calls import (
    Around,
    Gate,
    as_ours,
    service_handler,
)
from node.transport.department_cases import DepartmentCaseServicer
from node.transport.departments import DepartmentServicer
from node.transport.federation import FederationServicer
from node.transport.gates import LocalGate, PeerGate
from node.transport.health import Health
from node.transport.history_service import HistoryServicer
from node.transport.incentive_service import IncentiveServicer
from node.transport.knocking import Knocker
from node.transport.listening import Meter, Spans, unmetered, untraced
from node.transport.log_service import LogServicer
from node.transport.operators import OperatorServicer
from node.transport.oversight import OversightServicer
from node.transport.pressure import Pressure
from node.transport.renewal_service import RenewalServicer
from node.transport.resident_cases import ResidentCaseServicer
from node.transport.residents import ResidentServicer
from node.transport.running import Running, stopping
from node.transport.shares import CLIENT, PARTNER, Allowance, Shares
from node.transport.streams import Streams
from node.transport.trial import TrialServicer
from node.transport.venues import VenueServicer
from node.v1 import (
    audit_service_pb2,
    department_case_service_pb2,
    department_service_pb2,
    history_service_pb2,
    incentive_service_pb2,
    log_service_pb2,
    operator_service_pb2,
    oversight_service_pb2,
    renewal_service_pb2,
    resident_case_service_pb2,
    resident_service_pb2,
    venue_service_pb2,
)

_OPTIONS: Final = (
    # Two nodes on one port would share its calls by chance.
    ("grpc.so_reuseport", 0),
    # Messages are small and many: there is no bandwidth to probe, and rate counts.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.optimization_target", "throughput"),
    # A handshake that never ends, and a line that went dead, give their place back.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.server.max_pending_requests", load_limits.CALLS_UNSEEN),
    ("grpc.server.max_pending_requests_hard_limit", load_limits.CALLS_UNSEEN),
    # Who only holds a connection gives it back.
    ("grpc.max_connection_idle_ms", load_limits.CONNECTION_IDLE // timedelta(milliseconds=1)),
)
_HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"]
_REFLECTION: Final = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]

Service = tuple[ServiceDescriptor, object]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What gRPC itself takes of a port's callers.

    Bytes of a request and of an answer; connections of all callers, and calls of each connection.
    """

    request: int
    answer: int
    connections: int
    calls: int


class Port:
    """One listening port."""

    def __init__(
        self,
        address: str,
        setting: str,
        server_credentials: grpc.ServerCredentials,
        gate: Gate,
        services: Sequence[Service],
        bounds: Bounds,
        around: Around,
    ) -> None:
        """Serve `services` at `address`, which the setting of that name gives."""
        names = tuple(descriptor.full_name for descriptor, _ in services)
        self._health = Health(names)
        self._running = Running()
        self._streams = around.streams
        self._discreet = around.discreet
        self._server: Any = grpc.aio.server(
            options=(
                *_OPTIONS,
                ("grpc.max_receive_message_length", bounds.request),
                ("grpc.max_send_message_length", bounds.answer),
                ("grpc.max_allowed_incoming_connections", bounds.connections),
                ("grpc.max_concurrent_streams", bounds.calls),
            )
        )
        self._server.add_generic_rpc_handlers(
            [
                service_handler(descriptor, servicer, gate, self._running, around)
                for descriptor, servicer in services
            ]
        )
        shown = (*names, _HEALTH.full_name, _REFLECTION.full_name)
        self._server.add_generic_rpc_handlers(
            [
                # Health is answered while the port drains, too.
                service_handler(descriptor, servicer, gate, Running(), around)
                for descriptor, servicer in (
                    (_HEALTH, as_ours(self._health.servicer, "Check", "Watch")),
                    (_REFLECTION, as_ours(ReflectionServicer(shown), "ServerReflectionInfo")),
                )
            ]
        )
        self._knocker = None if around.pressure is None else Knocker()
        if around.pressure is not None and self._knocker is not None:
            around.pressure.add(self._knocker)
        try:
            self._server.add_secure_port(address, server_credentials)
        except RuntimeError as error:
            raise HutongError(CANNOT_LISTEN, address=address, key=setting) from error

    async def start(self) -> None:
        """Take calls from now on."""
        if self._knocker is None:
            await self._server.start()
        else:
            await self._knocker.start(self._server)

    async def say(self, *, serving: bool, parts: Mapping[str, bool] | None = None) -> None:
        """Say whether the node serves; and which part hinders it, where its own clients ask."""
        await self._health.say(serving=serving)
        if not self._discreet:
            await self._health.say_parts(parts or {})

    async def say_in_order(self, *, keys: bool, partners: bool) -> None:
        """Say whether keys and partners are in order, where this city's own clients ask."""
        if not self._discreet:
            await self._health.say_in_order(keys=keys, partners=partners)

    async def stop(self) -> None:
        """Say that it stops, take no new call, let the running ones finish."""
        await self._health.drain()
        await self._running.drain(limits.DRAIN)
        if self._streams is not None:
            self._streams.end(stopping())
        # The last answers are on their way out.
        await asyncio.sleep(limits.DRAIN_LAST.total_seconds())
        if self._knocker is not None:
            await self._knocker.close()
        await self._server.stop(limits.DRAIN_LAST.total_seconds())


def peer_port(
    address: str,
    keys: Identities,
    uow: UnitOfWork,
    cases: UseCases,
    meter: Meter = unmetered,
    spans: Spans = untraced,
    allowance: Allowance = PARTNER,
    pressure: Pressure | None = None,
) -> Port:
    """Where partner cities call; made in the loop that serves it."""
    federation = federation_service_pb2.DESCRIPTOR.services_by_name["FederationService"]
    trial = trial_service_pb2.DESCRIPTOR.services_by_name["TrialService"]
    gate = PeerGate(cases.here, uow, _shares(allowance, pressure))
    streams = Streams(gate.allowed)
    uow.on_change(streams.look_soon)
    return Port(
        address,
        "peer_listen",
        credentials.peer_server(keys, uow),
        gate,
        [(federation, FederationServicer(cases)), (trial, TrialServicer(cases))],
        Bounds(
            MESSAGE_BYTES,
            MESSAGE_BYTES,
            load_limits.PEER_CONNECTIONS,
            max(load_limits.PEER_CALLS_PER_CONNECTION, 2 * allowance.at_once),
        ),
        Around(
            streams, discreet=True, fresh=gate.fresh, meter=meter, spans=spans, pressure=pressure
        ),
    )


def local_port(
    address: str,
    keys: Identities,
    authority: bytes,
    cases: UseCases,
    meter: Meter = unmetered,
    spans: Spans = untraced,
    allowance: Allowance = CLIENT,
    pressure: Pressure | None = None,
) -> Port:
    """Where this city's own clients call; made in the loop that serves it."""
    gate = LocalGate(cases.here, _shares(allowance, pressure))
    services = [
        (resident_service_pb2.DESCRIPTOR, "ResidentService", ResidentServicer(cases)),
        (venue_service_pb2.DESCRIPTOR, "VenueService", VenueServicer(cases)),
        (department_service_pb2.DESCRIPTOR, "DepartmentService", DepartmentServicer(cases)),
        (operator_service_pb2.DESCRIPTOR, "OperatorService", OperatorServicer(cases)),
        (oversight_service_pb2.DESCRIPTOR, "OversightService", OversightServicer(cases)),
        (incentive_service_pb2.DESCRIPTOR, "IncentiveService", IncentiveServicer(cases)),
        (log_service_pb2.DESCRIPTOR, "LogService", LogServicer(cases)),
        (renewal_service_pb2.DESCRIPTOR, "RenewalService", RenewalServicer(cases)),
        (history_service_pb2.DESCRIPTOR, "HistoryService", HistoryServicer(cases)),
        (audit_service_pb2.DESCRIPTOR, "AuditService", AuditServicer(cases)),
        (
            resident_case_service_pb2.DESCRIPTOR,
            "ResidentCaseService",
            ResidentCaseServicer(cases),
        ),
        (
            department_case_service_pb2.DESCRIPTOR,
            "DepartmentCaseService",
            DepartmentCaseServicer(cases),
        ),
    ]
    return Port(
        address,
        "local_listen",
        credentials.local_server(keys, authority),
        gate,
        [(file.services_by_name[name], servicer) for file, name, servicer in services],
        Bounds(
            limits.LOCAL_REQUEST_BYTES,
            limits.LOCAL_ANSWER_BYTES,
            load_limits.LOCAL_CONNECTIONS,
            max(load_limits.LOCAL_CALLS_PER_CONNECTION, 2 * allowance.at_once),
        ),
        Around(Streams(gate.allowed), meter=meter, spans=spans, pressure=pressure),
    )


def _shares(allowance: Allowance, pressure: Pressure | None) -> Shares:
    shares = Shares(allowance)
    if pressure is not None:
        pressure.watch(shares)
    return shares
