"""A real load on two real cities: what was acknowledged is there, what was repeated is the same."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from scripts.cities import Cities
from scripts.harnessing import records
from scripts.harnessing.commands.loading import load as command_load
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading import figures, offers
from scripts.harnessing.loading.cast import Cast, consents
from scripts.harnessing.loading.mixes import KINDS, MIX
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.loading.outcomes import was_answered, went_well
from scripts.harnessing.loading.peak import Search, Step, peak
from scripts.harnessing.loading.running import LoadError, Offered, Progress
from scripts.harnessing.records import Act, Deed, Load
from tests.harness import load_stage
from tests.scenarios.stage import ROOT, eventually, store_of

pytestmark = pytest.mark.all

CODES = ("410100", "330100")


@pytest.fixture(scope="module")
def run() -> Iterator[tuple[Folder, Cities]]:
    """Two cities."""
    with TemporaryDirectory() as root, load_stage.run(Path(root) / "run", CODES) as found:
        yield found


@pytest.fixture(scope="module")
def loaded(run: tuple[Folder, Cities]) -> tuple[Load, list[Act], list[Progress]]:
    """What two generators did in some seconds."""
    folder, cities = run
    seen = list[Progress]()
    offer = Offer(rate=25, seconds=12, generators=2, mix=dict(MIX) | {"records": 6, "consent": 8})
    with Offered(folder, offer, load_stage.targets(cities)) as offered:
        for progress in offered.follow():
            seen.append(progress)
        load = offered.wait()
    return load, list(records.read_all(folder.histories, Act)), seen


def test_every_journey_comes_and_every_deed_is_done_in_both_cities(
    loaded: tuple[Load, list[Act], list[Progress]],
) -> None:
    _, acts, _ = loaded
    done = {act.deed for act in acts if act.outcome == "OK"}
    assert done == set(Deed)
    assert {act.journey.partition("/")[0] for act in acts} == set(KINDS)
    assert {(act.city, act.other) for act in acts if act.deed is Deed.CHECK} == {
        (one, other) for one in CODES for other in CODES
    }
    assert Counter(went_well(act) for act in acts)[False] == 0


def test_visits_are_recognised_and_refused(
    loaded: tuple[Load, list[Act], list[Progress]],
) -> None:
    _, acts, _ = loaded
    checks = [act for act in acts if act.deed is Deed.CHECK and act.outcome == "OK"]
    found = Counter(act.said["outcome"] for act in checks)
    assert found["RECOGNISED"] > found["NOT_RECOGNISED"] > 0
    refused = [act for act in checks if act.journey.startswith("refused/")]
    assert any(act.said["outcome"] == "NOT_RECOGNISED" for act in refused)
    assert not any(
        act.said["visitor_pass_digest"] for act in checks if "NOT" in act.said["outcome"]
    )


def test_what_is_repeated_gets_the_same_answer(
    loaded: tuple[Load, list[Act], list[Progress]],
) -> None:
    _, acts, _ = loaded
    by_id = defaultdict[str, list[Act]](list)
    for act in acts:
        if act.request_id:
            by_id[act.request_id].append(act)
    again = [each for each in by_id.values() if len(each) > 1]
    assert again
    assert all(any(not act.repeated for act in each) for each in by_id.values())
    for each in again:
        assert len({act.answer for act in each if act.outcome == "OK"}) <= 1


def test_what_was_acknowledged_is_in_the_stores(
    run: tuple[Folder, Cities], loaded: tuple[Load, list[Act], list[Progress]]
) -> None:
    _, cities = run
    _, acts, _ = loaded
    for city in cities:
        with store_of(city) as store:
            kept = {
                str(row[0])
                for name, table in (("redemption_id", "redemptions"), ("consent_id", "consents"))
                for row in store.exec_driver_sql(f"SELECT {name} FROM {table}")  # noqa: S608 - ours
            }
        told = {
            str(act.said[name])
            for act in acts
            for name in ("redemption_id", "consent_id")
            if act.city == city.about.code
            and act.outcome == "OK"
            and act.deed in {Deed.REDEEM, Deed.CONFIRM, Deed.CONSENT}
            and name in act.said
        }
        assert told
        assert told <= kept


def test_the_figures_are_of_all_generators_and_nothing_is_left_behind(
    run: tuple[Folder, Cities], loaded: tuple[Load, list[Act], list[Progress]]
) -> None:
    folder, _ = run
    load, acts, seen = loaded
    found = figures.of(acts, load)
    assert found.journeys_started == found.journeys_due > 100
    assert found.journeys_well == found.journeys_started
    assert seen[-1].calls == len(acts)
    assert seen[-1].in_flight == 0
    assert len({act.journey for act in acts}) == seen[-1].due
    assert all(was_answered(act) for act in acts)
    # The keys that were made for its clients are gone.
    assert not (folder.root / "clients").exists()
    assert (folder.root / "load.log").read_text() == ""
    assert next(records.read(folder.loads, Load)).generators == 2


def test_a_second_load_goes_on_with_the_consents_that_the_first_one_left(
    run: tuple[Folder, Cities], loaded: tuple[Load, list[Act], list[Progress]]
) -> None:
    folder, cities = run
    _, before, _ = loaded
    assert any(act.deed is Deed.WITHDRAW for act in before)
    cast = Cast.read(folder)
    live = consents(folder, cast)
    for city in cities:
        with store_of(city) as store:
            rows = store.exec_driver_sql(
                "SELECT consent_id FROM consents WHERE withdrawn_at IS NULL"
            )
            standing = {str(row[0]) for row in rows}
        known = {
            consent
            for resident, of in live.items()
            if cast.residents[resident].city == city.about.code
            for consent in of.values()
        }
        assert known <= standing


def test_a_load_that_is_stopped_keeps_what_was_on_its_way(run: tuple[Folder, Cities]) -> None:
    folder, cities = run
    offer = Offer(rate=30, seconds=3600, seed=9)
    with Offered(folder, offer, load_stage.targets(cities)) as offered:
        for progress in offered.follow(0.1):
            if progress.calls:
                break
    load, acts = offered.wait(), list(offered.acts())
    assert load.ended - load.began < 600
    assert acts
    assert max(act.due for act in acts) < load.ended + 60
    kept = list(records.read(folder.loads, Load))[-1]
    assert (kept.began, kept.ended) == (load.began, load.ended)


def test_a_generator_ends_cleanly_when_it_is_asked_to(run: tuple[Folder, Cities]) -> None:
    folder, cities = run
    offered = Offered(folder, Offer(rate=30, seconds=3600, seed=10), load_stage.targets(cities))
    offered.begin()
    pids = offered.pids
    next(iter(each for each in offered.follow(0.1) if each.calls))
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    # It ended by itself, with 0, and what it did is kept to the last line.
    offered.wait()
    lines = offered.histories[0].read_text("utf-8")
    assert lines.endswith("\n")
    assert lines.count("\n") == len(list(offered.acts()))


def test_a_city_that_is_down_costs_its_own_callers_only(run: tuple[Folder, Cities]) -> None:
    folder, cities = run
    there = load_stage.targets(cities)
    # Nobody listens where Hangzhou is said to be.
    gone = [Target(t.city, t.process, "127.0.0.1:1") if t.city == CODES[1] else t for t in there]
    offer = Offer(rate=20, seconds=5, seed=11, mix={"at-home": 1, "standing": 1})
    with Offered(folder, offer, gone) as offered:
        offered.wait()
    acts = list(offered.acts())
    assert {act.outcome for act in acts if act.city == CODES[1]} == {"UNREACHABLE"}
    assert all(went_well(act) for act in acts if act.city == CODES[0])
    # A change whose answer may be lost is asked for again; a look is not.
    again = {act.deed for act in acts if act.repeated and act.city == CODES[1]}
    assert again
    assert Deed.STANDING not in again


_KILLED = """
import sys
from pathlib import Path
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.loading.running import Offered

