"""Places for calls to partners: how many may be under way, and whether one may go out at all.

Each partner has its own (rule 10), over all its connections.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import limits, load_limits
from node.errors import PEER_UNREACHABLE
from node.load_errors import PARTNER_BUSY
from node.ports import CircuitView, Entropy
from node.registry import Partner
from node.transport.circuit import Attempt, Circuit, OpenError
from node.transport.peer_answers import left_alone
from node.transport.shares import retry_ms
from node.transport.status import retry_after


@dataclass(slots=True)
class Place:
    """One call that is under way; where it is `hurried`, that it has no answer says nothing."""

    attempt: Attempt
    hurried: bool = False


class Places:
    """The calls to all partners."""

    def __init__(self, entropy: Entropy) -> None:
        """Nothing is under way."""
        self._entropy = entropy
        self._under_way = Counter[CityCode]()
        self._circuits: dict[CityCode, Circuit] = {}

    def circuit(self, city: CityCode) -> CircuitView | None:
        """How calls to a partner go; None where none was made. From any thread."""
        found = self._circuits.get(city)
        return None if found is None else found.view

    def rest(self, error: HutongError) -> float | None:
        """Seconds until a partner that turned a call away is asked again; None where it did not.

        By chance a little longer than it said: those that it said it to do not come back together.
        Nobody waits for a place here: whoever asked is told at once, and when to come again.
        """
        wait = retry_after(error)
        if wait is None or error.reason == PARTNER_BUSY:
            return None
        return wait.total_seconds() * (1 + load_limits.RETRY_JITTER * self._chance())

    @contextlib.asynccontextmanager
    async def one(self, partner: Partner, *, regardless: bool) -> AsyncIterator[Place]:
        """A place for one call; what is raised inside tells how the partner is.

        `regardless`: also to a partner that others leave alone. Raises PARTNER_BUSY where there is
        none, which says nothing of the partner; PEER_UNREACHABLE where it is left alone.
        """
        city = partner.city
        if self._under_way[city] >= limits.CALLS_PER_PARTNER:
            again = retry_ms(load_limits.LIMIT_RETRY.total_seconds())
            calls = str(limits.CALLS_PER_PARTNER)
            raise HutongError(PARTNER_BUSY, city=city, calls=calls, retry_ms=again)
        try:
            attempt = self._circuit(city).enter(regardless=regardless)
        except OpenError as error:
            raise left_alone(partner, error) from error
        self._under_way[city] += 1
        place = Place(attempt)
        try:
            yield place
        except HutongError as error:
            _tell(place, error)
            raise
        except BaseException:
            attempt.gave_up()
            raise
        else:
            attempt.succeeded()
        finally:
            self._under_way[city] -= 1

    def _circuit(self, city: CityCode) -> Circuit:
        if city not in self._circuits:
            clock = asyncio.get_running_loop().time
            self._circuits[city] = Circuit(clock, self._chance)
        return self._circuits[city]

    def _chance(self) -> float:
        """A number from 0 to 1."""
        return int.from_bytes(self._entropy.token(2), "big") / 0xFFFF


def _tell(place: Place, error: HutongError) -> None:
    # One that is busy has said so itself.
    if error.reason != PEER_UNREACHABLE or retry_after(error) is not None:
        place.attempt.succeeded()
    elif place.hurried:
        place.attempt.gave_up()
    else:
        place.attempt.failed()
