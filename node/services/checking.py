"""The host city's side: what a resident who is present may have here.

The question to the home city is kept before it is sent, so that a venue that lost its answer
asks again and gets the first. An earlier recognition is gone by only while there is fresh news that
it still stands (`relying`). Where the home city refuses, cannot be reached or has no agreement with
this one, the resident is as a newcomer, and is told so: never an error, never less.
"""

import enum
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from federation import codec
from federation.agreement import Terms
from federation.envelope import Envelope, Verified, open_own, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    AGREEMENT_NOT_ACTIVE,
    NOT_RECOGNISED,
    HutongError,
)
from federation.identifiers import CityCode, code_text, parse_code
from federation.limits import CODE_BYTES, REQUEST_LIFETIME
from federation.messages import AttestationRequest
from federation.recognition import Recognition
from node import limits
from node.errors import (
    NOT_A_PARTNER,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    VISITOR_PASS_UNKNOWN,
)
from node.logbook import LogKind
from node.model import Caller, Decision, PendingQuestion, StoredRecognition
from node.ports import Keys, Transaction, UnitOfWork
from node.registry import Incentive
from node.services.answering import Ask, record, recorded
from node.services.asking import Asking
from node.services.deciding import Verdict, asked_for, decide
from node.services.here import Here
from node.services.terms import TermsBook
from node.services.visits import keep_recognition, keep_visit

# A kept question is sent again while the home city still takes it.
_QUESTION_COUNTS: Final = REQUEST_LIFETIME - timedelta(seconds=10)
_NO_AGREEMENT: Final = frozenset(
    reason.name for reason in (AGREEMENT_MISMATCH, AGREEMENT_NOT_ACTIVE, NOT_A_PARTNER)
)
# Where no answer came that this city could believe or not.
_NO_ANSWER: Final = (NOT_RECOGNISED, NOT_A_PARTNER, PEER_REFUSED, PEER_UNREACHABLE)
_LOG = structlog.get_logger()


class RecognitionOutcome(enum.Enum):
    """Why the decisions are a newcomer's, or that they are not."""

    RECOGNISED = 1
    NOT_RECOGNISED = 2
    HOME_UNREACHABLE = 3
    NO_AGREEMENT = 4


@dataclass(frozen=True, slots=True)
class Credential:
    """What the resident shows: the text of a presentation code, or of a visitor pass."""

    text: str
    is_pass: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer to a venue: one decision for each incentive; `decision_id` "" where not open."""

    outcome: RecognitionOutcome
    home: CityCode
    visitor: StoredRecognition | None
    visitor_pass: str
    decisions: tuple[tuple[str, Incentive, Verdict], ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What this city knows before it asks anyone: a visitor and what that is worth, or whom to ask.

    Of a visitor that is `UNHEARD` the home city's lists are to be fetched first.
    """

    home: CityCode
    visitor: StoredRecognition | None
    terms: Terms | None = None
    question: Verified[AttestationRequest] | None = None
    worth: Reliance = Reliance.OVER


class Lists(Protocol):
    """Where a home city's status lists come from."""

    async def fetch(self, home: CityCode) -> None:
        """Fetch and keep them; raises why they cannot be had."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What came of asking: the recognition and the envelope that it was read in, where one came.

    `unbelieved` where an answer came that was not what the agreement says.
    """

    outcome: RecognitionOutcome
    found: tuple[Recognition, Envelope] | None = None
    unbelieved: bool = False


