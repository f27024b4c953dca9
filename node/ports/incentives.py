"""Incentives, as use cases see their store: checks, reservations, leases, histograms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from federation.identifiers import CityCode
from node.incentives import Catalogue
from node.model import Page, PageRequest
from node.redemptions import (
    CountedUse,
    PendingRelease,
    PendingUse,
    PrivacySpending,
    Reservation,
    StoredCheck,
    StoredHistogram,
)


class Checks(Protocol):
    """What was decided, so that it can be decided again."""

    def add(self, check: StoredCheck) -> None:
        """Keep a check; written at the commit."""

    def get(self, check_id: str) -> StoredCheck | None:
        """The check of that id."""

    def catalogue(self, version: int) -> Catalogue | None:
        """The catalogue of that version, in force or not."""


class Reservations(Protocol):
    """Places that are held, and were."""

    def add(self, reservation: Reservation) -> None:
        """Keep a new one; a second one of the same decision makes the transaction run again."""

    def get(self, reservation_id: str) -> Reservation | None:
        """The reservation of that id."""

    def by_decision(self, decision_id: str) -> Reservation | None:
        """The reservation of a decision."""

    def close(self, before: Reservation, after: Reservation) -> bool:
        """Change its state, redemption and lease, if its state is still that of `before`."""

    def ended(self, now: datetime, most: int, incentive_id: str = "") -> tuple[Reservation, ...]:
        """Held ones whose time is over, at most so many; of one incentive, or of all for ""."""

    def page(self, venue: str, request: PageRequest) -> Page[Reservation]:
        """Those of a venue, the newest first."""


class UseQuestions(Protocol):
    """As host: leases that are asked for, and given back."""

    def ask(self, question: PendingUse) -> None:
        """Keep a question before it is sent."""

    def get(self, key: bytes) -> PendingUse | None:
        """The question of a request."""

    def unanswered(self, before: datetime, most: int) -> tuple[PendingUse, ...]:
        """Questions that were asked before then and are still kept, the oldest first."""

    def to(self, home: CityCode) -> tuple[PendingUse, ...]:
        """The questions to a home city that are still kept."""

    def forget(self, lease_id: str) -> bool:
        """Let the question for that lease go; False where it is not there any more."""

    def give_back(self, release: PendingRelease) -> None:
        """Keep that a lease is given back, until the home city knows; once is enough."""

    def owed(self) -> tuple[CityCode, ...]:
        """The home cities to which leases are to be given back."""

    def releases(self, home: CityCode, most: int) -> tuple[PendingRelease, ...]:
        """Leases to be given back to a home city, the oldest first."""

    def released(self, lease_id: str) -> None:
        """The home city knows."""


class Leases(Protocol):
    """As home: uses that are counted over all cities."""

    def add(self, use: CountedUse) -> None:
        """Keep a new one."""

    def get(self, lease_id: str) -> CountedUse | None:
        """The lease of that id."""

    def live(self, resident_id: str, label: bytes, now: datetime) -> int:
        """How many of one kind are in use: neither given back nor over."""

    def live_under(self, resident_id: str, now: datetime) -> tuple[str, ...]:
        """The consents, by id, under which those were counted that are in use."""

    def release(self, lease_id: str, host: CityCode, at: datetime) -> bool:
        """Give back a lease of that host; False where there is none that is live."""

    def page(self, resident_id: str, request: PageRequest) -> Page[CountedUse]:
        """Those of a resident, the newest first."""


class Histograms(Protocol):
    """How residents are spread over scales, as cities published it."""

    def put(self, histogram: StoredHistogram) -> bool:
        """Keep one; False, and nothing changed, where that version of the scale has one."""

    def get(self, city: CityCode, scale_id: str, version: int) -> StoredHistogram | None:
        """The one of a version of a scale."""

    def newest(self) -> tuple[StoredHistogram, ...]:
        """The newest of each city, by city."""

    def spend(self, spending: PrivacySpending) -> None:
        """Note what was spent."""

    def spendings(self) -> tuple[PrivacySpending, ...]:
        """What was spent, the oldest first."""

    def spread(self, edges_milli: Sequence[int]) -> tuple[int, ...]:
        """How many residents have sums of shared points in [edge, next edge), exactly.

        One number more than there are edges: the first is of those below all edges. Sums are in
        thousandths, without the scale's base, as they were last counted; without noise, and so not
        for publication.
        """

    def listed(self, commendations: Sequence[str]) -> int:
        """How many residents hold at least one of these commendations, exactly."""
