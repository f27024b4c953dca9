"""Two processes of a city serve under load while a third changes the tables below them."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.errors import HutongError
from scripts.cities import City
from tests.node.store.old_stores import later
from tests.scenarios.stage import (
    ENDS,
    ROOT,
    SCENARIO,
    check,
    enrolled,
    eventually,
    of_standing,
    two_processes,
)

pytestmark = pytest.mark.all


@pytest.fixture
def both(new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[City, City]]:
    with two_processes(new_database(), tmp_path) as found:
        yield found


@dataclass
class Load:
    """Residents who consent, and venues that check, at both processes, until it is enough."""

    resident: str
    ended: threading.Event = field(default_factory=threading.Event)
    done: dict[int, int] = field(default_factory=dict)

    def work(self, hand: int, city: City) -> None:
        """Every call must be answered, and as it should."""
        while not self.ended.is_set():
            consent = city.consent(self.resident, city.about.code, [SCENARIO], ENDS)
            answer = check(city, city.code(self.resident, consent))
            assert answer["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
            self.done[hand] = self.done.get(hand, 0) + 1

    def goes_on(self) -> bool:
        """Whether each hand does some more."""
        before = dict(self.done)
        return eventually(lambda: all(self.done[h] > before[h] + 1 for h in before))


def migrator(city: City, folder: Path, what: str) -> "subprocess.CompletedProcess[str]":
    [line] = [
        each for each in city.settings.read_text("utf-8").splitlines() if each.startswith("store =")
    ]
    url = line.partition("=")[2].strip().strip('"')
    words = [sys.executable, "-m", "tests.node.store.migrator", url, str(folder), what]
    return subprocess.run(words, cwd=ROOT, check=False, timeout=60, capture_output=True, text=True)


def test_no_call_fails_while_a_third_changes_the_tables(
    both: tuple[City, City], tmp_path: Path
) -> None:
    one, other = both
    one.load_rules()
    load, folder = Load(of_standing(enrolled(one), "excellent")[0]), later(tmp_path)
    assert eventually(lambda: serves_by_rules(other))
    with ThreadPoolExecutor(4) as pool:
        hands = [pool.submit(load.work, n, (one, other)[n % 2]) for n in range(4)]
        try:
            assert eventually(lambda: len(load.done) == len(hands))
            ran = migrator(one, folder, "expand")
            assert (ran.returncode, ran.stdout) == (0, "9001\n"), ran.stderr
            assert load.goes_on()
            # Both say that they live: what they use is not taken from them.
            ran = migrator(one, folder, "contract")
            assert ran.returncode == 3, ran.stderr
            assert ran.stdout.startswith("OLDER_PROCESSES ")
            for city in both:
                assert city.process is not None
                assert f"process {city.process.pid} " in ran.stdout
            assert load.goes_on()
        finally:
            load.ended.set()
        for hand in hands:
            hand.result(60)
    assert other.stop() == 0
    # One that hangs while it is taken away comes back, and serves nobody.
    assert one.process is not None
    one.process.send_signal(signal.SIGSTOP)
    try:
        ran = migrator(one, folder, "contract")
        assert (ran.returncode, ran.stdout) == (0, "9002\n"), ran.stderr
    finally:
        one.process.send_signal(signal.SIGCONT)
    with pytest.raises(HutongError) as refused:
        one.consent(load.resident, one.about.code, [SCENARIO], ENDS)
    assert refused.value.reason.name == "STORE_NEWER"
    one.stop()
    one.start()
    assert one.process is not None
    assert one.process.wait(30) == 5
    assert "`hutong store status`" in one.log.read_text("utf-8")


def serves_by_rules(city: City) -> bool:
    """Whether a process knows the rules that another loaded."""
    try:
        return bool(city.venue("library", "ListIncentives")["incentives"])
    except HutongError:
        return False
