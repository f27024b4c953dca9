"""The whole-city re-score against bare SQL over the same records, in one process and in turn.

The bare SQL is what one would write without retention, disputes or other cities: base plus the sum
of the points of each resident, clamped and banded, into a table. It runs over the records as they
arrived, and once more over the engine's own layout. The records are made up: seeded, of residents
who have none, some, or hundreds.
"""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from federation.identifiers import CityCode
from federation.scale import Scale
from node import data
from node.bulk.duckdb_engine import resolve, stand
from node.bulk.expression import Question, indicator_rows
from node.bulk.snapshot import Snapshot
from node.bulk.workspace import workspace
from node.files.scales import parse_scale
from node.indicators import (
    Direction,
    DisclosureClass,
    Indicator,
    IndicatorCatalogue,
    ScoringRules,
    Severity,
)
from scripts.benches.figures import Figure, paired

RESIDENTS: Final = 10_000_000
RECORDS: Final = 247_000_000
"""As many as the source article counts; the files need 20 GB of disk."""

_TODAY: Final = date(2026, 11, 25)
_INDICATORS: Final = 1_180

# Of one resident of an even spread, the share of the first and of the last: 12 times the mean and a
# quarter of it; and one in twenty has none at all.
_SKEW: Final = 0.02
_WITHOUT: Final = 0.05

_KEPT: Final = """
CREATE TABLE kept AS
SELECT 'r' || i AS resident_id, CAST(hash(i * 7 + 6) >> 1 AS BIGINT) AS person,
    CAST(0 AS BIGINT) AS points_milli, CAST(0 AS BIGINT) AS shared_milli, '' AS commendations,
    CAST(NULL AS DATE) AS recount_on, CAST(0 AS BIGINT) AS counted_by
FROM range({residents}) AS t(i)
"""
_ARRIVED: Final = """
CREATE TABLE arrived AS
SELECT k.person, 'i' || p.ind AS indicator_id,
    CAST(DATE '{today}' - CAST(floor(p.age * (12 + p.ind % 49) * 31) AS INTEGER)
        + CAST(CASE WHEN p.late THEN 40 ELSE 0 END AS INTEGER) AS DATE) AS occurred_on,
    CAST(NULL AS DATE) AS ends_on,
    CAST(p.mark < 5 AS TINYINT) AS disputed, CAST(p.mark = 9 AS TINYINT) AS overdue
FROM (
    SELECT CAST({residents} * {share} * {skew} * (pow(1 + 1 / {skew}, u) - 1) AS BIGINT) AS place,
        ind, age, late, mark
    FROM (
        SELECT (hash(i * 7 + 1) >> 11) / 9007199254740992.0 AS u,
            CAST(hash(i * 7 + 2) % {indicators} AS INTEGER) AS ind,
            (hash(i * 7 + 3) >> 11) / 9007199254740992.0 AS age,
            hash(i * 7 + 4) % 200 = 0 AS late,
            hash(i * 7 + 5) % 10000 AS mark
        FROM range({begin}, {end}) AS t(i)
    )
) AS p JOIN places AS k USING (place)
"""
_BARE: Final = """
CREATE OR REPLACE TABLE bare_standings AS
WITH summed AS (SELECT {who}, {base} + SUM({points}) AS raw FROM {table} GROUP BY {who}),
scored AS (SELECT {who}, LEAST(GREATEST(raw, {low}), {high}) AS score FROM summed)
SELECT {who}, score, CASE WHEN score < 80000 THEN 0 WHEN score < 100000 THEN 1
    WHEN score < 120000 THEN 2 WHEN score <= 150000 THEN 3 ELSE 4 END AS band
FROM scored
"""


def run(rounds: int, *, residents: int, records: int) -> list[Figure]:
    """Seconds of both in turn, and the most memory that the engine had."""
    with workspace() as directory:
        snapshot = Snapshot(directory)
        try:
            return _measured(snapshot, rounds, residents, records)
        finally:
            snapshot.close()


