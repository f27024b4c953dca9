"""Partner cities, as this city's operators decide on them, and as partners say of themselves.

Each step is kept with who, when and why. Nothing is active until two operators of each city had a
part in it: the one who exchanged keys is not the one who approves.
"""

from dataclasses import dataclass, replace

from federation import codec
from federation.envelope import (
    Envelope,
    Keyring,
    Verified,
    envelope_from_json,
    envelope_to_json,
    seal,
)
from federation.errors import BUNDLE_JUMP, LOG_FORKED, HutongError
from federation.identifiers import CityCode
from federation.limits import PARTNERSHIP_LIFETIME
from federation.messages import AgreementStanding, Flags, Partnership, TrustBundle
from federation.trust import (
    fingerprint,
    fingerprint_words,
    open_first_bundle,
    open_next_bundle,
    signing_keys,
)
from federation.words import Word
from node.errors import FIELD_INVALID, MOVE_REFUSED, NOT_A_PARTNER, SAME_OPERATOR, UNKNOWN
from node.logbook import LogKind
from node.model import Page, PageRequest, PartnerMove
from node.ports import Keys, Transaction, UnitOfWork
from node.registry import AgreementState, Move, Partner, PartnerState, Registry
from node.services.here import Here
from node.services.paging import page_of


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one city hands to another: its trust bundle in JSON, and the fingerprint to compare."""

    json: str
    fingerprint: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """What the second operator puts on record (PIPL 55-56)."""

    legal_basis: str
    privacy_assessment: str

    def __post_init__(self) -> None:
        """Refuse an approval that rests on nothing."""
        for name in ("legal_basis", "privacy_assessment"):
            if not getattr(self, name).strip():
                raise HutongError(FIELD_INVALID, field=name, problem="it is required")


class PartnerDesk:
    """Partners, and the steps that they take."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys

    def descriptor(self) -> Descriptor:
        """This city's descriptor."""
        bundle = self._keys.bundle
        return Descriptor(envelope_to_json(bundle), fingerprint(bundle), fingerprint_words(bundle))

    def page(self, request: PageRequest) -> Page[CityCode]:
        """The partners and the invited cities, by city code."""
        return page_of(sorted(self._cities()), str, request)

    def find_any(self, city: CityCode) -> None:
        """Raise UNKNOWN for a city that is neither a partner nor invited."""
        if city not in self._cities():
            find_partner(self._uow.registry, city)

    def _cities(self) -> set[CityCode]:
        registry, now = self._uow.registry, self._here.now()
        invited = {c for c, invitation in registry.invitations.items() if invitation.is_open(now)}
        return invited | set(registry.partners)

    def add(self, tx: Transaction, descriptor: bytes, compared: str, actor: str) -> Partner:
        """Take a descriptor whose fingerprint was compared: an exchange without a wire.

        A partner that is past the exchange keeps its state, and gets the bundle only where its own
        root signed it: other keys would need two operators again.
        """
        now = self._here.now()
        envelope = envelope_from_json(descriptor, where="descriptor")
        opened = open_first_bundle(envelope, compared, audience=self._here.city, now=now)
        known = tx.registry.partners.get(opened.message.header.issuer)
        same = known is not None and known.envelope.payload == envelope.payload
        if known and same and known.state is not PartnerState.ENDED:
            return known
        if known and Move.EXCHANGE not in known.moves:
            return self._newer(tx, known, opened)
        return self.exchanged(tx, opened, actor=actor, reason="by descriptor")

    def _newer(self, tx: Transaction, known: Partner, opened: Verified[TrustBundle]) -> Partner:
        try:
            open_next_bundle(
                known.bundle, opened.envelope, audience=self._here.city, now=self._here.now()
            )
        except HutongError as error:
            # A jump is refused on the wire; here two officers compared the bundle itself.
            if error.reason != BUNDLE_JUMP:
                raise
        return self.keep_bundle(tx, known, opened)

    def keep_bundle(
        self, tx: Transaction, known: Partner, opened: Verified[TrustBundle]
    ) -> Partner:
        """Keep a newer bundle of a partner."""
        partner = replace(known, bundle=opened.message, envelope=opened.envelope)
        tx.administration.put_partner(partner)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, opened.envelope.payload, self._here.now())
        return partner

    def exchanged(
        self,
        tx: Transaction,
        opened: Verified[TrustBundle],
        *,
        actor: str,
        reason: str,
        words: bytes = b"",
    ) -> Partner:
        """Keep a partner whose bundle was exchanged; all that was approved before is void."""
        bundle, now = opened.message, self._here.now()
        city = bundle.header.issuer
        if city == self._here.city:
            raise HutongError(
                FIELD_INVALID, field="descriptor", problem="it is this city's own; give a partner's"
            )
        known = tx.registry.partners.get(city)
        if known is not None:
            check_move(known, Move.EXCHANGE)
            if known.state is PartnerState.ENDED:
                # It is met anew, with whatever log it has now.
                tx.checkpoints.forget_partner(city)
            same_root = known.bundle.root_keys == bundle.root_keys
            if same_root and known.bundle.sequence > bundle.sequence:
                open_next_bundle(known.bundle, opened.envelope, audience=self._here.city, now=now)
        partner = Partner(
            city=city,
            bundle=bundle,
            envelope=opened.envelope,
            added_at=now,
            # Statements of before the exchange say nothing any more. A city that lost its store
            # counts from the clock, so that it comes out above what it said before.
            sequence=max(known.sequence + 1 if known else 1, int(now.timestamp())),
            there_sequence=known.there_sequence if known else 0,
            exchanged_by=actor,
            words=words,
        )
        self._keep(tx, partner, Move.EXCHANGE.value, actor, reason)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, opened.envelope.payload, now)
        return partner

    def approve(
        self, tx: Transaction, city: CityCode, actor: str, approval: Approval, reason: str = ""
    ) -> Partner:
        """Approve a partner as the second operator of this city."""
        partner = find_partner(tx.registry, city)
        check_move(partner, Move.APPROVE)
        if partner.exchanged_by == actor:
            raise HutongError(SAME_OPERATOR, operator=actor, city=city)
        approved = replace(partner.here, approved=True)
        return self._move(tx, partner, approved, Move.APPROVE, actor, reason, approval)

    def tested(self, tx: Transaction, city: CityCode, actor: str) -> Partner:
        """Keep that the trial exchange succeeded."""
        partner = find_partner(tx.registry, city)
        check_move(partner, Move.TEST)
        if partner.here.tested:
            return partner
        return self._move(tx, partner, replace(partner.here, tested=True), Move.TEST, actor, "")

    def suspend(self, tx: Transaction, city: CityCode, actor: str, reason: str) -> Partner:
        """Neither serve nor ask a partner, from the next call on."""
        return self._switch(tx, city, actor, reason, Move.SUSPEND)

    def resume(self, tx: Transaction, city: CityCode, actor: str, reason: str) -> Partner:
        """Take up again a partner that this city suspended.

        Not one whose log forked: it is ended, and met anew, once officers know what happened.
        """
        fork = next((each for each in tx.checkpoints.forks() if each.city == city), None)
        if fork is not None:
            raise HutongError(LOG_FORKED, city=city, problem=fork.problem)
        return self._switch(tx, city, actor, reason, Move.RESUME)

    def end(self, tx: Transaction, city: CityCode, actor: str, reason: str) -> Partner:
        """End a partnership for good: only a new exchange begins another."""
        return self._switch(tx, city, actor, reason, Move.END)

    def _switch(
        self, tx: Transaction, city: CityCode, actor: str, reason: str, move: Move
    ) -> Partner:
        partner = find_partner(tx.registry, city)
        check_move(partner, move)
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why, for the record")
        flags = {
            Move.SUSPEND: replace(partner.here, suspended=True),
            Move.RESUME: replace(partner.here, suspended=False),
            Move.END: replace(partner.here, ended=True),
        }[move]
        return self._move(tx, partner, flags, move, actor, reason)

    def _move(
        self,
        tx: Transaction,
        partner: Partner,
        flags: Flags,
        move: Move,
        actor: str,
        reason: str,
        approval: Approval | None = None,
    ) -> Partner:
        moved = replace(partner, here=flags, sequence=partner.sequence + 1, state_reason=reason)
        self._keep(tx, moved, move.value, actor, reason, approval)
        content = f"partner {moved.city} {move.value} {actor} {reason}"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content.encode(), self._here.now())
        return moved

    def _keep(
        self,
        tx: Transaction,
        partner: Partner,
        move: str,
        actor: str,
        reason: str,
        approval: Approval | None = None,
    ) -> None:
        tx.administration.put_partner(partner)
        self.note(tx, partner.city, move, partner.state, actor, reason, approval)

    def note(
        self,
        tx: Transaction,
        city: CityCode,
        move: str,
        state: PartnerState,
        actor: str,
        reason: str = "",
        approval: Approval | None = None,
    ) -> None:
        """Keep a step of a partner: who, when, why, and the state that it led to."""
        now = self._here.now()
        tx.partnerships.add_move(
            PartnerMove(
                city=city,
                move_id=self._here.new_id(now),
                at=now,
                actor=actor,
                move=move,
                state=state.value,
                reason=reason,
                legal_basis=approval.legal_basis if approval else "",
                privacy_assessment=approval.privacy_assessment if approval else "",
            )
        )

    def statement(self, registry: Registry, city: CityCode) -> Envelope:
        """How this city stands to a partner, signed now."""
        partner = known_partner(registry, city)
        now = self._here.now()
        said = Partnership(
            header=self._here.header((city,), now, PARTNERSHIP_LIFETIME),
            sequence=partner.sequence,
            flags=partner.here,
            agreements=_standings(registry, city),
        )
        return seal(codec.PARTNERSHIP, said, [self._keys])

    def heard(self, tx: Transaction, said: Verified[Partnership]) -> bool:
        """Keep what a partner says of itself; False where it is not news."""
        statement = said.message
        partner = known_partner(tx.registry, statement.header.issuer)
        if statement.sequence <= partner.there_sequence:
            return False
        told = replace(partner, there=statement.flags, there_sequence=statement.sequence)
        tx.administration.put_partner(told)
        self._here.trace(tx, LogKind.RECEIVED, said.envelope.payload, self._here.now())
        if told.there != partner.there:
            move = _difference(partner.there, told.there)
            self.note(tx, told.city, move, told.state, f"city {told.city}")
        return True

    def changed(self, tx: Transaction, city: CityCode) -> None:
        """What this city says of the partner has changed: the next statement replaces the last."""
        partner = find_partner(tx.registry, city)
        tx.administration.put_partner(replace(partner, sequence=partner.sequence + 1))


