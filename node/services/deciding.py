"""Decisions: what is asked for, whether it is open to this person, and what would change that.

Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from federation.scale import Scale
from node import limits
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.incentives import Incentive
from node.model import Caller, StoredRecognition
from node.registry import Registry


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an incentive is open, and why, for the resident and the venue to read."""

    eligible: bool
    reason_zh: str
    reason_en: str


def asked_for(registry: Registry, venue: Caller, ids: Sequence[str]) -> tuple[Incentive, ...]:
    """The incentives asked for, in that order; all that the venue offers where none is named."""
    catalogue = registry.catalogue
    offered = [i for i in catalogue.incentives if i.offered_at(venue.name)] if catalogue else []
    if not ids:
        return tuple(offered)
    if len(ids) > limits.PAGE_MOST or len(set(ids)) != len(ids):
        raise HutongError(
            FIELD_INVALID,
            field="incentive_ids",
            problem=f"name each incentive once, at most {limits.PAGE_MOST}",
        )
    by_id = {incentive.incentive_id: incentive for incentive in offered}
    for wanted in ids:
        if wanted not in by_id:
            raise HutongError(
                UNKNOWN,
                what="incentive",
                name=wanted[:64],
                remedy="list what this venue offers with `hutong venue incentives`",
            )
    return tuple(by_id[wanted] for wanted in ids)


def decide(
    incentive: Incentive, visitor: StoredRecognition | None, scale: Scale | None, today: date
) -> Verdict:
    """Decide by the host's own catalogue.

    1. Outside its validity it is open to no one.
    2. Without a band it is open to everyone: recognition only ever opens, it takes nothing away.
    3. A visitor whom the consent covers for this scenario has it from its band up, or with a
       commendation that it names.
    """
    # 1.
    if not incentive.valid_on(today):
        return _closed(
            f"该激励的有效期为 {incentive.valid_from} 至 {incentive.valid_until}（不含）。",
            f"It is offered from {incentive.valid_from} until before {incentive.valid_until}.",
        )
    # 2.
    if incentive.minimum_band is None and not incentive.commendations:
        return _open("对所有人开放。", "It is open to everyone.")
    # 3.
    needs_zh, needs_en = _needs(incentive, scale)
    if visitor is None:
        return _closed(
            f"需要{needs_zh}；当前按新访客办理。",
            f"It needs {needs_en}; here one counts as a newcomer.",
        )
    if incentive.scenario not in visitor.scenarios:
        return _closed(
            "本人授权未包含此场景；可在自己的应用中授权后再来。",
            "The consent does not cover this scenario; the resident can give one that does.",
        )
    return _by_standing(incentive, visitor, scale) or _closed(
        f"需要{needs_zh}；信用提升后可再来核验。",
        f"It needs {needs_en}; with a higher standing, check again.",
    )


def _by_standing(
    incentive: Incentive, visitor: StoredRecognition, scale: Scale | None
) -> Verdict | None:
    if scale is not None and incentive.minimum_band is not None:
        rank, needed = scale.rank(visitor.band_id), scale.rank(incentive.minimum_band)
        if 0 <= needed <= rank:
            band = scale.band(visitor.band_id)
            return _open(
                f"认定为本市“{band.name_zh}”，已达到要求。",
                f"Recognised as “{band.name_en}” of this city, which is enough.",
            )
    if set(incentive.commendations) & set(visitor.commendations):
        return _open("持有本激励认可的荣誉。", "A commendation that opens it is held.")
    return None


def _open(zh: str, en: str) -> Verdict:
    return Verdict(eligible=True, reason_zh=zh, reason_en=en)


def _closed(zh: str, en: str) -> Verdict:
    return Verdict(eligible=False, reason_zh=zh, reason_en=en)


def _needs(incentive: Incentive, scale: Scale | None) -> tuple[str, str]:
    if incentive.minimum_band is None or scale is None or scale.rank(incentive.minimum_band) < 0:
        return "经认定的荣誉", "a recognised commendation"
    band = scale.band(incentive.minimum_band)
    return f"认定达到“{band.name_zh}”", f"recognition at “{band.name_en}” or above"
