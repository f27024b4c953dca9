"""Partner cities: believed by a compared fingerprint, kept up to date, suspended at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from federation import codec
from federation.envelope import (
    Envelope,
    Verified,
    envelope_from_json,
    envelope_to_json,
    open_envelope,
)
from federation.errors import MALFORMED, TOO_LARGE, HutongError
from federation.identifiers import CityCode
from federation.messages import ScoreScale, TrustBundle
from federation.trust import fingerprint, open_first_bundle, open_next_bundle, signing_keys
from node.errors import FIELD_INVALID, NOT_A_PARTNER, STATE_REFUSED, UNKNOWN
from node.limits import PARTNER_SCALES
from node.model import LogKind, Page, PageRequest
from node.ports import Keys, Peers, Transaction, UnitOfWork
from node.registry import Partner, PartnerScale, PartnerState, Registry
from node.services.here import Here
from node.services.paging import page_of


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one city hands to another: its trust bundle in JSON, and the fingerprint to compare."""

    json: str
    fingerprint: str


class PartnerDesk:
    """Partners, as operators and the partners themselves change them."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys, peers: Peers) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers

    def descriptor(self) -> Descriptor:
        """This city's descriptor."""
        return Descriptor(envelope_to_json(self._keys.bundle), fingerprint(self._keys.bundle))

    def add(self, tx: Transaction, descriptor: bytes, compared: str) -> Partner:
        """Trust a partner; one that is known gets its newer bundle and keeps its state."""
        now = self._here.now()
        envelope = envelope_from_json(descriptor, where="descriptor")
        opened = open_first_bundle(envelope, compared, audience=self._here.city, now=now)
        city = opened.message.header.issuer
        if city == self._here.city:
            raise HutongError(
                FIELD_INVALID, field="descriptor", problem="it is this city's own; give a partner's"
            )
        known = tx.registry.partners.get(city)
        if known and known.envelope.payload == envelope.payload:
            return known
        if known and known.bundle.sequence >= opened.message.sequence:
            open_next_bundle(known.bundle, envelope, audience=self._here.city, now=now)
        return self._keep(tx, opened, known)

    def page(self, request: PageRequest) -> Page[Partner]:
        """The partners, by city code."""
        partners = sorted(self._uow.registry.partners.values(), key=lambda p: p.city)
        return page_of(partners, lambda partner: partner.city, request)

    def set_state(
        self, tx: Transaction, city: CityCode, state: PartnerState, reason: str
    ) -> Partner:
        """Suspend or resume a partner, from the next call on; with a reason, for the record."""
        partner = find_partner(tx.registry, city)
        if partner.state is state:
            needed = "active" if state is PartnerState.SUSPENDED else "suspended"
            raise HutongError(
                STATE_REFUSED, what="partner", name=city, state=partner.state.value, needed=needed
            )
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why, for the record")
        tx.administration.set_partner_state(city, state, reason)
        content = f"partner {city} {state.value} {reason}".encode()
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, self._here.now())
        return find_partner(tx.registry, city)

    async def sync(self, city: CityCode) -> Partner:
        """Swap trust bundles and scales with a partner now."""
        partner = self._active(city)
        envelope = await self._peers.exchange_trust_bundles(partner, self._keys.bundle)
        await self.receive_bundle(city, envelope)
        partner = self._active(city)
        scales = await self._peers.exchange_scales(partner, own_scales(self._uow.registry))
        await self.receive_scales(city, scales)
        return self._active(city)

    async def receive_bundle(self, city: CityCode, envelope: Envelope) -> Envelope:
        """Take a partner's bundle if it is newer, and give ours."""
        partner = self._active(city)
        if envelope.payload == partner.envelope.payload:
            return self._keys.bundle
        now = self._here.now()
        opened = open_next_bundle(partner.bundle, envelope, audience=self._here.city, now=now)

        def keep(tx: Transaction) -> None:
            known = find_partner(tx.registry, city)
            # Another one may have come meanwhile: this one must follow that one too.
            if known.envelope.payload not in (partner.envelope.payload, envelope.payload):
                open_next_bundle(known.bundle, envelope, audience=self._here.city, now=now)
            self._keep(tx, opened, known)

        await self._uow.run(keep)
        return self._keys.bundle

    async def receive_scales(
        self, city: CityCode, envelopes: Sequence[Envelope]
    ) -> tuple[Envelope, ...]:
        """Take a partner's scales, and give ours."""
        if len(envelopes) > PARTNER_SCALES:
            raise HutongError(
                TOO_LARGE, where="scales", size=str(len(envelopes)), limit=str(PARTNER_SCALES)
            )
        keyring = signing_keys(self._active(city).bundle)
        now = self._here.now()
        opened = [
            open_envelope(
                envelope,
                codec.SCORE_SCALE,
                signed_by=[keyring],
                audience=self._here.city,
                now=now,
            )
            for envelope in envelopes
        ]
        known = [scale.envelope.payload for scale in self._uow.registry.partner_scales]
        new = [scale for scale in opened if scale.envelope.payload not in known]
        if new:
            await self._uow.run(lambda tx: self._keep_scales(tx, new))
        return own_scales(self._uow.registry)

    def _keep(
        self, tx: Transaction, opened: Verified[TrustBundle], known: Partner | None
    ) -> Partner:
        now = self._here.now()
        bundle = opened.message
        partner = Partner(
            city=bundle.header.issuer,
            state=known.state if known else PartnerState.ACTIVE,
            bundle=bundle,
            envelope=opened.envelope,
            added_at=known.added_at if known else now,
            state_reason=known.state_reason if known else "",
        )
        tx.administration.put_partner(partner)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, opened.envelope.payload, now)
        return partner

    def _keep_scales(self, tx: Transaction, opened: Sequence[Verified[ScoreScale]]) -> None:
        now = self._here.now()
        for scale in opened:
            reference = codec.scale_reference(scale.message)
            for known in tx.registry.partner_scales:
                same = (known.reference.city, known.exported.scale_id, known.exported.version)
                if same == (reference.city, reference.scale_id, reference.version):
                    _check_same(known, reference.digest)
            tx.administration.put_partner_scale(
                PartnerScale(scale.message, scale.envelope, reference)
            )
            self._here.trace(tx, LogKind.RECEIVED, scale.envelope.payload, now)

    def _active(self, city: CityCode) -> Partner:
        partner = self._uow.registry.active_partner(city)
        if partner is None:
            raise HutongError(NOT_A_PARTNER, city=city)
        return partner


def own_scales(registry: Registry) -> tuple[Envelope, ...]:
    """This city's newest scale, as it travels."""
    own = registry.own_scale()
    return (own.envelope,) if own else ()


def find_partner(registry: Registry, city: CityCode) -> Partner:
    """The partner, whatever its state; raises UNKNOWN."""
    partner = registry.partners.get(city)
    if partner is None:
        raise HutongError(
            UNKNOWN, what="partner", name=city, remedy="add it with `hutong partner import`"
        )
    return partner


def _check_same(known: PartnerScale, digest: bytes) -> None:
    # One version, two contents: an agreement could mean either.
    if known.reference.digest != digest:
        raise HutongError(
            MALFORMED, where="scales", problem="a version that is known came with other content"
        )
