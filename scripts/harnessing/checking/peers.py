"""Rule 10: a dead peer hurts nobody else; and nothing is served after a suspension.

While a fault lasts, and for a moment after, the journeys that do not involve the cities that it is
of go on: counted, not timed. Of a line both ends are involved; where it is of a city and all others
only that city is, for the others have lines to each other.
"""

import bisect
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from node.registry import Move
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.evidence import MICROS, CityEvidence, Evidence
from scripts.harnessing.checking.lasting import NO_ANSWER, UNRECORDED
from scripts.harnessing.checking.ruling import Invariant, Tally
from scripts.harnessing.fault_kinds import KINDS

AFTER_SECONDS: Final = 10.0
"""How long after its end a fault still counts as one: who was down has to be found again."""

SHARE: Final = 0.995
"""Of the journeys of others, how many must come to their end well."""

CHANCE: Final = 0.05
"""As many may fail as is not less likely than that, where the share is kept: of a hundred, one."""

_ACTS: Final = """
SELECT sent, ended, city, other, outcome, verdict FROM history.acts
WHERE sent >= ? AND sent <= ? AND ended < ? ORDER BY sent
"""
_MOVES: Final = "SELECT city, move, at FROM partner_moves ORDER BY city, at, move_id"
_ATTESTED: Final = "SELECT attestation_id, host, issued_at FROM attestations"
_USED: Final = """
SELECT r.redemption_id, v.home, r.redeemed_at
FROM redemptions r JOIN decisions d ON d.decision_id = r.decision_id
JOIN recognitions v ON v.recognition_id = d.recognition_id
"""
_RACE: Final = 2 * MICROS
"""What had been begun when a partner was suspended ends within that; in microseconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """One fault, from when to when, and whom it involves: cities by pinyin."""

    fault: str
    kind: str
    began: float
    ended: float
    cities: frozenset[str]


def windows(evidence: Evidence) -> tuple[Window, ...]:
    """The faults of a run; one that was not mended lasts until the stores were copied."""
    began = dict[str, Window]()
    found = list[Window]()
    for each in sorted(evidence.happenings, key=lambda happening: happening.at):
        if each.began:
            on_link = each.kind in KINDS and KINDS[each.kind].on_link
            other = str(each.where.get("other", "")) if on_link else ""
            cities = {str(each.where.get("city", "")), other} - {"", "*"}
            began[each.fault] = Window(
                each.fault, each.kind, each.at, evidence.until, frozenset(cities)
            )
        elif each.fault in began:
            open_ = began.pop(each.fault)
            end = each.at + (each.recovered_after or 0.0)
            found.append(Window(open_.fault, open_.kind, open_.began, end, open_.cities))
    return tuple(sorted((*found, *began.values()), key=lambda window: window.began))


def disturbed(evidence: Evidence, cities: Collection[str], since: float, until: float) -> bool:
    """Whether a fault touched one of these cities in that time."""
    return any(
        window.began <= until and window.ended >= since and window.cities & set(cities)
        for window in windows(evidence)
    )


def _others_go_on(evidence: Evidence, tally: Tally) -> None:
    found = windows(evidence)
    if not found:
        return
    names: dict[str, str] = {city.code: city.place.pinyin for city in evidence.cities.values()}
    some = next(iter(evidence.cities.values()))
    seen, failed = defaultdict[str, int](int), defaultdict[str, list[str]](list)
    for (city, other, outcome, verdict), open_now, involved in _during(some, found, evidence.until):
        # Of several at once, one whose cities are all involved in another says nothing.
        if {names.get(city, ""), names.get(other, "")} & involved:
            continue
        tally.see()
        for window in open_now:
            seen[window.fault] += 1
            if outcome in NO_ANSWER or verdict == UNRECORDED:
                failed[window.fault].append(verdict if outcome == "OK" else outcome)
    for window in found:
        bad, count = failed[window.fault], seen[window.fault]
        if bad and by_chance(len(bad), count) < CHANCE:
            share = 100 * (1 - len(bad) / count)
            tally.broken(
                ", ".join(sorted(window.cities)),
                f"故障 {window.fault}（{window.kind}）期间，不涉及该城的请求只有 "
                f"{share:.2f}% 得到答复。",
                f"During the fault {window.fault} ({window.kind}) {share:.2f} % of the journeys "
                "of others were answered.",
                fault=window.fault,
                kind=window.kind,
                looked_at=count,
                failed={name: bad.count(name) for name in sorted(set(bad))},
            )


def by_chance(failed: int, count: int) -> float:
    """How likely it is that so many of `count` fail, or more, where `SHARE` of them do not."""
    logs = (
        math.lgamma(count + 1)
        - math.lgamma(n + 1)
        - math.lgamma(count - n + 1)
        + n * math.log(1 - SHARE)
        + (count - n) * math.log(SHARE)
        for n in range(failed)
    )
    return max(0.0, 1 - math.fsum(map(math.exp, logs)))


def _during(
    city: CityEvidence, found: tuple[Window, ...], until: float
) -> Iterator[tuple[tuple[str, str, str, str], list[Window], set[str]]]:
    """Each act that was sent while a fault was open, with all that were, and whom it involves.

    What was on its way when another fault began was hit by that one, too.
    """
    begins = [window.began for window in found]
    first, last = min(begins), max(window.ended for window in found) + AFTER_SECONDS
    for sent, ended, *act in city.rows(_ACTS, first, last, until):
        begun = found[: bisect.bisect_right(begins, ended)]
        met = [window for window in begun if sent <= window.ended + AFTER_SECONDS]
        now = [window for window in met if window.began <= sent]
        if now:
            name, other, outcome, verdict = act
            yield (name, other, outcome, verdict), now, {n for each in met for n in each.cities}


def _nothing_after_a_suspension(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        spans = _suspended(city)
        if not spans:
            continue
        for name, host, at in city.rows(_ATTESTED):
            _outside(tally, city, spans, (host, at), ("attestation", name))
        for check in traced.decided(evidence, city).checks.values():
            facts = check.facts.facts
            if facts.home:
                at = int(facts.decided_at.timestamp() * MICROS)
                _outside(tally, city, spans, (facts.home, at), ("decision", check.check_id))
        for name, home, at in city.rows(_USED):
            _outside(tally, city, spans, (home, at), ("redemption", name))


def _suspended(city: CityEvidence) -> Mapping[str, list[tuple[int, int]]]:
    """From when until when this city had suspended each partner, in microseconds of its clock."""
    spans = defaultdict[str, list[tuple[int, int]]](list)
    since = dict[str, int]()
    for partner, move, at in city.rows(_MOVES):
        if move in {Move.SUSPEND.value, Move.END.value}:
            since.setdefault(partner, at)
        elif partner in since and move in {Move.RESUME.value, Move.EXCHANGE.value}:
            spans[partner].append((since.pop(partner), at))
    for partner, at in since.items():
        spans[partner].append((at, 1 << 62))
    return dict(spans)


def _outside(
    tally: Tally,
    city: CityEvidence,
    spans: Mapping[str, list[tuple[int, int]]],
    when: tuple[str, int],
    what: tuple[str, str],
) -> None:
    (partner, at), (kind, name) = when, what
    if partner not in spans:
        return
    tally.see()
    spread = city.clock.spread
    if any(begin + _RACE + spread < at < end - spread for begin, end in spans[partner]):
        tally.broken(
            city.place.pinyin,
            f"暂停与 {partner} 的合作后，仍有 {kind} {name}。",
            f"The {kind} {name} came after the partner {partner} was suspended.",
            partner=partner,
            what=kind,
            id=name,
            at=at,
        )


INVARIANTS: Final = (
    Invariant(
        "others-go-on",
        "10",
        "一城故障不影响他城",
        "A dead peer hurts nobody else",
        _others_go_on,
    ),
    Invariant(
        "suspension",
        "suspension",
        "暂停后不再提供服务",
        "Nothing is served after a suspension",
        _nothing_after_a_suspension,
    ),
)
