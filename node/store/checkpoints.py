"""Checkpoints: this city's, cosigned, its partners', and evidence of forks."""

from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.merkle_log import split_hashes
from node.logbook import Fork, PartnerCheckpoint, StoredCheckpoint
from node.store.connection import Row, Session, Upserts
from node.store.trust_tables import CHECKPOINTS, COSIGNATURES, FORKS, PARTNER_CHECKPOINTS
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
_NEWEST_FIRST: Final = CHECKPOINTS.c.size.desc()
_COSIGNED: Final = sa.exists().where(COSIGNATURES.c.size == CHECKPOINTS.c.size)
_OWN: Final = (
    sa.select(CHECKPOINTS).where(CHECKPOINTS.c.size > _B("over")).order_by(_NEWEST_FIRST).limit(1)
)
_OWN_COSIGNED: Final = (
    sa.select(CHECKPOINTS)
    .where(CHECKPOINTS.c.size > _B("over"), _COSIGNED)
    .order_by(_NEWEST_FIRST)
    .limit(1)
)
_WITHIN: Final = (
    sa.select(CHECKPOINTS)
    .where(CHECKPOINTS.c.size <= _B("most_entries"))
    .order_by(_NEWEST_FIRST)
    .limit(1)
)
_WITHIN_COSIGNED: Final = (
    sa.select(CHECKPOINTS)
    .where(CHECKPOINTS.c.size <= _B("most_entries"), _COSIGNED)
    .order_by(_NEWEST_FIRST)
    .limit(1)
)
_ALL: Final = (
    sa.select(CHECKPOINTS)
    .where(CHECKPOINTS.c.size > _B("over"))
    .order_by(CHECKPOINTS.c.size)
    .limit(_B("most"))
)
_ALL_COSIGNED: Final = (
    sa.select(CHECKPOINTS)
    .where(CHECKPOINTS.c.size > _B("over"), _COSIGNED)
    .order_by(CHECKPOINTS.c.size)
    .limit(_B("most"))
)
_LINES: Final = (
    sa.select(COSIGNATURES.c.city, COSIGNATURES.c.line)
    .where(COSIGNATURES.c.size == _B("of_size"))
    .order_by(COSIGNATURES.c.city)
)
_COSIGNED_BY: Final = sa.select(sa.func.max(COSIGNATURES.c.size)).where(
    COSIGNATURES.c.city == _B("of_city")
)
_OF_PARTNER: Final = (
    sa.select(PARTNER_CHECKPOINTS)
    .where(PARTNER_CHECKPOINTS.c.city == _B("of_city"))
    .order_by(PARTNER_CHECKPOINTS.c.size.desc())
    .limit(1)
)
_AT: Final = sa.select(PARTNER_CHECKPOINTS).where(
    PARTNER_CHECKPOINTS.c.city == _B("of_city"), PARTNER_CHECKPOINTS.c.size == _B("of_size")
)
_DROP: Final = sa.delete(PARTNER_CHECKPOINTS).where(
    PARTNER_CHECKPOINTS.c.city == _B("of_city"), PARTNER_CHECKPOINTS.c.size == _B("of_size")
)
_PARTNERS: Final = sa.select(PARTNER_CHECKPOINTS.c.city).distinct()
_FORGET: Final = (
    sa.delete(PARTNER_CHECKPOINTS).where(PARTNER_CHECKPOINTS.c.city == _B("of_city")),
    sa.delete(FORKS).where(FORKS.c.city == _B("of_city")),
)
_FORKS: Final = sa.select(FORKS).order_by(FORKS.c.city)
_PROOF_MOST: Final = 64


