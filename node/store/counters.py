"""Which counters of capacities are of a time that is over."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from node.incentives import Period
from node.model import DAY_SCOPE, RESIDENT_SCOPES
from node.retention import Kept
from node.store.tables import COUNTERS, RECOGNITIONS

_EVER: Final = f"{RESIDENT_SCOPES}{Period.EVER.value}:{Period.EVER.first_day(date.min)}:"


def counters_over(day: "sa.BindParameter[Any]") -> Mapping[Kept, sa.ColumnElement[bool]]:
    """The condition of each kind; scopes begin with what is counted and the first day of it.

    They are over where that is before `day`. What is counted for ever goes with the recognition
    that the scope ends with.
    """
    scope = COUNTERS.c.scope

    def before(begins: str) -> sa.ColumnElement[bool]:
        return sa.and_(scope >= begins, scope < sa.literal(begins) + day)

    nobody = ~sa.exists(
        sa.select(sa.literal(1))
        .select_from(RECOGNITIONS)
        .where(scope == sa.literal(_EVER) + RECOGNITIONS.c.recognition_id)
    )
    return {
        Kept.DAY_COUNTERS: before(DAY_SCOPE),
        Kept.RESIDENT_DAY_COUNTERS: before(f"{RESIDENT_SCOPES}{Period.DAY.value}:"),
        Kept.RESIDENT_WEEK_COUNTERS: before(f"{RESIDENT_SCOPES}{Period.WEEK.value}:"),
        Kept.RESIDENT_MONTH_COUNTERS: before(f"{RESIDENT_SCOPES}{Period.MONTH.value}:"),
        Kept.RESIDENT_YEAR_COUNTERS: before(f"{RESIDENT_SCOPES}{Period.YEAR.value}:"),
        Kept.RESIDENT_EVER_COUNTERS: sa.and_(scope.startswith(_EVER), nobody),
    }
