"""Renewals: the question about many residents, and the one signature over the answers."""

from federation import standing as m
from federation.codec.documents import DISCLOSURES, DISCLOSURES_WIRE
from federation.codec.primitives import from_enum, header_from_wire, header_to_wire
from federation.identifiers import uuid_text
from federation.v1 import renewal_pb2


def renewal_to_wire(request: m.RenewalRequest) -> renewal_pb2.RenewalRequest:
    """The request as it travels."""
    return renewal_pb2.RenewalRequest(
        header=header_to_wire(request.header),
        agreement_id=request.agreement_id,
        agreement_version=request.agreement_version,
        scenarios=request.scenarios,
        disclosure=DISCLOSURES_WIRE[request.disclosure],
        pseudonyms=request.pseudonyms,
    )


def renewal_from_wire(wire: renewal_pb2.RenewalRequest) -> m.RenewalRequest:
    """The request as it came; raises MALFORMED."""
    return m.RenewalRequest(
        header=header_from_wire(wire.header),
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        agreement_version=wire.agreement_version,
        scenarios=tuple(wire.scenarios),
        disclosure=from_enum(DISCLOSURES, wire.disclosure, where="disclosure"),
        pseudonyms=tuple(wire.pseudonyms),
    )


def batch_to_wire(batch: m.AttestationBatch) -> renewal_pb2.AttestationBatch:
    """The batch as it travels."""
    return renewal_pb2.AttestationBatch(
        header=header_to_wire(batch.header),
        request_id=batch.request_id,
        request_digest=batch.request_digest,
        size=batch.size,
        root=batch.root,
    )


def batch_from_wire(wire: renewal_pb2.AttestationBatch) -> m.AttestationBatch:
    """The batch as it came; raises MALFORMED."""
    return m.AttestationBatch(
        header=header_from_wire(wire.header),
        request_id=uuid_text(wire.request_id, where="request_id"),
        request_digest=wire.request_digest,
        size=wire.size,
        root=wire.root,
    )
