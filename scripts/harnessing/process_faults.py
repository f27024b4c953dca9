"""How each kind of fault is made, and what it honestly is.

kill         SIGKILL; the process is started again after `down_ms`, as a supervisor would.
pause        SIGSTOP, and SIGCONT at the end.
restart      SIGTERM (the node drains), then it is started again.
slow, lossy, cut
             a shape of the line, both ways (`links.Shape`).
clock        the process's clock is moved by `seconds`; what it keeps by the machine's monotonic
             clock (deadlines, timers) and what TLS checks go on by the machine's.
disk         no file of the process may grow beyond 4 KiB: a write is refused as by a full disk.
             Over PostgreSQL it is the server's files: it panics and ends, as it does on a full
             disk, and is started again at the end; all processes of the city share its fate.
certificate  all processes of the city are started again, and show partners a certificate of the
             same key and name that ended an hour ago: both directions of TLS refuse it. The city's
             own clients notice nothing. At the end the true one is shown, without a restart.
flood        a process with the city's keys asks the other one well-signed questions about nobody,
             `rate` a second as far as it can make them, and heeds no answer.
garbage      the city's processes are stopped, and one with its certificate answers every call of a
             partner with random bytes. Its own clients reach nobody meanwhile.
"""

import asyncio
import resource
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from scripts.harnessing import hostile
from scripts.harnessing.databases import Database
from scripts.harnessing.fault_kinds import Fault, FaultError
from scripts.harnessing.fleet import Fleet, Town
from scripts.harnessing.links import Shape
from scripts.harnessing.members import Member

# Less than any store has already: the next page that is added does not fit.
_FULL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Begun:
    """A fault that was made."""

    mend: Callable[[], Awaitable[str]]
    """Takes the cause away; what is to be said of it."""
    members: tuple[Member, ...]
    """Who must serve again afterwards."""
    lines: tuple[tuple[Town, Town], ...] = ()
    """Which cities must reach which again."""
    lasts: float | None = None
    """How long it lasts, where the kind itself says it."""


Make = Callable[[Fleet, Fault], Awaitable[Begun]]


async def _kill(fleet: Fleet, fault: Fault) -> Begun:
    member = _member(fleet, fault)
    await member.kill()
    return Begun(_start(member), (member,), lasts=fault.number("down_ms") / 1000)


async def _restart(fleet: Fleet, fault: Fault) -> Begun:
    member = _member(fleet, fault)
    await member.stop()
    return Begun(_start(member), (member,), lasts=0)


async def _pause(fleet: Fleet, fault: Fault) -> Begun:
    member = _member(fleet, fault)
    member.pause()

    async def mend() -> str:
        member.go_on()
        return ""

    return Begun(mend, (member,))


async def _clock(fleet: Fleet, fault: Fault) -> Begun:
    member = _member(fleet, fault)
    member.lever.set(clock_seconds=fault.number("seconds"))

    async def mend() -> str:
        member.lever.set(clock_seconds=0)
        return ""

    return Begun(mend, (member,))


async def _disk(fleet: Fleet, fault: Fault) -> Begun:
    town, member = fleet[fault.city], _member(fleet, fault)
    if town.database is not None:
        return await _full_database(town, town.database)
    _limit(member, _FULL_BYTES)

    async def mend() -> str:
        _limit(member, resource.RLIM_INFINITY)
        return ""

    return Begun(mend, (member,))


def _limit(member: Member, most_bytes: int) -> None:
    if member.child is not None and member.runs:
        limits = (most_bytes, resource.RLIM_INFINITY)
        resource.prlimit(member.child.pid, resource.RLIMIT_FSIZE, limits)


async def _full_database(town: Town, database: Database) -> Begun:
    await database.limit_files(_FULL_BYTES)

    async def mend() -> str:
        await database.limit_files(resource.RLIM_INFINITY)
        if await database.answers():
            return "the PostgreSQL server went on"
        await database.end()
        await database.start()
        return "the PostgreSQL server had ended, and was started again"

    return Begun(mend, tuple(town.members))


async def _certificate(fleet: Fleet, fault: Fault) -> Begun:
    town = fleet[fault.city]

    async def mend() -> str:
        for member in town.members:
            member.lever.set(expired=False)
        return ""

    for member in town.members:
        member.lever.set(expired=True)
    try:
        # What was connected would go on: TLS looks at a certificate once.
        for member in town.members:
            await member.stop()
        await town.start()
    except BaseException:
        await mend()
        raise
    return Begun(mend, tuple(town.members), _both_ways(fleet, town))


