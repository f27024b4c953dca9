"""The local port for operators: how residents are spread over the scale, published once."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.histogram import ScoreHistogram
from node.ports import Transaction
from node.redemptions import PrivacySpending
from node.services.assembly import UseCases
from node.transport.calls import Call
from node.transport.changes import once_for
from node.v1 import incentive_service_pb2 as pb


class HistogramCalls:
    """The part of node.v1.IncentiveService on histograms."""

    _cases: UseCases

    async def PublishHistogram(self, call: Call, request: pb.PublishHistogramRequest) -> bytes:
        """See the proto; partners get it at once."""

        def act(tx: Transaction) -> Message:
            found = self._cases.histograms.publish(
                tx, str(call.caller), request.epsilon_milli, request.width_milli
            )
            histogram = _histogram(found.histogram)
            return pb.PublishHistogramResponse(histogram=histogram, published=found.fresh)

        answer = await once_for(self._cases, call, request, act)
        self._cases.refreshing.nudge()
        return answer

    async def ListHistograms(self, _call: Call, request: pb.ListHistogramsRequest) -> Message:
        """See the proto."""
        found = await self._cases.uow.read(self._cases.histograms.list_all)
        return pb.ListHistogramsResponse(
            histograms=map(_histogram, found.histograms),
            spendings=map(_spending, found.spendings),
        )


def _histogram(found: ScoreHistogram) -> pb.Histogram:
    return pb.Histogram(
        city=found.scale.city,
        scale_id=found.scale.scale_id,
        scale_version=found.scale.version,
        published_at=instant_to_wire(found.header.issued_at),
        epsilon_milli=found.epsilon_milli,
        total=found.total,
        bars=[
            pb.HistogramBar(
                band_id=cell.band_id,
                lower_milli=cell.lower_milli,
                upper_milli=cell.upper_milli,
                count=cell.count,
            )
            for cell in found.cells
        ],
        smallest_shown=found.smallest_shown,
        statement_id=found.header.statement_id,
    )


def _spending(found: PrivacySpending) -> pb.PrivacySpending:
    return pb.PrivacySpending(
        at=instant_to_wire(found.at),
        purpose=found.purpose,
        epsilon_milli=found.epsilon_milli,
        actor=found.actor,
    )
