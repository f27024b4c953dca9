"""A log that was rolled back, cut or forked, between real processes: it stops, and says why."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scripts.cities import Cities, City
from tests.node.services.world import fictional_id
from tests.scenarios.stage import ENDS, SCENARIO, beside, eventually, lines, settled

pytestmark = pytest.mark.all


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Cities]:
    with settled(tmp_path, ("410100", "330100")) as cities:
        yield cities


def hutong(city: City, *arguments: str) -> tuple[int, Any]:
    """What a command line on the city's machine comes to, in JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "node.cli", "--json", "--settings", str(city.settings), *arguments],
        capture_output=True,
        check=False,
        env=city.environment or None,
        timeout=60,
    )
    return ran.returncode, json.loads(ran.stdout)


def log_of(city: City) -> Any:  # noqa: ANN401 - JSON
    return hutong(city, "log", "status")[1]


def grow(city: City, *numbers: int) -> None:
    """More in the log: residents who take part, and consent."""
    for number in numbers:
        resident = city.enrol("RESIDENT_ID", fictional_id(number))
        city.consent(resident, "330100", [SCENARIO], ENDS)


def test_partners_cosign_by_the_timer_alone(pair: Cities) -> None:
    for city in pair:
        assert eventually(lambda c=city: "cosigned" in log_of(c))  # type: ignore[misc]
        code, said = hutong(city, "log", "verify")
        assert code == 0, said
        assert said["cosignatures"] >= 1


def copied(city: City, to: Path, *names: str) -> None:
    for name in names:
        for path in city.directory.glob(f"{name}*"):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, to / path.name)


def put_back(city: City, kept: Path) -> None:
    for path in kept.iterdir():
        there = city.directory / path.name
        if path.is_dir():
            shutil.rmtree(there)
            shutil.copytree(path, there)
        else:
            shutil.copy2(path, there)
    for name in ("hutong.sqlite-wal", "hutong.sqlite-shm"):
        if not (kept / name).exists():
            (city.directory / name).unlink(missing_ok=True)


def rolled_back(city: City, kept: Path, *names: str) -> None:
    """The city's files as they were before its log grew and was witnessed further."""
    hutong(city, "log", "checkpoint")
    city.stop()
    kept.mkdir()
    copied(city, kept, *names)
    city.start()
    city.wait()
    grow(city, 1)
    assert hutong(city, "log", "checkpoint")[0] == 0
    city.stop()
    put_back(city, kept)


def ended(city: City) -> int:
    """The exit code of a process that ends by itself."""
    assert city.process is not None
    return city.process.wait(30)


def test_a_store_that_was_rolled_back_is_not_served_from(pair: Cities, tmp_path: Path) -> None:
    city = pair["zhengzhou"]
    rolled_back(city, tmp_path / "kept", "hutong.sqlite")
    city.start()
    assert ended(city) != 0
    said = city.log.read_text("utf-8")
    assert "LOG_BROKEN" in said or "does not extend" in said
    assert "Restore the newest backup" in said
    code, found = hutong(city, "log", "verify")
    assert code == 3
    assert found["problems"][0]["name"] == "truncated"


def test_where_the_anchor_was_rolled_back_too_a_partner_knows_better(
    pair: Cities, tmp_path: Path
) -> None:
    city = pair["zhengzhou"]
    rolled_back(city, tmp_path / "kept", "hutong.sqlite", "log")
    city.start()
    # It starts, brings what it has to its partner, hears of what it signed before, and stops.
    assert ended(city) != 0
    assert any(line.get("event") == "own_log_broken" for line in lines(city))
    assert pair["hangzhou"].operator("ListPartners")["partners"][0]["state"].endswith("ACTIVE")


def test_two_processes_of_one_city_make_one_log(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    stores = {"zhengzhou": new_database()}
    with settled(tmp_path, ("410100", "330100"), stores) as cities:
        one = cities["zhengzhou"]
        two = beside(one, tmp_path / "beside")
        two.start()
        two.wait()
        try:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda n: grow(one if n % 2 else two, n), range(60)))
            code, said = hutong(one, "log", "verify")
            assert code == 0, said
            for city in (one, two):
                assert hutong(city, "log", "checkpoint")[0] == 0
            assert hutong(two, "log", "verify")[1]["verified"]
        finally:
            two.stop()


def test_a_node_killed_while_it_signs_goes_on_with_one_history(tmp_path: Path) -> None:
    with settled(tmp_path, ("410100", "330100")) as cities:
        city = cities["zhengzhou"]
        for turn in range(5):
            grow(city, *range(turn * 10, turn * 10 + 3))
            signing = threading.Thread(target=hutong, args=(city, "log", "checkpoint"))
            signing.start()
            grow(city, turn * 10 + 5)
            city.kill()
            signing.join()
            code, said = hutong(city, "log", "verify")
            assert code == 0, said
            city.start()
            city.wait()
        code, said = hutong(city, "log", "checkpoint")
        assert code == 0, said
        assert (
            cities["hangzhou"].operator("ListPartners")["partners"][0]["state"].endswith("ACTIVE")
        )
