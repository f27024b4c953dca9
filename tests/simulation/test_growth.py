"""How cost grows is told from counts of worlds that differ in nothing but their size."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.simulation.growth import Cost, Measured, growth, measure, plot, rows, to_json

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


def test_a_method_that_one_world_did_not_use_is_nothing_there(tmp_path: Path) -> None:
    other = replace(WORLD, cities=50, by_method={"AddCheckpoint": Cost(1225.0, 1e5)})
    found = {name: values for name, values, _ in rows([WORLD, other])[:3]}
    assert found == {
        "messages": [150.0, 1225.0],
        "  AddCheckpoint": [100.0, 1225.0],
        "  RequestAttestation": [50.0, 0.0],
    }
    plot([WORLD, other], tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    assert "AddCheckpoint" in drawn
    assert "<script" not in drawn
    assert [each["cities"] for each in to_json([WORLD, other])] == [5, 50]


@pytest.mark.all
def test_visits_cost_the_same_whatever_the_number_of_cities() -> None:
    few, more = (measure(count, seconds=30.0, visits=2) for count in (3, 6))
    assert (few.pairs, more.pairs) == (3, 15)
    asked = [world.by_method["RequestAttestation"].messages for world in (few, more)]
    assert asked[1] < 2 * asked[0]
    brought = [world.by_method["AddCheckpoint"].messages for world in (few, more)]
    assert brought[1] > 1.5 * brought[0]
