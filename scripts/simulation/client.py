"""Clients of simulated cities: they ask, wait, and ask again, as apps and venues do.

A request goes to the servicer of the local port, so that what is kept are the very bytes that a
client gets. A city that is down, an answer that is lost, a client that gives up and comes back: the
same request is sent again, with the same id, until it is answered or refused.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.errors import INTERNAL, OVERLOADED, PEER_UNREACHABLE, STORE_UNAVAILABLE
from node.model import Caller, Role
from node.redemption_errors import USES_UNREACHABLE
from node.services.assembly import UseCases
from node.transport.calls import Call
from scripts.simulation.city import CrashedError
from scripts.simulation.history import Act, History, Refusal
from scripts.simulation.world import SimWorld

M = TypeVar("M", bound=Message)
Servicer = Callable[[UseCases], Any]
"""A servicer of the local port, over the use cases of a city."""

# Reasons for which a client comes back by itself: the next time it may go well.
_LATER: Final = (STORE_UNAVAILABLE, OVERLOADED, PEER_UNREACHABLE, USES_UNREACHABLE)
_STREAMED: Final = frozenset({"LoadRecords"})

# How long a client waits before it asks again, and how often out of one an answer gets lost on its
# way, a client hangs up within a fifth of a second, and one asks again for what it has.
_WAIT_SECONDS: Final = (0.05, 2.0)
_LOST: Final = 0.04
_HANGS_UP: Final = 0.03
_HANGS_UP_SECONDS: Final = 0.2
_REPEATS: Final = 0.08

_NO_CONNECTION: Final[Any] = None
"""No method of the local port that is called here looks at its connection."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """One request, as it is sent again and again."""

    city: CityCode
    caller: Caller
    servicer: Servicer
    request: Message
    whom: str

    @property
    def kind(self) -> str:
        """The method's name."""
        return type(self.request).__name__.removesuffix("Request")

    @property
    def request_id(self) -> str:
        """Its id; "" where the method has none."""
        return str(getattr(self.request, "request_id", ""))

    async def served(self, cases: UseCases) -> bytes:
        """The bytes of the answer."""
        handler = getattr(self.servicer(cases), self.kind)
        call = Call(self.caller, self.kind, _NO_CONNECTION)
        asked = _one(self.request) if self.kind in _STREAMED else self.request
        answer = await handler(call, asked)
        return answer if isinstance(answer, bytes) else bytes(answer.SerializeToString())


class Client:
    """One client of many cities, whose randomness is `chance`."""

    def __init__(
        self, world: SimWorld, history: History, chance: random.Random, *, patience: int = 400
    ) -> None:
        """`patience` is how often one request is sent before it counts as one that hangs."""
        self._world = world
        self._history = history
        self._chance = chance
        self._patience = patience

    def new_id(self) -> str:
        """The id of a new request."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    async def ask(
        self,
        city: CityCode,
        caller: Caller,
        servicer: Servicer,
        request: Message,
        answer: type[M],
        *,
        whom: str = "",
        recorded: Callable[[M], bool] = lambda _answer: True,
    ) -> M | None:
        """What the city answers, kept in the history; None where it refuses.

        An answer that is `recorded` must come back the same: some are asked for again.
        """
        sent = _Sent(city, caller, servicer, request, whom)
        self._history.pending += 1
        try:
            found = await self._answered(sent, answer, recorded)
            again = self._chance.random() < _REPEATS
            if found is not None and again and sent.request_id and recorded(found):
                await self._answered(sent, answer, recorded)
        finally:
            self._history.pending -= 1
        return found

    async def _answered(
        self, sent: _Sent, answer: type[M], recorded: Callable[[M], bool]
    ) -> M | None:
        """The answer, once one has come through; None where it was refused."""
        for tries in range(1, self._patience + 1):
            try:
                found = await self._once(sent)
            except CrashedError:
                await self._wait()
                continue
            except TimeoutError:
                continue
            except HutongError as error:
                if error.reason in _LATER:
                    await self._wait()
                    continue
                self._refused(sent, error)
                return None
            told = answer.FromString(found)
            if recorded(told):
                # One that gets lost counts, too: whoever asks again must get the same.
                self._keep(sent, found, tries)
            if self._chance.random() >= _LOST:
                return told
        self._fault(sent, f"was asked {self._patience} times in vain")
        return None

    async def _once(self, sent: _Sent) -> bytes:
        """One request on its way; some clients hang up in the middle."""
        there = self._world.city(sent.city)
        if self._chance.random() >= _HANGS_UP:
            return await there.serve(sent.served)
        async with asyncio.timeout(self._chance.random() * _HANGS_UP_SECONDS):
            return await there.serve(sent.served)

    async def _wait(self) -> None:
        await self._world.sleep(self._chance.uniform(*_WAIT_SECONDS))

    def _keep(self, sent: _Sent, found: bytes, tries: int) -> None:
        self._history.acts.append(
            Act(
                at=self._world.now,
                city=sent.city,
                caller=str(sent.caller),
                kind=sent.kind,
                request_id=sent.request_id,
                request=sent.request,
                answer=found,
                whom=sent.whom,
                tries=tries,
            )
        )

    def _refused(self, sent: _Sent, error: HutongError) -> None:
        text = error.text("en")
        if error.reason == INTERNAL:
            self._fault(sent, text)
        self._history.refusals.append(
            Refusal(
                at=self._world.now,
                city=sent.city,
                kind=sent.kind,
                request_id=sent.request_id,
                reason=error.reason.name,
                text=text,
                whom=sent.whom,
            )
        )

    def _fault(self, sent: _Sent, problem: str) -> None:
        self._history.faults.append(f"{sent.city}: {sent.kind} {sent.request_id}: {problem}")


async def _one(request: Message) -> AsyncIterator[Message]:
    yield request


def resident() -> Caller:
    """The residents' app."""
    return Caller(Role.RESIDENT, "default")


def venue(name: str) -> Caller:
    """A venue's till."""
    return Caller(Role.VENUE, name)


def department(name: str) -> Caller:
    """A department's systems, or one of its officers."""
    return Caller(Role.DEPARTMENT, name)


def operator(name: str) -> Caller:
    """An operator."""
    return Caller(Role.OPERATOR, name)
