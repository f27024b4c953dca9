"""Partners compare what they know of each other's logs, so that nobody is shown a log of its own.

A city that shows one partner another history than the other is found as soon as the two compare
(C2SP calls it gossip): each asks each of its partners for what it cosigned of the others, of some
of them at a time where there are many. Among hundreds of partners all of all would be a hundred
thousand questions a minute; so each log is asked after at several witnesses, and at others the next
time.
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
        whom it was not asked about. Each witness begins elsewhere, so that every log has its turn.
        """
        active = [
            city
            for city, partner in self._uow.registry.partners.items()
            if partner.state is PartnerState.ACTIVE
        ]
        await asyncio.gather(*(self._ask(place, active) for place in range(len(active))))

    async def _ask(self, turn: int, active: list[CityCode]) -> None:
        witness, clock = active[turn], asyncio.get_running_loop().time
        about = [city for city in active if city != witness]
        first, until = self._from.pop(witness, turn), clock() + limits.COMPARE_EVERY.total_seconds()
        most = min(len(about), limits.COMPARED_AT_ONCE)
        for place in range(first, first + most):
            if place > first and clock() >= until:
                self._from[witness] = place % len(about)
                return
            city = about[place % len(about)]
            try:
                await self._cosigning.compare(city, witness)
            except HutongError as error:
                # A fork was told, and acted on; what could not be asked is asked again.
                _LOG.info("not_compared", log=city, witness=witness, reason=error.reason.name)
        if most < len(about):
            self._from[witness] = (first + most) % len(about)
