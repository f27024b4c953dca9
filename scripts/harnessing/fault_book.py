"""Which faults are open: begun, mended by hand or when their time is over, and written down."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from scripts.harnessing import records
from scripts.harnessing.fault_kinds import KINDS, Fault, FaultError, parse_fault
from scripts.harnessing.fleet import Fleet, Town
from scripts.harnessing.members import SERVES_SECONDS, Member, MemberError
from scripts.harnessing.process_faults import MAKING, Begun, touched

_LOOK_SECONDS: Final = 0.05


@dataclass
class Open:
    """A fault that is open."""

    fault: Fault
    since: float
    held: frozenset[str]
    begun: Begun
    ended: asyncio.Future[float | None]
    timer: asyncio.Task[None] | None = None
    mending: bool = False


class FaultBook:
    """The faults of a run."""

    def __init__(self, fleet: Fleet) -> None:
        """None yet."""
        self._fleet = fleet
        self._over: dict[str, float | None] = {}
        self._open: dict[str, Open] = {}
        self._making: dict[str, frozenset[str]] = {}
        self._last = 0

    def status(self) -> list[dict[str, Any]]:
        """Those that are open, as the keeper tells them."""
        return [
            {"fault": number, "since": each.since, **asdict(each.fault)}
            for number, each in self._open.items()
        ]

    @property
    def quiet(self) -> bool:
        """Whether none is open, or about to be."""
        return not self._open and not self._making

    async def begin(self, said: dict[str, Any]) -> str:
        """Make a fault; its number. Raises FaultError, with what to write or do instead."""
        fault = self._checked(said)
        held = touched(self._fleet, fault)
        self.refuse_taken(held)
        self._refuse_stopped(held)
        self._last += 1
        number = str(self._last)
        self._making[number] = held
        try:
            since = time.time()
            begun = await MAKING[fault.kind](self._fleet, fault)
            self._note(number, fault, since, began=True)
            ended = asyncio.get_running_loop().create_future()
            opened = self._open[number] = Open(fault, since, held, begun, ended)
        finally:
            del self._making[number]
        lasts = fault.seconds or None if begun.lasts is None else begun.lasts
        if lasts is not None:
            opened.timer = asyncio.create_task(self._later(number, lasts))
        return number

    async def mend(self, number: str) -> float | None:
        """Take a fault away; after how many seconds all served again, None where they did not.

        One that ends already is waited for, and of one that is over it is said again. Raises
        FaultError where there was none of that number.
        """
        if number in self._over:
            return self._over[number]
        opened = self._open.get(number)
        if opened is None:
            known = ", ".join(self._open) or "none"
            raise FaultError(f"no fault {number!r} is open; open are: {known}")
        if not opened.mending:
            opened.mending = True
            if opened.timer is not None and opened.timer is not asyncio.current_task():
                opened.timer.cancel()
            await self._mend(number, opened)
        return await asyncio.shield(opened.ended)

    async def mend_all(self) -> list[str]:
        """Take all faults away that are open; their numbers."""
        numbers = list(self._open)
        await asyncio.gather(*(self.mend(number) for number in numbers))
        return numbers

    async def _later(self, number: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.mend(number)

    async def _mend(self, number: str, opened: Open) -> None:
        recovered, said = None, ""
        began = time.monotonic()
        try:
            said = await opened.begun.mend()
            await _recovered(opened.begun)
            recovered = time.monotonic() - began
        except Exception as error:  # noqa: BLE001 - it is told, and the fault is over
            said = f"{said}; {error}".removeprefix("; ")
        self._note(number, opened.fault, time.time(), began=False, recovered=recovered, said=said)
        del self._open[number]
        self._over[number] = recovered
        opened.ended.set_result(recovered)

    def _checked(self, said: dict[str, Any]) -> Fault:
        """As an operator would have written it: what came over the line is believed no more."""
        found = dict(said.get("numbers") or {})
        found |= {key: said[key] for key in ("kind", "city", "other", "process") if said.get(key)}
        kind = KINDS.get(str(said.get("kind")))
        clashes = kind is not None and "seconds" in kind.numbers
        found["lasts" if clashes else "seconds"] = said.get("seconds", 0.0)
        cities = {town.place.pinyin: town.place.processes for town in self._fleet}
        return parse_fault(found, cities)

    def refuse_taken(self, held: frozenset[str]) -> None:
        """Raise FaultError where a fault has hold of some of it already."""
        taken = {number: each.held for number, each in self._open.items()} | self._making
        for number, other in taken.items():
            if common := held & other:
                where = ", ".join(sorted(common))
                raise FaultError(f"{where}: fault {number} is there already; mend it first")

    def _refuse_stopped(self, held: frozenset[str]) -> None:
        """What an operator stopped is nothing that a fault may start again."""
        for member in self._fleet.members:
            if member.name in held and not member.wanted:
                pinyin = member.city.about.pinyin
                raise FaultError(
                    f"{member.name} was stopped: `scripts/harness start --city {pinyin}` first"
                )

    def _note(
        self,
        number: str,
        fault: Fault,
        at: float,
        *,
        began: bool,
        recovered: float | None = None,
        said: str = "",
    ) -> None:
        happening = records.Happening(at, number, fault.kind, began, asdict(fault), recovered, said)
        records.append(self._fleet.folder.faults, [happening])

    async def close(self) -> None:
        """Let no timer fire any more."""
        timers = [each.timer for each in self._open.values() if each.timer is not None]
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)


async def _recovered(begun: Begun) -> None:
    """Wait until all that a fault took hold of serves again; raises MemberError."""
    await asyncio.gather(
        *(member.serves() for member in begun.members if member.wanted),
        *(_reaches(one, other) for one, other in begun.lines),
    )


async def _reaches(one: Town, other: Town) -> None:
    give_up = time.monotonic() + SERVES_SECONDS
    while not await _any_reaches(one.members, other):
        if time.monotonic() > give_up:
            names = f"{one.place.pinyin} did not reach {other.place.pinyin}"
            raise MemberError(f"{names} within {SERVES_SECONDS:g} s")
        await asyncio.sleep(_LOOK_SECONDS)


async def _any_reaches(members: Iterable[Member], other: Town) -> bool:
    for member in members:
        if member.runs and member.state != "paused" and await member.reaches(other.city):
            return True
    return False
