"""A process that dies at a step: `python -m tests.node.services.dying URL STEP`.

It reserves and confirms, or releases, as a venue's calls would, each under a request id, and ends
itself by SIGKILL: within the transaction of a step, before its commit, or right after it, before
anybody has the answer.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from node.ports import Transaction
from node.services.answering import Ask, once
from node.services.redeeming import Prepared, Redeeming
from node.store import open_store
from tests.scenarios.racers import VENUE, FastClock, Racer

RESERVE, SECOND = "reserve", ("confirm", "release")
STEPS = (
    "reserve-in",
    "reserve-after",
    *(f"{act}-{at}" for act in SECOND for at in ("in", "after")),
)
DECISION = "00000000-0000-7000-8000-000000000001"


def reserve(desk: Redeeming) -> Callable[[Transaction], str]:
    """The reservation of the one decision."""

    def case(tx: Transaction) -> str:
        prepared = desk.begin(tx, VENUE, DECISION)
        held = desk.hold(tx, prepared) if isinstance(prepared, Prepared) else prepared
        return held.reservation_id

    return case


def second(desk: Redeeming, act: str, reservation: str) -> Callable[[Transaction], str]:
    """The redemption, or the state that it was released into."""
    if act == "confirm":
        return lambda tx: desk.confirm(tx, VENUE, reservation).redemption.redemption_id
    return lambda tx: desk.release(tx, VENUE, reservation).state.name


def asked(act: str) -> Ask:
    """The venue's request for it, always the same."""
    return Ask(str(VENUE), f"00000000-0000-4000-8000-{act:_>12}", act.encode().ljust(32))


def answered(racer: Racer, act: str, case: Callable[[Transaction], str]) -> Callable[..., bytes]:
    """What the venue is told, recorded with what was done."""

    def run(tx: Transaction) -> bytes:
        return once(tx, asked(act), racer.here.now(), lambda: (case(tx).encode(), ""))

    return run


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, step: str, since: str) -> None:
    dies_at, _, when = step.partition("-")
    clock = FastClock(float(since))
    async with open_store(url, clock) as store:
        racer = Racer(store, clock)
        desk, held = racer.redeeming, ""
        for act in (RESERVE, dies_at) if dies_at in SECOND else (RESERVE,):
            case = reserve(desk) if act == RESERVE else second(desk, act, held)
            run = answered(racer, act, case)

            def last(tx: Transaction, run: Callable[..., bytes] = run) -> bytes:
                answer = run(tx)
                _die()
                return answer

            held = (await store.run(last if (act, when) == (dies_at, "in") else run)).decode()
            if act == dies_at:
                _die()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
