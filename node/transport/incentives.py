"""The local port for operators: what another catalogue of incentives would change."""

import asyncio

from google.protobuf.message import Message

from node.services.assembly import UseCases
from node.services.catalogue_diff import Difference
from node.transport import fields
from node.transport.calls import Call
from node.v1 import incentive_service_pb2 as pb


class CatalogueDiffCalls:
    """The part of node.v1.IncentiveService on catalogues."""

    _cases: UseCases

    async def DiffIncentives(self, _call: Call, request: pb.DiffIncentivesRequest) -> Message:
        """See the proto."""
        name = fields.free_text(request.file_name, "file_name")
        desk, registry = self._cases.catalogue, self._cases.uow.registry
        # Beside the loop: it decides for many kinds of people, and others go on meanwhile.
        diff = await asyncio.to_thread(desk.diff_incentives, registry, name, request.content)
        return pb.DiffIncentivesResponse(
            version=diff.version,
            added=diff.added,
            removed=diff.removed,
            changed=diff.changed,
            differences=[_difference(each) for each in diff.differences],
        )


def _difference(found: Difference) -> pb.IncentiveDifference:
    return pb.IncentiveDifference(
        incentive_id=found.incentive_id,
        change=f"INCENTIVE_CHANGE_{'GAINS' if found.gains else 'LOSES'}",
        home_city=found.home,
        bands=found.bands,
        commended=found.commended,
    )
