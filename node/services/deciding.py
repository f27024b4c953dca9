"""Decisions: what is asked for, whether it is open to this person, and what would change that.

Pure.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation.limits import DECISIONS
from federation.messages import UseCounting
from federation.scale import Scale
from node import conditions
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.facts import Facts
from node.incentives import Incentive, Residence
from node.model import Caller, StoredRecognition
from node.registry import Registry
from node.services.here import Here

# Characters of a band's name in a reason: whatever a scale calls it, a reason can be signed.
_NAME_CHARACTERS: Final = 200


class Rule(enum.Enum):
    """Which rule decided."""

    OPEN_TO_ALL = "OPEN_TO_ALL"
    BAND = "BAND"
    COMMENDATION = "COMMENDATION"
    CONDITION = "CONDITION"
    OUTSIDE_VALIDITY = "OUTSIDE_VALIDITY"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    NOT_CONSENTED = "NOT_CONSENTED"
    NOT_FOR_THIS_HOME = "NOT_FOR_THIS_HOME"
    BELOW = "BELOW"
    NOT_COUNTED = "NOT_COUNTED"


_OPEN: Final = frozenset((Rule.OPEN_TO_ALL, Rule.BAND, Rule.COMMENDATION, Rule.CONDITION))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an incentive is open, by which rule, why, and what would change it ("" where open).

    For the resident and the venue to read.
    """

    rule: Rule
    reason_zh: str
    reason_en: str
    change_zh: str = ""
    change_en: str = ""

    @property
    def eligible(self) -> bool:
        """Whether it is open."""
        return self.rule in _OPEN


def asked_for(registry: Registry, venue: Caller, ids: Sequence[str]) -> tuple[Incentive, ...]:
    """The incentives asked for, in that order; all that the venue offers where none is named.

    No more than one statement can say; where a venue offers more, it names which.
    """
    catalogue = registry.catalogue
    offered = catalogue.offered_at(venue.name) if catalogue else {}
    if len(ids or offered) > DECISIONS or len(set(ids)) != len(ids):
        raise HutongError(
            FIELD_INVALID,
            field="incentive_ids",
            problem=f"name each incentive once, at most {DECISIONS} of those offered here",
        )
    if not ids:
        return tuple(offered.values())
    for wanted in ids:
        if wanted not in offered:
            raise HutongError(
                UNKNOWN,
                what="incentive",
                name=wanted[:64],
                remedy="list what this venue offers with `hutong venue incentives`",
            )
    return tuple(offered[wanted] for wanted in ids)


def facts_of(
    here: Here, registry: Registry, visitor: StoredRecognition | None, now: datetime
) -> Facts:
    """What decisions depend on, now, for a visitor; for a newcomer where that is None."""
    own, catalogue = registry.own_scale(), registry.catalogue
    local = now.astimezone(here.zone)
    scale_version = own.scale.version if own else 0
    moment = (now, local.date(), local.hour, local.isoweekday(), scale_version)
    catalogue_version = catalogue.version if catalogue else 0
    if visitor is None:
        return Facts(*moment, catalogue_version)
    return Facts(
        *moment,
        catalogue_version,
        band_id=visitor.band_id,
        local_milli=visitor.local_milli,
        commendations=visitor.commendations,
        scenarios=visitor.scenarios,
        home=visitor.home,
        agreement_id=visitor.agreement_id,
        residence=Residence.OWN if visitor.home == here.city else Residence.VISITOR,
        counting=visitor.counting is not UseCounting.NONE,
    )


def is_open_to_newcomers(
    here: Here, registry: Registry, incentive: Incentive, now: datetime
) -> bool:
    """Whether anybody may have it now, recognised or not."""
    own = registry.own_scale()
    facts = facts_of(here, registry, None, now)
    return decide(facts, incentive, own.scale if own else None).eligible


def decide(facts: Facts, incentive: Incentive, scale: Scale | None) -> Verdict:
    """Decide by the host's own catalogue; `scale` is the one that `facts` was made with.

    1. Outside its validity it is open to no one.
    2. What asks nothing is open to everyone; so is what its condition opens to a newcomer now:
       recognition only ever opens, it takes nothing away.
    3. Else it takes a standing, under a consent that covers the scenario, that is of those whom the
       incentive is for.
    4. The standing opens it from its band up, with a commendation that it names, or by its
       condition.
    5. What is limited over the whole federation takes a consent to counting besides.
    """
    # 1.
    if not incentive.valid_on(facts.day):
        return _outside(facts, incentive)
    # 2.
    if (open_to_all := _to_everyone(facts, incentive, scale)) is not None:
        return open_to_all
    # 3.
    if (refused := _not_asked_for(facts, incentive, scale)) is not None:
        return refused
    # 4.
    opened = _by_standing(facts, incentive, scale)
    if opened is None:
        needs_zh, needs_en = _needs(incentive, scale)
        return Verdict(
            Rule.BELOW,
            f"需要{needs_zh}。",
            f"It needs {needs_en}.",
            "信用提升后可再来核验。",
            "With a higher standing at home, check again.",
        )
    # 5.
    if incentive.across_cities and not facts.counting:
        return Verdict(
            Rule.NOT_COUNTED,
            "该激励在各城市合计限次，本人授权未同意由所在城市计数。",
            "It is limited over all cities together, and the consent lets the home city count "
            "nothing.",
            "可在自己的应用中授权并同意计数后再来。",
            "The resident can give a consent that lets uses be counted.",
        )
    return opened


