"""Whether a partner is asked now: one that failed again and again is left alone for a while.

- Closed: every call goes out. Failures in a row open it.
- Open: none goes out until the wait is over. The wait doubles with each opening, up to a limit, and
  is by chance, so that those who failed together do not come back together.
- Half-open: one call goes out, the probe. If it is answered the circuit closes, else it opens anew.

An answer in the partner's own words is an answer, whatever it says. Instants and chance are handed
in: in a simulation both are counted and drawn from a seed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from node import load_limits
from node.ports import CircuitState, CircuitView

_DOUBLINGS: Final = 16


class OpenError(Exception):
    """A call may not go out yet."""

    def __init__(self, failures: int, wait: float) -> None:
        """After so many failures; one may in `wait` seconds."""
        super().__init__(failures, wait)
        self.failures = failures
        self.wait = wait


class Circuit:
    """Of the calls to one partner."""

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        """Closed; `clock` gives seconds, `chance` a number from 0 to 1."""
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._openings = 0
        self._opened = 0
        self._until = 0.0
        self._probe: Attempt | None = None

    @property
    def view(self) -> CircuitView:
        """How it stands now; whole, from whatever thread it is read."""
        wait = max(self._until - self._clock(), 0.0) if self._openings else 0.0
        state = CircuitState.CLOSED
        if self._openings:
            waits = wait > 0 and self._probe is None
            state = CircuitState.OPEN if waits else CircuitState.HALF_OPEN
        return CircuitView(state, self._failures, self._opened, timedelta(seconds=wait))

    def enter(self, *, regardless: bool = False) -> "Attempt":
        """A call goes out; raises OpenError where none may.

        `regardless`: it has a back-off of its own, and tells as much as a probe does.
        """
        attempt = Attempt(self)
        if not self._openings:
            return attempt
        wait = self._until - self._clock()
        if not regardless and (wait > 0 or self._probe is not None):
            shortest = load_limits.CIRCUIT_FIRST.total_seconds()
            raise OpenError(self._failures, wait if wait > 0 else shortest)
        if self._probe is None:
            self._probe = attempt
        return attempt

    def succeeded(self) -> None:
        """An answer came, to whichever call."""
        self._failures = self._openings = 0
        self._probe = None

    def failed(self, attempt: "Attempt") -> None:
        """None came. A call that went out before the circuit opened tells nothing new."""
        probed = attempt is self._probe
        if self._openings and not probed:
            return
        self._failures += 1
        if probed or self._failures >= load_limits.CIRCUIT_FAILURES:
            self._open()

    def gave_up(self, attempt: "Attempt") -> None:
        """Nobody waited for it to the end: nothing is known."""
        if attempt is self._probe:
            self._probe = None

    def _open(self) -> None:
        first, longest = load_limits.CIRCUIT_FIRST, load_limits.CIRCUIT_LONGEST
        wait = min(first * 2.0 ** min(self._openings, _DOUBLINGS), longest).total_seconds()
        self._openings += 1
        self._opened += 1
        self._probe = None
        self._until = self._clock() + wait * (0.75 + 0.25 * self._chance())


class Attempt:
    """One call that went out; what became of it is told once."""

    def __init__(self, circuit: Circuit) -> None:
        """Over that circuit."""
        self._circuit = circuit

    def succeeded(self) -> None:
        """It was answered."""
        self._circuit.succeeded()

    def failed(self) -> None:
        """It was not."""
        self._circuit.failed(self)

    def gave_up(self) -> None:
        """It was not waited for."""
        self._circuit.gave_up(self)
