"""Every vector of tests/vectors, as scripts/generate_vectors writes it."""

from tests.federation.vector_cases import (
    attestations,
    bundles,
    chains,
    documents,
    lasting,
    partnerships,
)
from tests.federation.vector_cases.vector import Vector


def every_vector() -> list[Vector]:
    """All of them, each name once."""
    return [
        *bundles.vectors(),
        *chains.vectors(),
        *documents.vectors(),
        *attestations.vectors(),
        *partnerships.vectors(),
        *lasting.vectors(),
    ]