there = [Target(*each.split(",")[:1], 0, each.split(",")[1]) for each in sys.argv[2:]]
offered = Offered(Folder(Path(sys.argv[1])), Offer(rate=20, seconds=3600, seed=12), there)
offered.begin()
print(*offered.pids, flush=True)
for _ in offered.follow():
    pass
"""


def test_nothing_of_a_load_is_left_when_whoever_made_it_is_killed(
    run: tuple[Folder, Cities],
) -> None:
    folder, cities = run
    there = [f"{each.city},{each.address}" for each in load_stage.targets(cities)]
    command = [sys.executable, "-c", _KILLED, str(folder.root), *there]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        [pid] = map(int, maker.stdout.readline().split())
        assert Path(f"/proc/{pid}").exists()
        maker.kill()
    assert eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_command_says_what_came_of_it_and_that_it_does_not_count(
    run: tuple[Folder, Cities], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cities = run
    monkeypatch.setattr(offers, "targets", lambda _: load_stage.targets(cities))
    words = ["--rate", "10", "--for", "3", "--dir", str(folder.root), "--mix", "records=0"]
    shown = CliRunner().invoke(command_load, [*words, "--lang", "zh"])
    # Three seconds are no window.
    assert shown.exit_code == 1
    assert "这些数字不作数" in shown.stdout
    assert "standing" in shown.stdout
    told = CliRunner().invoke(command_load, [*words, "--json"])
    found = json.loads(told.stdout)
    assert told.exit_code == 1
    assert found["load"]["mix"]["records"] == 0
    assert found["figures"]["outcomes"]["OK"] > 0
    assert found["invalid"][0].keys() == {"zh", "en"}


def test_the_peak_is_found(run: tuple[Folder, Cities]) -> None:
    folder, cities = run
    steps = list[Step]()
    search = Search(seconds=2, start=1, most=1.5, mix={"standing": 1})
    rate = peak(folder, search, stepped=steps.append, targets=load_stage.targets(cities))
    assert rate in {0.0, *(step.rate for step in steps if not step.reasons)}
    assert {load.purpose for load in records.read(folder.loads, Load)} == {"load", "peak"}


def test_a_generator_that_cannot_begin_is_told(run: tuple[Folder, Cities]) -> None:
    folder, _ = run
    with pytest.raises(LoadError, match=r"load\.log"):
        Offered(folder, Offer(rate=1, seconds=1), []).begin()
