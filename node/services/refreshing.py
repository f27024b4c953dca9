"""When each partner is swapped with: by its refresh hint, soon after a failure, at once on news.

One swap at a time with each partner; a slow one holds up nobody else (rule 10).
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from federation.identifiers import CityCode
from node import limits
from node.ports import UnitOfWork
from node.registry import Partner
from node.services.here import Here
from node.services.turns import Patience, Turns

_PATIENCE: Final = Patience(limits.REFRESH_AFTER_FAILURE, limits.REFRESH_AFTER_FAILURES)


class Refreshing:
    """Swaps with every partner, each in its own time."""

    def __init__(
        self, here: Here, uow: UnitOfWork, swap: Callable[[CityCode], Awaitable[Partner]]
    ) -> None:
        """For the city of `here`; `tick` is called every second or so."""
        self._uow = uow
        self._turns = Turns(here, swap, _PATIENCE, failed="partner_not_reached", rest=_hint)

    def nudge(self, *cities: CityCode) -> None:
        """There is news for these partners, or for all: tell them at once.

        Needs a running event loop.
        """
        for city in cities or self._called():
            self._turns.nudge(city, afresh=True)

    async def tick(self) -> None:
        """Begin the swaps that are due."""
        self._turns.begin_due(self._called())

    async def close(self) -> None:
        """Let what runs go."""
        await self._turns.close()

    def _called(self) -> list[CityCode]:
        partners = self._uow.registry.partners
        return [city for city, partner in partners.items() if partner.is_called]


def _hint(partner: Partner) -> timedelta:
    hint = partner.bundle.refresh_hint
    return min(max(hint, limits.REFRESH_SHORTEST), limits.REFRESH_LONGEST)
