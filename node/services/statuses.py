"""Which attestations of this city still stand: ended where they no longer hold, and told to hosts.

An attestation ends with its consent, with its resident, and as soon as what would be said now
differs from what it says: also where that is more, for then it understates (rule 9). A place in a
list says that one ended, and never why.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation import codec
from federation.consent import Consent
from federation.envelope import Envelope, seal
from federation.identifiers import CityCode
from federation.messages import Claim, Disclosure
from federation.recognition import claim_for
from federation.standing import StatusList
from federation.status_list import bits_of
from node.attested import IssuedAttestation, OwnStatusList
from node.limits import DOMESTIC_STATUS_FRESHNESS
from node.logbook import LogKind
from node.model import Resident
from node.ports import Keys, Transaction, UnitOfWork
from node.services.here import Here
from node.services.standing import standing_of
from node.services.terms import TermsBook, not_active

_NONCE_BYTES: Final = 32


def claim_text(claim: Claim) -> str:
    """What an attestation says of its resident, to be compared with what would be said now."""
    level, shared = claim.disclosure.name, list(claim.commendations)
    return json.dumps([level, claim.line_band, claim.band_id, claim.score_milli, shared])


def end_attestations(
    tx: Transaction, here: Here, attestations: Iterable[IssuedAttestation], now: datetime
) -> set[CityCode]:
    """End these, each with its place and a trace; the hosts that are to be told.

    One that had ended before is not touched.
    """
    hosts = set[CityCode]()
    for given in attestations:
        if _ended(tx, here, given, now):
            content = b"ended " + given.attestation_id.encode()
            here.trace(tx, LogKind.WITHDRAWN, content, now, subject=given.resident_id)
            hosts.add(given.host)
    return hosts


def end_consent(tx: Transaction, here: Here, consent: Consent, now: datetime) -> set[CityCode]:
    """End what was attested under a consent that is withdrawn."""
    given = tx.attestations.standing(consent.resident_id, now)
    return end_attestations(tx, here, [a for a in given if a.consent_id == consent.consent_id], now)


def end_resident(tx: Transaction, here: Here, resident: Resident, now: datetime) -> set[CityCode]:
    """End what was attested to a resident who is about to be erased.

    The traces lead to nobody: what they commit to is known to nobody after this.
    """
    hosts = set[CityCode]()
    for given in tx.attestations.standing(resident.resident_id, now):
        if _ended(tx, here, given, now):
            here.trace(tx, LogKind.WITHDRAWN, here.entropy.token(_NONCE_BYTES) + b" ended", now)
            hosts.add(given.host)
    return hosts


def end_stale_claims(
    tx: Transaction, here: Here, residents: Iterable[Resident], now: datetime
) -> set[CityCode]:
    """End what was attested to these residents and is not what would be said now.

    Where nothing may be said now (no agreement is in force), nothing said before is left standing.
    """
    by_id = {resident.resident_id: resident for resident in residents}
    book = TermsBook(here.city)
    stale = [
        given
        for given in tx.attestations.standing_of(by_id, now)
        if given.claim != _text_now(tx, here, book, by_id[given.resident_id], given, now)
    ]
    return end_attestations(tx, here, stale, now)


def _ended(tx: Transaction, here: Here, given: IssuedAttestation, now: datetime) -> bool:
    if not tx.attestations.end(given, now):
        return False
    tx.statuses.end(given.host, given.status_index, given.expires_at)
    if given.host == here.city:
        # This city is the host, too: nobody has to be told.
        tx.recognitions.end_at(here.city, [given.status_index], now)
    return True


def _text_now(
    tx: Transaction,
    here: Here,
    book: TermsBook,
    resident: Resident,
    given: IssuedAttestation,
    now: datetime,
) -> str | None:
    """What would be said of a resident now, at the level of what was said; None for nothing."""
    terms = book.find(tx.registry, here.city, given.host)
    own = tx.registry.own_scale(terms.scale) if terms and terms.in_force(now) else None
    if terms is None or own is None:
        return None
    standing = standing_of(tx, resident, own.scale, here.day(now))
    level = Disclosure[json.loads(given.claim)[0]]
    claim = claim_for(standing, own.scale, terms, level)
    return claim_text(claim) if claim else None


@dataclass(frozen=True, slots=True)
class SignedLists:
    """Lists for one host, as they are after so many changes."""

    sequence: int
    lists: tuple[Envelope, ...]


class StatusDesk:
    """Signs this city's status lists for a host."""

    def __init__(self, here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._book = book
        self._traced: dict[CityCode, int] = {}

    async def give(self, host: CityCode) -> SignedLists:
        """All lists for a host that fetches them.

        Raises:
            HutongError: AGREEMENT_NOT_ACTIVE where it may rely on none, whatever it knows of that.
        """
        terms = self._book.find(self._uow.registry, self._here.city, host)
        if terms is None or not terms.in_force(self._here.now()):
            raise not_active(self._here.city, host)
        return await self.lists_for(host)

    async def lists_for(self, host: CityCode, *, after: int = -1) -> SignedLists:
        """The lists for a host that changed after that change; all that have not ended, for -1.

        Signed anew each time, for they tell how things stand now. Their trace is left once for each
        change: asking again and again does not make the log grow. After a restart it may be left
        once more.
        """
        now = self._here.now()

        def read(tx: Transaction) -> tuple[int, tuple[OwnStatusList, ...]]:
            # The number first: what is set after it was read is told again.
            sequence = tx.statuses.feed(host).sequence
            return sequence, tx.statuses.lists(host, now, after=after)

        sequence, found = await self._uow.read(read)
        signed = list[Envelope]()
        for listed in found:
            signed.append(self._signed(host, listed, sequence, now))
            # A city of many lists holds up nobody else meanwhile.
            await asyncio.sleep(0)
        if sequence > self._traced.get(host, 0):
            await self._uow.run(lambda tx: self._trace(tx, signed, now))
            self._traced[host] = max(sequence, self._traced.get(host, 0))
        return SignedLists(sequence, tuple(signed))

    def _signed(
        self, host: CityCode, listed: OwnStatusList, sequence: int, now: datetime
    ) -> Envelope:
        terms = self._book.find(self._uow.registry, self._here.city, host)
        # A host is told of what ended also while the agreement is suspended.
        life = terms.status_freshness if terms else DOMESTIC_STATUS_FRESHNESS
        said = StatusList(
            header=self._here.header((host,), now, life),
            list_number=listed.list_number,
            sequence=sequence,
            bits=bits_of(listed.places),
            time_to_live=life,
        )
        return seal(codec.STATUS_LIST, said, [self._keys])

    def _trace(self, tx: Transaction, signed: Iterable[Envelope], now: datetime) -> None:
        for envelope in signed:
            self._here.trace(tx, LogKind.ISSUED, envelope.payload, now)
