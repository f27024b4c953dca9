"""Whether the figures of a run count: the validity gate of its load."""

from scripts.harnessing.reporting.gathering import Run
from scripts.harnessing.reporting.points import Point, Reason, State


def point(run: Run) -> Point:
    """The promise that the figures count."""
    if run.load is None:
        return Point("figures", State.UNSEEN, (Reason("no_load"),))
    if run.invalid:
        return Point(
            "figures",
            State.BROKEN,
            tuple(Reason("invalid", {"zh": zh, "en": en}) for zh, en in run.invalid),
        )
    return Point("figures", State.HELD)
