"""What a concordance is built from, and what it says where it says nothing, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from federation.codec import SCORE_HISTOGRAM, envelope_from_bytes
from federation.concordance import Refusal
from federation.concordance_table import Table, table_of
from federation.errors import HutongError
from federation.histogram import ScoreHistogram
from federation.identifiers import CityCode
from federation.messages import ScaleReference, ScoreScale
from node.errors import FIELD_INVALID, HISTOGRAM_MISSING, NOTHING_IN_FORCE
from node.ports import Transaction
from node.registry import Registry

REFUSED_TEXTS: Final[Mapping[Refusal, tuple[str, str]]] = {
    Refusal.OUTSIDE_HOME: (
        "超出来源城市公布的分值范围。",
        "It lies outside what the home city has published.",
    ),
    Refusal.BELOW_HOST_LINE: (
        "到访城市中同位次的居民低于其互认线：按新访客办理。",
        "Who has this rank in the host city stands below its line: read as a newcomer.",
    ),
    Refusal.THIN: (
        "此处居民过少，无法可靠比较；高于最后一个对应分的，按该对应分办理。",
        "Too few residents stand here; above the last equivalent one is read as that.",
    ),
}
"""Why a home score has no equivalent, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Side:
    """One city's part in a concordance."""

    scale: ScoreScale
    histogram: ScoreHistogram


@dataclass(frozen=True, slots=True)
class Sides:
    """All that a concordance is built from."""

    home: Side
    host: Side

    def table(self, degree: int | None) -> Table:
        """The table; see `federation.concordance_table.table_of`."""
        home, host = self.home, self.host
        return table_of(home.histogram, host.histogram, home.scale, host.scale, degree)


class Concordances:
    """The newest scales of this city and a partner, and how residents are spread over them."""

    def __init__(self, city: CityCode) -> None:
        """For `city`."""
        self._city = city

    def sides(self, tx: Transaction, home: CityCode, host: CityCode) -> Sides:
        """What is known of both cities, of the newest versions of their scales.

        Raises FIELD_INVALID where not exactly one of them is this city, NOTHING_IN_FORCE where a
        scale is not known, and HISTOGRAM_MISSING.
        """
        if home == host or self._city not in {home, host}:
            raise HutongError(
                FIELD_INVALID,
                field="host_city",
                problem=f"one of both cities is this one, {self._city}, and the other is another",
            )
        return Sides(self._side(tx, home), self._side(tx, host))

    def _side(self, tx: Transaction, city: CityCode) -> Side:
        scale, reference = newest_scale(tx.registry, self._city, city)
        found = kept_histogram(tx, reference)
        if found is None:
            raise missing(reference)
        return Side(scale, found)


def newest_scale(
    registry: Registry, here: CityCode, city: CityCode
) -> tuple[ScoreScale, ScaleReference]:
    """The newest scale of a city that is known at `here`; raises NOTHING_IN_FORCE."""
    found = registry.own_scale() if city == here else registry.partner_scale(city)
    if found is None:
        own = ("scale", "hutong scale load")
        what, command = own if city == here else (f"scale of {city}", f"hutong partner sync {city}")
        raise HutongError(NOTHING_IN_FORCE, what=what, command=command)
    return found.exported, found.reference


def kept_histogram(tx: Transaction, scale: ScaleReference) -> ScoreHistogram | None:
    """What a city published of that version of its scale; None where it is not known here.

    It was verified when it was kept.
    """
    kept = tx.histograms.get(scale.city, scale.scale_id, scale.version)
    if kept is None:
        return None
    found = SCORE_HISTOGRAM.decode(envelope_from_bytes(kept.envelope).payload)
    return found if found.scale == scale else None


def missing(scale: ScaleReference) -> HutongError:
    """The error where a city has published nothing of that version of its scale."""
    return HutongError(
        HISTOGRAM_MISSING, city=scale.city, scale=scale.scale_id, version=str(scale.version)
    )
