"""Calls that change something: done once, with the answer kept beside what it did."""

from collections.abc import Callable, Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.ports import Transaction
from node.services.answering import once
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call

Act = Callable[[Transaction], Message]


async def once_for(cases: UseCases, call: Call, request: Message, act: Act) -> bytes:
    """The answer of `act`, or the first answer to a repeated request; all in one transaction."""
    ask, now = fields.ask_of(cases, call, request), cases.here.now()

    def run(tx: Transaction) -> bytes:
        def made() -> tuple[bytes, str]:
            answer = act(tx)
            return encoded(answer), _subject(tx, request, answer)

        return once(tx, ask, now, made)

    return await cases.uow.run(run)


def encoded(message: Message) -> bytes:
    """The bytes of an answer, the same at each repetition."""
    return message.SerializeToString(deterministic=True)


def _subject(tx: Transaction, request: Message, answer: Message) -> str:
    """Whom an answer is about, for erasure: a resident, or a recognition; "" for nobody.

    The resident is named in the question or the answer, or what is named there leads to one.
    """
    named = dict(_identifiers(answer)) | dict(_identifiers(request))
    if "resident_id" in named:
        return named["resident_id"]
    case = tx.cases.get(named["case_id"]) if "case_id" in named else None
    if case is not None:
        return case.resident_id
    promise = tx.promises.get(named["promise_id"]) if "promise_id" in named else None
    if promise is not None:
        return promise.resident_id
    decision = tx.redemptions.decision(named["decision_id"]) if "decision_id" in named else None
    return decision.recognition_id if decision is not None else ""


def _identifiers(message: Message) -> Iterator[tuple[str, str]]:
    """The fields of a message that are set and end in _id, and those of the messages in it."""
    for field, value in message.ListFields():
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from _identifiers(value)
        elif field.name.endswith("_id"):
            yield field.name, str(value)
