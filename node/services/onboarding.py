"""Two cities that know nothing of each other exchange their trust bundles, by a spoken code.

The one that invites keeps the code and opens its door; the one that joins proves the code by a
password-authenticated key exchange (`federation.onboarding`), in which both bundles travel. Each
side can go on after a crash: what it says follows from what it keeps. A try is counted before it
is looked at, so that three are three, however many come at once.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from federation import codec
from federation.envelope import Verified
from federation.errors import HutongError
from federation.hello import Finish, Hello
from federation.identifiers import CityCode
from federation.limits import ONBOARDING_BEGINS, ONBOARDING_CODE_LIFETIME, ONBOARDING_TRIES
from federation.messages import Endpoint, Partnership
from federation.onboarding import (
    CODE_WORDS,
    Exchanged,
    Inviting,
    Joining,
    Party,
    Secret,
    code_of,
)
from federation.words import Word, bytes_of, parse_words, words_of
from node.errors import CODE_USED, FIELD_INVALID, NO_INVITATION
from node.model import Joining as Joined
from node.ports import Door, Keys, Transaction, UnitOfWork
from node.registry import Invitation, Move, Partner, PartnerState
from node.services.answering import Ask, record, recorded
from node.services.here import Here
from node.services.partners import PartnerDesk, check_move

_SEED_BYTES: Final = 32

Encode = Callable[[Transaction, Partner], bytes]


@dataclass(frozen=True, slots=True)
class Invited:
    """What the inviting officer reads out."""

    words: tuple[Word, ...]
    address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """What the joining officer heard: the code, and where the door is."""

    code: bytes
    address: Endpoint

    @classmethod
    def read(cls, code: str, address: str) -> "Way":
        """The way that an officer typed; raises MALFORMED or FIELD_INVALID."""
        return cls(parse_words(code, CODE_WORDS, "code"), Endpoint.read(address, where="address"))


class Onboarding:
    """Invitations of this city, and its ways into others."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, door: Door, desk: PartnerDesk
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._door = door
        self._desk = desk

    async def invite(self, city: CityCode, request_id: str, actor: str) -> Invited:
        """Make a code for a city and open the door; the same request gets the same code.

        Raises:
            HutongError: MOVE_REFUSED for a partner that is past the exchange; CANNOT_LISTEN, with
                the invitation taken back.
        """
        invitation = await self._uow.run(lambda tx: self._invited(tx, city, request_id, actor))
        try:
            await self._door.open(invitation.certificate)
        except HutongError:
            await self._uow.run(lambda tx: self._end(tx, invitation, "cancelled"))
            raise
        return Invited(words_of(invitation.code), self._door.address, invitation.expires_at)

    def _invited(self, tx: Transaction, city: CityCode, request_id: str, actor: str) -> Invitation:
        if city == self._here.city:
            raise HutongError(FIELD_INVALID, field="city", problem="it is this city; name another")
        now = self._here.now()
        known = tx.registry.invitations.get(city)
        if known and known.request_id == request_id and known.code and known.is_open(now):
            return known
        partner = tx.registry.partners.get(city)
        if partner is not None:
            check_move(partner, Move.EXCHANGE)
        invitation = Invitation(
            city=city,
            request_id=request_id,
            code=code_of(self._here.entropy.token(CODE_WORDS)),
            seed=self._here.entropy.token(_SEED_BYTES),
            invited_by=actor,
            invited_at=now,
            expires_at=now + ONBOARDING_CODE_LIFETIME,
            bundle=self._keys.bundle,
            certificate=self._keys.peer_identity.der(),
        )
        tx.administration.put_invitation(invitation)
        self._desk.note(tx, city, "invite", PartnerState.INVITED, actor)
        return invitation

    def cancel(self, tx: Transaction, city: CityCode, actor: str) -> None:
        """Take an open invitation back."""
        invitation = tx.registry.invitations.get(city)
        if invitation is None or not invitation.is_open(self._here.now()):
            raise HutongError(NO_INVITATION, city=city)
        self._end(tx, invitation, "cancelled")
        self._desk.note(tx, city, "cancel", PartnerState.ENDED, actor)

    def _end(self, tx: Transaction, seen: Invitation, why: str) -> bool:
        """End an invitation as it is now; False where it has ended, or another took its place."""
        current = tx.registry.invitations[seen.city]
        if current.ended or current.request_id != seen.request_id:
            return False
        tx.administration.put_invitation(replace(current, ended=why, code=b"", seed=b""))
        return True

    async def tick(self) -> None:
        """Keep the door open exactly while an invitation is; erase the codes that ended."""
        now = self._here.now()
        invitations = self._uow.registry.invitations.values()
        for each in invitations:
            if not each.ended and now >= each.expires_at:
                await self._uow.run(lambda tx, old=each: self._end(tx, old, "expired"))  # type: ignore[misc]
        is_open = [invitation for invitation in invitations if invitation.is_open(now)]
        if is_open:
            # A certificate that was replaced meanwhile is in what was said already.
            newest = max(is_open, key=lambda invitation: invitation.invited_at)
            await self._door.open(newest.certificate)
        else:
            await self._door.close()

    async def begin(self, hello: Hello) -> Hello:
        """Greet back a city that knocks; raises NO_INVITATION or CODE_USED."""
        invitation = await self._uow.run(lambda tx: self._greeted(tx, hello.city))
        return await asyncio.to_thread(self._inviting(invitation).hello, hello)

    def _greeted(self, tx: Transaction, city: CityCode) -> Invitation:
        invitation = self._usable(tx, city)
        if invitation.begins >= ONBOARDING_BEGINS:
            raise HutongError(CODE_USED, city=city, why="it was tried too often")
        greeted = replace(invitation, begins=invitation.begins + 1)
        tx.administration.put_invitation(greeted)
        return greeted

    async def finish(self, hello: Hello, said: Finish) -> Finish:
        """Take the bundle of a city that proves the code, and give ours.

        The same Finish gets the same answer again; another one is refused, the code was used.

        Raises:
            HutongError: WRONG_CODE with the tries that are left, CODE_USED, NO_INVITATION, and
                what is wrong with the bundle.
        """
        digest = _digest(hello, said)
        invitation = await self._uow.run(lambda tx: self._tried(tx, hello.city, digest))
        if invitation.answer:
            return _answer(invitation.answer)
        inviting, now = self._inviting(invitation), self._here.now()
        left = ONBOARDING_TRIES - invitation.tries
        try:
            exchanged = await asyncio.to_thread(inviting.open, hello, said, now, tries_left=left)
        except HutongError:
            if left <= 0:
                await self._uow.run(lambda tx: self._burn(tx, invitation))
            raise
        answer = await asyncio.to_thread(inviting.finish, hello)
        kept = await self._uow.run(
            lambda tx: self._joined(tx, invitation, digest, exchanged, answer)
        )
        return _answer(kept.answer)

    def _tried(self, tx: Transaction, city: CityCode, digest: bytes) -> Invitation:
        """The invitation with this try counted; with its answer, where that was given before."""
        invitation = tx.registry.invitations.get(city)
        open_ = invitation is not None and invitation.is_open(self._here.now())
        if invitation and open_ and invitation.finish_digest == digest:
            return invitation
        invitation = self._usable(tx, city)
        tried = replace(invitation, tries=invitation.tries + 1)
        tx.administration.put_invitation(tried)
        return tried

    def _burn(self, tx: Transaction, tried: Invitation) -> None:
        joined = tx.registry.invitations[tried.city].finish_digest
        if not joined and self._end(tx, tried, "burned"):
            self._desk.note(tx, tried.city, "burn", PartnerState.INVITED, "whoever joined")

    def _usable(self, tx: Transaction, city: CityCode) -> Invitation:
        invitation = tx.registry.invitations.get(city)
        if invitation is None:
            raise HutongError(NO_INVITATION, city=city)
        if invitation.finish_digest:
            raise HutongError(CODE_USED, city=city, why="joined")
        if not invitation.is_open(self._here.now()):
            raise HutongError(CODE_USED, city=city, why=invitation.ended or "expired")
        if invitation.tries >= ONBOARDING_TRIES:
            raise HutongError(CODE_USED, city=city, why="burned")
        return invitation

    def _joined(
        self,
        tx: Transaction,
        tried: Invitation,
        digest: bytes,
        exchanged: Exchanged,
        answer: Finish,
    ) -> Invitation:
        now_kept = tx.registry.invitations[tried.city]
        if now_kept.finish_digest == digest:
            return now_kept
        another = now_kept.request_id != tried.request_id
        if now_kept.finish_digest or now_kept.ended or another:
            raise HutongError(CODE_USED, city=tried.city, why=now_kept.ended or "joined")
        joined = replace(
            now_kept,
            code=b"",
            seed=b"",
            finish_digest=digest,
            answer=_answer_bytes(answer),
        )
        tx.administration.put_invitation(joined)
        self._desk.exchanged(
            tx,
            exchanged.bundle,
            actor=tried.invited_by,
            reason="by invitation",
            words=bytes_of(exchanged.words),
        )
        return joined

    def heard(self, tx: Transaction, said: Verified[Partnership]) -> None:
        """The city that joined has the answer, for it speaks as a partner: the exchange is over."""
        invitation = tx.registry.invitations.get(said.message.header.issuer)
        if invitation and invitation.finish_digest:
            self._end(tx, invitation, "joined")

    async def join(self, ask: Ask, way: Way, actor: str, encode: Encode) -> bytes:
        """Go into another city by its code, and keep its bundle.

        Raises:
            HutongError: DOOR_UNREACHABLE; WRONG_CODE, also where this is not the city's door;
                what the other city says.
        """
        found = await self._uow.read(lambda tx: recorded(tx, ask))
        if found is not None:
            return found
        # Keyed: a code is short, and would be guessed from a bare digest.
        key = self._keys.document_digest(0, f"way {way.code.hex()} {way.address}")
        new = Joined(
            key=key,
            seed=self._here.entropy.token(_SEED_BYTES),
            bundle=codec.envelope_to_bytes(self._keys.bundle),
            certificate=self._keys.peer_identity.der(),
            begun_at=self._here.now(),
        )
        begun = await self._uow.run(lambda tx: tx.partnerships.begin_joining(new))
        exchanged = await self._go(way, begun)

        def keep(tx: Transaction) -> bytes:
            partner = self._desk.exchanged(
                tx,
                exchanged.bundle,
                actor=actor,
                reason=f"by the code of {way.address}",
                words=bytes_of(exchanged.words),
            )
            tx.partnerships.end_joining(key)
            return record(tx, ask, encode(tx, partner), self._here.now())

        return await self._uow.run(keep)

    async def _go(self, way: Way, begun: Joined) -> Exchanged:
        shown = await self._door.shown_by(way.address)
        joining = Joining(
            Secret(way.code, begun.seed),
            Party(self._here.city, begun.certificate, codec.envelope_from_bytes(begun.bundle)),
        )
        hello = await asyncio.to_thread(joining.hello)
        kept = begun.hello
        if not kept:
            heard = await self._door.begin(way.address, shown, hello)
            known = self._uow.registry.partners.get(heard.city)
            if known is not None:
                # Before the other city keeps an exchange that this one would not.
                check_move(known, Move.EXCHANGE)
            said = _hello_to_json(heard)
            # What was heard first counts, also where two of this city's operators join at once.
            kept = await self._uow.run(lambda tx: tx.partnerships.hear_hello(begun.key, said))
        theirs = _hello_from_json(kept)
        finish = await asyncio.to_thread(joining.finish, theirs, shown)
        answer = await self._door.finish(way.address, shown, hello, finish)
        return await asyncio.to_thread(joining.open, theirs, shown, answer, self._here.now())

    def _inviting(self, invitation: Invitation) -> Inviting:
        return Inviting(
            Secret(invitation.code, invitation.seed),
            Party(self._here.city, invitation.certificate, invitation.bundle),
            invitation.city,
        )


def _hello_to_json(hello: Hello) -> bytes:
    return json.dumps(
        {
            "city": hello.city,
            "protocol_version": hello.protocol_version,
            "suites": hello.suites,
            "tls_certificate": hello.tls_certificate.hex(),
            "pake": hello.pake.hex(),
            "commitment": hello.commitment.hex(),
        }
    ).encode()


def _hello_from_json(kept: bytes) -> Hello:
    found = json.loads(kept)
    return Hello(
        city=CityCode(found["city"]),
        protocol_version=found["protocol_version"],
        suites=tuple(found["suites"]),
        tls_certificate=bytes.fromhex(found["tls_certificate"]),
        pake=bytes.fromhex(found["pake"]),
        commitment=bytes.fromhex(found["commitment"]),
    )


def _digest(hello: Hello, said: Finish) -> bytes:
    parts = (hello.pake, hello.tls_certificate, said.confirmation, said.sealed_bundle)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _answer_bytes(answer: Finish) -> bytes:
    return bytes([len(answer.confirmation)]) + answer.confirmation + answer.sealed_bundle


def _answer(kept: bytes) -> Finish:
    size = kept[0]
    return Finish(kept[1 : 1 + size], kept[1 + size :])
