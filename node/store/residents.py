"""Residents, consents, codes and uses."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.consent import Consent
from federation.identifiers import CityCode
from federation.messages import Disclosure, UseCounting
from node.model import (
    Page,
    PageRequest,
    PresentationCode,
    Resident,
    Subject,
    Use,
    UseOutcome,
)
from node.store.connection import Row, Session
from node.store.lists import named, places, portions
from node.store.paging import page
from node.store.tables import CODES, CONSENTS, RESIDENTS, USES
from node.store.values import (
    from_day_or_none,
    from_names,
    to_day_or_none,
    to_instant,
    to_instant_or_none,
    to_micros,
    to_micros_or_none,
    to_names,
)

_B: Final = sa.bindparam
_CONSENT_COLUMNS: Final = len(CONSENTS.columns)
_PSEUDONYM: Final = list(CONSENTS.columns).index(CONSENTS.c.pseudonym)
_RESIDENT_COLUMNS: Final = len(RESIDENTS.columns)

# Nobody: a resident, a consent and a code that the first migration makes. They are read, and the
# code is written to, where there is none to be found: that takes as long (rule 4). The id
# is the lowest of all: whoever is found comes before nobody.
NOBODY: Final = ""
DECOY_CODE: Final = bytes(32)

_ADD_RESIDENT: Final = sa.insert(RESIDENTS)
_RESIDENT: Final = sa.select(RESIDENTS).where(
    RESIDENTS.c.resident_id == _B("resident_id"), RESIDENTS.c.resident_id != NOBODY
)
_BY_DOCUMENT: Final = sa.select(RESIDENTS).where(RESIDENTS.c.document_digest == _B("digest"))
_RECOUNT: Final = (
    sa.update(RESIDENTS)
    .where(RESIDENTS.c.resident_id == _B("which"))
    .values(
        points_milli=_B("points"),
        shared_milli=_B("shared"),
        commendations=_B("named"),
        recount_on=_B("recount_day"),
        counted_by=_B("by_version"),
    )
)
_REAL: Final = RESIDENTS.c.resident_id != NOBODY
# Each by an index of its own: a city has ten million residents, and few of them are stale.
_HAD_ITS_DAY: Final = sa.and_(_REAL, RESIDENTS.c.recount_on <= _B("today"))
_BY_OLDER: Final = sa.and_(_REAL, RESIDENTS.c.counted_by < _B("by_version"))
_WITH_THEIR_DAY: Final = (
    sa.select(RESIDENTS)
    .where(_HAD_ITS_DAY)
    .order_by(RESIDENTS.c.recount_on)
    .limit(_B("most", type_=sa.Integer))
)
_OF_OLDER: Final = (
    sa.select(RESIDENTS)
    .where(_BY_OLDER)
    .order_by(RESIDENTS.c.counted_by)
    .limit(_B("most", type_=sa.Integer))
)
_COUNT_OF_OLDER: Final = sa.select(sa.func.count()).select_from(RESIDENTS).where(_BY_OLDER)
_COUNT_WITH_THEIR_DAY: Final = (
    sa.select(sa.func.count())
    .select_from(RESIDENTS)
    .where(_HAD_ITS_DAY, RESIDENTS.c.counted_by >= _B("by_version"))
)
_COUNT: Final = sa.select(sa.func.count()).select_from(RESIDENTS).where(_REAL)
_ADD_CONSENT: Final = sa.insert(CONSENTS)
_CONSENT: Final = sa.select(CONSENTS).where(
    CONSENTS.c.consent_id == _B("consent_id"), CONSENTS.c.consent_id != NOBODY
)
_CONSENT_PAGE: Final = (
    sa.select(CONSENTS)
    .where(CONSENTS.c.resident_id == _B("resident_id"), CONSENTS.c.consent_id < _B("before"))
    .order_by(CONSENTS.c.consent_id.desc())
    .limit(_B("most", type_=sa.Integer))
)
_WITHDRAW: Final = (
    sa.update(CONSENTS)
    .where(CONSENTS.c.consent_id == _B("which"), CONSENTS.c.withdrawn_at.is_(None))
    .values(withdrawn_at=_B("at"))
)
_ADD_CODE: Final = sa.insert(CODES)
_USE_CODE: Final = (
    sa.update(CODES)
    .where(CODES.c.code_digest == _B("which"), CODES.c.used_at.is_(None))
    .values(used_at=_B("at"))
)
_SUBJECT: Final = sa.select(CONSENTS, RESIDENTS).join_from(
    CONSENTS, RESIDENTS, CONSENTS.c.resident_id == RESIDENTS.c.resident_id
)
_ANY_CODE: Final = CODES.alias()
_KNOWN_CODE: Final = (
    sa.select(_ANY_CODE.c.code_digest)
    .where(_ANY_CODE.c.code_digest == _B("digest"))
    .scalar_subquery()
)
_BY_CODE: Final = (
    sa.select(CONSENTS, RESIDENTS, CODES)
    .join_from(CODES, CONSENTS, CODES.c.consent_id == CONSENTS.c.consent_id)
    .join(RESIDENTS, CONSENTS.c.resident_id == RESIDENTS.c.resident_id)
    # The code if it is known, else the decoy: one row of each table, whoever is found.
    .where(CODES.c.code_digest == sa.func.coalesce(_KNOWN_CODE, _B("decoy")))
)
_BY_PSEUDONYM: Final = _SUBJECT.where(
    CONSENTS.c.host == _B("host"), CONSENTS.c.pseudonym == _B("pseudonym")
).order_by(CONSENTS.c.consent_id.desc())
_NOBODY: Final = _SUBJECT.where(CONSENTS.c.consent_id == _B("nobody"))
_ADD_USE: Final = sa.insert(USES)
_USE_PAGE: Final = (
    sa.select(USES)
    .where(USES.c.resident_id == _B("resident_id"), USES.c.use_id < _B("before"))
    .order_by(USES.c.use_id.desc())
    .limit(_B("most", type_=sa.Integer))
)

# Above every UUID, in the order of any language: the first page begins before it. (In English "~"
# comes before "0".)
_LAST: Final = "z"


class ResidentRepository:
    """Residents, and what their records come to."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, resident: Resident) -> None:
        """Keep a new resident."""
        self._session.write(
            _ADD_RESIDENT,
            resident_id=resident.resident_id,
            document_digest=resident.document_digest,
            secret=resident.secret,
            enrolled_at=to_micros(resident.enrolled_at),
            person=resident.person,
            points_milli=resident.points_milli,
            shared_milli=resident.shared_milli,
            commendations=from_names(resident.commendations),
            recount_on=from_day_or_none(resident.recount_on),
            counted_by=resident.counted_by,
        )

    def get(self, resident_id: str) -> Resident | None:
        """The resident of that id."""
        row = self._session.one(_RESIDENT, resident_id=resident_id)
        return None if row is None else _resident(row)

    def by_document(self, document_digest: bytes) -> Resident | None:
        """The resident of that document."""
        row = self._session.one(_BY_DOCUMENT, digest=document_digest)
        return None if row is None else _resident(row)

    def by_persons(self, persons: Iterable[int]) -> dict[int, Resident]:
        """The residents among these persons."""
        found = dict[int, Resident]()
        for some in portions(persons):
            rows = self._session.all(_by_persons(len(some)), **named(some))
            found.update((resident.person, resident) for resident in map(_resident, rows))
        return found

    def recount(self, resident: Resident) -> None:
        """Keep what the resident's records come to."""
        self._session.write(
            _RECOUNT,
            which=resident.resident_id,
            points=resident.points_milli,
            shared=resident.shared_milli,
            named=from_names(resident.commendations),
            recount_day=from_day_or_none(resident.recount_on),
            by_version=resident.counted_by,
        )

    def to_recount(self, today: date, counted_by: int, most: int) -> tuple[Resident, ...]:
        """Residents whose sum has had its day or is of an older catalogue."""
        rows = self._session.all(_WITH_THEIR_DAY, today=today.isoformat(), most=most)
        found = {row[0]: _resident(row) for row in rows}
        if len(found) < most:
            rows = self._session.all(_OF_OLDER, by_version=counted_by, most=most)
            found |= {row[0]: _resident(row) for row in rows}
        return tuple(found.values())[:most]

    def count_to_recount(self, today: date, counted_by: int) -> int:
        """How many those are."""
        older = self._session.one(_COUNT_OF_OLDER, by_version=counted_by)
        day = today.isoformat()
        others = self._session.one(_COUNT_WITH_THEIR_DAY, today=day, by_version=counted_by)
        return sum(int(row[0]) for row in (older, others) if row)

    def count(self) -> int:
        """How many residents take part."""
        row = self._session.one(_COUNT)
        return int(row[0]) if row else 0


