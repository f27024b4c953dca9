"""The small checks that statements share: lengths, counts, order."""

from datetime import timedelta
from itertools import pairwise

from federation import limits
from federation.errors import MALFORMED, TOO_LARGE, HutongError
from federation.identifiers import name


def ascending(values: tuple[str, ...], *, where: str, most: int, least: int = 0) -> None:
    """Refuse names that are not strictly ascending, or too many: one set has one encoding."""
    if not least <= len(values) <= most:
        raise malformed(where, f"give {least} to {most}")
    for value in values:
        name(value, where=where)
    if any(a >= b for a, b in pairwise(values)):
        raise malformed(where, "give them in ascending order, each once")


def within(value: timedelta, where: str, most: timedelta) -> None:
    """Refuse a duration that is not above zero, or over `most`."""
    if not timedelta(0) < value <= most:
        raise malformed(where, f"it must be above zero and at most {most}")


def count(values: tuple[object, ...], where: str, most: int) -> None:
    """Refuse none at all, and more than `most`."""
    if not values:
        raise malformed(where, "give at least one")
    if len(values) > most:
        raise HutongError(TOO_LARGE, where=where, size=str(len(values)), limit=str(most))


def text(value: str, *, where: str) -> None:
    """Refuse a free text that is too long, or that no store can hold."""
    if len(value) > limits.TEXT_CHARACTERS or "\x00" in value:
        raise malformed(where, f"at most {limits.TEXT_CHARACTERS} characters, none of them NUL")


def malformed(where: str, problem: str) -> HutongError:
    """The error that says what is wrong with the thing at `where`."""
    return HutongError(MALFORMED, where=where, problem=problem)
