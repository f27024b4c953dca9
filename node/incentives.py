"""What a city offers: an incentive of its catalogue, as values.

How a file becomes them is in `node.files.incentives`, how they open in `node.services.deciding`.
"""

import enum
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final


class Residence(enum.Enum):
    """Whose resident a person is, as far as this city recognises anyone."""

    OWN = "own"
    VISITOR = "visitor"
    NONE = "none"


SUBJECTS: Final = (Residence.OWN, Residence.VISITOR)
"""Whom an incentive is for, unless it says otherwise: a newcomer has no standing to ask for one."""


class Period(enum.Enum):
    """How long a resident's uses add up: by the city's calendar; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    EVER = "ever"

    def first_day(self, day: date) -> date:
        """The first day of the period that holds `day`; the first of all days for EVER."""
        match self:
            case Period.DAY:
                return day
            case Period.WEEK:
                return day - timedelta(days=day.weekday())
            case Period.MONTH:
                return day.replace(day=1)
            case Period.YEAR:
                return day.replace(month=1, day=1)
            case Period.EVER:
                return date.min


@dataclass(frozen=True, slots=True)
class PerResident:
    """At most so many uses by one resident in each period."""

    uses: int
    per: Period


@dataclass(frozen=True, slots=True)
class Capacity:
    """How often an incentive may be used; None where there is no limit."""

    total: int | None = None
    per_day: int | None = None
    per_venue_per_day: int | None = None
    per_resident: PerResident | None = None


@dataclass(frozen=True, slots=True)
class AcrossCities:
    """A limit over the whole federation, that the home city counts.

    At most `most` live uses of `use_class` by one resident, in all cities together; each ends by
    itself after `days`.
    """

    use_class: str
    most: int
    days: int


HOLD_MINUTES: Final = 15
"""How long a reservation holds its places, unless the incentive says otherwise."""

_NO_LIMIT: Final = Capacity()


@dataclass(frozen=True, slots=True)
class Incentive:
    """One entry of the city's own catalogue.

    What opens it: `minimum_band`, a band of the city's own scale; `commendations`, any one of them,
    whatever the band; `condition`, a CEL text ("" for none). With none of the three it is open to
    everyone. `homes`, `agreements` and `subjects` narrow what a standing opens, and never what is
    open to everyone; the first two speak of visitors only, and empty ones narrow nothing.
    `venues` are names of venue certificates, empty for every venue.
    """

    incentive_id: str
    scenario: str
    benefit_zh: str
    benefit_en: str
    minimum_band: str | None
    commendations: tuple[str, ...]
    venues: tuple[str, ...]
    valid_from: date
    valid_until: date
    legal_basis: str
    source: str
    illustrative: bool
    condition: str = ""
    homes: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    subjects: tuple[Residence, ...] = SUBJECTS
    capacity: Capacity = _NO_LIMIT
    across_cities: AcrossCities | None = None
    hold_minutes: int = HOLD_MINUTES
    details_zh: str = ""
    details_en: str = ""

    @property
    def is_open_to_all(self) -> bool:
        """Whether nothing is asked of anyone."""
        return self.minimum_band is None and not self.commendations and not self.condition

    def offered_at(self, venue: str) -> bool:
        """Whether that venue offers it."""
        return not self.venues or venue in self.venues

    def valid_on(self, day: date) -> bool:
        """Whether it is in its validity; `valid_until` is the first day on which it is not."""
        return self.valid_from <= day < self.valid_until


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the city's incentives, by id, and the file that they came from."""

    version: int
    incentives: tuple[Incentive, ...]
    content: str = field(repr=False)
    # Worked out once for each venue: a city's certificates name them, and they are few.
    _offered: dict[str, dict[str, Incentive]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def offered_at(self, venue: str) -> dict[str, Incentive]:
        """What that venue offers, by id and in that order; not to be changed."""
        found = self._offered.get(venue)
        if found is None:
            found = {i.incentive_id: i for i in self.incentives if i.offered_at(venue)}
            self._offered[venue] = found
        return found
