"""`hutong histogram publish` and `list`, against a node in this process."""

import hashlib

import pytest
from structlog.testing import capture_logs

from node.cli import exits
from node.model import Resident
from node.ports import Transaction
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House, now


def at(run: Run, house: House, *arguments: object) -> Ran:
    # The node's log would be among what the command prints.
    with capture_logs():
        return run("--settings", house.directory / "hutong.toml", *arguments)


def people(tx: Transaction) -> None:
    """Four hundred below the line, two hundred above it; three alone at the top."""
    for serial in range(603):
        shared = 90_000 if serial < 3 else 25_000 if serial < 203 else 0
        digest = hashlib.sha256(bytes(str(serial), "ascii")).digest()
        resident = Resident(
            resident_id=f"00000000-0000-7000-9000-{serial:012d}",
            document_digest=digest,
            secret=digest,
            enrolled_at=now(),
            person=10_000 + serial,
            points_milli=shared,
            shared_milli=shared,
            counted_by=1,
        )
        tx.residents.add(resident)
        tx.residents.recount(resident)


@pytest.mark.parametrize("value", ["0", "-1", "one", "0.0001", "nan", "inf", "1e99", ""])
def test_a_budget_that_is_no_number_of_thousandths_is_refused_before_any_call(
    run: Run, value: str
) -> None:
    for option in ("--epsilon", "--width"):
        ran = run("histogram", "publish", option, value)
        assert ran.code == exits.USAGE
        assert "three decimals" in ran.err


def test_a_histogram_is_published_once_and_shown_with_what_it_cost(run: Run, house: House) -> None:
    nothing = at(run, house, "--lang", "zh", "histogram", "list")
    assert (nothing.code, "尚无城市公布分布" in nothing.out) == (exits.DONE, True)
    few = at(run, house, "histogram", "publish")
    assert few.code != exits.DONE
    assert "Fewer than 100 residents" in few.err
    house.act(people)
    wrong = at(run, house, "histogram", "publish", "--width", "0.001")
    assert "width_milli" in wrong.err
    # So much that no sum of noise is taken for people, nor hides them.
    request = ("--request-id", "0192f0c1-2b3c-7def-8123-456789abcdef")
    first = at(run, house, "histogram", "publish", "--epsilon", "5", *request)
    assert first.code == exits.DONE, first.err
    assert "is published" in first.out
    assert "epsilon = 5" in first.out
    assert "too few, suppressed" in first.out
    again = at(run, house, "histogram", "publish", "--epsilon", "5", *request)
    assert again.out == first.out
    later = at(run, house, "--lang", "zh", "histogram", "publish", "--epsilon", "2")
    assert "此前已公布" in later.out
    assert "ε = 5" in later.out
    listed = at(run, house, "--json", "histogram", "list").json
    [histogram], [spending] = listed["histograms"], listed["spendings"]
    assert [bar["band_id"] for bar in histogram["bars"]] == ["excellent", "outstanding"]
    assert abs(int(histogram["bars"][0]["count"]) - 200) < 100
    assert abs(int(histogram["total"]) - 603) < 100
    assert (spending["epsilon_milli"], spending["actor"]) == ("5000", "operator/default")
    shown = at(run, house, "histogram", "list")
    assert (shown.code, "histogram of shangding, version 1" in shown.out) == (exits.DONE, True)
