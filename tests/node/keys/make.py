"""A city's key folder in a test's hand, and a clock that stands still until it is moved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from federation.identifiers import CityCode, uuid8
from federation.messages import TrustBundle
from node.initialise import init_node
from node.keys import FileKeys, KeyFolder
from node.keys.bundles import read_published
from node.keys.planning import Wanted, due, revocation, rotation
from node.keys.token import Token
from node.keys.workshop import PlanOf, Work, Workshop

CITY = CityCode("410100")
PARTNER = CityCode("330100")
DAY = timedelta(days=1)


class HeldClock:
    """Stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


def init(directory: Path, passphrase: bytes | None = None) -> Path:
    """Make a node; its settings' path."""
    return init_node(
        directory,
        city=CITY,
        name_zh="郑州",
        name_en="Zhengzhou",
        peer_address="127.0.0.1:7443",
        local_address="127.0.0.1:7444",
        passphrase=passphrase,
    )


@dataclass
class Cabinet:
    """One city's keys: the folder, the workshop and the ring over it, at an instant of ours."""

    folder: KeyFolder
    clock: HeldClock
    workshop: Workshop
    ring: FileKeys

    @property
    def newest(self) -> TrustBundle:
        return read_published(self.folder)[-1].bundle

    @property
    def now(self) -> datetime:
        return self.clock.instant

    def move(self, by: timedelta) -> None:
        self.clock.instant += by

    def work(self, plan_of: PlanOf, label: str, *, may_draft: bool = True) -> Work | None:
        after = self.newest.sequence
        statement_id = uuid8(f"{label} {after}".encode())
        done = self.workshop.carry_out(plan_of, statement_id, after=after, may_draft=may_draft)
        self.ring.reload()
        return done

    def rotate(self, wanted: Wanted) -> Work:
        done = self.work(lambda base: rotation(base, wanted, self.now), "rotate")
        assert done is not None
        return done

    def revoke(self, identifier: str) -> Work:
        done = self.work(lambda base: revocation(base, identifier, self.now), "revoke")
        assert done is not None
        return done

    def tend(self) -> Work | None:
        return self.work(lambda base: due(base, self.now), "tend", may_draft=False)

    def files(self, pattern: str) -> list[str]:
        return sorted(path.name for path in self.folder.root.glob(pattern))


def cabinet(
    directory: Path, *, passphrase: bytes | None = None, token: Token | None = None
) -> Cabinet:
    """A city that was just made."""
    init(directory, passphrase)
    return opened(directory, passphrase=passphrase, token=token)


def opened(
    directory: Path, *, passphrase: bytes | None = None, token: Token | None = None
) -> Cabinet:
    """A city that was made before, at the instant at which it was."""
    folder = KeyFolder(directory)
    first = read_published(folder)[0].bundle
    clock = HeldClock(first.header.issued_at)
    return Cabinet(
        folder,
        clock,
        Workshop(CITY, folder, clock, passphrase=passphrase, token=token),
        FileKeys(folder, passphrase=passphrase, token=token, clock=clock),
    )
