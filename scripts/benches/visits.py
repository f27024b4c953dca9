"""A host city under load: two real nodes on this machine, and a venue's client of the host."""

import asyncio
import contextlib
import tempfile
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import grpc
import uvloop
from google.protobuf.message import Message

from node import bootstrap, data
from node.keys import KeyFolder
from node.model import Role
from node.v1 import resident_service_pb2 as residents_pb
from node.v1 import venue_service_pb2 as pb
from scripts.benches import echo
from scripts.benches.figures import Figure, paired
from scripts.benches.rig import IN_FLIGHT, SCENARIO, UNLIMITED, open_channel, rate
from scripts.cities import Cities, City, agree, b64, befriend, free_ports, new_id

M = TypeVar("M", bound=Message)
Make = Callable[[int], Awaitable[list[bytes]]]
_Channels = tuple[grpc.aio.Channel, ...]
"""To a bare echo, and to each process of the host."""

CHECK: Final = "/node.v1.VenueService/CheckEligibility"
REDEEM: Final = "/node.v1.VenueService/Redeem"
# Of the host, and what that adds to the name of a figure.
_PROCESSES: Final = {1: "", 2: ", two processes of the host"}
_VENUE: Final = "library"
_AGAIN_SECONDS: Final = 0.5
_CODE: Final = "/node.v1.ResidentService/CreatePresentationCode"
_QUIET: Final = {"HUTONG_LOG_LEVEL": "warning", **UNLIMITED}

# What the venue of the benches offers: something for a standing, with every count but none that is
# ever full, and something for everyone, as most venues have it.
_CATALOGUE: Final = f"""
city = "330100"

[[incentives]]
id = "library-card"
scenario = "{SCENARIO}"
benefit = {{ zh = "免押金办理借书证", en = "library card without a deposit" }}
minimum_band = "excellent"
venues = ["{_VENUE}"]
capacity = {{ total = 90000000, per_day = 900000, per_resident_per_day = 900000 }}
valid_from = 2026-01-01
valid_until = 2039-01-01
legal_basis = "illustrative: a bench"
source = "illustrative: a bench"
illustrative = true

[[incentives]]
id = "reading-room"
scenario = "{SCENARIO}"
benefit = {{ zh = "免费入馆阅览", en = "reading room free of charge" }}
venues = ["{_VENUE}"]
valid_from = 2026-01-01
valid_until = 2039-01-01
legal_basis = "illustrative: a bench"
source = "illustrative: a bench"
illustrative = true
"""


@dataclass(frozen=True, slots=True)
class Visits:
    """Two cities, and what the residents of one need to visit the other."""

    home: City
    host: City
    consents: tuple[tuple[str, str], ...]
    """Each resident whom the host would recognise, with the consent to it."""
    others: tuple[City, ...] = ()
    """More partners of the host."""
    beside_host: tuple[City, ...] = ()
    """More processes of the host, over the same store."""

    async def codes(self, count: int) -> list[str]:
        """So many fresh presentation codes, of the residents in turn."""
        requests = [
            residents_pb.CreatePresentationCodeRequest(
                request_id=new_id(), resident_id=resident, consent_id=consent
            )
            for resident, consent in (self.consents[i % len(self.consents)] for i in range(count))
        ]
        kind = residents_pb.CreatePresentationCodeResponse
        async with open_channel(_channel(self.home, Role.RESIDENT)) as channel:
            found = await answers(channel, _CODE, [r.SerializeToString() for r in requests], kind)
        return [each.presentation_code for each in found]

    async def by_code(self, count: int) -> list[bytes]:
        """So many checks, each by a presentation code of its own."""
        return [_asked(presentation_code=code) for code in await self.codes(count)]

    async def passes(self, venue: grpc.aio.Channel) -> list[str]:
        """The visitor pass of each resident, after a first visit."""
        asked = await self.by_code(len(self.consents))
        found = await answers(venue, CHECK, asked, pb.CheckEligibilityResponse)
        if not all(each.visitor_pass for each in found):
            raise RuntimeError("not every resident of the bench is recognised")
        return [each.visitor_pass for each in found]


def by_pass(passes: Sequence[str], count: int) -> list[bytes]:
    """So many checks by visitor passes, in turn."""
    return [_asked(visitor_pass=passes[i % len(passes)]) for i in range(count)]


def _asked(**shown: str) -> bytes:
    return pb.CheckEligibilityRequest(request_id=new_id(), **shown).SerializeToString()


async def answers(
    channel: grpc.aio.Channel, method: str, requests: Sequence[bytes], kind: type[M]
) -> list[M]:
    """The answers, in order, with 64 in flight; every call must succeed."""
    call = channel.unary_unary(method, None, kind.FromString)
    found, waiting = dict[int, M](), iter(enumerate(requests))

    async def worker() -> None:
        for place, request in waiting:
            while place not in found:
                try:
                    found[place] = await call(request, timeout=30)
                except grpc.aio.AioRpcError as error:
                    # What is made ready beforehand may wait; nothing of it was done.
                    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                        raise
                    await asyncio.sleep(_AGAIN_SECONDS)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return [found[place] for place in range(len(requests))]


