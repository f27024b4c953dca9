"""The same seed does the same in every process; another seed does something else."""

import hashlib
import os
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from node.model import Severity
from scripts.simulation.world import Options, SimWorld, simulate
from tests.simulation.rough_life import digest_of
from tests.simulation.stage import HOME, HOST, PAIR, Visit, befriend

pytestmark = pytest.mark.all
ROOT = Path(__file__).resolve().parents[2]


def told_by_a_process(seed: int, hashes: str) -> list[str]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.simulation.rough_life", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hashes},
        check=True,
        capture_output=True,
        text=True,
    )
    return found.stdout.splitlines()


@pytest.mark.parametrize("seed", [1, 2])
def test_two_processes_with_other_hashes_do_the_same_to_the_last_byte(seed: int) -> None:
    assert told_by_a_process(seed, "0") == told_by_a_process(seed, "1")


def test_a_run_is_the_same_after_another_one_in_one_process_and_another_by_another_seed() -> None:
    first, lines = digest_of(3)
    other, _ = digest_of(4)
    again, lines_again = digest_of(3)
    assert lines == lines_again
    assert first == again != other


def test_no_thread_no_socket_and_no_real_chance_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("that is real")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(socket.socket, "__init__", refuse)
    monkeypatch.setattr(os, "urandom", refuse)
    for name in ("token_bytes", "token_hex", "randbits", "choice"):
        monkeypatch.setattr(secrets, name, refuse)

    async def main(world: SimWorld) -> None:
        await befriend(world)
        await Visit(world).go()
        await world.city(HOME).restart()
        await world.sleep(30)
        assert world.faults == []

    simulate(main, 1, PAIR)


def test_hours_go_by_and_timers_do_their_work() -> None:
    async def main(world: SimWorld) -> None:
        await befriend(world)
        await world.sleep(3 * 3600)
        for city in world.cities.values():
            newest = await city.store.read(lambda tx: tx.checkpoints.newest(cosigned=True))
            assert newest is not None
            findings = await city.up.key_desk.findings()
            assert {each.severity for each in findings} == {Severity.OK}
        compared = [key for key in world.network.traffic if key[2].endswith("AddCheckpoint")]
        assert {key[:2] for key in compared} == {(HOME, HOST), (HOST, HOME)}
        assert world.faults == []

    simulate(main, 1, PAIR, Options(pace=20))


def test_streams_of_chance_do_not_disturb_each_other() -> None:
    async def drawn(world: SimWorld, *names: str) -> dict[str, float]:
        return {name: world.random(name).random() for name in names}

    one = simulate(lambda world: drawn(world, "a", "b"), 1, 1)
    two = simulate(lambda world: drawn(world, "b", "c", "a"), 1, 1)
    assert {name: two[name] for name in one} == one


def test_the_trace_tells_bytes_apart() -> None:
    async def main(world: SimWorld) -> list[str]:
        await befriend(world)
        return list(world.lines)

    lines = simulate(main, 1, PAIR)
    said = {line.rpartition("said=")[2] for line in lines if " sent " in line}
    assert hashlib.sha256(b"").hexdigest()[:16] not in said
    assert len(said) > 3
