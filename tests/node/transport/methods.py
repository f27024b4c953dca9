"""Every method of both ports, from the descriptors, and requests that reach each field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from federation.v1 import federation_service_pb2, trial_service_pb2
from node.model import Role
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

ROLES: Final = {
    file.services_by_name[name]: role
    for file, name, role in (
        (resident_service_pb2.DESCRIPTOR, "ResidentService", Role.RESIDENT),
        (resident_case_service_pb2.DESCRIPTOR, "ResidentCaseService", Role.RESIDENT),
        (venue_service_pb2.DESCRIPTOR, "VenueService", Role.VENUE),
        (department_service_pb2.DESCRIPTOR, "DepartmentService", Role.DEPARTMENT),
        (department_case_service_pb2.DESCRIPTOR, "DepartmentCaseService", Role.DEPARTMENT),
        (operator_service_pb2.DESCRIPTOR, "OperatorService", Role.OPERATOR),
        (oversight_service_pb2.DESCRIPTOR, "OversightService", Role.OPERATOR),
        (incentive_service_pb2.DESCRIPTOR, "IncentiveService", Role.OPERATOR),
        (log_service_pb2.DESCRIPTOR, "LogService", Role.OPERATOR),
        (renewal_service_pb2.DESCRIPTOR, "RenewalService", Role.OPERATOR),
        (history_service_pb2.DESCRIPTOR, "HistoryService", Role.RESIDENT),
        (audit_service_pb2.DESCRIPTOR, "AuditService", Role.AUDITOR),
    )
}
FEDERATION: Final = federation_service_pb2.DESCRIPTOR.services_by_name["FederationService"]
TRIAL: Final = trial_service_pb2.DESCRIPTOR.services_by_name["TrialService"]
SOME_ID: Final = "0192f0c1-2b3c-7def-8123-456789abcdef"
_PLAUSIBLE: Final = {"host_city": "420100", "city": "420100", "partner_city": "420100"}


@dataclass(frozen=True, slots=True)
class Method:
    """One method; `role` is None on the peer port."""

    wire: MethodDescriptor
    role: Role | None

    @property
    def path(self) -> str:
        return f"/{self.wire.containing_service.full_name}/{self.wire.name}"

    @property
    def request(self) -> type[Message]:
        return GetMessageClass(self.wire.input_type)

    def __str__(self) -> str:
        return self.wire.name


LOCAL: Final = [Method(wire, role) for service, role in ROLES.items() for wire in service.methods]
PEER: Final = [Method(wire, None) for wire in (*FEDERATION.methods, *TRIAL.methods)]


def text_fields(method: Method) -> list[tuple[str, ...]]:
    """The path of each text field of the request, at any depth."""
    return list(_texts(method.wire.input_type, ()))


def _texts(message: Descriptor, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for field in message.fields:
        here = (*before, field.name)
        if field.type == FieldDescriptor.TYPE_STRING:
            yield here
        elif field.message_type is not None:
            yield from _texts(field.message_type, here)


def saying(method: Method, path: tuple[str, ...], text: str) -> Message:
    """A plausible request that has `text` in that field."""
    request = method.request()
    _fill(request)
    target: Any = request
    for name in path[:-1]:
        step = getattr(target, name)
        target = step.add() if hasattr(step, "add") else step
        if target is not step:
            _fill(target)
    last = path[-1]
    if hasattr(getattr(target, last), "append"):
        getattr(target, last).append(text)
    else:
        setattr(target, last, text)
    return request


def _fill(message: Any) -> None:  # noqa: ANN401 - any generated message
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None:
            continue
        name = field.name
        if name.endswith("_id"):
            setattr(message, name, SOME_ID)
        elif name in _PLAUSIBLE:
            setattr(message, name, _PLAUSIBLE[name])
        elif name == "document_kind":
            setattr(message, name, 1)
        elif name == "expires_at":
            message.expires_at.seconds = 4_000_000_000
        elif name == "occurred_on":
            message.occurred_on = "2026-01-15"
