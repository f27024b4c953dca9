"""A partner that fails again and again is left alone, tried by one call at a time, and found."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import grpc
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from federation.envelope import Envelope
from federation.errors import NOT_RECOGNISED, HutongError
from node import deadlines, limits, load_limits
from node.errors import PEER_UNREACHABLE
from node.ports import CircuitState, CircuitView
from node.registry import Partner
from node.transport import status
from node.transport.circuit import Attempt, Circuit, OpenError
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.transport.partners import Hanging, Scene, failing, honest, serving

FIRST = load_limits.CIRCUIT_FIRST.total_seconds()
LONGEST = load_limits.CIRCUIT_LONGEST.total_seconds()
REFUSED = failing(
    grpc.StatusCode.PERMISSION_DENIED, "", status.to_metadata(HutongError(NOT_RECOGNISED))
)


class Circuits(RuleBasedStateMachine):
    """Any order of calls, answers and time; what is promised holds after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.chance = random.Random(0)  # noqa: S311 - no secret
        self.circuit = Circuit(lambda: self.now, self.chance.random)
        self.under_way: list[Attempt] = []
        self.probes: list[Attempt] = []
        """Calls that were let out while it was not closed, and are not over."""

    @rule(seconds=st.floats(0, 3))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_call_comes(self) -> None:
        before = self.circuit.view
        try:
            attempt = self.circuit.enter()
        except OpenError as error:
            self._left_alone(before, error)
            return
        assert before.state is not CircuitState.OPEN
        self.under_way.append(attempt)
        if before.state is CircuitState.HALF_OPEN:
            # One probe at a time.
            assert self.probes == []
            self.probes.append(attempt)

    @rule()
    def a_call_with_its_own_back_off_goes_out_whatever_is(self) -> None:
        attempt = self.circuit.enter(regardless=True)
        self.under_way.append(attempt)
        if self.circuit.view.state is not CircuitState.CLOSED and not self.probes:
            self.probes.append(attempt)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def a_call_fails(self, data: st.DataObject) -> None:
        attempt, probed = self._taken(data)
        before = self.circuit.view
        attempt.failed()
        after = self.circuit.view
        if probed:
            assert after.opened == before.opened + 1
        elif before.state is not CircuitState.CLOSED:
            # Those that went out before tell nothing new: a hundred of them are one failure.
            assert (after.failures, after.opened) == (before.failures, before.opened)
        else:
            assert after.failures == before.failures + 1
        if after.opened > before.opened:
            assert 0.75 * FIRST <= after.wait.total_seconds() <= LONGEST
            self.probes.clear()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def a_call_is_answered(self, data: st.DataObject) -> None:
        attempt, _ = self._taken(data)
        attempt.succeeded()
        assert self.circuit.view.state is CircuitState.CLOSED
        assert self.circuit.view.failures == 0
        self.probes.clear()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def a_call_is_given_up(self, data: st.DataObject) -> None:
        attempt, probed = self._taken(data)
        before = self.circuit.view
        attempt.gave_up()
        after = self.circuit.view
        assert (after.failures, after.opened) == (before.failures, before.opened)
        assert not (probed and after.state is CircuitState.CLOSED)

    @rule()
    def whoever_waits_as_long_as_is_said_may_try(self) -> None:
        if self.probes:
            return
        try:
            self.under_way.append(self.circuit.enter())
        except OpenError as error:
            self.now += error.wait + 1e-6
            attempt = self.circuit.enter()
            self.under_way.append(attempt)
            self.probes.append(attempt)
        else:
            if self.circuit.view.state is not CircuitState.CLOSED:
                self.probes.append(self.under_way[-1])

    @invariant()
    def it_is_open_only_after_failures(self) -> None:
        view = self.circuit.view
        if view.state is not CircuitState.CLOSED:
            assert view.failures >= load_limits.CIRCUIT_FAILURES
            assert view.opened >= 1

    def _left_alone(self, before: CircuitView, error: OpenError) -> None:
        assert before.state is not CircuitState.CLOSED
        assert 0 < error.wait <= LONGEST
        assert error.failures == before.failures >= load_limits.CIRCUIT_FAILURES

    def _taken(self, data: st.DataObject) -> tuple[Attempt, bool]:
        attempt = data.draw(st.sampled_from(self.under_way))
        self.under_way.remove(attempt)
        probed = attempt in self.probes
        if probed:
            self.probes.remove(attempt)
        return attempt, probed


TestCircuits = Circuits.TestCase


def test_the_wait_doubles_to_a_limit_and_two_cities_do_not_come_back_together() -> None:
    def waits(seed: int) -> list[float]:
        now, found = 0.0, list[float]()
        circuit = Circuit(lambda: now, random.Random(seed).random)  # noqa: S311 - no secret
        for _ in range(load_limits.CIRCUIT_FAILURES + 7):
            circuit.enter().failed()
            if circuit.view.state is CircuitState.OPEN:
                found.append(circuit.view.wait.total_seconds())
                now += found[-1] + 1e-6
        return found

    # The first after so many failures, and from then on after each.
    assert len(waits(1)) == 8
    for place, wait in enumerate(waits(1)):
        most = min(FIRST * 2**place, LONGEST)
        assert 0.75 * most <= wait <= most
    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