def find_partner(registry: Registry, city: CityCode) -> Partner:
    """The partner, whatever its state, for an operator; raises UNKNOWN."""
    partner = registry.partners.get(city)
    if partner is None:
        raise HutongError(UNKNOWN, what="partner", name=city, remedy="see `hutong partner list`")
    return partner


def known_partner(registry: Registry, city: CityCode) -> Partner:
    """The partner, whatever its state, for a call between cities; raises NOT_A_PARTNER."""
    partner = registry.partners.get(city)
    if partner is None:
        raise HutongError(NOT_A_PARTNER, city=city)
    return partner


def active_partner(registry: Registry, city: CityCode) -> Partner:
    """The partner, if it is active; raises NOT_A_PARTNER."""
    partner = registry.active_partner(city)
    if partner is None:
        raise HutongError(NOT_A_PARTNER, city=city)
    return partner


def own_keyring(keys: Keys) -> Keyring:
    """The keys that this city signs its statements with."""
    return signing_keys(codec.TRUST_BUNDLE.decode(keys.bundle.payload))


def keyring_of(registry: Registry, keys: Keys, city: CityCode) -> Keyring:
    """The keys that sign a city's statements: this city's own, or an active partner's.

    Raises NOT_A_PARTNER.
    """
    # Partners first: they ask often, and this city's bundle is read anew each time.
    if registry.active_partner(city) is None and city == (own := own_keyring(keys)).city:
        return own
    return signing_keys(active_partner(registry, city).bundle)


def check_move(partner: Partner, move: Move) -> None:
    """Refuse a move that is not possible now, and name those that are; raises MOVE_REFUSED."""
    if move not in partner.moves:
        raise HutongError(
            MOVE_REFUSED,
            city=partner.city,
            state=partner.state.value,
            move=move.value,
            moves=", ".join(each.value for each in partner.moves),
        )


def _difference(before: Flags, after: Flags) -> str:
    changed = [
        f"{name}" if getattr(after, name) else f"not {name}"
        for name in Flags.__slots__
        if getattr(before, name) != getattr(after, name)
    ]
    return ", ".join(changed)


def _standings(registry: Registry, city: CityCode) -> tuple[AgreementStanding, ...]:
    found = (
        AgreementStanding(*stored.key, stored.suspended_here, stored.ends_here)
        for stored in registry.agreements
        if stored.state is AgreementState.ACTIVE and city in stored.agreement.parties
    )
    return tuple(sorted(found, key=lambda standing: standing.agreement_id))
