"""The verdict catches each way in which a run can fail, and takes nothing unseen for good."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from scripts.harnessing.checking import lasting, traces
from scripts.harnessing.records import Checked, Happening, Ruling, Sample, Violation
from scripts.harnessing.reporting.columns import columns
from scripts.harnessing.reporting.gathering import Run, outages
from scripts.harnessing.reporting.points import State
from scripts.harnessing.reporting.verdict import LOST, judge
from tests.harness import made_run

SECONDS = 400.0
WRONG = Violation("x", "410100", "错", "wrong")


@pytest.fixture(scope="module")
def good() -> Run:
    of, faults = made_run.load(SECONDS, 5), made_run.happenings(SECONDS)
    return Run(
        made_run.plan(),
        (of,),
        columns(made_run.acts(of, faults)),
        outages(faults),
        tuple(made_run.samples(SECONDS)),
        Checked(of.ended + 1, made_run.rulings()),
    )


def broken(run: Run) -> list[str]:
    return [point.name for point in judge(run).points if point.state is State.BROKEN]


def unseen(run: Run) -> list[str]:
    return [point.name for point in judge(run).points if point.state is State.UNSEEN]


def checked(run: Run, *more: Ruling) -> Run:
    assert run.checked is not None
    return replace(run, checked=replace(run.checked, rulings=(*run.checked.rulings, *more)))


def sampled(run: Run, samples: Iterator[Sample] | Sequence[Sample]) -> Run:
    return replace(run, samples=tuple(samples))


def recovered(run: Run, after: float | None) -> Run:
    first, *rest = run.outages
    return replace(run, outages=(replace(first, recovered_after=after), *rest))


def test_a_good_run_is_good(good: Run) -> None:
    assert judge(good).good
    assert not judge(good).broken


def test_a_broken_invariant_breaks_it(good: Run) -> None:
    assert broken(checked(good, Ruling("x", "4", "甲", "a", 9, (WRONG,)))) == ["invariants"]


@pytest.mark.parametrize("invariant", ["both-logs", "nothing-lost"])
def test_one_lost_act_breaks_it(good: Run, invariant: str) -> None:
    run = checked(good, Ruling(invariant, "7", "甲", "a", 9000, (WRONG,)))
    assert broken(run) == ["invariants", "lost"]


def test_violations_that_a_check_did_not_tell_one_by_one_are_counted(good: Run) -> None:
    more = replace(WRONG, city="", evidence={"more": 950})
    run = checked(good, Ruling("both-logs", "acts", "甲", "a", 9000, (WRONG,) * 50 + (more,)))
    assert judge(run)["lost"].reasons[0].words == {"count": "1,000"}


def test_the_invariants_by_which_acts_are_lost_are_those_of_the_checker() -> None:
    assert {each.name for each in (*lasting.INVARIANTS, *traces.INVARIANTS)} >= LOST


def test_figures_that_do_not_count_break_it(good: Run) -> None:
    assert broken(replace(good, invalid=(("太迟", "late"),))) == ["figures"]


@pytest.mark.parametrize("after", [5.0, 61.0, None])
def test_a_slow_recovery_or_none_breaks_it(good: Run, after: float | None) -> None:
    assert broken(recovered(good, after)) == ["recovery"]


def test_a_recovery_just_below_the_limit_is_held(good: Run) -> None:
    assert judge(recovered(good, 4.99)).good


def test_a_fault_that_nobody_mended_breaks_it(good: Run) -> None:
    left = outages([Happening(made_run.BEGAN + 1, "99", "cut", True, {"city": "wuhan"})])
    assert broken(replace(good, outages=(*good.outages, *left))) == ["recovery"]


def test_memory_that_grows_by_more_than_a_tenth_breaks_it(good: Run) -> None:
    assert broken(sampled(good, made_run.samples(SECONDS, growth=0.4))) == ["memory"]


def test_one_process_that_grows_among_many_breaks_it(good: Run) -> None:
    fat = [s for s in made_run.samples(SECONDS, growth=0.4) if s.process == 1]
    rest = [s for s in good.samples if s.process != 1]
    assert broken(sampled(good, fat + rest)) == ["memory"]


def test_file_descriptors_that_leak_break_it(good: Run) -> None:
    assert broken(sampled(good, made_run.samples(SECONDS, files=60))) == ["files"]


def test_memory_that_shrinks_or_grows_while_warming_up_is_flat(good: Run) -> None:
    assert judge(sampled(good, made_run.samples(SECONDS, growth=-0.4))).good
    warm = made_run.BEGAN + 60
    young = [replace(s, rss_bytes=1000) if s.at < warm else s for s in good.samples]
    assert judge(sampled(good, young)).good


def test_a_process_that_was_started_anew_begins_another_life(good: Run) -> None:
    """Its second life is larger than its first, and flat in itself: no growth."""
    middle = made_run.BEGAN + SECONDS * 0.35
    anew = [
        replace(s, pid=s.pid + 1000, rss_bytes=s.rss_bytes * 2) if s.at > middle else s
        for s in good.samples
    ]
    assert broken(sampled(good, anew)) == []


def test_a_leak_in_the_last_life_of_a_process_breaks_it(good: Run) -> None:
    cut = made_run.BEGAN + 100
    leak = list(made_run.samples(SECONDS, growth=0.6))
    anew = [replace(s, pid=s.pid + (1000 if s.at > cut else 0)) for s in leak]
    assert broken(sampled(good, anew)) == ["memory"]


def test_what_was_not_looked_at_is_not_good(good: Run) -> None:
    assert unseen(replace(good, checked=None)) == ["invariants", "lost"]
    assert unseen(replace(good, outages=())) == ["recovery"]
    assert unseen(replace(good, samples=())) == ["memory", "files"]
    assert unseen(replace(good, loads=())) == ["figures", "memory", "files"]
    assert not judge(replace(good, checked=None)).good


def test_a_check_before_the_load_ended_does_not_count(good: Run) -> None:
    assert good.checked is not None
    early = replace(good.checked, at=made_run.BEGAN + 5)
    assert unseen(replace(good, checked=early)) == ["invariants", "lost"]


def test_a_check_that_looked_at_nothing_does_not_count(good: Run) -> None:
    nothing = tuple(replace(ruling, looked_at=0) for ruling in made_run.rulings())
    run = replace(good, checked=Checked(made_run.BEGAN + SECONDS + 1, nothing))
    assert unseen(run) == ["invariants", "lost"]


def test_a_check_of_other_invariants_says_nothing_of_lost_acts(good: Run) -> None:
    others = made_run.rulings()[:1]
    run = replace(good, checked=Checked(made_run.BEGAN + SECONDS + 1, others))
    assert unseen(run) == ["lost"]


def test_a_short_run_tells_nothing_of_growth(good: Run) -> None:
    of = made_run.load(60)
    run = replace(good, loads=(of,), samples=tuple(made_run.samples(60, growth=0.5)))
    assert unseen(run) == ["memory", "files"]


def test_a_process_that_never_lived_long_enough_is_not_taken_for_flat(good: Run) -> None:
    """The others are flat; this one is started anew each minute, and leaks meanwhile."""
    anew = [
        replace(s, pid=s.pid + 1000 * int((s.at - made_run.BEGAN) // 60))
        if s.city == "wuhan"
        else s
        for s in good.samples
    ]
    run = sampled(good, anew)
    assert unseen(run) == ["memory", "files"]
    assert judge(run)["memory"].reasons[0].words["processes"] == "wuhan"


def test_steps_of_a_search_for_the_peak_are_not_what_figures_are_of(good: Run) -> None:
    step = replace(made_run.load(SECONDS * 9), purpose="peak")
    assert replace(good, loads=(step, *good.loads)).load == good.loads[0]
