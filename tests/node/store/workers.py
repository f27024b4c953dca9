"""What other processes of a city do in the tests: `python -m tests.node.store.workers WHAT ...`.

Each prints one line for each thing that the store acknowledged, as soon as it did.
"""

import asyncio
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace

import sqlalchemy as sa

from node.errors import CAPACITY_USED_UP, HutongError
from node.model import Counter
from node.ports import Transaction
from node.store import Store, open_store
from tests.node.store.rig import (
    NOW,
    MovableClock,
    answer,
    code,
    consent,
    decision,
    entry,
    redemption,
    resident,
    text_id,
    use,
)

_EACH = 1_000_000
_AT_ONCE = 16


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def redeem(store: Store, worker: int, limit: int) -> None:
    """Redeem until the capacity is used up; print how many were granted."""

    def case(serial: int) -> Callable[[Transaction], None]:
        def redeemed(tx: Transaction) -> None:
            if not tx.redemptions.count(Counter("library-card", "total", limit)):
                raise HutongError(CAPACITY_USED_UP, incentive="library-card")
            tx.redemptions.decide([decision(serial)])
            tx.redemptions.add(redemption(serial, text_id(serial)))

        return redeemed

    granted, serial = 0, worker * _EACH
    while True:
        serials = range(serial, serial + _AT_ONCE)
        found = await asyncio.gather(*(store.run(case(n)) for n in serials), return_exceptions=True)
        unexpected = [
            e for e in found if e is not None and getattr(e, "reason", None) != CAPACITY_USED_UP
        ]
        if unexpected:
            say(f"unexpected {unexpected[0]!r}")
            return
        granted += sum(1 for each in found if each is None)
        if any(each is not None for each in found):
            say(f"granted {granted}")
            return
        serial += _AT_ONCE


async def use_codes(store: Store, _worker: int, count: int) -> None:
    """Use up every code of 1 to `count`; print those that this process was the one to use."""
    for serial in range(1, count + 1):
        digest = code(serial).code_digest
        if await store.run(lambda tx, d=digest: tx.consents.use_code(d, NOW)):  # type: ignore[misc]
            say(f"used {serial}")
    say("done")


async def acknowledge(store: Store, worker: int, _limit: int) -> None:
    """Write five rows together, for ever; print each serial number that was acknowledged."""

    def case(serial: int) -> Callable[[Transaction], None]:
        def whole(tx: Transaction) -> None:
            tx.residents.add(resident(serial))
            tx.consents.add(consent(serial, text_id(serial)), b"p" * 32)
            tx.uses.add(use(serial, text_id(serial)))
            tx.log.append(entry(serial, subject=text_id(serial)))
            tx.answers.record(answer(serial))

        return whole

    async def forever(lane: int) -> None:
        serial = worker * _EACH + lane
        while True:
            await store.run(case(serial))
            say(f"acknowledged {serial}")
            serial += _AT_ONCE

    await asyncio.gather(*(forever(lane) for lane in range(_AT_ONCE)))


async def count_up(store: Store, _worker: int, times: int) -> None:
    """Read a sum and write one more, in one use case, `times` times: no step may be lost."""

    def case(tx: Transaction) -> None:
        found = tx.residents.get(text_id(1))
        if found is not None:
            tx.residents.recount(replace(found, points_milli=found.points_milli + 1))

    for _ in range(times):
        await store.run(case)
    say("done")


async def fill_up(store: Store, worker: int, limit: int) -> None:
    """Write big answers under a limit of file size, until one is refused; then still read."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    serial = worker * _EACH
    while True:
        serial += 1
        kept = answer(serial, response=bytes(100_000))
        try:
            await store.run(lambda tx, a=kept: tx.answers.record(a))  # type: ignore[misc]
        except HutongError as error:
            say(f"refused {error.fields['problem']}")
            break
        say(f"acknowledged {serial}")
    known = await store.read(lambda tx: tx.answers.find(kept.caller, text_id(serial - 1)))
    say(f"read {len(known.response) if known else None}")


async def nothing(store: Store, _worker: int, _limit: int) -> None:
    """Open, which brings the tables up to date, and tell how often that was done."""
    with store._engine.connect() as connection:
        say(f"tables {len(sa.inspect(connection).get_table_names())}")


WORK: dict[str, Callable[[Store, int, int], Awaitable[None]]] = {
    "redeem": redeem,
    "use_codes": use_codes,
    "acknowledge": acknowledge,
    "count_up": count_up,
    "fill_up": fill_up,
    "nothing": nothing,
}


async def main(what: str, url: str, worker: str, limit: str) -> None:
    store = open_store(url, MovableClock())
    say("ready")
    sys.stdin.readline()
    await WORK[what](store, int(worker), int(limit))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
