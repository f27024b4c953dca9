"""One caller's flood at real ports: it gets its share, and what others get is untouched."""

import gc
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from federation.errors import MALFORMED
from node import load_limits
from node.load_errors import LIMIT_REACHED
from node.model import Role
from node.transport import status
from node.transport.shares import Allowance
from tests.node.transport.conftest import Street, street_of
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    OTHER,
    Failed,
    Loop,
    Sharing,
    call,
    failure,
)
from tests.node.transport.test_peer_port import got_our_bundle, swap

FEW = Allowance(rate=1, at_once=8)
INCENTIVES = "/node.v1.VenueService/ListIncentives"
PARTNERS = "/node.v1.OperatorService/ListPartners"
GARBAGE = b"\xff"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"


@pytest.fixture(scope="module")
def narrow(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A city in which nobody has much of a share."""
    with street_of(loop, tmp_path_factory.mktemp("narrow"), Sharing(FEW, FEW)) as made:
        yield made


def outcomes(channel: grpc.Channel, method: str, body: bytes, calls: int) -> Counter[str]:
    """The reasons of so many calls, eight at a time; "" is an answer."""

    def one(_: int) -> str:
        try:
            call(channel, method, body)
        except grpc.RpcError as raised:
            told: Any = raised
            error = status.from_metadata(told.trailing_metadata())
            return error.reason.name if error else str(told.code())
        return ""

    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(one, range(calls)))


def test_a_flooding_partner_uses_up_its_own_share_only(narrow: Street) -> None:
    house = narrow.house
    with house.as_partner(narrow.friend.own) as flood, house.as_partner(narrow.other.own) as other:
        began = time.monotonic()
        found = outcomes(flood, EXCHANGE, GARBAGE, 60)
        # What is refused is not even looked at: garbage is no error then.
        assert set(found) <= {MALFORMED.name, LIMIT_REACHED.name}
        passed = time.monotonic() - began
        most = load_limits.SHARE_BURST.total_seconds() + passed + 1
        assert 1 <= found[MALFORMED.name] <= most
        assert got_our_bundle(narrow, call(other, EXCHANGE, swap(narrow.other)))


def test_a_flooding_client_uses_up_its_own_share_only(narrow: Street) -> None:
    house = narrow.house
    one, another = (house.client(Role.VENUE, name) for name in ("library", "rental-shop"))
    with house.as_client(one) as flood, house.as_client(another) as other:
        found = outcomes(flood, INCENTIVES, b"", 40)
        assert found[LIMIT_REACHED.name] >= 30
        call(other, INCENTIVES)
    with house.as_client(house.client(Role.OPERATOR, "on-duty")) as channel:
        # Who has to mend it is not turned away, however much is asked.
        assert outcomes(channel, PARTNERS, b"", 40) == {"": 40}


def refused(narrow: Street) -> tuple[Failed, Any]:
    with narrow.house.as_partner(narrow.friend.own) as channel:
        outcomes(channel, EXCHANGE, GARBAGE, 20)
        try:
            call(channel, EXCHANGE, GARBAGE)
        except grpc.RpcError as raised:
            told: Any = raised
            error = status.from_metadata(told.trailing_metadata())
            return Failed(told.code(), error, str(told.details())), told.trailing_metadata()
    raise AssertionError("it was answered")


def test_the_refusal_says_when_to_come_again_in_every_way_that_is_known(narrow: Street) -> None:
    found, trailers = refused(narrow)
    assert found.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert found.error is not None
    assert found.error.reason == LIMIT_REACHED
    wait = status.retry_after(found.error)
    assert wait is not None
    assert wait <= load_limits.RETRY_LONGEST
    sent = dict(trailers)
    assert int(sent[status.RETRY_HEADER]) == wait.total_seconds() * 1000
    whole = status_pb2.Status.FromString(sent["grpc-status-details-bin"])
    hints = [
        error_details_pb2.RetryInfo.FromString(detail.value).retry_delay.ToTimedelta()
        for detail in whole.details
        if detail.TypeName() == "google.rpc.RetryInfo"
    ]
    assert hints == [wait]


def test_the_refusal_names_nobody_and_tells_nothing_of_others(narrow: Street) -> None:
    found, _ = refused(narrow)
    assert found.error is not None
    assert set(found.error.fields) == {"limit", "retry_ms"}
    assert found.error.fields["limit"] in ("1/s", "8")
    said = found.text + found.error.text("zh")
    assert not any(city in said for city in (FRIEND, OTHER))


def test_visitors_by_the_hundred_are_within_the_default_shares(street: Street) -> None:
    house = street.house
    with house.as_partner(street.friend.own) as channel:
        assert set(outcomes(channel, EXCHANGE, swap(street.friend), 200)) == {""}
    assert failure_free(house.as_client(house.client(Role.VENUE)))


def failure_free(client: grpc.Channel) -> bool:
    with client as channel:
        return set(outcomes(channel, INCENTIVES, b"", 200)) == {""}


def test_garbage_is_still_told_as_such_where_there_is_room(street: Street) -> None:
    with street.house.as_partner(street.other.own) as channel:
        assert failure(channel, EXCHANGE, GARBAGE).reason == MALFORMED.name


def test_requests_that_nobody_can_read_are_few_however_many_come(street: Street) -> None:
    """Each costs what twenty good calls do: a partner's errors are not paid for by the others."""
    cost = 1 + load_limits.UNREADABLE_TOKENS
    with street.house.as_partner(street.friend.own) as flood:
        began = time.monotonic()
        found = outcomes(flood, EXCHANGE, GARBAGE, 150)
        passed = time.monotonic() - began
    saved = load_limits.SHARE_BURST.total_seconds() + passed
    # Those that are inside at once pay when each is read.
    assert found[MALFORMED.name] <= load_limits.PARTNER_RATE * saved / cost + 8
    assert found[LIMIT_REACHED.name] == 150 - found[MALFORMED.name] > 0


@pytest.mark.parametrize(
    ("role", "at_once"),
    [
        (Role.VENUE, load_limits.CLIENT_AT_ONCE),
        # What an operator set: more than a connection has by itself.
        (None, load_limits.PEER_CALLS_PER_CONNECTION + 100),
    ],
)
def test_one_connection_has_more_calls_open_than_anybody_may_have_inside(
    loop: Loop, tmp_path: Path, role: Role | None, at_once: int
) -> None:
    """Who waits behind gRPC's own bound is neither let in nor told when to come again."""
    over, most = load_limits.REFUSALS_AT_ONCE // 2, Allowance(rate=0, at_once=at_once)
    with street_of(loop, tmp_path, Sharing(most, replace(most, patient=True))) as made:
        house = made.house
        with (
            house.as_client(house.client(role)) if role else house.as_partner(made.friend.own)
        ) as channel:
            watch = channel.unary_stream(HEALTH_WATCH, None, None)
            streams = [watch(b"", timeout=20) for _ in range(at_once + over)]
            found = Counter(_first(stream) for stream in streams)
            for stream in streams:
                stream.cancel()  # type: ignore[no-untyped-call] # as its stubs have it
    assert found == {"OK": at_once, "RESOURCE_EXHAUSTED": over}


def _first(stream: Any) -> str:  # noqa: ANN401 - gRPC's own
    """What came of a stream first: an answer, or how it was refused."""
    try:
        next(stream)
    except grpc.RpcError as raised:
        refusal: Any = raised
        return str(refusal.code().name)
    return "OK"


def test_what_was_refused_leaves_nothing_that_only_the_collector_can_free(street: Street) -> None:
    with street.house.as_partner(street.other.own) as flood:
        outcomes(flood, EXCHANGE, GARBAGE, 8)
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            assert outcomes(flood, EXCHANGE, GARBAGE, 30) == {MALFORMED.name: 30}
            gc.collect()
            left = [each.f_code.co_qualname for each in gc.garbage if isinstance(each, FrameType)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert not [name for name in left if "serve" in name]