@lru_cache
def _by_persons(count: int) -> sa.Select[Any]:
    return sa.select(RESIDENTS).where(_REAL, RESIDENTS.c.person.in_(places(count)))


class ConsentRepository:
    """Consents and the codes made under them."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, consent: Consent, pseudonym: bytes) -> None:
        """Keep a new consent."""
        self._session.write(
            _ADD_CONSENT,
            consent_id=consent.consent_id,
            resident_id=consent.resident_id,
            host=consent.host,
            scenarios=from_names(consent.scenarios),
            disclosure=int(consent.disclosure),
            given_at=to_micros(consent.given_at),
            expires_at=to_micros(consent.expires_at),
            withdrawn_at=to_micros_or_none(consent.withdrawn_at),
            pseudonym=pseudonym,
            counting=consent.counting.value,
            use_commitment=consent.use_commitment,
        )

    def get(self, consent_id: str) -> Consent | None:
        """The consent of that id."""
        row = self._session.one(_CONSENT, consent_id=consent_id)
        return None if row is None else _consent(row)

    def page(self, resident_id: str, request: PageRequest) -> Page[Consent]:
        """The consents of a resident, the newest first."""
        rows = self._session.all(
            _CONSENT_PAGE,
            resident_id=resident_id,
            before=request.token or _LAST,
            most=request.size + 1,
        )
        return page(tuple(map(_consent, rows)), request, lambda consent: consent.consent_id)

    def withdraw(self, consent_id: str, at: datetime) -> bool:
        """End a consent; False where it had been withdrawn before."""
        return bool(self._session.write(_WITHDRAW, which=consent_id, at=to_micros(at)))

    def add_code(self, code: PresentationCode) -> None:
        """Keep a new code."""
        self._session.write(
            _ADD_CODE,
            code_digest=code.code_digest,
            consent_id=code.consent_id,
            expires_at=to_micros(code.expires_at),
            used_at=to_micros_or_none(code.used_at),
        )

    def use_code(self, code_digest: bytes, at: datetime) -> bool:
        """Use a code up; False where it is unknown or used."""
        return bool(self._session.write(_USE_CODE, which=code_digest, at=to_micros(at)))

    def use_decoy(self, at: datetime) -> None:
        """Write to the row that is nobody's: as much work as using a code up (rule 4)."""
        self._session.write(_USE_DECOY, which=DECOY_CODE, at=to_micros(at))

    def by_code(self, code_digest: bytes) -> Subject:
        """Whom a code stands for, or nobody."""
        return _subject(self._session.all(_BY_CODE, digest=code_digest, decoy=DECOY_CODE)[0])

    def by_pseudonym(self, host: CityCode, pseudonym: bytes) -> tuple[Subject, ...]:
        """Whom a host asks for, under each consent to it, the newest first; else nobody."""
        rows = self._session.all(_BY_PSEUDONYM, host=host, pseudonym=pseudonym)
        found = rows or self._session.all(_NOBODY, nobody=NOBODY)
        return tuple(_subject(row) for row in found)


