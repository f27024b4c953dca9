"""The host city's side of uses that are limited over the whole federation: it asks the home city.

The question is kept before it is sent, so that a venue that lost its answer asks again and gets the
first. A host that dies after it asked holds a use that nobody reserved: the question is still there
when it is up again, and what it may have got is given back. What is given back is kept until the
home city knows. Where the home city cannot be reached nothing is reserved: never one too many.

No message to a home city names a venue, an incentive or, but by consent, the kind of it.
"""

from datetime import datetime, timedelta
from typing import Final

from federation import codec
from federation.envelope import Envelope, Verified, open_envelope, open_own, seal
from federation.errors import ANSWERS_ANOTHER_REQUEST, NOT_RECOGNISED, HutongError
from federation.identifiers import CityCode
from federation.incentives import UseLease, UseRelease, UseRequest
from federation.limits import CLOCK_SKEW, REQUEST_LIFETIME
from federation.messages import UseCounting
from federation.uses import parse_use_key, use_label
from node import limits
from node.errors import PEER_UNREACHABLE, REQUEST_ID_REUSED
from node.logbook import LogKind
from node.ports import Keys, PeerUses, Transaction, UnitOfWork
from node.redemption_errors import USE_KEY_MISSING, USE_NOT_COUNTED, USES_UNREACHABLE
from node.redemptions import PendingRelease, PendingUse
from node.services.answering import Ask
from node.services.counting import Counting
from node.services.here import Here
from node.services.partners import active_partner, keyring_of
from node.services.questioning import question_key
from node.services.redeeming import Lease
from node.services.reserving import Counted
from node.services.swapping import Swapping
from node.services.terms import TermsBook, not_active
from node.services.turns import Patience, Turns

# A kept question is sent again while the home city still takes it.
_COUNTS: Final = REQUEST_LIFETIME - timedelta(seconds=10)

# After this long no home city takes it any more, however its clock goes.
_ANSWERABLE: Final = REQUEST_LIFETIME + CLOCK_SKEW
_PATIENCE: Final = Patience(limits.REFRESH_AFTER_FAILURE, limits.REFRESH_AFTER_FAILURES)


