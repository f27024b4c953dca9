"""Partners that have come the whole way, for tests of what comes after it."""

from dataclasses import replace

from federation.identifiers import CityCode
from federation.messages import Flags
from node.ports import Transaction
from node.registry import Partner

ALL_THE_WAY = Flags(approved=True, tested=True)


def active(partner: Partner) -> Partner:
    """The partner, approved and tested by both."""
    return replace(partner, here=ALL_THE_WAY, there=ALL_THE_WAY, there_sequence=1, told=1)


def activate(tx: Transaction, city: CityCode) -> None:
    """Make a partner active as if both cities had come the whole way."""
    tx.administration.put_partner(active(tx.registry.partners[city]))
