"""One process of a city of a run: started, asked, paused, ended."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from node.keys import KeyFolder
from node.model import Role
from node.v1 import operator_service_pb2 as pb
from scripts.city import City
from scripts.harnessing.levers import Lever
from scripts.harnessing.links import Links
from scripts.harnessing.precedence import give_way, go_along
from scripts.harnessing.spawning import Child, Spawner

M = TypeVar("M", bound=Message)

SERVES_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_CALL_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
# Whoever waits for a process looks again after so long: a call that began while the process started
# may hang, and says nothing of the process that has started meanwhile.
_LOOKED_SECONDS: Final = 1.0
_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_OPERATOR: Final = "/node.v1.OperatorService/"
_HEALTH: Final = "/grpc.health.v1.Health/Check"
_OPTIONS: Final = (
    # The machine's proxy is not for what is on the machine.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
    # By its name a wait; it is the time that a connection has, with its handshake, on a machine
    # that starts twenty cities at once.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.enable_retries", 0),
    # Connections of a process that was paused are not those of the next one.
    ("grpc.use_local_subchannel_pool", 1),
)


class MemberError(Exception):
    """A process that does not do what it must; the text says where to look."""


@dataclass
class Member:
    """One process, and how it is reached."""

    city: City
    number: int
    links: Links
    spawner: Spawner
    settings: dict[str, str]
    """What it has in its environment as settings of its own."""
    place: Path
    """Where the harness keeps what is its own of the city."""
    state: str = "down"
    """ "serving", "starting" (it runs, and does not serve), "paused" or "down"."""
    child: Child | None = None
    wanted: bool = False
    """Whether it is meant to run: one that ends nevertheless ended by itself."""
    lever: Lever = field(init=False)
    _channel: grpc.aio.Channel | None = None

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.lever = Lever(self.lever_path)

    @property
    def name(self) -> str:
        """The city, and which process."""
        return f"{self.city.about.pinyin}, process {self.number}"

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self.place / f"node-{self.number}.log"

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self.child is not None and self.child.runs

    @property
    def ended_by_itself(self) -> bool:
        """Whether it is meant to run, and does not."""
        return self.wanted and not self.runs

    def process_environment(self) -> dict[str, str]:
        """The machine's, without settings that are meant for another node, and its own."""
        base = {key: value for key, value in os.environ.items() if not key.startswith("HUTONG_")}
        return base | self.links.environment(self.city.about.pinyin) | self.settings

    async def start(self) -> None:
        """Start it; `serves` waits until it does."""
        self.state, self.wanted = "starting", True
        words = ["-m", "scripts.harnessing.node_process", str(self.lever_path), "serve"]
        words += ["--settings", str(self.city.settings)]
        pinyin = self.city.about.pinyin
        self.child = await self.spawner.start(
            self.links.command(pinyin, [sys.executable, *words]),
            self.log,
            environment=self.process_environment(),
        )
        go_along(self.child.pid)

    @property
    def lever_path(self) -> Path:
        """Where its levers are."""
        return self.place / f"lever-{self.number}"

    async def serves(self, seconds: float = SERVES_SECONDS) -> None:
        """Wait until it says that it serves, and answers; raises MemberError."""
        give_up = time.monotonic() + seconds
        while not await self.answers():
            if self.ended_by_itself:
                raise MemberError(f"{self.name} ended by itself; see {self.log}\n{self.said()}")
            if time.monotonic() > give_up:
                raise MemberError(f"{self.name} did not serve within {seconds:g} s; see {self.log}")
            await asyncio.sleep(_LOOK_SECONDS)
        self.state = "serving"
        if self.child is not None:
            await give_way(self.child.pid)

    async def healthy(self, seconds: float = _CALL_SECONDS) -> bool:
        """Whether it says that it serves."""
        request, kind = health_pb2.HealthCheckRequest(), health_pb2.HealthCheckResponse
        try:
            return bool((await self.call(_HEALTH, request, kind, seconds)).status == _SERVING)
        except grpc.aio.AioRpcError:
            return False

    async def answers(self) -> bool:
        """Whether it says that it serves, and answers an operator, each within a second."""
        if not await self.healthy(_LOOKED_SECONDS):
            return False
        try:
            request, kind = pb.GetDescriptorRequest(), pb.GetDescriptorResponse
            await self.call(f"{_OPERATOR}GetDescriptor", request, kind, _LOOKED_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return True

    async def reaches(self, other: City) -> bool:
        """Whether it comes through to a partner within a second."""
        request = pb.SyncPartnerRequest(city=other.about.code)
        try:
            kind = pb.SyncPartnerResponse
            await self.call(f"{_OPERATOR}SyncPartner", request, kind, _LOOKED_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return True

    async def call(
        self, path: str, request: Message, kind: type[M], seconds: float = _CALL_SECONDS
    ) -> M:
        """Ask its local port as an operator; raises AioRpcError."""
        call = self.channel().unary_unary(path, None, None)
        answer: bytes = await call(request.SerializeToString(), timeout=seconds)
        return kind.FromString(answer)

    def channel(self, role: Role = Role.OPERATOR) -> grpc.aio.Channel:
        """The operator's connection to its local port; one of another role is the caller's own."""
        if role is not Role.OPERATOR:
            return self._open(role)
        if self._channel is None:
            self._channel = self._open(role)
        return self._channel

    def _open(self, role: Role) -> grpc.aio.Channel:
        stem = KeyFolder(self.city.directory).clients / f"{role.value}-default"
        files = [stem.with_name(f"{stem.name}.{end}").read_bytes() for end in ("ca", "key", "crt")]
        address = f"{self.city.host}:{self.city.local_port}"
        own = grpc.ssl_channel_credentials(*files)
        return grpc.aio.secure_channel(address, own, options=_OPTIONS)

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.wanted, self.state = False, "down"
        if self.child is not None:
            self.child.kill()
            await self.child.wait()

    async def stop(self) -> None:
        """Ask it to drain and end, and see that it does."""
        self.wanted = False
        if self.child is None:
            return
        self.child.send(signal.SIGTERM)
        # One that is paused hears of it when it goes on.
        self.child.send(signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.child.wait(), _STOP_SECONDS)
        await self.kill()

    def pause(self) -> None:
        """Stop it where it stands."""
        if self.child is not None:
            self.child.send(signal.SIGSTOP)
            self.state = "paused"

    def go_on(self) -> None:
        """Let it go on."""
        if self.child is not None:
            self.child.send(signal.SIGCONT)
            self.state = "starting"

    def said(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return self.log.read_text("utf-8", errors="replace")[-1500:].strip()

    async def forget(self) -> None:
        """Let connections go: whoever serves here next may have other keys."""
        self.city.forget_clients()
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None

    async def close(self) -> None:
        """Let connections and files go."""
        await self.forget()
        self.lever.close()