class Checking:
    """Checks what a resident may have at a venue."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        book: TermsBook,
        asking: Asking,
        lists: Lists,
    ) -> None:
        """Check for the venues of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._book = book
        self._asking = asking
        self._lists = lists

    async def check(
        self,
        ask: Ask,
        venue: Caller,
        credential: Credential,
        incentive_ids: Sequence[str],
        encode: Callable[[Checked], bytes],
    ) -> bytes:
        """The encoded answer.

        1. Keep the question to ask, unless a recorded answer or a recognition that counts is there.
           One of which there is no fresh news is looked at again, once lists were fetched.
        2. Ask the home city; no transaction is open meanwhile.
        3. Keep the recognition and the decisions together with the answer.

        While the home city cannot be reached the answer is not recorded: a repetition asks again.
        """
        # 1.
        def begin(tx: Transaction, heard: _Heard) -> bytes | _Known:
            found = recorded(tx, ask)
            if found is not None:
                return found
            return self._begin(tx, ask, venue, credential, incentive_ids, heard)

        known = await self._uow.run(lambda tx: begin(tx, _Heard.NOT_TRIED))
        if isinstance(known, _Known) and known.worth is Reliance.UNHEARD:
            heard = await self._hear(known.home)
            known = await self._uow.run(lambda tx: begin(tx, heard))
        if isinstance(known, bytes):
            return known
        # 2.
        told = await self._recognise(known)
        # 3.
        now = self._here.now()

        def finish(tx: Transaction) -> bytes:
            found = recorded(tx, ask)
            if found is not None:
                return found
            answer = self._still_there(tx, known, told)
            visitor, pass_text = self._keep(tx, known, answer, credential, now)
            incentives = asked_for(tx.registry, venue, incentive_ids)
            checked = self._decide(
                tx, venue, incentives, known, answer.outcome, visitor, pass_text, now
            )
            if (about := visitor or known.visitor) is not None:
                keep_visit(tx, self._here, about, venue, checked.decisions, now)
            response = encode(checked)
            if answer.outcome is not RecognitionOutcome.HOME_UNREACHABLE:
                record(tx, ask, response, now, about.recognition_id if about else "")
                # Nobody sends it again: whoever asks again gets the recorded answer.
                tx.recognitions.forget_question(_key(ask))
            return response

        return await self._uow.run(finish)

    def _begin(
        self,
        tx: Transaction,
        ask: Ask,
        venue: Caller,
        credential: Credential,
        ids: Sequence[str],
        heard: _Heard,
    ) -> _Known:
        now = self._here.now()
        incentives = asked_for(tx.registry, venue, ids)
        home, raw, visitor = self._shown(tx, credential)
        terms = self._book.find(tx.registry, home, self._here.city)
        if terms is None or not terms.in_force(now):
            return _Known(home, visitor)
        needed = {i.scenario for i in incentives} & set(terms.scenarios)
        worth = Reliance.OVER
        if visitor:
            worth = reliance(tx, self._here, visitor, terms, needed, now)
        if worth is Reliance.COUNTS or (worth is Reliance.UNHEARD and heard is not _Heard.NO_MORE):
            return _Known(home, visitor, terms, worth=worth)
        if not needed:
            return _Known(home, visitor, terms)
        if visitor:
            needed |= set(visitor.scenarios) & set(terms.scenarios)
        question = self._question(tx, ask, terms, visitor or raw, tuple(sorted(needed)), now)
        return _Known(home, visitor, terms, question)

    def _shown(
        self, tx: Transaction, credential: Credential
    ) -> tuple[CityCode, bytes, StoredRecognition | None]:
        """The home city, the secret, and for a pass the visitor that it was given to."""
        where = "visitor_pass" if credential.is_pass else "presentation_code"
        city, raw = parse_code(credential.text, where=where)
        if not credential.is_pass:
            return city, raw, None
        found = tx.recognitions.by_pass(hashlib.sha256(raw).digest())
        if city != self._here.city or found is None:
            raise HutongError(VISITOR_PASS_UNKNOWN)
        return found.home, raw, found

    def _question(
        self,
        tx: Transaction,
        ask: Ask,
        terms: Terms,
        subject: StoredRecognition | bytes,
        scenarios: tuple[str, ...],
        now: datetime,
    ) -> Verified[AttestationRequest]:
        """The question kept for this very request of the venue, or a new one, kept.

        Another request never gets it: a code works once, also at two venues in one second.
        """
        key = _key(ask)
        kept = tx.recognitions.question(key)
        if kept and kept.home == terms.home and now < kept.asked_at + _QUESTION_COUNTS:
            return open_own(codec.envelope_from_bytes(kept.envelope), codec.ATTESTATION_REQUEST)
        code = subject if isinstance(subject, bytes) else None
        pseudonym = None if isinstance(subject, bytes) else subject.pseudonym
        asked = AttestationRequest(
            header=self._here.header((terms.home,), now, REQUEST_LIFETIME),
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            presentation_code=code,
            pseudonym=pseudonym,
            scenarios=scenarios,
            disclosure=min(terms.disclosure_limit, self._asking.level),
        )
        envelope = seal(codec.ATTESTATION_REQUEST, asked, [self._keys])
        kept_bytes = codec.envelope_to_bytes(envelope)
        tx.recognitions.ask(PendingQuestion(key, terms.home, kept_bytes, now))
        self._here.trace(tx, LogKind.ISSUED, envelope.payload, now)
        return open_own(envelope, codec.ATTESTATION_REQUEST)

    async def _recognise(self, known: _Known) -> _Told:
        if known.worth is Reliance.COUNTS:
            return _Told(RecognitionOutcome.RECOGNISED)
        if known.terms is None or known.question is None:
            return _Told(RecognitionOutcome.NO_AGREEMENT)
        try:
            found = await self._asking.ask(known.question, known.terms)
        except HutongError as error:
            if error.reason != NOT_RECOGNISED:
                told = error.fields.get("peer_reason") or error.fields.get("problem", "")
                _LOG.warning(
                    "no_attestation_came", home=known.home, reason=error.reason.name, told=told
                )
            return _Told(_outcome(error), unbelieved=error.reason not in _NO_ANSWER)
        return _Told(RecognitionOutcome.RECOGNISED, found)

    def _still_there(self, tx: Transaction, known: _Known, told: _Told) -> _Told:
        """What was told, unless it is of a resident of this city who was erased meanwhile."""
        if told.found is None or known.home != self._here.city:
            return told
        subjects = tx.consents.by_pseudonym(self._here.city, told.found[0].pseudonym)
        if any(subject.is_nobody for subject in subjects):
            return _Told(RecognitionOutcome.NOT_RECOGNISED)
        return told

    def _keep(
        self,
        tx: Transaction,
        known: _Known,
        told: _Told,
        credential: Credential,
        now: datetime,
    ) -> tuple[StoredRecognition | None, str]:
        refused = told.outcome is RecognitionOutcome.NOT_RECOGNISED
        if told.outcome is RecognitionOutcome.RECOGNISED and told.found is None:
            return known.visitor, credential.text
        if refused or told.unbelieved:
            content = known.question.envelope.payload if known.question else b""
            self._here.trace(tx, LogKind.REFUSED, content, now)
        if refused and known.visitor:
            tx.recognitions.end(known.visitor.recognition_id, now)
        if told.found is None or known.terms is None:
            return None, ""
        recognition, envelope = told.found
        before = tx.recognitions.by_pseudonym(known.home, recognition.pseudonym)
        code = b"" if known.visitor else self._here.entropy.token(CODE_BYTES)
        pass_text = credential.text if known.visitor else code_text(self._here.city, code)
        visitor = StoredRecognition(
            recognition_id=before.recognition_id if before else self._here.new_id(now),
            pass_digest=(
                known.visitor.pass_digest if known.visitor else hashlib.sha256(code).digest()
            ),
            home=known.home,
            pseudonym=recognition.pseudonym,
            band_id=recognition.band_id,
            commendations=recognition.commendations,
            scenarios=recognition.scenarios,
            agreement_id=known.terms.agreement_id,
            agreement_version=known.terms.version,
            attestation_id=recognition.attestation_id,
            status_index=recognition.status_index,
            checked_at=now,
            expires_at=recognition.expires_at,
        )
        tx.recognitions.put(visitor)
        keep_recognition(tx, self._here, before, visitor)
        self._here.trace(
            tx, LogKind.RECEIVED, envelope.payload, now, subject=visitor.recognition_id
        )
        return visitor, pass_text

    def _decide(
        self,
        tx: Transaction,
        venue: Caller,
        incentives: Sequence[Incentive],
        known: _Known,
        outcome: RecognitionOutcome,
        visitor: StoredRecognition | None,
        pass_text: str,
        now: datetime,
    ) -> Checked:
        own = tx.registry.own_scale()
        catalogue = tx.registry.catalogue
        expires_at = now + limits.DECISION_LIFETIME
        if visitor and known.terms:
            fresh_until = visitor.checked_at + known.terms.status_freshness
            ends = (fresh_until, visitor.expires_at, known.terms.valid_until)
            expires_at = min(expires_at, *ends)
        today = self._here.day(now)
        rows = list[tuple[str, Incentive, Verdict]]()
        for incentive in incentives:
            verdict = decide(incentive, visitor, own.scale if own else None, today)
            decision_id = self._here.new_id(now) if verdict.eligible else ""
            rows.append((decision_id, incentive, verdict))
        tx.redemptions.decide(
            [
                Decision(
                    decision_id=decision_id,
                    venue=venue.name,
                    incentive_id=incentive.incentive_id,
                    catalogue_version=catalogue.version if catalogue else 0,
                    recognition_id=visitor.recognition_id if visitor else "",
                    decided_at=now,
                    expires_at=expires_at,
                )
                for decision_id, incentive, _ in rows
                if decision_id
            ]
        )
        return Checked(outcome, known.home, visitor, pass_text, tuple(rows), expires_at)


def _key(ask: Ask) -> bytes:
    """What the question of a venue's request is kept under."""
    return hashlib.sha256(f"{ask.caller}\0{ask.request_id}".encode()).digest()


def _outcome(error: HutongError) -> RecognitionOutcome:
    if error.reason == NOT_RECOGNISED:
        return RecognitionOutcome.NOT_RECOGNISED
    told = error.fields.get("peer_reason", error.reason.name)
    if told in _NO_AGREEMENT:
        return RecognitionOutcome.NO_AGREEMENT
    return RecognitionOutcome.HOME_UNREACHABLE


def _counts(visitor: StoredRecognition, terms: Terms, needed: set[str], now: datetime) -> bool:
    """Whether an earlier recognition may be used without asking the home city again."""
    return (
        visitor.ended_at is None
        and now < visitor.expires_at
        and now < visitor.checked_at + terms.status_freshness
        and (visitor.agreement_id, visitor.agreement_version) == (terms.agreement_id, terms.version)
        and needed <= set(visitor.scenarios)
    )
