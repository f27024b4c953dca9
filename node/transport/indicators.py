"""The local port for operators: the indicator catalogue."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator

from google.protobuf.message import Message

from federation.errors import HutongError
from node.errors import FIELD_INVALID, FILE_INVALID
from node.indicators import Indicator, IndicatorCatalogue
from node.ports import Transaction
from node.services.assembly import UseCases
from node.services.indicating import IndicatorFilter, LoadedIndicators
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import once_for
from node.v1 import oversight_service_pb2 as pb


class IndicatorCalls:
    """The methods of node.v1.OversightService on the catalogue."""

    _cases: UseCases

    async def LoadIndicators(
        self, call: Call, parts: AsyncIterator[pb.LoadIndicatorsRequest]
    ) -> bytes:
        """See the proto."""
        whole = await self._joined(parts)
        # Read before the transaction, and beside the loop: others go on meanwhile.
        desk = self._cases.indicating
        read = await asyncio.to_thread(desk.read, whole.file_name, whole.content)

        def act(tx: Transaction) -> Message:
            return _loaded(desk.load(tx, read))

        return await once_for(self._cases, call, whole, act)

    async def _joined(
        self, parts: AsyncIterator[pb.LoadIndicatorsRequest]
    ) -> pb.LoadIndicatorsRequest:
        """The upload as one request; raises FILE_INVALID where it was cut."""
        first: pb.LoadIndicatorsRequest | None = None
        content = bytearray()
        async for part in parts:
            if first is None:
                first = part
                fields.free_text(first.file_name, "file_name")
            elif part.request_id != first.request_id:
                raise HutongError(
                    FIELD_INVALID,
                    field="request_id",
                    problem="it is another than in the first part",
                )
            content += part.content
            self._cases.indicating.check_size(first.file_name, len(content))
        if first is None:
            raise HutongError(FIELD_INVALID, field="content", problem="no part came; send the file")
        whole = bytes(content)
        if hashlib.sha256(whole).digest() != first.sha256:
            raise HutongError(
                FILE_INVALID,
                file=first.file_name,
                where="whole file",
                problem="what came is not what `sha256` stands for: it was cut; send it again",
            )
        return pb.LoadIndicatorsRequest(
            request_id=first.request_id, file_name=first.file_name, content=whole
        )

    async def GetIndicatorCatalogue(
        self, _call: Call, _request: pb.GetIndicatorCatalogueRequest
    ) -> Message:
        """See the proto."""
        return _catalogue(await self._cases.uow.read(self._cases.indicating.catalogue))

    async def ListIndicators(self, _call: Call, request: pb.ListIndicatorsRequest) -> Message:
        """See the proto."""
        page = fields.page_of(request)
        wanted = IndicatorFilter(request.department, request.category, request.contains)
        desk = self._cases.indicating

        def look(tx: Transaction) -> Message:
            found, catalogue = desk.page(tx, wanted, page), desk.catalogue(tx)
            return pb.ListIndicatorsResponse(
                indicators=[_indicator(indicator, catalogue) for indicator in found.items],
                next_page_token=found.next_token,
            )

        return await self._cases.uow.read(look)


def _loaded(loaded: LoadedIndicators) -> pb.LoadIndicatorsResponse:
    catalogue = loaded.catalogue
    kinds = [area.kind.value for area in catalogue.areas.values()]
    return pb.LoadIndicatorsResponse(
        version=catalogue.version,
        changed=loaded.changed,
        department_count=len(catalogue.departments),
        district_count=kinds.count("district"),
        zone_count=kinds.count("zone"),
        category_count=len(catalogue.categories),
        indicator_count=len(catalogue.indicators),
        resident_count=loaded.resident_count,
        lost_indicators=[
            pb.LostIndicator(
                indicator_id=lost.indicator.indicator_id,
                name_zh=lost.indicator.name_zh,
                name_en=lost.indicator.name_en,
                record_count=lost.record_count,
            )
            for lost in loaded.lost
        ],
    )


def _catalogue(found: IndicatorCatalogue) -> pb.GetIndicatorCatalogueResponse:
    rules = found.rules
    return pb.GetIndicatorCatalogueResponse(
        version=found.version,
        departments=[
            pb.CatalogueEntry(id=key, name_zh=each.name_zh, name_en=each.name_en)
            for key, each in found.departments.items()
        ],
        areas=[
            pb.CatalogueEntry(
                id=key, name_zh=each.name_zh, name_en=each.name_en, kind=each.kind.value
            )
            for key, each in found.areas.items()
        ],
        categories=[
            pb.CatalogueEntry(
                id=key, name_zh=each.name_zh, name_en=each.name_en, kind=each.dimension.value
            )
            for key, each in found.categories.items()
        ],
        indicator_count=len(found.indicators),
        source=found.source,
        illustrative=found.illustrative,
        disputed_count=rules.disputed_count,
        objection_days=rules.objection_days,
        repair_days=rules.repair_days,
        appeal_days=rules.appeal_days,
        content_zlib=zlib.compress(found.content.encode()),
        promise_kept=rules.promise_kept or "",
        promise_broken=rules.promise_broken or "",
    )


def _indicator(found: Indicator, catalogue: IndicatorCatalogue) -> pb.Indicator:
    return pb.Indicator(
        indicator_id=found.indicator_id,
        category=found.category_id,
        name_zh=found.name_zh,
        name_en=found.name_en,
        departments=found.departments,
        dimension=catalogue.categories[found.category_id].dimension.value,
        effect_milli=found.effect_milli,
        legal_basis=found.legal_basis,
        disclosure_class=found.disclosure_class.value,
        retention_months=found.retention_months,
        attestable=found.attestable,
        commendation=found.commendation or "",
        severity=found.severity.value if found.severity else "",
        repair_after_months=found.repair_after_months,
    )
