"""Keys as operators and the timer change them: once for each request, and partners are told."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import pytest

from federation.envelope import add_signature, envelope_from_json, envelope_to_json
from federation.errors import HutongError
from node.clock import SystemEntropy
from node.errors import FIELD_INVALID, REQUEST_ID_REUSED, STATE_REFUSED, STORE_UNAVAILABLE
from node.keys.files import read_signer
from node.keys.planning import Wanted
from node.keys.view import KeysView
from node.keys.workshop import PlanOf, Work
from node.model import Severity
from node.services.answering import Ask
from node.services.here import Here
from node.services.rotating import KeyDesk
from node.store import Store, open_store
from tests.node.keys.make import CITY, DAY, Cabinet, cabinet

T = TypeVar("T")
BOTH = Wanted(signing=True, tls=True)


def encode(keys: KeysView, draft: bytes) -> bytes:
    return f"{keys.sequence} ".encode() + draft


class Run(Protocol):
    """Waits for something in the office's own loop."""

    def __call__(self, awaited: Awaitable[T]) -> T:
        """What it came to."""


@dataclass
class Office:
    """A city's key desk over a real store, and how often partners were told."""

    made: Cabinet
    desk: KeyDesk
    store: Store
    run: Run
    told: list[int] = field(default_factory=list)

    def ask(self, number: int, body: bytes = b"body") -> Ask:
        return Ask("operator/a", f"00000000-0000-4000-8000-{number:012d}", body.ljust(32))

    def rotate(self, number: int, wanted: Wanted = BOTH, body: bytes = b"body") -> bytes:
        return self.run(self.desk.rotate(self.ask(number, body), wanted, encode))

    def revoke(self, number: int, key: str, reason: str = "lost") -> bytes:
        return self.run(self.desk.revoke(self.ask(number), key, reason, encode))

    def tend(self) -> None:
        self.run(self.desk.tend())

    def findings(self) -> dict[str, Severity]:
        return {f.subject: f.severity for f in self.run(self.desk.findings())}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = cabinet(tmp_path)
    with asyncio.Runner() as runner:

        def run(awaited: Awaitable[T]) -> T:
            async def wait() -> T:
                return await awaited

            return runner.run(wait())

        store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}", made.clock)
        here = Here(CITY, ZoneInfo("Asia/Shanghai"), made.clock, SystemEntropy())
        told = list[int]()
        desk = KeyDesk(
            here, store, made.ring, made.workshop, lambda: told.append(made.newest.sequence)
        )
        yield Office(made, desk, store, run, told)
        run(store.close())


def test_a_repeated_request_gets_the_first_answer_and_rotates_once(office: Office) -> None:
    first = office.rotate(1)
    assert office.rotate(1) == first == b"2 "
    assert office.made.newest.sequence == 2
    with pytest.raises(HutongError) as caught:
        office.rotate(1, body=b"other")
    assert caught.value.reason == REQUEST_ID_REUSED
    assert office.told == [2]


def test_a_crash_before_the_answer_was_kept_rotates_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> bytes:
        raise HutongError(STORE_UNAVAILABLE, problem="a test")

    with monkeypatch.context() as patch:
        patch.setattr(office.desk, "_record", crash)
        with pytest.raises(HutongError):
            office.rotate(1)
    assert office.made.newest.sequence == 2
    assert office.rotate(1) == b"2 "
    assert office.made.newest.sequence == 2


def test_what_was_revoked_is_told_at_once_and_once(office: Office) -> None:
    key = office.made.ring.key_id
    assert office.revoke(1, key) == office.revoke(1, key)
    assert office.told == [2]
    assert office.made.ring.key_id != key
    with pytest.raises(HutongError) as caught:
        office.revoke(2, key)
    assert caught.value.reason == STATE_REFUSED
    with pytest.raises(HutongError) as caught:
        office.revoke(3, office.made.ring.key_id, "  ")
    assert caught.value.reason == FIELD_INVALID


def test_the_timer_does_what_is_due_and_nothing_else(office: Office) -> None:
    office.tend()
    assert (office.made.newest.sequence, office.told) == (1, [])
    office.made.move(340 * DAY)
    office.tend()
    office.tend()
    assert (office.made.newest.sequence, office.told) == (2, [2])
    office.made.move(3 * DAY)
    office.tend()
    assert (office.made.newest.sequence, office.told) == (3, [2, 3])
    assert set(office.findings().values()) == {Severity.OK}


def test_what_another_process_published_is_told_at_the_next_look(office: Office) -> None:
    office.made.rotate(BOTH)
    for _ in range(2):
        office.desk.notice()
    assert office.told == [2]


def test_the_timers_of_two_processes_do_it_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.made
    made.move(340 * DAY)
    real = made.workshop.carry_out

    def late(plan_of: PlanOf, statement_id: str, *, after: int, may_draft: bool) -> Work | None:
        # The other process is a little earlier.
        real(plan_of, "00000000-0000-8000-8000-000000000009", after=after, may_draft=may_draft)
        return real(plan_of, statement_id, after=after, may_draft=may_draft)

    monkeypatch.setattr(made.workshop, "carry_out", late)
    office.tend()
    assert made.newest.sequence == 2
    monkeypatch.undo()
    # At its next look this process has seen it, and tells its partners too.
    office.tend()
    assert (made.newest.sequence, office.told) == (2, [2])


def test_root_keys_that_are_elsewhere_are_asked_for_in_time(office: Office, tmp_path: Path) -> None:
    made = office.made
    root = made.folder.root_key.rename(tmp_path / "root.pem")
    assert set(office.findings().values()) == {Severity.OK}
    made.move(340 * DAY)
    office.tend()
    assert made.newest.sequence == 1
    assert office.findings()["rotation"] is Severity.WARNING
    answer = office.rotate(1)
    assert office.rotate(1) == answer
    assert (made.newest.sequence, office.told) == (1, [])
    draft = envelope_from_json(answer.partition(b" ")[2])
    signed = envelope_to_json(add_signature(draft, read_signer(root))).encode()
    published = office.run(office.desk.publish(office.ask(2), signed, encode))
    assert published == office.run(office.desk.publish(office.ask(2), signed, encode)) == b"2 "
    assert office.told == [2]
    assert "rotation" not in office.findings()


def test_a_root_that_nears_its_end_and_a_key_that_cannot_be_read_are_found(
    office: Office,
) -> None:
    office.made.move(3640 * DAY)
    assert office.findings()["root-keys"] is Severity.WARNING
    office.made.folder.root_key.chmod(0o644)
    assert office.findings() == {"keys": Severity.ERROR}


def test_what_is_being_replaced_is_no_warning(office: Office) -> None:
    office.rotate(1)
    assert set(office.findings().values()) == {Severity.OK}
    office.made.move(2 * DAY - DAY / 24)
    assert set(office.findings().values()) == {Severity.OK}
