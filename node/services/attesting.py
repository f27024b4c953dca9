"""The home city's side: whether this host may know this, and what exactly.

A refusal tells nothing (rule 4). Whatever the reason, the same reads, writes and signatures are
made and the same answer goes out; the true reason is kept for the resident alone.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from federation import codec
from federation.agreement import Terms
from federation.envelope import Envelope, Verified, seal
from federation.errors import Reason
from federation.identifiers import CityCode
from federation.messages import Attestation, AttestationRequest, Claim, Disclosure, Header
from federation.recognition import claim_for
from node.attested import IssuedAttestation
from node.logbook import LogKind
from node.model import Subject, Use, UseOutcome
from node.ports import Keys, Transaction, UnitOfWork
from node.refusals import (
    REFUSED_CODE_EXPIRED,
    REFUSED_CODE_USED,
    REFUSED_CONSENT_ENDED,
    REFUSED_NOTHING_TO_SHOW,
    REFUSED_OUTSIDE_CONSENT,
    REFUSED_UNKNOWN,
)
from node.registry import OwnScale
from node.services.answering import Ask, record, recorded
from node.services.asked import GIVEN, REFUSED, Asked, told
from node.services.here import Here
from node.services.standing import standing_of
from node.services.statuses import claim_text
from node.services.swapping import Swapping
from node.services.terms import TermsBook


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What is found about one request: a claim to make, or a reason not to."""

    subject: Subject
    claim: Claim | None
    scenarios: tuple[str, ...]
    refusal: Reason | None


