"""What is kept of a request, so that its repetition is known, says nothing of what was in it."""

import hashlib
import uuid

from node.model import Role
from node.v1 import resident_service_pb2 as pb
from tests.node.services.world import fictional_id
from tests.node.transport.conftest import Street
from tests.node.transport.house import call

ENROL = "/node.v1.ResidentService/EnrolResident"


def test_whoever_has_the_store_cannot_try_document_numbers_against_a_recorded_answer(
    street: Street,
) -> None:
    """ID numbers are few: an unkeyed digest of a request that holds one gives it away."""
    request = pb.EnrolResidentRequest(
        request_id=str(uuid.uuid4()),
        document_kind=pb.DOCUMENT_KIND_RESIDENT_ID,
        document_number=fictional_id(77_001),
    )
    body = request.SerializeToString(deterministic=True)
    channel = street.house.as_client(street.house.client(Role.RESIDENT))
    assert call(channel, ENROL, body) == call(channel, ENROL, body)
    kept = street.house.act(
        lambda tx: tx.answers.find("resident/library", request.request_id)
    ).body_digest
    guesses = (body, b"EnrolResident\0" + body, request.document_number.encode())
    assert kept not in {hashlib.sha256(guess).digest() for guess in guesses}
