"""The question about a resident, and its answer."""

from typing import Final

from federation import messages as m
from federation.codec.documents import (
    DISCLOSURES,
    DISCLOSURES_WIRE,
    reference_from_wire,
    reference_to_wire,
)
from federation.codec.primitives import (
    from_enum,
    header_from_wire,
    header_to_wire,
    instant_from_wire,
    instant_to_wire,
    require,
)
from federation.errors import MALFORMED, HutongError
from federation.identifiers import uuid_text
from federation.v1 import attestation_pb2

_COUNTING: Final = {
    attestation_pb2.USE_COUNTING_UNSPECIFIED: m.UseCounting.NONE,
    attestation_pb2.USE_COUNTING_ANONYMOUS: m.UseCounting.ANONYMOUS,
    attestation_pb2.USE_COUNTING_CLASS: m.UseCounting.CLASS,
}
_COUNTING_WIRE: Final = {domain: wire for wire, domain in _COUNTING.items()}


def request_to_wire(
    request: m.AttestationRequest,
) -> attestation_pb2.AttestationRequest:
    """The request as it travels."""
    return attestation_pb2.AttestationRequest(
        header=header_to_wire(request.header),
        agreement_id=request.agreement_id,
        agreement_version=request.agreement_version,
        presentation_code=request.presentation_code,
        pseudonym=request.pseudonym,
        scenarios=request.scenarios,
        disclosure=DISCLOSURES_WIRE[request.disclosure],
    )


def request_from_wire(wire: attestation_pb2.AttestationRequest) -> m.AttestationRequest:
    """The request as it came; raises MALFORMED."""
    subject = wire.WhichOneof("subject")
    return m.AttestationRequest(
        header=header_from_wire(wire.header),
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        agreement_version=wire.agreement_version,
        presentation_code=wire.presentation_code if subject == "presentation_code" else None,
        pseudonym=wire.pseudonym if subject == "pseudonym" else None,
        scenarios=tuple(wire.scenarios),
        disclosure=from_enum(DISCLOSURES, wire.disclosure, where="disclosure"),
    )


def attestation_to_wire(attestation: m.Attestation) -> attestation_pb2.Attestation:
    """The attestation as it travels."""
    return attestation_pb2.Attestation(
        header=header_to_wire(attestation.header),
        request_id=attestation.request_id,
        request_digest=attestation.request_digest,
        pseudonym=attestation.pseudonym,
        agreement_id=attestation.agreement_id,
        agreement_version=attestation.agreement_version,
        scale=reference_to_wire(attestation.scale),
        claim=claim_to_wire(attestation.claim),
        scenarios=attestation.scenarios,
        as_of=instant_to_wire(attestation.as_of),
        status_index=attestation.status_index,
        counting=_COUNTING_WIRE[attestation.counting],
        use_commitment=attestation.use_commitment,
    )


def attestation_from_wire(wire: attestation_pb2.Attestation) -> m.Attestation:
    """The attestation as it came; raises MALFORMED."""
    require(wire, "as_of", where="attestation")
    return m.Attestation(
        header=header_from_wire(wire.header),
        request_id=uuid_text(wire.request_id, where="request_id"),
        request_digest=wire.request_digest,
        pseudonym=wire.pseudonym,
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        agreement_version=wire.agreement_version,
        scale=reference_from_wire(wire.scale),
        claim=_claim_from_wire(wire.claim),
        scenarios=tuple(wire.scenarios),
        as_of=instant_from_wire(wire.as_of, where="as_of"),
        status_index=wire.status_index,
        counting=from_enum(_COUNTING, wire.counting, where="counting"),
        use_commitment=wire.use_commitment,
    )


def claim_to_wire(claim: m.Claim) -> attestation_pb2.Claim:
    """The claim as it travels."""
    wire = attestation_pb2.Claim(commendations=claim.commendations)
    if claim.disclosure is m.Disclosure.THRESHOLD:
        wire.threshold.line_band = claim.line_band or ""
    elif claim.disclosure is m.Disclosure.BAND:
        wire.band.band_id = claim.band_id or ""
    else:
        wire.score.band_id = claim.band_id or ""
        wire.score.score_milli = claim.score_milli or 0
    return wire


def _claim_from_wire(wire: attestation_pb2.Claim) -> m.Claim:
    commendations = tuple(wire.commendations)
    match wire.WhichOneof("level"):
        case "threshold":
            line = wire.threshold.line_band
            return m.Claim(m.Disclosure.THRESHOLD, line, None, None, commendations)
        case "band":
            return m.Claim(m.Disclosure.BAND, None, wire.band.band_id, None, commendations)
        case "score":
            score = wire.score
            return m.Claim(
                m.Disclosure.SCORE,
                None,
                score.band_id,
                score.score_milli,
                commendations,
            )
        case _:
            raise HutongError(MALFORMED, where="claim", problem="it claims nothing")
