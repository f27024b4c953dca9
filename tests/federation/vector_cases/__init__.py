"""Every vector of tests/vectors, as scripts/generate_vectors writes it."""

from tests.federation.vector_cases import attestations, bundles, documents
from tests.federation.vector_cases.vector import Vector


def every_vector() -> list[Vector]:
    """All of them, each name once."""
    return [*bundles.vectors(), *documents.vectors(), *attestations.vectors()]