class CheckpointRepository:
    """Checkpoints and forks, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts

    def add(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint of this city; one of that size that is there stays."""
        self._session.write(
            self._upserts.checkpoint,
            size=checkpoint.size,
            at=to_micros(checkpoint.at),
            note=checkpoint.note,
        )

    def cosign(self, size: int, city: CityCode, line: bytes) -> None:
        """Keep a partner's cosignature of a checkpoint of this city."""
        self._session.write(self._upserts.cosignature, size=size, city=city, line=line)

    def newest(self, *, over: int = -1, cosigned: bool = False) -> StoredCheckpoint | None:
        """The newest checkpoint of more than `over` entries; with at least one cosignature."""
        row = self._session.one(_OWN_COSIGNED if cosigned else _OWN, over=over)
        return None if row is None else self._own(row)

    def within(self, size: int, *, cosigned: bool = False) -> StoredCheckpoint | None:
        """The newest checkpoint of at most so many entries; with at least one cosignature."""
        row = self._session.one(_WITHIN_COSIGNED if cosigned else _WITHIN, most_entries=size)
        return None if row is None else self._own(row)

    def after(
        self, over: int, most: int, *, cosigned: bool = False
    ) -> tuple[StoredCheckpoint, ...]:
        """At most so many checkpoints of more than `over` entries, the smallest first."""
        wanted = _ALL_COSIGNED if cosigned else _ALL
        return tuple(self._own(row) for row in self._session.all(wanted, over=over, most=most))

    def cosigned_by(self, city: CityCode) -> int:
        """The size of the newest checkpoint that a partner cosigned; 0 for none."""
        row = self._session.one(_COSIGNED_BY, of_city=city)
        return int(row[0]) if row and row[0] is not None else 0

    def of_partner(self, city: CityCode) -> PartnerCheckpoint | None:
        """The newest checkpoint of a partner that this city cosigned."""
        return _partner(self._session.one(_OF_PARTNER, of_city=city))

    def of_partner_at(self, city: CityCode, size: int) -> PartnerCheckpoint | None:
        """The checkpoint of a partner of that size."""
        return _partner(self._session.one(_AT, of_city=city, of_size=size))

    def of_partners(self) -> tuple[PartnerCheckpoint, ...]:
        """Each partner's newest checkpoint, by city."""
        cities = sorted(row[0] for row in self._session.all(_PARTNERS))
        return tuple(c for city in cities if (c := self.of_partner(CityCode(city))) is not None)

    def add_of_partner(self, checkpoint: PartnerCheckpoint) -> None:
        """Keep a partner's checkpoint; one of that size that is there stays."""
        self._session.write(
            self._upserts.partner_checkpoint,
            city=checkpoint.city,
            size=checkpoint.size,
            at=to_micros(checkpoint.at),
            note=checkpoint.note,
            cosignature=checkpoint.cosignature,
        )

    def drop_of_partner(self, city: CityCode, size: int) -> None:
        """Let a partner's checkpoint go that a larger one has replaced."""
        self._session.write(_DROP, of_city=city, of_size=size)

    def forget_partner(self, city: CityCode) -> None:
        """Let what is known of a partner's log go: it is met anew."""
        for statement in _FORGET:
            self._session.write(statement, of_city=city)

    def add_fork(self, fork: Fork) -> None:
        """Keep evidence; the first of a city stays."""
        self._session.write(
            self._upserts.fork,
            city=fork.city,
            at=to_micros(fork.at),
            known=fork.known,
            shown=fork.shown,
            proof=b"".join(fork.proof),
            problem=fork.problem,
            trust_bundle=fork.trust_bundle,
        )

    def forks(self) -> tuple[Fork, ...]:
        """All evidence, by city."""
        return tuple(
            Fork(
                city=CityCode(row[0]),
                at=to_instant(row[1]),
                known=bytes(row[2]),
                shown=bytes(row[3]),
                proof=split_hashes(bytes(row[4]), most=_PROOF_MOST),
                problem=row[5],
                trust_bundle=bytes(row[6]),
            )
            for row in self._session.all(_FORKS)
        )

    def _own(self, row: Row) -> StoredCheckpoint:
        lines = self._session.all(_LINES, of_size=row[0])
        cosignatures = tuple((CityCode(city), bytes(line)) for city, line in lines)
        return StoredCheckpoint(row[0], to_instant(row[1]), bytes(row[2]), cosignatures)


def _partner(row: Row | None) -> PartnerCheckpoint | None:
    if row is None:
        return None
    return PartnerCheckpoint(
        CityCode(row[0]), row[1], to_instant(row[2]), bytes(row[3]), bytes(row[4])
    )
