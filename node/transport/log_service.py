"""The local port for operators: this city's log, and what is known of its partners' logs."""

from collections.abc import AsyncIterator

from google.protobuf.message import Message

from federation.checkpoint import unverified_checkpoint
from federation.codec import instant_to_wire
from federation.envelope import envelope_to_json
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import LEAF_HASHES
from node.errors import NOTHING_IN_FORCE, PEER_REFUSED, UNKNOWN
from node.logbook import PartnerCheckpoint, StoredCheckpoint
from node.ports import Transaction
from node.registry import PartnerState
from node.services.assembly import UseCases
from node.services.cosigning import evidence_of
from node.services.partners import find_partner
from node.services.witnessing import with_cosignatures
from node.transport import fields
from node.transport.calls import Call
from node.v1 import log_service_pb2 as pb


class LogServicer:
    """node.v1.LogService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def GetLog(self, _call: Call, _request: pb.GetLogRequest) -> Message:
        """See the proto."""

        def look(tx: Transaction) -> Message:
            checkpoints = tx.checkpoints
            newest, cosigned = checkpoints.newest(), checkpoints.newest(cosigned=True)
            return pb.GetLogResponse(
                size=tx.log.size(),
                checkpoint=self._own(newest) if newest else None,
                cosigned=self._own(cosigned) if cosigned else None,
                partners=[_partner(each) for each in checkpoints.of_partners()],
                forked=[fork.city for fork in checkpoints.forks()],
            )

        return await self._cases.uow.read(look)

    async def ExchangeCheckpoints(
        self, _call: Call, request: pb.ExchangeCheckpointsRequest
    ) -> Message:
        """See the proto. Partners are asked side by side by the timer too: a slow one waits."""
        registry = self._cases.uow.registry
        cities = [c for c, p in sorted(registry.partners.items()) if p.state is PartnerState.ACTIVE]
        if request.city:
            cities = [find_partner(registry, fields.city(request.city, "city")).city]
        newest = await self._cases.witnessing.checkpoint()
        if newest is None:
            command = "hutong scale load FILE"
            raise HutongError(NOTHING_IN_FORCE, what="log entry", command=command)
        exchanges = [await self._exchanged(city) for city in cities]
        found = await self._cases.uow.read(lambda tx: tx.checkpoints.newest())
        return pb.ExchangeCheckpointsResponse(
            checkpoint=self._own(found or newest), exchanges=exchanges
        )

    async def _exchanged(self, city: CityCode) -> pb.CheckpointExchange:
        try:
            await self._cases.witnessing.exchange(city)
        except HutongError as error:
            zh, en = error.text("zh"), error.text("en")
            return pb.CheckpointExchange(city=city, problem_zh=zh, problem_en=en)
        return pb.CheckpointExchange(city=city, cosigned=True)

    async def FetchPartnerLog(
        self, _call: Call, request: pb.FetchPartnerLogRequest
    ) -> AsyncIterator[Message]:
        """See the proto. The checkpoint is held against what is known of the partner's log."""
        city = fields.city(request.city, "city")
        partner = find_partner(self._cases.uow.registry, city)
        note = await self._cases.cosigning.audit(city)
        size = unverified_checkpoint(note).size
        bundle = find_partner(self._cases.uow.registry, city).envelope
        yield pb.FetchPartnerLogResponse(
            checkpoint=note, trust_bundle=envelope_to_json(bundle).encode()
        )
        first = 0
        while first < size:
            count = min(LEAF_HASHES, size - first)
            hashes = await self._cases.cosigning.leaf_hashes(partner, first, count)
            if not hashes:
                detail = f"it has no entry {first} of the {size} that it signed for"
                raise HutongError(PEER_REFUSED, city=city, peer_reason="LOG_CUT", detail=detail)
            first += len(hashes)
            yield pb.FetchPartnerLogResponse(leaf_hashes=b"".join(hashes))

    async def GetForkEvidence(self, _call: Call, request: pb.GetForkEvidenceRequest) -> Message:
        """See the proto."""
        city = fields.city(request.city, "city")
        forks = await self._cases.uow.read(lambda tx: tx.checkpoints.forks())
        fork = next((each for each in forks if each.city == city), None)
        if fork is None:
            remedy = "no checkpoint of its log has contradicted another one"
            raise HutongError(UNKNOWN, what="evidence against", name=city, remedy=remedy)
        return pb.GetForkEvidenceResponse(evidence=evidence_of(fork))

    def _own(self, checkpoint: StoredCheckpoint) -> pb.LogCheckpoint:
        return pb.LogCheckpoint(
            city=self._cases.here.city,
            size=checkpoint.size,
            root=unverified_checkpoint(checkpoint.note).root,
            note=with_cosignatures(checkpoint),
            at=instant_to_wire(checkpoint.at),
            cosigned_by=[city for city, _ in checkpoint.cosignatures],
        )


def _partner(checkpoint: PartnerCheckpoint) -> pb.LogCheckpoint:
    return pb.LogCheckpoint(
        city=checkpoint.city,
        size=checkpoint.size,
        root=unverified_checkpoint(checkpoint.note).root,
        note=checkpoint.note,
        at=instant_to_wire(checkpoint.at),
    )
