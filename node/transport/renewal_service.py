"""The local port for operators: this city as host renews what it recognised, before it ends."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from google.protobuf.message import Message

from federation.identifiers import city_code
from node.services.assembly import UseCases
from node.services.renewing import Progress
from node.transport.calls import Call
from node.v1 import renewal_service_pb2 as pb


class RenewalServicer:
    """node.v1.RenewalService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def RenewRecognitions(
        self, _call: Call, request: pb.RenewRecognitionsRequest
    ) -> AsyncGenerator[Message, None]:
        """See the proto. Where the caller goes meanwhile, the next call goes on from there."""
        home = city_code(request.home_city, where="home_city") if request.home_city else None
        async with aclosing(self._cases.renewing.renew(home, everybody=request.all)) as told:
            async for progress in told:
                yield _response(progress)

    async def GetRenewals(self, _call: Call, _request: pb.GetRenewalsRequest) -> Message:
        """See the proto."""
        found = await self._cases.uow.read(self._cases.renewing.standing)
        return pb.GetRenewalsResponse(
            cities=[
                pb.RenewalsOfCity(home_city=each.home, standing=each.standing, due=each.due)
                for each in found
            ]
        )


def _response(progress: Progress) -> Message:
    problem = progress.problem
    return pb.RenewRecognitionsResponse(
        total=progress.total,
        renewed=progress.renewed,
        ended=progress.ended,
        failed=progress.failed,
        done=progress.done,
        problem_zh=problem.text("zh") if problem else "",
        problem_en=problem.text("en") if problem else "",
    )
