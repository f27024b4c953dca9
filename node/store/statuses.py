"""Status lists: as home, which places are given out and which are set; as host, what was heard.

Places are given out in the order that the list's secret shuffles. What a transaction takes and does
not use is lost with it, which costs a place and tells nothing.
"""

import secrets
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.limits import STATUS_PLACES
from federation.status_list import place_of, shuffled_places, status_index
from node.attested import OwnStatusList, PartnerStatusList, StatusFeed
from node.store.connection import Row, Session, Upserts
from node.store.trust_tables import (
    PARTNER_STATUS_LISTS,
    STATUS_ENDED,
    STATUS_FEEDS,
    STATUS_LISTS,
)
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
_SECRET_BYTES: Final = 32
# Orders that are kept, 128 KiB each: one for each host that attestations go to.
_ORDERS: Final = 512
draw: Callable[[int], bytes] = secrets.token_bytes
"""What the order of a list's places is drawn with; a simulation puts its own in its place."""
_FEED: Final = sa.select(STATUS_FEEDS).where(STATUS_FEEDS.c.host == _B("of_host"))
_FEEDS: Final = sa.select(STATUS_FEEDS).order_by(STATUS_FEEDS.c.host)
_OF_HOST: Final = STATUS_FEEDS.c.host == _B("of_host")
_USE: Final = sa.update(STATUS_FEEDS).where(_OF_HOST).values(used=_B("now_used"))
_NEXT_LIST: Final = (
    sa.update(STATUS_FEEDS).where(_OF_HOST).values(list_number=_B("next_list"), used=0)
)
_BUMP: Final = sa.update(STATUS_FEEDS).where(_OF_HOST).values(sequence=STATUS_FEEDS.c.sequence + 1)
_ACKNOWLEDGE: Final = (
    sa.update(STATUS_FEEDS)
    .where(_OF_HOST, STATUS_FEEDS.c.acknowledged < _B("upto"))
    .values(acknowledged=_B("upto"))
)
_ADD_LIST: Final = sa.insert(STATUS_LISTS)
_LIST: Final = sa.and_(
    STATUS_LISTS.c.host == _B("of_host"), STATUS_LISTS.c.list_number == _B("of_list")
)
_SECRET: Final = sa.select(STATUS_LISTS.c.secret).where(_LIST)
_CLOSE: Final = sa.update(STATUS_LISTS).where(_LIST).values(closes_at=_B("at"))
_CHANGED: Final = sa.update(STATUS_LISTS).where(_LIST).values(changed=_B("by"))
_LIVE: Final = (
    sa.select(STATUS_LISTS.c.list_number, STATUS_LISTS.c.changed)
    .where(
        STATUS_LISTS.c.host == _B("of_host"),
        STATUS_LISTS.c.changed > _B("after"),
        sa.or_(STATUS_LISTS.c.closes_at == 0, STATUS_LISTS.c.closes_at > _B("now")),
    )
    .order_by(STATUS_LISTS.c.list_number)
)
_PLACES: Final = (
    sa.select(STATUS_ENDED.c.status_index)
    .where(
        STATUS_ENDED.c.host == _B("of_host"),
        STATUS_ENDED.c.status_index >= _B("first"),
        STATUS_ENDED.c.status_index < _B("until"),
    )
    .order_by(STATUS_ENDED.c.status_index)
)
_IS_ENDED: Final = sa.select(STATUS_ENDED.c.status_index).where(
    STATUS_ENDED.c.host == _B("of_host"), STATUS_ENDED.c.status_index == _B("which")
)
_HEARD: Final = sa.select(PARTNER_STATUS_LISTS).where(
    PARTNER_STATUS_LISTS.c.home == _B("of_home"), PARTNER_STATUS_LISTS.c.list_number == _B("which")
)
_KNOWN: Final[Any] = sa.select(sa.func.max(PARTNER_STATUS_LISTS.c.sequence), sa.func.count()).where(
    PARTNER_STATUS_LISTS.c.home == _B("of_home")
)


