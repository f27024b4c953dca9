"""The local port for operators, as the city's credit office."""

from node.services.assembly import UseCases
from node.transport.appeals import AppealCalls
from node.transport.indicators import IndicatorCalls
from node.transport.rescoring import RescoringCalls
from node.transport.retention import RetentionCalls


class OversightServicer(IndicatorCalls, RescoringCalls, AppealCalls, RetentionCalls):
    """node.v1.OversightService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases
