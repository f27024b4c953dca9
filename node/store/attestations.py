"""What this city attested, as home, and the batches that many were attested in."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.attested import IssuedAttestation, IssuedBatch
from node.model import Page, PageRequest
from node.store.connection import Row, Session
from node.store.lists import named, places, portions
from node.store.paging import page
from node.store.tables import CONSENTS
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS
from node.store.values import to_instant, to_instant_or_none, to_micros, to_micros_or_none

_B: Final = sa.bindparam
# Above every UUID, in the order of any language.
_LAST: Final = "z"
_ADD: Final = sa.insert(ATTESTATIONS)
_KNOWN_AS: Final = sa.select(CONSENTS.c.pseudonym)
# By what hosts know the resident as: that is what attestations are found by.
OF_RESIDENT: Final = sa.and_(
    ATTESTATIONS.c.pseudonym.in_(_KNOWN_AS.where(CONSENTS.c.resident_id == _B("whose"))),
    ATTESTATIONS.c.resident_id == _B("whose"),
)
_GET: Final = sa.select(ATTESTATIONS).where(
    OF_RESIDENT, ATTESTATIONS.c.attestation_id == _B("which")
)
_STANDS: Final = sa.and_(ATTESTATIONS.c.ended_at.is_(None), ATTESTATIONS.c.expires_at > _B("now"))
_STANDING: Final = sa.select(ATTESTATIONS).where(OF_RESIDENT, _STANDS)
_PAGE: Final = (
    sa.select(ATTESTATIONS)
    .where(OF_RESIDENT, ATTESTATIONS.c.attestation_id < _B("before"))
    .order_by(ATTESTATIONS.c.attestation_id.desc())
    .limit(_B("most"))
)
_END: Final = (
    sa.update(ATTESTATIONS)
    .where(
        ATTESTATIONS.c.pseudonym == _B("known_as"),
        ATTESTATIONS.c.attestation_id == _B("which"),
        ATTESTATIONS.c.ended_at.is_(None),
    )
    .values(ended_at=_B("at"))
)
_BATCH: Final = sa.select(ATTESTATION_BATCHES).where(ATTESTATION_BATCHES.c.batch_id == _B("which"))


class AttestationRepository:
    """Attestations of this city as home, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, attestation: IssuedAttestation) -> None:
        """Keep one; written at the commit."""
        self._session.append(_ADD, _columns(attestation))

    def get(self, resident_id: str, attestation_id: str) -> IssuedAttestation | None:
        """A resident's attestation of that id."""
        self._session.flush()
        row = self._session.one(_GET, whose=resident_id, which=attestation_id)
        return None if row is None else _attestation(row)

    def standing(self, resident_id: str, now: datetime) -> tuple[IssuedAttestation, ...]:
        """A resident's attestations that stand at `now`."""
        self._session.flush()
        rows = self._session.all(_STANDING, whose=resident_id, now=to_micros(now))
        return tuple(map(_attestation, rows))

    def standing_of(
        self, resident_ids: Iterable[str], now: datetime
    ) -> tuple[IssuedAttestation, ...]:
        """Those of many residents that stand at `now`."""
        self._session.flush()
        return tuple(
            _attestation(row)
            for some in portions(resident_ids)
            for row in self._session.all(_standing(len(some)), now=to_micros(now), **named(some))
        )

    def page(self, resident_id: str, request: PageRequest) -> Page[IssuedAttestation]:
        """A resident's attestations, the newest first."""
        self._session.flush()
        rows = self._session.all(
            _PAGE, whose=resident_id, before=request.token or _LAST, most=request.size + 1
        )
        return page(tuple(map(_attestation, rows)), request, lambda a: a.attestation_id)

    def end(self, attestation: IssuedAttestation, at: datetime) -> bool:
        """Mark one as no longer standing; False where it had ended before."""
        self._session.flush()
        ended = self._session.write(
            _END,
            known_as=attestation.pseudonym,
            which=attestation.attestation_id,
            at=to_micros(at),
        )
        return bool(ended)

    def batch(self, batch_id: str) -> IssuedBatch | None:
        """The batch of that id."""
        return batch_of(self._session.one(_BATCH, which=batch_id))


@lru_cache
def _standing(count: int) -> sa.Select[Any]:
    known_as = _KNOWN_AS.where(CONSENTS.c.resident_id.in_(places(count)))
    return sa.select(ATTESTATIONS).where(
        ATTESTATIONS.c.pseudonym.in_(known_as),
        ATTESTATIONS.c.resident_id.in_(places(count)),
        _STANDS,
    )


def _columns(attestation: IssuedAttestation) -> dict[str, object]:
    return {
        "attestation_id": attestation.attestation_id,
        "resident_id": attestation.resident_id,
        "consent_id": attestation.consent_id,
        "host": attestation.host,
        "pseudonym": attestation.pseudonym,
        "status_index": attestation.status_index,
        "issued_at": to_micros(attestation.issued_at),
        "expires_at": to_micros(attestation.expires_at),
        "claim": attestation.claim,
        "statement": attestation.statement,
        "log_sequence": attestation.log_sequence,
        "batch_id": attestation.batch_id,
        "leaf_index": attestation.leaf_index,
        "ended_at": to_micros_or_none(attestation.ended_at),
    }


def _attestation(row: Row) -> IssuedAttestation:
    return IssuedAttestation(
        attestation_id=row[0],
        resident_id=row[1],
        consent_id=row[2],
        host=CityCode(row[3]),
        pseudonym=bytes(row[4]),
        status_index=row[5],
        issued_at=to_instant(row[6]),
        expires_at=to_instant(row[7]),
        claim=row[8],
        statement=bytes(row[9]),
        log_sequence=row[10],
        batch_id=row[11],
        leaf_index=row[12],
        ended_at=to_instant_or_none(row[13]),
    )


def batch_of(row: Row | None) -> IssuedBatch | None:
    """The batch of a row of ATTESTATION_BATCHES."""
    if row is None:
        return None
    return IssuedBatch(
        batch_id=row[0],
        host=CityCode(row[1]),
        request_id=row[2],
        body_digest=bytes(row[3]),
        envelope=bytes(row[4]),
        leaf_hashes=bytes(row[5]),
        given=bytes(row[6]),
        issued_at=to_instant(row[7]),
        log_sequence=row[8],
    )
