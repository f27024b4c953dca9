"""Visits at a rate, whatever becomes of them: as visitors come, who know nothing of each other."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from node.transport import status
from node.v1 import venue_service_pb2 as pb
from scripts.benches.visits import CHECK

GOOD: Final = "RECOGNISED"
_STEP_SECONDS: Final = 0.004
_OUTCOME: Final = "RECOGNITION_OUTCOME_"


@dataclass(frozen=True, slots=True)
class Told:
    """One check: when it was sent, how long it took, and what came of it."""

    at: float
    took: float
    outcome: str
    """RECOGNISED and the others, the node's reason, or gRPC's code."""
    hinted: bool = False
    """It was told when to come again."""


async def check(channel: grpc.aio.Channel, request: bytes, seconds: float) -> Told:
    """Ask for one; nothing is raised."""
    began = time.perf_counter()
    hinted = False
    try:
        answer = await channel.unary_unary(CHECK, None, None)(request, timeout=seconds)
        found = pb.CheckEligibilityResponse.FromString(answer).outcome
        outcome = pb.RecognitionOutcome.Name(found).removeprefix(_OUTCOME)
    except grpc.aio.AioRpcError as raised:
        trailers: Any = raised.trailing_metadata()
        error = status.from_metadata(trailers)
        outcome = raised.code().name if error is None else error.reason.name
        hinted = error is not None and status.retry_after(error) is not None
    return Told(began, time.perf_counter() - began, outcome, hinted)


async def at_rate(
    channel: grpc.aio.Channel, requests: Iterator[bytes], rate: float, lasting: float, wait: float
) -> list[Told]:
    """So many a second for so many seconds; each waits so long for its answer."""
    began, sent = time.perf_counter(), 0
    running = list[asyncio.Task[Told]]()
    while (passed := time.perf_counter() - began) < lasting:
        due = math.floor(passed * rate) - sent
        for _ in range(due):
            running.append(asyncio.create_task(check(channel, next(requests), wait)))
        sent += due
        await asyncio.sleep(_STEP_SECONDS)
    return list(await asyncio.gather(*running))


async def at_once(
    channel: grpc.aio.Channel, requests: Iterator[bytes], many: int, lasting: float, wait: float
) -> list[Told]:
    """So many all the time for so many seconds, each as soon as one before it is answered.

    It ends before where there are no more requests.
    """
    ends = time.perf_counter() + lasting
    found = list[Told]()

    async def visitor() -> None:
        for request in requests:
            if time.perf_counter() >= ends:
                return
            found.append(await check(channel, request, wait))

    await asyncio.gather(*(visitor() for _ in range(many)))
    return found


def good_rate(told: Sequence[Told], first: float, last: float) -> float:
    """Good answers a second between two instants."""
    good = sum(each.outcome == GOOD and first <= each.at + each.took < last for each in told)
    return good / (last - first)


def percentile(values: Sequence[float], part: float) -> float:
    """The value that such a part is not above."""
    return sorted(values)[min(math.ceil(part * len(values)), len(values)) - 1]
