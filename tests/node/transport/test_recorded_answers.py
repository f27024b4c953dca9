"""What is kept of a request, so that its repetition is known, says nothing of what was in it."""

import hashlib
import uuid

from google.protobuf.message import Message

from node.model import Role
from node.v1 import case_pb2
from node.v1 import department_case_service_pb2 as cases_pb
from node.v1 import resident_case_service_pb2 as own_cases_pb
from node.v1 import resident_service_pb2 as pb
from tests.node.catalogue import OFFICE, made_catalogue, row
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


def test_the_answer_to_an_officer_is_found_for_erasure_by_whom_the_case_is_about(
    street: Street,
) -> None:
    house, number = street.house, fictional_id(77_002)
    clients = {
        Role.RESIDENT: house.as_client(house.client(Role.RESIDENT)),
        Role.DEPARTMENT: house.as_client(house.client(Role.DEPARTMENT, f"{OFFICE}.wang")),
    }

    def ask(role: Role, method: str, request: Message) -> bytes:
        return call(clients[role], f"/node.v1.{method}", request.SerializeToString())

    enrolled = pb.EnrolResidentResponse.FromString(
        ask(
            Role.RESIDENT,
            "ResidentService/EnrolResident",
            pb.EnrolResidentRequest(
                request_id=str(uuid.uuid4()),
                document_kind=pb.DOCUMENT_KIND_RESIDENT_ID,
                document_number=number,
            ),
        )
    )
    version = house.act(lambda tx: tx.registry.indicators.version if tx.registry.indicators else 0)
    house.act(lambda tx: tx.administration.put_indicators(made_catalogue(version + 1)))
    house.act(lambda tx: house.cases.recording.load(tx, OFFICE, [row(number, "wrong-1")]))
    opened = own_cases_pb.OpenObjectionResponse.FromString(
        ask(
            Role.RESIDENT,
            "ResidentCaseService/OpenObjection",
            own_cases_pb.OpenObjectionRequest(
                request_id=str(uuid.uuid4()),
                resident_id=enrolled.resident_id,
                source=OFFICE,
                record_number="wrong-1",
                statement="not mine",
            ),
        )
    )
    decided = cases_pb.DecideCaseRequest(
        request_id=str(uuid.uuid4()),
        case_id=opened.case.case_id,
        decision=cases_pb.CASE_DECISION_REFUSE,
        reason="it is",
    )
    answer = ask(Role.DEPARTMENT, "DepartmentCaseService/DecideCase", decided)
    state = cases_pb.DecideCaseResponse.FromString(answer).case.state
    assert state == case_pb2.CASE_STATE_REFUSED
    asker = f"department/{OFFICE}.wang"
    kept = house.act(lambda tx: tx.answers.find(asker, decided.request_id))
    assert (kept.response, kept.subject) == (answer, enrolled.resident_id)
