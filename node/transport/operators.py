"""The local port for operators."""

from google.protobuf.message import Message

from node.model import Finding
from node.ports import Transaction
from node.transport import fields
from node.transport.agreements import AgreementCalls
from node.transport.calls import Call
from node.transport.changes import once_for
from node.transport.keys import KeyCalls
from node.transport.partners import PartnerCalls
from node.v1 import operator_service_pb2 as pb


class OperatorServicer(PartnerCalls, AgreementCalls, KeyCalls):
    """node.v1.OperatorService."""

    async def LoadScale(self, call: Call, request: pb.LoadScaleRequest) -> bytes:
        """See the proto."""
        name = fields.free_text(request.file_name, "file_name")

        def act(tx: Transaction) -> Message:
            loaded = self._cases.catalogue.load_scale(tx, name, request.content)
            return pb.LoadScaleResponse(
                scale_id=loaded.name, version=loaded.version, changed=loaded.changed
            )

        answer = await once_for(self._cases, call, request, act)
        # Agreements that map the scale before are not in use until they are amended.
        self._cases.refreshing.nudge()
        return answer

    async def LoadIncentives(self, call: Call, request: pb.LoadIncentivesRequest) -> bytes:
        """See the proto."""
        name = fields.free_text(request.file_name, "file_name")

        def act(tx: Transaction) -> Message:
            loaded = self._cases.catalogue.load_incentives(tx, name, request.content)
            return pb.LoadIncentivesResponse(
                version=loaded.version, incentive_count=loaded.count, changed=loaded.changed
            )

        return await once_for(self._cases, call, request, act)

    async def ExamineNode(self, _call: Call, _request: pb.ExamineNodeRequest) -> Message:
        """See the proto."""
        findings = await self._cases.examining.examine()
        return pb.ExamineNodeResponse(findings=[_finding(finding) for finding in findings])


def _finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        subject=finding.subject,
        severity=pb.Severity.Name(finding.severity.value),
        detail_zh=finding.detail_zh,
        detail_en=finding.detail_en,
        remedy_zh=finding.remedy_zh,
        remedy_en=finding.remedy_en,
        command=finding.command,
    )
