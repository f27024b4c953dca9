"""A larger city, made inside the engine: 100,000 residents of all kinds, from a fixed seed."""

from dataclasses import replace
from datetime import date
from typing import Final

from node.bulk.snapshot import Snapshot
from node.indicators import IndicatorCatalogue
from tests.node.services.counting import catalogue, indicator

CROWD: Final = 100_000
TODAY: Final = date(2026, 2, 28)
_RECORDS: Final = 600_000
_INDICATORS: Final = 80

_PEOPLE: Final = f"""
CREATE TABLE kept AS
SELECT 'resident-' || i AS resident_id, CAST(hash(i) >> 1 AS BIGINT) AS person,
    CAST(0 AS BIGINT) AS points_milli, CAST(0 AS BIGINT) AS shared_milli, '' AS commendations,
    CAST(NULL AS DATE) AS recount_on, CAST(0 AS BIGINT) AS counted_by
FROM range({CROWD}) AS t(i)
"""  # noqa: S608 - a number
_FACTS: Final = f"""
CREATE TABLE arrived AS
SELECT CAST(hash(CAST(hash(i * 7) % {CROWD + 5000} AS BIGINT)) >> 1 AS BIGINT) AS person,
    'i' || hash(i * 7 + 1) % {_INDICATORS + 5} AS indicator_id,
    CAST(DATE '2020-01-01' + CAST(hash(i * 7 + 2) % 2300 AS INTEGER) AS DATE) AS occurred_on,
    CAST(CASE WHEN hash(i * 7 + 3) % 4 = 0
        THEN DATE '2024-01-01' + CAST(hash(i * 7 + 4) % 1500 AS INTEGER) END AS DATE) AS ends_on,
    CAST(hash(i * 7 + 5) % 50 = 0 AS TINYINT) AS disputed,
    CAST(hash(i * 7 + 6) % 200 = 0 AS TINYINT) AS overdue
FROM range({_RECORDS}) AS t(i)
"""  # noqa: S608 - numbers


def crowd(snapshot: Snapshot) -> None:
    """Fill an empty snapshot; some records are of nobody, and of no indicator."""
    snapshot.run(_PEOPLE)
    snapshot.run(_FACTS)
    snapshot.lay_out()


def crowded_catalogue() -> IndicatorCatalogue:
    """Indicators of both signs, of every retention, some of them with a commendation."""
    names = ("honesty-model", "red-list", "road-angel")
    return catalogue(
        *(
            replace(
                indicator(f"i{place}", (place % 9) - 3, months=1 + place * 7 % 61),
                attestable=place % 4 != 0,
                commendation=names[place % 3] if place % 20 == 1 else None,
            )
            for place in range(_INDICATORS)
        )
    )
