"""Partners compare what they know of each other's logs, so that nobody is shown a log of its own.

A city that shows one partner another history than the other is found as soon as the two compare
(C2SP calls it gossip): each asks each of its partners for what it cosigned of the others.
"""

import asyncio

import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.ports import UnitOfWork
from node.registry import PartnerState
from node.services.cosigning import Cosigning

_LOG = structlog.get_logger()


class Comparing:
    """Asks every witness about every other partner's log."""

    def __init__(self, uow: UnitOfWork, cosigning: Cosigning) -> None:
        """`tick` is called every minute or so."""
        self._uow = uow
        self._cosigning = cosigning

    async def tick(self) -> None:
        """Compare with all partners; a slow one holds up only what it is asked (rule 10)."""
        active = [
            city
            for city, partner in self._uow.registry.partners.items()
            if partner.state is PartnerState.ACTIVE
        ]
        await asyncio.gather(*(self._ask(witness, active) for witness in active))

    async def _ask(self, witness: CityCode, about: list[CityCode]) -> None:
        for city in about:
            if city == witness:
                continue
            try:
                await self._cosigning.compare(city, witness)
            except HutongError as error:
                # A fork was told, and acted on; what could not be asked is asked again.
                _LOG.info("not_compared", log=city, witness=witness, reason=error.reason.name)
