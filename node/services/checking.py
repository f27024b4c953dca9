"""The host city's side: what a resident who is present may have here.

The question to the home city is kept before it is sent, so that a venue that lost its answer
asks again and gets the first. An earlier recognition is gone by only while there is fresh news that
it still stands (`relying`). Where the home city refuses, cannot be reached or has no agreement with
this one, the resident is as a newcomer, and is told so: never an error, never less. Where this
city has too many calls to it under way, the venue is told when to come again, as under any load.
"""

import enum
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from federation.agreement import Terms
from federation.envelope import Envelope, Verified
from federation.errors import (
    AGREEMENT_MISMATCH,
    AGREEMENT_NOT_ACTIVE,
    NOT_RECOGNISED,
    HutongError,
)
from federation.identifiers import CityCode, code_text, parse_code
from federation.limits import CODE_BYTES
from federation.messages import AttestationRequest
from federation.recognition import Recognition
from node.errors import (
    NOT_A_PARTNER,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    VISITOR_PASS_UNKNOWN,
)
from node.incentives import Incentive
from node.load_errors import PARTNER_BUSY
from node.log_events import own_words
from node.logbook import LogKind
from node.model import Caller, StoredRecognition
from node.ports import Keys, Transaction, UnitOfWork
from node.services.answering import Ask, record, recorded
from node.services.asking import Asking
from node.services.deciding import Verdict, asked_for
from node.services.here import Here
from node.services.questioning import Wanted, kept_question, question_key
from node.services.relying import Reliance, is_withdrawn, reliance
from node.services.signed_check import Shown, SignedCheck, sign_check
from node.services.terms import TermsBook
from node.services.visits import keep_recognition, keep_visit

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
    """The answer to a venue: one decision for each incentive, and all of them signed."""

    outcome: RecognitionOutcome
    home: CityCode
    visitor: StoredRecognition | None
    visitor_pass: str
    signed: SignedCheck

    @property
    def decisions(self) -> tuple[tuple[str, Incentive, Verdict], ...]:
        """Each decision's id, "" where the incentive is not open, with incentive and verdict."""
        return self.signed.rows

    @property
    def expires_at(self) -> datetime:
        """When the decisions end."""
        return self.signed.statement.header.expires_at


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

        1. Give the recorded answer, or decide by a recognition that counts; else keep the question
           to ask. Where it would count with fresh news, fetch the lists and look again.
        2. Ask the home city; no transaction is open meanwhile.
        3. Keep the recognition and the decisions together with the answer.

        While the home city cannot be reached the answer is not recorded: a repetition asks again.
        Raises PARTNER_BUSY where no more calls to it go out now: a repetition is answered.
        """

        def begin(tx: Transaction, *, heard: bool) -> bytes | _Known:
            found = recorded(tx, ask)
            if found is not None:
                return found
            known = self._begin(tx, ask, venue, credential, incentive_ids, heard=heard)
            if known.worth is Reliance.COUNTS:
                return finish(tx, known, _Told(RecognitionOutcome.RECOGNISED))
            return known

        def finish(tx: Transaction, known: _Known, told: _Told) -> bytes:
            now = self._here.now()
            answer = self._still_there(tx, known, told)
            visitor, pass_text = self._keep(tx, known, answer, credential, now)
            incentives = asked_for(tx.registry, venue, incentive_ids)
            shown = Shown(venue, known.home, visitor, known.terms)
            signed = sign_check(tx, self._here, self._keys, shown, incentives, now)
            checked = Checked(answer.outcome, known.home, visitor, pass_text, signed)
            about = visitor or _remaining(tx, known.visitor)
            if about is not None:
                keep_visit(tx, self._here, about, signed.statement)
            response = encode(checked)
            if answer.outcome is not RecognitionOutcome.HOME_UNREACHABLE:
                record(tx, ask, response, now, about.recognition_id if about else "")
                _forget(tx, ask, known)
            return response

        # 1.
        known = await self._uow.run(lambda tx: begin(tx, heard=False))
        if isinstance(known, _Known) and known.worth is Reliance.UNHEARD:
            heard = await self._hear(known.home)
            known = await self._uow.run(lambda tx: begin(tx, heard=heard))
        if isinstance(known, bytes):
            return known
        # 2.
        asked, told = known, await self._recognise(known)

        # 3.
        def end(tx: Transaction) -> bytes:
            found = recorded(tx, ask)
            return finish(tx, asked, told) if found is None else found

        return await self._uow.run(end)

    def _begin(
        self,
        tx: Transaction,
        ask: Ask,
        venue: Caller,
        credential: Credential,
        ids: Sequence[str],
        *,
        heard: bool,
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
        if worth is Reliance.COUNTS or (worth is Reliance.UNHEARD and not heard):
            return _Known(home, visitor, terms, worth=worth)
        if not needed:
            return _Known(home, visitor, terms)
        if visitor:
            needed |= set(visitor.scenarios) & set(terms.scenarios)
        wanted = Wanted(visitor or raw, tuple(sorted(needed)), terms.level)
        question = kept_question(tx, self._here, self._keys, ask, terms, wanted, now)
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

    async def _hear(self, home: CityCode) -> bool:
        """Fetch a home city's lists; False where it cannot be reached.

        One that answers, but not with lists that are fresh, is asked anew instead.
        """
        try:
            await self._lists.fetch(home)
        except HutongError as error:
            if error.reason == PARTNER_BUSY:
                raise
            _LOG.warning("no_status_lists_came", home=home, reason=error.reason.name)
            return error.reason != PEER_UNREACHABLE
        return True

    async def _recognise(self, known: _Known) -> _Told:
        if known.worth is Reliance.UNHEARD:
            return _Told(RecognitionOutcome.HOME_UNREACHABLE)
        if known.terms is None or known.question is None:
            return _Told(RecognitionOutcome.NO_AGREEMENT)
        try:
            found = await self._asking.ask(known.question, known.terms)
        except HutongError as error:
            if error.reason == PARTNER_BUSY:
                # Load is ours and goes by; nobody is a newcomer for it.
                raise
            if error.reason != NOT_RECOGNISED:
                _LOG.warning(
                    "no_attestation_came",
                    home=known.home,
                    reason=error.reason.name,
                    problem=own_words(error),
                )
            return _Told(_outcome(error), unbelieved=error.reason not in _NO_ANSWER)
        return _Told(RecognitionOutcome.RECOGNISED, found)

    def _still_there(self, tx: Transaction, known: _Known, told: _Told) -> _Told:
        """What was told, unless it was withdrawn meanwhile, or is of one who was erased here."""
        if told.found is None:
            return told
        if is_withdrawn(tx, self._here, known.home, told.found[0].status_index):
            return _Told(RecognitionOutcome.NOT_RECOGNISED)
        if known.home != self._here.city:
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
            # A repeated question gets the first answer: that is as old as it says.
            checked_at=min(recognition.as_of, now),
            expires_at=recognition.expires_at,
            counting=recognition.counting,
            use_commitment=recognition.use_commitment,
            local_milli=recognition.local_milli,
        )
        tx.recognitions.put(visitor)
        keep_recognition(tx, self._here, before, visitor, now)
        self._here.trace(
            tx, LogKind.RECEIVED, envelope.payload, now, subject=visitor.recognition_id
        )
        return visitor, pass_text


def _forget(tx: Transaction, ask: Ask, known: _Known) -> None:
    """Let the question go: nobody sends it again, for whoever asks again gets what is recorded."""
    if known.question is not None:
        tx.recognitions.forget_question(question_key(ask))


def _remaining(tx: Transaction, visitor: StoredRecognition | None) -> StoredRecognition | None:
    """A visitor who was there at first, unless erased while the home city was asked."""
    return tx.recognitions.get(visitor.recognition_id) if visitor else None


def _outcome(error: HutongError) -> RecognitionOutcome:
    if error.reason == NOT_RECOGNISED:
        return RecognitionOutcome.NOT_RECOGNISED
    told = error.fields.get("peer_reason", error.reason.name)
    if told in _NO_AGREEMENT:
        return RecognitionOutcome.NO_AGREEMENT
    return RecognitionOutcome.HOME_UNREACHABLE
