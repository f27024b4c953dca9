"""What residents are told: kept as the kind and its fields, put into words when it is read.

The fields that `node.transport.notices` puts into words: `source`, `record_number` and `indicator`
for the record; `case`, `case_kind`, `move`, `due_at` for the case; `promise` and `incentive` for a
promise; `before` and `after` for bands, by id; `city`, `consent` and `ends_at` for a consent;
`reason` is what a person wrote.
"""

from datetime import datetime

from node.model import Page, PageRequest
from node.ports import Transaction
from node.records import Notice, NoticeKind, Record
from node.services.here import Here
from node.services.standing import find_resident


def notify(
    tx: Transaction,
    here: Here,
    resident_id: str,
    kind: NoticeKind,
    now: datetime,
    /,
    **fields: str,
) -> None:
    """Tell a resident, in the transaction that did it; an empty field is left out."""
    kept = tuple(sorted((name, value) for name, value in fields.items() if value))
    tx.notices.add(Notice(here.new_id(now), resident_id, now, kind, kept))


def fields_of(record: Record) -> dict[str, str]:
    """The fields of a notice that say which record it is about."""
    return {
        "source": record.key.source,
        "record_number": record.key.record_number,
        "indicator": record.indicator_id,
    }


def notices(tx: Transaction, resident_id: str, request: PageRequest) -> Page[Notice]:
    """What a resident was told, the newest first; raises UNKNOWN."""
    find_resident(tx, resident_id)
    return tx.notices.page(resident_id, request)
