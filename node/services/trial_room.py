"""A throw-away room: this city's own use cases, over a store in which one partner is active.

Keys and scale are the real ones; residents, incentives and agreement are the trial's. The real
store is read once, to furnish the room, and nothing goes back: whatever is asked in here, no real
resident can be found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.messages import Agreement, Disclosure, Flags
from node.errors import PEER_REFUSED, HutongError
from node.limits import RECORDS_PER_LOAD, TRIAL_ROOM_LIFETIME
from node.model import DocumentKind
from node.ports import Keys, Peers, Transaction, UnitOfWork
from node.records import RecordRow
from node.registry import AgreementState, OwnScale, Partner, Registry, StoredAgreement
from node.services.asking import Asking
from node.services.attesting import Attesting
from node.services.checking import Checking
from node.services.here import Here
from node.services.partners import PartnerDesk
from node.services.recording import Recording
from node.services.redeeming import Redeeming
from node.services.residents import ResidentDesk
from node.services.swapping import Swapping
from node.services.terms import TermsBook
from node.services.trial_terms import (
    DEPARTMENT,
    SCENARIOS,
    good_records,
    low_records,
    trial_catalogue,
    trial_indicators,
    trial_number,
)
from node.trials import TrialCodes, TrialPeers

_ALL_THE_WAY = Flags(approved=True, tested=True)


@dataclass(frozen=True, slots=True)
class _Synthetic:
    """A resident of nobody, and the consent that was given."""

    resident_id: str
    consent_id: str


class TrialLine:
    """The way to the partner's room, and what was last said on it."""

    def __init__(self, peers: TrialPeers, trial_id: str) -> None:
        """To the room of that trial."""
        self._peers = peers
        self._trial_id = trial_id
        self.asked: Envelope | None = None
        self.answer: Envelope | None = None

    async def request_attestation(self, partner: Partner, request: Envelope) -> Envelope:
        """Ask for an attestation; `answer` is None until one has come."""
        self.asked, self.answer = request, None
        self.answer = await self._peers.request_trial_attestation(partner, self._trial_id, request)
        return self.answer


class NoLists:
    """There are no status lists in a room: after the freshness the other room is asked anew."""

    async def fetch(self, home: CityCode) -> None:
        """Raise PEER_REFUSED."""
        raise HutongError(PEER_REFUSED, city=home, peer_reason="TRIAL", detail="no status lists")


class Room:
    """The use cases of one trial with one partner, and its two synthetic residents."""

    def __init__(
        self,
        here: Here,
        keys: Keys,
        uow: UnitOfWork,
        peers: Peers,
        partner: Partner,
        trial_id: str,
    ) -> None:
        """Over an empty store; `furnish` it first."""
        book = TermsBook(here.city)
        swapping = Swapping(here, uow, keys, peers, PartnerDesk(here, uow, keys))
        self.here = here
        self.uow = uow
        self.partner = partner
        self.trial_id = trial_id
        self.line = TrialLine(peers, trial_id)
        self.attesting = Attesting(here, uow, keys, book, swapping)
        asking = Asking(here, uow, keys, self.line, self.attesting, swapping)
        self.checking = Checking(here, uow, keys, book, asking, NoLists())
        self.redeeming = Redeeming(here, book)
        self._residents = ResidentDesk(here, keys, book)
        self._recording = Recording(here, keys)
        self._good: _Synthetic | None = None

    async def furnish(self, registry: Registry, agreement: Agreement) -> TrialCodes:
        """Put in what the room needs of the real registry, and what the trial brings.

        The codes are those of a resident at the lowest exportable band, and of one below it.
        """
        own = registry.own_scale(agreement.scale(self.here.city))
        theirs = registry.partner_scale(self.partner.city, agreement.scale(self.partner.city))
        if own is None or theirs is None:
            raise TypeError("the agreement was checked against the scales in force")
        # Only kept here, and signed by nobody: it was opened where it came from.
        envelope = Envelope(codec.AGREEMENT.payload_type, codec.AGREEMENT.encode(agreement), ())
        stored = StoredAgreement(agreement, envelope, AgreementState.ACTIVE)
        partner = replace(self.partner, here=_ALL_THE_WAY, there=_ALL_THE_WAY)

        def put(tx: Transaction) -> TrialCodes:
            tx.administration.put_own_scale(own)
            tx.administration.put_partner(partner)
            tx.administration.put_partner_scale(theirs)
            tx.administration.put_agreement(stored)
            today = self.here.day(self.here.now())
            tx.administration.put_catalogue(trial_catalogue(own.scale, today))
            tx.administration.put_indicators(trial_indicators(own.scale))
            return self._people(tx, own)

        return await self.uow.run(put)

    def _people(self, tx: Transaction, own: OwnScale) -> TrialCodes:
        today = self.here.day(self.here.now())
        high, low = trial_number(1), trial_number(2)
        good = self._person(tx, high, good_records(own.scale, high, today))
        below = self._person(tx, low, low_records(own.scale, low, today))
        codes = TrialCodes(*(self._code(tx, person) for person in (good, below)))
        if own.scale.rank(own.scale.exportable_from) == 0:
            # Nobody is below the line on such a scale: this one is refused for another reason.
            self._residents.withdraw_consent(tx, below.resident_id, below.consent_id)
        self._good = good
        return codes

    def _person(self, tx: Transaction, number: str, rows: Sequence[RecordRow]) -> _Synthetic:
        enrolled = self._residents.enrol(tx, DocumentKind.RESIDENT_ID, number)
        for start in range(0, len(rows), RECORDS_PER_LOAD):
            self._recording.load(tx, DEPARTMENT, rows[start : start + RECORDS_PER_LOAD])
        consent = self._residents.give_consent(
            tx,
            resident_id=enrolled.resident_id,
            host=self.partner.city,
            scenarios=SCENARIOS,
            disclosure=Disclosure.BAND,
            expires_at=self.here.now() + TRIAL_ROOM_LIFETIME,
        )
        return _Synthetic(enrolled.resident_id, consent.consent_id)

    def _code(self, tx: Transaction, person: _Synthetic) -> str:
        return self._residents.create_code(tx, person.resident_id, person.consent_id).text

    async def withdraw(self) -> None:
        """Let the resident in good standing withdraw the consent."""
        good = self._good
        if good is not None:
            await self.uow.run(
                lambda tx: self._residents.withdraw_consent(tx, good.resident_id, good.consent_id)
            )
