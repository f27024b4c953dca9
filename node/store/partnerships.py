"""What became of partners: steps, contacts, ways into other cities."""

from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.model import Contact, Joining, PartnerMove
from node.store.connection import Session, Upserts
from node.store.tables import CONTACTS, JOININGS, PARTNER_MOVES
from node.store.values import (
    from_span,
    to_instant,
    to_instant_or_none,
    to_micros,
    to_micros_or_none,
    to_span,
)

_B: Final = sa.bindparam
_MOVE: Final = sa.insert(PARTNER_MOVES)
_MOVES: Final = (
    sa.select(PARTNER_MOVES)
    .where(PARTNER_MOVES.c.city == _B("city"))
    .order_by(PARTNER_MOVES.c.at, PARTNER_MOVES.c.move_id)
)
_CONTACTS: Final = sa.select(CONTACTS)
_CONTACT: Final = sa.select(CONTACTS).where(CONTACTS.c.city == _B("city"))
_JOINING: Final = sa.select(JOININGS).where(JOININGS.c.key == _B("key"))
_HEAR: Final = (
    sa.update(JOININGS)
    .where(JOININGS.c.key == _B("which"), JOININGS.c.hello == b"")
    .values(hello=_B("said"))
)
_END_JOINING: Final = sa.delete(JOININGS).where(JOININGS.c.key == _B("which"))


class PartnershipRepository:
    """Partners' steps and contacts."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts

    def add_move(self, move: PartnerMove) -> None:
        """Keep a step."""
        self._session.write(
            _MOVE,
            city=move.city,
            move_id=move.move_id,
            at=to_micros(move.at),
            actor=move.actor,
            move=move.move,
            state=move.state,
            why=move.reason,
            legal_basis=move.legal_basis,
            privacy_assessment=move.privacy_assessment,
        )

    def moves(self, city: CityCode) -> tuple[PartnerMove, ...]:
        """Every step of a partner, the oldest first."""
        return tuple(
            PartnerMove(CityCode(row[0]), row[1], to_instant(row[2]), *row[3:])
            for row in self._session.all(_MOVES, city=city)
        )

    def put_contact(self, contact: Contact) -> None:
        """Keep what is known of the last contact."""
        offset = contact.clock_offset
        self._session.write(
            self._upserts.contact,
            city=contact.city,
            reached_at=to_micros_or_none(contact.reached_at),
            tried_at=to_micros(contact.tried_at),
            failures=contact.failures,
            problem=contact.problem,
            clock_offset=None if offset is None else to_span(offset),
            acknowledged=contact.acknowledged,
        )

    def contacts(self) -> dict[CityCode, Contact]:
        """The last contact with each partner."""
        return {CityCode(row[0]): _contact(*row) for row in self._session.all(_CONTACTS)}

    def contact(self, city: CityCode) -> Contact | None:
        """The last contact with a partner, if there was any."""
        row = self._session.one(_CONTACT, city=city)
        return None if row is None else _contact(*row)

    def begin_joining(self, joining: Joining) -> Joining:
        """Keep a way into another city, or find the one that was begun before."""
        self._session.write(
            self._upserts.joining,
            key=joining.key,
            seed=joining.seed,
            bundle=joining.bundle,
            certificate=joining.certificate,
            hello=joining.hello,
            begun_at=to_micros(joining.begun_at),
        )
        row = self._session.one(_JOINING, key=joining.key)
        if row is None:
            return joining
        key, seed, bundle, certificate, hello, begun_at = row
        return Joining(
            key=bytes(key),
            seed=bytes(seed),
            bundle=bytes(bundle),
            certificate=bytes(certificate),
            hello=bytes(hello),
            begun_at=to_instant(begun_at),
        )

    def hear_hello(self, key: bytes, hello: bytes) -> bytes:
        """Keep what the other city said, unless it said something before; what counts."""
        self._session.write(_HEAR, which=key, said=hello)
        row = self._session.one(_JOINING, key=key)
        return hello if row is None else bytes(row[4])

    def end_joining(self, key: bytes) -> None:
        """Forget a way, with its seed."""
        self._session.write(_END_JOINING, which=key)


def _contact(
    city: str,
    reached_at: int | None,
    tried_at: int,
    failures: int,
    problem: str,
    offset: int | None,
    acknowledged: int,
) -> Contact:
    return Contact(
        city=CityCode(city),
        tried_at=to_instant(tried_at),
        reached_at=to_instant_or_none(reached_at),
        failures=failures,
        problem=problem,
        clock_offset=None if offset is None else from_span(offset),
        acknowledged=acknowledged,
    )
