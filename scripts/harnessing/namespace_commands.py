"""The `ip` and `tc` commands that make lines of network namespaces, as text. Nothing runs here.

City number N (from 1) has the namespace `hutong-PINYIN` with the address 10.77.N.1, on the bridge
`ht-br` by the pair `ht-N` and, inside, `ht0`; the machine itself has 10.77.0.1. What is not shaped
passes the root queue at once. What N dials M passes a class of its own in N's namespace, found by
M's address and peer ports; what M answers passes another in M's namespace.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from scripts.harnessing.links import Shape

Command = tuple[str, ...]

NETWORK: Final = ipaddress.ip_network("10.77.0.0/16")
BRIDGE: Final = "ht-br"
MOST: Final = 254
"""Cities that there are addresses for."""

_NAMESPACE: Final = "hutong-"
_INSIDE: Final = "ht0"
_LINK: Final = re.compile(r"ht-(?:br|\d{1,3})")
_FAST: Final = "10gbit"
_QUANTUM: Final = "60000"
# Of netem: more packets than any window here, or it would lose what it should only delay.
_PACKETS: Final = "100000"
# Handles of the queues of classes come after that of the root queue, which is 1.
_LEAVES: Final = 0x10


def namespace(city: str) -> str:
    """The name of a city's namespace."""
    return _NAMESPACE + city


def address(number: int) -> str:
    """The address of a city; 0 is the machine itself."""
    return f"10.77.{number}.1"


def opening(cities: Sequence[str]) -> Iterator[Command]:
    """Make the namespaces of these cities, and join them by a bridge."""
    yield ("ip", "link", "add", BRIDGE, "type", "bridge")
    yield ("ip", "addr", "add", f"{address(0)}/16", "dev", BRIDGE)
    yield ("ip", "link", "set", BRIDGE, "up")
    for number, city in enumerate(cities, 1):
        name, link = namespace(city), f"ht-{number}"
        yield ("ip", "netns", "add", name)
        yield ("ip", "link", "add", link, "type", "veth", "peer", "name", _INSIDE, "netns", name)
        yield ("ip", "link", "set", link, "master", BRIDGE, "up")
        yield ("ip", "-n", name, "addr", "add", f"{address(number)}/16", "dev", _INSIDE)
        yield ("ip", "-n", name, "link", "set", "lo", "up")
        yield ("ip", "-n", name, "link", "set", _INSIDE, "up")
        yield ("tc", "-n", name, "qdisc", "add", "dev", _INSIDE, "root", "handle", "1:", "htb")


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of what one city dials another."""

    city: str
    """In whose namespace it is shaped: who speaks."""
    to: int
    """The number of the city that is spoken to."""
    is_answer: bool
    """Whether the ports are the speaker's own, which answers."""
    ports: tuple[int, ...]

    @property
    def _class(self) -> int:
        return 2 * self.to + self.is_answer

    def shaping(self, shape: Shape) -> Iterator[Command]:
        """Shape what passes this way, which is not shaped yet."""
        name, minor = f"1:{self._class:x}", self._class
        rate = f"{shape.kbit:.3f}kbit" if shape.kbit else _FAST
        yield self._tc(
            "class",
            "add",
            "parent",
            "1:",
            "classid",
            name,
            "htb",
            "rate",
            rate,
            "quantum",
            _QUANTUM,
        )
        if words := netem(shape):
            handle = f"{_LEAVES + minor:x}:"
            yield self._tc("qdisc", "add", "parent", name, "handle", handle, "netem", *words)
        which = "sport" if self.is_answer else "dport"
        for port in self.ports:
            yield self._tc(
                *("filter", "add", "parent", "1:", "protocol", "ip", "prio", str(minor)),
                *("u32", "match", "ip", "dst", f"{address(self.to)}/32"),
                *("match", "ip", "protocol", "6", "0xff"),
                *("match", "ip", which, str(port), "0xffff", "flowid", name),
            )

    def freeing(self) -> Iterator[Command]:
        """Shape no more what passes this way, which is shaped."""
        prio = str(self._class)
        yield self._tc("filter", "del", "parent", "1:", "protocol", "ip", "prio", prio)
        yield self._tc("class", "del", "parent", "1:", "classid", f"1:{self._class:x}")

    def _tc(self, what: str, do: str, *words: str) -> Command:
        return ("tc", "-n", namespace(self.city), what, do, "dev", _INSIDE, *words)


def netem(shape: Shape) -> list[str]:
    """What `tc netem` is told; nothing where only the rate is limited."""
    words = list[str]()
    if shape.delay_ms or shape.jitter_ms:
        words += ["delay", *(f"{round(ms * 1000)}us" for ms in (shape.delay_ms, shape.jitter_ms))]
    if shape.cut or shape.loss_percent:
        words += ["loss", "100%" if shape.cut else f"{shape.loss_percent:g}%"]
    return ["limit", _PACKETS, *words] if words else []


def closing(namespaces: Sequence[str], links: Sequence[str]) -> Iterator[Command]:
    """Take away what was found, of this run or of one that was killed."""
    for link in links:
        yield ("ip", "link", "del", link)
    for name in namespaces:
        yield ("ip", "netns", "del", name)


def our_namespaces(listed: str) -> list[str]:
    """Those of ours in what `ip netns list` said."""
    names = (line.split()[0] for line in listed.splitlines() if line.strip())
    return [name for name in names if name.startswith(_NAMESPACE)]


def our_links(listed: str) -> list[str]:
    """Those of ours in what `ip -o link show` said."""
    names = (line.split(": ")[1].partition("@")[0] for line in listed.splitlines() if ": " in line)
    return [name for name in names if _LINK.fullmatch(name)]


def taken(listed: str) -> list[str]:
    """Addresses of our network that somebody else has, in what `ip -o -4 addr show` said."""
    found = re.findall(r"(?m)^\d+: (\S+) +inet ([\d.]+)", listed)
    return [
        f"{where} on {link}"
        for link, where in found
        if not _LINK.fullmatch(link) and ipaddress.ip_address(where) in NETWORK
    ]
