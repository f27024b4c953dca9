"""Calls that change something: done once, with the answer kept beside what it did."""

from collections.abc import Callable

from google.protobuf.message import Message

from node.ports import Transaction
from node.services.answering import once
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call

Act = Callable[[Transaction], Message]


async def once_for(cases: UseCases, call: Call, request: Message, act: Act) -> bytes:
    """The answer of `act`, or the first answer to a repeated request; all in one transaction."""
    ask, now = fields.ask_of(call, request), cases.here.now()
    return await cases.uow.run(lambda tx: once(tx, ask, now, lambda: encoded(act(tx))))


def encoded(message: Message) -> bytes:
    """The bytes of an answer, the same at each repetition."""
    return message.SerializeToString(deterministic=True)
