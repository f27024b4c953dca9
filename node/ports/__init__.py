"""The few Protocols that use cases need: the store, and the world outside."""

from node.ports.outside import (
    BundleSwap,
    Clock,
    Door,
    Entropy,
    Identities,
    Keys,
    Peers,
    Questions,
)
from node.ports.store import (
    Administration,
    Answers,
    Consents,
    Log,
    Partnerships,
    Recognitions,
    Redemptions,
    Residents,
    Transaction,
    UnitOfWork,
    Uses,
)

__all__ = [
    "Administration",
    "Answers",
    "BundleSwap",
    "Clock",
    "Consents",
    "Door",
    "Entropy",
    "Identities",
    "Keys",
    "Log",
    "Partnerships",
    "Peers",
    "Questions",
    "Recognitions",
    "Redemptions",
    "Residents",
    "Transaction",
    "UnitOfWork",
    "Uses",
]
