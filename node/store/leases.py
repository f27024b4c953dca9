"""As home: uses that hosts had counted. And how residents are spread over scales."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.model import Page, PageRequest
from node.redemptions import CountedUse, PrivacySpending, StoredHistogram
from node.store.connection import Row, Session, Upserts
from node.store.incentive_tables import HISTOGRAMS, PRIVACY_SPENDINGS, USE_LEASES
from node.store.paging import page
from node.store.residents import NOBODY
from node.store.tables import RESIDENTS
from node.store.values import to_instant, to_instant_or_none, to_micros, to_micros_or_none

_B: Final = sa.bindparam
_LAST: Final = "~"
_ADD: Final = sa.insert(USE_LEASES)
_GET: Final = sa.select(USE_LEASES).where(USE_LEASES.c.lease_id == _B("which"))
_ALIVE: Final = sa.and_(
    USE_LEASES.c.resident_id == _B("whose"),
    USE_LEASES.c.released_at.is_(None),
    USE_LEASES.c.until > _B("now"),
)
_LIVE: Final = (
    sa.select(sa.func.count())
    .select_from(USE_LEASES)
    .where(_ALIVE, USE_LEASES.c.label == _B("kind"))
)
_LIVE_UNDER: Final = sa.select(USE_LEASES.c.consent_id).where(_ALIVE).distinct()
_RELEASE: Final = (
    sa.update(USE_LEASES)
    .where(
        USE_LEASES.c.lease_id == _B("which"),
        USE_LEASES.c.host == _B("of_host"),
        USE_LEASES.c.released_at.is_(None),
    )
    .values(released_at=_B("at"))
)
_PAGE: Final = (
    sa.select(USE_LEASES)
    .where(USE_LEASES.c.resident_id == _B("whose"), USE_LEASES.c.lease_id < _B("before"))
    .order_by(USE_LEASES.c.lease_id.desc())
    .limit(_B("most", type_=sa.Integer))
)
_HISTOGRAM: Final = sa.select(HISTOGRAMS).where(
    HISTOGRAMS.c.city == _B("of_city"),
    HISTOGRAMS.c.scale_id == _B("of_scale"),
    HISTOGRAMS.c.version == _B("of_version"),
)
_HISTOGRAMS: Final = sa.select(HISTOGRAMS).order_by(HISTOGRAMS.c.city, HISTOGRAMS.c.version)
_SPEND: Final = sa.insert(PRIVACY_SPENDINGS)
_SPENDINGS: Final = sa.select(PRIVACY_SPENDINGS).order_by(PRIVACY_SPENDINGS.c.spending_id)
_HELD: Final = (
    sa.select(RESIDENTS.c.commendations, sa.func.count())
    .where(RESIDENTS.c.resident_id != NOBODY)
    .group_by(RESIDENTS.c.commendations)
)


class LeaseRepository:
    """Uses that are counted over all cities, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, use: CountedUse) -> None:
        """Keep a new one."""
        self._session.write(
            _ADD,
            lease_id=use.lease_id,
            resident_id=use.resident_id,
            consent_id=use.consent_id,
            host=use.host,
            label=use.label,
            use_class=use.use_class,
            granted_at=to_micros(use.granted_at),
            until=to_micros(use.until),
            released_at=to_micros_or_none(use.released_at),
        )

    def get(self, lease_id: str) -> CountedUse | None:
        """The lease of that id."""
        row = self._session.one(_GET, which=lease_id)
        return None if row is None else _use(row)

    def live(self, resident_id: str, label: bytes, now: datetime) -> int:
        """How many of one kind are in use: neither given back nor over."""
        row = self._session.one(_LIVE, whose=resident_id, kind=label, now=to_micros(now))
        return int(row[0]) if row else 0

    def live_under(self, resident_id: str, now: datetime) -> tuple[str, ...]:
        """The consents, by id, under which those were counted that are in use."""
        rows = self._session.all(_LIVE_UNDER, whose=resident_id, now=to_micros(now))
        return tuple(row[0] for row in rows)

    def release(self, lease_id: str, host: CityCode, at: datetime) -> bool:
        """Give back a lease of that host; False where there is none that is live."""
        changed = self._session.write(_RELEASE, which=lease_id, of_host=host, at=to_micros(at))
        return bool(changed)

    def page(self, resident_id: str, request: PageRequest) -> Page[CountedUse]:
        """Those of a resident, the newest first."""
        rows = self._session.all(
            _PAGE, whose=resident_id, before=request.token or _LAST, most=request.size + 1
        )
        return page(tuple(map(_use, rows)), request, lambda use: use.lease_id)


