"""Redeem at the host against a bare echo: mutual TLS, 64 calls in flight, decisions made before."""

import tempfile
from pathlib import Path
from typing import Final

import uvloop

from node.v1 import venue_service_pb2 as pb
from scripts.benches.figures import Figure
from scripts.benches.visits import (
    CHECK,
    PROCESSES,
    REDEEM,
    Visits,
    answers,
    beside,
    by_pass,
    in_turn,
    visits,
)
from scripts.cities import new_id

_TURNS: Final = 6
_CALLS: Final = 2_000


def run(rounds: int) -> list[Figure]:
    """Measure in turn: echo, redeem, echo, redeem, ..."""
    found = list[Figure]()
    for processes, of in PROCESSES.items():
        with (
            tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
            visits(Path(directory), processes=processes) as cities,
        ):
            found += uvloop.run(_measure(cities, rounds, of))
    return found


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
