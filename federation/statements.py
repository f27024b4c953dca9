"""Every statement, as one type."""

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
)
