"""Where a resident stands: base plus points, counted anew when a record begins or ceases."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from federation.bands import Band
from federation.scale import Scale, Standing
from node.errors import NOTHING_IN_FORCE, UNKNOWN, HutongError
from node.model import Page, PageRequest, Resident, Use
from node.ports import Transaction
from node.records import Record
from node.services.here import Here
from node.services.scoring import recounted


@dataclass(frozen=True, slots=True)
class StandingReport:
    """A resident's own standing, with every record that counts in it, the newest first.

    `next_band` begins `points_to_next_milli` above the score of a numeric scale;
    `changes_on` is the first day on which a record begins or stops to count.
    """

    scale: Scale
    standing: Standing
    records: tuple[Record, ...]
    next_band: Band | None
    points_to_next_milli: int | None
    changes_on: date | None


class Standings:
    """What a resident may see: the own standing, and who used it."""

    def __init__(self, here: Here) -> None:
        """For the residents of `here`."""
        self._here = here

    def report(self, tx: Transaction, resident_id: str) -> StandingReport:
        """The standing of a resident on the scale in force."""
        find_resident(tx, resident_id)
        own = tx.registry.own_scale()
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load")
        today = self._here.day(self._here.now())
        records = tx.residents.records(resident_id)
        points, commendations, changes_on = count(records, today)
        standing = own.scale.standing(points, frozenset(commendations))
        following = _next_band(own.scale, standing)
        return StandingReport(
            scale=own.scale,
            standing=standing,
            records=tuple(r for r in records if r.counts_on(today)),
            next_band=following,
            points_to_next_milli=_points_to(following, standing),
            changes_on=changes_on,
        )

    def uses(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[Use]:
        """Who used a resident's standing, the newest first."""
        find_resident(tx, resident_id)
        return tx.uses.page(resident_id, request)


def find_resident(tx: Transaction, resident_id: str) -> Resident:
    """The resident of that id; raises UNKNOWN."""
    resident = tx.residents.get(resident_id)
    if resident is None:
        raise HutongError(
            UNKNOWN, what="resident", name=resident_id, remedy="enrol the resident first"
        )
    return resident


def standing_of(tx: Transaction, resident: Resident, scale: Scale, today: date) -> Standing:
    """The standing that may be told to other cities: of attestable records alone."""
    fresh = current(tx, resident, today)
    return scale.standing(fresh.shared_milli, frozenset(fresh.commendations))


def current(tx: Transaction, resident: Resident, today: date) -> Resident:
    """The resident with the sums of today: the kept ones, or new ones where those had their day.

    Nobody has no records, whatever the day (rule 4).
    """
    catalogue = tx.registry.indicators
    version = catalogue.version if catalogue else 0
    had_its_day = resident.recount_on is not None and today >= resident.recount_on
    if not resident.resident_id or (resident.counted_by == version and not had_its_day):
        return resident
    return recounted(resident, tx.records.of([resident.person])[resident.person], catalogue, today)


def _next_band(scale: Scale, standing: Standing) -> Band | None:
    rank = scale.rank(standing.band_id) + 1
    return scale.bands[rank] if rank < len(scale.bands) else None


def _points_to(band: Band | None, standing: Standing) -> int | None:
    if band is None or band.lower is None or standing.score_milli is None:
        return None
    return band.lower.score_milli - standing.score_milli
