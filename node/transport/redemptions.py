"""Places that are held, and uses, as venues make them."""

from datetime import datetime

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.incentives import Incentive
from node.ports import Transaction
from node.redemptions import Reservation
from node.services.assembly import UseCases
from node.services.redeeming import Redeemed
from node.services.reserving import Wanted
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import encoded, once_for
from node.v1 import venue_service_pb2 as pb


class RedemptionCalls:
    """The part of node.v1.VenueService on reservations and redemptions."""

    _cases: UseCases

    async def Redeem(self, call: Call, request: pb.RedeemRequest) -> bytes:
        """See the proto."""
        decision_id = fields.identifier(request.decision_id, "decision_id")
        promise_id = _promise(request.promise_id)
        used_at = _used_at(request)

        def act(tx: Transaction) -> Message:
            redeemed = self._cases.redeeming.redeem(
                tx,
                call.caller,
                decision_id,
                promise_id,
                visitor_pass=request.visitor_pass,
                used_at=used_at,
            )
            return pb.RedeemResponse(
                redemption_id=redeemed.redemption.redemption_id,
                incentive=_incentive(redeemed),
                redeemed_at=instant_to_wire(redeemed.redemption.redeemed_at),
            )

        return await once_for(self._cases, call, request, act)

    async def Reserve(self, call: Call, request: pb.ReserveRequest) -> bytes:
        """See the proto."""
        wanted = Wanted(
            fields.identifier(request.decision_id, "decision_id"),
            visitor_pass=request.visitor_pass,
            use_key=request.use_key,
        )
        return await self._cases.reserving.reserve(
            fields.ask_of(self._cases, call, request),
            call.caller,
            wanted,
            lambda held: encoded(pb.ReserveResponse(reservation=_reservation(held))),
        )

    async def Confirm(self, call: Call, request: pb.ConfirmRequest) -> bytes:
        """See the proto."""
        reservation_id = fields.identifier(request.reservation_id, "reservation_id")
        promise_id = _promise(request.promise_id)

        def act(tx: Transaction) -> Message:
            redeemed = self._cases.redeeming.confirm(tx, call.caller, reservation_id, promise_id)
            return pb.ConfirmResponse(
                reservation=_reservation(redeemed.reservation), incentive=_incentive(redeemed)
            )

        return await once_for(self._cases, call, request, act)

    async def Release(self, call: Call, request: pb.ReleaseRequest) -> bytes:
        """See the proto."""
        reservation_id = fields.identifier(request.reservation_id, "reservation_id")

        def act(tx: Transaction) -> Message:
            released = self._cases.redeeming.release(tx, call.caller, reservation_id)
            return pb.ReleaseResponse(reservation=_reservation(released))

        return await once_for(self._cases, call, request, act)

    async def ListMyRedemptions(self, call: Call, request: pb.ListMyRedemptionsRequest) -> Message:
        """See the proto."""
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.redeeming.page(tx, call.caller, wanted)
        )
        return pb.ListMyRedemptionsResponse(
            redemptions=[pb.VenueRedemption(reservation=_reservation(each)) for each in page.items],
            next_page_token=page.next_token,
        )


def incentive_to_wire(incentive: Incentive) -> pb.Incentive:
    """An incentive as venues see it."""
    return pb.Incentive(
        incentive_id=incentive.incentive_id,
        scenario=incentive.scenario,
        benefit_zh=incentive.benefit_zh,
        benefit_en=incentive.benefit_en,
        minimum_band=incentive.minimum_band or "",
    )


def _promise(promise_id: str) -> str:
    return fields.identifier(promise_id, "promise_id") if promise_id else ""


def _used_at(request: pb.RedeemRequest) -> datetime | None:
    return fields.instant(request, "used_at") if request.HasField("used_at") else None


def _incentive(redeemed: Redeemed) -> pb.Incentive:
    """Of one that is offered no more only the id is known."""
    if redeemed.incentive is None:
        return pb.Incentive(incentive_id=redeemed.reservation.incentive_id)
    return incentive_to_wire(redeemed.incentive)


def _reservation(reservation: Reservation) -> pb.Reservation:
    closed, counted = reservation.closed_at, reservation.lease_until
    return pb.Reservation(
        reservation_id=reservation.reservation_id,
        decision_id=reservation.decision_id,
        incentive_id=reservation.incentive_id,
        state=f"RESERVATION_STATE_{reservation.state.name}",
        reserved_at=instant_to_wire(reservation.reserved_at),
        expires_at=instant_to_wire(reservation.expires_at),
        closed_at=instant_to_wire(closed) if closed else None,
        redemption_id=reservation.redemption_id,
        counted_until=instant_to_wire(counted) if counted else None,
    )
