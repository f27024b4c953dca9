"""Figures are what the acts say, by numpy on known data; and each way not to count is told."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from scripts.harnessing.loading import figures
from scripts.harnessing.loading.buckets import EDGES_MS, bucket, quantile_ms
from scripts.harnessing.loading.offers import Offer
from scripts.harnessing.loading.peak import backlog, highest, why_not
from scripts.harnessing.loading.running import load_of
from scripts.harnessing.loading.schedule import arrivals
from scripts.harnessing.records import Act, Deed, Load

BEGAN = 1_000_000.0
LOAD = load_of(Offer(rate=20, seconds=60), BEGAN)


def act(
    due: float,
    took: float = 0.01,
    outcome: str = "OK",
    *,
    journey: str = "",
    deed: Deed = Deed.CHECK,
    late: float = 0.0,
    told: str = "",
) -> Act:
    """One call: `due` and `took` in seconds, since the load began."""
    at = BEGAN + due
    said = {"outcome": told} if told else {}
    return Act(
        deed, "410100", "", "", at, at + late, at + took, outcome, journey=journey, said=said
    )


def offered(load: Load, took: float = 0.01) -> list[Act]:
    """A load as it should be: each journey that is due is one call, in time."""
    seconds = load.ended - load.began
    instants = arrivals(load.rate, seconds, load.seed, (0, 1))
    return [act(at, took, journey=f"j/{n}") for n, at in enumerate(instants)]


def test_no_acts_are_no_figures_and_no_error() -> None:
    found = figures.of([], LOAD)
    assert (found.calls, found.rate, found.latency.p50, found.deeds) == (0, 0.0, None, ())
    assert found.histogram == figures.Histogram((), ())
    assert found.to_json()["latency"]["count"] == 0


def test_one_act_is_every_quantile() -> None:
    found = figures.of([act(20, 0.25, journey="a")], LOAD)
    assert found.latency.count == found.calls == found.journeys_started == 1
    for value in (found.latency.p50, found.latency.p99, found.latency.p999, found.latency.most):
        assert value == pytest.approx(250)
    assert found.histogram.counts == (1,)
    low, high = found.histogram.edges_ms
    assert low <= 250 < high


def test_quantiles_are_those_of_numpy() -> None:
    took = np.random.default_rng(1).lognormal(-4, 1.5, 5000)
    acts = [act(15 + n / 200, each, journey=str(n)) for n, each in enumerate(took)]
    found = figures.of(acts, LOAD).latency
    ms = np.array([(each.ended - each.due) * 1000 for each in acts])
    for value, share in ((found.p50, 0.5), (found.p99, 0.99), (found.p999, 0.999)):
        assert value == np.quantile(ms, share, method="inverted_cdf")
    assert found.most == ms.max()


def test_a_histogram_has_every_call_where_it_belongs() -> None:
    took = np.random.default_rng(2).lognormal(-4, 2, 2000)
    acts = [act(15 + n / 100, each) for n, each in enumerate(took)]
    found = figures.of(acts, LOAD).histogram
    assert sum(found.counts) == 2000
    assert len(found.edges_ms) == len(found.counts) + 1
    assert found.counts[0] > 0
    assert found.counts[-1] > 0
    growth = np.array(found.edges_ms[1:]) / np.array(found.edges_ms[:-1])
    assert growth == pytest.approx(growth[0])
    for edge, place in ((found.edges_ms[5], 5), (found.edges_ms[-2], -2)):
        below = sum(1 for each in acts if (each.ended - each.due) * 1000 < edge)
        assert below == sum(found.counts[:place] if place > 0 else found.counts[:-1])


def test_waiting_counts_from_when_a_call_was_due() -> None:
    found = figures.of([act(20, took=3.0, late=2.99)], LOAD)
    assert found.latency.p50 == pytest.approx(3000)


def test_only_the_steady_window_counts() -> None:
    acts = [act(1, journey="warm-up"), act(30, journey="steady"), act(59.9, journey="end")]
    found = figures.of(acts, LOAD)
    assert (found.calls, found.journeys_started) == (1, 1)
    assert found.seconds == LOAD.steady_until - LOAD.steady_from == pytest.approx(47)


def test_a_journey_counts_where_it_began_and_goes_well_only_as_a_whole() -> None:
    acts = [
        act(9, journey="before"),
        act(30, journey="before"),
        act(30, journey="good"),
        act(30, journey="bad"),
        act(31, outcome="DEADLINE", journey="bad"),
        act(56.9, journey="over the end"),
        act(58, outcome="INTERNAL", journey="over the end"),
        act(40, outcome="CAPACITY_USED_UP", journey="refused by the rules"),
    ]
    found = figures.of(acts, LOAD)
    assert (found.journeys_started, found.journeys_well) == (4, 2)


def test_what_was_not_sent_is_counted_and_has_no_latency() -> None:
    acts = [act(20, journey="a"), act(21, 0, "NOT_SENT", journey="b")]
    found = figures.of(acts, LOAD)
    assert found.outcomes == {"OK": 1, "NOT_SENT": 1}
    assert (found.journeys_started, found.journeys_well) == (1, 1)
    assert found.latency.count == 1


def test_a_home_that_could_not_be_reached_is_no_good_answer() -> None:
    found = figures.of([act(20, journey="a", told="HOME_UNREACHABLE")], LOAD)
    assert found.outcomes == {"HOME_UNREACHABLE": 1}
    assert found.journeys_well == 0


def reasons(load: Load, acts: Iterable[Act]) -> str:
    found = figures.validity(load, acts)
    assert all(each.zh and each.zh != each for each in found)
    return "\n".join(found)


def test_a_load_as_it_should_be_counts() -> None:
    assert reasons(LOAD, offered(LOAD)) == ""


def test_a_window_that_is_too_short_does_not_count() -> None:
    short = load_of(Offer(rate=20, seconds=12), BEGAN)
    assert "steady window is 9.0 s" in reasons(short, offered(short))
    assert reasons(short, offered(short)).count("\n") == 0


def test_a_generator_that_is_late_measures_itself() -> None:
    acts = offered(LOAD)
    late = [replace(each, sent=each.due + 0.2, ended=each.due + 0.3) for each in acts[400:403]]
    assert "more than 100 ms late" in reasons(LOAD, [*acts[:400], *late, *acts[403:]])
    # One call of a thousand may be.
    assert reasons(LOAD, [*acts, *acts[:400], late[0], *acts[401:]]) == ""


def test_journeys_that_were_due_and_never_began_are_missed() -> None:
    acts = offered(LOAD)
    assert "% must be" in reasons(LOAD, acts[: int(0.7 * len(acts))])
    not_sent = [replace(each, outcome="NOT_SENT") for each in acts]
    assert "0 were started" in reasons(LOAD, not_sent)


def test_a_load_that_nobody_answers_does_not_count() -> None:
    acts = [replace(each, outcome="UNREACHABLE") for each in offered(LOAD)]
    assert reasons(LOAD, acts) == "No call went well."


def test_a_load_without_journeys_does_not_count() -> None:
    assert "No journey was due" in reasons(replace(LOAD, rate=1e-9), [])


def test_a_load_with_a_generator_that_failed_does_not_count() -> None:
    assert "load.log" in reasons(replace(LOAD, failed=True), offered(LOAD))


def test_a_load_that_was_stopped_early_has_the_window_that_is_left() -> None:
    stopped = load_of(Offer(rate=20, seconds=60), BEGAN, BEGAN + 40)
    assert (stopped.ended, stopped.steady_from) == (BEGAN + 40, BEGAN + 8)
    acts = [each for each in offered(LOAD) if each.due < BEGAN + 40]
    assert reasons(stopped, acts) == ""


@pytest.mark.parametrize("ms", [0.0, 0.01, 0.5, 1, 9.99, 250, 9_999, 10_000_000])
def test_a_bucket_holds_what_it_says(ms: float) -> None:
    place = bucket(ms)
    assert EDGES_MS[place] <= max(ms, EDGES_MS[0]) or place == 0
    assert ms <= EDGES_MS[place + 1] * 1.0001 or place == len(EDGES_MS) - 2


def test_quantiles_by_buckets_are_near_the_true_ones() -> None:
    ms = np.random.default_rng(3).lognormal(3, 1, 10_000)
    places = [bucket(each) for each in ms]
    found = {place: places.count(place) for place in set(places)}
    for share in (0.5, 0.99):
        assert quantile_ms(found, share) == pytest.approx(np.quantile(ms, share), rel=0.06)
    assert quantile_ms({}, 0.5) is None


def test_the_peak_is_found_to_some_per_cent_from_either_side() -> None:
    for true in (3.0, 20.0, 333.0):
        tried = list[float]()

        def sustained(rate: float, true: float = true, tried: list[float] = tried) -> bool:
            tried.append(rate)
            return rate <= true

        found = highest(sustained, 20, 5000)
        assert true / 1.08 <= found <= true
        assert len(tried) < 16


def test_a_peak_beyond_all_that_is_tried_or_below_is_no_endless_search() -> None:
    assert highest(lambda _: True, 20, 100) == 100
    assert highest(lambda _: False, 20, 100) == 0


def test_a_rate_is_sustained_only_where_nothing_speaks_against_it() -> None:
    good = offered(LOAD)
    assert why_not(figures.of(good, LOAD), good, LOAD) == []
    failed = [replace(e, outcome="INTERNAL") if n % 50 == 0 else e for n, e in enumerate(good)]
    slow = [replace(e, ended=e.due + 1.5) if n % 50 == 0 else e for n, e in enumerate(good)]
    growing = [replace(e, ended=e.due + (e.due - BEGAN) / 70) for e in good]
    for acts, said in ((failed, "went well"), (slow, "p99"), (growing, "more and more")):
        [reason] = why_not(figures.of(acts, LOAD), acts, LOAD)
        assert said in reason
    assert len(why_not(figures.of([], LOAD), [], LOAD)) == 2
    # A generator that was late is named, where something was not as it must be.
    late = [replace(each, sent=each.due + 1.4, ended=each.due + 1.5) for each in good]
    assert "measured themselves" in why_not(figures.of(late, LOAD), late, LOAD)[-1]


def test_the_backlog_is_the_mean_number_of_calls_that_wait() -> None:
    load = replace(LOAD, steady_from=BEGAN, steady_until=BEGAN + 30)
    # Three calls wait for the whole of the first third, one for half of the last.
    acts = [act(0, 10), act(0, 10), act(0, 10), act(25, 5)]
    assert list(backlog(acts, load)) == pytest.approx([3, 0.5])