class HistogramRepository:
    """How residents are spread over scales, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts

    def put(self, histogram: StoredHistogram) -> bool:
        """Keep one; False, and nothing changed, where that version of the scale has one."""
        added = self._session.write(
            self._upserts.histogram,
            city=histogram.city,
            scale_id=histogram.scale_id,
            version=histogram.version,
            statement_id=histogram.statement_id,
            envelope=histogram.envelope,
            issued_at=to_micros(histogram.issued_at),
        )
        return bool(added)

    def get(self, city: CityCode, scale_id: str, version: int) -> StoredHistogram | None:
        """The one of a version of a scale."""
        row = self._session.one(_HISTOGRAM, of_city=city, of_scale=scale_id, of_version=version)
        return None if row is None else _histogram(row)

    def newest(self) -> tuple[StoredHistogram, ...]:
        """The newest of each city, by city."""
        found = {row[0]: _histogram(row) for row in self._session.all(_HISTOGRAMS)}
        return tuple(found.values())

    def spend(self, spending: PrivacySpending) -> None:
        """Note what was spent."""
        self._session.write(
            _SPEND,
            spending_id=spending.spending_id,
            at=to_micros(spending.at),
            purpose=spending.purpose,
            epsilon_milli=spending.epsilon_milli,
            actor=spending.actor,
        )

    def spendings(self) -> tuple[PrivacySpending, ...]:
        """What was spent, the oldest first."""
        return tuple(
            PrivacySpending(row[0], to_instant(row[1]), row[2], row[3], row[4])
            for row in self._session.all(_SPENDINGS)
        )

    def spread(self, edges_milli: Sequence[int]) -> tuple[int, ...]:
        """How many residents have sums of shared points in [edge, next edge), exactly."""
        counts = [0] * (len(edges_milli) + 1)
        edges = {f"edge_{place}": edge for place, edge in enumerate(edges_milli)}
        for place, count in self._session.all(_spread(len(edges_milli)), **edges):
            counts[place] = count
        return tuple(counts)

    def listed(self, commendations: Sequence[str]) -> int:
        """How many residents hold at least one of these commendations, exactly."""
        wanted = set(commendations)
        return sum(
            count for held, count in self._session.all(_HELD) if wanted & set(held.split(","))
        )


@lru_cache
def _spread(count: int) -> sa.Select[Any]:
    # The highest edge that is reached decides; below all edges is cell 0.
    whens = [
        (RESIDENTS.c.shared_milli >= _B(f"edge_{place}", type_=sa.BigInteger), place + 1)
        for place in reversed(range(count))
    ]
    cell = sa.case(*whens, else_=0) if whens else sa.literal(0)
    cells = sa.select(cell.label("cell")).where(RESIDENTS.c.resident_id != NOBODY).subquery()
    return sa.select(cells.c.cell, sa.func.count()).group_by(cells.c.cell)


def _use(row: Row) -> CountedUse:
    return CountedUse(
        lease_id=row[0],
        resident_id=row[1],
        consent_id=row[2],
        host=CityCode(row[3]),
        label=row[4],
        use_class=row[5],
        granted_at=to_instant(row[6]),
        until=to_instant(row[7]),
        released_at=to_instant_or_none(row[8]),
    )


def _histogram(row: Row) -> StoredHistogram:
    return StoredHistogram(CityCode(row[0]), row[1], row[2], row[3], row[4], to_instant(row[5]))