def _measured(snapshot: Snapshot, rounds: int, residents: int, records: int) -> list[Figure]:
    scale = _scale()
    question = Question(_catalogue(), scale, _TODAY)
    _generate(snapshot, question, residents, records)
    _forget_peak()
    layout = _seconds(snapshot.lay_out)
    resolving = _seconds(lambda: resolve(snapshot, question, "effects"))
    preparing = _peak_mib()
    low, high, base = scale.minimum_milli, scale.maximum_milli, scale.base_milli

    def bare(who: str, points: str, table: str) -> Callable[[], None]:
        text = _BARE.format(who=who, points=points, table=table, base=base, low=low, high=high)
        return lambda: snapshot.run(text)

    def engine() -> None:
        stand(snapshot, question, effects="effects", into="standings")

    as_arrived, as_laid_out = bare("person", "points", "bare"), bare("who", "effect", "effects")
    times: dict[str, list[float]] = {"arrived": [], "laid out": [], "engine": []}
    most = 0.0
    for _ in range(rounds):
        times["arrived"].append(_seconds(as_arrived))
        _forget_peak()
        times["engine"].append(_seconds(engine))
        most = max(most, _peak_mib())
        times["laid out"].append(_seconds(as_laid_out))
    name = f"rescore {records:,} records of {residents:,}"
    return [
        *paired(name, times["engine"], "bare SQL, as they arrived", times["arrived"], "s"),
        *paired(
            f"{name} by layout", times["engine"], "bare SQL, as laid out", times["laid out"], "s"
        ),
        Figure("rescore: memory at most", most, "MiB", None, None, [most]),
        Figure("rescore: memory before, at most", preparing, "MiB", None, None, [preparing]),
        Figure("rescore: laying out, once", layout, "s", None, None, [layout]),
        Figure("rescore: a catalogue's effects", resolving, "s", None, None, [resolving]),
    ]


def _generate(snapshot: Snapshot, question: Question, residents: int, records: int) -> None:
    snapshot.run(_KEPT.format(residents=residents))
    snapshot.run(
        "CREATE TABLE places AS SELECT CAST(row_number() OVER () - 1 AS BIGINT) AS place, person "
        "FROM kept"
    )
    snapshot.run(
        _ARRIVED.format(
            today=_TODAY.isoformat(),
            residents=residents,
            share=1 - _WITHOUT,
            skew=_SKEW,
            indicators=_INDICATORS,
            begin=0,
            end=records,
        )
    )
    snapshot.run("DROP TABLE places")
    points = [(row[0], row[1]) for row in indicator_rows(question.catalogue)]
    snapshot.run("CREATE TABLE points (indicator_id VARCHAR, points INTEGER)")
    snapshot.connection.executemany("INSERT INTO points VALUES (?, ?)", points)
    snapshot.run(
        "CREATE TABLE bare AS SELECT person, points FROM arrived JOIN points USING (indicator_id)"
    )
    snapshot.run("CHECKPOINT")


def _catalogue() -> IndicatorCatalogue:
    indicators = {f"i{i}": _indicator(i) for i in range(_INDICATORS)}
    rules = ScoringRules(
        disputed_count=False,
        objection_days=15,
        repair_days=20,
        appeal_days=30,
        promise_kept=None,
        promise_broken=None,
    )
    return IndicatorCatalogue(
        1, {}, {}, {}, indicators, rules, "made up", illustrative=True, content=""
    )


def _indicator(place: int) -> Indicator:
    adds = place % 3 != 0
    return Indicator(
        indicator_id=f"i{place}",
        category_id="c",
        name_zh="指标",
        name_en="indicator",
        departments=("d",),
        direction=Direction.ADDS if adds else Direction.DEDUCTS,
        points_milli=500 * (1 + place % 20),
        legal_basis="made up",
        disclosure_class=DisclosureClass.A,
        retention_months=12 + place % 49,
        attestable=place % 10 not in {0, 1, 2},
        commendation=f"c{place // 60}" if place % 60 == 1 else None,
        severity=None if adds else Severity.MINOR,
        repair_after_months=0 if adds else 3,
    )


def _scale() -> Scale:
    file = data.path("zhengzhou/scale.toml").read_bytes()
    return parse_scale("scale.toml", file, city=CityCode("410100"), version=1)


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _forget_peak() -> None:
    """Let the kernel count the peak of this process's memory from now on."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
