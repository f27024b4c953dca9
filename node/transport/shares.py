"""What one caller may take of a node: so many calls a second, so many at once (rule 10).

Each caller has a bucket of its own: a call takes one token, and large messages take more. Who is
over its share is refused before what it sends is looked at, and told when to come again. Who
comes again all the same, and often, is kept waiting for its refusals: a flood is as slow as its own
answers, and costs nobody else much.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from federation.errors import HutongError
from node import load_limits
from node.load_errors import LIMIT_REACHED

_MILLISECONDS: Final = 1000
_LOG: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What each caller of a port may take: calls a second, 0 for no limit, and calls at once.

    `patient`: refusals are at once, however many there are. Behind one of this city's own clients
    are many who know nothing of each other. `lines` are the connections over which its calls may
    come at once, 0 for no limit.
    """

    rate: int
    at_once: int
    patient: bool = False
    lines: int = 0


PARTNER: Final = Allowance(
    load_limits.PARTNER_RATE, load_limits.PARTNER_AT_ONCE, lines=load_limits.PARTNER_LINES
)
CLIENT: Final = Allowance(load_limits.CLIENT_RATE, load_limits.CLIENT_AT_ONCE, patient=True)


class OverShareError(HutongError):
    """LIMIT_REACHED, and of whom."""

    def __init__(self, share: "Share", limit: str, seconds: float) -> None:
        """`limit` says which; after so many seconds there is room again."""
        super().__init__(LIMIT_REACHED, limit=limit, retry_ms=retry_ms(seconds))
        self.share = share


