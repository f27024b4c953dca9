"""The faults that can be made: what each is called, what it takes, and how a mistake is told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault."""

    name: str
    zh: str
    en: str
    on_link: bool
    """Whether it is of the line between two cities, not of one city."""
    numbers: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """What it takes besides: least, most, and what it is where nothing is said."""
    lasts: bool = True
    """Whether it lasts until it is mended; a kill does not."""
    of_process: bool = True
    """Whether it is of one process of a city; else it is of all of them."""


# In the order in which they are listed.
KINDS: Final[Mapping[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind(
            "kill",
            "强制结束进程（kill -9），随后重新启动",
            "end a process by SIGKILL; it is started again after `down_ms`",
            on_link=False,
            numbers={"down_ms": (0, 600_000, 1000)},
            lasts=False,
        ),
        FaultKind(
            "pause", "暂停进程（SIGSTOP）", "stop a process, as a machine that hangs", on_link=False
        ),
        FaultKind(
            "restart",
            "正常停止并重新启动",
            "drain, stop and start again",
            on_link=False,
            lasts=False,
        ),
        FaultKind(
            "slow",
            "线路变慢",
            "a slow line",
            on_link=True,
            numbers={
                "delay_ms": (0, 60_000, 200),
                "jitter_ms": (0, 60_000, 50),
                "kbit": (0, 10_000_000, 0),
            },
        ),
        FaultKind(
            "lossy",
            "线路丢包",
            "a lossy line: packets lost, connections cut",
            on_link=True,
            numbers={"percent": (0, 100, 10)},
        ),
        FaultKind(
            "cut", "线路中断（无声）", "a cut line: nothing passes, nobody is told", on_link=True
        ),
        FaultKind(
            "clock",
            "时钟跳变",
            "a clock that jumps",
            on_link=False,
            numbers={"seconds": (-31_536_000, 31_536_000, 120)},
        ),
        FaultKind("disk", "磁盘已满", "a full disk", on_link=False),
        FaultKind(
            "certificate",
            "证书已过期",
            "the certificate that the node shows to partners has expired",
            on_link=False,
            of_process=False,
        ),
        FaultKind(
            "flood",
            "伙伴城市的请求洪水",
            "a partner that floods another with questions",
            on_link=True,
            numbers={"rate": (1, 100_000, 2000)},
        ),
        FaultKind(
            "garbage",
            "伙伴城市以乱码作答",
            "a partner that answers garbage, with its own true certificate",
            on_link=False,
            of_process=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: of a city, or of the line from `city` to `other` and back."""

    kind: str
    city: str
    other: str = ""
    """For a line; "*" for every other city."""
    process: int = 0
    seconds: float = 0.0
    """How long it lasts; 0 until it is mended."""
    numbers: Mapping[str, float] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A parameter, or what it is where nothing is said."""
        return self.numbers.get(name, KINDS[self.kind].numbers[name][2])


class FaultError(ValueError):
    """A fault that cannot be made; the text says what to write instead."""


def parse_fault(found: Mapping[str, Any], cities: Mapping[str, int]) -> Fault:
    """A fault as an operator wrote it; `cities` are the names there are, with their processes.

    Raises:
        FaultError: with what is wrong, and what may be written.

    """
    rest = dict(found)
    name = str(rest.pop("kind", ""))
    kind = KINDS.get(name)
    if kind is None:
        raise FaultError(f"there is no fault {name!r}; there are: {', '.join(KINDS)}")
    city, other = str(rest.pop("city", "")), str(rest.pop("other", ""))
    process, seconds = rest.pop("process", 0), rest.pop("seconds", 0.0)
    # A number named as the duration belongs to the fault where it takes one of that name.
    if "seconds" in kind.numbers:
        jump = seconds if "seconds" in found else kind.numbers["seconds"][2]
        rest["seconds"], seconds = jump, rest.pop("lasts", 0.0)
        if jump == 0:
            raise FaultError(f"{name}: seconds = 0 is no jump; how long it lasts is `lasts`")
    for where, which in (("city", city), *((("other", other),) if kind.on_link else ())):
        if which not in cities and not (where == "other" and which == "*"):
            known = ", ".join(cities)
            raise FaultError(f"{name}: {where} = {which!r} is none of: {known}")
    if not kind.on_link and other:
        raise FaultError(f"{name} is of one city: leave out `other`")
    if city == other:
        raise FaultError(f"{name}: a line has two ends, not {city!r} twice")
    _check_process(kind, process, city, cities[city])
    if seconds and not kind.lasts:
        raise FaultError(f"{name} ends by itself: leave out how long it lasts")
    return Fault(
        name, city, other, process, _number(name, "seconds", seconds, (0, 86_400)), _of(kind, rest)
    )


def _check_process(kind: FaultKind, process: object, city: str, processes: int) -> None:
    if not isinstance(process, int) or not 0 <= process < processes:
        raise FaultError(f"{kind.name}: process = {process!r}: {city} has {processes}, from 0")
    if process and (kind.on_link or not kind.of_process):
        raise FaultError(f"{kind.name} is of all processes of a city: leave out `process`")


def _of(kind: FaultKind, found: Mapping[str, Any]) -> dict[str, float]:
    for name in found:
        if name not in kind.numbers:
            known = ", ".join(("city", *(("other",) if kind.on_link else ()), *kind.numbers))
            raise FaultError(f"{kind.name} has no {name!r}; it has: {known}, seconds")
    return {
        name: _number(kind.name, name, value, kind.numbers[name][:2])
        for name, value in found.items()
    }


def _number(kind: str, name: str, value: object, limits: tuple[float, float]) -> float:
    least, most = limits
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not least <= float(str(value)) <= most:
        raise FaultError(f"{kind}: {name} = {value!r}: write a number from {least:g} to {most:g}")
    return float(str(value))
