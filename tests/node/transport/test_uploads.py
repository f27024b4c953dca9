"""Many requests and one answer: parsed, refused, ended and told as calls are; and what is sent."""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import grpc
import pytest

from federation.errors import MALFORMED, NOT_CANONICAL, HutongError
from node import data
from node.errors import (
    FIELD_INVALID,
    FILE_INVALID,
    INTERNAL,
    NODE_UNREACHABLE,
    REQUEST_ID_REUSED,
    STORE_UNAVAILABLE,
)
from node.model import Role
from node.record_limits import INDICATOR_BYTES
from node.transport import status
from node.transport.calls import Around, service_handler
from node.transport.local_client import LocalClient
from node.transport.running import Running, stopping
from node.transport.streams import Streams
from node.v1 import oversight_service_pb2 as pb
from tests.node.transport.conftest import Street
from tests.node.transport.house import Loop
from tests.node.transport.partners import until
from tests.node.transport.test_streams import OFF, OpenGate

SERVICE: Final = pb.DESCRIPTOR.services_by_name["OversightService"]
LOAD: Final = "OversightService/LoadIndicators"
PATH: Final = f"/{SERVICE.full_name}/LoadIndicators"
FULL: Final = data.path("zhengzhou/indicators.toml").read_bytes()
SOME_ID: Final = "0192f0c1-2b3c-7def-8123-456789abcd%02d"
PART: Final = 32 * 1024
_OPTIONS: Final = (("grpc.http2.bdp_probe", 0),)


@dataclass
class Servicer:
    """Counts what comes, and takes the next part when it may."""

    taken: int = 0
    closed: bool = False
    may_take: asyncio.Event = field(default_factory=asyncio.Event)

    async def LoadIndicators(self, _call: object, parts: AsyncIterator[Any]) -> Any:  # noqa: ANN401, N802 - as gRPC has it
        try:
            async for part in parts:
                await self.may_take.wait()
                self.taken += 1
                if part.file_name == "bad":
                    raise HutongError(FILE_INVALID, file="bad", where="line 1", problem="a test")
                if part.file_name == "fault":
                    raise RuntimeError("of ours")
            return pb.LoadIndicatorsResponse(version=self.taken)
        finally:
            self.closed = True


@dataclass
class Stage:
    """A port with an upload, and two ways to it."""

    gate: OpenGate
    servicer: Servicer
    streams: Streams
    running: Running
    address: str
    channel: Any
    told: list[tuple[str, str]]

    def upload(self) -> Any:  # noqa: ANN401 - gRPC's own
        return self.channel.stream_unary(PATH, None, None)()

    def shut(self) -> None:
        self.gate.shut = True
        self.streams.look_soon()

    def client(self, seconds: float = 10) -> LocalClient:
        return LocalClient(grpc.insecure_channel(self.address), self.address, seconds)


@contextlib.asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    gate, servicer, running = OpenGate(), Servicer(), Running()
    servicer.may_take.set()
    told = list[tuple[str, str]]()

    def meter(_service: str, method: str) -> Callable[[str, str, float], None]:
        return lambda _who, reason, _seconds: told.append((method, reason))

    streams = Streams(gate.allowed)
    server: Any = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        [service_handler(SERVICE, servicer, gate, running, Around(streams, meter=meter))]
    )
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield Stage(gate, servicer, streams, running, address, channel, told)
    finally:
        await server.stop(None)
    assert (gate.inside, streams.count) == (0, 0)


