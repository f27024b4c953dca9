"""A repeated request gets the first answer (rule 7, AIP-155)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from node.errors import REQUEST_ID_REUSED, HutongError
from node.model import RecordedAnswer
from node.ports import Transaction


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, under which request id, and the digest of what was asked."""

    caller: str
    request_id: str
    body_digest: bytes


def recorded(tx: Transaction, ask: Ask) -> bytes | None:
    """The answer that this request got before; raises REQUEST_ID_REUSED for another body."""
    found = tx.answers.find(ask.caller, ask.request_id)
    if found is None:
        return None
    if found.body_digest != ask.body_digest:
        raise HutongError(REQUEST_ID_REUSED, request_id=ask.request_id)
    return found.response


def record(tx: Transaction, ask: Ask, response: bytes, now: datetime, subject: str = "") -> bytes:
    """Keep the answer together with what it did, and the resident whom it is about."""
    tx.answers.record(
        RecordedAnswer(ask.caller, ask.request_id, ask.body_digest, response, now, subject)
    )
    return response


def once(tx: Transaction, ask: Ask, now: datetime, act: Callable[[], tuple[bytes, str]]) -> bytes:
    """The recorded answer, or that of `act`, recorded; `act` says too whom it is about."""
    found = recorded(tx, ask)
    if found is not None:
        return found
    response, subject = act()
    return record(tx, ask, response, now, subject)
