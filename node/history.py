"""What happened to a resident, or to a visitor, as it is shown to them again. Values only."""

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation.identifiers import CityCode
from federation.messages import Disclosure
from node.errors import PAGE_INVALID, HutongError
from node.limits import PAGE_MOST

# What an event is about has a UUID, or, of a code, the digest.
_DIGEST: Final = 64
_PLACE: Final = re.compile(r"([0-9a-f]{1,15})\.([1-9][0-9]?)\.([0-9a-f]{64}|[0-9a-f-]{1,36})")


class HistoryKind(enum.Enum):
    """What an event is; events of one instant happened in this order."""

    CONSENT_GIVEN = 1
    CONSENT_WITHDRAWN = 2
    CONSENT_ENDED = 3
    CODE_MADE = 4
    CODE_USED = 5
    ATTESTED = 6
    RENEWED = 7
    REFUSED = 8
    ATTESTATION_WITHDRAWN = 9
    RECOGNISED = 10
    DECIDED = 11
    REDEEMED = 12
    RECOGNITION_ENDED = 13
    USE_COUNTED = 14
    USE_ENDED = 15


_OF_CODES: Final = frozenset({HistoryKind.CODE_MADE.value, HistoryKind.CODE_USED.value})


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event is among those of one resident, whatever happens later.

    Microseconds of its instant, the number of its kind, and the id of what it is about.
    """

    micros: int
    kind: int
    about: str

    @classmethod
    def read(cls, token: str) -> "Place":
        """The place in a token that `str` wrote; raises PAGE_INVALID."""
        found = _PLACE.fullmatch(token)
        if found is None or (int(found[2]) in _OF_CODES) != (len(found[3]) == _DIGEST):
            raise HutongError(PAGE_INVALID, field="page_token", limit=str(PAGE_MOST))
        return cls(int(found[1], 16), int(found[2]), found[3])

    def __str__(self) -> str:
        """As a token of a page."""
        return f"{self.micros:x}.{self.kind}.{self.about}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event at home. `subject` is the id of what it is about: consent, attestation or lease.

    `refusal` is the name of a reason in `node.refusals`. `use_class` is the kind of a counted use,
    "" where the consent keeps it from this city.
    """

    place: Place
    at: datetime
    kind: HistoryKind
    subject: str
    city: CityCode
    scenarios: tuple[str, ...]
    disclosure: Disclosure | None
    refusal: str
    use_class: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One event at a host, of a recognised visitor; ids of visits are in the order of time.

    `subject` is the id of the recognition, of the check that was decided, or of the decision that
    was redeemed. `opened` and `closed` are incentives, by id.
    """

    visit_id: str
    recognition_id: str
    at: datetime
    kind: HistoryKind
    subject: str = ""
    venue: str = ""
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
