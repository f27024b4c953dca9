"""Lists of values in a statement: few at once, and padded, so that few statements are compiled."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

# Values of one IN list: padded to a power of two.
_AT_ONCE: Final = 64


def portions(values: Iterable[Any], at_once: int = _AT_ONCE) -> Iterator[list[Any]]:
    """The values without repetitions, some at once; the last one fills each portion up."""
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), at_once):
        some = wanted[start : start + at_once]
        length = 1 << (len(some) - 1).bit_length()
        yield some + [some[-1]] * (length - len(some))


def named(values: Sequence[object]) -> dict[str, object]:
    """The values of a portion, by the names that `places` gave them."""
    return {f"in_{i}": value for i, value in enumerate(values)}


def places(count: int) -> list[Any]:
    """The places of a portion of so many values."""
    return [sa.bindparam(f"in_{i}") for i in range(count)]


def listed(values: Sequence[str]) -> list[Any]:
    """A list of texts that belongs to the statement itself; nothing is in the one without any."""
    return [sa.literal(value) for value in values] or [sa.null()]
