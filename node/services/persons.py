"""Persons: the random numbers that stand for keyed digests of documents."""

from collections.abc import Collection
from typing import Final

from node.ports import Transaction
from node.services.here import Here

_PERSON_BYTES: Final = 8


def persons_of(tx: Transaction, here: Here, digests: Collection[bytes]) -> dict[bytes, int]:
    """The person of each document; one of whom nothing is known yet gets a number, and is kept.

    The number has 63 bits and says nothing; it is never 0.
    """
    found = tx.records.persons(digests)
    # In an order, so that a run can be repeated.
    new = {digest: _number(here) for digest in sorted(set(digests) - found.keys())}
    tx.records.add_persons(new)
    return found | new


def _number(here: Here) -> int:
    return int.from_bytes(here.entropy.token(_PERSON_BYTES), "big") >> 1 or 1
