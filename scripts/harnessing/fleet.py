"""The cities of a run: made, started, looked after and ended; all of it by the keeper."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from federation import codec
from federation.envelope import envelope_to_json, seal
from federation.messages import Endpoint
from node.keys import KeyFolder
from node.keys.bundles import read_published
from node.keys.files import read_signer, replace_whole
from scripts.city import City
from scripts.harnessing.databases import Database
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.links import Links
from scripts.harnessing.members import Member
from scripts.harnessing.ports import steady_ports
from scripts.harnessing.spawning import Spawner
from scripts.harnessing.usage import usage

_PORTS: Final = 4
_LOOK_SECONDS: Final = 1.0


@dataclass
class Town:
    """One city: its processes, and its PostgreSQL server where it has one."""

    place: Place
    members: list[Member]
    database: Database | None = None

    @property
    def first(self) -> Member:
        """The process that partners reach first."""
        return self.members[0]

    @property
    def city(self) -> City:
        """The first process as clients see it."""
        return self.first.city

    async def make(self, *, bare: bool = False) -> None:
        """Make its store, its keys and its settings; of a bare one an empty database at most."""
        if self.database is not None:
            await self.database.make()
        if bare:
            return
        # Keys take a moment.
        await asyncio.to_thread(self._init)

    def _init(self) -> None:
        self.city.init(self.database.url if self.database else None)
        if len(self.members) > 1:
            ports = [member.city.peer_port for member in self.members]
            _name_endpoints(KeyFolder(self.city.directory), self.city.host, ports)

    async def start(self) -> None:
        """Start every process that does not run, and wait until each serves; raises MemberError."""
        for member in self.members:
            if not member.runs:
                await member.start()
        await asyncio.gather(*(member.serves() for member in self.members))

    async def end_service(self) -> None:
        """End every process as `systemctl stop` does; `start` begins them again."""
        await asyncio.gather(*(member.stop() for member in self.members))
        for member in self.members:
            await member.forget()

    async def stop(self) -> None:
        """End every process, then the server."""
        await asyncio.gather(*(member.stop() for member in self.members))
        for member in self.members:
            await member.close()
        if self.database is not None:
            await self.database.stop()

    @property
    def store_bytes(self) -> int:
        """What its store takes on the disk."""
        if self.database is not None:
            return self.database.size
        files = self.city.directory.glob("hutong.sqlite*")
        return sum(file.stat().st_size for file in files if file.exists())

    async def status(self) -> list[dict[str, Any]]:
        """How each process is, as the keeper tells it."""
        states = await asyncio.gather(*map(_state, self.members))
        return list(self._status(states))

    def _status(self, states: list[str]) -> Iterator[dict[str, Any]]:
        for member, state in zip(self.members, states, strict=True):
            used = usage(member.child.pid) if member.child and member.runs else None
            # Those of the city's metrics: only where they were asked for.
            metrics = member.settings.get("HUTONG_METRICS_LISTEN", "").rpartition(":")[2]
            yield {
                "pinyin": self.place.pinyin,
                "code": self.place.code,
                "process": member.number,
                "pid": member.child.pid if member.child and member.runs else 0,
                "state": state,
                "host": member.city.host,
                "local_port": member.city.local_port,
                "peer_port": member.city.peer_port,
                "onboarding_port": member.city.onboarding_port,
                "rss_bytes": used.rss_bytes if used else 0,
                "open_files": used.open_files if used else 0,
                "folder": str(member.city.directory),
                "log": str(member.log),
                "store": self.database.url if self.database else "",
            } | ({"metrics_port": int(metrics)} if metrics else {})


async def _state(member: Member) -> str:
    if not member.runs:
        return "down"
    if member.state == "serving" and not await member.healthy(_LOOK_SECONDS):
        return "starting"
    return member.state


def _name_endpoints(folder: KeyFolder, host: str, ports: list[int]) -> None:
    """Let the first trust bundle name the ports of all processes, before anybody has seen it.

    Partners try them in this order; `hutong init` takes one address only.
    """
    bundle = read_published(folder)[-1].bundle
    made = replace(bundle, endpoints=tuple(Endpoint(host, port) for port in ports))
    sealed = seal(codec.TRUST_BUNDLE, made, [read_signer(folder.root_key)])
    replace_whole(folder.bundle_of(made.sequence), envelope_to_json(sealed).encode())


@dataclass
class Fleet:
    """All cities of a run."""

    folder: Folder
    plan: Plan
    links: Links
    spawner: Spawner = field(default_factory=Spawner)
    towns: dict[str, Town] = field(default_factory=dict)
    """By pinyin."""

    def __getitem__(self, pinyin: str) -> Town:
        """The city of that name; raises KeyError."""
        return self.towns[pinyin]

    def __iter__(self) -> Iterator[Town]:
        """In the order of the plan."""
        return iter(self.towns.values())

    @property
    def members(self) -> Iterator[Member]:
        """Every process."""
        return (member for town in self for member in town.members)

    def others(self, pinyin: str) -> list[Town]:
        """Every other city."""
        return [town for town in self if town.place.pinyin != pinyin]

    async def lay_out(self) -> None:
        """Give every process its ports, and make the lines between cities."""
        await self.links.open([place.pinyin for place in self.plan.places])
        ports = iter(steady_ports(_PORTS * sum(place.processes for place in self.plan.places)))
        for place in self.plan.places:
            members = [
                self._member(place, number, tuple(next(ports) for _ in range(_PORTS)))
                for number in range(place.processes)
            ]
            self.towns[place.pinyin] = Town(place, members, self._database(place))
        await self.links.peer_ports(
            {
                town.place.pinyin: [
                    port
                    for member in town.members
                    for port in (member.city.peer_port, member.city.onboarding_port)
                ]
                for town in self
            }
        )

    def _member(self, place: Place, number: int, ports: tuple[int, ...]) -> Member:
        host, (peer, local, onboarding, metrics) = self.links.host(place.pinyin), ports
        directory = self.folder.city(place.pinyin).resolve()
        city = City(place.about, directory, peer, local, onboarding, host=host)
        settings = {
            # All processes of a city have one folder, and ports of their own.
            "HUTONG_PEER_LISTEN": f"{host}:{peer}",
            "HUTONG_LOCAL_LISTEN": f"{host}:{local}",
            "HUTONG_ONBOARDING_LISTEN": f"{host}:{onboarding}",
            "HUTONG_LOG_LEVEL": self.plan.log_level,
        }
        if self.plan.metrics:
            settings["HUTONG_METRICS_LISTEN"] = f"{host}:{metrics}"
        place_of = self.folder.machine(place.pinyin).resolve()
        return Member(city, number, self.links, self.spawner, settings, place_of)

    def _database(self, place: Place) -> Database | None:
        if place.store != "postgresql":
            return None
        return Database(self.spawner, self.folder.machine(place.pinyin) / "postgresql.log")

    async def stop(self) -> None:
        """End all of it, all at once, whatever some of it says."""
        done = await asyncio.gather(*(town.stop() for town in self), return_exceptions=True)
        await self.links.close()
        for found in done:
            if isinstance(found, BaseException):
                raise found
