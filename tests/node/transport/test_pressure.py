"""What is too much is turned away, from those who ask for most, and no longer than it is too much.

The node is a queue that does so many calls a second, and time is counted.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from node import load_limits
from node.errors import HutongError
from node.load_errors import BUSY
from node.model import Role
from node.transport import status
from node.transport.knocking import Knocker
from node.transport.pressure import Pressure, fair_level
from node.transport.shares import Allowance, Shares
from scripts.cities import free_ports
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    OTHER,
    Loop,
    Sharing,
    call,
    eventually,
    failure,
    opened,
    stranger,
)
from tests.node.transport.partners import until
from tests.node.transport.test_peer_port import got_our_bundle, swap

TICK: Final = load_limits.PRESSURE_EVERY.total_seconds()
TARGET: Final = load_limits.QUEUE_TARGET.total_seconds()
RATE: Final = 400


class Model:
    """A node that does RATE calls a second, in the order in which they came."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shares = Shares(Allowance(0, 10**9), lambda: self.now)
        self.pressure = Pressure(lambda: 0.0, lambda: self.now)
        self.pressure.watch(self.shares)
        self.waiting: deque[tuple[float, str]] = deque()
        self.owed: dict[str, float] = {}
        self.room = 0.0
        self.done: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.waits: list[float] = []

    def run(self, seconds: float, *, seems: float = 0.0, **rates: float) -> None:
        """Let callers ask so often a second; whatever they wait, it seems as long as that."""
        for name in rates:
            self.done[name] = self.refused[name] = 0
        self.waits.clear()
        for _ in range(round(seconds / 0.005)):
            self._step(0.005, rates)
            if math.floor(self.now / TICK) != math.floor((self.now - 0.005) / TICK):
                wait = self.now - self.waiting[0][0] if self.waiting else 0.0
                wait = max(wait, seems)
                self.waits.append(wait)
                self.pressure.look(wait, TICK)

    def _step(self, seconds: float, rates: dict[str, float]) -> None:
        self.now += seconds
        for name, rate in rates.items():
            self.owed[name] = self.owed.get(name, 0.0) + rate * seconds
            while self.owed[name] >= 1:
                self.owed[name] -= 1
                try:
                    self.pressure.check(self.shares.of(name))
                except HutongError:
                    self.refused[name] += 1
                else:
                    self.shares.of(name).inside += 1
                    self.waiting.append((self.now, name))
        self.room = min(self.room + RATE * seconds, 2.0)
        while self.room >= 1 and self.waiting:
            self.room -= 1
            _, name = self.waiting.popleft()
            self.shares.of(name).inside -= 1
            self.done[name] = self.done.get(name, 0) + 1


@pytest.mark.parametrize("times", [0.3, 0.7, 0.95])
def test_who_can_be_served_is_never_turned_away(times: float) -> None:
    node = Model()
    node.run(20, city=times * RATE)
    assert node.refused == {"city": 0}


