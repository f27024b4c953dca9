"""Renewal at the home node: items of batches against single calls, in one run and in turn.

A real home city over mutual TLS; the same residents are asked about in both ways: singly in random
order, as they come by, and in batches in the order of pseudonyms, as a host walks through them.
Then single calls are timed one by one, with and without batches under way: they must not starve.
"""

import asyncio
import dataclasses
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import grpc
import uvloop

from federation import codec
from federation.envelope import seal
from federation.identifiers import CityCode, uuid7
from federation.limits import RENEWAL_ITEMS, REQUEST_LIFETIME
from federation.messages import Disclosure, Header
from federation.standing import RenewalRequest
from federation.v1 import federation_service_pb2 as pb
from node.clock import SystemEntropy
from scripts.benches import crowd
from scripts.benches.figures import Figure, paired
from scripts.benches.rig import METHOD, SCENARIO, Rig, open_channel, rate, rig

STREAM = "/federation.v1.FederationService/RenewAttestations"

_RESIDENTS = 20_000
# A pair is several short turns of each, as in `attest`.
_TURNS = 4
_CALLS = 2_000
_BATCHES = 12
_TIMED = 500


def run(rounds: int) -> list[Figure]:
    """Measure in turn: calls, batches, calls, batches, ..."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory), {"HUTONG_LOG_LEVEL": "warning"}) as rigged,
    ):
        store = rigged.home.directory / "hutong.sqlite"
        known = tuple(crowd.enrol(store, rigged.host, SCENARIO, _RESIDENTS))
        return uvloop.run(_measure(dataclasses.replace(rigged, pseudonyms=known), rounds))


async def _measure(rigged: Rig, rounds: int) -> list[Figure]:
    singles, items = list[float](), list[float]()
    async with open_channel(rigged.channel()) as node:
        await rate(node, METHOD, rigged.questions(_CALLS))
        await renew(node, rigged, _BATCHES, 0)
        for turn in range(rounds):
            seconds = [0.0, 0.0]
            for _ in range(_TURNS):
                seconds[0] += _CALLS / await rate(node, METHOD, rigged.questions(_CALLS))
                seconds[1] += await renew(node, rigged, _BATCHES, turn)
            singles.append(_TURNS * _CALLS / seconds[0])
            items.append(_TURNS * _BATCHES * RENEWAL_ITEMS / seconds[1])
        alone = await _alone(node, rigged)
        beside = await _beside(node, rigged)
    return [
        *paired("renew: items of batches", items, "renew: single calls", singles, "1/s"),
        *_delays("renew: single call, alone", alone),
        *_delays("renew: single call, beside batches", beside),
    ]


def requests(rigged: Rig, count: int, turn: int) -> list[bytes]:
    """That many requests of a whole batch each, about the residents in turn."""
    known, found = sorted(rigged.pseudonyms), list[bytes]()
    for place in range(turn * count, (turn + 1) * count):
        first = place * RENEWAL_ITEMS % len(known)
        found.append(request(rigged, known[first : first + RENEWAL_ITEMS]))
    return found


def request(rigged: Rig, pseudonyms: Sequence[bytes]) -> bytes:
    """The bytes of a request of the stream, signed by the host."""
    now = datetime.now(UTC)
    audience = (CityCode(rigged.home.about.code),)
    statement_id = uuid7(now, SystemEntropy().token(10))
    asked = RenewalRequest(
        header=Header(statement_id, rigged.host, audience, now, now + REQUEST_LIFETIME),
        agreement_id=rigged.agreement_id,
        agreement_version=rigged.agreement_version,
        scenarios=(SCENARIO,),
        disclosure=Disclosure.BAND,
        pseudonyms=tuple(pseudonyms),
    )
    envelope = seal(codec.RENEWAL_REQUEST, asked, [rigged.keys])
    wire = pb.RenewAttestationsRequest(request=codec.envelope_to_wire(envelope))
    return wire.SerializeToString()


async def renew(channel: grpc.aio.Channel, rigged: Rig, count: int, turn: int) -> float:
    """The seconds that so many batches take on one stream; every item must be attested to."""
    asked = requests(rigged, count, turn)
    began = time.perf_counter()
    found = await answers(channel, asked)
    seconds = time.perf_counter() - began
    given = sum(
        result.HasField("attestation")
        for answer in found
        for result in pb.RenewAttestationsResponse.FromString(answer).results
    )
    if given != count * RENEWAL_ITEMS:
        raise RuntimeError(f"{given} attestations of {count} batches")
    return seconds


async def answers(channel: grpc.aio.Channel, asked: Sequence[bytes]) -> list[bytes]:
    """The answers to these requests on one stream."""

    async def each() -> AsyncIterator[bytes]:
        for data in asked:
            yield data

    return [answer async for answer in channel.stream_stream(STREAM, None, None)(each())]


async def _alone(channel: grpc.aio.Channel, rigged: Rig) -> list[float]:
    """The seconds of single calls, one after the other."""
    call, times = channel.unary_unary(METHOD, None, None), list[float]()
    for place in range(_TIMED):
        question = rigged.question(pseudonym=rigged.pseudonyms[place % len(rigged.pseudonyms)])
        began = time.perf_counter()
        await call(question, timeout=30)
        times.append(time.perf_counter() - began)
    return times


async def _beside(channel: grpc.aio.Channel, rigged: Rig) -> list[float]:
    """The same while batches are under way all the time, on a line of their own."""
    async with open_channel(rigged.channel()) as other:

        async def without_end() -> None:
            while True:
                await renew(other, rigged, 2, 0)

        task = asyncio.create_task(without_end())
        try:
            return await _alone(channel, rigged)
        finally:
            task.cancel()
            await asyncio.wait({task})


def _delays(name: str, times: Sequence[float]) -> list[Figure]:
    cuts = statistics.quantiles((1000 * each for each in times), n=100)
    return [
        Figure(f"{name}, {label}", value, "ms", None, None, [value])
        for label, value in (("p50", cuts[49]), ("p99", cuts[98]))
    ]