async def in_turn(
    name: str,
    channels: _Channels,
    method: str,
    make: Make,
    *,
    rounds: int,
    turns: int,
    calls: int,
) -> list[Figure]:
    """Measure echo and host in turn, in short turns: the machine's speed drifts for both."""
    bare, node, *more = channels
    echoes, ours = list[float](), list[float]()
    warm = await make(calls)
    await rate(bare, echo.METHOD, warm)
    await rate(node, method, warm, *more)
    for _ in range(rounds):
        seconds = [0.0, 0.0]
        for _ in range(turns):
            requests = await make(calls)
            seconds[0] += calls / await rate(bare, echo.METHOD, requests)
            seconds[1] += calls / await rate(node, method, requests, *more)
        echoes.append(turns * calls / seconds[0])
        ours.append(turns * calls / seconds[1])
    return paired(name, ours, f"echo, beside {name}", echoes, "calls/s")


def of_one_and_of_two(
    measure: Callable[[Visits, str], Coroutine[object, object, list[Figure]]],
) -> list[Figure]:
    """What is measured of a host of one process, and then of one of two.

    `measure` is given what that adds to the name of a figure.
    """
    found = list[Figure]()
    for processes, of in _PROCESSES.items():
        with (
            tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
            visits(Path(directory), processes=processes) as cities,
        ):
            found += uvloop.run(measure(cities, of))
    return found


@contextlib.contextmanager
def visits(
    directory: Path, *others: str, environment: Mapping[str, str] = _QUIET, processes: int = 1
) -> Iterator[Visits]:
    """Both cities running with an agreement in force, and the consents of the home's residents.

    `others` are the codes of more partners of the host; `processes` is how many the host has.
    """
    with Cities(directory, ("410100", "330100", *others)) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            city.environment = dict(environment)
        cities.start()
        for city in cities:
            city.load_rules()
        host.operator(
            "LoadIncentives",
            request_id=new_id(),
            file_name="incentives.toml",
            content=b64(_CATALOGUE.encode()),
        )
        befriend(home, host)
        agree(host, home)
        more = tuple(city for city in cities if city.about.code in others)
        for city in more:
            befriend(city, host)
            agree(host, city)
        good = [
            home.enrol(row.document_kind, row.document_number)
            for row in data.residents("zhengzhou")
            if "excellent" in row.label
        ]
        home.load_records()
        ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        consents = tuple((r, home.consent(r, host.about.code, [SCENARIO], ends)) for r in good)
        with contextlib.ExitStack() as ended:
            beside_host = tuple(_process(host) for _ in range(processes - 1))
            for each in beside_host:
                ended.callback(each.stop)
                each.start()
            for each in beside_host:
                each.wait()
            yield Visits(home, host, consents, more, beside_host)


def _process(city: City) -> City:
    """One more process of a city, with ports of its own."""
    peer, local, onboarding = free_ports(3)
    places = {
        "HUTONG_PEER_LISTEN": f"{city.host}:{peer}",
        "HUTONG_LOCAL_LISTEN": f"{city.host}:{local}",
        "HUTONG_ONBOARDING_LISTEN": f"{city.host}:{onboarding}",
    }
    environment = {**city.environment, **places}
    return City(city.about, city.directory, peer, local, onboarding, city.host, environment)


@contextlib.asynccontextmanager
async def beside(visits: Visits, message: str) -> AsyncIterator[_Channels]:
    """Connections of a venue to a bare echo of that message, and to each process of the host."""
    keys = KeyFolder(visits.host.directory)
    files = keys.local_key, keys.local_certificate, keys.ca_certificate
    with echo.echoing(*files, message, _QUIET) as port:
        ports = [port, *(city.local_port for city in (visits.host, *visits.beside_host))]
        async with contextlib.AsyncExitStack() as opened:
            channels = [_channel(visits.host, Role.VENUE, each) for each in ports]
            yield tuple([await opened.enter_async_context(open_channel(c)) for c in channels])


def venue(visits: Visits) -> grpc.aio.Channel:
    """A connection of the venue to the host."""
    return _channel(visits.host, Role.VENUE)


def _channel(city: City, role: Role, port: int = 0) -> grpc.aio.Channel:
    """A connection of a client of that role to the city, or to another port of this machine."""
    files = bootstrap.issue_client(
        city.settings,
        role=role,
        name=_VENUE,
        directory=city.directory / f"bench-{new_id()}",
    )
    credentials = grpc.ssl_channel_credentials(
        files.ca.read_bytes(), files.key.read_bytes(), files.certificate.read_bytes()
    )
    return grpc.aio.secure_channel(f"127.0.0.1:{port or city.local_port}", credentials)
