"""Health that tells the truth: what hinders a node is said, to its own clients, and heals."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.errors import HutongError
from node import bootstrap
from node.clock import SystemClock
from node.errors import (
    ANCHOR_UNUSABLE,
    KEY_UNUSABLE,
    LOG_BROKEN,
    STORE_UNAVAILABLE,
    FatalError,
)
from node.model import Role
from node.services.cosigning import current_public
from node.store.migrate import NEEDED
from node.store_errors import STORE_OLD
from node.transport.pressure import Pressure
from tests.node.transport.house import (
    HERE,
    OTHER,
    House,
    call,
    failure,
    stranger,
)

PARTS = ("hutong.store", "hutong.signing", "hutong.log")
LOCAL_SERVICES = {
    "node.v1.ResidentService",
    "node.v1.ResidentCaseService",
    "node.v1.VenueService",
    "node.v1.DepartmentService",
    "node.v1.DepartmentCaseService",
    "node.v1.OperatorService",
    "node.v1.OversightService",
    "node.v1.HistoryService",
    "node.v1.RenewalService",
    "node.v1.IncentiveService",
    "node.v1.LogService",
    "node.v1.AuditService",
}


def looked(house: House) -> HutongError | None:
    """What the node's own look finds wrong."""
    node = bootstrap._Node(
        SystemClock(),
        house.store,
        house.keys,
        house.cases,
        house.door,
        house.ports,
        Pressure(lambda: 0.0),
    )
    try:
        house.loop.run(node.look())
    except HutongError as error:
        return error
    return None


def says(house: House, *, serving: bool) -> bool:
    """Whether both ports, and each service on them, say so to a client's eyes."""
    wanted = health_pb2.HealthCheckResponse.ServingStatus.Value(
        "SERVING" if serving else "NOT_SERVING"
    )
    found = []
    with house.as_client(house.client(Role.RESIDENT)) as channel:
        for service in ("", *LOCAL_SERVICES):
            body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
            found.append(call(channel, "/grpc.health.v1.Health/Check", body))
    statuses = {health_pb2.HealthCheckResponse.FromString(each).status for each in found}
    return statuses == {wanted}


def hindered_by(house: House) -> set[str]:
    """The parts that the node says of to its own clients that they hinder it."""
    with house.as_client(house.client(Role.VENUE)) as channel:
        return {part for part in PARTS if not serves(channel, part)}


def serves(channel: grpc.Channel, service: str) -> bool:
    body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    answer = call(channel, "/grpc.health.v1.Health/Check", body)
    return bool(health_pb2.HealthCheckResponse.FromString(answer).status == 1)


def test_an_unusable_store_is_told_and_a_healed_one_too(house: House) -> None:
    assert looked(house) is None
    assert says(house, serving=True)
    assert hindered_by(house) == set()
    with contextlib.closing(
        sqlite3.connect(house.directory / "store.sqlite", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        found = looked(house)
        assert found is not None
        assert found.reason == STORE_UNAVAILABLE
        assert says(house, serving=False)
        assert hindered_by(house) == {"hutong.store"}
        other.execute("ROLLBACK")
    assert looked(house) is None
    assert says(house, serving=True)


def gone(path: Path) -> Callable[[], object]:
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    return lambda: hidden.rename(path)


def open_to_others(path: Path) -> Callable[[], object]:
    path.chmod(0o644)
    return lambda: path.chmod(0o600)


def garbage(path: Path) -> Callable[[], object]:
    before = path.read_bytes()
    path.write_bytes(b"no key")
    return lambda: path.write_bytes(before)


def anothers(path: Path) -> Callable[[], object]:
    before = path.read_bytes()
    path.write_bytes(path.with_name("root.pem").read_bytes())
    return lambda: path.write_bytes(before)


@pytest.mark.parametrize("spoil", [gone, open_to_others, garbage, anothers])
def test_an_unusable_signing_key_is_told_and_a_healed_one_too(
    house: House, spoil: Callable[[Path], Callable[[], object]]
) -> None:
    assert looked(house) is None
    heal = spoil(house.folder.signing_key)
    found = looked(house)
    assert found is not None
    assert found.reason == KEY_UNUSABLE
    assert says(house, serving=False)
    assert hindered_by(house) == {"hutong.signing"}
    heal()
    assert looked(house) is None
    assert says(house, serving=True)
    assert hindered_by(house) == set()


def execute(house: House, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(house.directory / "store.sqlite")) as store, store:
        store.execute(statement)


@pytest.mark.parametrize(
    "back", ["UPDATE alembic_version SET version_num = '0001'", "DELETE FROM alembic_version"]
)
def test_tables_of_an_earlier_version_are_told_and_those_of_a_later_one_serve(
    house: House, back: str
) -> None:
    assert looked(house) is None
    execute(house, "UPDATE alembic_version SET version_num = '9999'")
    assert looked(house) is None
    execute(house, back)
    found = looked(house)
    assert found is not None
    assert (found.reason, found.fields["needed"]) == (STORE_OLD, NEEDED)
    assert says(house, serving=False)
    assert hindered_by(house) == {"hutong.store"}


def test_an_anchor_that_cannot_be_read_is_told_and_a_healed_one_too(house: House) -> None:
    assert looked(house) is None
    anchor = house.directory / "log" / "checkpoint"
    anchor.mkdir(parents=True)
    found = looked(house)
    assert found is not None
    assert found.reason == ANCHOR_UNUSABLE
    assert says(house, serving=False)
    assert hindered_by(house) == {"hutong.log"}
    anchor.rmdir()
    assert looked(house) is None
    assert says(house, serving=True)


def test_a_log_that_is_behind_what_was_signed_is_told_and_the_node_must_stop(house: House) -> None:
    witnessing = house.cases.witnessing
    own = house.loop.run(witnessing.checkpoint())
    assert own is not None
    assert looked(house) is None
    head = Checkpoint(origin_of(HERE), own.size + 1, bytes(32))
    note = sign_checkpoint(head, house.keys, current_public(house.keys))
    (house.directory / "log" / "checkpoint").write_bytes(note)
    found = looked(house)
    assert isinstance(found, FatalError)
    assert found.reason == LOG_BROKEN
    assert says(house, serving=False)
    assert hindered_by(house) == {"hutong.log"}
    assert house.loop.run(witnessing.must_stop()) is found


def test_partners_hear_whether_the_node_serves_and_not_for_what_it_does_not(
    house: House, tmp_path: Path
) -> None:
    friend = stranger(tmp_path / "other", OTHER)
    house.trust(friend)
    house.folder.signing_key.chmod(0o644)
    assert looked(house) is not None
    with house.as_partner(friend.own) as channel:
        assert not serves(channel, "")
        for part in (*PARTS, "hutong.keys", "hutong.partners"):
            body = health_pb2.HealthCheckRequest(service=part).SerializeToString()
            found = failure(channel, "/grpc.health.v1.Health/Check", body)
            assert found.code is grpc.StatusCode.NOT_FOUND
