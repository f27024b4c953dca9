"""The logs of the other cities of a world."""

from federation.errors import HutongError
from node.errors import PEER_REFUSED
from node.ports import Cosigned
from node.registry import Partner


class DirectLogs:
    """Needs `_reach` of `DirectPeers`."""

    async def add_checkpoint(
        self, partner: Partner, old_size: int, proof: tuple[bytes, ...], checkpoint: bytes
    ) -> Cosigned:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")

    async def checkpoint(self, partner: Partner) -> bytes:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")

    async def consistency_proof(
        self, partner: Partner, first: int, second: int
    ) -> tuple[bytes, ...]:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")

    async def inclusion_proof(
        self, partner: Partner, index: int, size: int
    ) -> tuple[bytes, tuple[bytes, ...]]:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")

    async def leaf_hashes(self, partner: Partner, first: int, count: int) -> tuple[bytes, ...]:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")