@pytest.mark.parametrize("times", [1.2, 2, 4])
def test_at_more_than_it_can_do_a_node_does_what_it_can(times: float) -> None:
    node = Model()
    node.run(10, city=times * RATE)
    node.run(10, city=times * RATE)
    assert node.done["city"] >= 0.95 * 10 * RATE
    # Those that are let in do not wait for long.
    assert max(node.waits) <= 5 * TARGET
    assert sorted(node.waits)[len(node.waits) // 2] <= 2 * TARGET


@pytest.mark.parametrize("times", [1.5, 2, 4])
def test_after_an_overload_it_is_as_before_within_five_seconds(times: float) -> None:
    node = Model()
    node.run(10, city=times * RATE)
    assert node.pressure.level > 0
    node.run(5, city=RATE / 2)
    assert node.pressure.level == 0
    assert node.pressure.wait < TARGET
    node.run(5, city=RATE / 2)
    assert node.refused == {"city": 0}


def test_a_machine_that_is_busy_with_something_else_goes_on_serving() -> None:
    """Everybody waits, whatever is turned away; to turn everybody away would help nobody."""
    node = Model()
    node.run(5, city=RATE / 2)
    node.run(10, city=RATE / 2, seems=3.0)
    assert node.done["city"] >= 0.5 * 10 * RATE / 2


def test_a_burst_that_is_soon_over_is_taken_whole() -> None:
    node = Model()
    node.run(2, city=RATE / 2)
    node.run(0.15, city=4 * RATE)
    refused = node.refused["city"]
    node.run(3, city=RATE / 4)
    assert refused + node.refused["city"] == 0


def test_those_who_ask_for_most_are_turned_away_first() -> None:
    node = Model()
    honest = {f"city {n}": RATE / 20 for n in range(4)}
    node.run(3, flood=2 * RATE, **honest)
    node.run(10, flood=2 * RATE, **honest)
    assert {node.refused[name] for name in honest} == {0}
    assert node.refused["flood"] > RATE * 10
    # The flood gets what is left, and no less.
    assert node.done["flood"] >= 0.95 * 10 * (RATE - 4 * RATE / 20)


def test_two_floods_get_the_same() -> None:
    node = Model()
    node.run(10, one=3 * RATE, two=1.5 * RATE)
    node.run(10, one=3 * RATE, two=1.5 * RATE)
    assert node.done["one"] == pytest.approx(node.done["two"], rel=0.1)


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=20), st.floats(0.01, 1))
def test_what_is_shared_out_is_what_there_is(rates: list[float], part: float) -> None:
    most = fair_level(rates, part)
    assert sum(min(rate, most) for rate in rates) == pytest.approx(part * sum(rates), rel=1e-6)


@given(st.lists(st.floats(0, 100), max_size=100))
def test_whatever_waits_the_part_is_one(waits: list[float]) -> None:
    node = Model()
    for wait in waits:
        node.shares.of("city").offered += 1
        node.pressure.look(wait, TICK)
        assert 0 <= node.pressure.level <= load_limits.SHED_MOST
        assert 0 <= node.shares.of("city").chance <= 1
    for _ in range(round(5 / TICK)):
        node.pressure.look(0.0, TICK)
    assert node.pressure.level == 0


def test_an_overload_is_told_when_it_begins_and_when_it_is_over() -> None:
    node = Model()
    with capture_logs() as said:
        node.run(5, city=2 * RATE)
        turned_away = node.refused["city"]
        node.run(5, city=RATE / 2)
    assert [each["event"] for each in said] == ["turning_calls_away", "turning_nobody_away"]
    assert said[1]["turned_away"] >= turned_away


def pressed(pressure: Pressure) -> None:
    """As if calls had waited for seconds for a while, and hardly any had been done."""
    for _ in range(60):
        pressure._done.most = 0.0
        pressure.look(5.0, TICK)


@pytest.fixture(scope="module")
def crowded(
    loop: Loop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Street, Pressure]]:
    root = tmp_path_factory.mktemp("crowded")
    pressure = Pressure(lambda: 0.0)
    with opened(loop, root / "here", sharing=Sharing(pressure=pressure)) as house:
        friend, other = stranger(root / "friend", FRIEND), stranger(root / "other", OTHER)
        house.trust(friend)
        house.trust(other)
        yield Street(house, friend, other), pressure


INCENTIVES = "/node.v1.VenueService/ListIncentives"
SCALES = "/federation.v1.FederationService/ExchangeScales"


_CALLS: Final = 30


def reasons(channel: grpc.Channel, method: str, body: bytes = b"") -> set[str]:
    """Of some calls; "" is an answer."""
    found = set[str]()
    for _ in range(_CALLS):
        try:
            call(channel, method, body)
        except grpc.RpcError as raised:
            told: Any = raised
            error = status.from_metadata(told.trailing_metadata())
            found.add(error.reason.name if error else str(told.code()))
        else:
            found.add("")
    return found


def test_a_crowded_node_turns_calls_away_unread_and_says_when_to_come_again(
    crowded: tuple[Street, Pressure],
) -> None:
    street, pressure = crowded
    house = street.house
    with house.as_client(house.client(Role.VENUE)) as channel:
        assert reasons(channel, INCENTIVES) == {""}
        house.loop.run(_pressed(pressure))
        assert BUSY.name in reasons(channel, INCENTIVES)
        found = failure(channel, INCENTIVES, b"\xff")
        assert (found.code, found.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, BUSY.name)
        assert found.error is not None
        assert set(found.error.fields) == {"retry_ms"}
        assert status.retry_after(found.error) is not None
    with house.as_partner(street.friend.own) as channel:
        reasons(channel, SCALES)
        house.loop.run(_pressed(pressure))
        assert BUSY.name in reasons(channel, SCALES)


