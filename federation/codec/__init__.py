"""Wire and domain, both directions side by side; here alone the protocol knows generated code.

Each kind of statement is a constant here; `open_envelope` takes one, and so can accept no other.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from google.protobuf.message import Message as WireMessage

from federation import histogram, incentives, standing
from federation import messages as m
from federation.codec import (
    attestations,
    documents,
    incentive_documents,
    partnerships,
    renewals,
    statuses,
)
from federation.codec.documents import scale_reference
from federation.codec.primitives import (
    envelope_from_bytes,
    envelope_from_wire,
    envelope_to_bytes,
    envelope_to_wire,
    instant_from_wire,
    instant_to_wire,
    parse,
    refuse_unknown,
)
from federation.envelope import HasHeader, Statement
from federation.v1 import (
    agreement_pb2,
    attestation_pb2,
    histogram_pb2,
    incentive_pb2,
    partnership_pb2,
    renewal_pb2,
    scale_pb2,
    status_pb2,
    trust_pb2,
)

__all__ = [
    "AGREEMENT",
    "ATTESTATION",
    "ATTESTATION_BATCH",
    "ATTESTATION_REQUEST",
    "DECISIONS",
    "PARTNERSHIP",
    "RENEWAL_REQUEST",
    "SCORE_HISTOGRAM",
    "SCORE_SCALE",
    "STATEMENTS",
    "STATUS_LIST",
    "TRIAL_AGREEMENT",
    "TRUST_BUNDLE",
    "USE_LEASE",
    "USE_RELEASE",
    "USE_REQUEST",
    "envelope_from_bytes",
    "envelope_from_wire",
    "envelope_to_bytes",
    "envelope_to_wire",
    "instant_from_wire",
    "instant_to_wire",
    "refuse_unknown",
    "scale_reference",
]

M = TypeVar("M", bound=HasHeader)
W = TypeVar("W", bound=WireMessage)


def _statement(
    label: str,
    wire_type: type[W],
    from_wire: Callable[[W], M],
    to_wire: Callable[[M], W],
) -> Statement[M]:
    def decode(data: bytes) -> M:
        return from_wire(parse(wire_type, data, where=label))

    def encode(message: M) -> bytes:
        return to_wire(message).SerializeToString(deterministic=True)

    return Statement(label, f"application/vnd.hutong.{label}.v1+protobuf", decode, encode)


TRUST_BUNDLE: Final[Statement[m.TrustBundle]] = _statement(
    "trust-bundle",
    trust_pb2.TrustBundle,
    documents.bundle_from_wire,
    documents.bundle_to_wire,
)
SCORE_SCALE: Final[Statement[m.ScoreScale]] = _statement(
    "score-scale",
    scale_pb2.ScoreScale,
    documents.scale_from_wire,
    documents.scale_to_wire,
)
AGREEMENT: Final[Statement[m.Agreement]] = _statement(
    "agreement",
    agreement_pb2.Agreement,
    documents.agreement_from_wire,
    documents.agreement_to_wire,
)
ATTESTATION_REQUEST: Final[Statement[m.AttestationRequest]] = _statement(
    "attestation-request",
    attestation_pb2.AttestationRequest,
    attestations.request_from_wire,
    attestations.request_to_wire,
)
ATTESTATION: Final[Statement[m.Attestation]] = _statement(
    "attestation",
    attestation_pb2.Attestation,
    attestations.attestation_from_wire,
    attestations.attestation_to_wire,
)
PARTNERSHIP: Final[Statement[m.Partnership]] = _statement(
    "partnership",
    partnership_pb2.Partnership,
    partnerships.partnership_from_wire,
    partnerships.partnership_to_wire,
)
STATUS_LIST: Final[Statement[standing.StatusList]] = _statement(
    "status-list",
    status_pb2.StatusList,
    statuses.status_list_from_wire,
    statuses.status_list_to_wire,
)
RENEWAL_REQUEST: Final[Statement[standing.RenewalRequest]] = _statement(
    "renewal-request",
    renewal_pb2.RenewalRequest,
    renewals.renewal_from_wire,
    renewals.renewal_to_wire,
)
ATTESTATION_BATCH: Final[Statement[standing.AttestationBatch]] = _statement(
    "attestation-batch",
    renewal_pb2.AttestationBatch,
    renewals.batch_from_wire,
    renewals.batch_to_wire,
)
SCORE_HISTOGRAM: Final[Statement[histogram.ScoreHistogram]] = _statement(
    "score-histogram",
    histogram_pb2.ScoreHistogram,
    incentive_documents.histogram_from_wire,
    incentive_documents.histogram_to_wire,
)
DECISIONS: Final[Statement[incentives.Decisions]] = _statement(
    "decisions",
    incentive_pb2.Decisions,
    incentive_documents.decisions_from_wire,
    incentive_documents.decisions_to_wire,
)
USE_REQUEST: Final[Statement[incentives.UseRequest]] = _statement(
    "use-request",
    incentive_pb2.UseRequest,
    incentive_documents.use_request_from_wire,
    incentive_documents.use_request_to_wire,
)
USE_LEASE: Final[Statement[incentives.UseLease]] = _statement(
    "use-lease",
    incentive_pb2.UseLease,
    incentive_documents.use_lease_from_wire,
    incentive_documents.use_lease_to_wire,
)
USE_RELEASE: Final[Statement[incentives.UseRelease]] = _statement(
    "use-release",
    incentive_pb2.UseRelease,
    incentive_documents.use_release_from_wire,
    incentive_documents.use_release_to_wire,
)
# Of its own type, so that no signature under a trial agreement counts under a real one. It is kept
# nowhere, and so is none of the statements that people are shown.
TRIAL_AGREEMENT: Final[Statement[m.Agreement]] = _statement(
    "trial-agreement",
    agreement_pb2.Agreement,
    documents.agreement_from_wire,
    documents.agreement_to_wire,
)

STATEMENTS: Final = (
    TRUST_BUNDLE,
    SCORE_SCALE,
    AGREEMENT,
    ATTESTATION_REQUEST,
    ATTESTATION,
    PARTNERSHIP,
    STATUS_LIST,
    RENEWAL_REQUEST,
    ATTESTATION_BATCH,
    SCORE_HISTOGRAM,
    DECISIONS,
    USE_REQUEST,
    USE_LEASE,
    USE_RELEASE,
)