def play(loop: Loop, act: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def path() -> None:
        async with staged() as stage:
            await asyncio.wait_for(act(stage), 20)

    loop.run(path())


async def how(call: Any) -> HutongError | None:  # noqa: ANN401 - gRPC's own
    """How an upload ends; None where it is answered."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return status.from_metadata(error.trailing_metadata())
    return None


def part(name: str = "") -> bytes:
    return pb.LoadIndicatorsRequest(file_name=name).SerializeToString()


def test_an_upload_is_answered_once_when_all_has_come(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        call = stage.upload()
        for _ in range(3):
            await call.write(part())
        await call.done_writing()
        assert pb.LoadIndicatorsResponse.FromString(await call).version == 3
        assert stage.told == [("LoadIndicators", "OK")]

    play(loop, act)


def test_an_upload_ends_with_the_right_to_it_and_its_work_is_closed(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        call = stage.upload()
        await call.write(part())
        await until(lambda: stage.servicer.taken == 1)
        stage.shut()
        assert await how(call) == OFF
        await until(lambda: stage.servicer.closed)
        assert stage.told == [("LoadIndicators", OFF.reason.name)]

    play(loop, act)


def test_a_port_that_stops_says_so_to_its_uploads_and_takes_no_new_one(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        call = stage.upload()
        await call.write(part())
        await until(lambda: stage.servicer.taken == 1)
        await stage.running.drain(timedelta(0))
        stage.streams.end(stopping())
        for each in (call, stage.upload()):
            found = await how(each)
            assert found is not None
            assert found.reason == STORE_UNAVAILABLE
        assert stage.servicer.taken == 1

    play(loop, act)


def test_an_upload_whose_caller_hangs_up_is_closed(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        call = stage.upload()
        await call.write(part())
        await until(lambda: stage.servicer.taken == 1)
        call.cancel()
        await until(lambda: stage.servicer.closed)
        await until(lambda: len(stage.told) == 1)

    play(loop, act)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", MALFORMED),
        (b"\xba\x3e\x01x", NOT_CANONICAL),
        (part("bad"), FILE_INVALID),
        (part("fault"), INTERNAL),
    ],
    ids=["garbage", "unknown-field", "refused", "fault"],
)
def test_a_part_that_is_refused_ends_the_upload_with_the_reason(
    loop: Loop, body: bytes, reason: object
) -> None:
    async def act(stage: Stage) -> None:
        call = stage.upload()
        await call.write(part())
        await call.write(body)
        found = await how(call)
        assert found is not None
        assert found.reason == reason
        assert "of ours" not in found.text("en")

    play(loop, act)


def sent(count: int, size: int = PART) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        yield {"content": bytes(size)}


def test_what_was_asked_for_is_at_most_a_few_parts_ahead_of_what_was_taken(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        asked, stage.servicer.may_take = [0], asyncio.Event()

        def parts() -> Iterator[dict[str, Any]]:
            for each in sent(100):
                asked[0] += 1
                yield each

        client = stage.client()
        upload = asyncio.create_task(asyncio.to_thread(client.upload, LOAD, parts()))
        await until(lambda: asked[0] > 0)
        # However long it is given, it stands still where nobody takes.
        seen = -1
        while asked[0] != seen:
            seen = asked[0]
            await asyncio.sleep(0.1)
        assert seen < 20
        stage.servicer.may_take.set()
        assert (await upload)["version"] == 100
        client.close()

    play(loop, act)


def test_an_upload_whose_maker_fails_gives_the_fault_and_no_answer(loop: Loop) -> None:
    # To the node what was cut may look like an end: the digest of the whole tells it apart.
    async def act(stage: Stage) -> None:
        def parts() -> Iterator[dict[str, Any]]:
            yield from sent(3)
            raise ValueError("the file cannot be read")

        client = stage.client()
        with pytest.raises(ValueError, match="cannot be read"):
            await asyncio.to_thread(client.upload, LOAD, parts())
        wrong = [{"no_such_field": 1}]
        with pytest.raises(HutongError) as refused:
            await asyncio.to_thread(client.upload, LOAD, wrong)
        assert refused.value.reason == FIELD_INVALID
        await until(lambda: len(stage.told) == 2)
        client.close()

    play(loop, act)


def test_an_upload_that_does_not_move_is_given_up(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        stage.servicer.may_take = asyncio.Event()
        client = stage.client(seconds=0.2)
        with pytest.raises(HutongError) as refused:
            await asyncio.to_thread(client.upload, LOAD, sent(1000))
        assert refused.value.reason == NODE_UNREACHABLE
        await until(lambda: stage.told == [("LoadIndicators", "CANCELLED")])
        client.close()

    play(loop, act)


def test_a_node_that_is_not_there_is_named_to_an_uploader() -> None:
    client = LocalClient(grpc.insecure_channel("127.0.0.1:1"), "127.0.0.1:1", 5)
    with pytest.raises(HutongError) as refused:
        client.upload(LOAD, sent(1))
    assert refused.value.reason == NODE_UNREACHABLE
    client.close()


def parts_of(content: bytes, serial: int, **first: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - fields
    """An upload of a catalogue."""
    request_id = SOME_ID % serial
    cut = [content[i : i + PART] for i in range(0, len(content), PART)] or [b""]
    parts: list[dict[str, Any]] = [{"request_id": request_id, "content": each} for each in cut]
    parts[0] |= {"file_name": "indicators.toml", "sha256": hashlib.sha256(content).digest()}
    parts[0] |= first
    return parts


@pytest.fixture
def operator(street: Street) -> Iterator[LocalClient]:
    channel = street.house.as_client(street.house.client(Role.OPERATOR, "default"))
    made = LocalClient(channel, "here", 10)
    yield made
    made.close()


def version(street: Street) -> int:
    found = street.house.store.registry.indicators
    return found.version if found else 0


def test_a_catalogue_is_loaded_over_the_wire_once_and_shown(
    street: Street, operator: LocalClient
) -> None:
    loaded = operator.upload(LOAD, parts_of(FULL, 1))
    counts = ("department", "district", "zone", "category", "indicator")
    assert [loaded[f"{kind}_count"] for kind in counts] == [53, 12, 4, 136, 1180]
    assert (loaded["changed"], loaded["lost_indicators"]) == (True, [])
    assert operator.upload(LOAD, parts_of(FULL, 1)) == loaded
    same = operator.upload(LOAD, parts_of(FULL, 2))
    assert (same["changed"], same["version"]) == (False, loaded["version"])
    with pytest.raises(HutongError) as refused:
        operator.upload(LOAD, parts_of(FULL + b"\n", 1))
    assert refused.value.reason == REQUEST_ID_REUSED
    shown = operator.call("OversightService/GetIndicatorCatalogue", {})
    assert (len(shown["departments"]), shown["indicator_count"]) == (53, 1180)
    assert (shown["promise_kept"], shown["objection_days"]) == ("promise.kept", 20)
    asked = {"department": "library", "contains": "overdue-month", "page_size": 1}
    page = operator.call("OversightService/ListIndicators", asked)
    assert [i["indicator_id"] for i in page["indicators"]] == ["library-loan.overdue-month"]
    assert (page["indicators"][0]["effect_milli"], page["next_page_token"] != "") == (
        "-1000",
        True,
    )


SMALL: Final = data.path("hangzhou/indicators.toml").read_bytes()
CUT: Final = FULL[: FULL.rindex(b"\n[[indicators]]")]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        # What came of it would be a catalogue: only its digest tells that it is none.
        (parts_of(CUT, 10, sha256=hashlib.sha256(FULL).digest()), FILE_INVALID),
        (parts_of(CUT, 11, sha256=b""), FILE_INVALID),
        (parts_of(FULL, 12)[:-1], FILE_INVALID),
        (parts_of(FULL, 12)[:1] + parts_of(FULL, 13)[1:], FIELD_INVALID),
        ([], FIELD_INVALID),
        (parts_of(SMALL, 14), FILE_INVALID),
        (parts_of(FULL, 15, file_name="a\x00b"), MALFORMED),
        (parts_of(FULL, 16, request_id="none"), FIELD_INVALID),
        (parts_of(b"x" * (INDICATOR_BYTES + 1), 17), FILE_INVALID),
    ],
    ids=[
        *("cut", "no-digest", "a-part-less", "two-uploads", "nothing", "another-citys", "nul"),
        *("no-id", "too-large"),
    ],
)
def test_an_upload_that_is_not_whole_changes_nothing(
    street: Street, operator: LocalClient, parts: list[dict[str, Any]], reason: object
) -> None:
    before = version(street)
    with pytest.raises(HutongError) as refused:
        operator.upload(LOAD, parts)
    assert refused.value.reason == reason
    assert version(street) == before


def test_an_operator_who_goes_away_in_the_middle_changes_nothing(
    street: Street, operator: LocalClient, loop: Loop
) -> None:
    before, halfway = version(street), threading.Event()

    def parts() -> Iterator[dict[str, Any]]:
        found = parts_of(CUT, 20)
        yield from found[: len(found) // 2]
        halfway.set()
        raise ConnectionError("the operator's machine was switched off")

    with pytest.raises(ConnectionError):
        operator.upload(LOAD, parts())
    assert halfway.is_set()
    with contextlib.suppress(HutongError):
        # The same id is free for the whole file.
        operator.upload(LOAD, parts_of(CUT, 20))
    assert version(street) == before + 1
