"""Every vector of tests/vectors, as scripts/generate_vectors writes it."""

from tests.federation.vector_cases import (
    attestations,
    batched,
    bundles,
    chains,
    documents,
    incentives,
    lasting,
    notes,
    partnerships,
    receipt_cases,
)
from tests.federation.vector_cases.loose import Loose
from tests.federation.vector_cases.vector import Vector


def every_loose() -> dict[str, list[Loose]]:
    """What is no envelope, by its list in the index."""
    return {
        "batched": batched.batched(),
        "checkpoints": notes.checkpoints(),
        "cosignatures": notes.cosignatures(),
        "receipts": receipt_cases.receipt_vectors(),
    }


def every_vector() -> list[Vector]:
    """All of them, each name once."""
    return [
        *bundles.vectors(),
        *chains.vectors(),
        *documents.vectors(),
        *attestations.vectors(),
        *partnerships.vectors(),
        *lasting.vectors(),
        *incentives.vectors(),
    ]
