"""The local port for departments' officers, who decide cases."""

from node.services.assembly import UseCases


class DepartmentCaseServicer:
    """node.v1.DepartmentCaseService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases
