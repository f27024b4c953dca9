"""The question to a home city, kept before it is sent: who asks again sends the very same bytes."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from federation import codec
from federation.agreement import Terms
from federation.envelope import Verified, open_own, seal
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure
from node.logbook import LogKind
from node.model import PendingQuestion, StoredRecognition
from node.ports import Keys, Transaction
from node.services.answering import Ask
from node.services.here import Here

# A kept question is sent again while the home city still takes it.
_COUNTS: Final = REQUEST_LIFETIME - timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: about a visitor who was here before, or whose code is shown."""

    subject: StoredRecognition | bytes = field(repr=False)
    scenarios: tuple[str, ...]
    disclosure: Disclosure


def kept_question(
    tx: Transaction, here: Here, keys: Keys, ask: Ask, terms: Terms, wanted: Wanted, now: datetime
) -> Verified[AttestationRequest]:
    """The question kept for this very request of the venue, or a new one, kept.

    Another request never gets it: a code works once, also at two venues in one second.
    """
    key = question_key(ask)
    kept = tx.recognitions.question(key)
    if kept and kept.home == terms.home and now < kept.asked_at + _COUNTS:
        return open_own(codec.envelope_from_bytes(kept.envelope), codec.ATTESTATION_REQUEST)
    subject = wanted.subject
    asked = AttestationRequest(
        header=here.header((terms.home,), now, REQUEST_LIFETIME),
        agreement_id=terms.agreement_id,
        agreement_version=terms.version,
        presentation_code=subject if isinstance(subject, bytes) else None,
        pseudonym=None if isinstance(subject, bytes) else subject.pseudonym,
        scenarios=wanted.scenarios,
        disclosure=wanted.disclosure,
    )
    envelope = seal(codec.ATTESTATION_REQUEST, asked, [keys])
    tx.recognitions.ask(PendingQuestion(key, terms.home, codec.envelope_to_bytes(envelope), now))
    here.trace(tx, LogKind.ISSUED, envelope.payload, now)
    return open_own(envelope, codec.ATTESTATION_REQUEST)


def question_key(ask: Ask) -> bytes:
    """What the question of a venue's request is kept under."""
    return hashlib.sha256(f"{ask.caller}\0{ask.request_id}".encode()).digest()
