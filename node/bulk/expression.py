"""The one SQL text of scoring, in the words that DuckDB and Spark both read.

It says what `node.services.scoring.tally` and `federation.scale.Scale.standing` say, for everybody
at once. Two texts: `resolution` gives each record its effect by a catalogue, and its days;
`standings` sums the effects of a day, clamps and bands. Both engines know ADD_MONTHS, which ends in
the last day of a month that is too short, as `node.indicators.months_after` does; DuckDB is
taught it.

Each resident has one effect of nothing at all, so that who has no record has a standing too, and no
join is needed for that.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from federation.bands import Band, Bound
from federation.scale import Scale
from node.indicators import IndicatorCatalogue

# A record of everybody that always counts, and counts nothing. No record is older, none lasts as
# long; Spark reads days before 1582 by another calendar.
_ALWAYS: Final = date(1900, 1, 1)
_FOR_EVER: Final = date.max

_WORD: Final = 63  # bits of a BIGINT that is not negative


@dataclass(frozen=True, slots=True)
class Commendations:
    """The commendations that a catalogue can give, each one bit of a word."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, catalogue: IndicatorCatalogue | None) -> "Commendations":
        """Those that an indicator of the catalogue gives, ascending."""
        indicators = catalogue.indicators.values() if catalogue else ()
        return cls(tuple(sorted({i.commendation for i in indicators if i.commendation})))

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that hold them."""
        return tuple(f"named_{word}" for word in range(-(-len(self.names) // _WORD)))

    def masks(self, names: frozenset[str]) -> tuple[int, ...]:
        """The words in which those names alone are set; one that nobody gives is in none."""
        masks = [0] * len(self.words)
        for place, name in enumerate(self.names):
            if name in names:
                masks[place // _WORD] |= 1 << place % _WORD
        return tuple(masks)

    def holds(self, names: frozenset[str]) -> str:
        """Whether any of those names is set."""
        tests = [
            f"({word} & {mask}) <> 0"
            for word, mask in zip(self.words, self.masks(names), strict=True)
            if mask
        ]
        return " OR ".join(tests) or "1 = 0"

    @property
    def joined(self) -> str:
        """The names that are set, ascending, joined by commas, as the store keeps them."""
        cases = [
            f"CASE WHEN {self.holds(frozenset({name}))} THEN {_quoted(name)} END"
            for name in self.names
        ]
        return f"CONCAT_WS(',', {', '.join(cases)})" if cases else "''"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of everybody: where they stand on a day, by a catalogue, on a scale."""

    catalogue: IndicatorCatalogue | None
    scale: Scale | None
    today: date

    @property
    def version(self) -> int:
        """The version of the catalogue; 0 where there is none, so that nothing counts."""
        return self.catalogue.version if self.catalogue else 0

    @property
    def commendations(self) -> Commendations:
        """Those that may occur in the answer."""
        return Commendations.of(self.catalogue)


def indicator_rows(catalogue: IndicatorCatalogue | None) -> list[tuple[str | int, ...]]:
    """The rows of a table `indicators`: id, effect, shared, months, and the words of `named`."""
    named = Commendations.of(catalogue)
    return [
        (
            indicator.indicator_id,
            indicator.effect_milli,
            indicator.effect_milli if indicator.attestable else 0,
            indicator.retention_months,
            *named.masks(frozenset({indicator.commendation or ""})),
        )
        for indicator in (catalogue.indicators.values() if catalogue else ())
    ]


def resolution(question: Question, *, indicators: str, records: str, residents: str) -> str:
    """Each record's effect and days, of records that may count by the catalogue's rules.

    Columns: who, starts, ends, effect, shared, and the words of `named`.
    """
    words = question.commendations.words
    rules = question.catalogue.rules if question.catalogue else None
    undisputed = "" if rules is None or rules.disputed_count else " AND r.disputed = 0"
    named = "".join(f", i.{word}" for word in words)
    nothing = ", CAST(0 AS BIGINT)" * len(words)
    return f"""
SELECT r.who, r.occurred_on AS starts,
    LEAST(ADD_MONTHS(r.occurred_on, i.months), r.ends_on) AS ends,
    i.effect, i.shared{named}
FROM {records} AS r JOIN {indicators} AS i ON r.indicator = i.indicator
WHERE r.overdue = 0{undisputed}
UNION ALL
SELECT who, {_day(_ALWAYS)}, {_day(_FOR_EVER)}, CAST(0 AS INTEGER), CAST(0 AS INTEGER){nothing}
FROM {residents}
"""


def standings(question: Question, *, effects: str, whose: range | None = None) -> str:
    """Where everybody stands, or those who are in `whose`: one row of each resident.

    Columns: who, points, shared, changes, the words of `named`, and the score and the rank of the
    band twice: by all records (score, band), and by those alone that other cities may be told of
    (shared_score, shared_band).
    """
    words = question.commendations.words
    today = _day(question.today)
    these = f" AND who >= {whose.start} AND who < {whose.stop}" if whose else ""
    ored = "".join(f",\n        BIT_OR({word}) AS {word}" for word in words)
    named = "".join(f", {word}" for word in words)
    scale = question.scale
    return f"""
WITH counted AS (
    SELECT who, CAST(SUM(effect) AS BIGINT) AS points, CAST(SUM(shared) AS BIGINT) AS shared,
        MIN(ends) AS until{ored}
    FROM {effects}
    WHERE starts <= {today} AND ends > {today}{these}
    GROUP BY who
), coming AS (
    SELECT who AS owner, MIN(starts) AS comes
    FROM {effects}
    WHERE starts > {today} AND starts < ends{these}
    GROUP BY who
), scored AS (
    SELECT who, points, shared, NULLIF(LEAST(until, comes), {_day(_FOR_EVER)}) AS changes{named},
        {_score(scale, "points")} AS score, {_score(scale, "shared")} AS shared_score
    FROM counted LEFT JOIN coming ON who = owner
)
SELECT who, points, shared, changes{named}, score, {_band(question, "score")} AS band,
    shared_score, {_band(question, "shared_score")} AS shared_band
FROM scored
"""


def _score(scale: Scale | None, points: str) -> str:
    """Base plus points within the range; no score on a categorical scale."""
    if scale is None or scale.base_milli is None:
        return "CAST(NULL AS BIGINT)"
    low, high = scale.minimum_milli, scale.maximum_milli
    return f"LEAST(GREATEST({points} + {scale.base_milli}, {low}), {high})"


def _band(question: Question, score: str) -> str:
    """The rank of the band: the first that holds the score, or the last that lists a name."""
    scale = question.scale
    if scale is None:
        return "0"
    if scale.base_milli is None:
        ranks = range(len(scale.bands) - 1, 0, -1)
        named = question.commendations
        tests = [f"WHEN {named.holds(frozenset(scale.listed_by[i]))} THEN {i}" for i in ranks]
        return f"CASE {' '.join(tests)} ELSE 0 END" if tests else "0"
    tests = [f"WHEN {_within(band, score)} THEN {i}" for i, band in enumerate(scale.bands)]
    return f"CASE {' '.join(tests)} END"


def _within(band: Band, score: str) -> str:
    ends = [_beyond(band.lower, score, ">"), _beyond(band.upper, score, "<")]
    return " AND ".join(end for end in ends if end) or "1 = 1"


def _beyond(bound: Bound | None, score: str, sign: str) -> str:
    if bound is None:
        return ""
    return f"{score} {sign}{'=' if bound.inclusive else ''} {bound.score_milli}"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