async def _line(fleet: Fleet, fault: Fault) -> Begun:
    town, others = fleet[fault.city], _others(fleet, fault)
    shape = {
        "slow": lambda: Shape(
            fault.number("delay_ms"), fault.number("jitter_ms"), fault.number("kbit")
        ),
        "lossy": lambda: Shape(loss_percent=fault.number("percent")),
        "cut": lambda: Shape(cut=True),
    }[fault.kind]()
    try:
        await _shape(fleet, town, others, shape)
    except BaseException:
        # Of many lines none is left broken that nobody could mend.
        await _shape(fleet, town, others, None)
        raise

    async def mend() -> str:
        await _shape(fleet, town, others, None)
        return ""

    lines = tuple(line for other in others for line in ((town, other), (other, town)))
    return Begun(mend, (), lines)


async def _shape(fleet: Fleet, town: Town, others: list[Town], shape: Shape | None) -> None:
    one = town.place.pinyin
    for other in others:
        for ends in ((one, other.place.pinyin), (other.place.pinyin, one)):
            await fleet.links.shape(*ends, shape)


async def _flood(fleet: Fleet, fault: Fault) -> Begun:
    town, others = fleet[fault.city], _others(fleet, fault)
    floods = list[hostile.Hostile]()
    try:
        for other in others:
            floods.append(await hostile.flood(fleet, fault, other))
    except BaseException:
        await asyncio.gather(*(each.end() for each in floods))
        raise

    async def mend() -> str:
        said = await asyncio.gather(*(each.end() for each in floods))
        return "; ".join(filter(None, said))

    members = tuple(member for each in (town, *others) for member in each.members)
    return Begun(mend, members, tuple((town, other) for other in others))


async def _garbage(fleet: Fleet, fault: Fault) -> Begun:
    town = fleet[fault.city]
    await asyncio.gather(*(member.stop() for member in town.members))
    try:
        process = await hostile.garbage(fleet, fault)
    except FaultError:
        await town.start()
        raise

    async def mend() -> str:
        said = await process.end()
        for member in town.members:
            await member.start()
        return said

    return Begun(mend, tuple(town.members), _both_ways(fleet, town))


# In the order of fault_kinds.KINDS.
MAKING: Final[Mapping[str, Make]] = {
    "kill": _kill,
    "pause": _pause,
    "restart": _restart,
    "slow": _line,
    "lossy": _line,
    "cut": _line,
    "clock": _clock,
    "disk": _disk,
    "certificate": _certificate,
    "flood": _flood,
    "garbage": _garbage,
}


def touched(fleet: Fleet, fault: Fault) -> frozenset[str]:
    """What a fault takes hold of; two that have something of it in common cannot be at once."""
    town = fleet[fault.city]
    pinyin, kind = town.place.pinyin, fault.kind
    if kind in {"slow", "lossy", "cut", "flood"}:
        what = "flood" if kind == "flood" else "line"
        ends = [sorted((pinyin, other.place.pinyin)) for other in _others(fleet, fault)]
        return frozenset(f"the {what} between {one} and {other}" for one, other in ends)
    if kind == "clock":
        return frozenset({f"the clock of {pinyin}, process {fault.process}"})
    if kind in {"certificate", "garbage"} or (kind == "disk" and town.database is not None):
        return processes_of(town)
    return frozenset({_member(fleet, fault).name})


def processes_of(town: Town) -> frozenset[str]:
    """All processes of a city, as `touched` names them."""
    return frozenset(member.name for member in town.members)


def _member(fleet: Fleet, fault: Fault) -> Member:
    return fleet[fault.city].members[fault.process]


def _others(fleet: Fleet, fault: Fault) -> list[Town]:
    return fleet.others(fault.city) if fault.other == "*" else [fleet[fault.other]]


def _both_ways(fleet: Fleet, town: Town) -> tuple[tuple[Town, Town], ...]:
    others = fleet.others(town.place.pinyin)
    return tuple(line for other in others for line in ((town, other), (other, town)))


def _start(member: Member) -> Callable[[], Awaitable[str]]:
    async def mend() -> str:
        await member.start()
        return ""

    return mend
