"""A city's log made in memory, signed and cosigned from fixed seeds, and periods cut out of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from federation.checkpoint import Checkpoint, cosign, cosigned, origin_of, sign_checkpoint
from federation.identifiers import CityCode
from federation.log_entry import commitment, entry_leaf
from federation.merkle_log import consistency_proof, leaf_hash, merkle_root, peaks_of
from node.audited import AuditedEntry, Period, micros
from node.services.audit_verifying import Audited, verify_period
from node.services.log_verifying import Keys
from tests.federation.make import HANGZHOU, NANJING, NOW, ZHENGZHOU, public, signer

MINUTE: Final = timedelta(minutes=1)
KEYS: Final = {city: (public(city, "signing-1"),) for city in (ZHENGZHOU, HANGZHOU, NANJING)}
KINDS: Final = ("issued", "received", "refused", "administrative")
SIZE: Final = 40
FIRST: Final = 8
END: Final = 33
SINCE: Final = NOW + 10 * MINUTE
UNTIL: Final = NOW + 30 * MINUTE


def entry(number: int, what: str = "said") -> AuditedEntry:
    """The entry of that number: one each minute."""
    committed = commitment(bytes(16), f"{what} {number}".encode())
    return AuditedEntry(KINDS[number % len(KINDS)], micros(NOW + number * MINUTE), committed)


@dataclass
class MadeLog:
    """A log of one entry a minute; its city signs whatever it is told to."""

    city: CityCode = ZHENGZHOU
    entries: list[AuditedEntry] = field(default_factory=lambda: [entry(n) for n in range(SIZE)])

    def node(self, level: int, index: int) -> bytes:
        start, count = index << level, 1 << level
        return merkle_root([_leaf(each) for each in self.entries[start : start + count]])

    def note(
        self,
        size: int,
        witnesses: Iterable[CityCode] = (),
        *,
        at: datetime | None = None,
        key: str = "signing-1",
    ) -> bytes:
        """The checkpoint of that size, cosigned by these a second after its last entry."""
        root = merkle_root([_leaf(each) for each in self.entries[:size]])
        own = signer(self.city, key)
        made = sign_checkpoint(Checkpoint(origin_of(self.city), size, root), own, own.public_key)
        when = at or NOW + size * MINUTE
        lines = []
        for city in witnesses:
            theirs = signer(city)
            lines.append(cosign(made, city, theirs, theirs.public_key, when))
        return cosigned(made, lines)

    def period(
        self,
        first: int = FIRST,
        end: int = END,
        *,
        since: datetime = SINCE,
        until: datetime = UNTIL,
        witnesses: Sequence[CityCode] = (HANGZHOU,),
    ) -> Period:
        """What an honest city gives of these entries."""
        size = len(self.entries)
        return Period(
            city=self.city,
            since=since,
            until=until,
            before=self.note(first, witnesses) if first else b"",
            edge=peaks_of(first, self.node),
            after=self.note(end, witnesses),
            newest=self.note(size, witnesses),
            consistency=consistency_proof(end, size, self.node),
            trust_bundles=(),
        )


def judged(
    period: Period,
    entries: Iterable[AuditedEntry],
    *,
    witnesses: int = 1,
    sizes: Iterable[int] = (),
    keys: Keys = KEYS,
) -> Audited:
    """What the verifier says."""
    return verify_period(
        period, entries, keys, witnesses=witnesses, tell=lambda _: None, sizes=set(sizes)
    )


def problems(period: Period, entries: Iterable[AuditedEntry], *, witnesses: int = 1) -> set[str]:
    """The names of what does not fit."""
    return {each.name for each in judged(period, entries, witnesses=witnesses).problems}


def _leaf(each: AuditedEntry) -> bytes:
    return leaf_hash(entry_leaf(each.kind, each.at_micros, each.commitment))
