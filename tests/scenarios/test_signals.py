"""A node that is told to end: who is answered, who is refused, what it ends with, what is left."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.errors import HutongError
from federation.identifiers import CityCode
from node.cli import exits, main
from node.errors import STORE_UNAVAILABLE
from node.keys import FileKeys, KeyFolder
from node.model import Role
from node.services.cosigning import current_public
from node.transport import status
from node.v1 import resident_service_pb2 as pb
from scripts import towns
from scripts.cities import Cities, City, b64, new_id
from tests.node.cli.test_exit_codes import ends_with
from tests.node.services.world import fictional_id
from tests.scenarios.stage import count, eventually

pytestmark = pytest.mark.all

ENROL = "/node.v1.ResidentService/EnrolResident"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
STOPPING = HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
SERVING, NOT_SERVING = 1, 2
ANCHOR = Path("log") / "checkpoint"
TOLD = ("TERM", "INT", "HUP")
_SECONDS = 30


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city that has a log, and a checkpoint of it; it does not run."""
    with Cities(tmp_path_factory.mktemp("signals"), ("330100",)) as cities:
        city = cities["hangzhou"]
        cities.start()
        scale = b64(towns.rules(city.about, "scale.toml"))
        city.operator("LoadScale", request_id=new_id(), file_name="scale.toml", content=scale)
        city.client(Role.OPERATOR).call("LogService/ExchangeCheckpoints", {})
        city.stop()
        yield city


@pytest.fixture
def city(made: City) -> Iterator[City]:
    """A city that serves; whatever becomes of it, it is left as it can be started again."""
    made.start()
    made.wait()
    yield made
    made.forget_clients()
    made.kill()


@contextlib.contextmanager
def held(city: City) -> Iterator[Callable[[], None]]:
    """Nothing is written until it is let go: calls that write are under way."""
    path = city.directory / "hutong.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            other.execute("ROLLBACK")

        yield let_go


def enrolment(number: int) -> pb.EnrolResidentRequest:
    return pb.EnrolResidentRequest(
        request_id=new_id(),
        document_kind="DOCUMENT_KIND_RESIDENT_ID",
        document_number=fictional_id(number),
    )


def residents(city: City) -> int:
    return count(city, "SELECT count(*) FROM residents")


def send(city: City, name: str) -> None:
    assert city.process is not None
    city.process.send_signal(signal.Signals[f"SIG{name}"])


def ended(city: City) -> int:
    """What the process ends with, as a shell says it."""
    assert city.process is not None
    code = city.process.wait(_SECONDS)
    return code if code >= 0 else 128 - code


def whole(city: City) -> bool:
    """Whether the log that is left holds, and the store with it."""
    return main(["log", "verify", "--settings", str(city.settings)]) == exits.DONE


def probe(city: City, *options: str) -> int:
    return main(["health", "--settings", str(city.settings), *options])


class Inside:
    """Calls that are inside a node and wait for its store, a stream, and an upload that hangs."""

    def __init__(self, city: City, first: int) -> None:
        self.channel: Any = city.client(Role.RESIDENT)._channel
        self.watch: Any = self.channel.unary_stream(
            WATCH, None, health_pb2.HealthCheckResponse.FromString
        )(b"", timeout=_SECONDS)
        assert next(iter(self.watch)).status == SERVING
        self.asked = [enrolment(number) for number in range(first, first + 5)]
        ask = self.channel.unary_unary(ENROL, None, pb.EnrolResidentResponse.FromString)
        self.calls = [ask.future(r.SerializeToString(), timeout=_SECONDS) for r in self.asked]
        # What comes on one connection begins in its order: when this is answered they are inside.
        self.channel.unary_unary(CHECK, None, None)(b"", timeout=_SECONDS)

    def refused(self) -> HutongError | None:
        """What somebody is told who calls now."""
        call = self.channel.unary_unary(ENROL, None, None)
        with pytest.raises(grpc.RpcError) as raised:
            call(enrolment(999).SerializeToString(), timeout=_SECONDS)
        told: Any = raised.value
        assert told.code() is grpc.StatusCode.UNAVAILABLE
        return status.from_metadata(told.trailing_metadata())

    def answers(self) -> list[str]:
        return [call.result(_SECONDS).resident_id for call in self.calls]

    def end_of_watch(self) -> HutongError | None:
        with pytest.raises(grpc.RpcError) as raised:
            list(self.watch)
        told: Any = raised.value
        assert told.code() is grpc.StatusCode.UNAVAILABLE
        return status.from_metadata(told.trailing_metadata())


def hanging_upload(city: City, pool: ThreadPoolExecutor) -> "tuple[Future[Any], threading.Event]":
    """An upload of which the first part has gone out, and no other comes."""
    sent, over = threading.Event(), threading.Event()

    def parts() -> Iterator[dict[str, object]]:
        yield {"request_id": new_id(), "file_name": "i.toml", "sha256": bytes(32)}
        sent.set()
        over.wait(_SECONDS)

    upload = city.client(Role.OPERATOR).upload
    running = pool.submit(upload, "OversightService/LoadIndicators", parts())
    assert sent.wait(_SECONDS)
    return running, over


