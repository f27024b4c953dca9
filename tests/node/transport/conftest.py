"""One loop for all servers of a run, and a house with two partners for each file."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from node import limits
from tests.node.transport.house import (
    FRIEND,
    HERE,
    OTHER,
    House,
    Loop,
    Sharing,
    Stranger,
    descriptors,
    eventually,
    opened,
    stranger,
)
from tests.node.transport.knocking import Pair, Watch
from tests.node.transport.partners import Scene


@dataclass(frozen=True, slots=True)
class Street:
    """A city, and two partner cities whose keys are in our hand."""

    house: House
    friend: Stranger
    other: Stranger


@contextlib.contextmanager
def street_of(loop: Loop, root: Path, sharing: Sharing | None = None) -> Iterator[Street]:
    """A city in which callers may take that much, and its two partners."""
    with opened(loop, root / "here", sharing=sharing or Sharing()) as house:
        friend, other = stranger(root / "friend", FRIEND), stranger(root / "other", OTHER)
        house.trust(friend)
        house.trust(other)
        yield Street(house, friend, other)


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def street(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with street_of(loop, tmp_path_factory.mktemp("street")) as made:
        yield made


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stranger, Stranger, Stranger]:
    root = tmp_path_factory.mktemp("peers")
    return (
        stranger(root / "here", HERE),
        stranger(root / "friend", FRIEND),
        stranger(root / "other", OTHER),
    )


@pytest.fixture
def scene(cities: tuple[Stranger, Stranger, Stranger], loop: Loop) -> Iterator[Scene]:
    """Whatever happens in a test, nothing of it is left open."""
    before, tasks = descriptors(), loop.tasks()
    yield Scene(*cities, loop)
    assert eventually(lambda: loop.tasks() <= tasks)
    assert eventually(lambda: descriptors() <= before)


@pytest.fixture
def pair(loop: Loop, tmp_path: Path) -> Iterator[Pair]:
    """Zhengzhou, which invites, and Hangzhou, which joins; neither knows the other."""
    watch = Watch()
    with (
        opened(loop, tmp_path / "inviter", clock=watch) as inviter,
        opened(loop, tmp_path / "joiner", city=FRIEND) as joiner,
    ):
        yield Pair(inviter, joiner, watch)


@pytest.fixture
def house(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose store gives a lock up soon, with one partner."""
    monkeypatch.setattr(limits, "STORE_BUSY", timedelta(milliseconds=50))
    with opened(loop, tmp_path / "here") as made:
        made.trust(stranger(tmp_path / "friend", FRIEND))
        yield made
