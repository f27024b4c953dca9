"""What an auditor reads of this city's log: every entry of a period, and what proves it whole.

An auditor learns how much was done, of what kind and when, and of nobody: an entry is a kind, an
instant and a salted commitment. The reading itself is in the log before anything is given (rule 8).

The entries lie between two checkpoints that this city signed, with at least one entry from before
the period and one from after it. What an entry says of its instant is this city's word: so both
checkpoints are such that a partner saw them in time, and without one the period is given from the
log's beginning, or up to its newest entry. All of it is under the newest checkpoint, which partners
cosigned. Whoever verifies it (`audit_verifying`) needs neither this city nor its store.
"""

import contextlib
from datetime import datetime

from federation.checkpoint import (
    check_cosignature,
    note_lines,
    origin_of,
    unverified_checkpoint,
)
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.merkle_log import consistency_proof, peaks_of
from node.audited import AuditedEntry, Period, micros
from node.errors import FIELD_INVALID, HutongError
from node.logbook import LogKind, StoredCheckpoint
from node.ports import Keys, Transaction, UnitOfWork
from node.services.here import Here
from node.services.log_verifying import Keys as KnownKeys
from node.services.witnessing import Witnessing, with_cosignatures


class Auditing:
    """This city's log, for auditors."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys, witnessing: Witnessing) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._witnessing = witnessing

    async def begin(self, auditor: str, since: datetime, until: datetime | None) -> Period:
        """The period from `since` until `until`, or until a minute ago.

        1. The reading leaves its trace, which is an entry from after the period.
        2. The trace comes under a checkpoint, cosigned if some partner can be had.
        3. The checkpoints around the period are looked for, and proven to be of one log.

        Raises:
            HutongError: FIELD_INVALID where there is no such period, or it is not over.

        """
        now = self._here.now()
        until = _over(since, until, now)
        # 1.
        said = f"audit {auditor} {since.isoformat()} {until.isoformat()}".encode()
        trace = await self._uow.run(
            lambda tx: self._here.trace(tx, LogKind.ADMINISTRATIVE, said, now)
        )
        # 2.
        newest = await self._witnessing.cosigned_over(trace)
        # 3.
        return await self._uow.read(lambda tx: self._period(tx, newest, since, until))

    async def entries(self, first: int, count: int) -> tuple[AuditedEntry, ...]:
        """At most so many entries, from that number on."""
        found = await self._uow.read(lambda tx: tx.log.entries(first, count))
        return tuple(AuditedEntry(each.kind, micros(each.at), each.commitment) for each in found)

    def _period(
        self, tx: Transaction, newest: StoredCheckpoint, since: datetime, until: datetime
    ) -> Period:
        partners = self._uow.registry.partners
        keys = {city: each.bundle.signing_keys for city, each in partners.items()}
        if not _seen(newest, keys):
            # It is this city's word alone, however much of it is given.
            keys = {}
        before = _before(tx, _first_at(tx, since - CLOCK_SKEW, newest.size), since, keys)
        after = _after(tx, _first_at(tx, until + CLOCK_SKEW, newest.size), until, newest, keys)
        notes = [with_cosignatures(each) for each in (before, after, newest) if each is not None]
        witnesses = [partners[city].envelope for city in _signers(notes) if city in partners]
        return Period(
            city=self._here.city,
            since=since,
            until=until,
            before=with_cosignatures(before) if before else b"",
            edge=peaks_of(before.size, tx.log.node) if before else (),
            after=with_cosignatures(after),
            newest=with_cosignatures(newest),
            consistency=consistency_proof(after.size, newest.size, tx.log.node),
            trust_bundles=(self._keys.bundle, *witnesses),
        )


def _over(since: datetime, until: datetime | None, now: datetime) -> datetime:
    """The end of the period; what clocks still differ about is not over."""
    latest = now - CLOCK_SKEW
    until = latest if until is None else until
    if until > latest:
        seconds = int(CLOCK_SKEW.total_seconds())
        problem = f"a period ends at least {seconds} s ago; leave it out for the latest end"
        raise HutongError(FIELD_INVALID, field="until", problem=problem)
    if since >= until:
        raise HutongError(FIELD_INVALID, field="since", problem="it is not before the end")
    return until


def _first_at(tx: Transaction, instant: datetime, size: int) -> int:
    """The number of the first entry of that instant or later; `size` where there is none.

    Entries are in the order in which they were kept, and their instants nearly: clocks of several
    processes differ, and whoever waited for the store is kept later. So the caller leaves room.
    """
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if _at(tx, middle) < instant:
            low = middle + 1
        else:
            high = middle
    return low


def _before(
    tx: Transaction, first: int, since: datetime, keys: KnownKeys
) -> StoredCheckpoint | None:
    """The newest checkpoint that is followed by an entry from before `since`; None: the log's.

    With `keys`, one that was seen by then: what is before it was there already.
    """
    found = tx.checkpoints.within(first - 1)
    while found is not None and _at(tx, found.size) >= since:
        found = tx.checkpoints.within(found.size - 1)
    while keys and found is not None:
        in_time = any(at <= since + CLOCK_SKEW for at in _seen(found, keys))
        if in_time and _at(tx, found.size) < since:
            break
        found = tx.checkpoints.within(found.size - 1, cosigned=True)
    return found


def _after(
    tx: Transaction, last: int, until: datetime, newest: StoredCheckpoint, keys: KnownKeys
) -> StoredCheckpoint:
    """The first checkpoint over that entry which ends in one of `until` or later.

    With `keys`, one that was seen: then the instant of its last entry had come.
    """
    found = next(iter(tx.checkpoints.after(last, 1)), newest)
    while found.size < newest.size and _at(tx, found.size - 1) < until:
        found = next(iter(tx.checkpoints.after(found.size, 1)), newest)
    while keys and found.size < newest.size:
        if _seen(found, keys) and _at(tx, found.size - 1) >= until:
            break
        found = next(iter(tx.checkpoints.after(found.size, 1, cosigned=True)), newest)
    # Another process may have made one that is newer still.
    return found if found.size < newest.size else newest


def _seen(checkpoint: StoredCheckpoint, keys: KnownKeys) -> list[datetime]:
    """When partners whose keys are known cosigned it."""
    found = list[datetime]()
    for city, line in checkpoint.cosignatures:
        # One by a key that its city has replaced proves nothing to who has the newest bundle.
        with contextlib.suppress(HutongError):
            found.append(check_cosignature(checkpoint.note, line, city, keys.get(city, ())))
    return found


def _at(tx: Transaction, sequence: int) -> datetime:
    return tx.log.entries(sequence, 1)[0].at


def _signers(notes: list[bytes]) -> list[CityCode]:
    """The cities that cosigned one of these notes."""
    own = {unverified_checkpoint(note).origin for note in notes}
    names = {line.name for note in notes for line in note_lines(note)} - own
    return sorted(CityCode(name.removeprefix(origin_of(CityCode("")))) for name in names)