def _outside(facts: Facts, incentive: Incentive) -> Verdict:
    first, end = incentive.valid_from, incentive.valid_until
    early = facts.day < first
    return Verdict(
        Rule.OUTSIDE_VALIDITY,
        f"该激励的有效期为 {first} 至 {end}（不含）。",
        f"It is offered from {first} until before {end}.",
        f"请于 {first} 起再来。" if early else "已结束；请查看服务点现在提供的激励。",
        f"Come back from {first}." if early else "It is over; see what the venue offers now.",
    )


def _to_everyone(facts: Facts, incentive: Incentive, scale: Scale | None) -> Verdict | None:
    if incentive.is_open_to_all:
        return Verdict(Rule.OPEN_TO_ALL, "对所有人开放。", "It is open to everyone.")
    # Nobody counts the uses of a newcomer over all cities.
    if not incentive.condition or incentive.across_cities:
        return None
    return _by_condition() if conditions.opens(incentive, facts.as_newcomer(), scale) else None


def _not_asked_for(facts: Facts, incentive: Incentive, scale: Scale | None) -> Verdict | None:
    """Why there is no standing to decide by; None where there is one."""
    if not facts.recognised:
        needs_zh, needs_en = _needs(incentive, scale)
        return Verdict(
            Rule.NOT_RECOGNISED,
            f"需要{needs_zh}；当前按新访客办理。",
            f"It needs {needs_en}; here one counts as a newcomer.",
            "可在所在城市的应用中授权本市和此场景，出示信用码后再核验。",
            "With a consent for this city and scenario, show a code from the home city's app.",
        )
    if incentive.scenario not in facts.scenarios:
        return Verdict(
            Rule.NOT_CONSENTED,
            "本人授权未包含此场景。",
            "The consent does not cover this scenario.",
            "可在自己的应用中授权后再来。",
            "The resident can give one that does.",
        )
    if facts.residence not in incentive.subjects:
        own = incentive.subjects == (Residence.OWN,)
        return Verdict(
            Rule.NOT_FOR_THIS_HOME,
            f"该激励只面向{'本市居民' if own else '外地来访者'}。",
            f"It is for {'residents of this city' if own else 'visitors from other cities'} only.",
            "与信用高低无关；请查看服务点的其他激励。",
            "It has nothing to do with the standing; see what else the venue offers.",
        )
    visiting = facts.residence is Residence.VISITOR
    of_home = not incentive.homes or facts.home in incentive.homes
    agreed = not incentive.agreements or facts.agreement_id in incentive.agreements
    if visiting and not (of_home and agreed):
        return Verdict(
            Rule.NOT_FOR_THIS_HOME,
            "该激励不在与来访者所在城市的互认范围内。",
            "It is not offered to visitors from that city.",
            "两市就此达成互认后即可享受；与信用高低无关。",
            "It takes the two cities to agree on it, and has nothing to do with the standing.",
        )
    return None


def _by_standing(facts: Facts, incentive: Incentive, scale: Scale | None) -> Verdict | None:
    if scale is not None and incentive.minimum_band is not None:
        rank, needed = scale.rank(facts.band_id), scale.rank(incentive.minimum_band)
        if 0 <= needed <= rank:
            zh, en = _band_names(scale, facts.band_id)
            return Verdict(
                Rule.BAND,
                f"认定为本市“{zh}”，已达到要求。",
                f"Recognised as “{en}” of this city, which is enough.",
            )
    if set(incentive.commendations) & set(facts.commendations):
        return Verdict(
            Rule.COMMENDATION, "持有本激励认可的荣誉。", "A commendation that opens it is held."
        )
    return _by_condition() if conditions.opens(incentive, facts, scale) else None


def _by_condition() -> Verdict:
    return Verdict(
        Rule.CONDITION, "满足本激励的条件。", "What the incentive asks for is fulfilled."
    )


def _needs(incentive: Incentive, scale: Scale | None) -> tuple[str, str]:
    """What opens it, any one of it, in Chinese and English."""
    found = list[tuple[str, str]]()
    needed = incentive.minimum_band
    if needed is not None and scale is not None and scale.rank(needed) >= 0:
        zh, en = _band_names(scale, needed)
        found.append((f"认定达到“{zh}”", f"recognition at “{en}” or above"))
    if incentive.commendations or not (found or incentive.condition):
        found.append(("经认定的荣誉", "a recognised commendation"))
    if incentive.condition:
        found.append(("满足激励目录所列条件", "what the condition in the catalogue asks for"))
    return "或".join(zh for zh, _ in found), ", or ".join(en for _, en in found)


def _band_names(scale: Scale, band_id: str) -> tuple[str, str]:
    band = scale.band(band_id)
    return band.name_zh[:_NAME_CHARACTERS], band.name_en[:_NAME_CHARACTERS]
