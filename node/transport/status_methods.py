"""The peer port: status lists, brought by home cities and fetched by hosts."""

from collections.abc import AsyncIterator

from google.protobuf.message import Message

from federation import codec
from federation.errors import TOO_LARGE, HutongError
from federation.limits import STATUS_PUSH
from federation.v1 import federation_service_pb2 as pb
from node.services.assembly import UseCases
from node.transport.calls import Call


class StatusMethods:
    """The methods of federation.v1.FederationService on what still stands."""

    _cases: UseCases

    async def GetStatusLists(
        self, call: Call, _request: pb.GetStatusListsRequest
    ) -> AsyncIterator[Message]:
        """See the proto."""
        signed = await self._cases.status_desk.give(call.caller)
        for listed in signed.lists:
            yield pb.GetStatusListsResponse(status_list=codec.envelope_to_wire(listed))

    async def PushStatusLists(self, call: Call, request: pb.PushStatusListsRequest) -> Message:
        """See the proto."""
        count = len(request.status_lists)
        if not 0 < count <= STATUS_PUSH:
            raise HutongError(
                TOO_LARGE, where="status_lists", size=str(count), limit=f"1 to {STATUS_PUSH}"
            )
        lists = [codec.envelope_from_wire(listed) for listed in request.status_lists]
        await self._cases.hearing.receive(call.caller, lists)
        return pb.PushStatusListsResponse()
