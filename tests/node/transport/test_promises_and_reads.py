"""Promises and reads over the local port: each client in its role, a repetition changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from structlog.testing import capture_logs

from federation.errors import Reason
from node import data
from node.errors import DOCUMENT_INVALID, REQUEST_ID_REUSED, ROLE_REFUSED, UNKNOWN, HutongError
from node.model import Role
from node.record_errors import PROMISE_NOT_DUE, PROMISE_NOT_THEIRS, PROMISE_STATE
from node.v1 import (
    department_service_pb2,
    resident_case_service_pb2,
    resident_service_pb2,
    venue_service_pb2,
)
from tests.node.catalogue import OFFICE, THIRD, made_catalogue, row, rows_of
from tests.node.services.world import fictional_id
from tests.node.transport.conftest import Street
from tests.node.transport.house import HERE, House, call, failure, now

M = TypeVar("M", bound=Message)

CARD = "library-card"
_SERIAL = count(1)
_FOREIGN = fictional_id(990_000)


def request_id() -> str:
    return f"00000000-0000-4000-8000-{next(_SERIAL):012d}"


@dataclass
class Clients:
    """One connection of each client."""

    house: House
    channels: dict[str, grpc.Channel]

    def ask(self, client: str, path: str, request: Message, answer: type[M]) -> M:
        return answer.FromString(
            call(self.channels[client], f"/node.v1.{path}", request.SerializeToString())
        )

    def refusal(self, client: str, path: str, request: Message, reason: Reason) -> HutongError:
        found = failure(
            self.channels[client], f"/node.v1.{path}", request.SerializeToString()
        ).error
        assert found is not None
        assert found.reason == reason, found
        return found

    def enrol(self) -> tuple[str, str]:
        """A new resident with a card in reach: the document and the id."""
        number = fictional_id(next(_SERIAL) + 600_000)
        enrolled = self.ask(
            "app",
            "ResidentService/EnrolResident",
            resident_service_pb2.EnrolResidentRequest(
                request_id=request_id(),
                document_kind=resident_service_pb2.DOCUMENT_KIND_RESIDENT_ID,
                document_number=number,
            ),
            resident_service_pb2.EnrolResidentResponse,
        )
        prefix = f"r{next(_SERIAL)}"
        rows = rows_of(number, 30, prefix, "2026-01-15")
        rows.append(row(number, f"{prefix}-b", indicator="class-b", evidence="文书 7"))
        rows.append(row(number, f"{prefix}-d", indicator="class-d"))
        desk = self.house.cases.recording
        report = self.house.act(lambda tx: desk.load(tx, OFFICE, rows))
        assert not report.quarantined
        return number, enrolled.resident_id

    def decision(self, resident: str) -> str:
        given = self.ask(
            "app",
            "ResidentService/GiveConsent",
            resident_service_pb2.GiveConsentRequest(
                request_id=request_id(),
                resident_id=resident,
                host_city=HERE,
                scenarios=["library.deposit_free"],
                expires_at=now() + timedelta(days=30),
            ),
            resident_service_pb2.GiveConsentResponse,
        )
        code = self.ask(
            "app",
            "ResidentService/CreatePresentationCode",
            resident_service_pb2.CreatePresentationCodeRequest(
                request_id=request_id(),
                resident_id=resident,
                consent_id=given.consent.consent_id,
            ),
            resident_service_pb2.CreatePresentationCodeResponse,
        )
        checked = self.ask(
            "library",
            "VenueService/CheckEligibility",
            venue_service_pb2.CheckEligibilityRequest(
                request_id=request_id(),
                presentation_code=code.presentation_code,
                incentive_ids=[CARD],
            ),
            venue_service_pb2.CheckEligibilityResponse,
        )
        return checked.decisions[0].decision_id

    def promise(self, resident: str) -> resident_case_service_pb2.Promise:
        made = self.ask("app", "ResidentCaseService/MakePromise", self.signed(resident), MADE)
        return made.promise

    def signed(self, resident: str) -> resident_case_service_pb2.MakePromiseRequest:
        about: dict[str, Any] = {
            "resident_id": resident,
            "incentive_id": CARD,
            "venue": "library",
            "due_on": (now() + timedelta(days=20)).date().isoformat(),
        }
        drafted = self.ask(
            "app",
            "ResidentCaseService/DraftPromise",
            resident_case_service_pb2.DraftPromiseRequest(**about),
            resident_case_service_pb2.DraftPromiseResponse,
        )
        return resident_case_service_pb2.MakePromiseRequest(
            request_id=request_id(), text=drafted.text_zh, **about
        )

    def promises(self, resident: str) -> list[resident_case_service_pb2.Promise]:
        found = self.ask(
            "app",
            "ResidentCaseService/ListPromises",
            resident_case_service_pb2.ListPromisesRequest(resident_id=resident),
            resident_case_service_pb2.ListPromisesResponse,
        )
        return list(found.promises)

    def reads(self, resident: str) -> list[resident_case_service_pb2.RecordRead]:
        found = self.ask(
            "app",
            "ResidentCaseService/ListRecordReads",
            resident_case_service_pb2.ListRecordReadsRequest(resident_id=resident),
            resident_case_service_pb2.ListRecordReadsResponse,
        )
        return list(found.reads)


MADE = resident_case_service_pb2.MakePromiseResponse
LISTED = department_service_pb2.ListRecordsResponse
_CLIENTS = {
    "app": (Role.RESIDENT, "default"),
    "library": (Role.VENUE, "library"),
    "rental": (Role.VENUE, "rental-shop"),
    "third": (Role.DEPARTMENT, f"{THIRD}.zhao"),
    "office": (Role.DEPARTMENT, OFFICE),
}


@pytest.fixture(scope="module")
def clients(street: Street) -> Iterator[Clients]:
    house, desk = street.house, street.house.cases.catalogue
    for name, load in (("scale", desk.load_scale), ("incentives", desk.load_incentives)):
        content = data.path(f"zhengzhou/{name}.toml").read_bytes()
        house.act(partial(load, file_name="a file", content=content))
    house.act(lambda tx: tx.administration.put_indicators(made_catalogue()))
    made = {
        name: house.as_client(house.client(role, own)) for name, (role, own) in _CLIENTS.items()
    }
    yield Clients(house, made)
    for channel in made.values():
        channel.close()


def listing(number: str, purpose: str = "借阅资格审核") -> Message:
    return department_service_pb2.ListRecordsRequest(document_number=number, purpose=purpose)


def test_a_department_reads_and_the_resident_sees_who_and_what_for(clients: Clients) -> None:
    number, resident = clients.enrol()
    seen = clients.ask("third", "DepartmentService/ListRecords", listing(number), LISTED)
    assert {each.disclosure_class for each in seen.records} == {"A", "B"}
    assert list(seen.classes_shown) == ["A", "B"]
    [found] = [each for each in seen.records if each.disclosure_class == "B"]
    assert (found.source, found.revision, found.evidence) == (OFFICE, 1, "文书 7")
    assert (found.indicator, found.indicator_en) == ("class-b", "indicator class-b")
    assert (found.occurred_on, found.counts_until) == ("2026-01-15", "2031-01-15")
    [read] = clients.reads(resident)
    assert (read.reader, read.purpose) == ("department/third-office.zhao", "借阅资格审核")
    assert (read.record_number, read.disclosure_class) == (found.record_number, "B")
    assert read.indicator_zh == "指标 class-b"


def test_the_answer_on_an_unknown_person_is_that_on_a_person_with_nothing_to_see(
    clients: Clients,
) -> None:
    path = "/node.v1.DepartmentService/ListRecords"
    known = fictional_id(991_000)
    desk = clients.house.cases.recording
    clients.house.act(lambda tx: desk.load(tx, OFFICE, [row(known, "x-1", indicator="class-d")]))
    channel = clients.channels["third"]
    answers = {call(channel, path, listing(n).SerializeToString()) for n in (known, _FOREIGN)}
    assert len(answers) == 1
    office = LISTED.FromString(
        call(clients.channels["office"], path, listing(known).SerializeToString())
    )
    assert [each.record_number for each in office.records] == ["x-1"]


@pytest.mark.parametrize("client", ["app", "library"])
def test_only_departments_list_records(clients: Clients, client: str) -> None:
    clients.refusal(client, "DepartmentService/ListRecords", listing(_FOREIGN), ROLE_REFUSED)


def test_an_error_does_not_repeat_the_number_of_a_document(clients: Clients) -> None:
    wrong = "999999197001010001"
    error = clients.refusal(
        "third", "DepartmentService/ListRecords", listing(wrong), DOCUMENT_INVALID
    )
    assert wrong not in str(error)


def test_the_log_says_that_records_were_read_and_not_of_whom_or_what_for(clients: Clients) -> None:
    number, resident = clients.enrol()
    with capture_logs() as lines:
        seen = clients.ask("third", "DepartmentService/ListRecords", listing(number), LISTED)
        clients.reads(resident)
    assert {line["method"] for line in lines} == {"ListRecords", "ListRecordReads"}
    for secret in (number, resident, "借阅资格审核", seen.records[0].record_number, "class-"):
        assert secret not in str(lines)


def test_a_promise_that_is_signed_again_under_its_request_id_is_one(clients: Clients) -> None:
    _, resident = clients.enrol()
    signed = clients.signed(resident)
    path = "ResidentCaseService/MakePromise"
    first = clients.ask("app", path, signed, MADE)
    assert clients.ask("app", path, signed, MADE) == first
    assert [each.promise_id for each in clients.promises(resident)] == [first.promise.promise_id]
    assert first.promise.language == "zh"
    signed.due_on = "2026-01-01"
    clients.refusal("app", path, signed, REQUEST_ID_REUSED)


def test_a_promise_goes_from_its_draft_to_its_end(clients: Clients) -> None:
    _, resident = clients.enrol()
    promise = clients.promise(resident).promise_id
    redeem = venue_service_pb2.RedeemRequest(
        request_id=request_id(), decision_id=clients.decision(resident), promise_id=promise
    )
    answer = venue_service_pb2.RedeemResponse
    redeemed = clients.ask("library", "VenueService/Redeem", redeem, answer)
    assert clients.ask("library", "VenueService/Redeem", redeem, answer) == redeemed
    [used] = clients.promises(resident)
    assert used.redemption_id == redeemed.redemption_id
    close = venue_service_pb2.ClosePromiseRequest(
        request_id=request_id(), promise_id=promise, kept=False, note="never"
    )
    clients.refusal("library", "VenueService/ClosePromise", close, PROMISE_NOT_DUE)
    clients.refusal("rental", "VenueService/ClosePromise", close, UNKNOWN)
    close.kept, close.note = True, "及时归还"
    closed = venue_service_pb2.ClosePromiseResponse
    first = clients.ask("library", "VenueService/ClosePromise", close, closed)
    assert clients.ask("library", "VenueService/ClosePromise", close, closed) == first
    [kept] = clients.promises(resident)
    assert kept.state == resident_case_service_pb2.PROMISE_STATE_KEPT
    assert (kept.note, kept.closed_at) == ("及时归还", first.closed_at)
    close.request_id = request_id()
    clients.refusal("library", "VenueService/ClosePromise", close, PROMISE_STATE)


def test_a_promise_of_another_resident_is_refused_over_the_port(clients: Clients) -> None:
    _, resident = clients.enrol()
    _, other = clients.enrol()
    redeem = venue_service_pb2.RedeemRequest(
        request_id=request_id(),
        decision_id=clients.decision(resident),
        promise_id=clients.promise(other).promise_id,
    )
    clients.refusal("library", "VenueService/Redeem", redeem, PROMISE_NOT_THEIRS)


def test_a_promise_is_withdrawn_by_its_resident(clients: Clients) -> None:
    _, resident = clients.enrol()
    promise = clients.promise(resident).promise_id
    withdrawn = clients.ask(
        "app",
        "ResidentCaseService/WithdrawPromise",
        resident_case_service_pb2.WithdrawPromiseRequest(
            request_id=request_id(), resident_id=resident, promise_id=promise
        ),
        resident_case_service_pb2.WithdrawPromiseResponse,
    )
    assert withdrawn.promise.state == resident_case_service_pb2.PROMISE_STATE_WITHDRAWN
    assert withdrawn.promise.HasField("closed_at")