class Attesting:
    """Answers other cities' questions about this city's residents."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook, swapping: Swapping
    ) -> None:
        """Answer for the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._asked = Asked(here, uow, keys, book, swapping)

    async def attest(self, envelope: Envelope, caller: CityCode) -> bytes:
        """The binary envelope of the attestation that answers `envelope`, which came from `caller`.

        1. Open the envelope: signed by the caller, for this city, asked just now.
        2. In one transaction: give the recorded answer to a repeated request; else check the
           terms, find whom it is about, rule, sign, and keep the use, the trace and the answer.

        Raises:
            HutongError: NOT_RECOGNISED for every reason that lies with the resident; others for
                those that lie with the caller.
        """
        # 1.
        now = self._here.now()
        request = await self._asked.opened(envelope, codec.ATTESTATION_REQUEST, caller, now)
        # 2.
        return told(await self._uow.run(lambda tx: self._answer(tx, request, caller)))

    def _answer(
        self,
        tx: Transaction,
        request: Verified[AttestationRequest],
        caller: CityCode,
    ) -> bytes:
        # By the clock of the transaction: a consent may have begun while the question waited.
        asked, now = request.message, self._here.now()
        self._asked.check_caller(tx.registry, caller)
        ask = Ask(caller, asked.header.statement_id, request.payload_digest)
        found = recorded(tx, ask)
        if found is not None:
            return found
        label = codec.ATTESTATION_REQUEST.label
        terms, own = self._asked.terms(tx.registry, asked, label, caller, now)
        ruling = self._rule(tx, asked, terms, own, now)
        said = self._say(tx, request, terms, ruling, now)
        sealed = seal(codec.ATTESTATION, said, [self._keys])
        self._keep(tx, said, ruling, sealed, now)
        kind = GIVEN if ruling.claim else REFUSED
        about = ruling.subject.resident.resident_id
        return record(tx, ask, kind + codec.envelope_to_bytes(sealed), now, about)

    def _rule(
        self,
        tx: Transaction,
        asked: AttestationRequest,
        terms: Terms,
        own: OwnScale,
        now: datetime,
    ) -> _Ruling:
        # Everything is worked out for everybody, nobody too, before anything is refused (rule 4).
        subject = _find(tx, asked, terms.host, now)
        standing = standing_of(tx, subject.resident, own.scale, self._here.day(now))
        level = min(asked.disclosure, subject.consent.disclosure, terms.disclosure_limit)
        claim = claim_for(standing, own.scale, terms, Disclosure(level))
        allowed = subject.consent.allowed(terms.host, asked.scenarios, now)
        refusal = _refusal(subject, allowed, claim, now)
        if refusal is not None:
            return _Ruling(subject, None, (), refusal)
        return _Ruling(subject, claim, allowed, None)

    def _say(
        self,
        tx: Transaction,
        request: Verified[AttestationRequest],
        terms: Terms,
        ruling: _Ruling,
        now: datetime,
    ) -> Attestation:
        asked, subject = request.message, ruling.subject
        latest, place = now + terms.attestation_lifetime, 0
        ends = min(latest, terms.valid_until)
        if ruling.claim:
            ends = min(ends, subject.consent.expires_at)
            # The list that it is in lives for as long as any of these terms may.
            [place] = tx.statuses.take(terms.host, 1, latest)
        header = Header(self._here.new_id(now), self._here.city, (terms.host,), now, ends)
        return Attestation(
            header=header,
            request_id=asked.header.statement_id,
            request_digest=request.payload_digest,
            pseudonym=subject.pseudonym,
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            scale=terms.scale,
            # A refusal signs a decoy that never leaves this city.
            claim=ruling.claim or Claim(Disclosure.THRESHOLD, terms.line_band, None, None, ()),
            scenarios=ruling.scenarios or asked.scenarios,
            as_of=now,
            status_index=place,
            counting=subject.consent.counting,
            use_commitment=subject.consent.use_commitment,
        )

    def _keep(
        self,
        tx: Transaction,
        said: Attestation,
        ruling: _Ruling,
        sealed: Envelope,
        now: datetime,
    ) -> None:
        here, claim = self._here, ruling.claim
        resident_id = ruling.subject.resident.resident_id
        tx.uses.add(
            Use(
                use_id=said.header.statement_id,
                resident_id=resident_id,
                host=said.header.audience[0],
                used_at=now,
                outcome=UseOutcome.ATTESTED if claim else UseOutcome.REFUSED,
                scenarios=said.scenarios,
                disclosure=claim.disclosure if claim else None,
                refusal=ruling.refusal.name if ruling.refusal else "",
            )
        )
        kind = LogKind.ISSUED if claim else LogKind.REFUSED
        sequence = here.trace(tx, kind, sealed.payload, now, subject=resident_id)
        if claim is None:
            return
        tx.attestations.add(
            IssuedAttestation(
                attestation_id=said.header.statement_id,
                resident_id=resident_id,
                consent_id=ruling.subject.consent.consent_id,
                host=said.header.audience[0],
                pseudonym=said.pseudonym,
                status_index=said.status_index,
                issued_at=now,
                expires_at=said.header.expires_at,
                claim=claim_text(claim),
                statement=codec.envelope_to_bytes(sealed),
                log_sequence=sequence,
            )
        )


def _find(tx: Transaction, asked: AttestationRequest, host: CityCode, now: datetime) -> Subject:
    """Whom the request is about; a code is used up by being shown, whatever follows."""
    if asked.presentation_code is not None:
        digest = hashlib.sha256(asked.presentation_code).digest()
        subject = tx.consents.by_code(digest)
        if subject.is_nobody or subject.code is None or subject.code.used_at:
            tx.consents.use_decoy(now)
        else:
            tx.consents.use_code(digest, now)
        return subject
    subjects = tx.consents.by_pseudonym(host, asked.pseudonym or b"")

    def covers(subject: Subject) -> int:
        return len(subject.consent.allowed(host, asked.scenarios, now))

    return max(subjects, key=covers)


def _refusal(
    subject: Subject, allowed: tuple[str, ...], claim: Claim | None, now: datetime
) -> Reason | None:
    """Why nothing may be said of the subject; the first of several reasons."""
    if subject.is_nobody:
        return REFUSED_UNKNOWN
    code, consent = subject.code, subject.consent
    if code is not None and code.used_at:
        return REFUSED_CODE_USED
    if code is not None and now >= code.expires_at:
        return REFUSED_CODE_EXPIRED
    if not consent.stands_at(now):
        return REFUSED_CONSENT_ENDED
    if not allowed:
        return REFUSED_OUTSIDE_CONSENT
    return REFUSED_NOTHING_TO_SHOW if claim is None else None
