"""The real client side of the peer ports, over lines of the simulation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from federation.identifiers import CityCode
from node import limits
from node.certificates import Identity
from node.ports import Entropy, Identities
from node.registry import Partner
from node.transport.peers import GrpcPeers
from scripts.simulation.lines import Line

M = TypeVar("M", bound=Message)

Dial = Callable[[CityCode, bytes], Line]
"""A line to a city, under a certificate in PEM."""


class SimPeers(GrpcPeers):
    """The partner cities' peer ports; nothing of it but the lines is simulated."""

    def __init__(self, keys: Identities, entropy: Entropy, dial: Dial) -> None:
        """`dial` makes the lines."""
        super().__init__(keys, entropy=entropy)
        self._dial = dial

    def _channels(self, partner: Partner, identity: Identity) -> list[grpc.aio.Channel]:
        line: Any = self._dial(partner.city, identity.certificate)
        return [line for _ in partner.bundle.endpoints]

    async def _met(
        self, partner: Partner, attempt: Callable[[grpc.aio.Channel], Awaitable[M]]
    ) -> M:
        """Nobody's certificate changes: who shows one is met as ever."""
        line: Any = self._dial(partner.city, self._keys.peer_identity.certificate)
        async with asyncio.timeout(limits.SHOWN_DEADLINE.total_seconds()):
            await line.channel_ready()
        return await attempt(line)
