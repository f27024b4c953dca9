"""Statements on what still stands, from fixed seeds: status lists, renewals, batches."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from federation.codec import ATTESTATION, ATTESTATION_BATCH, RENEWAL_REQUEST, STATUS_LIST
from federation.envelope import (
    BatchedPayload,
    Envelope,
    Verified,
    open_envelope,
    pae,
    seal,
)
from federation.merkle_log import BatchTree, leaf_hash
from federation.messages import Disclosure
from federation.pseudonym import pairwise_pseudonym
from federation.standing import AttestationBatch, RenewalRequest, StatusList
from federation.status_list import bits_of
from tests.federation.make import (
    HANGZHOU,
    NOW,
    PSEUDONYM,
    SCENARIOS,
    ZHENGZHOU,
    agreement,
    attestation,
    header,
    ring,
    signer,
)

OTHER_PSEUDONYM = pairwise_pseudonym(b"another one's secret of 32 bytes", HANGZHOU)


def status_list(places: Sequence[int] = (7, 4711, 65_535), sequence: int = 3) -> StatusList:
    """What Zhengzhou tells Hangzhou: three of the second list no longer stand."""
    return StatusList(
        header=header(f"status list {sequence}", ZHENGZHOU, HANGZHOU),
        list_number=1,
        sequence=sequence,
        bits=bits_of(places),
        time_to_live=timedelta(minutes=30),
    )


def renewal_request() -> RenewalRequest:
    """What Hangzhou asks Zhengzhou, about two residents."""
    return RenewalRequest(
        header=header("renewal", HANGZHOU, ZHENGZHOU, life=timedelta(seconds=60)),
        agreement_id=agreement().agreement_id,
        agreement_version=1,
        scenarios=SCENARIOS,
        disclosure=Disclosure.BAND,
        pseudonyms=(PSEUDONYM, OTHER_PSEUDONYM),
    )


def renewed(count: int = 5) -> list[bytes]:
    """So many attestations, each of a place of its own."""
    said = (replace(attestation(), status_index=100 + place) for place in range(count))
    return [ATTESTATION.encode(each) for each in said]


class Batch:
    """What Zhengzhou signs at once: some payloads, and the tree over them."""

    def __init__(
        self, payloads: Sequence[bytes] = (), payload_type: str = ATTESTATION.payload_type
    ) -> None:
        self.payloads = payloads or renewed()
        self.tree = BatchTree([leaf_hash(pae(payload_type, each)) for each in self.payloads])
        asked = RENEWAL_REQUEST.encode(renewal_request())
        self.message = AttestationBatch(
            header=header("batch", ZHENGZHOU, HANGZHOU),
            request_id=renewal_request().header.statement_id,
            request_digest=hashlib.sha256(asked).digest(),
            size=len(self.payloads),
            root=self.tree.root,
        )
        self.envelope = seal(ATTESTATION_BATCH, self.message, [signer(ZHENGZHOU)])

    def opened(self) -> Verified[AttestationBatch]:
        """The batch as Hangzhou opens it."""
        rings = [ring(ZHENGZHOU)]
        return open_envelope(
            self.envelope, ATTESTATION_BATCH, signed_by=rings, audience=HANGZHOU, now=NOW
        )

    def item(self, place: int) -> BatchedPayload:
        """One of it, with its proof."""
        return BatchedPayload(self.payloads[place], place, self.tree.proof(place))


def sealed_lasting(message: StatusList | RenewalRequest | AttestationBatch) -> Envelope:
    """The statement, signed as it must be."""
    match message:
        case StatusList():
            return seal(STATUS_LIST, message, [signer(ZHENGZHOU)])
        case RenewalRequest():
            return seal(RENEWAL_REQUEST, message, [signer(HANGZHOU)])
        case AttestationBatch():
            return seal(ATTESTATION_BATCH, message, [signer(ZHENGZHOU)])