class CountingUses:
    """Has uses counted by home cities, and gives them back."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        book: TermsBook,
        peers: PeerUses,
        counting: Counting,
        swapping: Swapping,
    ) -> None:
        """For the venues of `here`, whose own residents `counting` counts; see `tick`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._book = book
        self._peers = peers
        self._counting = counting
        self._swapping = swapping
        self._turns = Turns(here, self._pay, _PATIENCE, failed="use_not_given_back")

    def ask(self, tx: Transaction, ask: Ask, use: Counted, now: datetime) -> Verified[UseRequest]:
        """The question kept for this very request of the venue, or a new one, kept.

        What one that is too old may have got is given back.

        Raises:
            HutongError: USE_KEY_MISSING, USE_KEY_MISMATCH; MALFORMED for a mistyped key;
                USE_NOT_COUNTED where there is no consent to it; AGREEMENT_NOT_ACTIVE;
                REQUEST_ID_REUSED where the question of this request is about something else.

        """
        visitor, limit, here = use.visitor, use.limit, self._here
        terms = self._book.find(tx.registry, visitor.home, here.city)
        if terms is None or not terms.in_force(now):
            raise not_active(visitor.home, here.city)
        if visitor.counting is UseCounting.NONE:
            raise HutongError(USE_NOT_COUNTED, city=visitor.home)
        if not use.use_key:
            raise HutongError(USE_KEY_MISSING)
        secret = parse_use_key(use.use_key, where="use_key")
        label = use_label(secret, visitor.use_commitment, limit.use_class)
        key = question_key(ask)
        kept = tx.use_questions.get(key)
        if kept is not None and timedelta(0) <= now - kept.asked_at < _COUNTS:
            found = open_own(codec.envelope_from_bytes(kept.envelope), codec.USE_REQUEST)
            if (found.message.pseudonym, found.message.label) != (visitor.pseudonym, label):
                raise HutongError(REQUEST_ID_REUSED, request_id=ask.request_id)
            return found
        self.give_back(tx, ask, now)
        asked = UseRequest(
            header=here.header((visitor.home,), now, REQUEST_LIFETIME),
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            pseudonym=visitor.pseudonym,
            label=label,
            use_class=limit.use_class if visitor.counting is UseCounting.CLASS else "",
            most=limit.most,
            until=now + timedelta(days=limit.days),
        )
        envelope = seal(codec.USE_REQUEST, asked, [self._keys])
        lease_id, raw = asked.header.statement_id, codec.envelope_to_bytes(envelope)
        tx.use_questions.ask(PendingUse(key, lease_id, visitor.home, raw, now))
        here.trace(tx, LogKind.ISSUED, envelope.payload, now, subject=visitor.recognition_id)
        return open_own(envelope, codec.USE_REQUEST)

    async def lease(self, question: Verified[UseRequest]) -> Lease:
        """What the home city says to it.

        1. Give back what is to be given back there: it may be in the way.
        2. Ask.
        3. Read the answer: the home city's, to this very question, for no longer than was asked,
           and long enough to be used by either clock.

        Raises:
            HutongError: USE_NOT_COUNTED where it refuses, USES_UNREACHABLE, PARTNER_BUSY; another
                where its answer is not what it must be.

        """
        asked = question.message
        [home] = asked.header.audience
        # 1.
        if home in await self._uow.read(lambda tx: tx.use_questions.owed()):
            await self._paid(home)
        # 2.
        envelope = await self._asked(home, question)
        # 3.
        now = self._here.now()
        said = await self._swapping.opened(home, lambda: self._open(envelope, home, now))
        answered = (said.message.request_id, said.message.request_digest)
        if answered != (asked.header.statement_id, question.payload_digest):
            raise HutongError(ANSWERS_ANOTHER_REQUEST)
        until = min(said.message.until, asked.until)
        if now >= until - CLOCK_SKEW:
            raise HutongError(USE_NOT_COUNTED, city=home)
        return Lease(asked.header.statement_id, until, envelope.payload)

    async def _asked(self, home: CityCode, question: Verified[UseRequest]) -> Envelope:
        try:
            if home == self._here.city:
                answer = await self._counting.grant(question.envelope, home)
                return codec.envelope_from_bytes(answer)
            partner = active_partner(self._uow.registry, home)
            return await self._peers.reserve_use(partner, question.envelope)
        except HutongError as error:
            if error.reason == PEER_UNREACHABLE:
                raise HutongError(USES_UNREACHABLE, city=home) from error
            if error.reason != NOT_RECOGNISED:
                raise
            # Nothing is counted, and this question never will be: there is nothing to give back.
            lease_id = question.message.header.statement_id
            await self._uow.run(lambda tx: tx.use_questions.forget(lease_id))
            raise HutongError(USE_NOT_COUNTED, city=home) from error

    def _open(self, envelope: Envelope, home: CityCode, now: datetime) -> Verified[UseLease]:
        return open_envelope(
            envelope,
            codec.USE_LEASE,
            # Read again after the answer came: a partner may have been suspended meanwhile.
            signed_by=[keyring_of(self._uow.registry, self._keys, home)],
            audience=self._here.city,
            now=now,
        )

    def settle(self, tx: Transaction, ask: Ask, lease: Lease, about: str) -> bool:
        """Let the question go, for its lease is kept with the reservation of the visitor `about`.

        False where it is not there any more: its lease was given back meanwhile.
        """
        kept = tx.use_questions.get(question_key(ask))
        if kept is None or kept.lease_id != lease.lease_id:
            return False
        tx.use_questions.forget(lease.lease_id)
        self._here.trace(tx, LogKind.RECEIVED, lease.statement, self._here.now(), subject=about)
        return True

    def give_back(self, tx: Transaction, ask: Ask, now: datetime) -> None:
        """Let the question go, and have what it may have got given back; nothing without one."""
        kept = tx.use_questions.get(question_key(ask))
        if kept is not None:
            _give_back(tx, kept, now)

    async def tick(self) -> None:
        """Give back what nobody waits for any more, and begin to tell the home cities."""
        before, most = self._here.now() - _ANSWERABLE, limits.RELEASES_AT_ONCE
        if await self._uow.read(lambda tx: tx.use_questions.unanswered(before, 1)):
            await self._uow.run(lambda tx: self._forsake(tx, before, most))
        owed = await self._uow.read(lambda tx: tx.use_questions.owed())
        registry, city = self._uow.registry, self._here.city
        self._turns.begin_due(
            home for home in owed if home == city or registry.active_partner(home) is not None
        )

    async def close(self) -> None:
        """Let what runs go."""
        await self._turns.close()

    def _forsake(self, tx: Transaction, before: datetime, most: int) -> None:
        now = self._here.now()
        for kept in tx.use_questions.unanswered(before, most):
            _give_back(tx, kept, now)

    async def _paid(self, home: CityCode) -> None:
        """Give back now, unless the home city cannot be reached: what is asked next will tell."""
        try:
            await self._pay(home)
        except HutongError as error:
            if error.reason != PEER_UNREACHABLE:
                raise

    async def _pay(self, home: CityCode) -> None:
        """Give everything back that one home city is owed.

        Where it is cut off in the middle some is given back again, which changes nothing there.
        """
        most = limits.RELEASES_AT_ONCE
        while owed := await self._uow.read(lambda tx: tx.use_questions.releases(home, most)):
            sent = [await self._send(release) for release in owed]
            await self._uow.run(lambda tx, sent=sent: self._known(tx, sent))  # type: ignore[misc]

    async def _send(self, release: PendingRelease) -> Envelope:
        now = self._here.now()
        said = UseRelease(
            self._here.header((release.home,), now, REQUEST_LIFETIME), release.lease_id
        )
        envelope = seal(codec.USE_RELEASE, said, [self._keys])
        if release.home == self._here.city:
            await self._counting.release(envelope, release.home)
        else:
            partner = active_partner(self._uow.registry, release.home)
            await self._peers.release_use(partner, envelope)
        return envelope

    def _known(self, tx: Transaction, sent: list[Envelope]) -> None:
        now = self._here.now()
        for envelope in sent:
            said = open_own(envelope, codec.USE_RELEASE).message
            tx.use_questions.released(said.lease_id)
            self._here.trace(tx, LogKind.ISSUED, envelope.payload, now)


def _give_back(tx: Transaction, kept: PendingUse, now: datetime) -> None:
    if tx.use_questions.forget(kept.lease_id):
        tx.use_questions.give_back(PendingRelease(kept.lease_id, kept.home, now))
