"""Envelopes in the fields of partners' requests."""

from google.protobuf.message import Message

from federation import codec
from federation.envelope import Envelope
from federation.errors import MALFORMED, HutongError


def envelope_in(request: Message, field: str) -> Envelope:
    """The envelope in a field; raises MALFORMED where there is none."""
    if not request.HasField(field):
        raise HutongError(MALFORMED, where=field, problem="it is missing")
    return codec.envelope_from_wire(getattr(request, field))
