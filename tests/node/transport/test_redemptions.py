"""Reservations over the local port: a repetition gets the first answer, each venue its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message

from federation.errors import MALFORMED, Reason
from federation.identifiers import code_text
from node import data
from node.errors import (
    ALREADY_REDEEMED,
    FIELD_INVALID,
    PAGE_INVALID,
    REQUEST_ID_REUSED,
    ROLE_REFUSED,
    UNKNOWN,
)
from node.model import Decision, Role
from node.redemption_errors import (
    DECISION_OF_ANOTHER,
    OFFLINE_NOT_ALLOWED,
    RESERVATION_ENDED,
    RESERVATION_USED,
)
from node.v1 import venue_service_pb2 as pb
from tests.node.transport.conftest import Street
from tests.node.transport.house import HERE, House, call, failure, now

M = TypeVar("M", bound=Message)

ROOM = "reading-room"
HELD, CONFIRMED, RELEASED = (
    pb.RESERVATION_STATE_HELD,
    pb.RESERVATION_STATE_CONFIRMED,
    pb.RESERVATION_STATE_RELEASED,
)
_SERIAL = count(1)
_CLIENTS = {
    "library": (Role.VENUE, "library"),
    "other": (Role.VENUE, "library-branch"),
    "app": (Role.RESIDENT, "default"),
}


def request_id() -> str:
    return f"00000000-0000-4000-8000-{next(_SERIAL):012d}"


@dataclass
class Venues:
    """One connection of each client."""

    house: House
    channels: dict[str, grpc.Channel]

    def ask(self, method: str, request: Message, answer: type[M], client: str = "library") -> M:
        path = f"/node.v1.VenueService/{method}"
        return answer.FromString(call(self.channels[client], path, request.SerializeToString()))

    def refused(
        self, method: str, request: Message, reason: Reason, client: str = "library"
    ) -> str:
        path = f"/node.v1.VenueService/{method}"
        found = failure(self.channels[client], path, request.SerializeToString()).error
        assert found is not None
        assert found.reason == reason, found
        return found.text("en")

    def decision(self, offline: timedelta | None = None) -> str:
        """That the reading room is open to somebody unknown."""
        decision_id = f"00000000-0000-7000-8000-{next(_SERIAL):012d}"
        at, life = now(), timedelta(minutes=15)
        until = None if offline is None else at + offline
        made = Decision(decision_id, "library", ROOM, 1, "", at, at + life, offline_until=until)
        self.house.act(lambda tx: tx.redemptions.decide([made]))
        return decision_id

    def reserve(self) -> pb.Reservation:
        asked = pb.ReserveRequest(request_id=request_id(), decision_id=self.decision())
        return self.ask("Reserve", asked, pb.ReserveResponse).reservation

    def listed(self, client: str = "library") -> list[pb.Reservation]:
        """Every page of two."""
        found, token = list[pb.Reservation](), ""
        while True:
            asked = pb.ListMyRedemptionsRequest(page_size=2, page_token=token)
            page = self.ask("ListMyRedemptions", asked, pb.ListMyRedemptionsResponse, client)
            found += [each.reservation for each in page.redemptions]
            token = page.next_page_token
            if not token:
                return found


@pytest.fixture(scope="module")
def venues(street: Street) -> Iterator[Venues]:
    house, desk = street.house, street.house.cases.catalogue
    for name, load in (("scale", desk.load_scale), ("incentives", desk.load_incentives)):
        content = data.path(f"zhengzhou/{name}.toml").read_bytes()
        house.act(partial(load, file_name="a file", content=content))
    channels = {name: house.as_client(house.client(*who)) for name, who in _CLIENTS.items()}
    yield Venues(house, channels)
    for channel in channels.values():
        channel.close()


def test_a_venue_that_lost_its_answer_gets_the_first_at_each_step(venues: Venues) -> None:
    asked = pb.ReserveRequest(request_id=request_id(), decision_id=venues.decision())
    held = venues.ask("Reserve", asked, pb.ReserveResponse)
    assert held.reservation.state == HELD
    assert not held.reservation.HasField("closed_at")
    confirm = pb.ConfirmRequest(
        request_id=request_id(), reservation_id=held.reservation.reservation_id
    )
    confirmed = venues.ask("Confirm", confirm, pb.ConfirmResponse)
    assert confirmed.reservation.state == CONFIRMED
    assert confirmed.reservation.redemption_id
    assert confirmed.incentive.incentive_id == ROOM
    # The first answers, whatever has become of it since.
    assert venues.ask("Reserve", asked, pb.ReserveResponse) == held
    assert venues.ask("Confirm", confirm, pb.ConfirmResponse) == confirmed
    release = pb.ReleaseRequest(
        request_id=request_id(), reservation_id=held.reservation.reservation_id
    )
    assert "venue redemptions" in venues.refused("Release", release, RESERVATION_USED)
    again = pb.ReserveRequest(request_id=asked.request_id, decision_id=venues.decision())
    venues.refused("Reserve", again, REQUEST_ID_REUSED)
    redeem = pb.RedeemRequest(request_id=request_id(), decision_id=asked.decision_id)
    venues.refused("Redeem", redeem, ALREADY_REDEEMED)


def test_what_is_given_back_is_not_confirmed_any_more(venues: Venues) -> None:
    held = venues.reserve()
    release = pb.ReleaseRequest(request_id=request_id(), reservation_id=held.reservation_id)
    released = venues.ask("Release", release, pb.ReleaseResponse).reservation
    assert released.state == RELEASED
    assert released.HasField("closed_at")
    assert venues.ask("Release", release, pb.ReleaseResponse).reservation == released
    confirm = pb.ConfirmRequest(request_id=request_id(), reservation_id=held.reservation_id)
    venues.refused("Confirm", confirm, RESERVATION_ENDED)


def test_another_venue_sees_and_touches_nothing_of_it(venues: Venues) -> None:
    held = venues.reserve()
    for method, asked in (
        ("Confirm", pb.ConfirmRequest(request_id=request_id(), reservation_id=held.reservation_id)),
        ("Release", pb.ReleaseRequest(request_id=request_id(), reservation_id=held.reservation_id)),
    ):
        venues.refused(method, asked, UNKNOWN, "other")
    reserve = pb.ReserveRequest(request_id=request_id(), decision_id=venues.decision())
    venues.refused("Reserve", reserve, UNKNOWN, "other")
    assert venues.listed("other") == []
    for method in ("Reserve", "Confirm", "Release", "ListMyRedemptions"):
        venues.refused(method, pb.ListMyRedemptionsRequest(), ROLE_REFUSED, "app")


def test_the_list_is_whole_and_has_what_was_redeemed_at_once(venues: Venues) -> None:
    before = {each.reservation_id for each in venues.listed()}
    held = [venues.reserve() for _ in range(2)]
    decision = venues.decision()
    redeemed = venues.ask(
        "Redeem",
        pb.RedeemRequest(request_id=request_id(), decision_id=decision),
        pb.RedeemResponse,
    )
    listed = [each for each in venues.listed() if each.reservation_id not in before]
    ids = [each.reservation_id for each in listed]
    assert ids == sorted(ids, reverse=True)
    assert {each.reservation_id for each in held} < set(ids)
    [used] = [each for each in listed if each.decision_id == decision]
    assert (used.state, used.redemption_id) == (CONFIRMED, redeemed.redemption_id)
    venues.refused(
        "ListMyRedemptions", pb.ListMyRedemptionsRequest(page_token="nonsense"), PAGE_INVALID
    )


def test_ids_passes_and_instants_that_are_none_are_refused(venues: Venues) -> None:
    decision = venues.decision()
    for method, asked, reason in (
        ("Reserve", pb.ReserveRequest(decision_id="x"), MALFORMED),
        ("Confirm", pb.ConfirmRequest(reservation_id="x"), MALFORMED),
        ("Release", pb.ReleaseRequest(reservation_id="x"), MALFORMED),
        ("Reserve", pb.ReserveRequest(decision_id=decision, visitor_pass="x"), MALFORMED),
        (
            "Reserve",
            pb.ReserveRequest(decision_id=decision, visitor_pass=code_text(HERE, bytes(16))),
            DECISION_OF_ANOTHER,
        ),
        ("Redeem", pb.RedeemRequest(decision_id=decision, used_at=now()), OFFLINE_NOT_ALLOWED),
    ):
        asked.request_id = request_id()
        venues.refused(method, asked, reason)
    far = pb.RedeemRequest(request_id=request_id(), decision_id=decision)
    far.used_at.seconds = -1
    venues.refused("Redeem", far, FIELD_INVALID)


def test_a_use_without_the_node_is_told_later(venues: Venues) -> None:
    decision, at = venues.decision(offline=timedelta(hours=1)), now()
    asked = pb.RedeemRequest(request_id=request_id(), decision_id=decision, used_at=at)
    told = venues.ask("Redeem", asked, pb.RedeemResponse)
    assert abs(told.redeemed_at.ToDatetime(at.tzinfo) - at) < timedelta(seconds=1)
    assert venues.ask("Redeem", asked, pb.RedeemResponse) == told
