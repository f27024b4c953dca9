"""Redeem at the host against a bare echo: mutual TLS, 64 calls in flight, decisions made before."""

from typing import Final

from node.v1 import venue_service_pb2 as pb
from scripts.benches.figures import Figure
from scripts.benches.visits import (
    CHECK,
    REDEEM,
    Visits,
    answers,
    beside,
    by_pass,
    in_turn,
    of_one_and_of_two,
)
from scripts.cities import new_id

_TURNS: Final = 6
_CALLS: Final = 2_000


def run(rounds: int) -> list[Figure]:
    """Measure in turn: echo, redeem, echo, redeem, ..."""
    return of_one_and_of_two(lambda cities, of: _measure(cities, rounds, of))


async def _measure(cities: Visits, rounds: int, of: str) -> list[Figure]:
    async with beside(cities, "RedeemRequest") as channels:
        passes = await cities.passes(channels[1])

        async def decided(count: int) -> list[bytes]:
            asked = by_pass(passes, count)
            found = await answers(channels[1], CHECK, asked, pb.CheckEligibilityResponse)
            return [
                pb.RedeemRequest(
                    request_id=new_id(), decision_id=each.decisions[0].decision_id
                ).SerializeToString()
                for each in found
            ]

        return await in_turn(
            f"redemption{of}", channels, REDEEM, decided, rounds=rounds, turns=_TURNS, calls=_CALLS
        )
