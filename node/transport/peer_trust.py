"""Calls to partners about what still stands, many residents at once, counted uses, and logs."""

import abc
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message

from federation import codec
from federation.envelope import BatchedPayload, Envelope
from federation.errors import TOO_LARGE, HutongError
from federation.identifiers import CityCode
from federation.limits import LEAF_HASHES, PROOF_HASHES, STATUS_LISTS
from federation.merkle_log import split_hashes
from federation.v1 import federation_service_pb2 as pb
from federation.v1 import renewal_pb2
from node import limits
from node.ports import Cosigned, RenewalPortion
from node.registry import Partner
from node.transport.peer_answers import envelope_in, malformed

M = TypeVar("M", bound=Message)


class TrustCalls(abc.ABC):
    """Status lists, renewals and logs of the partner cities' peer ports."""

    @abc.abstractmethod
    async def _call(
        self, partner: Partner, method: str, request: Message, answer_type: type[M]
    ) -> M:
        """Call a method of the federation service."""

    @abc.abstractmethod
    def _answers(
        self,
        partner: Partner,
        method: str,
        requests: Message | AsyncIterator[Message],
        answer_type: type[M],
        patience: timedelta,
    ) -> AsyncGenerator[M, None]:
        """The answers of a streaming method of it."""

    async def push_status_lists(self, partner: Partner, lists: tuple[Envelope, ...]) -> None:
        """Bring lists in which something changed; it returns once the partner keeps them."""
        request = pb.PushStatusListsRequest(
            status_lists=[codec.envelope_to_wire(listed) for listed in lists]
        )
        await self._call(partner, "PushStatusLists", request, pb.PushStatusListsResponse)

    async def status_lists(self, partner: Partner) -> tuple[Envelope, ...]:
        """The partner's lists for this city, all of them."""
        found = list[Envelope]()
        async for answer in self._answers(
            partner,
            "GetStatusLists",
            pb.GetStatusListsRequest(),
            pb.GetStatusListsResponse,
            limits.PEER_DEADLINE,
        ):
            found.append(envelope_in(partner, answer, "status_list"))
            if len(found) > STATUS_LISTS:
                raise HutongError(
                    TOO_LARGE,
                    where=f"the status lists of {partner.city}",
                    size=f"over {STATUS_LISTS}",
                    limit=str(STATUS_LISTS),
                )
        return tuple(found)

    async def renew_attestations(
        self, partner: Partner, requests: AsyncIterator[Envelope]
    ) -> AsyncGenerator[RenewalPortion, None]:
        """Ask for batches, and get their results in order."""
        asked = (
            pb.RenewAttestationsRequest(request=codec.envelope_to_wire(request))
            async for request in requests
        )
        async for answer in self._answers(
            partner,
            "RenewAttestations",
            asked,
            pb.RenewAttestationsResponse,
            limits.RENEWAL_DEADLINE,
        ):
            batch = codec.envelope_from_wire(answer.batch) if answer.HasField("batch") else None
            results = tuple(_result(partner, result) for result in answer.results)
            yield RenewalPortion(answer.request_id, batch, answer.first, results)

    async def reserve_use(self, partner: Partner, request: Envelope) -> Envelope:
        """Ask for a lease of a use that the partner counts."""
        asked = pb.ReserveUseRequest(request=codec.envelope_to_wire(request))
        answer = await self._call(partner, "ReserveUse", asked, pb.ReserveUseResponse)
        return envelope_in(partner, answer, "lease")

    async def release_use(self, partner: Partner, release: Envelope) -> None:
        """Give one back; it returns once the partner knows."""
        given = pb.ReleaseUseRequest(release=codec.envelope_to_wire(release))
        await self._call(partner, "ReleaseUse", given, pb.ReleaseUseResponse)

    async def add_checkpoint(
        self, partner: Partner, old_size: int, proof: tuple[bytes, ...], checkpoint: bytes
    ) -> Cosigned:
        """Bring our newest checkpoint to be cosigned."""
        request = pb.AddCheckpointRequest(old_size=old_size, proof=proof, checkpoint=checkpoint)
        answer = await self._call(partner, "AddCheckpoint", request, pb.AddCheckpointResponse)
        return Cosigned(answer.cosignature, answer.known_checkpoint)

    async def checkpoint(self, partner: Partner, of: CityCode | None = None) -> bytes:
        """The partner's newest checkpoint, or the newest of another city's that it cosigned."""
        request = pb.GetCheckpointRequest(city=of or "")
        answer = await self._call(partner, "GetCheckpoint", request, pb.GetCheckpointResponse)
        return answer.checkpoint

    async def consistency_proof(
        self, partner: Partner, first: int, second: int
    ) -> tuple[bytes, ...]:
        """The proof that the partner's log of one size begins that of another."""
        request = pb.GetConsistencyProofRequest(first_size=first, second_size=second)
        answer = await self._call(
            partner, "GetConsistencyProof", request, pb.GetConsistencyProofResponse
        )
        return split_hashes(b"".join(answer.hashes), most=PROOF_HASHES)

    async def inclusion_proof(
        self, partner: Partner, index: int, size: int
    ) -> tuple[bytes, tuple[bytes, ...]]:
        """The leaf hash of an entry of the partner's log, and the proof that it is in it."""
        request = pb.GetInclusionProofRequest(leaf_index=index, tree_size=size)
        answer = await self._call(
            partner, "GetInclusionProof", request, pb.GetInclusionProofResponse
        )
        return answer.leaf_hash, split_hashes(b"".join(answer.hashes), most=PROOF_HASHES)

    async def leaf_hashes(self, partner: Partner, first: int, count: int) -> tuple[bytes, ...]:
        """At most so many leaf hashes of the partner's log."""
        request = pb.ListLeafHashesRequest(first=first, count=count)
        answer = await self._call(partner, "ListLeafHashes", request, pb.ListLeafHashesResponse)
        return split_hashes(answer.hashes, most=min(count, LEAF_HASHES))


def _result(partner: Partner, result: renewal_pb2.RenewalResult) -> BatchedPayload | None:
    match result.WhichOneof("outcome"):
        case "attestation":
            given = result.attestation
            return BatchedPayload(given.payload, given.leaf_index, given.proof)
        case "refusal":
            return None
        case _:
            raise malformed(partner, "a result")
