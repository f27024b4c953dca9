"""The local port for residents: their objections, repairs, promises and notices."""

from node.services.assembly import UseCases
from node.transport.promises import PromiseCalls
from node.transport.record_reading import ReadCalls


class ResidentCaseServicer(PromiseCalls, ReadCalls):
    """node.v1.ResidentCaseService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases
