"""What is measured of a city's store at a scrape: in one transaction, by counts alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from federation.identifiers import CityCode
from node.keys.view import KeysView
from node.model import Contact, Delivery, Owed
from node.ports import Transaction
from node.records import CaseCount, CaseKind
from node.registry import Registry
from node.services.delivering import Undelivered
from node.services.log_findings import LogState, log_state


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows of partners, of the log and of cases."""

    contacts: Mapping[CityCode, Contact]
    log: LogState
    cases: Mapping[CaseKind, CaseCount]
    owed: tuple[Owed, ...]


def stored(tx: Transaction, registry: Registry, now: datetime) -> Stored:
    """As it is now."""
    return Stored(
        tx.partnerships.contacts(),
        log_state(tx, registry),
        tx.cases.count_open(now),
        tx.outbox.owed(),
    )


def owed(
    found: Stored, statuses: Mapping[CityCode, Undelivered], keys: KeysView | None
) -> Iterator[Owed]:
    """Everything that partners do not have yet; of trust bundles only where `keys` are known."""
    yield from found.owed
    for city, missing in statuses.items():
        yield Owed(city, Delivery.STATUS, missing.count, missing.since)
    size = found.log.newest.size if found.log.newest else 0
    for city, since in found.log.waiting.items():
        yield Owed(city, Delivery.CHECKPOINT, size - found.log.cosigned_by[city], since)
    if keys is None:
        return
    for city, contact in found.contacts.items():
        if contact.acknowledged < keys.sequence:
            lacking = keys.sequence - contact.acknowledged
            yield Owed(city, Delivery.BUNDLE, lacking, keys.issued_at)
