"""What a burst took is given back, and a crash gives nothing away."""

import asyncio
import ctypes
import gc
import mmap
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from node import memory

_PIECE = 50_000  # bytes: of the C library's heap, and none a mapping of its own
_PIECES = 2_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def burst() -> list[bytearray]:
    """Pieces of a heap that cannot shrink from its end: something behind them stays."""
    pieces = [bytearray(b"x" * _PIECE) for _ in range(_PIECES)]
    last = pieces[-1]
    del pieces
    return [last]


def test_what_a_burst_took_is_given_back_though_the_heap_cannot_shrink() -> None:
    kept = burst()
    before = resident()
    asyncio.run(memory.give_back())
    assert before - resident() > _PIECE * _PIECES // 2
    assert kept[0] == b"x" * _PIECE


class Ring:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_failed_calls_left_in_cycles_is_given_back_though_it_is_old() -> None:
    gc.collect()
    gc.disable()
    try:
        left = weakref.ref(Ring())
        assert left() is not None
        asyncio.run(memory.give_back())
        assert left() is None
    finally:
        gc.enable()


def test_a_system_that_cannot_do_so_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_name: None) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", without)
    memory._trim.cache_clear()
    asyncio.run(memory.give_back())
    memory._trim.cache_clear()


def test_a_command_lets_no_core_be_written() -> None:
    program = (
        "import resource, sys; of = resource.RLIMIT_CORE; most = resource.getrlimit(of)[1]; "
        "resource.setrlimit(of, (most, most)); from node.cli import main; "
        "main(['--version']); print(resource.getrlimit(of))"
    )
    words = [sys.executable, "-c", program]
    ran = subprocess.run(words, check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "(0, 0)"
