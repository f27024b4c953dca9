"""The decisions of one check as the city signs them. Pure: the same facts give the same bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from federation.identifiers import CityCode
from federation.incentives import Decisions, IncentiveDecision
from federation.messages import Header
from federation.scale import Scale
from node.check_facts import CheckFacts
from node.incentives import Capacity, Catalogue, Incentive
from node.services.deciding import Rule, Verdict, decide

_NO_LIMIT: Final = Capacity()
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a check came to: the statement, and beside it each incentive with its verdict."""

    statement: Decisions
    rows: tuple[tuple[str, Incentive, Verdict], ...]


def decide_all(
    city: CityCode,
    check: CheckFacts,
    incentives: Sequence[Incentive],
    catalogue: Catalogue | None,
    scale: Scale | None,
) -> Decided:
    """One decision for each incentive that was asked for, in that order.

    `incentives` are those that the check names, of `catalogue`; `scale` is the city's own.
    """
    verdicts = [decide(check.facts, incentive, scale) for incentive in incentives]
    found = [
        _decision(check, incentive, verdict)
        for incentive, verdict in zip(incentives, verdicts, strict=True)
    ]
    statement = Decisions(
        header=Header(check.check_id, city, (city,), check.facts.decided_at, check.expires_at),
        venue=check.venue,
        holder=check.holder,
        home_city=check.home,
        band_id=check.facts.band_id,
        catalogue_version=check.facts.catalogue_version,
        catalogue_digest=_digest(catalogue.content) if catalogue else b"",
        decisions=tuple(found),
    )
    rows = zip((each.decision_id for each in found), incentives, verdicts, strict=True)
    return Decided(statement, tuple(rows))


def _decision(check: CheckFacts, incentive: Incentive, verdict: Verdict) -> IncentiveDecision:
    eligible = verdict.eligible
    return IncentiveDecision(
        decision_id=check.decision_id(incentive.incentive_id) if eligible else "",
        incentive_id=incentive.incentive_id,
        eligible=eligible,
        rule=verdict.rule.value,
        reason_zh=verdict.reason_zh,
        reason_en=verdict.reason_en,
        change_zh=verdict.change_zh,
        change_en=verdict.change_en,
        offline_until=_offline_until(check, incentive, verdict),
    )


def _offline_until(check: CheckFacts, incentive: Incentive, verdict: Verdict) -> datetime | None:
    """Until when a venue may go by it without the node.

    Not where a place must be held, and not on the last day of the incentive: nobody would say that
    it is over.
    """
    limited = incentive.capacity != _NO_LIMIT or incentive.across_cities is not None
    if not verdict.eligible or limited or not incentive.valid_on(check.facts.day + _DAY):
        return None
    return check.offline_to_all if verdict.rule is Rule.OPEN_TO_ALL else check.offline_until


@lru_cache(maxsize=8)
def _digest(content: str) -> bytes:
    """The SHA-256 of a catalogue's file: of the one in force it is needed at each check."""
    return hashlib.sha256(content.encode()).digest()
