"""The home city's side of renewal: many attestations under one signature.

What a host gets for one pseudonym is what it would get for it alone: the same terms, consents and
standings decide, and a refusal tells nothing (rule 4). Nobody is found but by a pseudonym that this
very host was given (rule 2). One batch is worked on at a time, and each partner waits for its own
turn: whoever asks about one resident meanwhile waits for one batch at most (rule 10).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from federation import codec
from federation.agreement import Terms
from federation.codec.templates import (
    AttestationTemplate,
    counting_fields,
    index_fields,
    leaf_hashes,
)
from federation.envelope import Envelope, Verified, seal
from federation.errors import HutongError, Reason
from federation.identifiers import CityCode, uuid7s
from federation.merkle_log import HASH_BYTES, BatchTree
from federation.messages import Attestation, Claim, Disclosure, Header
from federation.scale import Scale
from federation.standing import AttestationBatch, RenewalRequest
from node.attested import BatchItem, Candidate, IssuedBatch
from node.errors import REQUEST_ID_REUSED
from node.logbook import LogKind
from node.model import Use, UseOutcome
from node.ports import Keys, RenewalPortion, Transaction, UnitOfWork
from node.services.asked import Asked
from node.services.batch_answer import NOTHING, BatchAnswer, given_bits, places_of
from node.services.batch_ruling import Rulings, Saying
from node.services.here import Here
from node.services.swapping import Swapping
from node.services.terms import TermsBook

_ID_ENTROPY: Final = 10


class Batching:
    """Answers other cities' renewal requests."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook, swapping: Swapping
    ) -> None:
        """Answer for the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._asked = Asked(here, uow, keys, book, swapping)
        self._own_turn = defaultdict[CityCode, asyncio.Lock](asyncio.Lock)
        self._turn = asyncio.Lock()

    async def renew(self, envelope: Envelope, caller: CityCode) -> AsyncIterator[RenewalPortion]:
        """The results for the pseudonyms of `envelope`, which came from `caller`, in their order.

        1. Open the envelope: signed by the caller, for this city, asked just now.
        2. In one transaction: give the recorded answer to a repeated request; else check the
           terms, rule on each, sign the root of what is attested, and keep it with the refusals
           and the trace.
        3. Prove each attestation to be in the batch.

        Raises:
            HutongError: for what lies with the caller. What lies with a resident is a result.
        """
        # 1.
        now = self._here.now()
        request = await self._asked.opened(envelope, codec.RENEWAL_REQUEST, caller, now)
        # 2.
        async with self._own_turn[caller], self._turn:
            answer = await self._uow.run(lambda tx: self._answer(tx, request, caller))
        # 3.
        for portion in answer.portions():
            yield portion

    def _answer(
        self, tx: Transaction, request: Verified[RenewalRequest], caller: CityCode
    ) -> BatchAnswer:
        # By the clock of the transaction: a consent may have begun while the question waited.
        asked, now = request.message, self._here.now()
        self._asked.check_caller(tx.registry, caller)
        found = tx.batches.answered(caller, asked.header.statement_id)
        if found is not None:
            return _given_again(tx, request, found)
        label = codec.RENEWAL_REQUEST.label
        terms, own = self._asked.terms(tx.registry, asked, label, caller, now)
        return _Batch(self._here, self._keys, request, terms, now).answer(tx, own.scale)


class _Batch:
    """One request on its way to its answer, at one instant."""

    def __init__(
        self,
        here: Here,
        keys: Keys,
        request: Verified[RenewalRequest],
        terms: Terms,
        now: datetime,
    ) -> None:
        self._here = here
        self._keys = keys
        self._request = request
        self._asked = request.message
        self._terms = terms
        self._now = now
        self._until = min(now + terms.attestation_lifetime, terms.valid_until)
        self._template = AttestationTemplate(self._like())

    def answer(self, tx: Transaction, scale: Scale) -> BatchAnswer:
        """Rule on each, by this city's `scale`; sign, keep.

        1. Find whom the pseudonyms stand for.
        2. Rule on each, in order: what is said, or why nothing is.
        3. Make the attestations that are given, and sign the root over them.
        4. Keep everything.
        """
        # 1.
        rulings = Rulings(self._asked, self._terms, scale, self._template.saying)
        chosen = rulings.chosen(tx, self._here, self._now)
        # 2.
        given = list[tuple[Candidate, Saying]]()
        refused = list[tuple[str, Reason]]()
        places = list[int]()
        for pseudonym in self._asked.pseudonyms:
            candidate = chosen.get(pseudonym)
            ruling = rulings.rule(candidate)
            if candidate is not None and isinstance(ruling, Saying):
                places.append(len(given))
                given.append((candidate, ruling))
            elif isinstance(ruling, Reason):
                places.append(NOTHING)
                refused.append((candidate.resident_id if candidate else "", ruling))
        # 3.
        items = self._items(tx, given)
        payloads = [item.statement for item in items]
        leaves = leaf_hashes(codec.ATTESTATION.payload_type, payloads)
        tree = BatchTree(leaves) if leaves else None
        sealed = self._signed(items, tree) if tree else None
        # 4.
        self._keep(tx, sealed, items, leaves, given_bits(places))
        self._keep_refused(tx, refused)
        return BatchAnswer(self._asked.header.statement_id, sealed, places, payloads, tree)

    def _items(self, tx: Transaction, given: Sequence[tuple[Candidate, Saying]]) -> list[BatchItem]:
        if not given:
            return []
        latest, count = self._now + self._terms.attestation_lifetime, len(given)
        indices = tx.statuses.take(self._terms.host, count, latest)
        ids = uuid7s(self._now, self._here.entropy.token(_ID_ENTROPY * count))
        frames: dict[datetime, tuple[datetime, bytes, bytes]] = {}
        items = list[BatchItem]()
        for own_id, index, place, (candidate, saying) in zip(
            ids, indices, index_fields(indices), given, strict=True
        ):
            pseudonym, consent_id, resident_id, _, _, expires_at, _, _, counting, key = candidate
            frame = frames.get(expires_at)
            if frame is None:
                ends = min(self._until, expires_at)
                frame = frames[expires_at] = (ends, *self._template.until(ends))
            ends, before, between = frame
            statement = b"".join(
                (
                    before,
                    own_id.encode(),
                    between,
                    pseudonym,
                    saying.encoded,
                    place,
                    counting_fields(counting, key),
                )
            )
            items.append(
                BatchItem(
                    own_id, resident_id, consent_id, pseudonym, index, ends, saying.claim, statement
                )
            )
        return items

    def _signed(self, items: Sequence[BatchItem], tree: BatchTree) -> Envelope:
        here, now = self._here, self._now
        ends = max(item.expires_at for item in items)
        said = AttestationBatch(
            header=Header(here.new_id(now), here.city, (self._terms.host,), now, ends),
            request_id=self._asked.header.statement_id,
            request_digest=self._request.payload_digest,
            size=tree.size,
            root=tree.root,
        )
        return seal(codec.ATTESTATION_BATCH, said, [self._keys])

    def _keep(
        self,
        tx: Transaction,
        sealed: Envelope | None,
        items: Sequence[BatchItem],
        leaves: Sequence[bytes],
        given: bytes,
    ) -> None:
        # The root commits to each attestation, and the digest beside it to what was asked. Where
        # nothing is given it is the question that is committed to.
        kind, content = LogKind.REFUSED, self._request.envelope.payload
        if sealed is not None:
            kind, content = LogKind.ISSUED, sealed.payload
        batch = IssuedBatch(
            batch_id=self._here.new_id(self._now),
            host=self._terms.host,
            request_id=self._asked.header.statement_id,
            body_digest=self._request.payload_digest,
            envelope=codec.envelope_to_bytes(sealed) if sealed else b"",
            leaf_hashes=b"".join(leaves),
            given=given,
            issued_at=self._now,
            # About nobody: the salt leads to no resident, and the erasure of one spares the others.
            log_sequence=self._here.trace(tx, kind, content, self._now),
        )
        tx.batches.add(batch, items)

    def _keep_refused(self, tx: Transaction, refused: Sequence[tuple[str, Reason]]) -> None:
        for resident_id, reason in refused:
            tx.uses.add(
                Use(
                    use_id=self._here.new_id(self._now),
                    resident_id=resident_id,
                    host=self._terms.host,
                    used_at=self._now,
                    outcome=UseOutcome.REFUSED,
                    scenarios=self._asked.scenarios,
                    disclosure=None,
                    refusal=reason.name,
                )
            )

    def _like(self) -> Attestation:
        """What all of the batch have in common; the rest is said anew for each."""
        terms, asked = self._terms, self._asked
        return Attestation(
            header=Header("", self._here.city, (terms.host,), self._now, self._until),
            request_id=asked.header.statement_id,
            request_digest=self._request.payload_digest,
            pseudonym=asked.pseudonyms[0],
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            scale=terms.scale,
            claim=Claim(Disclosure.THRESHOLD, terms.line_band, None, None, ()),
            scenarios=asked.scenarios,
            as_of=self._now,
            status_index=0,
        )


def _given_again(
    tx: Transaction, request: Verified[RenewalRequest], found: IssuedBatch
) -> BatchAnswer:
    """The first answer to a repeated request.

    What has ended since, and what was said of somebody who was erased, is not given again: the host
    would take it for new.
    """
    asked = request.message
    if found.body_digest != request.payload_digest:
        raise HutongError(REQUEST_ID_REUSED, request_id=asked.header.statement_id)
    statements, joined = tx.batches.statements(found, asked.pseudonyms), found.leaf_hashes
    leaves = [joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)]
    return BatchAnswer(
        asked.header.statement_id,
        codec.envelope_from_bytes(found.envelope) if found.envelope else None,
        places_of(found.given, len(asked.pseudonyms)),
        [statements.get(leaf) for leaf in range(len(leaves))],
        BatchTree(leaves) if leaves else None,
    )
