"""The local port for auditors: what this city's log holds of a period, and nothing else."""

from collections.abc import AsyncIterator

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.envelope import envelope_to_json
from node.audited import Period
from node.limits import AUDITED_ENTRIES
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.v1 import audit_service_pb2 as pb


class AuditServicer:
    """node.v1.AuditService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._auditing = cases.auditing

    async def ReadPeriod(self, call: Call, request: pb.ReadPeriodRequest) -> AsyncIterator[Message]:
        """See the proto. So many entries are in memory at a time as one answer holds."""
        since = fields.instant(request, "since")
        until = fields.instant(request, "until") if request.HasField("until") else None
        period = await self._auditing.begin(str(call.caller), since, until)
        yield pb.ReadPeriodResponse(proof=_proof(period))
        for first in range(period.first, period.end, AUDITED_ENTRIES):
            count = min(AUDITED_ENTRIES, period.end - first)
            yield pb.ReadPeriodResponse(
                entries=[
                    pb.AuditedEntry(
                        kind=each.kind, at_micros=each.at_micros, commitment=each.commitment
                    )
                    for each in await self._auditing.entries(first, count)
                ]
            )


def _proof(period: Period) -> pb.PeriodProof:
    return pb.PeriodProof(
        city=period.city,
        since=instant_to_wire(period.since),
        until=instant_to_wire(period.until),
        before=period.before,
        edge=period.edge,
        after=period.after,
        newest=period.newest,
        consistency=period.consistency,
        trust_bundles=[envelope_to_json(each).encode() for each in period.trust_bundles],
    )
