"""The local port for venues."""

from google.protobuf.message import Message

from federation.codec import envelope_to_bytes, instant_to_wire
from federation.incentives import IncentiveDecision
from node.errors import FIELD_INVALID, HutongError
from node.incentives import Incentive
from node.services.assembly import UseCases
from node.services.checking import Checked, Credential
from node.services.redeeming import offered
from node.transport import fields, texts
from node.transport.calls import Call
from node.transport.changes import encoded
from node.transport.promises import PromiseClosingCalls
from node.transport.redemptions import RedemptionCalls, incentive_to_wire
from node.v1 import venue_service_pb2 as pb


class VenueServicer(RedemptionCalls, PromiseClosingCalls):
    """node.v1.VenueService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def ListIncentives(self, call: Call, request: pb.ListIncentivesRequest) -> Message:
        """See the proto."""
        page = offered(self._cases.uow.registry, call.caller, fields.page_of(request))
        return pb.ListIncentivesResponse(
            incentives=[incentive_to_wire(each) for each in page.items],
            next_page_token=page.next_token,
        )

    async def CheckEligibility(self, call: Call, request: pb.CheckEligibilityRequest) -> bytes:
        """See the proto."""
        return await self._cases.checking.check(
            fields.ask_of(self._cases, call, request),
            call.caller,
            _credential(request),
            tuple(request.incentive_ids),
            lambda checked: encoded(_checked(checked)),
        )


def _credential(request: pb.CheckEligibilityRequest) -> Credential:
    match request.WhichOneof("credential"):
        case "presentation_code":
            return Credential(request.presentation_code, is_pass=False)
        case "visitor_pass":
            return Credential(request.visitor_pass, is_pass=True)
        case _:
            raise HutongError(
                FIELD_INVALID,
                field="credential",
                problem="scan the resident's presentation code or visitor pass",
            )


def _checked(checked: Checked) -> pb.CheckEligibilityResponse:
    notice_zh, notice_en = texts.notice(checked.outcome)
    signed = checked.signed
    return pb.CheckEligibilityResponse(
        outcome=pb.RecognitionOutcome.Name(checked.outcome.value),
        notice_zh=notice_zh,
        notice_en=notice_en,
        home_city=checked.home,
        recognised_band=checked.visitor.band_id if checked.visitor else "",
        decisions=[
            _decision(incentive, said)
            for (_, incentive, _), said in zip(signed.rows, signed.statement.decisions, strict=True)
        ],
        expires_at=instant_to_wire(checked.expires_at),
        visitor_pass=checked.visitor_pass,
        signed_decisions=envelope_to_bytes(signed.envelope),
    )


def _decision(incentive: Incentive, said: IncentiveDecision) -> pb.Decision:
    offline = said.offline_until
    return pb.Decision(
        decision_id=said.decision_id,
        incentive=incentive_to_wire(incentive),
        eligible=said.eligible,
        reason_zh=said.reason_zh,
        reason_en=said.reason_en,
        rule=said.rule,
        change_zh=said.change_zh,
        change_en=said.change_en,
        offline_until=instant_to_wire(offline) if offline else None,
    )