@pytest.mark.parametrize("name", TOLD)
def test_what_runs_is_answered_what_comes_is_refused_and_streams_are_told(
    city: City, name: str
) -> None:
    before = residents(city)
    with ThreadPoolExecutor(1) as pool, held(city) as let_go:
        upload, over = hanging_upload(city, pool)
        inside = Inside(city, 10 * TOLD.index(name))
        send(city, name)
        assert next(inside.watch).status == NOT_SERVING
        assert eventually(lambda: probe(city) == exits.UNHEALTHY)
        assert probe(city, "--live") == exits.DONE
        assert inside.refused() == STOPPING
        assert not any(call.done() for call in inside.calls)
        let_go()
        found = inside.answers()
        assert inside.end_of_watch() == STOPPING
        with pytest.raises(HutongError) as raised:
            upload.result(_SECONDS)
        over.set()
        assert raised.value == STOPPING
    assert ended(city) == ends_with(name, "serves") == exits.DONE
    assert len(set(found)) == len(inside.asked)
    assert residents(city) == before + len(inside.asked)
    assert whole(city)
    assert probe(city) == exits.UNREACHABLE


@pytest.mark.parametrize("name", TOLD)
def test_told_twice_it_ends_at_once_and_who_repeats_gets_what_was_cut(
    city: City, name: str
) -> None:
    before = residents(city)
    with held(city):
        inside = Inside(city, 100 + 10 * TOLD.index(name))
        send(city, name)
        assert next(inside.watch).status == NOT_SERVING
        send(city, name)
        assert ended(city) == ends_with(name, "starts or drains")
    assert residents(city) == before
    assert whole(city)
    city.forget_clients()
    city.start()
    city.wait()
    ask: Any = city.client(Role.RESIDENT)._channel.unary_unary(ENROL, None, None)
    for request in inside.asked:
        first = ask(request.SerializeToString(), timeout=_SECONDS)
        assert ask(request.SerializeToString(), timeout=_SECONDS) == first
    assert residents(city) == before + len(inside.asked)
    assert city.stop() == exits.DONE


@pytest.mark.parametrize("name", TOLD)
def test_told_while_it_starts_it_ends_at_once(made: City, name: str) -> None:
    with held(made):
        # It waits for the store's lock, to look at the edge of the log.
        made.start()
        assert eventually(lambda: handles_signals(made))
        send(made, name)
        assert ended(made) == ends_with(name, "starts or drains")
    assert whole(made)


def handles_signals(city: City) -> bool:
    """Whether the process handles them by itself; HUP, which nothing else does, comes last."""
    assert city.process is not None
    text = Path(f"/proc/{city.process.pid}/status").read_text("ascii")
    [mask] = re.findall(r"SigCgt:\s*([0-9a-f]+)", text)
    return bool(int(mask, 16) >> (signal.SIGHUP - 1) & 1)


def test_killed_it_loses_nothing_that_it_acknowledged(city: City) -> None:
    ids = {city.enrol("RESIDENT_ID", fictional_id(200 + number)) for number in range(5)}
    before = residents(city)
    with held(city):
        Inside(city, 300)
        send(city, "KILL")
        assert ended(city) == ends_with("KILL", "serves")
    assert whole(city)
    assert residents(city) == before
    city.forget_clients()
    city.start()
    city.wait()
    again = {city.enrol("RESIDENT_ID", fictional_id(200 + number)) for number in range(5)}
    assert again == ids


def test_a_crash_leaves_no_file_with_what_was_in_memory(city: City) -> None:
    assert city.process is not None
    limits = Path(f"/proc/{city.process.pid}/limits").read_text("ascii").splitlines()
    [core] = [line.split() for line in limits if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    send(city, "QUIT")
    assert ended(city) == 128 + signal.SIGQUIT
    assert not list(city.directory.glob("core*"))


def test_a_reader_of_the_log_that_goes_and_a_hang_up_under_nohup_end_nothing(made: City) -> None:
    serve = [sys.executable, "-m", "node.cli", "serve", "--settings", str(made.settings)]
    with subprocess.Popen(
        ["nohup", *serve],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        made.process = process
        assert process.stderr is not None
        try:
            while b'"serving"' not in process.stderr.readline():
                assert process.poll() is None
            process.stderr.close()
            for name in ("PIPE", "HUP", "PIPE"):
                send(made, name)
                assert made.enrol("RESIDENT_ID", fictional_id(400))
            assert ends_with("PIPE", "serves") == ends_with("PIPE", "starts or drains") is None
            send(made, "TERM")
            assert ended(made) == exits.DONE
        finally:
            made.forget_clients()
            process.kill()


def test_a_node_that_cannot_serve_ends_with_what_says_whether_to_start_it_again(
    made: City,
) -> None:
    serve = [sys.executable, "-m", "node.cli", "serve", "--settings", str(made.settings)]

    def code(*options: str, **environment: str) -> int:
        ran = subprocess.run(
            [*serve, *options],
            env=os.environ | environment,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        assert b"Traceback" not in ran.stderr
        return ran.returncode

    made.start()
    made.wait()
    with ahead(made):
        # One that serves finds it out, and stops.
        assert ended(made) == exits.BROKEN_LOG
        assert code() == exits.BROKEN_LOG
    assert whole(made)
    assert code("--nonsense") == exits.USAGE
    assert code(HUTONG_TIME_ZONE="Mars/Olympus") == exits.REFUSED
    with socket.create_server(("127.0.0.1", made.local_port)):
        assert code() == exits.UNREACHABLE


@contextlib.contextmanager
def ahead(city: City) -> Iterator[None]:
    """Beside the store lies a checkpoint that this city signed, of more entries than there are."""
    anchor = city.directory / ANCHOR
    before = anchor.read_bytes()
    keys = FileKeys(KeyFolder(city.directory))
    head = Checkpoint(origin_of(CityCode(city.about.code)), 1_000_000, bytes(32))
    anchor.write_bytes(sign_checkpoint(head, keys, current_public(keys)))
    try:
        yield
    finally:
        anchor.write_bytes(before)
