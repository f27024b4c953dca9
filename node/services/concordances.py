"""What a concordance is built from, and what it says where it says nothing, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from federation.codec import SCORE_HISTOGRAM, envelope_from_bytes
from federation.concordance import Refusal
from federation.concordance_table import Row, Table, table_of
from federation.distribution import MILLI
from federation.errors import HutongError
from federation.histogram import ScoreHistogram
from federation.identifiers import CityCode
from federation.messages import ScaleReference, ScoreScale
from federation.methods import Concordance
from node.errors import FIELD_INVALID, HISTOGRAM_MISSING, NO_CONCORDANCE, NOTHING_IN_FORCE
from node.ports import Transaction
from node.registry import Registry
from node.services.terms import not_active

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
    """All that a concordance is built from, and the one that both cities signed, if it is that."""

    home: Side
    host: Side
    agreed: Concordance | None = None

    @property
    def valid_until(self) -> datetime | None:
        """When the signed one ends."""
        return self.agreed.valid_until if self.agreed else None

    def table(self, degree: int | None) -> Table:
        """A new table of that degree (see `table_of`), or the signed one, of its own degree."""
        home, host = self.home, self.host
        if self.agreed is None:
            return table_of(home.histogram, host.histogram, home.scale, host.scale, degree)
        signed = self.agreed
        table = table_of(home.histogram, host.histogram, home.scale, host.scale, signed.degree)
        rows = tuple(_as_signed(row, signed, host.scale) for row in table.rows)
        return replace(table, rows=rows, points=signed.points)


class Concordances:
    """The scales of this city and a partner, and how residents are spread over them."""

    def __init__(self, city: CityCode) -> None:
        """For `city`."""
        self._city = city

    def sides(self, tx: Transaction, home: CityCode, host: CityCode) -> Sides:
        """What is known of both cities, of the newest versions of their scales.

        Raises FIELD_INVALID where not exactly one of them is this city, NOTHING_IN_FORCE where a
        scale is not known, and HISTOGRAM_MISSING.
        """
        self._partner(home, host)
        return Sides(self._side(tx, home), self._side(tx, host))

    def agreed(self, tx: Transaction, home: CityCode, host: CityCode) -> Sides:
        """What the agreement in force was built from.

        Raises FIELD_INVALID as `sides`, AGREEMENT_NOT_ACTIVE, NO_CONCORDANCE where the agreement
        reads by something else, NOTHING_IN_FORCE and HISTOGRAM_MISSING.
        """
        stored = tx.registry.active_agreement(self._partner(home, host))
        if stored is None:
            raise not_active(home, host)
        method = stored.agreement.mapping(home).method
        if not isinstance(method, Concordance):
            raise HutongError(NO_CONCORDANCE, home=home, host=host)
        one, other = (self._side(tx, c, stored.agreement.scale(c)) for c in (home, host))
        return Sides(one, other, method)

    def _partner(self, home: CityCode, host: CityCode) -> CityCode:
        if home == host or self._city not in {home, host}:
            raise HutongError(
                FIELD_INVALID,
                field="host_city",
                problem=f"one of both cities is this one, {self._city}, and the other is another",
            )
        return host if home == self._city else home

    def _side(
        self, tx: Transaction, city: CityCode, reference: ScaleReference | None = None
    ) -> Side:
        scale, named = _scale(tx.registry, self._city, city, reference)
        found = kept_histogram(tx, named)
        if found is None:
            raise missing(named)
        return Side(scale, found)


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


def _scale(
    registry: Registry, here: CityCode, city: CityCode, reference: ScaleReference | None
) -> tuple[ScoreScale, ScaleReference]:
    """A city's scale of that reference, or its newest; raises NOTHING_IN_FORCE."""
    own = city == here
    found = registry.own_scale(reference) if own else registry.partner_scale(city, reference)
    if found is None:
        what, command = f"scale of {city}", f"hutong partner sync {city}"
        if own:
            what, command = "scale", "hutong scale load FILE"
        raise HutongError(NOTHING_IN_FORCE, what=what, command=command)
    return found.exported, found.reference


def _as_signed(row: Row, signed: Concordance, host_scale: ScoreScale) -> Row:
    """The row with what both cities signed for its score, whatever would come out today."""
    milli = round(row.home * MILLI)
    point = next((point for point in signed.points if point.home_milli == milli), None)
    if point is None:
        refusal = row.refusal or Refusal.OUTSIDE_HOME
        return replace(row, host=None, error=None, refusal=refusal, host_band="")
    held = (band.band_id for band in host_scale.bands if band.holds(point.host_milli))
    return replace(
        row,
        host=point.host_milli / MILLI,
        error=point.error_milli / MILLI,
        refusal=None,
        host_band=next(held, ""),
    )
