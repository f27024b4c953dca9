"""Every statement, as one type."""

from federation.histogram import ScoreHistogram
from federation.incentives import Decisions, UseLease, UseRelease, UseRequest
from federation.messages import (
    Agreement,
    Attestation,
    AttestationRequest,
    Partnership,
    ScoreScale,
    TrustBundle,
)
from federation.standing import AttestationBatch, RenewalRequest, StatusList

Message = (
    TrustBundle
    | ScoreScale
    | Agreement
    | AttestationRequest
    | Attestation
    | Partnership
    | StatusList
    | RenewalRequest
    | AttestationBatch
    | ScoreHistogram
    | Decisions
    | UseRequest
    | UseLease
    | UseRelease
)
