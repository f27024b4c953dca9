"""How two cities stand to each other."""

from federation import messages as m
from federation.codec.primitives import (
    header_from_wire,
    header_to_wire,
    instant_from_wire,
    instant_to_wire,
)
from federation.identifiers import uuid_text
from federation.v1 import partnership_pb2


def partnership_to_wire(partnership: m.Partnership) -> partnership_pb2.Partnership:
    """The partnership as it travels."""
    flags = partnership.flags
    return partnership_pb2.Partnership(
        header=header_to_wire(partnership.header),
        sequence=partnership.sequence,
        approved=flags.approved,
        tested=flags.tested,
        suspended=flags.suspended,
        ended=flags.ended,
        agreements=[_standing_to_wire(standing) for standing in partnership.agreements],
    )


def partnership_from_wire(wire: partnership_pb2.Partnership) -> m.Partnership:
    """The partnership as it came; raises MALFORMED."""
    return m.Partnership(
        header=header_from_wire(wire.header),
        sequence=wire.sequence,
        flags=m.Flags(
            approved=wire.approved,
            tested=wire.tested,
            suspended=wire.suspended,
            ended=wire.ended,
        ),
        agreements=tuple(_standing_from_wire(standing) for standing in wire.agreements),
    )


def _standing_to_wire(standing: m.AgreementStanding) -> partnership_pb2.AgreementStanding:
    wire = partnership_pb2.AgreementStanding(
        agreement_id=standing.agreement_id,
        version=standing.version,
        suspended=standing.suspended,
    )
    if standing.ends_at is not None:
        wire.ends_at.CopyFrom(instant_to_wire(standing.ends_at))
    return wire


def _standing_from_wire(wire: partnership_pb2.AgreementStanding) -> m.AgreementStanding:
    ends = wire.HasField("ends_at")
    return m.AgreementStanding(
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        version=wire.version,
        suspended=wire.suspended,
        ends_at=instant_from_wire(wire.ends_at, where="ends_at") if ends else None,
    )
