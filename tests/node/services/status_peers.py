"""Status lists, brought to or fetched from the other cities of a world."""

from federation.envelope import Envelope
from federation.errors import HutongError
from node.errors import PEER_REFUSED
from node.registry import Partner


class DirectStatuses:
    """Needs `_reach` of `DirectPeers`."""

    async def push_status_lists(self, partner: Partner, lists: tuple[Envelope, ...]) -> None:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")

    async def status_lists(self, partner: Partner) -> tuple[Envelope, ...]:
        raise HutongError(PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail="")
