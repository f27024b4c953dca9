"""What every city of a run has before anybody is served: rules, partners, residents, consents.

Everything goes the way it goes in earnest, through each node's own API: what a run begins with is
in the stores and the logs as anything later is.
"""

import asyncio
import csv
import itertools
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from federation.v1 import agreement_pb2
from node.files import load_requests, open_records
from node.model import Role
from node.v1 import resident_service_pb2
from scripts import towns
from scripts.city import City, new_id
from scripts.harnessing import people, records
from scripts.harnessing.fleet import Fleet, Town
from scripts.partnering import agree, befriend

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_PAIRS_AT_ONCE: Final = 4
_IN_FLIGHT: Final = 16
_CALL_SECONDS: Final = 60.0
_DAYS: Final = 30
_DEPARTMENT: Final = "credit-office"
_SERVICE: Final = "/node.v1.ResidentService/"

STAGES: Final = ("stores", "cities", "rules", "pairs", "residents", "records", "consents")


@dataclass
class Progress:
    """How far it is."""

    done: dict[str, int] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    ready: bool = False
    failed: str = ""

    def expect(self, stage: str, number: int) -> None:
        """So many things are to be done."""
        self.of[stage] = number
        self.done.setdefault(stage, 0)

    def one(self, stage: str, number: int = 1) -> None:
        """One of them is done, or several."""
        self.done[stage] += number

    def said(self) -> dict[str, Any]:
        """As the keeper tells it."""
        stages = [
            {"stage": stage, "done": self.done[stage], "of": self.of[stage]}
            for stage in STAGES
            if stage in self.of
        ]
        return {"stages": stages, "ready": self.ready, "failed": self.failed}


async def prepare(fleet: Fleet, progress: Progress) -> None:
    """Start the cities, and give them all that they need; raises what went wrong.

    A bare run has places, databases and lines only.
    """
    found, bare = list(fleet), fleet.plan.bare
    await _each(found, "stores", progress, lambda town: town.make(bare=bare))
    if bare:
        return
    await _each(found, "cities", progress, lambda town: town.start())
    await _acquaint(found, progress)
    chosen = {town.place.pinyin: _people(fleet, town) for town in found}
    total = sum(map(len, chosen.values()))
    progress.expect("residents", total)
    progress.expect("records", len(found))
    progress.expect("consents", sum(len(p.hosts) for each in chosen.values() for p in each))
    await _all(_populate(fleet, town, chosen[town.place.pinyin], progress) for town in found)


async def _acquaint(found: Sequence[Town], progress: Progress) -> None:
    """Put every city's rules in force, and make each pair partners with an agreement."""
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(_PAIRS_AT_ONCE)

    async def aside(stage: str, act: Callable[..., object], *words: object) -> None:
        await loop.run_in_executor(pool, act, *words)
        progress.one(stage)

    try:
        progress.expect("rules", len(found))
        await _all(aside("rules", town.city.load_rules) for town in found)
        pairs = list(itertools.combinations([town.city for town in found], 2))
        progress.expect("pairs", len(pairs))
        await _all(aside("pairs", _connect, *pair) for pair in pairs)
    finally:
        # Where it was given up nobody waits for officers who are still at it.
        pool.shutdown(wait=False, cancel_futures=True)


async def _each(
    found: Sequence[Town], stage: str, progress: Progress, act: Callable[[Town], Any]
) -> None:
    progress.expect(stage, len(found))

    async def one(town: Town) -> None:
        await act(town)
        progress.one(stage)

    await _all(one(town) for town in found)


async def _all(acts: Any) -> None:  # noqa: ANN401 - coroutines of any kind
    """Wait for all; where one fails the others are given up."""
    async with asyncio.TaskGroup() as group:
        for act in acts:
            group.create_task(act)


def _connect(one: City, other: City) -> None:
    befriend(one, other)
    agree(one, other)


def _people(fleet: Fleet, town: Town) -> list[people.Person]:
    others = [other.place.about for other in fleet.others(town.place.pinyin)]
    return people.people(town.place.about, others, fleet.plan.residents, fleet.plan.seed)


