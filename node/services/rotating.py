"""A city's keys: rotated before they end, revoked at once, published to every partner.

The trust bundle says which key is used when, and each process of the city follows it by the clock.
Here it is decided what the next bundle says; that it is made safely is the workshop's work.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from federation import codec
from federation.envelope import Envelope, envelope_from_json
from federation.errors import MISSING_SIGNATURE, HutongError
from federation.identifiers import uuid8
from federation.messages import TrustBundle
from node.certificates import validity
from node.errors import FIELD_INVALID, KEYS_CHANGED
from node.keys.planning import Plan, Wanted, due, revocation, rotation
from node.keys.view import KeysView, view
from node.logbook import LogKind
from node.model import Finding, Severity
from node.ports import Keys, Transaction, UnitOfWork
from node.services.answering import Ask, record, recorded
from node.services.findings import restore
from node.services.here import Here
from node.services.key_findings import contact_finding, key_findings

_LOG = structlog.get_logger()


class Work(Protocol):
    """What came of a piece of work."""

    @property
    def bundle(self) -> TrustBundle:
        """The bundle that was made."""

    @property
    def draft(self) -> Path | None:
        """Where it waits for the signatures of root keys that are elsewhere; None: published."""


class Workshop(Protocol):
    """Makes keys and publishes bundles; each call may take a while, and several may be made."""

    contact: str
    """What the settings say of how residents reach the city; "" where they say nothing."""

    def carry_out(
        self,
        plan_of: Callable[[TrustBundle], Plan | None],
        statement_id: str,
        *,
        after: int,
        may_draft: bool,
    ) -> Work | None:
        """Do what is wanted of the bundle `after`, or give what was done under that id before."""

    def publish(self, envelope: Envelope) -> TrustBundle:
        """Publish a draft that enough root keys have signed; once more is no change."""

    def roots_at_hand(self, bundle: TrustBundle) -> int:
        """How many of the root keys that count lie here."""

    def renew_local(self) -> bool:
        """Make the local port's certificate anew where it nears its end."""


Encode = Callable[[KeysView, bytes], bytes]
"""The answer, of the keys as they are now, and the draft in JSON where there is one."""


class KeyDesk:
    """A city's keys, as its operators and its timer change them."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        workshop: Workshop,
        published: Callable[[], None] = lambda: None,
    ) -> None:
        """`published` is called in the event loop once for each new bundle, to tell partners."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._workshop = workshop
        self._published = published
        self._seen = self._bundle().sequence

    def view(self) -> KeysView:
        """The keys as they are now, whichever process changed them."""
        self._keys.reload()
        return view(self._bundle(), self._here.now())

    def local_end(self) -> datetime:
        """When the local port's certificate ends, unless the timer renews it before."""
        return validity(self._keys.local_identity.certificate)[1]

    async def rotate(self, ask: Ask, wanted: Wanted, encode: Encode) -> bytes:
        """Make new keys, publish them, and use them after the lead."""
        return await self._change(
            ask, lambda base: rotation(base, wanted, self._here.now()), "rotate", encode
        )

    async def revoke(self, ask: Ask, identifier: str, reason: str, encode: Encode) -> bytes:
        """End a key or a certificate at once; where it was in use a new one takes over."""
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why, for the record")
        return await self._change(
            ask,
            lambda base: revocation(base, identifier, self._here.now()),
            f"revoke {identifier} {reason}",
            encode,
        )

    async def _change(
        self, ask: Ask, plan_of: Callable[[TrustBundle], Plan], said: str, encode: Encode
    ) -> bytes:
        """The bundle's statement id follows from the request: a repetition finds what was done."""
        found = await self._uow.read(lambda tx: recorded(tx, ask))
        if found is not None:
            return found
        self._keys.reload()
        after = self._bundle().sequence
        statement_id = uuid8(f"keys\0{ask.caller}\0{ask.request_id}".encode())
        work = await asyncio.to_thread(
            self._workshop.carry_out, plan_of, statement_id, after=after, may_draft=True
        )
        if work is None:
            raise TypeError("an operator's plan is never empty")
        draft = b"" if work.draft is None else await asyncio.to_thread(work.draft.read_bytes)
        if not draft:
            self.notice()
        bundle = work.bundle
        return await self._uow.run(lambda tx: self._record(tx, ask, bundle, said, draft, encode))

    async def publish(self, ask: Ask, draft: bytes, encode: Encode) -> bytes:
        """Publish a draft that enough root keys have signed."""
        found = await self._uow.read(lambda tx: recorded(tx, ask))
        if found is not None:
            return found
        envelope = envelope_from_json(draft, where="draft")
        bundle = await asyncio.to_thread(self._workshop.publish, envelope)
        self.notice()
        return await self._uow.run(lambda tx: self._record(tx, ask, bundle, "publish", b"", encode))

    def _record(
        self,
        tx: Transaction,
        ask: Ask,
        bundle: TrustBundle,
        said: str,
        draft: bytes,
        encode: Encode,
    ) -> bytes:
        now = self._here.now()
        content = f"keys {bundle.sequence} {ask.caller} {said}"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content.encode(), now)
        return record(tx, ask, encode(self.view(), draft), now)

    async def tend(self) -> None:
        """What the timer does: renew what nears its end, drop what is over; mostly nothing.

        Where the root keys are elsewhere it cannot, and `findings` says so.
        """
        self.notice()
        bundle, now = self._bundle(), self._here.now()
        if await asyncio.to_thread(self._workshop.renew_local):
            _LOG.info("local_certificate_renewed")
            self._keys.reload()
        contact = self._workshop.contact
        if due(bundle, now, contact) is None:
            return
        try:
            work = await asyncio.to_thread(
                self._workshop.carry_out,
                lambda base: due(base, self._here.now(), contact),
                self._here.new_id(now),
                after=bundle.sequence,
                may_draft=False,
            )
        except HutongError as error:
            # Another process of the city did it; or a person must bring the root keys.
            if error.reason in (KEYS_CHANGED, MISSING_SIGNATURE):
                return
            raise
        if work is not None:
            _LOG.info("trust_bundle_published", sequence=work.bundle.sequence)
            self.notice()

    async def findings(self) -> tuple[Finding, ...]:
        """What `doctor` says of this city's keys."""
        bundle = self._bundle()
        try:
            key_id = self._keys.key_id
            at_hand = await asyncio.to_thread(self._workshop.roots_at_hand, bundle)
        except HutongError as error:
            said = (error.text("zh"), error.text("en"), *restore(error))
            return (Finding("keys", Severity.ERROR, *said),)
        return tuple(key_findings(bundle, key_id, at_hand, self._here.now()))

    def contact(self) -> Finding:
        """What `doctor` says of how residents reach this city."""
        return contact_finding(self._bundle())

    def notice(self) -> None:
        """See what was published since the last look, whichever process did it, and tell of it.

        A call that was cut off after it had published is made good by this too.
        """
        self._keys.reload()
        sequence = self._bundle().sequence
        if sequence != self._seen:
            self._seen = sequence
            self._published()

    def _bundle(self) -> TrustBundle:
        return codec.TRUST_BUNDLE.decode(self._keys.bundle.payload)
