"""What partners do not have yet, counted over the tables that keep it until they do."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.model import Delivery, Owed
from node.store.connection import Session
from node.store.incentive_tables import USE_QUESTIONS, USE_RELEASES
from node.store.trust_tables import RENEWALS
from node.store.values import to_instant


def _counted(home: sa.Column[Any], since: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(home, sa.func.count(), sa.func.min(since)).group_by(home).order_by(home)


_OWED: Final[Mapping[Delivery, sa.Select[Any]]] = {
    Delivery.USE: _counted(USE_QUESTIONS.c.home, USE_QUESTIONS.c.asked_at),
    Delivery.RELEASE: _counted(USE_RELEASES.c.home, USE_RELEASES.c.since),
    Delivery.RENEWAL: _counted(RENEWALS.c.home, RENEWALS.c.asked_at),
}


class OutboxRepository:
    """What is kept for partners until they have it."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def owed(self) -> tuple[Owed, ...]:
        """Questions, uses given back and requests that are still kept, by kind and by partner."""
        return tuple(
            Owed(CityCode(home), delivery, count, to_instant(since))
            for delivery, statement in _OWED.items()
            for home, count, since in self._session.all(statement)
        )