class Share:
    """One caller's."""

    __slots__ = (
        "_allowance",
        "_burst",
        "_clock",
        "_lines",
        "_refusals",
        "_refused",
        "_seen",
        "_spread",
        "_tokens",
        "_told",
        "chance",
        "due",
        "held",
        "inside",
        "name",
        "offered",
        "rate",
    )

    def __init__(self, name: str, allowance: Allowance, clock: Callable[[], float]) -> None:
        """All of it is there; `name` is what logs call the caller."""
        self.name = name
        self._allowance = allowance
        self._clock = clock
        self._burst = allowance.rate * load_limits.SHARE_BURST.total_seconds()
        self._tokens = self._burst
        self._refusals = float(load_limits.REFUSALS_AT_ONCE)
        self._seen = clock()
        self._spread = 0
        self._lines: dict[str, int] = {}
        self._refused = 0
        self._told = -math.inf
        self.inside = 0
        self.held = 0
        # What `node.transport.pressure` knows of it: calls since its last look, calls a second, the
        # part that is turned away, and how far the next of those is.
        self.offered = 0
        self.rate = 0.0
        self.chance = 0.0
        self.due = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is in use: it may be forgotten."""
        self._refill()
        whole = self._tokens >= self._burst and self._refusals >= load_limits.REFUSALS_AT_ONCE
        return whole and not self.inside and not self.held

    def enter(self) -> None:
        """One more call; raises OverShareError."""
        allowance = self._allowance
        if self.inside >= allowance.at_once:
            self._refuse(str(allowance.at_once), load_limits.LIMIT_RETRY.total_seconds())
        if allowance.rate:
            self._refill()
            if self._tokens < 1:
                self._refuse(f"{allowance.rate}/s", (1 - self._tokens) / allowance.rate)
            self._tokens -= 1
        self.inside += 1

    def count(self, seconds: float) -> None:
        """Keep how often it called, by what it did in the last `seconds`."""
        if seconds > 0:
            part = min(seconds / load_limits.SHED_REMEMBERS.total_seconds(), 1.0)
            self.rate += part * (self.offered / seconds - self.rate)
        self.offered = 0

    def leave(self) -> None:
        """A call that had entered has ended."""
        self.inside -= 1

    @contextlib.contextmanager
    def on(self, line: str) -> Iterator[None]:
        """While a call comes over that connection; raises OverShareError for one too many."""
        most, lines = self._allowance.lines, self._lines
        if not most:
            yield
            return
        if line not in lines and len(lines) >= most:
            self._refuse(f"{most} connections", load_limits.LIMIT_RETRY.total_seconds())
        lines[line] = lines.get(line, 0) + 1
        try:
            yield
        finally:
            lines[line] -= 1
            if not lines[line]:
                del lines[line]

    def spend(self, size: int) -> float:
        """What a message of so many bytes costs beyond its call; for how many seconds it is owed.

        It is never refused: its bytes are here. But the next call is, until it is paid.
        """
        rate = self._allowance.rate
        if not rate:
            return 0.0
        self._refill()
        self._tokens -= size // load_limits.TOKEN_BYTES
        return max(-self._tokens / rate, 0.0)

    def waste(self) -> None:
        """What it sent could not be read: for a partner that costs much more than a call.

        A client that stands for many, who know nothing of each other, pays no more for one of them.
        """
        if self._allowance.rate and not self._allowance.patient:
            self._refill()
            self._tokens -= load_limits.UNREADABLE_TOKENS

    async def hold(self) -> None:
        """Wait before a refusal, where this caller has had too many."""
        allowance = self._allowance
        if allowance.patient or self._refusals > 0 or self.held >= load_limits.REFUSALS_HELD:
            return
        self.held += 1
        # Otherwise who asks for twice as much at once had twice as many refusals a second.
        crowd = max(self.held / allowance.at_once, 1)
        # Those that were refused together do not come back together.
        self._spread = (self._spread + 1) % load_limits.REFUSALS_SPREAD
        part = 0.5 + self._spread / load_limits.REFUSALS_SPREAD
        try:
            await asyncio.sleep(part * crowd * load_limits.REFUSAL_HELD.total_seconds())
        finally:
            self.held -= 1

    def _refuse(self, limit: str, seconds: float) -> NoReturn:
        self._refill()
        self._refusals = max(self._refusals - 1, 0.0)
        self._refused += 1
        if self._seen - self._told >= load_limits.OVER_TOLD.total_seconds():
            _LOG.warning("over_its_share", caller=self.name, limit=limit, refused=self._refused)
            self._told, self._refused = self._seen, 0
        raise OverShareError(self, limit, seconds)

    def _refill(self) -> None:
        now = self._clock()
        passed, self._seen = now - self._seen, now
        self._tokens = min(self._tokens + passed * self._allowance.rate, self._burst)
        self._refusals = min(
            self._refusals + passed * load_limits.REFUSALS_RATE, load_limits.REFUSALS_AT_ONCE
        )


class Shares:
    """Of all callers of one port."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        """Each caller has the same."""
        self._allowance = allowance
        self._clock = clock
        self._shares: dict[str, Share] = {}
        self._kept = load_limits.SHARES_KEPT

    def of(self, caller: str) -> Share:
        """A caller's; those that are whole are forgotten where there are many."""
        share = self._shares.get(caller)
        if share is None:
            if len(self._shares) >= self._kept:
                self._forget()
            share = self._shares[caller] = Share(caller, self._allowance, self._clock)
        return share

    def known(self) -> Iterable[Share]:
        """Of everybody who is known."""
        return self._shares.values()

    def enter(self, caller: str) -> Share:
        """One more call of a caller; raises OverShareError."""
        share = self.of(caller)
        share.enter()
        return share

    def _forget(self) -> None:
        self._shares = {name: each for name, each in self._shares.items() if not each.is_whole}
        # Each look costs as much as there are: twice as many may come before the next.
        self._kept = max(load_limits.SHARES_KEPT, 2 * len(self._shares))


def retry_ms(seconds: float) -> str:
    """When to come again, in steps: what is said of it is made once and said often."""
    step = load_limits.RETRY_STEP.total_seconds()
    rounded = math.ceil(min(seconds, load_limits.RETRY_LONGEST.total_seconds()) / step) * step
    return str(round(max(rounded, step) * _MILLISECONDS))
