"""A load's connections: one for each role, city and process, with mutual TLS, as clients have."""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc

from node.initialise import issue_client
from node.model import Role
from node.transport import status
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.offers import Target
from scripts.harnessing.loading.outcomes import DEADLINE, OK, UNREACHABLE

CALL_SECONDS: Final = 10.0
_READY_SECONDS: Final = 3.0
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # A node that is back is found within a second, as its own clients find it.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 32 * 1024),
)
_NAMES: Final = {
    grpc.StatusCode.DEADLINE_EXCEEDED: DEADLINE,
    grpc.StatusCode.UNAVAILABLE: UNREACHABLE,
}


@dataclass(frozen=True, slots=True)
class Whom:
    """Who calls: a role, and the name in its certificate."""

    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: an outcome, and the answer's bytes where it is OK."""

    outcome: str
    body: bytes = b""

    @property
    def digest(self) -> str:
        """SHA-256 of the answer, in hexadecimal; "" where there was none."""
        return hashlib.sha256(self.body).hexdigest() if self.outcome == OK else ""


class Lines:
    """The connections of one generator."""

    def __init__(self, channels: Mapping[tuple[str, int, Whom], grpc.aio.Channel]) -> None:
        """Over these channels: by city, process and who calls."""
        self._channels = channels
        self._calls = dict[tuple[str, int, Whom, str], Any]()
        found: dict[str, list[int]] = {}
        for city, process, _ in channels:
            found.setdefault(city, []).append(process)
        self._processes = {city: tuple(sorted(set(each))) for city, each in found.items()}

    @classmethod
    def open(
        cls,
        folder: Folder,
        targets: Iterable[Target],
        callers: Mapping[str, Iterable[Whom]],
        directory: Path,
    ) -> "Lines":
        """Connections of each of a city's callers to each of its processes.

        `callers` are by the city's code. Certificates are made below `directory`.
        """
        plan, channels = folder.read_plan(), dict[tuple[str, int, Whom], grpc.aio.Channel]()
        issued = dict[tuple[str, Whom], grpc.ChannelCredentials]()
        for target in targets:
            pinyin = plan[target.city].pinyin
            for whom in callers[target.city]:
                known = target.city, whom
                if known not in issued:
                    settings = folder.city(pinyin) / "hutong.toml"
                    issued[known] = _credentials(settings, whom, directory / pinyin)
                channels[target.city, target.process, whom] = grpc.aio.secure_channel(
                    target.address, issued[known], options=_OPTIONS
                )
        return cls(channels)

    def processes(self, city: str) -> Sequence[int]:
        """The processes of a city, from 0."""
        return self._processes[city]

    async def connect(self) -> None:
        """Make every connection, and wait a little for those that can be made."""
        for channel in self._channels.values():
            channel.get_state(try_to_connect=True)
        waits = [asyncio.create_task(c.channel_ready()) for c in self._channels.values()]
        _, late = await asyncio.wait(waits, timeout=_READY_SECONDS)
        for each in late:
            each.cancel()

    async def call(self, city: str, process: int, whom: Whom, method: str, body: bytes) -> Reply:
        """One call, of one request and one answer; whatever comes of it is a reply."""
        key = city, process, whom, method
        if key not in self._calls:
            channel = self._channels[city, process, whom]
            make = channel.stream_unary if method in _STREAMS else channel.unary_unary
            self._calls[key] = make(method, None, None)
        sent = [body] if method in _STREAMS else body
        try:
            return Reply(OK, await self._calls[key](sent, timeout=CALL_SECONDS))
        except grpc.aio.AioRpcError as error:
            return Reply(_outcome(error))

    async def close(self) -> None:
        """End every connection; calls that are on their way are given up."""
        for channel in self._channels.values():
            with contextlib.suppress(grpc.aio.BaseError):
                await channel.close(None)


_STREAMS: Final = frozenset({"/node.v1.DepartmentService/LoadRecords"})


def _credentials(settings: Path, whom: Whom, directory: Path) -> grpc.ChannelCredentials:
    files = issue_client(settings, role=whom.role, name=whom.name, directory=directory)
    return grpc.ssl_channel_credentials(
        files.ca.read_bytes(), files.key.read_bytes(), files.certificate.read_bytes()
    )


def _outcome(error: grpc.aio.AioRpcError) -> str:
    ours = status.from_metadata(error.trailing_metadata())
    if ours is not None:
        return ours.reason.name
    return _NAMES.get(error.code(), f"GRPC_{error.code().name}")
