"""What a home city answered to one renewal request: opened, read, and kept.

One signature stands for all of a batch, so each attestation is believed only by its own proof: one
that is not what it must be fails alone, and the recognition stays as it is.
"""

import asyncio
from dataclasses import dataclass

from federation import codec
from federation.agreement import Terms
from federation.envelope import (
    BatchedPayload,
    Envelope,
    Verified,
    open_batched,
    open_envelope,
)
from federation.errors import ANSWERS_ANOTHER_REQUEST, MALFORMED, HutongError
from federation.limits import RENEWAL_PORTION
from federation.messages import ScoreScale
from federation.recognition import recognise_renewed
from federation.standing import AttestationBatch, RenewalRequest
from federation.status_list import is_set, place_of
from node.logbook import LogKind
from node.model import StoredRecognition
from node.ports import Transaction
from node.services.asking import Asking
from node.services.gathering import Gathered
from node.services.here import Here
from node.services.swapping import Swapping


@dataclass(frozen=True, slots=True)
class Asked:
    """A renewal request on its way, and whom it is about, in its order.

    None stands for one who ended, or was asked for anew, since: the result is of no use. `resumed`
    where the request was kept before this walk began.
    """

    request: Verified[RenewalRequest]
    terms: Terms
    subjects: tuple[StoredRecognition | None, ...]
    resumed: bool = False

    @property
    def request_id(self) -> str:
        """The id of the request."""
        return self.request.message.header.statement_id

    @property
    def count(self) -> int:
        """How many of them it is still about."""
        return sum(subject is not None for subject in self.subjects)


@dataclass(frozen=True, slots=True)
class Unbelieved:
    """An attestation that was not what it must be, and why."""

    subject: StoredRecognition
    payload: bytes
    error: HutongError


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says: who is renewed (before, after), who is not, and what was not believed.

    `batch` is None where nobody was attested to.
    """

    batch: Envelope | None
    renewed: tuple[tuple[StoredRecognition, StoredRecognition], ...]
    refused: tuple[StoredRecognition, ...]
    unbelieved: tuple[Unbelieved, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many were renewed, and how many ended, in this city's books."""

    renewed: int
    ended: int


