"""A node that answers RequestAttestation with a part of its safeties: for `scripts/bench safeties`.

It is no setting of a node, and there is none. What a level does is the node's own code; what the
levels above it add is left out. Whoever asks gets an answer that says nothing of anybody.
"""

import sys
from datetime import datetime
from typing import Final

from federation import codec
from federation.envelope import Envelope, Verified, seal
from federation.identifiers import CityCode
from federation.messages import Attestation, AttestationRequest, Claim, Disclosure
from node.cli import main
from node.logbook import LogKind
from node.ports import Transaction
from node.services import assembly
from node.services.answering import Ask, record, recorded
from node.services.asked import GIVEN, told
from node.services.attesting import Attesting

_NOBODY: Final = bytes(32)


class Echoing(Attesting):
    """The node's port alone: who calls, and what is asked; the question is the answer."""

    async def attest(self, envelope: Envelope, caller: CityCode) -> bytes:  # noqa: ARG002 - as there
        """The same envelope."""
        return codec.envelope_to_bytes(envelope)


class Signing(Attesting):
    """And signatures: the question is opened, the answer is signed."""

    async def attest(self, envelope: Envelope, caller: CityCode) -> bytes:
        """An attestation of nothing."""
        now = self._here.now()
        request = await self._asked.opened(envelope, codec.ATTESTATION_REQUEST, caller, now)
        return codec.envelope_to_bytes(self._sealed(request, caller, now))

    def _sealed(
        self, request: Verified[AttestationRequest], caller: CityCode, now: datetime
    ) -> Envelope:
        asked, label = request.message, codec.ATTESTATION_REQUEST.label
        terms = self._asked.agreed(self._uow.registry, asked, label, caller, now)
        said = Attestation(
            header=self._here.header((caller,), now, terms.attestation_lifetime),
            request_id=asked.header.statement_id,
            request_digest=request.payload_digest,
            pseudonym=asked.pseudonym or _NOBODY,
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            scale=terms.scale,
            claim=Claim(Disclosure.THRESHOLD, terms.line_band, None, None, ()),
            scenarios=asked.scenarios,
            as_of=now,
            status_index=0,
        )
        return seal(codec.ATTESTATION, said, [self._keys])


class Keeping(Signing):
    """And durability: the answer is kept, and given again to whoever repeats the question."""

    async def attest(self, envelope: Envelope, caller: CityCode) -> bytes:
        """An attestation of nothing, once it is on the disk."""
        now = self._here.now()
        request = await self._asked.opened(envelope, codec.ATTESTATION_REQUEST, caller, now)
        return told(await self._uow.run(lambda tx: self._kept(tx, request, caller, now)))

    def _kept(
        self,
        tx: Transaction,
        request: Verified[AttestationRequest],
        caller: CityCode,
        now: datetime,
    ) -> bytes:
        ask = Ask(caller, request.message.header.statement_id, request.payload_digest)
        found = recorded(tx, ask)
        if found is not None:
            return found
        sealed = self._sealed(request, caller, now)
        self._traced(tx, sealed, now)
        return record(tx, ask, GIVEN + codec.envelope_to_bytes(sealed), now)

    def _traced(self, tx: Transaction, sealed: Envelope, now: datetime) -> None:
        """No trace yet."""


class Logging(Keeping):
    """And the log: a salted commitment in the Merkle tree."""

    def _traced(self, tx: Transaction, sealed: Envelope, now: datetime) -> None:
        self._here.trace(tx, LogKind.ISSUED, sealed.payload, now)


LEVELS: Final = {
    "port": Echoing,
    "signature": Signing,
    "durability": Keeping,
    "log": Logging,
    "rules": Attesting,
}

if __name__ == "__main__":
    setattr(assembly, "Attesting", LEVELS[sys.argv.pop(1)])  # noqa: B010 - mypy knows no such thing
    sys.exit(main())
