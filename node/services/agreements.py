"""Agreements: proposed by one city, signed by the other, in force in both.

Each step is kept before it is sent, and may be repeated: the partner takes the same bytes twice.
"""

from collections.abc import Callable
from datetime import timedelta

from federation import codec
from federation.agreement import check_agreement
from federation.envelope import Envelope, add_signature, open_envelope, seal
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.identifiers import CityCode, uuid8
from federation.limits import CLOCK_SKEW
from federation.messages import Agreement, Header, ScoreScale
from federation.trust import signing_keys
from node.errors import FIELD_INVALID, NOT_A_PARTNER, NOTHING_IN_FORCE, STATE_REFUSED, UNKNOWN
from node.files import parse_agreement
from node.model import LogKind, Page, PageRequest
from node.ports import Keys, Peers, Transaction, UnitOfWork
from node.registry import AgreementState, Partner, Registry, StoredAgreement
from node.services.answering import Ask, record, recorded
from node.services.here import Here
from node.services.paging import page_of
from node.services.partners import PartnerDesk

Encode = Callable[[StoredAgreement], bytes]


class AgreementDesk:
    """Agreements, as operators and partners change them."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, peers: Peers, partners: PartnerDesk
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._partners = partners

    async def propose(
        self, ask: Ask, city: CityCode, file_name: str, content: bytes, encode: Encode
    ) -> bytes:
        """Sign an agreement from a file, keep it, and bring it to the partner.

        The statement's id follows from the request, so that a repetition sends the same bytes.
        """
        found = await self._uow.read(lambda tx: recorded(tx, ask))
        if found is not None:
            return found
        partner = await self._partners.sync(city)
        statement_id = _derived_id(ask)
        stored = await self._uow.run(
            lambda tx: self._proposed(tx, statement_id, city, file_name, content)
        )
        await self._peers.propose_agreement(partner, stored.envelope)
        return await self._uow.run(lambda tx: record(tx, ask, encode(stored), self._here.now()))

    def _proposed(
        self,
        tx: Transaction,
        statement_id: str,
        city: CityCode,
        file_name: str,
        content: bytes,
    ) -> StoredAgreement:
        for stored in tx.registry.agreements:
            if stored.agreement.header.statement_id == statement_id:
                return stored
        agreement = self._draw_up(tx.registry, statement_id, city, file_name, content)
        envelope = seal(codec.AGREEMENT, agreement, [self._keys])
        stored = StoredAgreement(agreement, envelope, AgreementState.PROPOSED_HERE)
        self._keep(tx, stored)
        return stored

    def _draw_up(
        self,
        registry: Registry,
        statement_id: str,
        city: CityCode,
        file_name: str,
        content: bytes,
    ) -> Agreement:
        now = self._here.now()
        here, there = self._scales(registry, city)
        draft = parse_agreement(file_name, content, here=here, there=there)
        before = [s.agreement for s in registry.agreements if city in s.agreement.parties]
        one, other = sorted((self._here.city, city))
        scales = {scale.header.issuer: codec.scale_reference(scale) for scale in (here, there)}
        life = timedelta(days=draft.valid_days)
        agreement = draft.agreement(
            header=Header(statement_id, self._here.city, (one, other), now, now + life),
            agreement_id=before[-1].agreement_id if before else self._here.new_id(now),
            version=max((a.version for a in before), default=0) + 1,
            parties=(one, other),
            scales=(scales[one], scales[other]),
            # The partner's clock may be behind: what both have signed is in force at once.
            valid_from=now - CLOCK_SKEW,
        )
        check_agreement(agreement, {self._here.city: here, city: there})
        return agreement

    async def receive_proposal(self, city: CityCode, envelope: Envelope) -> None:
        """Keep what a partner proposes, for an operator to read; an older proposal gives way."""
        partner = self._partner(city)
        opened = open_envelope(
            envelope,
            codec.AGREEMENT,
            signed_by=[signing_keys(partner.bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )
        agreement = opened.message
        if set(agreement.parties) != {self._here.city, city}:
            raise _mismatch("its parties are not the two cities of this call")
        stored = StoredAgreement(agreement, envelope, AgreementState.PROPOSED_THERE)

        def keep(tx: Transaction) -> None:
            known = _find(tx.registry, stored.key)
            if known is not None:
                if known.envelope.payload != envelope.payload:
                    raise _mismatch("this version is known with other content")
                return
            here, there = self._scales(tx.registry, city)
            check_agreement(agreement, {self._here.city: here, city: there})
            _check_newer(tx.registry, city, agreement)
            self._replace(tx, city, AgreementState.PROPOSED_THERE)
            self._keep(tx, stored)

        await self._uow.run(keep)

    async def sign(self, ask: Ask, key: tuple[str, int], encode: Encode) -> bytes:
        """Sign what a partner proposed, bring it back, and put it in force."""
        found = await self._uow.read(lambda tx: recorded(tx, ask))
        if found is not None:
            return found
        signed = await self._uow.run(lambda tx: self._signed(tx, key))
        partner = self._partner(signed.agreement.other(self._here.city))
        await self._peers.countersign_agreement(partner, signed.envelope)

        def activate(tx: Transaction) -> bytes:
            return record(tx, ask, encode(self._activate(tx, signed)), self._here.now())

        return await self._uow.run(activate)

    def _signed(self, tx: Transaction, key: tuple[str, int]) -> StoredAgreement:
        stored = _find(tx.registry, key)
        if stored is None:
            raise _unknown(key)
        if stored.state not in (AgreementState.PROPOSED_THERE, AgreementState.ACTIVE):
            raise _refused(stored, "a proposal by the partner")
        if any(s.key_id == self._keys.key_id for s in stored.envelope.signatures):
            return stored
        city = stored.agreement.other(self._here.city)
        here, there = self._scales(tx.registry, city)
        check_agreement(stored.agreement, {self._here.city: here, city: there})
        envelope = add_signature(stored.envelope, self._keys)
        signed = StoredAgreement(stored.agreement, envelope, stored.state)
        self._keep(tx, signed)
        return signed

    async def receive_countersigned(self, city: CityCode, envelope: Envelope) -> None:
        """Put in force what this city proposed and the partner signed too."""
        own = codec.TRUST_BUNDLE.decode(self._keys.bundle.payload)
        opened = open_envelope(
            envelope,
            codec.AGREEMENT,
            signed_by=[signing_keys(own), signing_keys(self._partner(city).bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )

        def keep(tx: Transaction) -> None:
            agreement = opened.message
            known = _find(tx.registry, (agreement.agreement_id, agreement.version))
            if known is None or known.envelope.payload != envelope.payload:
                raise _mismatch("this city proposed nothing like it")
            if known.state is AgreementState.ACTIVE:
                return
            if known.state is not AgreementState.PROPOSED_HERE:
                raise _refused(known, "a proposal by this city")
            self._activate(tx, StoredAgreement(agreement, envelope, known.state))

        await self._uow.run(keep)

    def set_state(
        self, tx: Transaction, agreement_id: str, state: AgreementState, reason: str
    ) -> StoredAgreement:
        """Suspend the agreement in use, or resume the suspended one, from the next call on."""
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why, for the record")
        suspending = state is AgreementState.SUSPENDED
        needed = AgreementState.ACTIVE if suspending else AgreementState.SUSPENDED
        found = [s for s in tx.registry.agreements if s.agreement.agreement_id == agreement_id]
        if not found:
            raise _unknown((agreement_id, 0))
        stored = next((s for s in reversed(found) if s.state is needed), None)
        if stored is None:
            raise _refused(found[-1], needed.value)
        tx.administration.set_agreement_state(stored.key, state, reason)
        content = f"agreement {agreement_id} {stored.agreement.version} {state.value} {reason}"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content.encode(), self._here.now())
        return StoredAgreement(stored.agreement, stored.envelope, state, reason)

    def page(self, request: PageRequest) -> Page[StoredAgreement]:
        """The agreements, the newest first."""
        newest = sorted(
            self._uow.registry.agreements,
            key=lambda s: (s.agreement.header.issued_at, s.key),
            reverse=True,
        )
        return page_of(newest, lambda s: f"{s.key[0]}.{s.key[1]}", request)

    def _activate(self, tx: Transaction, signed: StoredAgreement) -> StoredAgreement:
        city = signed.agreement.other(self._here.city)
        for state in (AgreementState.ACTIVE, AgreementState.SUSPENDED):
            self._replace(tx, city, state, keep=signed.key)
        active = StoredAgreement(signed.agreement, signed.envelope, AgreementState.ACTIVE)
        self._keep(tx, active)
        return active

    def _replace(
        self,
        tx: Transaction,
        city: CityCode,
        state: AgreementState,
        keep: tuple[str, int] | None = None,
    ) -> None:
        for stored in tx.registry.agreements:
            if stored.state is state and city in stored.agreement.parties and stored.key != keep:
                tx.administration.set_agreement_state(
                    stored.key, AgreementState.REPLACED, "a newer version came"
                )

    def _keep(self, tx: Transaction, stored: StoredAgreement) -> None:
        tx.administration.put_agreement(stored)
        content = codec.envelope_to_bytes(stored.envelope)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, self._here.now())

    def _partner(self, city: CityCode) -> Partner:
        partner = self._uow.registry.active_partner(city)
        if partner is None:
            raise HutongError(NOT_A_PARTNER, city=city)
        return partner

    def _scales(self, registry: Registry, city: CityCode) -> tuple[ScoreScale, ScoreScale]:
        own, other = registry.own_scale(), registry.partner_scale(city)
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load")
        if other is None:
            command = f"hutong partner sync {city}"
            raise HutongError(NOTHING_IN_FORCE, what=f"scale of {city}", command=command)
        return own.exported, other.exported


def _find(registry: Registry, key: tuple[str, int]) -> StoredAgreement | None:
    return next((stored for stored in registry.agreements if stored.key == key), None)


def _check_newer(registry: Registry, city: CityCode, agreement: Agreement) -> None:
    for stored in registry.agreements:
        if city in stored.agreement.parties and stored.agreement.version >= agreement.version:
            raise _mismatch(f"version {stored.agreement.version} is known already")


def _derived_id(ask: Ask) -> str:
    return uuid8(f"agreement\0{ask.caller}\0{ask.request_id}".encode())


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="agreement", problem=problem)


def _refused(stored: StoredAgreement, needed: str) -> HutongError:
    name = f"{stored.agreement.agreement_id} version {stored.agreement.version}"
    return HutongError(
        STATE_REFUSED, what="agreement", name=name, state=stored.state.value, needed=needed
    )


def _unknown(key: tuple[str, int]) -> HutongError:
    name = f"{key[0]} version {key[1]}" if key[1] else key[0]
    return HutongError(UNKNOWN, what="agreement", name=name, remedy="see `hutong agreement list`")
