"""Health that tells the truth, a drain that finishes what runs, reflection, our own client."""

import asyncio
import contextlib
import gc
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from federation.errors import MALFORMED, HutongError
from node import bootstrap
from node.errors import (
    FIELD_INVALID,
    NODE_UNREACHABLE,
    ROLE_REFUSED,
    STORE_UNAVAILABLE,
)
from node.load_errors import LIMIT_REACHED
from node.model import Role
from node.transport import status
from node.transport.gates import PeerGate
from node.transport.local_client import LocalClient, local_client
from node.transport.shares import Allowance
from node.v1 import resident_service_pb2 as pb
from scripts.cities import free_ports
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    OTHER,
    House,
    Loop,
    Sharing,
    call,
    eventually,
    failure,
    opened,
    stranger,
)
from tests.node.transport.test_peer_port import got_our_bundle, swap
from tests.node.transport.test_readiness import LOCAL_SERVICES, says

ROOT = Path(__file__).resolve().parents[3]
PEER_SERVICES = {"federation.v1.FederationService", "federation.v1.TrialService"}


@contextlib.contextmanager
def writer_held(house: House) -> Iterator[Callable[[], None]]:
    """Nothing is written until the hold is let go: calls that write are under way."""
    started, gate = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        started.set()
        gate.wait(20)

    async def queue() -> "asyncio.Future[None]":
        return asyncio.ensure_future(house.store.run(hold))

    house.loop.run(queue())
    started.wait(20)
    try:
        yield gate.set
    finally:
        gate.set()


def enrol(number: str = "999999198105059880") -> bytes:
    return pb.EnrolResidentRequest(
        request_id="0192f0c1-2b3c-7def-8123-456789abcdef",
        document_kind="DOCUMENT_KIND_RESIDENT_ID",
        document_number=number,
    ).SerializeToString()


def test_a_drain_says_not_serving_and_lets_a_running_call_finish(house: House) -> None:
    local = house.ports[1]
    with (
        ThreadPoolExecutor(2) as pool,
        house.as_client(house.client(Role.RESIDENT)) as channel,
        writer_held(house) as let_go,
    ):
        assert says(house, serving=True)
        watch: Any = channel.unary_stream(
            "/grpc.health.v1.Health/Watch", None, health_pb2.HealthCheckResponse.FromString
        )(b"")
        states = [next(watch).status]
        running = pool.submit(call, channel, "/node.v1.ResidentService/EnrolResident", enrol())
        assert eventually(lambda: len(house.store._writer._waiting) == 1)
        stopping = pool.submit(house.loop.run, local.stop())
        states.append(next(watch).status)
        assert states == [1, 2]  # SERVING, NOT_SERVING
        assert not running.done()
        with house.as_client(house.client(Role.RESIDENT)) as late:
            refused = failure(late, "/node.v1.ResidentService/EnrolResident", enrol()).error
            assert refused == HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
        let_go()
        assert running.result(20)
        with pytest.raises(grpc.RpcError) as ended:
            next(watch)
        told: Any = ended.value
        assert status.from_metadata(told.trailing_metadata()) == refused
        stopping.result(20)


def test_a_flooding_partner_takes_its_own_places_only(loop: Loop, tmp_path: Path) -> None:
    with opened(loop, tmp_path / "here", sharing=Sharing(Allowance(rate=0, at_once=3))) as house:
        friend, other = stranger(tmp_path / "f", FRIEND), stranger(tmp_path / "o", OTHER)
        house.trust(friend)
        house.trust(other)
        street = Street(house, friend, other)
        share = _gate(house)._shares.of(FRIEND)
        share.inside = inside = 3
        with house.as_partner(friend.own) as channel:
            found = failure(channel, EXCHANGE, swap(friend))
            assert found.error is not None
            assert found.error.reason == LIMIT_REACHED
            assert found.error.fields["limit"] == "3"
        with house.as_partner(other.own) as channel:
            assert got_our_bundle(street, call(channel, EXCHANGE, swap(other)))
        share.leave()
        with house.as_partner(friend.own) as channel:
            for _ in range(5):
                # Answered or refused, each call gives its place back.
                assert got_our_bundle(street, call(channel, EXCHANGE, swap(friend)))
                assert failure(channel, EXCHANGE, b"\xff").reason == MALFORMED.name
        assert share.inside == inside - 1


def _gate(house: House) -> PeerGate:
    """The gate of the peer port: the one that its handlers ask."""
    [found] = [
        each for each in gc.get_objects() if type(each) is PeerGate and each._uow is house.store
    ]
    return found


