"""What is removed for good: by its time, or with its person."""

from node.store.connection import Session


class RemovalRepository:
    """Removes rows, and counts them."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session
