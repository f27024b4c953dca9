"""The local port for operators: how two scales relate, and whether equals are treated alike."""

import asyncio
from collections.abc import Iterator

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.concordance_table import Row
from federation.distribution import Distribution
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import CONCORDANCE_DEGREE
from federation.messages import ScoreScale
from node.errors import FIELD_INVALID
from node.services.assembly import UseCases
from node.services.concordances import REFUSED_TEXTS
from node.services.fairness_report import BandFairness, IncentiveFairness
from node.transport import fields
from node.transport.calls import Call
from node.v1 import incentive_service_pb2 as pb


class ConcordanceCalls:
    """The part of node.v1.IncentiveService on concordances and fairness."""

    _cases: UseCases

    async def BuildConcordance(self, _call: Call, request: pb.BuildConcordanceRequest) -> Message:
        """See the proto."""
        home = fields.city(request.home_city, "home_city")
        here = self._cases.here.city
        host = fields.city(request.host_city, "host_city") if request.host_city else here
        if request.degree > CONCORDANCE_DEGREE:
            raise HutongError(
                FIELD_INVALID, field="degree", problem=f"from 0 to {CONCORDANCE_DEGREE}"
            )
        degree = 0 if request.raw else request.degree or None
        desk = self._cases.concordances
        gather = desk.agreed if request.agreed else desk.sides
        sides = await self._cases.uow.read(lambda tx: gather(tx, home, host))
        # Fits of large histograms take a while: beside the loop, others go on meanwhile.
        table = await asyncio.to_thread(sides.table, degree)
        ends = sides.valid_until
        return pb.BuildConcordanceResponse(
            rows=map(_row, table.rows),
            degree=table.degree,
            home=_curve(home, table.home, table.home_smoothed),
            host=_curve(host, table.host, table.host_smoothed),
            names=_names(sides.home.scale, sides.host.scale),
            valid_until=instant_to_wire(ends) if ends else None,
        )

    async def GetFairness(self, _call: Call, request: pb.GetFairnessRequest) -> Message:
        """See the proto."""
        home = fields.city(request.home_city, "home_city") if request.home_city else None
        found = await self._cases.uow.read(lambda tx: self._cases.fairness.report(tx, home))
        return pb.GetFairnessResponse(
            bands=map(_band, found.bands),
            incentives=map(_incentive, found.incentives),
            names=_names(*found.scales),
        )


def _row(row: Row) -> pb.ConcordanceRow:
    zh, en = REFUSED_TEXTS[row.refusal] if row.refusal else ("", "")
    return pb.ConcordanceRow(
        home_score=row.home,
        host_score=row.host,
        error=row.error,
        rank=row.rank,
        refused_zh=zh,
        refused_en=en,
        home_band=row.home_band,
        host_band=row.host_band,
    )


def _curve(city: CityCode, published: Distribution, smoothed: Distribution) -> pb.Curve:
    return pb.Curve(
        city=city,
        edges=published.edges,
        counts=published.counts,
        smoothed=smoothed.counts,
        total=published.total,
    )


def _names(*scales: ScoreScale) -> Iterator[pb.BandName]:
    for scale in scales:
        for band in scale.bands:
            yield pb.BandName(
                city=scale.header.issuer,
                band_id=band.band_id,
                name_zh=band.name_zh,
                name_en=band.name_en,
            )


def _band(found: BandFairness) -> pb.BandFairness:
    zh, en = found.texts
    return pb.BandFairness(
        home_city=found.home,
        home_band=found.home_band,
        host_band=found.host_band or "",
        count=found.count,
        equal_low=found.equal_low,
        equal_high=found.equal_high,
        verdict=found.treatment.value,
        text_zh=zh,
        text_en=en,
    )


def _incentive(found: IncentiveFairness) -> pb.IncentiveFairness:
    return pb.IncentiveFairness(
        home_city=found.home,
        incentive_id=found.incentive_id,
        bands=found.bands,
        count=found.count,
        total=found.total,
    )