def listed(channel: grpc.Channel) -> set[str]:
    """The services that reflection lists."""
    ask: Any = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ServerReflectionRequest.SerializeToString,
        ServerReflectionResponse.FromString,
    )
    [answer] = list(ask(iter([ServerReflectionRequest(list_services="")]), timeout=20))
    return {service.name for service in answer.list_services_response.service}


def test_reflection_lists_what_is_behind_the_port_and_no_more(street: Street) -> None:
    common = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    house = street.house
    with house.as_client(house.client(Role.VENUE)) as channel:
        assert listed(channel) == LOCAL_SERVICES | common
    with house.as_partner(street.friend.own) as channel:
        assert listed(channel) == PEER_SERVICES | common


def test_a_method_of_the_other_port_is_not_there(street: Street) -> None:
    house = street.house
    with house.as_partner(street.friend.own) as channel:
        for service in LOCAL_SERVICES:
            found = failure(channel, f"/{service}/ListPartners")
            assert found.code is grpc.StatusCode.UNIMPLEMENTED
    with house.as_client(house.client(Role.OPERATOR)) as channel:
        assert failure(channel, EXCHANGE).code is grpc.StatusCode.UNIMPLEMENTED


def client(house: House, role: Role, port: int | None = None) -> LocalClient:
    files = bootstrap.default_client(house.directory / "hutong.toml", role)
    return local_client(
        address=f"127.0.0.1:{port or house.local_number}",
        certificate=files.certificate,
        key=files.key,
        ca=files.ca,
        timeout_seconds=20,
    )


def test_the_nodes_own_client_raises_what_the_node_raised(street: Street) -> None:
    with contextlib.closing(client(street.house, Role.RESIDENT)) as resident:
        with pytest.raises(HutongError) as raised:
            resident.call("OperatorService/ListPartners", {})
        assert raised.value == HutongError(
            ROLE_REFUSED, role="resident", method="ListPartners", needed="operator"
        )
        with pytest.raises(HutongError) as raised:
            resident.call("ResidentService/ListUses", {"no_such_field": 1})
        assert raised.value.reason == FIELD_INVALID
        with pytest.raises(HutongError) as raised:
            resident.call("ResidentService/ListUses", {"resident_id": "x"})
        assert raised.value.reason is MALFORMED
        assert raised.value.fields["where"] == "resident_id"
    with contextlib.closing(client(street.house, Role.VENUE)) as venue:
        assert venue.call("VenueService/ListIncentives", {}) == {
            "incentives": [],
            "next_page_token": "",
        }


def test_where_no_node_listens_the_client_says_so(street: Street) -> None:
    [port] = free_ports(1)
    with (
        contextlib.closing(client(street.house, Role.RESIDENT, port)) as lost,
        pytest.raises(HutongError) as raised,
    ):
        lost.call("ResidentService/ListUses", {"resident_id": "x"})
    assert raised.value.reason == NODE_UNREACHABLE
    assert raised.value.fields["address"] == f"127.0.0.1:{port}"


def curl(street: Street, role: Role, method: str, body: dict[str, object]) -> tuple[int, Any]:
    """What a client that knows nothing of this project gets, by reflection."""
    folder = street.house.folder
    done = subprocess.run(
        [
            str(ROOT / ".venv/bin/buf"),
            "curl",
            "--cacert",
            str(folder.ca_certificate),
            "--cert",
            str(folder.clients / f"{role.value}-default.crt"),
            "--key",
            str(folder.clients / f"{role.value}-default.key"),
            "--protocol",
            "grpc",
            "--data",
            json.dumps(body),
            f"https://127.0.0.1:{street.house.local_number}/node.v1.VenueService/{method}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or done.stderr)


@pytest.mark.all
def test_a_third_partys_client_calls_by_reflection(street: Street) -> None:
    assert curl(street, Role.VENUE, "ListIncentives", {}) == (0, {})
    code, found = curl(
        street,
        Role.VENUE,
        "CheckEligibility",
        {"requestId": "0192f0c1-2b3c-7def-8123-456789abcdef", "presentationCode": "mistyped"},
    )
    assert (code > 0, found["code"]) == (True, "invalid_argument")
    assert "presentation_code" in found["message"]
    code, found = curl(street, Role.RESIDENT, "ListIncentives", {})
    assert (code > 0, found["code"]) == (True, "permission_denied")
