"""Residents: taking part, consenting, withdrawing, and the codes that they show."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from federation.consent import COMMITMENT_BYTES, Consent
from federation.identifiers import CityCode, code_text
from federation.limits import (
    CLOCK_SKEW,
    CODE_BYTES,
    PRESENTATION_CODE_LIFETIME,
    REQUEST_LIFETIME,
    STATUS_FRESHNESS,
)
from federation.messages import Disclosure, UseCounting
from federation.pseudonym import pairwise_pseudonym
from node.documents import parse_document
from node.errors import (
    ANOTHER_USE_KEY,
    CONSENT_NOT_STANDING,
    FIELD_INVALID,
    UNKNOWN,
    HutongError,
)
from node.limits import PAGE_MOST
from node.logbook import LogKind
from node.model import DocumentKind, Page, PageRequest, PresentationCode, Resident
from node.ports import Keys, Transaction
from node.services.consent_receipts import keep_receipt, shown
from node.services.here import Here
from node.services.persons import persons_of
from node.services.scoring import recounted
from node.services.standing import find_resident
from node.services.statuses import end_consent
from node.services.terms import TermsBook, not_active

_SECRET_BYTES = 32

# A host that has not heard yet that a consent ended may still ask by the use key of that consent.
_KEY_OUTLIVES: Final = STATUS_FRESHNESS + REQUEST_LIFETIME + 2 * CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A resident who takes part; `before` where the document was enrolled already."""

    resident_id: str
    before: bool


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A presentation code as the resident shows it; the store never knows it."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UseConsent:
    """Whether uses that are limited over all cities are counted, and how; of which use key.

    `commitment` is the SHA-256 of the use key, b"" where nothing is counted.
    """

    counting: UseCounting = UseCounting.NONE
    commitment: bytes = field(default=b"", repr=False)


NOT_COUNTED: Final = UseConsent()


