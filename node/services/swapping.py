"""What two cities swap again and again: trust bundles, how they stand to each other, scales.

Whatever was lost on the way is made good by the next swap, so that a cut of any length heals by
itself. Bundles go first: they bring the keys that all else is signed with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from federation import codec
from federation.envelope import Envelope, Verified, add_signature, open_envelope
from federation.errors import KEY_NOT_VALID, MALFORMED, TOO_LARGE, UNKNOWN_KEY, HutongError
from federation.identifiers import CityCode
from federation.messages import Partnership, ScoreScale
from federation.trust import open_bundle_chain, signing_keys
from node.errors import NOT_A_PARTNER, PEER_UNREACHABLE
from node.limits import FETCH_EVERY, PARTNER_SCALES
from node.logbook import LogKind
from node.model import Contact
from node.ports import BundleSwap, Keys, Peers, ScaleSwap, Transaction, UnitOfWork
from node.registry import Partner, PartnerScale, PartnerState
from node.services.here import Here
from node.services.partners import PartnerDesk, find_partner, known_partner
from node.services.spreads import Spreads

T = TypeVar("T")
Hook = Callable[[Transaction, Verified[Partnership]], None]

_SILENT = (PartnerState.SUSPENDED, PartnerState.ENDED)


@dataclass(frozen=True, slots=True)
class GivenBundles:
    """What this city gives for a partner's bundles."""

    chain: tuple[Envelope, ...]
    known_sequence: int


