"""Where a resident stands: base plus points, counted anew when a record begins or ceases."""

from datetime import date

from federation.scale import Scale, Standing
from node.errors import NOTHING_IN_FORCE, UNKNOWN, HutongError
from node.model import Page, PageRequest, Resident, Use
from node.ports import Transaction
from node.services.explaining import StandingReport, explain
from node.services.here import Here
from node.services.scoring import recounted


class Standings:
    """What a resident may see: the own standing, and who used it."""

    def __init__(self, here: Here) -> None:
        """For the residents of `here`."""
        self._here = here

    def report(self, tx: Transaction, resident_id: str) -> StandingReport:
        """The standing of a resident on the scale in force, with everything that makes it."""
        resident = find_resident(tx, resident_id)
        own = tx.registry.own_scale()
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        now = self._here.now()
        records = tx.records.of([resident.person])[resident.person]
        return explain(records, tx.registry.indicators, own.scale, now, self._here.day(now))

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
