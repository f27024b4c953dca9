"""How cost grows is told from counts of worlds that differ in nothing but their size."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts.simulation.growth import Cost, Measured, growth, measure, rows, to_json
from scripts.simulation.growth_plot import curves, plot

WORLD = Measured(
    cities=5,
    pairs=10,
    seconds=60.0,
    journeys=10,
    by_method={"AddCheckpoint": Cost(100.0, 1e4), "RequestAttestation": Cost(50.0, 1e4)},
    longest_asking=4,
    longest_serving=1,
    longest_commit=2,
    log_entries=1000.0,
    real_seconds=1.0,
    peak_mib=100.0,
)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((100.0, 100.0), "does not grow"),
        ((100.0, 1225.0), "linear in partners"),
        ((100.0, 15_000.0), "partners^2.0"),
        ((100.0, 350.0), "partners^0.5"),
        ((0.0, 10.0), ""),
    ],
)
def test_growth_is_told_by_the_slope_of_logarithms(values: tuple[float, ...], told: str) -> None:
    assert growth((5, 50), values) == told


def test_a_method_that_one_world_did_not_use_is_nothing_there() -> None:
    other = replace(WORLD, cities=50, by_method={"AddCheckpoint": Cost(1225.0, 1e5)})
    found = {name: values for name, values, _ in rows([WORLD, other])[:3]}
    assert found == {
        "messages": [150.0, 1225.0],
        "  AddCheckpoint": [100.0, 1225.0],
        "  RequestAttestation": [50.0, 0.0],
    }
    assert [each["cities"] for each in to_json([WORLD, other])] == [5, 50]


def test_messages_bytes_and_queues_are_drawn_as_the_table_has_them(tmp_path: Path) -> None:
    other = replace(WORLD, cities=50, by_method={"AddCheckpoint": Cost(1225.0, 1e5)})
    messages, size, queues = curves([WORLD, other]).values()
    assert messages["AddCheckpoint"] == [100.0, 1225.0]
    assert size["all"] == [2e4 / 1024, 1e5 / 1024]
    assert queues == {
        "calls asked": [4.0, 4.0],
        "calls answered": [1.0, 1.0],
        "commits": [2.0, 2.0],
    }
    plot([WORLD, other], tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    for name in ("Messages of one city", "KiB of one city", "Longest queue", "AddCheckpoint"):
        assert name in drawn
    # A picture that fetches and runs nothing may be sent to anybody.
    assert "<script" not in drawn
    assert "href" not in drawn
    tops = [each.get("y") for each in ET.fromstring(drawn)]  # noqa: S314 - our own picture
    assert tops == ["0", "560", "1120"]


@pytest.mark.all
def test_visits_cost_the_same_whatever_the_number_of_cities() -> None:
    few, more = (measure(count, seconds=30.0, visits=2) for count in (3, 6))
    assert (few.pairs, more.pairs) == (3, 15)
    asked = [world.by_method["RequestAttestation"].messages for world in (few, more)]
    assert asked[1] < 2 * asked[0]
    brought = [world.by_method["AddCheckpoint"].messages for world in (few, more)]
    assert brought[1] > 1.5 * brought[0]