class StatusRepository:
    """Status lists of this city as home, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts
        self._spare: dict[CityCode, list[int]] = {}
        self._taken: dict[CityCode, int] = {}

    def take(self, host: CityCode, count: int, until: datetime) -> tuple[int, ...]:
        """So many indices for attestations to a host that end at `until` at the latest.

        A transaction that takes one after the other takes more at once, to write less often.
        """
        spare = self._spare.setdefault(host, [])
        if len(spare) < count:
            before = self._taken.get(host, 0)
            wanted = max(count - len(spare), min(before, STATUS_PLACES // 64))
            self._taken[host] = before + wanted
            spare.extend(self._reserve(host, wanted, until))
        self._spare[host] = spare[count:]
        return tuple(spare[:count])

    def end(self, host: CityCode, index: int, expires_at: datetime) -> None:
        """Set a place, and count the change; a place that is set already changes nothing."""
        list_number, _ = place_of(index)
        new = self._session.write(
            self._upserts.status_ended,
            host=host,
            status_index=index,
            expires_at=to_micros(expires_at),
        )
        if new:
            self._feed_row(host)
            self._session.write(_BUMP, of_host=host)
            self._session.write(
                _CHANGED, of_host=host, of_list=list_number, by=self.feed(host).sequence
            )

    def is_ended(self, host: CityCode, index: int) -> bool:
        """Whether a place is set."""
        return self._session.one(_IS_ENDED, of_host=host, which=index) is not None

    def feed(self, host: CityCode) -> StatusFeed:
        """What a host is to know."""
        row = self._session.one(_FEED, of_host=host)
        return StatusFeed(host, row[1], row[2]) if row else StatusFeed(host, 0, 0)

    def feeds(self) -> tuple[StatusFeed, ...]:
        """Every host that was attested to, by city."""
        rows = self._session.all(_FEEDS)
        return tuple(StatusFeed(CityCode(row[0]), row[1], row[2]) for row in rows)

    def acknowledge(self, host: CityCode, sequence: int) -> None:
        """A host has every change up to that one."""
        self._session.write(_ACKNOWLEDGE, of_host=host, upto=sequence)

    def lists(self, host: CityCode, now: datetime, *, after: int = -1) -> tuple[OwnStatusList, ...]:
        """The lists for a host whose last change is after that one, and which have not ended."""
        rows = self._session.all(_LIVE, of_host=host, after=after, now=to_micros(now))
        return tuple(
            OwnStatusList(number, self._places(host, number), changed) for number, changed in rows
        )

    def _places(self, host: CityCode, number: int) -> tuple[int, ...]:
        first = status_index(number, 0)
        rows = self._session.all(_PLACES, of_host=host, first=first, until=first + STATUS_PLACES)
        return tuple(row[0] - first for row in rows)

    def _reserve(self, host: CityCode, count: int, until: datetime) -> list[int]:
        found = list[int]()
        while len(found) < count:
            number, used = self._feed_row(host)
            if used >= STATUS_PLACES:
                self._open_list(host, number, until)
                continue
            some = min(count - len(found), STATUS_PLACES - used)
            self._session.write(_USE, of_host=host, now_used=used + some)
            order = self._order(host, number)
            found += [status_index(number, place) for place in order[used : used + some]]
        return found

    def _feed_row(self, host: CityCode) -> tuple[int, int]:
        """The list that is given out from, and how many of its places are gone."""
        row = self._session.one(_FEED, of_host=host)
        if row is None:
            self._session.write(
                self._upserts.status_feed,
                host=host,
                sequence=0,
                acknowledged=0,
                list_number=0,
                used=0,
            )
            self._add_list(host, 0)
            return 0, 0
        return int(row[3]), int(row[4])

    def _open_list(self, host: CityCode, full: int, until: datetime) -> None:
        self._session.write(_CLOSE, of_host=host, of_list=full, at=to_micros(until))
        self._session.write(_NEXT_LIST, of_host=host, next_list=full + 1)
        self._add_list(host, full + 1)

    def _add_list(self, host: CityCode, number: int) -> None:
        self._session.write(
            _ADD_LIST,
            host=host,
            list_number=number,
            secret=draw(_SECRET_BYTES),
            changed=0,
            closes_at=0,
        )

    def _order(self, host: CityCode, number: int) -> "array[int]":
        row = self._session.one(_SECRET, of_host=host, of_list=number)
        if row is None:
            raise TypeError("a list that is given out from was not kept")
        return _shuffled(bytes(row[0]))


@lru_cache(maxsize=_ORDERS)
def _shuffled(secret: bytes) -> "array[int]":
    return shuffled_places(secret)


class PartnerStatusRepository:
    """The newest status lists of home cities that this host has, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts
        # Read once for all the use cases of a transaction: a list is long, and each asks for one.
        self._read: dict[tuple[CityCode, int], PartnerStatusList | None] = {}

    def get(self, home: CityCode, list_number: int) -> PartnerStatusList | None:
        """The newest of a list."""
        which = home, list_number
        if which not in self._read:
            row = self._session.one(_HEARD, of_home=home, which=list_number)
            self._read[which] = None if row is None else _heard(row)
        return self._read[which]

    def heard(self, home: CityCode) -> tuple[int, int]:
        """The highest sequence that is known of a home city, and how many of its lists are."""
        row = self._session.one(_KNOWN, of_home=home)
        return (row[0] or 0, row[1]) if row else (0, 0)

    def put(self, lists: Sequence[PartnerStatusList]) -> None:
        """Keep newer lists in place of the ones before."""
        for heard in lists:
            self._read.pop((heard.home, heard.list_number), None)
            self._session.write(
                self._upserts.partner_status_list,
                home=heard.home,
                list_number=heard.list_number,
                sequence=heard.sequence,
                issued_at=to_micros(heard.issued_at),
                expires_at=to_micros(heard.expires_at),
                bits=heard.bits,
            )


def _heard(row: Row) -> PartnerStatusList:
    return PartnerStatusList(
        home=CityCode(row[0]),
        list_number=row[1],
        sequence=row[2],
        issued_at=to_instant(row[3]),
        expires_at=to_instant(row[4]),
        bits=bytes(row[5]),
    )
