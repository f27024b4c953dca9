"""When what is said over a line arrives, without a clock and without a socket."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.harnessing.line_timing import RESEND_SECONDS, SEGMENT, TRIES, Passage, Way
from scripts.harnessing.links import Shape

SHAPES = st.builds(
    Shape,
    delay_ms=st.floats(0, 60_000),
    jitter_ms=st.floats(0, 60_000),
    kbit=st.one_of(st.just(0.0), st.floats(1, 10_000_000)),
    loss_percent=st.floats(0, 100),
    cut=st.booleans(),
)


class Losing(random.Random):
    """Loses so many segments, then none; its jitter is none."""

    def __init__(self, losses: int) -> None:
        super().__init__(0)
        self.losses = losses

    def random(self) -> float:
        self.losses -= 1
        return 0.0 if self.losses >= 0 else 0.999

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def _way(shape: Shape | None, chance: random.Random | None = None) -> Way:
    way = Way(chance or random.Random(7))  # noqa: S311 - no secret
    way.reshape(shape, 0.0)
    return way


def _all(way: Way, said: list[float], size: int = SEGMENT) -> list[Passage]:
    found, after = list[Passage](), 0.0
    for at in said:
        found.append(way.passage(at, size, after))
        after = found[-1].at
    return found


@given(SHAPES, st.lists(st.floats(0, 1000), max_size=40), st.integers())
def test_what_was_said_first_arrives_first_and_never_before_it_was_said(
    shape: Shape, said: list[float], seed: int
) -> None:
    said.sort()
    found = _all(_way(shape, random.Random(seed)), said)  # noqa: S311 - no secret
    assert all(one.at <= other.at for one, other in pairwise(found))
    assert all(passage.at >= at for passage, at in zip(found, said, strict=True))


def test_a_line_without_a_shape_takes_no_time() -> None:
    assert _way(None).passage(5.0, SEGMENT, 0.0) == Passage(5.0)
    assert _way(Shape()).passage(5.0, SEGMENT, 0.0) == Passage(5.0)


def test_jitter_stays_about_the_delay() -> None:
    way = _way(Shape(delay_ms=200, jitter_ms=50))
    delays = {way.passage(1.0, SEGMENT, 0.0).at - 1.0 for _ in range(500)}
    assert 0.15 <= min(delays) < 0.16
    assert 0.24 < max(delays) <= 0.25


def test_connections_share_the_rate_of_their_line() -> None:
    way = _way(Shape(kbit=8))
    one = [way.passage(0.0, 500, 0.0).at, way.passage(0.0, 500, 0.0).at]
    other = way.passage(0.0, 1000, 0.0).at
    assert [*one, other] == pytest.approx([0.5, 1.0, 2.0])
    assert way.passage(100.0, 1000, 0.0).at == pytest.approx(101.0)


def test_a_new_rate_begins_when_it_is_made_not_with_what_waited_longest() -> None:
    way = _way(Shape(kbit=8))
    way.reshape(Shape(kbit=80), 50.0)
    assert way.passage(1.0, 1000, 0.0).at == pytest.approx(50.1)


@pytest.mark.parametrize("losses", range(TRIES + 1))
def test_each_further_loss_of_a_segment_takes_twice_as_long_and_the_last_ends_it(
    losses: int,
) -> None:
    way = _way(Shape(loss_percent=10), Losing(losses))
    found = way.passage(0.0, SEGMENT, 0.0)
    assert found.at == pytest.approx(RESEND_SECONDS * (2**losses - 1))
    assert found.lost is (losses == TRIES)


def test_a_segment_that_is_not_lost_waits_for_one_before_it_that_was() -> None:
    lost, after = _all(_way(Shape(loss_percent=10), Losing(1)), [0.0, 0.01])
    assert lost.at == after.at == pytest.approx(RESEND_SECONDS)


def test_where_all_is_lost_every_connection_ends() -> None:
    assert all(passage.lost for passage in _all(_way(Shape(loss_percent=100)), [0.0, 1.0, 2.0]))


def test_few_losses_end_no_connection() -> None:
    found = _all(_way(Shape(loss_percent=5)), [float(second) for second in range(10_000)])
    assert not any(passage.lost for passage in found)
    stalled = sum(p.at > at for p, at in zip(found, range(10_000), strict=True))
    assert 400 < stalled < 600


def test_the_same_seed_gives_the_same_line() -> None:
    shape = Shape(delay_ms=100, jitter_ms=100, loss_percent=30)
    said = [0.1 * each for each in range(100)]
    assert _all(_way(shape), said) == _all(_way(shape), said)