async def _populate(
    fleet: Fleet, town: Town, chosen: list[people.Person], progress: Progress
) -> None:
    """Enrol the residents of one city, load their records, give their consents, and note it."""
    call = _Residents(town)
    try:
        ids = await call.enrol(chosen, progress)
        await asyncio.to_thread(_load, town.city, chosen)
        progress.one("records")
        scenarios = {other.place.code: _scenarios(town, other) for other in fleet}
        consents = await call.consent(chosen, ids, scenarios, progress)
    finally:
        await call.channel.close(None)
    records.append(
        fleet.folder.residents,
        [
            records.Enrolled(
                town.place.code, resident, "RESIDENT_ID", person.number, person.standing, given
            )
            for person, resident, given in zip(chosen, ids, consents, strict=True)
        ],
    )


def _scenarios(home: Town, host: Town) -> list[str]:
    if home is host:
        return []
    found = tomllib.loads(towns.agreement(home.place.about, host.place.about))
    return list(found["scenarios"])


def _load(city: City, chosen: Sequence[people.Person]) -> None:
    """Load their records, as a department does."""
    rows = list(people.rows(city.about.pinyin, chosen))
    if not rows:
        return
    with tempfile.TemporaryDirectory(prefix="hutong-") as directory:
        path = Path(directory) / f"{city.about.pinyin}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([people.COLUMNS, *rows])
        client = city.client(Role.DEPARTMENT, _DEPARTMENT)
        with open_records(str(path)) as found:
            load_id = found.load_id(_DEPARTMENT)
            requests = load_requests(load_id, found.name, found.rows(), found.count)
            load = client.upload("DepartmentService/LoadRecords", requests)["load"]
    if int(load["accepted_count"]) != len(rows):
        raise RuntimeError(
            f"{city.about.name_en} took {load['accepted_count']} of {len(rows)} records"
        )


class _Residents:
    """The residents' app of one city, many calls at once."""

    def __init__(self, town: Town) -> None:
        self.channel = town.first.channel(Role.RESIDENT)
        self._places = asyncio.Semaphore(_IN_FLIGHT)

    async def enrol(self, chosen: Sequence[people.Person], progress: Progress) -> list[str]:
        kind = resident_service_pb2.EnrolResidentResponse

        async def one(person: people.Person) -> str:
            request = resident_service_pb2.EnrolResidentRequest(
                request_id=new_id(),
                document_kind=resident_service_pb2.DOCUMENT_KIND_RESIDENT_ID,
                document_number=person.number,
            )
            answer = await self._call("EnrolResident", request, kind)
            progress.one("residents")
            return answer.resident_id

        return await asyncio.gather(*map(one, chosen))

    async def consent(
        self,
        chosen: Sequence[people.Person],
        ids: Sequence[str],
        scenarios: dict[str, list[str]],
        progress: Progress,
    ) -> list[dict[str, str]]:
        """The consents of each, by the code of the host."""
        ends = Timestamp()
        ends.FromDatetime(datetime.now(UTC) + timedelta(days=_DAYS))
        kind = resident_service_pb2.GiveConsentResponse

        async def one(resident: str, host: str) -> str:
            request = resident_service_pb2.GiveConsentRequest(
                request_id=new_id(),
                resident_id=resident,
                host_city=host,
                scenarios=scenarios[host],
                disclosure=agreement_pb2.DISCLOSURE_LEVEL_BAND,
                expires_at=ends,
            )
            answer = await self._call("GiveConsent", request, kind)
            progress.one("consents")
            return answer.consent.consent_id

        async def all_of(person: people.Person, resident: str) -> dict[str, str]:
            found = await asyncio.gather(*(one(resident, host) for host in person.hosts))
            return dict(zip(person.hosts, found, strict=True))

        return await asyncio.gather(*map(all_of, chosen, ids))

    async def _call(self, method: str, request: Message, kind: type[M]) -> M:
        call = self.channel.unary_unary(_SERVICE + method, None, None)
        async with self._places:
            answer: bytes = await call(request.SerializeToString(), timeout=_CALL_SECONDS)
        return kind.FromString(answer)
