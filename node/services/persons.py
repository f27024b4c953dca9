"""Persons: the random numbers that stand for keyed digests of documents."""

from typing import Final

from node.ports import Transaction
from node.services.here import Here

_PERSON_BYTES: Final = 8


def add_person(tx: Transaction, here: Here, digest: bytes) -> int:
    """Give the person of a document a number of 63 bits that says nothing; it is never 0."""
    person = int.from_bytes(here.entropy.token(_PERSON_BYTES), "big") >> 1 or 1
    tx.records.add_person(person, digest)
    return person
