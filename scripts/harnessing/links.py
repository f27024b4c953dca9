"""The lines between cities: what can be done to one, whatever it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

# gRPC takes the first of these that is set, and an empty one says: no proxy. The exceptions are
# emptied too, or those of the machine would lead cities past their lines.
WITHOUT_PROXY: Final[Mapping[str, str]] = {
    "grpc_proxy": "",
    "no_grpc_proxy": "",
    "no_proxy": "",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is done to a line, one way."""

    delay_ms: float = 0
    jitter_ms: float = 0
    kbit: float = 0
    """Kilobits in a second that pass; 0 for no limit."""
    loss_percent: float = 0
    cut: bool = False
    """Nothing passes, and nobody is told."""


class LinksError(ValueError):
    """What lines cannot do, or what a machine lacks for them; the text says what to do instead."""


class Links(Protocol):
    """The lines of one run. Cities are named in pinyin."""

    @property
    def name(self) -> str:
        """What they are made of: "proxies", "namespaces" or "none"."""

    def host(self, city: str) -> str:
        """The address that a city listens on, and is reached at by all."""

    def environment(self, city: str) -> dict[str, str]:
        """What a city's processes have in their environment besides."""

    def command(self, city: str, words: Sequence[str]) -> list[str]:
        """A city's command, as it has to be started."""

    async def open(self, cities: Sequence[str]) -> None:
        """Make the lines among these cities; none does anything to what passes."""

    async def peer_ports(self, ports: Mapping[str, Sequence[int]]) -> None:
        """Say at which ports each city is dialled by others; before the cities start.

        All of them: those of partners, and the one that is open while an invitation is. Only what
        is dialled there is shaped, and through a proxy nothing else can be dialled.
        """

    async def shape(self, city: str, other: str, shape: Shape | None) -> None:
        """Do so to what `city` says to `other` and to what it is answered; None for nothing.

        Connections that `other` made to `city` are shaped by the call for the other way. Open
        connections are shaped at once. Raises LinksError for what this kind of line cannot do.
        """

    async def close(self) -> None:
        """Take all of it away."""
