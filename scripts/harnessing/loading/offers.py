"""What a load is asked for, and where it finds the cities."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.harnessing.keeper_client import ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.mixes import MIX


@dataclass(frozen=True, slots=True)
class Offer:
    """A load that is to be made."""

    rate: float
    """Journeys due in a second, over all generators."""
    seconds: float
    mix: Mapping[str, float] = field(default_factory=lambda: dict(MIX))
    seed: int = 1
    generators: int = 1
    purpose: str = "load"


@dataclass(frozen=True, slots=True)
class Target:
    """Where one process of a city listens for its clients."""

    city: str
    """Its code."""
    process: int
    address: str
    """HOST:PORT."""


def targets(folder: Folder) -> tuple[Target, ...]:
    """Where the processes of a run listen, as its keeper says; raises KeeperError."""
    return tuple(
        Target(
            str(found["code"]),
            int(found["process"]),
            f"{found.get('host', '127.0.0.1')}:{found['local_port']}",
        )
        for found in ask(folder, "status")["cities"]
    )
