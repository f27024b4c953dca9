"""How agreements are kept: what a new version does to the others of the same two cities.

A suspension is of the agreement, not of a version: it goes over to the version that replaces it,
so that nobody resumes for the other city by signing.
"""

from dataclasses import replace

from federation import codec
from federation.identifiers import CityCode
from node.logbook import LogKind
from node.ports import Transaction
from node.registry import AgreementState, Registry, StoredAgreement
from node.services.agreement_moves import OPEN, find
from node.services.here import Here
from node.services.partners import PartnerDesk, find_partner


class AgreementBook:
    """The versions of agreements, as they are written down."""

    def __init__(self, here: Here, partners: PartnerDesk) -> None:
        """For the city of `here`."""
        self._here = here
        self._partners = partners

    def keep(self, tx: Transaction, stored: StoredAgreement) -> None:
        """Keep a version as it is now, with a trace of its bytes."""
        tx.administration.put_agreement(stored)
        content = codec.envelope_to_bytes(stored.envelope)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, self._here.now())

    def propose(self, tx: Transaction, city: CityCode, stored: StoredAgreement) -> None:
        """Keep a proposal; open ones that are older give way, whoever made them."""
        self._retire(tx, city, stored, OPEN)
        self.keep(tx, stored)

    def activate(self, tx: Transaction, signed: StoredAgreement) -> StoredAgreement:
        """Put in force what both have signed; what has come between is taken up."""
        city = signed.agreement.other(self._here.city)
        known, before = find(tx.registry, signed.key), tx.registry.signed_agreement(city)
        if before is not None and before.key[1] >= signed.key[1]:
            return known or signed
        self._retire(tx, city, signed, (*OPEN, AgreementState.ACTIVE))
        flags = [stored for stored in (known, before) if stored]
        active = replace(
            known or signed,
            envelope=signed.envelope,
            state=AgreementState.ACTIVE,
            state_reason="",
            suspended_here=any(stored.suspended_here for stored in flags),
            suspended_there=any(stored.suspended_there for stored in flags),
        )
        self.keep(tx, active)
        self._partners.changed(tx, city)
        return active

    def note(
        self, tx: Transaction, stored: StoredAgreement, what: str, actor: str, reason: str = ""
    ) -> None:
        """Keep a step: who, when, why, among the steps of the partner; and a trace of it."""
        city = stored.agreement.other(self._here.city)
        state = find_partner(tx.registry, city).state
        self._partners.note(tx, city, f"agreement {what}", state, actor, reason)
        content = f"agreement {stored.key[0]} {stored.key[1]} {what} {actor} {reason}"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content.encode(), self._here.now())

    def told(self, tx: Transaction, stored: StoredAgreement) -> None:
        """What this city says of the agreement has changed; the partner hears of it next."""
        self._partners.changed(tx, stored.agreement.other(self._here.city))

    def _retire(
        self,
        tx: Transaction,
        city: CityCode,
        by: StoredAgreement,
        states: tuple[AgreementState, ...],
    ) -> None:
        for stored in between(tx.registry, city):
            if stored.state in states and stored.key[1] < by.key[1]:
                tx.administration.set_agreement_state(
                    stored.key, AgreementState.REPLACED, "a newer version came"
                )


def between(registry: Registry, city: CityCode) -> tuple[StoredAgreement, ...]:
    """Every version of the agreement with a city, the newest last."""
    found = [s for s in registry.agreements if city in s.agreement.parties]
    return tuple(sorted(found, key=lambda s: s.key[1]))
