"""All that a decision depends on, besides the catalogue and the city's scale.

Kept with each check, so that the decision can be made again later and comes out the same.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.incentives import Residence


@dataclass(frozen=True, slots=True)
class Facts:
    """Who asks, as far as this city recognises anyone, and when.

    `day`, `hour` (0 to 23) and `weekday` (1 is Monday) are of the city's own time zone.
    `band_id` is a band of the city's own scale, "" for a newcomer, of whom nothing else is known.
    `local_milli` is the score's equivalent on that scale, None where only the band is known.
    `scenarios` are those that the consent covers; `counting` says that the home city counts uses.
    """

    decided_at: datetime
    day: date
    hour: int
    weekday: int
    scale_version: int
    catalogue_version: int
    band_id: str = ""
    local_milli: int | None = None
    commendations: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    home: str = ""
    agreement_id: str = ""
    residence: Residence = Residence.NONE
    counting: bool = False

    @property
    def recognised(self) -> bool:
        """Whether there is a standing to decide by."""
        return bool(self.band_id)

    def as_newcomer(self) -> "Facts":
        """The same moment, for a person of whom nothing is known."""
        return replace(
            self,
            band_id="",
            local_milli=None,
            commendations=(),
            scenarios=(),
            home="",
            agreement_id="",
            residence=Residence.NONE,
            counting=False,
        )
