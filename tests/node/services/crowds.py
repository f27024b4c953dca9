"""Many residents of a town at once, as their sums were counted."""

import hashlib
from collections.abc import Iterable, Sequence

from node.model import Resident
from node.ports import Transaction
from tests.node.services.world import Town


async def crowd(town: Town, points: Iterable[int], *commendations: str) -> list[Resident]:
    """Residents whose shared points are these, in thousandths, all with these commendations."""
    catalogue = town.store.registry.indicators
    begin = await town.store.read(lambda tx: tx.residents.count())
    made = list[Resident]()
    for serial, milli in enumerate(points, begin + 1):
        digest = hashlib.sha256(f"{town.code} {serial}".encode()).digest()
        made.append(
            Resident(
                resident_id=f"00000000-0000-7000-9000-{serial:012d}",
                document_digest=digest,
                secret=digest,
                enrolled_at=town.clock.now(),
                person=serial,
                points_milli=milli - 40_000,
                shared_milli=milli,
                commendations=commendations,
                counted_by=catalogue.version if catalogue else 0,
            )
        )

    def keep(tx: Transaction) -> None:
        for resident in made:
            tx.residents.add(resident)
            tx.residents.recount(resident)

    await town.store.run(keep)
    return made


def quiet(counts: Sequence[int], scale: float) -> tuple[int, ...]:
    """No noise at all."""
    del scale
    return tuple(counts)
