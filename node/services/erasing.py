"""Erasure: who stops taking part leaves no trace but the log's commitments (PIPL, article 47).

A commitment says nothing without its salt, and the salts go. What other cities hold is a pseudonym
that nothing leads back from; their next question is answered as for anybody unknown (rule 4).
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

from federation import codec
from federation.envelope import open_own
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.pseudonym import pairwise_pseudonym
from node.documents import parse_document
from node.errors import FIELD_INVALID
from node.logbook import LogKind
from node.model import DocumentKind, PendingQuestion, Resident
from node.ports import Keys, Transaction, UnitOfWork
from node.redemptions import PendingUse
from node.services.here import Here
from node.services.statuses import end_resident

_NONCE_BYTES: Final = 32


class Erasing:
    """Erases residents."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys, tell: Callable[..., None]) -> None:
        """For the residents of `here`; `tell` tells hosts what ended."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._tell = tell

    async def erase(self, resident_id: str, document_number: str) -> int:
        """Remove every row that is about a resident; how many, 0 for one who is not there.

        All or nothing: one transaction. What is left in the database's files is overwritten right
        after, or as soon as nobody reads what was before.

        Raises:
            HutongError: FIELD_INVALID where the document is not this resident's.
        """
        removed, hosts = await self._uow.run(
            lambda tx: self._erase(tx, resident_id, document_number)
        )
        self._tell(*hosts)
        await self._uow.scrub()
        return removed

    def _erase(self, tx: Transaction, resident_id: str, number: str) -> tuple[int, set[CityCode]]:
        now = self._here.now()
        resident = tx.residents.get(resident_id)
        if resident is None:
            return 0, set()
        if not self._is_of(resident, number, now):
            raise HutongError(
                FIELD_INVALID,
                field="document_number",
                problem="it is not this resident's document",
            )
        hosts = end_resident(tx, self._here, resident, now)
        city = self._here.city
        pseudonym = pairwise_pseudonym(resident.secret, city)
        asked = [q.key for q in tx.removal.questions(city) if _is_about(tx, q, resident, pseudonym)]
        asked += [q.key for q in tx.use_questions.to(city) if _is_of_use(q, pseudonym)]
        removed = tx.removal.erase(resident, city, pseudonym, asked)
        removed += _forget_renewals(tx, city, pseudonym)
        content = self._here.entropy.token(_NONCE_BYTES) + b" erased"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, now)
        return removed, hosts

    def _is_of(self, resident: Resident, number: str, now: datetime) -> bool:
        """Whether the document is this resident's, whatever kind it was said to be."""
        today, found = self._here.day(now), False
        for kind in DocumentKind:
            try:
                document = parse_document(kind, number, today)
            except HutongError:
                continue
            digest = self._keys.document_digest(kind.value, document.number)
            found |= hmac.compare_digest(digest, resident.document_digest)
        return found


def _forget_renewals(tx: Transaction, city: CityCode, pseudonym: bytes) -> int:
    """Let go of this city's requests to itself that name a resident; the others are asked anew."""
    removed = 0
    for kept in tx.renewals.pending(city):
        envelope = codec.envelope_from_bytes(kept.envelope)
        if pseudonym in open_own(envelope, codec.RENEWAL_REQUEST).message.pseudonyms:
            removed += tx.renewals.forget(city, kept.request_id)
    return removed


def _is_about(
    tx: Transaction, question: PendingQuestion, resident: Resident, pseudonym: bytes
) -> bool:
    """Whether a question of this city to itself, whose answer has not come, is about a resident."""
    envelope = codec.envelope_from_bytes(question.envelope)
    asked = open_own(envelope, codec.ATTESTATION_REQUEST).message
    if asked.presentation_code is None:
        return asked.pseudonym == pseudonym
    subject = tx.consents.by_code(hashlib.sha256(asked.presentation_code).digest())
    return subject.resident.resident_id == resident.resident_id


def _is_of_use(question: PendingUse, pseudonym: bytes) -> bool:
    """Whether a question of this city to itself for a lease is about a resident."""
    envelope = codec.envelope_from_bytes(question.envelope)
    return open_own(envelope, codec.USE_REQUEST).message.pseudonym == pseudonym
