"""Whether the time of a refusal tells its reason (rule 4): unknown, used, withdrawn, low.

The requests are asked one at a time in random order. For each pair of reasons the two samples are
compared by the Mann-Whitney statistic: 0.5 says that a guess from the time is no better than a
coin. Every other one of the unknown codes is compared with the rest of them too: what chance does.
"""

import itertools
import math
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import uvloop

from federation.identifiers import CityCode, code_text
from node.clock import SystemEntropy
from scripts.benches.figures import Figure
from scripts.benches.rig import METHOD, SCENARIO, Rig, open_channel, rig
from scripts.cities import new_id

_EACH = 400
_REASONS = ("unknown", "used", "withdrawn", "below-line")


def run(rounds: int) -> list[Figure]:
    """The chance of guessing the reason right between two, for each pair of reasons."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory), {"HUTONG_LOG_LEVEL": "warning"}) as rigged,
    ):
        count = _EACH * rounds // 5
        codes = _codes(rigged, count)
        times = uvloop.run(_ask(rigged, codes))
    figures = []
    chance = auc(times["unknown"][::2], times["unknown"][1::2])
    figures.append(Figure("refusal-timing chance", chance, "AUC", None, None, [chance]))
    for one, other in itertools.combinations(_REASONS, 2):
        found = auc(times[one], times[other])
        sigma = _sigmas(found, len(times[one]), len(times[other]))
        name = f"refusal-timing {one}/{other} ({sigma:+.1f} sigma)"
        figures.append(Figure(name, found, "AUC", found / 0.5, "a coin", [found]))
    return figures


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


async def _ask(rigged: Rig, codes: dict[str, list[str]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {reason: [] for reason in _REASONS}
    async with open_channel(rigged.channel()) as channel:
        call = channel.unary_unary(METHOD, None, None)
        for code in codes["used"]:
            await call(rigged.question(code=code))
        order = [(reason, code) for reason in _REASONS for code in codes[reason]]
        random.shuffle(order)
        for reason, code in order:
            question = rigged.question(code=code)
            began = time.perf_counter()
            try:
                await call(question)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                    raise
            else:
                raise RuntimeError(f"{reason} was not refused")
            times[reason].append(time.perf_counter() - began)
    return times


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """The Mann-Whitney statistic as a probability: that a time of `one` is below one of `other`."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, group) in enumerate(ranked, start=1) if group == 1)
    return (ranks - len(other) * (len(other) + 1) / 2) / (len(one) * len(other))


def _sigmas(found: float, one: int, other: int) -> float:
    """How many standard deviations of chance `found` is from one half."""
    return (found - 0.5) / math.sqrt((one + other + 1) / (12 * one * other))
