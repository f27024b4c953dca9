"""Partners compare what they know of each other's logs, so that nobody is shown a log of its own.

A city that shows one partner another history than the other is found as soon as the two compare
(C2SP calls it gossip): each asks each of its partners for what it cosigned of the others.
"""

import asyncio

import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import limits
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
        self._from: dict[CityCode, int] = {}

    async def tick(self) -> None:
        """Compare with all partners, side by side; a slow one is given up after its time.

        So it holds up the others by no more than that (rule 10). Next time it is asked about those
        whom it was not asked about.
        """
        active = [
            city
            for city, partner in self._uow.registry.partners.items()
            if partner.state is PartnerState.ACTIVE
        ]
        await asyncio.gather(*(self._ask(witness, active) for witness in active))

    async def _ask(self, witness: CityCode, active: list[CityCode]) -> None:
        about, clock = [city for city in active if city != witness], asyncio.get_running_loop().time
        first, until = self._from.pop(witness, 0), clock() + limits.COMPARE_EVERY.total_seconds()
        for place in range(first, first + len(about)):
            if place > first and clock() >= until:
                self._from[witness] = place % len(about)
                return
            city = about[place % len(about)]
            try:
                await self._cosigning.compare(city, witness)
            except HutongError as error:
                # A fork was told, and acted on; what could not be asked is asked again.
                _LOG.info("not_compared", log=city, witness=witness, reason=error.reason.name)