class ResidentDesk:
    """What residents do for themselves (rules 2 and 3)."""

    def __init__(self, here: Here, keys: Keys, book: TermsBook) -> None:
        """For the residents of `here`."""
        self._here = here
        self._keys = keys
        self._book = book

    def enrol(self, tx: Transaction, kind: DocumentKind, number: str) -> Enrolled:
        """Take part, from the age of 18; the number is kept only as a keyed digest."""
        now = self._here.now()
        document = parse_document(kind, number, self._here.day(now))
        digest = self._keys.document_digest(document.kind.value, document.number)
        known = tx.residents.by_document(digest)
        if known is not None:
            return Enrolled(known.resident_id, before=True)
        secret = self._here.entropy.token(_SECRET_BYTES)
        person = persons_of(tx, self._here, [digest])[digest]
        resident = Resident(self._here.new_id(now), digest, secret, now, person)
        # Records that were there before count from now on; that is no change to be told of.
        records, today = tx.records.of([person])[person], self._here.day(now)
        tx.residents.add(recounted(resident, records, tx.registry.indicators, today))
        return Enrolled(resident.resident_id, before=False)

    def give_consent(
        self,
        tx: Transaction,
        *,
        resident_id: str,
        host: CityCode,
        scenarios: Sequence[str],
        disclosure: Disclosure,
        expires_at: datetime,
        uses: UseConsent = NOT_COUNTED,
    ) -> Consent:
        """Allow one host, for scenarios that the agreement with it covers, until an instant.

        A consent does not outlive the agreement as it stands now. Its receipt is kept with it.
        """
        resident = find_resident(tx, resident_id)
        consent = self._worked_out(tx, resident_id, host, scenarios, disclosure, expires_at)
        consent = replace(consent, counting=uses.counting, use_commitment=uses.commitment)
        self._check_key(tx, consent)
        tx.consents.add(consent, pairwise_pseudonym(resident.secret, host))
        keep_receipt(tx, self._here, self._keys, consent)
        return consent

    def draft_consent(
        self,
        tx: Transaction,
        *,
        resident_id: str,
        host: CityCode,
        scenarios: Sequence[str],
        disclosure: Disclosure,
        expires_at: datetime,
        counting: UseCounting = UseCounting.NONE,
    ) -> bytes:
        """What a resident is to read before consenting: the receipt as it would be, without id."""
        find_resident(tx, resident_id)
        consent = self._worked_out(tx, resident_id, host, scenarios, disclosure, expires_at)
        # It does not hang on the use key: any will do.
        key = b"" if counting is UseCounting.NONE else bytes(COMMITMENT_BYTES)
        draft = replace(consent, consent_id="", counting=counting, use_commitment=key)
        return shown(tx, self._here, self._keys, draft)

    def _worked_out(
        self,
        tx: Transaction,
        resident_id: str,
        host: CityCode,
        scenarios: Sequence[str],
        disclosure: Disclosure,
        expires_at: datetime,
    ) -> Consent:
        now = self._here.now()
        terms = self._book.find(tx.registry, self._here.city, host)
        if terms is None or not terms.in_force(now):
            raise not_active(self._here.city, host)
        for scenario in scenarios:
            if scenario not in terms.scenarios:
                known = ", ".join(terms.scenarios)
                raise HutongError(
                    FIELD_INVALID,
                    field="scenarios",
                    problem=f"{host} does not take part in {scenario}; it does in {known}",
                )
        if disclosure > terms.disclosure_limit:
            limit = terms.disclosure_limit.name
            raise HutongError(
                FIELD_INVALID, field="disclosure", problem=f"the agreement allows at most {limit}"
            )
        asked = Consent(
            consent_id=self._here.new_id(now),
            resident_id=resident_id,
            host=host,
            scenarios=tuple(sorted(set(scenarios))),
            disclosure=disclosure,
            given_at=now,
            expires_at=expires_at,
        )
        return replace(asked, expires_at=min(expires_at, terms.valid_until))

    def _check_key(self, tx: Transaction, given: Consent) -> None:
        """Refuse another use key while one counts: by another, uses in use would not be seen.

        One counts while a consent with it lives, and until every host must have heard that it
        ended; and while a use lives that was counted by it.
        """
        if given.counting is UseCounting.NONE:
            return
        now, token = given.given_at, ""
        in_use = tx.leases.live_under(given.resident_id, now - CLOCK_SKEW)
        while True:
            page = tx.consents.page(given.resident_id, PageRequest(PAGE_MOST, token))
            for consent in page.items:
                ended = min(consent.withdrawn_at or consent.expires_at, consent.expires_at)
                counts = now < ended + _KEY_OUTLIVES or consent.consent_id in in_use
                if counts and consent.use_commitment not in (b"", given.use_commitment):
                    raise HutongError(ANOTHER_USE_KEY)
            token = page.next_token
            if not token:
                return

    def consents(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[Consent]:
        """The consents of a resident, the newest first."""
        find_resident(tx, resident_id)
        return tx.consents.page(resident_id, request)

    def withdraw_consent(self, tx: Transaction, resident_id: str, consent_id: str) -> Consent:
        """End a consent at once, and all that was attested under it; twice changes nothing."""
        now = self._here.now()
        consent = self._consent(tx, resident_id, consent_id)
        if tx.consents.withdraw(consent_id, now):
            content = b"withdrawn " + consent_id.encode()
            self._here.trace(tx, LogKind.WITHDRAWN, content, now, subject=resident_id)
            end_consent(tx, self._here, consent, now)
        return self._consent(tx, resident_id, consent_id)

    def create_code(self, tx: Transaction, resident_id: str, consent_id: str) -> ShownCode:
        """Make a presentation code under a consent that stands."""
        now = self._here.now()
        consent = self._consent(tx, resident_id, consent_id)
        if not consent.stands_at(now):
            raise HutongError(CONSENT_NOT_STANDING)
        code = self._here.entropy.token(CODE_BYTES)
        expires_at = now + PRESENTATION_CODE_LIFETIME
        digest = hashlib.sha256(code).digest()
        tx.consents.add_code(PresentationCode(digest, consent_id, expires_at))
        return ShownCode(code_text(self._here.city, code), expires_at)

    def _consent(self, tx: Transaction, resident_id: str, consent_id: str) -> Consent:
        consent = tx.consents.get(consent_id)
        if consent is None or consent.resident_id != resident_id:
            raise HutongError(
                UNKNOWN, what="consent", name=consent_id, remedy="list the resident's consents"
            )
        return consent