async def asked(peers: GrpcPeers, partner: Partner) -> HutongError:
    """The error of a question, as a venue's check asks it."""
    try:
        await peers.request_attestation(partner, Envelope("x", b"", ()))
    except HutongError as error:
        return error
    raise AssertionError("it was answered")


def test_a_partner_that_hangs_is_soon_asked_no_more_and_found_when_it_is_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEER_DEADLINE", timedelta(milliseconds=300))
    for name in ("CIRCUIT_FIRST", "CIRCUIT_LONGEST"):
        # Nothing of what is tried here is the probe's.
        monkeypatch.setattr(load_limits, name, timedelta(minutes=10))
    [port] = free_ports(1)
    partner = scene.partner(scene.friend, port)
    city = scene.friend.code

    async def path() -> None:
        hanging = Hanging()
        behave: Any = hanging.serve

        async def answer(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
            found: bytes = await behave(request, context)
            return found

        async with serving(scene, port, answer), GrpcPeers(scene.here.keys) as peers:
            assert peers.circuit(city) is None
            together = [asked(peers, partner) for _ in range(load_limits.CIRCUIT_FAILURES)]
            for error in await asyncio.gather(*together):
                assert error.fields["problem"] == "no answer in time"
            before = hanging.inside
            for _ in range(50):
                error = await asked(peers, partner)
                assert error.reason == PEER_UNREACHABLE
                assert "it is tried again in " in error.fields["problem"]
            assert hanging.inside == before
            view = peers.circuit(city)
            assert view is not None
            assert (view.state, view.opened) == (CircuitState.OPEN, 1)
            # It is back, and what this city tells by itself finds it at once.
            behave = honest(scene.friend)
            assert await scene.swap(peers, partner) == scene.friend.keys.bundle
            behave = REFUSED
            assert (await asked(peers, partner)).reason == NOT_RECOGNISED
            view = peers.circuit(city)
            assert view is not None
            assert (view.state, view.failures) == (CircuitState.CLOSED, 0)

    scene.loop.run(path())


def test_one_probe_at_a_time_tries_a_partner_that_hangs(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEER_DEADLINE", timedelta(milliseconds=300))
    [port] = free_ports(1)
    partner = scene.partner(scene.friend, port)

    async def path() -> None:
        hanging = Hanging()
        async with serving(scene, port, hanging.serve), GrpcPeers(scene.here.keys) as peers:
            await asyncio.gather(
                *(asked(peers, partner) for _ in range(load_limits.CIRCUIT_FAILURES))
            )
            before = hanging.inside
            # The loop's clock is coarse by a millisecond.
            await asyncio.sleep(FIRST + 0.01)
            found = await asyncio.gather(*(asked(peers, partner) for _ in range(40)))
            sent = [error for error in found if error.fields["problem"] == "no answer in time"]
            assert len(sent) == 1
            assert hanging.inside == before + 1

    scene.loop.run(path())


def test_a_refusal_in_its_own_words_leaves_a_partner_in_use(scene: Scene) -> None:
    [port] = free_ports(1)
    partner = scene.partner(scene.friend, port)

    async def path() -> None:
        async with serving(scene, port, REFUSED), GrpcPeers(scene.here.keys) as peers:
            for _ in range(3 * load_limits.CIRCUIT_FAILURES):
                assert (await asked(peers, partner)).reason == NOT_RECOGNISED

    scene.loop.run(path())


def test_clients_in_a_hurry_do_not_close_the_way_for_others(scene: Scene) -> None:
    [port] = free_ports(1)
    partner = scene.partner(scene.friend, port)

    async def hurried(peers: GrpcPeers) -> HutongError:
        deadlines.begin(0.05)
        return await asked(peers, partner)

    async def path() -> None:
        hanging = Hanging()
        behave: Any = hanging.serve

        async def answer(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
            found: bytes = await behave(request, context)
            return found

        async with serving(scene, port, answer), GrpcPeers(scene.here.keys) as peers:
            many = [asyncio.ensure_future(hurried(peers)) for _ in range(20)]
            for error in await asyncio.gather(*many):
                assert error.fields["problem"] == "no answer in time"
            view = peers.circuit(scene.friend.code)
            assert view is not None
            assert (view.state, view.failures) == (CircuitState.CLOSED, 0)

    scene.loop.run(path())


def test_one_partners_circuit_is_not_anothers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CIRCUIT_FIRST", "CIRCUIT_LONGEST"):
        # None of what is asked here is the probe.
        monkeypatch.setattr(load_limits, name, timedelta(minutes=10))
    dead, port = free_ports(2)
    gone, good = scene.partner(scene.friend, dead), scene.partner(scene.other, port)

    async def path() -> None:
        async with (
            serving(scene, port, REFUSED, scene.other.own),
            GrpcPeers(scene.here.keys) as peers,
        ):
            for _ in range(load_limits.CIRCUIT_FAILURES):
                assert (await asked(peers, gone)).fields["problem"] == "no connection"
                assert (await asked(peers, good)).reason == NOT_RECOGNISED
            assert "it is tried again in " in (await asked(peers, gone)).fields["problem"]
            assert (await asked(peers, good)).reason == NOT_RECOGNISED

    scene.loop.run(path())
