"""The home city's side of uses that are limited over the whole federation: it counts them.

It is the one arbiter: a use is open at a host only while a lease of the home city lasts. It counts
by labels that tell it no kind, and hears of no venue and of no incentive; the kind is named only
where the consent says so. How many may be in use at once is the asking host's to say, for itself:
one that says 1 is given none while there is one anywhere; another's 2 does not change that.

A lease is given for as long as it was asked for, under a consent that lives. It outlives the
consent: withdrawing, or the consent's end, ends nothing that is in use, and lets nothing new begin.
Else the count would end before the use does, and a second one could begin. By the home city's clock
a lease counts a minute longer than it says, for the host's clock may be behind.

A refusal tells nothing (rule 4), as in `attesting`: limit reached, no such consent, nobody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation import codec
from federation.envelope import Envelope, Verified, seal
from federation.errors import Reason
from federation.identifiers import CityCode
from federation.incentives import UseLease, UseRelease, UseRequest
from federation.limits import CLOCK_SKEW, REQUEST_LIFETIME
from federation.messages import Header, UseCounting
from node.logbook import LogKind
from node.model import Page, PageRequest, Subject, Use, UseOutcome
from node.ports import Keys, Transaction, UnitOfWork
from node.redemptions import CountedUse
from node.refusals import (
    REFUSED_CONSENT_ENDED,
    REFUSED_GIVEN_BACK,
    REFUSED_NOT_COUNTED,
    REFUSED_UNKNOWN,
    REFUSED_USES_AT_MOST,
)
from node.services.answering import Ask, record, recorded
from node.services.asked import GIVEN, REFUSED, Asked, told
from node.services.here import Here
from node.services.standing import find_resident
from node.services.swapping import Swapping
from node.services.terms import TermsBook

# A release that comes before its request is kept until the request cannot come any more.
_TOMBSTONE: Final = 2 * (REQUEST_LIFETIME + CLOCK_SKEW)
_NO_LABEL: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class _Ruling:
    """Whom a request is about, and the reason not to count it."""

    subject: Subject
    refusal: Reason | None


class Counting:
    """Counts uses for hosts, and takes them back."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook, swapping: Swapping
    ) -> None:
        """Count for the residents of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._asked = Asked(here, uow, keys, book, swapping)

    async def grant(self, envelope: Envelope, caller: CityCode) -> bytes:
        """The binary envelope of the lease that answers `envelope`, which came from `caller`.

        1. Open the envelope: signed by the caller, for this city, asked just now.
        2. In one transaction: give the recorded answer to a repeated request; else check the
           terms, find whom it is about, count, sign, and keep the lease, the trace and the answer.

        Raises:
            HutongError: NOT_RECOGNISED for every reason that lies with the resident; others for
                those that lie with the caller.
        """
        # 1.
        now = self._here.now()
        request = await self._asked.opened(envelope, codec.USE_REQUEST, caller, now)
        # 2.
        return told(await self._uow.run(lambda tx: self._answer(tx, request, caller)))

    def _answer(self, tx: Transaction, request: Verified[UseRequest], caller: CityCode) -> bytes:
        # By the clock of the transaction: a consent may have begun while the question waited.
        asked, now = request.message, self._here.now()
        lease_id = asked.header.statement_id
        self._asked.check_caller(tx.registry, caller)
        ask = Ask(caller, lease_id, request.payload_digest)
        found, known = recorded(tx, ask), tx.leases.get(lease_id)
        if found is not None:
            # What was given back since is not given again: nothing counts it any more.
            is_over = known is None or known.released_at is not None
            return REFUSED + found[1:] if is_over else found
        self._asked.agreed(tx.registry, asked, codec.USE_REQUEST.label, caller, now)
        ruling = self._rule(tx, asked, caller, known, now)
        said = UseLease(
            Header(self._here.new_id(now), self._here.city, (caller,), now, asked.until),
            request_id=lease_id,
            request_digest=request.payload_digest,
            until=asked.until,
        )
        # A refusal signs a decoy that never leaves this city.
        sealed = seal(codec.USE_LEASE, said, [self._keys])
        self._keep(tx, asked, caller, ruling, sealed, now)
        kind = REFUSED if ruling.refusal else GIVEN
        about = ruling.subject.resident.resident_id
        return record(tx, ask, kind + codec.envelope_to_bytes(sealed), now, about)

    def _rule(
        self,
        tx: Transaction,
        asked: UseRequest,
        host: CityCode,
        known: CountedUse | None,
        now: datetime,
    ) -> _Ruling:
        # Everything is worked out for everybody, nobody too, before anything is refused (rule 4).
        subjects = tx.consents.by_pseudonym(host, asked.pseudonym)
        subject = max(subjects, key=lambda each: _counts(each, asked, now))
        in_use = tx.leases.live(subject.resident.resident_id, asked.label, now - CLOCK_SKEW)
        if known is not None:
            return _Ruling(subject, REFUSED_GIVEN_BACK)
        if subject.is_nobody:
            return _Ruling(subject, REFUSED_UNKNOWN)
        if not any(each.consent.stands_at(now) for each in subjects):
            return _Ruling(subject, REFUSED_CONSENT_ENDED)
        if not _counts(subject, asked, now):
            return _Ruling(subject, REFUSED_NOT_COUNTED)
        return _Ruling(subject, REFUSED_USES_AT_MOST if in_use >= asked.most else None)

    def _keep(
        self,
        tx: Transaction,
        asked: UseRequest,
        host: CityCode,
        ruling: _Ruling,
        sealed: Envelope,
        now: datetime,
    ) -> None:
        subject, refusal = ruling.subject, ruling.refusal
        resident_id, lease_id = subject.resident.resident_id, asked.header.statement_id
        kind = LogKind.REFUSED if refusal else LogKind.ISSUED
        self._here.trace(tx, kind, sealed.payload, now, subject=resident_id)
        if refusal is None:
            tx.leases.add(
                CountedUse(
                    lease_id=lease_id,
                    resident_id=resident_id,
                    consent_id=subject.consent.consent_id,
                    host=host,
                    label=asked.label,
                    use_class=asked.use_class,
                    granted_at=now,
                    until=asked.until,
                )
            )
            return
        tx.uses.add(
            Use(
                use_id=self._here.new_id(now),
                resident_id=resident_id,
                host=host,
                used_at=now,
                outcome=UseOutcome.REFUSED,
                scenarios=(),
                disclosure=None,
                refusal=refusal.name,
            )
        )

    async def release(self, envelope: Envelope, caller: CityCode) -> None:
        """Take a use back. Whatever is known of it, the answer is the same.

        No agreement need be in force any more. A request that comes later than its release is
        refused.
        """
        now = self._here.now()
        release = await self._asked.opened(envelope, codec.USE_RELEASE, caller, now)
        await self._uow.run(lambda tx: self._release(tx, release, caller))

    def _release(self, tx: Transaction, release: Verified[UseRelease], caller: CityCode) -> None:
        self._asked.check_caller(tx.registry, caller)
        lease_id, now = release.message.lease_id, self._here.now()
        known = tx.leases.get(lease_id)
        about = ""
        if known is None:
            tx.leases.add(
                CountedUse(lease_id, "", "", caller, _NO_LABEL, "", now, now + _TOMBSTONE, now)
            )
        elif tx.leases.release(lease_id, caller, now):
            about = known.resident_id
        self._here.trace(tx, LogKind.RECEIVED, release.envelope.payload, now, subject=about)

    def leases(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[CountedUse]:
        """The uses of a resident that were counted, the newest first."""
        find_resident(tx, resident_id)
        return tx.leases.page(resident_id, request)


def _counts(subject: Subject, asked: UseRequest, now: datetime) -> bool:
    """Whether a consent lets this use be counted, and the kind be named where it is."""
    consent = subject.consent
    enough = (UseCounting.CLASS,) if asked.use_class else tuple(UseCounting)[1:]
    return consent.stands_at(now) and consent.counting in enough
