"""The local port for operators: incentives, and how scales relate."""

from node.services.assembly import UseCases
from node.transport.concordances import ConcordanceCalls
from node.transport.histograms import HistogramCalls
from node.transport.incentives import CatalogueDiffCalls
from node.transport.replays import ReplayCalls


class IncentiveServicer(CatalogueDiffCalls, ConcordanceCalls, HistogramCalls, ReplayCalls):
    """node.v1.IncentiveService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases
