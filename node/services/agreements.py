"""Agreements: proposed or amended by one city, signed by the other, in force in both.

Each step is kept before it is sent, and may be repeated: the partner takes the same bytes twice,
and each refresh brings again what waits.
Where two cities propose the same version at once, the proposal of the lower code stands in both.
How an agreement is suspended and ended is in `agreement_life`.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from federation import codec
from federation.agreement import agreement_id_of, check_agreement
from federation.envelope import (
    Envelope,
    add_signature,
    check_shape,
    open_envelope,
    seal,
    verify_signatures,
)
from federation.errors import AGREEMENT_MISMATCH, HutongError, Reason
from federation.freshness import check_window
from federation.identifiers import CityCode, uuid8
from federation.messages import Agreement
from federation.trust import signing_keys
from node.errors import (
    AGREEMENT_MOVED_ON,
    PROPOSAL_GIVES_WAY,
    PROPOSAL_WITHDRAWN,
)
from node.model import Page, PageRequest
from node.ports import Keys, Peers, Transaction, UnitOfWork
from node.registry import AgreementState, Partner, Registry, StoredAgreement
from node.services.agreement_book import AgreementBook, between
from node.services.agreement_moves import (
    OPEN,
    AgreementMove,
    Key,
    check_move,
    condition,
    find,
    found,
    is_over,
    newest_of,
    refused,
    versions_of,
)
from node.services.agreement_view import AgreementView, view_of
from node.services.answering import Ask, record, recorded
from node.services.drafting import Draft, check_signable, draw_up, newest_scales
from node.services.here import Here
from node.services.paging import page_of
from node.services.partners import active_partner, own_keyring
from node.services.swapping import Swapping

Encode = Callable[[StoredAgreement], bytes]


class AgreementDesk:
    """Agreements, as two cities come to them."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        peers: Peers,
        book: AgreementBook,
        swapping: Swapping,
    ) -> None:
        """For the city of `here`."""
        self._swapping = swapping
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._book = book

    async def propose(
        self, ask: Ask, city: CityCode, file_name: str, content: bytes, encode: Encode
    ) -> bytes:
        """Sign an agreement from a file, keep it, and bring it to the partner.

        Refused where one is in force or waits for this city: that one is amended or signed.
        """
        draft = Draft(self._derived_id(ask), city, file_name, content, None)
        return await self._offer(ask, draft, encode)

    async def amend(
        self, ask: Ask, key: Key, file_name: str, content: bytes, encode: Encode
    ) -> bytes:
        """Propose a new version in the place of `key`; refused where that is not the newest."""
        versions = versions_of(self._uow.registry, key[0])
        city = versions[-1].agreement.other(self._here.city)
        draft = Draft(self._derived_id(ask), city, file_name, content, key[1])
        return await self._offer(ask, draft, encode)

    async def _offer(self, ask: Ask, draft: Draft, encode: Encode) -> bytes:
        answer = await self._uow.read(lambda tx: recorded(tx, ask))
        if answer is not None:
            return answer
        await self._swapping.swap(draft.city)
        partner = active_partner(self._uow.registry, draft.city)
        stored = await self._uow.run(lambda tx: self._proposed(tx, draft))
        await self._bring(partner, stored)
        return await self._uow.run(lambda tx: record(tx, ask, encode(stored), self._here.now()))

    async def _bring(self, partner: Partner, stored: StoredAgreement) -> None:
        try:
            await self._peers.propose_agreement(partner, stored.envelope)
        except HutongError as error:
            if _told(error, PROPOSAL_GIVES_WAY):
                await self._uow.run(lambda tx: self._take_back(tx, stored, "it gave way"))
                raise _gives_way(stored.agreement, partner.city) from error
            raise

    async def refresh(self, city: CityCode) -> Partner:
        """Swap everything with a partner, and bring it what waits for it."""
        partner = await self._swapping.swap(city)
        # A partner that refuses a proposal was reached all the same; its proposer was told.
        with contextlib.suppress(HutongError):
            await self.deliver(city)
        return partner

    async def deliver(self, city: CityCode) -> None:
        """Bring a partner again what waits for it: a call that got lost leaves nothing stuck."""
        registry = self._uow.registry
        partner = registry.active_partner(city)
        own = own_keyring(self._keys)
        for stored in between(registry, city) if partner else ():
            signed = any(own.find(s.key_id) for s in stored.envelope.signatures)
            if partner and stored.state is AgreementState.PROPOSED_HERE:
                await self._bring(partner, stored)
            elif partner and stored.state is AgreementState.PROPOSED_THERE and signed:
                await self._bring_back(partner, stored)
                await self._uow.run(lambda tx, s=stored: self._book.activate(tx, s))  # type: ignore[misc]

    def _proposed(self, tx: Transaction, draft: Draft) -> StoredAgreement:
        before = between(tx.registry, draft.city)
        for stored in before:
            if stored.agreement.header.statement_id == draft.statement_id:
                if stored.state is AgreementState.WITHDRAWN:
                    raise refused(stored, AgreementMove.PROPOSE, self._here.now())
                return stored
        self._check_newest(before, draft.version)
        agreement = draw_up(
            tx,
            self._here.city,
            draft,
            self._agreement_id(before, draft.city),
            before[-1].key[1] + 1 if before else 1,
            self._here.now(),
        )
        envelope = seal(codec.AGREEMENT, agreement, [self._keys])
        made = StoredAgreement(agreement, envelope, AgreementState.PROPOSED_HERE)
        self._book.propose(tx, draft.city, made)
        return made

    def _check_newest(self, before: tuple[StoredAgreement, ...], version: int | None) -> None:
        """Compare and swap: an operator replaces what they read, and nothing that came since."""
        now = self._here.now()
        if version is None:
            for stored in reversed(before):
                waits = stored.state is AgreementState.PROPOSED_THERE
                if waits or (stored.state is AgreementState.ACTIVE and not is_over(stored, now)):
                    raise refused(stored, AgreementMove.PROPOSE, now)
            return
        newest = newest_of(before)
        if newest.state not in (*OPEN, AgreementState.ACTIVE):
            raise refused(newest, AgreementMove.AMEND, now, (AgreementMove.PROPOSE,))
        if newest.key[1] != version:
            raise HutongError(
                AGREEMENT_MOVED_ON,
                agreement=newest.key[0],
                newest=str(newest.key[1]),
                state=condition(newest, now).value,
                version=str(version),
            )
        check_move(newest, AgreementMove.AMEND, now)

    def _derived_id(self, ask: Ask) -> str:
        """An id that no other city derives, whatever its clients call themselves."""
        return uuid8(f"agreement\0{self._here.city}\0{ask.caller}\0{ask.request_id}".encode())

    def _agreement_id(self, before: tuple[StoredAgreement, ...], city: CityCode) -> str:
        return before[-1].key[0] if before else agreement_id_of(self._here.city, city)

    async def receive_proposal(self, city: CityCode, envelope: Envelope) -> None:
        """Keep what a partner proposes, for an operator to read; an older proposal gives way."""
        opened = open_envelope(
            envelope,
            codec.AGREEMENT,
            signed_by=[signing_keys(active_partner(self._uow.registry, city).bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )
        agreement = opened.message
        if set(agreement.parties) != {self._here.city, city}:
            raise _mismatch("its parties are not the two cities of this call")
        stored = StoredAgreement(agreement, envelope, AgreementState.PROPOSED_THERE)

        def keep(tx: Transaction) -> None:
            before = between(tx.registry, city)
            known = find(tx.registry, stored.key)
            if known is not None and known.envelope.payload == envelope.payload:
                return
            if agreement.agreement_id != self._agreement_id(before, city):
                raise _mismatch("the agreement of these two cities has another id")
            check_agreement(agreement, newest_scales(tx.registry, self._here.city, city))
            if known is not None:
                self._settle(known, city)
            elif before and before[-1].key[1] > agreement.version:
                raise _mismatch(f"version {before[-1].key[1]} is known already")
            self._book.propose(tx, city, stored)

        await self._uow.run(keep)

    def _settle(self, known: StoredAgreement, city: CityCode) -> None:
        """Both cities proposed this version: the proposal of the lower code stands, in both."""
        if known.state is AgreementState.PROPOSED_HERE and self._here.city < city:
            raise _gives_way(known.agreement, self._here.city)
        ours = known.agreement.header.issuer == self._here.city
        if not ours or known.state not in (AgreementState.PROPOSED_HERE, AgreementState.WITHDRAWN):
            raise _mismatch(f"version {known.key[1]} is known with other content")

    async def sign(self, ask: Ask, key: Key, encode: Encode) -> bytes:
        """Sign what a partner proposed, bring it back, and put it in force."""
        answer = await self._uow.read(lambda tx: recorded(tx, ask))
        if answer is not None:
            return answer
        city = found(self._uow.registry, key).agreement.other(self._here.city)
        # A scale that has just changed there must not be signed for.
        await self._swapping.swap(city)
        partner = active_partner(self._uow.registry, city)
        signed = await self._uow.run(lambda tx: self._signed(tx, key))
        await self._bring_back(partner, signed)

        def activate(tx: Transaction) -> bytes:
            return record(tx, ask, encode(self._book.activate(tx, signed)), self._here.now())

        return await self._uow.run(activate)

    async def _bring_back(self, partner: Partner, signed: StoredAgreement) -> None:
        try:
            await self._peers.countersign_agreement(partner, signed.envelope)
        except HutongError as error:
            if _told(error, PROPOSAL_WITHDRAWN):
                await self._uow.run(lambda tx: self._take_back(tx, signed, "by the partner"))
                raise _withdrawn(signed.agreement, partner.city) from error
            raise

    def _signed(self, tx: Transaction, key: Key) -> StoredAgreement:
        stored = found(tx.registry, key)
        if stored.state is not AgreementState.ACTIVE:
            check_move(stored, AgreementMove.SIGN, self._here.now())
        if any(s.key_id == self._keys.key_id for s in stored.envelope.signatures):
            return stored
        check_signable(tx, self._here.city, stored.agreement)
        signed = replace(stored, envelope=add_signature(stored.envelope, self._keys))
        self._book.keep(tx, signed)
        return signed

    async def receive_countersigned(self, city: CityCode, envelope: Envelope) -> None:
        """Put in force what this city proposed and the partner signed too."""
        check_shape(envelope, codec.AGREEMENT)
        partner = active_partner(self._uow.registry, city)
        now = self._here.now()

        def keep(tx: Transaction) -> None:
            known = _same_bytes(tx.registry, envelope)
            agreement = known.agreement
            if known.state is AgreementState.ACTIVE:
                return
            if known.state is AgreementState.WITHDRAWN:
                raise _withdrawn(agreement, self._here.city)
            if known.state is not AgreementState.PROPOSED_HERE:
                raise refused(known, AgreementMove.SIGN, self._here.now())
            # Our own signature is the one that we kept: its key may have been retired since.
            own = known.envelope.signatures
            theirs = tuple(s for s in envelope.signatures if s not in own)
            signed = replace(known.envelope, signatures=theirs)
            verify_signatures(signed, [signing_keys(partner.bundle)], now)
            check_window(agreement.header, codec.AGREEMENT.label, now)
            both = replace(known.envelope, signatures=(*own, *theirs))
            self._book.activate(tx, replace(known, envelope=both))

        await self._uow.run(keep)

    def withdraw(self, tx: Transaction, key: Key, actor: str, reason: str) -> StoredAgreement:
        """Take back a proposal of this city; the partner hears of it when it signs."""
        stored = found(tx.registry, key)
        check_move(stored, AgreementMove.WITHDRAW, self._here.now())
        withdrawn = replace(stored, state=AgreementState.WITHDRAWN, state_reason=reason)
        tx.administration.put_agreement(withdrawn)
        self._book.note(tx, withdrawn, "withdrawn", actor, reason)
        return withdrawn

    def _take_back(self, tx: Transaction, sent: StoredAgreement, why: str) -> None:
        known = find(tx.registry, sent.key)
        same = known is not None and known.envelope.payload == sent.envelope.payload
        if known is not None and same and known.state in OPEN:
            tx.administration.set_agreement_state(known.key, AgreementState.WITHDRAWN, why)

    def page(self, request: PageRequest) -> Page[StoredAgreement]:
        """The agreements, the newest first."""
        newest = sorted(
            self._uow.registry.agreements,
            key=lambda s: (s.agreement.header.issued_at, s.key),
            reverse=True,
        )
        return page_of(newest, lambda s: f"{s.key[0]}.{s.key[1]}", request)

    def view(self, stored: StoredAgreement) -> AgreementView:
        """A version as a person reads it."""
        own = codec.TRUST_BUNDLE.decode(self._keys.bundle.payload)
        return view_of(self._uow.registry, stored, own, self._here.now())


def _told(error: HutongError, reason: Reason) -> bool:
    """Whether the partner refused for that reason."""
    return error.fields.get("peer_reason") == reason.name


def _same_bytes(registry: Registry, envelope: Envelope) -> StoredAgreement:
    """What this city proposed in just these bytes."""
    for stored in registry.agreements:
        same = stored.envelope.payload_type == envelope.payload_type
        if same and stored.envelope.payload == envelope.payload:
            return stored
    raise _mismatch("this city proposed nothing like it")


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="agreement", problem=problem)


def _gives_way(agreement: Agreement, city: CityCode) -> HutongError:
    return HutongError(
        PROPOSAL_GIVES_WAY,
        city=city,
        agreement=agreement.agreement_id,
        version=str(agreement.version),
    )


def _withdrawn(agreement: Agreement, city: CityCode) -> HutongError:
    return HutongError(
        PROPOSAL_WITHDRAWN,
        city=city,
        agreement=agreement.agreement_id,
        version=str(agreement.version),
    )
