"""Keeps what residents' records come to, and tells a resident whose band it changes.

Every use case that changes records calls `recount` in the same transaction: what was attested
and no longer holds, or understates, ends in it too.
"""

from collections.abc import Iterable
from datetime import datetime

from node.model import Resident
from node.ports import Transaction
from node.records import NoticeKind
from node.services.explaining import own_standing
from node.services.here import Here
from node.services.noticing import notify
from node.services.scoring import recounted
from node.services.statuses import end_stale_claims


def recount(tx: Transaction, here: Here, persons: Iterable[int], now: datetime) -> int:
    """Keep the sums of today of the residents among these persons; how many residents those are."""
    residents = tx.residents.by_persons(set(persons))
    records = tx.records.of(residents)
    own, today = tx.registry.own_scale(), here.day(now)
    changed = list[Resident]()
    for person, resident in residents.items():
        found = recounted(resident, records[person], tx.registry.indicators, today)
        if found == resident:
            continue
        tx.residents.recount(found)
        changed.append(found)
        before, after = (
            own_standing(own.scale, each).band_id if own else "" for each in (resident, found)
        )
        if before != after:
            fields = {"before": before, "after": after}
            notify(tx, here, resident.resident_id, NoticeKind.BAND_CHANGED, now, **fields)
    end_stale_claims(tx, here, changed, now)
    return len(residents)
