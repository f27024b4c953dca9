"""An auditor's reading over the port: as long as it may be, only a little of it is held."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from node.audited import AuditedEntry, Period
from node.bootstrap import LocalClient, issue_client, local_client
from node.limits import AUDITED_ENTRIES
from node.model import Role
from node.services.cosigning import current_public
from tests.node.transport.conftest import Street
from tests.node.transport.house import HERE, House, eventually

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = AuditedEntry("issued", 1_764_000_000_000_000, bytes(32))
PORTIONS = 100_000
# What gRPC, its windows and the client take ahead: some MiB, at some hundred KiB each.
AHEAD = 200
_A_WHILE = 0.3


class EndlessLog:
    """A log of so many entries that nobody could hold them; it counts what was taken of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.taken = 0

    async def begin(self, _who: str, since: datetime, until: datetime | None) -> Period:
        head = Checkpoint(origin_of(HERE), PORTIONS * AUDITED_ENTRIES, bytes(32))
        note = sign_checkpoint(head, self.house.keys, current_public(self.house.keys))
        return Period(HERE, since, until or since, b"", (), note, note, (), ())

    async def entries(self, _first: int, count: int) -> tuple[AuditedEntry, ...]:
        self.taken += 1
        return (ENTRY,) * count

    def rests(self) -> bool:
        """Whether nothing is taken for a while."""
        before = self.taken
        time.sleep(_A_WHILE)
        return self.taken == before


@contextmanager
def auditor(house: House) -> Iterator[LocalClient]:
    files = issue_client(
        house.directory / "hutong.toml",
        role=Role.AUDITOR,
        name="province",
        directory=house.directory / "made",
    )
    client = local_client(
        address=f"127.0.0.1:{house.local_number}",
        certificate=files.certificate,
        key=files.key,
        ca=files.ca,
        timeout_seconds=20,
    )
    yield client
    client.close()


@pytest.fixture
def endless(street: Street, monkeypatch: pytest.MonkeyPatch) -> EndlessLog:
    made = EndlessLog(street.house)
    auditing: Any = street.house.cases.auditing
    monkeypatch.setattr(auditing, "begin", made.begin)
    monkeypatch.setattr(auditing, "entries", made.entries)
    return made


def test_a_reader_that_takes_nothing_makes_nobody_hold_more(
    street: Street, endless: EndlessLog
) -> None:
    with auditor(street.house) as client:
        answers = client.follow("AuditService/ReadPeriod", {"since": SINCE.isoformat()})
        next(answers)
        assert len(next(answers)["entries"]) == AUDITED_ENTRIES
        assert eventually(endless.rests)
        assert endless.taken < AHEAD
        # Whoever goes on gets the rest.
        for _ in range(AHEAD):
            next(answers)
        assert endless.taken > AHEAD
        answers.close()


def test_a_reader_that_goes_away_ends_the_reading(street: Street, endless: EndlessLog) -> None:
    with auditor(street.house) as client:
        answers = client.follow("AuditService/ReadPeriod", {"since": SINCE.isoformat()})
        next(answers)
        next(answers)
        streams = street.house.ports[1]._streams
        assert streams is not None
        assert streams.count == 1
        answers.close()
        assert eventually(lambda: streams.count == 0)
        assert endless.rests()