async def _pressed(pressure: Pressure) -> None:
    pressed(pressure)


def test_health_operators_and_what_protects_people_are_never_turned_away(
    crowded: tuple[Street, Pressure],
) -> None:
    street, pressure = crowded
    house = street.house
    with (
        house.as_client(house.client(Role.OPERATOR, "on-duty")) as operator,
        house.as_client(house.client(Role.RESIDENT)) as resident,
        house.as_partner(street.friend.own) as partner,
    ):
        for _ in range(2):
            # The second time each is one who asked for much just now.
            assert reasons(operator, "/node.v1.OperatorService/ListPartners") == {""}
            assert reasons(operator, "/grpc.health.v1.Health/Check") == {""}
            assert reasons(partner, "/grpc.health.v1.Health/Check") == {""}
            assert reasons(partner, EXCHANGE, swap(street.friend)) == {""}
            withdrawn = reasons(resident, "/node.v1.ResidentService/WithdrawConsent")
            assert BUSY.name not in withdrawn
            house.loop.run(_pressed(pressure))
        assert pressure.level > 0.9
        assert got_our_bundle(street, call(partner, EXCHANGE, swap(street.friend)))


@pytest.mark.parametrize("deep", ["", "x" * 120], ids=["short", "longer than a socket's name"])
def test_a_knock_is_heard_by_the_port_and_stops_with_the_callers(
    deep: str, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the way that it came by is gone: a node that is killed leaves none."""
    (tmp_path / deep).mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / deep))

    knocker = Knocker()

    async def start() -> Any:  # noqa: ANN401 - gRPC's own
        server: Any = grpc.aio.server()
        server.add_insecure_port(f"127.0.0.1:{free_ports(1)[0]}")
        await knocker.start(server)
        return server

    async def path() -> None:
        knocker.look(busy=False)
        assert knocker.waited() == 0
        knocker.look(busy=True)
        await until(lambda: knocker._knocking is None)
        assert knocker.waited() > 0
        knocker.look(busy=False)
        assert knocker.waited() == 0
        # It listens, and nobody answers: that is a wait, and it is seen before it is over.
        knocker.look(busy=True)
        assert knocker._knocking is not None
        knocker._began -= 5
        assert knocker.waited() >= 5
        await knocker.close()
        await server.stop(None)

    server = loop.run(start())
    assert list((tmp_path / deep).iterdir()) == []
    loop.run(path())


def test_who_comes_by_the_way_of_the_knock_is_let_in_nowhere(
    crowded: tuple[Street, Pressure],
) -> None:
    street, _ = crowded
    for port, methods in zip(street.house.ports, ((EXCHANGE, SCALES), (INCENTIVES,)), strict=True):
        assert port._knocker is not None
        channel = port._knocker._channel
        assert channel is not None
        for method in methods:

            async def ask(method: str = method, channel: grpc.aio.Channel = channel) -> None:
                await channel.unary_unary(method, None, None)(b"", timeout=20)

            with pytest.raises(grpc.aio.AioRpcError) as found:
                street.house.loop.run(ask())
            assert found.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_port_in_which_calls_wait_is_found_out(
    crowded: tuple[Street, Pressure],
) -> None:
    """The loop is busy for a while: a knock on its way has waited for as long."""
    street, _ = crowded
    house = street.house
    knocker = house.ports[1]._knocker
    assert knocker is not None

    async def look() -> None:
        knocker.look(busy=True)

    house.loop.run(look())
    assert eventually(lambda: knocker._knocking is None)
    quick = knocker.waited()
    assert quick > 0

    async def hang() -> None:
        knocker.look(busy=True)
        # It is on its way.
        await asyncio.sleep(0)
        while knocker.waited() < quick + 0.3:
            pass

    house.loop.run(hang())
    assert eventually(lambda: knocker._knocking is None)
    assert knocker.waited() >= quick + 0.3
