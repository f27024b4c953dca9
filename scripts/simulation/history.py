"""What clients were told: each acknowledged act with its bytes, each refusal, each fault of ours.

A history is the clients' own; nothing in it is read from a store. The invariants hold the two
against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from federation.identifiers import CityCode

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Act:
    """One request that was answered.

    `kind` is the name of the method, `whom` the person that it is about ("" for an operator's act)
    as the simulation calls them, `at` the true instant of the answer. `tries` counts the requests
    that it took.
    """

    at: datetime
    city: CityCode
    caller: str
    kind: str
    request_id: str
    request: Message = field(repr=False)
    answer: bytes = field(repr=False)
    whom: str = ""
    tries: int = 1

    def told(self, answer: type[M]) -> M:
        """The answer, parsed."""
        return answer.FromString(self.answer)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was refused for a reason that the caller has to bear."""

    at: datetime
    city: CityCode
    kind: str
    request_id: str
    reason: str
    text: str = ""
    whom: str = ""


@dataclass(slots=True)
class History:
    """All that clients were told in one run."""

    acts: list[Act] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What no client may ever be told: internal errors, and tasks of a node that broke."""
    erased: dict[str, set[CityCode]] = field(default_factory=dict)
    """Who asked to be erased, and where; whether or not the answer came."""
    pending: int = 0
    """Requests that wait for an answer."""

    def of(self, *kinds: str) -> Iterator[Act]:
        """The acts of these kinds, the oldest first."""
        return (act for act in self.acts if act.kind in kinds)

    def is_erased(self, act: Act) -> bool:
        """Whether the person that it is about was, or may have been, erased in that city."""
        return act.city in self.erased.get(act.whom, ())
