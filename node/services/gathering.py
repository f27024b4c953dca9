"""Puts the answers of a renewal together from the portions of a stream. Nothing is believed yet.

A batch whose portions are not in order is refused whole, and no other one with it: the home city
answers the requests in the order in which they were sent.
"""

from collections import deque
from dataclasses import dataclass, field

from federation.envelope import BatchedPayload, Envelope
from node.ports import RenewalPortion


@dataclass(frozen=True, slots=True)
class Gathered:
    """All results of one request; or the `problem` for which there are none."""

    request_id: str
    batch: Envelope | None
    results: tuple[BatchedPayload | None, ...]
    problem: str = ""


@dataclass(slots=True)
class _Waiting:
    """One request, and what of its answer has come."""

    request_id: str
    count: int
    batch: Envelope | None = None
    results: list[BatchedPayload | None] = field(default_factory=list)

    def refused(self, problem: str) -> Gathered:
        return Gathered(self.request_id, None, (), problem)


class Gathering:
    """The requests of one stream that wait for their answers, in the order of sending."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._waiting = deque[_Waiting]()

    @property
    def count(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def expect(self, request_id: str, count: int) -> None:
        """A request was sent that asks for so many."""
        self._waiting.append(_Waiting(request_id, count))

    def take(self, portion: RenewalPortion) -> list[Gathered]:
        """What is now whole, or can be no more.

        1. A portion of a request that nobody waits for, or no longer, is passed over.
        2. One of a later request says that those before it will not be answered.
        3. It goes on where the one before it ended, and not beyond what was asked for.
        4. The batch comes once, and not after what it signs.
        """
        # 1.
        if all(portion.request_id != waiting.request_id for waiting in self._waiting):
            return []
        # 2.
        found = list[Gathered]()
        while self._waiting[0].request_id != portion.request_id:
            found.append(self._waiting.popleft().refused("results are missing"))
        # 3. and 4.
        head = self._waiting[0]
        problem = _problem(head, portion)
        if problem:
            found.append(self._waiting.popleft().refused(problem))
            return found
        head.batch = head.batch or portion.batch
        head.results += portion.results
        if len(head.results) == head.count:
            self._waiting.popleft()
            found.append(Gathered(head.request_id, head.batch, tuple(head.results)))
        return found


def _problem(head: _Waiting, portion: RenewalPortion) -> str:
    """Why a portion does not go on the answer of which it is a part; "" where it does."""
    if portion.first != len(head.results) or not portion.results:
        return "results are not in order"
    if len(head.results) + len(portion.results) > head.count:
        return "there are more results than were asked for"
    if portion.batch and head.batch:
        return "it has two batches"
    given = any(result is not None for result in portion.results)
    if given and not (portion.batch or head.batch):
        return "there are attestations that no batch signs"
    return ""
