"""The peer port: checkpoints to cosign, and proofs of this city's log. They say nothing of anybody.

Sizes are bounded: a proof has a few dozen hashes, and leaf hashes come in portions.
"""

from google.protobuf.message import Message

from federation.errors import MALFORMED, TOO_LARGE, HutongError
from federation.identifiers import city_code
from federation.limits import LEAF_HASHES, PROOF_HASHES
from federation.merkle_log import HASH_BYTES
from federation.v1 import federation_service_pb2 as pb
from node.errors import FIELD_INVALID
from node.services.assembly import UseCases
from node.transport.calls import Call


class LogMethods:
    """The methods of federation.v1.FederationService on logs."""

    _cases: UseCases

    async def AddCheckpoint(self, call: Call, request: pb.AddCheckpointRequest) -> Message:
        """See the proto."""
        if len(request.proof) > PROOF_HASHES:
            size, limit = str(len(request.proof)), str(PROOF_HASHES)
            raise HutongError(TOO_LARGE, where="proof", size=size, limit=limit)
        # A hash of another length is a message that is wrong, not a log that forked.
        if any(len(hash_) != HASH_BYTES for hash_ in request.proof):
            raise HutongError(MALFORMED, where="proof", problem=f"a hash has {HASH_BYTES} bytes")
        said = await self._cases.witnessing.add_checkpoint(
            call.caller, request.old_size, tuple(request.proof), request.checkpoint
        )
        return pb.AddCheckpointResponse(cosignature=said.line, known_checkpoint=said.known)

    async def GetCheckpoint(self, _call: Call, request: pb.GetCheckpointRequest) -> Message:
        """See the proto."""
        of = city_code(request.city, where="city") if request.city else None
        return pb.GetCheckpointResponse(checkpoint=await self._cases.witnessing.newest_note(of))

    async def GetInclusionProof(self, _call: Call, request: pb.GetInclusionProofRequest) -> Message:
        """See the proto."""
        leaf, proof = await self._cases.witnessing.inclusion(request.leaf_index, request.tree_size)
        return pb.GetInclusionProofResponse(hashes=proof, leaf_hash=leaf)

    async def GetConsistencyProof(
        self, _call: Call, request: pb.GetConsistencyProofRequest
    ) -> Message:
        """See the proto."""
        proof = await self._cases.witnessing.consistency(request.first_size, request.second_size)
        return pb.GetConsistencyProofResponse(hashes=proof)

    async def ListLeafHashes(self, _call: Call, request: pb.ListLeafHashesRequest) -> Message:
        """See the proto."""
        if not 0 < request.count <= LEAF_HASHES:
            raise HutongError(FIELD_INVALID, field="count", problem=f"it is 1 to {LEAF_HASHES}")
        hashes = await self._cases.witnessing.leaf_hashes(request.first, request.count)
        return pb.ListLeafHashesResponse(hashes=b"".join(hashes))
