"""Partners that turned hostile: a process of ours with a city's true keys, until it is mended."""

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import grpc

from node.v1 import operator_service_pb2 as pb
from scripts.harnessing.fault_kinds import Fault, FaultError
from scripts.harnessing.fleet import Fleet, Town
from scripts.harnessing.hostile_process import Flooding
from scripts.harnessing.precedence import give_way
from scripts.harnessing.spawning import Child

_READY_SECONDS: Final = 30.0
_END_SECONDS: Final = 5.0
# More than the cities of any run, and the most that a node gives at once.
_PAGE: Final = 200
_LIST: Final = "/node.v1.OperatorService/ListAgreements"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One such process."""

    child: Child
    log: Path

    async def end(self) -> str:
        """End it; what it did."""
        self.child.send(signal.SIGTERM)
        said = await self._line(_END_SECONDS)
        self.child.kill()
        await self.child.wait()
        return said

    async def ready(self) -> None:
        """Wait until it does what it is for; raises FaultError."""
        if await self._line(_READY_SECONDS) != "ready":
            self.child.kill()
            raise FaultError(f"the hostile process did not start; see {self.log}")
        await give_way(self.child.pid)

    async def _line(self, seconds: float) -> str:
        stdout = self.child.process.stdout
        if stdout is None:
            return ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return (await stdout.readline()).decode().strip()
        return ""


async def flood(fleet: Fleet, fault: Fault, other: Town) -> Hostile:
    """A flood of questions from one city to another; raises FaultError."""
    town = fleet[fault.city]
    agreement = await _agreement(town, other)
    words = Flooding(
        own=str(town.city.directory),
        city=town.place.code,
        other_folder=str(other.city.directory),
        other=other.place.code,
        address=f"{other.city.host}:{other.city.peer_port}",
        agreement_id=agreement.agreement_id,
        agreement_version=agreement.version,
        scenario=agreement.scenarios[0],
        rate=fault.number("rate"),
    )
    return await _start(fleet, town, {"kind": "flood", **asdict(words)})


async def garbage(fleet: Fleet, fault: Fault) -> Hostile:
    """A process in a city's place that answers its partners with random bytes."""
    town = fleet[fault.city]
    addresses = [f"{member.city.host}:{member.city.peer_port}" for member in town.members]
    own = str(town.city.directory)
    return await _start(fleet, town, {"kind": "garbage", "own": own, "addresses": addresses})


async def _start(fleet: Fleet, town: Town, words: dict[str, Any]) -> Hostile:
    log = town.first.place / "hostile.log"
    command = [sys.executable, "-m", "scripts.harnessing.hostile_process", json.dumps(words)]
    child = await fleet.spawner.start(
        fleet.links.command(town.place.pinyin, command),
        log,
        environment=town.first.process_environment(),
        reads=True,
    )
    made = Hostile(child, log)
    await made.ready()
    return made


async def _agreement(town: Town, other: Town) -> pb.Agreement:
    """The agreement in force of two cities, as the first one has it; raises FaultError."""
    request = pb.ListAgreementsRequest(page_size=_PAGE)
    try:
        answer = await town.first.call(_LIST, request, pb.ListAgreementsResponse)
    except grpc.aio.AioRpcError as error:
        raise FaultError(f"{town.place.pinyin} does not answer: {error.details()}") from error
    for agreement in answer.agreements:
        of_both = agreement.partner_city == other.place.code
        if of_both and agreement.state == pb.AGREEMENT_STATE_ACTIVE:
            return agreement
    raise FaultError(f"{town.place.pinyin} and {other.place.pinyin} have no agreement in force")
