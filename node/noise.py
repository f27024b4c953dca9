"""Noise for counts that are published: the one place that knows OpenDP.

Its noise is drawn from the machine's own entropy and exactly, without the leaks of floating-point
sampling (Mironov, "On significance of the least significant bits", 2012).
"""

from collections.abc import Sequence


def geometric(counts: Sequence[int], scale: float) -> tuple[int, ...]:
    """The counts, each with two-sided geometric noise (discrete Laplace) of that scale.

    Counts that differ by `sensitivity` in sum over one person are private at
    epsilon = sensitivity / scale (Dwork & Roth, "The algorithmic foundations of differential
    privacy", 2014, theorem 3.6; Ghosh, Roughgarden & Sundararajan, 2009). They may come out below
    zero.
    """
    import opendp.prelude as dp  # noqa: PLC0415 - it takes 0.2 s, and few processes publish

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64"), len(counts)), dp.l1_distance(T="i64")
    noised = dp.m.make_geometric(*space, scale=scale)(list(counts))
    return tuple(map(int, noised))