class Swapping:
    """Swaps with one partner, asked or asking."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, peers: Peers, desk: PartnerDesk
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._desk = desk
        self._spreads = Spreads(here, uow)
        self._hooks: list[Hook] = []
        self._fetched: dict[CityCode, datetime] = {}

    def on_statement(self, hook: Hook) -> None:
        """Let `hook` take up what a newer statement of a partner says, in its transaction."""
        self._hooks.append(hook)

    async def swap(self, city: CityCode) -> Partner:
        """Swap everything with a partner now, and keep how it went; raises why it did not."""
        partner, swapped = find_partner(self._uow.registry, city), None
        try:
            swapped = await self._swap_bundles(partner)
            await self._swap_statements(city)
            if known_partner(self._uow.registry, city).state not in _SILENT:
                await self._swap_scales(city)
        except HutongError as error:
            await self._failed(city, error, swapped)
            raise
        await self._reached(city, swapped)
        return find_partner(self._uow.registry, city)

    async def _swap_bundles(self, partner: Partner) -> BundleSwap:
        contact = await self._contact(partner.city)
        own = self._keys.chain(contact.acknowledged)
        try:
            swapped = await self._peers.exchange_trust_bundles(partner, own)
        except HutongError as error:
            if error.reason != PEER_UNREACHABLE:
                raise
            # Both may have new certificates since they last met.
            swapped = await self._peers.exchange_trust_bundles(
                partner, self._keys.chain(0), by_any_means=True
            )
            # Only bundles prove themselves: what else was said on such a line counts for nothing.
            swapped = replace(swapped, acknowledged=0, their_clock=None)
        await self.receive_bundles(partner.city, swapped.chain)
        return swapped

    async def _swap_statements(self, city: CityCode) -> None:
        registry = self._uow.registry
        partner = known_partner(registry, city)
        theirs = await self._peers.exchange_partnership(
            partner, self._desk.statement(registry, city)
        )
        await self._hear(city, theirs)
        if partner.told != partner.sequence:
            await self._uow.run(lambda tx: _told(tx, city, partner.sequence))

    async def _swap_scales(self, city: CityCode) -> None:
        partner = known_partner(self._uow.registry, city)
        theirs = await self._peers.exchange_scales(partner, await self._own_scales())
        await self.receive_scales(city, theirs)

    async def receive_bundles(
        self, city: CityCode, chain: Sequence[Envelope], known_sequence: int = 0
    ) -> GivenBundles:
        """Take a partner's bundles, the newest last, as far as they are new, and give ours."""
        partner = known_partner(self._uow.registry, city)
        if any(envelope.payload != partner.envelope.payload for envelope in chain[-1:]):
            await self._uow.run(lambda tx: self._take_bundles(tx, city, chain))
        known = known_partner(self._uow.registry, city).bundle.sequence
        return GivenBundles(self._keys.chain(known_sequence), known)

    def _take_bundles(self, tx: Transaction, city: CityCode, chain: Sequence[Envelope]) -> None:
        # Another process of this city may have taken them, or newer ones, meanwhile.
        known = known_partner(tx.registry, city)
        if chain[-1].payload == known.envelope.payload:
            return
        opened = open_bundle_chain(
            known.bundle, chain, audience=self._here.city, now=self._here.now()
        )
        self._desk.keep_bundle(tx, known, opened)

    async def receive_statement(self, city: CityCode, envelope: Envelope) -> Envelope:
        """Take what a partner says of itself, and say how this city stands to it."""
        await self._hear(city, envelope)
        return self._desk.statement(self._uow.registry, city)

    async def _hear(self, city: CityCode, envelope: Envelope) -> None:
        opened = await self.opened(city, lambda: self._open_statement(city, envelope))
        partner = known_partner(self._uow.registry, city)
        if opened.message.sequence <= partner.there_sequence:
            return

        def keep(tx: Transaction) -> None:
            if self._desk.heard(tx, opened):
                for hook in self._hooks:
                    hook(tx, opened)

        await self._uow.run(keep)

    def _open_statement(self, city: CityCode, envelope: Envelope) -> Verified[Partnership]:
        return open_envelope(
            envelope,
            codec.PARTNERSHIP,
            signed_by=[signing_keys(known_partner(self._uow.registry, city).bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )

    async def opened(self, city: CityCode, act: Callable[[], T]) -> T:
        """What `act` opens; where the partner's key is not known here, with its newest bundle.

        A partner that was cut off may sign with a key that its next bundle brings.
        """
        try:
            return act()
        except HutongError as error:
            if error.reason not in (UNKNOWN_KEY, KEY_NOT_VALID) or not await self._fetch(city):
                raise
        return act()

    async def _fetch(self, city: CityCode) -> bool:
        """Get a partner's newest bundle, unless that was tried just now; whether it was got."""
        now = self._here.now()
        last = self._fetched.get(city)
        partner = self._uow.registry.partners.get(city)
        if partner is None or (last is not None and abs(now - last) < FETCH_EVERY):
            return False
        self._fetched[city] = now
        before = partner.bundle.sequence
        try:
            await self._swap_bundles(partner)
        except HutongError:
            return False
        return known_partner(self._uow.registry, city).bundle.sequence > before

    async def receive_scales(self, city: CityCode, theirs: ScaleSwap) -> ScaleSwap:
        """Take a partner's scales and their histograms, and give ours."""
        for where, given in (("scales", theirs.scales), ("histograms", theirs.histograms)):
            if len(given) > PARTNER_SCALES:
                size, limit = str(len(given)), str(PARTNER_SCALES)
                raise HutongError(TOO_LARGE, where=where, size=size, limit=limit)
        partner = known_partner(self._uow.registry, city)
        if partner.state in _SILENT:
            raise HutongError(NOT_A_PARTNER, city=city)
        keyring = signing_keys(partner.bundle)
        now = self._here.now()
        opened = [
            open_envelope(
                envelope,
                codec.SCORE_SCALE,
                signed_by=[keyring],
                audience=self._here.city,
                now=now,
            )
            for envelope in theirs.scales
        ]
        known = [scale.envelope.payload for scale in self._uow.registry.partner_scales]
        new = [scale for scale in opened if scale.envelope.payload not in known]
        if new:
            await self._uow.run(lambda tx: self._keep_scales(tx, new))
        await self._spreads.take(city, keyring, theirs.histograms)
        return await self._own_scales()

    async def _own_scales(self) -> ScaleSwap:
        own = self._uow.registry.own_scale()
        scales, histograms = (own.envelope,) if own else (), await self._spreads.own()
        return ScaleSwap(
            tuple(map(self._signed_today, scales)), tuple(map(self._signed_today, histograms))
        )

    def _signed_today(self, envelope: Envelope) -> Envelope:
        """The same bytes under today's key: the one of the day they were made may have ended."""
        if any(signature.key_id == self._keys.key_id for signature in envelope.signatures):
            return envelope
        return add_signature(replace(envelope, signatures=()), self._keys)

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

    def _newest(self) -> int:
        """The number of this city's newest trust bundle."""
        return codec.TRUST_BUNDLE.decode(self._keys.bundle.payload).sequence

    async def _contact(self, city: CityCode) -> Contact:
        contact = await self._uow.read(lambda tx: tx.partnerships.contact(city))
        return contact or Contact(city, self._here.now())

    async def _reached(self, city: CityCode, swapped: BundleSwap) -> None:
        now = self._here.now()
        contact = Contact(
            city=city,
            tried_at=now,
            reached_at=now,
            clock_offset=_offset(swapped, now),
            # Nobody knows a newer bundle of this city than there is, whatever number it says.
            acknowledged=min(swapped.acknowledged, self._newest()),
        )
        await self._uow.run(lambda tx: tx.partnerships.put_contact(contact))

    async def _failed(self, city: CityCode, error: HutongError, swapped: BundleSwap | None) -> None:
        before, now = await self._contact(city), self._here.now()
        contact = replace(
            before, tried_at=now, failures=before.failures + 1, problem=error.reason.name
        )
        if swapped is not None:
            # A clock that is off makes all else fail: its officers must learn of it.
            contact = replace(contact, clock_offset=_offset(swapped, now))
        await self._uow.run(lambda tx: tx.partnerships.put_contact(contact))


def _offset(swapped: BundleSwap, now: datetime) -> timedelta | None:
    clock = swapped.their_clock
    return None if clock is None else clock - now


def _told(tx: Transaction, city: CityCode, sequence: int) -> None:
    partner = known_partner(tx.registry, city)
    if partner.told < sequence:
        tx.administration.put_partner(replace(partner, told=sequence))


def _check_same(known: PartnerScale, digest: bytes) -> None:
    # One version, two contents: an agreement could mean either.
    if known.reference.digest != digest:
        raise HutongError(
            MALFORMED, where="scales", problem="a version that is known came with other content"
        )