class RenewedReader:
    """Opens and keeps the answers to this city's renewal requests."""

    def __init__(self, here: Here, asking: Asking, swapping: Swapping) -> None:
        """For the city of `here`."""
        self._here = here
        self._asking = asking
        self._swapping = swapping

    async def read(self, asked: Asked, gathered: Gathered) -> Answer:
        """Read an answer.

        1. It came whole and in order.
        2. Its batch is signed by the home city, for this one, just now.
        3. The batch answers this request: its id, its bytes.
        4. Each attestation is in the batch, and is read as the agreement says; it is about the one
           who was asked for at its place. Others are not touched by one that is not.

        Raises:
            HutongError: with the reason of the first of the steps 1 to 3 that fails.

        """
        # 1.
        if gathered.problem:
            raise HutongError(MALFORMED, where="renewal", problem=gathered.problem)
        # 2. and 3.
        batch = None
        if gathered.batch is not None:
            batch = await self._open(asked, gathered.batch)
        # 4.
        scale = self._asking.scale(asked.terms)
        renewed = list[tuple[StoredRecognition, StoredRecognition]]()
        refused, unbelieved = list[StoredRecognition](), list[Unbelieved]()
        pairs = tuple(zip(asked.subjects, gathered.results, strict=True))
        for start in range(0, len(pairs), RENEWAL_PORTION):
            for subject, result in pairs[start : start + RENEWAL_PORTION]:
                if subject is None:
                    continue
                if result is None or batch is None:
                    refused.append(subject)
                    continue
                try:
                    renewed.append((subject, self._item(asked, batch, subject, result, scale)))
                except HutongError as error:
                    unbelieved.append(Unbelieved(subject, result.payload, error))
            # A thousand take a while: calls that wait come first.
            await asyncio.sleep(0)
        return Answer(gathered.batch, tuple(renewed), tuple(refused), tuple(unbelieved))

    async def _open(self, asked: Asked, envelope: Envelope) -> Verified[AttestationBatch]:
        def act() -> Verified[AttestationBatch]:
            return open_envelope(
                envelope,
                codec.ATTESTATION_BATCH,
                signed_by=[self._asking.keyring(asked.terms)],
                audience=self._here.city,
                now=self._here.now(),
            )

        batch = await self._swapping.opened(asked.terms.home, act)
        answered = (batch.message.request_id, batch.message.request_digest)
        if answered != (asked.request_id, asked.request.payload_digest):
            raise HutongError(ANSWERS_ANOTHER_REQUEST)
        return batch

    def _item(
        self,
        asked: Asked,
        batch: Verified[AttestationBatch],
        subject: StoredRecognition,
        result: BatchedPayload,
        scale: ScoreScale,
    ) -> StoredRecognition:
        now, terms = self._here.now(), asked.terms
        opened = open_batched(result, codec.ATTESTATION, batch, audience=self._here.city, now=now)
        found = recognise_renewed(opened, asked.request, subject.pseudonym, terms, scale, now)
        return StoredRecognition(
            recognition_id=subject.recognition_id,
            pass_digest=subject.pass_digest,
            home=subject.home,
            pseudonym=subject.pseudonym,
            band_id=found.band_id,
            commendations=found.commendations,
            scenarios=found.scenarios,
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            attestation_id=found.attestation_id,
            status_index=found.status_index,
            # A request that is sent again gets the first answer: that is as old as it says.
            checked_at=min(found.as_of, now),
            expires_at=found.expires_at,
            counting=found.counting,
            use_commitment=found.use_commitment,
            local_milli=found.local_milli,
        )

    def keep(self, tx: Transaction, asked: Asked, answer: Answer) -> Kept | None:
        """Keep what an answer says; None where another process of this city kept it before.

        Who was withdrawn while the answer was on its way stays so, whatever it says.
        """
        now = self._here.now()
        if not tx.renewals.forget(asked.terms.home, asked.request_id):
            return None
        stands = self._stands(tx, asked.terms, answer)
        newer = [pair for pair, still in zip(answer.renewed, stands, strict=True) if still]
        gone = [pair[0] for pair, still in zip(answer.renewed, stands, strict=True) if not still]
        kept = Kept(tx.renewals.renew(newer), tx.renewals.end([*answer.refused, *gone], now))
        if answer.batch is None:
            self._here.trace(tx, LogKind.REFUSED, asked.request.envelope.payload, now)
        else:
            self._here.trace(tx, LogKind.RECEIVED, answer.batch.payload, now)
        for each in answer.unbelieved:
            subject = each.subject.recognition_id
            self._here.trace(tx, LogKind.REFUSED, each.payload, now, subject=subject)
        return kept

    def refuse(self, tx: Transaction, asked: Asked, gathered: Gathered) -> None:
        """Let a request go whose answer is not to be believed; everybody stays as they are."""
        if tx.renewals.forget(asked.terms.home, asked.request_id):
            came = gathered.batch or asked.request.envelope
            self._here.trace(tx, LogKind.REFUSED, came.payload, self._here.now())

    def _stands(self, tx: Transaction, terms: Terms, answer: Answer) -> list[bool]:
        """Whether each new attestation stands, by what this city has heard until now."""
        indices = [after.status_index for _, after in answer.renewed]
        if terms.home == self._here.city:
            return [not tx.statuses.is_ended(terms.host, index) for index in indices]
        places = [place_of(index) for index in indices]
        numbers = {number for number, _ in places}
        lists = {number: tx.partner_statuses.get(terms.home, number) for number in numbers}
        bits = {number: found.bits for number, found in lists.items() if found is not None}
        return [not (number in bits and is_set(bits[number], place)) for number, place in places]
