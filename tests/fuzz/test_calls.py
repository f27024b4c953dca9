"""Every method of both ports, called with what its descriptor allows: never our fault, no crash."""

from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.model import Role
from scripts.fuzzing.worker import resident
from tests.fuzz.calls import (
    METHODS,
    OUR_FAULT,
    Answered,
    Maker,
    answer_of,
    ask,
    ask_health,
    signed,
)
from tests.fuzz.conftest import Scene
from tests.node.transport.house import STRANGER, call, stranger, turned_away
from tests.node.transport.methods import Method

HEALTH = "/grpc.health.v1.Health/Check"
# Calls that dial somebody who does not answer take a second each.
DIALS = {"JoinPartner", "TestPartner", "SyncPartner", "ProposeAgreement", "AmendAgreement"} | {
    "SignAgreement",
    "ExchangeCheckpoints",
    "FetchPartnerLog",
    "ExamineNode",
    "GetConsentReceipt",
    "GetAttestationReceipt",
    "RunTrial",
}
_MIB = 1024 * 1024
FAST = [each for each in METHODS if each.wire.name not in DIALS]
SLOW = [each for each in METHODS if each.wire.name in DIALS]
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def requests(scene: Scene, method: Method) -> st.SearchStrategy[list[Message]]:
    maker = Maker(scene.known, signed(scene.friend, scene.agreed, method.wire.name))
    one = maker.messages(method.wire.input_type)
    return st.lists(one, min_size=1, max_size=3 if method.wire.client_streaming else 1)


def check(scene: Scene, method: Method, bodies: list[bytes]) -> Answered:
    """Call, and see that whatever is wrong is told as the caller's, in our own words."""
    found = ask(scene.channels[method.role], method, bodies)
    assert found.code not in OUR_FAULT, (method.path, found.text, [b.hex() for b in bodies])
    if found.code is not grpc.StatusCode.OK:
        assert found.reason, (method.path, found)
    scene.seen[method.wire.name, found.reason or "OK"] += 1
    for answer in found.answers:
        scene.known.learn(answer_of(method, answer))
    return found


def serves(scene: Scene) -> None:
    for role in Role:
        answer = call(scene.channels[role], HEALTH)
        found = health_pb2.HealthCheckResponse.FromString(answer)
        assert found.status == health_pb2.HealthCheckResponse.SERVING
    # A partner may have been ended meanwhile: then it is told so.
    health = ask_health(scene.channels[None])
    assert health.code is grpc.StatusCode.OK or health.reason == "NOT_A_PARTNER"


@pytest.mark.all
@pytest.mark.parametrize("method", FAST, ids=str)
@settings(max_examples=15, suppress_health_check=QUIET)
@given(data=st.data())
def test_whatever_is_asked_is_answered_or_refused(
    scene: Scene, method: Method, data: st.DataObject
) -> None:
    asked = data.draw(requests(scene, method))
    check(scene, method, [each.SerializeToString() for each in asked])


@pytest.mark.all
@pytest.mark.parametrize("method", SLOW, ids=str)
@settings(max_examples=3, suppress_health_check=QUIET)
@given(data=st.data())
def test_what_dials_is_answered_or_refused(
    scene: Scene, method: Method, data: st.DataObject
) -> None:
    asked = data.draw(requests(scene, method))
    check(scene, method, [each.SerializeToString() for each in asked])


@pytest.mark.all
@pytest.mark.parametrize("role", [*Role, None], ids=str)
@settings(max_examples=10, suppress_health_check=QUIET)
@given(data=st.data())
def test_who_may_not_call_a_method_is_refused_whatever_is_asked(
    scene: Scene, role: Role | None, data: st.DataObject
) -> None:
    local = [each for each in METHODS if each.role is not None and each.role is not role]
    method = data.draw(st.sampled_from(local))
    body = data.draw(st.binary(max_size=200))
    found = ask(scene.channels[role], method, [body])
    if role is None:
        # It is another port, where nobody knows that method.
        assert found.code is grpc.StatusCode.UNIMPLEMENTED
    else:
        assert found.reason == "ROLE_REFUSED"


@pytest.mark.all
def test_a_stranger_gets_no_further_than_the_handshake(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    unknown = stranger(tmp_path_factory.mktemp("stranger") / "x", STRANGER)
    for own in (unknown.own, None):
        with scene.house.as_partner(own) as channel:
            assert turned_away(channel)


@pytest.mark.all
def test_the_calls_get_behind_the_gates(scene: Scene) -> None:
    answered = {name for name, reason in scene.seen if reason == "OK"}
    assert len(answered) > 40, sorted(answered)
    assert {"ExchangeScales", "ExchangePartnership", "GetStanding"} <= answered
    asked = {reason for name, reason in scene.seen if name == "RequestAttestation"}
    assert asked & {"OK", "NOT_RECOGNISED"}
    reasons = {reason for _, reason in scene.seen}
    assert len(reasons) > 20, sorted(reasons)


@pytest.mark.all
def test_after_all_of_it_the_city_serves(scene: Scene) -> None:
    serves(scene)
    scene.house.loop.run(scene.house.store.probe())


@pytest.mark.long
def test_the_memory_of_a_city_is_level_whatever_it_is_asked(scene: Scene) -> None:
    sizes = list[int]()

    @settings(max_examples=3000, suppress_health_check=QUIET, database=None)
    @given(data=st.data())
    def many(data: Any) -> None:  # noqa: ANN401 - hypothesis's own
        method = data.draw(st.sampled_from(FAST))
        asked = data.draw(requests(scene, method))
        check(scene, method, [each.SerializeToString() for each in asked])

    for _ in range(4):
        many()
        sizes.append(resident() // _MIB)
    serves(scene)
    assert sizes[-1] - sizes[1] < 64, sizes
