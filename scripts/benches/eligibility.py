"""CheckEligibility at the host against a bare echo: mutual TLS, 64 calls in flight.

By visitor pass, of a recognition that stands: no call to the home city. And by presentation code:
the host asks the home city, and both keep what they did before they answer; both nodes, the echo
and the client share this machine. The host is one process, and then two over its one store.
"""

from typing import Final

from scripts.benches.figures import Figure
from scripts.benches.visits import CHECK, Visits, beside, by_pass, in_turn, of_one_and_of_two

_TURNS: Final = 6
_BY_PASS: Final = 2_000
_BY_CODE: Final = 600


def run(rounds: int) -> list[Figure]:
    """Measure in turn: echo, check, echo, check, ..."""
    return of_one_and_of_two(lambda cities, of: _measure(cities, rounds, of))


async def _measure(cities: Visits, rounds: int, of: str) -> list[Figure]:
    async with beside(cities, "CheckEligibilityRequest") as channels:
        passes = await cities.passes(channels[1])

        async def known(count: int) -> list[bytes]:
            return by_pass(passes, count)

        sizes = {"rounds": rounds, "turns": _TURNS}
        standing = await in_turn(
            f"eligibility, by pass{of}", channels, CHECK, known, calls=_BY_PASS, **sizes
        )
        asked = await in_turn(
            f"eligibility, by code{of}", channels, CHECK, cities.by_code, calls=_BY_CODE, **sizes
        )
    return [*standing, *asked]