_USE_DECOY: Final = (
    sa.update(CODES).where(CODES.c.code_digest == _B("which")).values(used_at=_B("at"))
)


class UseRepository:
    """Who used a standing."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, use: Use) -> None:
        """Keep a use; written at the commit."""
        self._session.append(
            _ADD_USE,
            {
                "use_id": use.use_id,
                "resident_id": use.resident_id,
                "host": use.host,
                "used_at": to_micros(use.used_at),
                "outcome": use.outcome.value,
                "scenarios": from_names(use.scenarios),
                "disclosure": None if use.disclosure is None else int(use.disclosure),
                "refusal": use.refusal,
            },
        )

    def page(self, resident_id: str, request: PageRequest) -> Page[Use]:
        """The uses of a resident's standing, the newest first."""
        self._session.flush()
        rows = self._session.all(
            _USE_PAGE,
            resident_id=resident_id,
            before=request.token or _LAST,
            most=request.size + 1,
        )
        return page(tuple(map(_use, rows)), request, lambda use: use.use_id)


def _resident(row: Row) -> Resident:
    return Resident(
        resident_id=row[0],
        document_digest=row[1],
        secret=row[2],
        enrolled_at=to_instant(row[3]),
        points_milli=row[4],
        commendations=to_names(row[5]),
        recount_on=to_day_or_none(row[6]),
        person=row[7],
        shared_milli=row[8],
        counted_by=row[9],
    )


def _consent(row: Row) -> Consent:
    return Consent(
        consent_id=row[0],
        resident_id=row[1],
        host=CityCode(row[2]),
        scenarios=to_names(row[3]),
        disclosure=Disclosure(row[4]),
        given_at=to_instant(row[5]),
        expires_at=to_instant(row[6]),
        withdrawn_at=to_instant_or_none(row[7]),
        counting=UseCounting(row[9]),
        use_commitment=row[10],
    )


def _subject(row: Row) -> Subject:
    """From the columns of a consent, of a resident, and of a code where one was shown."""
    code = row[_CONSENT_COLUMNS + _RESIDENT_COLUMNS :]
    return Subject(
        resident=_resident(row[_CONSENT_COLUMNS:]),
        consent=_consent(row),
        pseudonym=row[_PSEUDONYM],
        code=(
            PresentationCode(
                code_digest=code[0],
                consent_id=code[1],
                expires_at=to_instant(code[2]),
                used_at=to_instant_or_none(code[3]),
            )
            if code
            else None
        ),
    )


def _use(row: Row) -> Use:
    return Use(
        use_id=row[0],
        resident_id=row[1],
        host=CityCode(row[2]),
        used_at=to_instant(row[3]),
        outcome=UseOutcome(row[4]),
        scenarios=to_names(row[5]),
        disclosure=None if row[6] is None else Disclosure(row[6]),
        refusal=row[7],
    )
