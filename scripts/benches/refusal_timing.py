"""Whether the time of a refusal tells its reason (rule 4): unknown, used, withdrawn, low.

The same of renewals of one, by pseudonyms of nobody, of withdrawn consents, and below the line.

The requests are asked one at a time in random order. For each pair of reasons the two samples are
compared by the Mann-Whitney statistic: 0.5 says that a guess from the time is no better than a
coin. Every other one of the unknown codes is compared with the rest of them too: what chance does.
"""

import contextlib
import itertools
import math
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import grpc
import uvloop

from federation.identifiers import CityCode, code_text
from federation.v1 import federation_service_pb2 as pb
from node.clock import SystemEntropy
from scripts.benches import crowd, renew
from scripts.benches.figures import Figure
from scripts.benches.rig import METHOD, SCENARIO, Rig, open_channel, rig
from scripts.cities import new_id

_EACH = 400

T = TypeVar("T")


def run(rounds: int) -> list[Figure]:
    """The chance of guessing the reason right between two, for each pair of reasons."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory), {"HUTONG_LOG_LEVEL": "warning"}) as rigged,
    ):
        count = _EACH * rounds // 5
        codes, known = _codes(rigged, count), _pseudonyms(rigged, count)
        times, renewals = uvloop.run(_ask(rigged, codes, known))
    return [*_figures("refusal-timing", times), *_figures("refusal-timing renewal", renewals)]


def _figures(name: str, times: dict[str, list[float]]) -> list[Figure]:
    chance = auc(times["unknown"][::2], times["unknown"][1::2])
    figures = [Figure(f"{name} chance", chance, "AUC", None, None, [chance])]
    for one, other in itertools.combinations(times, 2):
        found = auc(times[one], times[other])
        sigma = _sigmas(found, len(times[one]), len(times[other]))
        label = f"{name} {one}/{other} ({sigma:+.1f} sigma)"
        figures.append(Figure(label, found, "AUC", found / 0.5, "a coin", [found]))
    return figures


def _pseudonyms(rigged: Rig, count: int) -> dict[str, list[bytes]]:
    """Those of nobody, and of residents whose consents are withdrawn or whose standing is low."""
    store = rigged.home.directory / "hutong.sqlite"
    withdrawn, low = (crowd.enrol(store, rigged.host, SCENARIO, count) for _ in range(2))
    with contextlib.closing(sqlite3.connect(store, timeout=30)) as connection, connection:
        connection.executemany(
            "UPDATE consents SET withdrawn_at = given_at + 1 WHERE pseudonym = ?",
            ((each,) for each in withdrawn),
        )
        connection.executemany(
            "UPDATE residents SET shared_milli = -1000000 WHERE resident_id = "
            "(SELECT resident_id FROM consents WHERE pseudonym = ?)",
            ((each,) for each in low),
        )
    unknown = [SystemEntropy().token(32) for _ in range(count)]
    return {"unknown": unknown, "withdrawn": withdrawn, "below-line": low}


def _codes(rigged: Rig, count: int) -> dict[str, list[str]]:
    home = rigged.home
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    good = next(r for label, r in rigged.residents.items() if "excellent" in label)
    low = next(r for label, r in rigged.residents.items() if "low" in label)
    consents = {
        name: home.consent(resident, rigged.host, [SCENARIO], ends)
        for name, resident in (("used", good), ("withdrawn", good), ("below-line", low))
    }
    city = CityCode(home.about.code)
    codes = {"unknown": [code_text(city, SystemEntropy().token(16)) for _ in range(count)]}
    for name, consent in consents.items():
        resident = low if name == "below-line" else good
        codes[name] = [home.code(resident, consent) for _ in range(count)]
    home.resident(
        "WithdrawConsent",
        request_id=new_id(),
        resident_id=good,
        consent_id=consents["withdrawn"],
    )
    return codes


async def _ask(
    rigged: Rig, codes: dict[str, list[str]], known: dict[str, list[bytes]]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    async with open_channel(rigged.channel()) as channel:
        call = channel.unary_unary(METHOD, None, None)
        for code in codes["used"]:
            await call(rigged.question(code=code))

        async def single(code: str) -> float:
            question = rigged.question(code=code)
            began = time.perf_counter()
            try:
                await call(question)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                    raise
                return time.perf_counter() - began
            raise RuntimeError("it was not refused")

        async def renewal(pseudonym: bytes) -> float:
            asked = renew.request(rigged, [pseudonym])
            began = time.perf_counter()
            [answer] = await renew.answers(channel, [asked])
            seconds = time.perf_counter() - began
            [result] = pb.RenewAttestationsResponse.FromString(answer).results
            if not result.HasField("refusal"):
                raise RuntimeError("it was not refused")
            return seconds

        return await _timed(codes, single), await _timed(known, renewal)


async def _timed(
    of_reasons: dict[str, list[T]], ask: Callable[[T], Awaitable[float]]
) -> dict[str, list[float]]:
    """The seconds of each question, asked one at a time in random order."""
    times: dict[str, list[float]] = {reason: [] for reason in of_reasons}
    order = [(reason, each) for reason, asked in of_reasons.items() for each in asked]
    random.shuffle(order)
    for reason, each in order:
        times[reason].append(await ask(each))
    return times


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """The Mann-Whitney statistic as a probability: that a time of `one` is below one of `other`."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, group) in enumerate(ranked, start=1) if group == 1)
    return (ranks - len(other) * (len(other) + 1) / 2) / (len(one) * len(other))


def _sigmas(found: float, one: int, other: int) -> float:
    """How many standard deviations of chance `found` is from one half."""
    return (found - 0.5) / math.sqrt((one + other + 1) / (12 * one * other))
