"""Rules 2 and 3: the resident starts it, and consent is narrow and ends.

Instants of one city are compared with each other, by its clock; where a fault moved that clock they
may be off by as much as it did. What came after a withdrawal is told by the order of the log, which
no clock moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from federation.errors import HutongError
from federation.limits import CLOCK_SKEW, CONSENT_LIFETIME
from node.logbook import LogKind
from node.store.values import to_micros, to_names, to_span
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.good_news import attestation_of
from scripts.harnessing.checking.ruling import Invariant, Tally

_STARTED: Final = """
SELECT a.attestation_id, a.host, a.pseudonym, a.consent_id,
    EXISTS (SELECT 1 FROM codes k
            WHERE k.consent_id = a.consent_id AND k.used_at = a.issued_at) AS by_code
FROM attestations a ORDER BY a.host, a.pseudonym, a.log_sequence
"""
_UNDER: Final = """
SELECT a.attestation_id, a.host, a.pseudonym, a.statement, a.batch_id, a.issued_at, a.expires_at,
    a.log_sequence, a.resident_id, c.consent_id, c.host, c.pseudonym, c.scenarios, c.disclosure,
    c.given_at, c.expires_at, c.withdrawn_at, c.resident_id
FROM attestations a LEFT JOIN consents c ON c.consent_id = a.consent_id
"""
_CONSENTS: Final = """
SELECT consent_id, host, given_at, expires_at, withdrawn_at, resident_id FROM consents
WHERE consent_id != ''
"""
_RECOGNISED: Final = """
SELECT recognition_id, home, pseudonym, scenarios, attestation_id, checked_at, expires_at
FROM recognitions
"""
_ATTESTED: Final = """
SELECT host, pseudonym, statement, batch_id FROM attestations WHERE attestation_id = ?
"""
_OF_VISITOR: Final = """
SELECT scenarios, given_at, expires_at, withdrawn_at FROM consents WHERE pseudonym = ? AND host = ?
"""
_IN_FLIGHT: Final = to_span(CLOCK_SKEW)
"""A decision comes that much later than the consent was looked at: calls have deadlines."""


def _residents_start(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        if city.clock.forgets:
            # Codes and first attestations may be gone, as after months.
            continue
        before: tuple[object, object] = ("", b"")
        for name, host, pseudonym, consent, by_code in city.rows(_STARTED):
            tally.see()
            first, before = (host, pseudonym) != before, (host, pseudonym)
            if by_code or not first:
                continue
            tally.broken(
                city.place.pinyin,
                f"首次向 {host} 出具的证明并非由居民出示信用码引起。",
                f"The first attestation on a resident to {host} answers no code that was shown.",
                attestation_id=name,
                consent_id=consent,
            )


@dataclass(frozen=True, slots=True)
class _Under:
    """An attestation beside the consent that its row names."""

    attestation_id: str
    host: str
    pseudonym: bytes
    statement: bytes
    batch_id: str
    issued_at: int
    expires_at: int
    log_sequence: int
    resident_id: str
    consent_id: str | None
    to: str
    known_as: bytes
    scenarios: str
    disclosure: int
    given_at: int
    ends_at: int
    withdrawn_at: int | None
    whose: str

    def problem(  # noqa: PLR0911 - one reason each
        self, withdrawn: int | None, spread: int
    ) -> str:
        """Why it lies outside of the consent; "" where it does not.

        `withdrawn` is the entry of the log that ended it.
        """
        if self.consent_id is None:
            return "its consent is not there"
        try:
            said = attestation_of(self.statement, self.batch_id)
        except HutongError as error:
            return f"it cannot be read: {error.text('en')}"
        known = (self.host, self.pseudonym, self.resident_id)
        if known != (self.to, self.known_as, self.whose) or said.header.audience != (self.host,):
            return "the consent is to another city, or of another resident"
        if not set(said.scenarios) <= set(to_names(self.scenarios)):
            return f"scenarios {said.scenarios} are not among {self.scenarios}"
        if said.claim.disclosure > self.disclosure:
            return f"it shows {said.claim.disclosure.name}, more than was allowed"
        if not self.given_at - spread <= self.issued_at < self.ends_at + spread:
            return "the consent did not live at that time"
        if self.expires_at > self.ends_at + spread:
            return "it outlives the consent"
        if withdrawn is not None and withdrawn < self.log_sequence:
            return "the consent had been withdrawn before"
        if self.withdrawn_at is not None and self.issued_at > self.withdrawn_at + spread:
            return "the consent had been withdrawn before"
        return ""


def _consents_are_narrow(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        withdrawn = withdrawals(evidence, city)
        for row in city.rows(_UNDER):
            tally.see()
            found = _Under(*row)
            entry = withdrawn.get(found.consent_id or "")
            problem = found.problem(entry, city.clock.spread)
            if problem:
                tally.broken(
                    city.place.pinyin,
                    f"给 {found.host} 的证明超出授权：{problem}。",
                    f"An attestation to {found.host} is outside of its consent: {problem}.",
                    attestation_id=found.attestation_id,
                    consent_id=found.consent_id,
                    issued_at=found.issued_at,
                )
        for consent, host, given_at, ends_at, _, _ in city.rows(_CONSENTS):
            tally.see()
            if not given_at < ends_at <= given_at + to_span(CONSENT_LIFETIME):
                tally.broken(
                    city.place.pinyin,
                    f"给 {host} 的授权超过 365 天。",
                    f"A consent to {host} is for longer than 365 days.",
                    consent_id=consent,
                )
        _recognitions(evidence, city, tally)


def withdrawals(evidence: Evidence, city: CityEvidence) -> Mapping[str, int]:
    """The entry of the log that ended each consent that was withdrawn."""

    def make() -> Mapping[str, int]:
        ends = traced.entries(evidence, city, LogKind.WITHDRAWN)
        found = dict[str, int]()
        for consent, _, _, _, at, resident in city.rows(_CONSENTS):
            if at is not None:
                entry = traced.find(ends.get(resident, ()), b"withdrawn " + consent.encode())
                if entry >= 0:
                    found[consent] = entry
        return found

    return evidence.once("withdrawals", city.code, make)


def _recognitions(evidence: Evidence, city: CityEvidence, tally: Tally) -> None:
    """What a host recognises rests on an attestation to it, and goes no further."""
    until = evidence.complete_until(city)
    for row in city.rows(_RECOGNISED):
        name, home_code, pseudonym, scenarios, attestation, checked_at, expires_at = row
        home = evidence.cities.get(home_code)
        if home is None or checked_at > until or home.clock.forgets:
            continue
        tally.see()
        given = home.store.execute(_ATTESTED, (attestation,)).fetchone()
        problem = _recognised(given, city, pseudonym, scenarios, expires_at)
        if problem:
            tally.broken(
                city.place.pinyin,
                f"对 {home_code} 居民的认定没有依据：{problem}。",
                f"A recognition of a resident of {home_code} rests on nothing: {problem}.",
                recognition_id=name,
                attestation_id=attestation,
            )


def _recognised(
    given: Any,  # noqa: ANN401 - a row
    city: CityEvidence,
    pseudonym: bytes,
    scenarios: str,
    expires_at: int,
) -> str:
    if given is None:
        return "the home city has no such attestation"
    host, known_as, statement, batch = given
    if (host, known_as) != (city.code, pseudonym):
        return "the attestation is to another city, or about another resident"
    try:
        said = attestation_of(statement, batch)
    except HutongError as error:
        return f"the attestation cannot be read: {error.text('en')}"
    if not set(to_names(scenarios)) <= set(said.scenarios):
        return f"scenarios {scenarios}: only {said.scenarios} were attested for"
    return "it outlives the attestation" if expires_at > to_micros(said.header.expires_at) else ""


def _decisions_have_consents(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        until = evidence.complete_until(city)
        visitors = {
            row[0]: (row[1], row[2])
            for row in city.rows("SELECT recognition_id, home, pseudonym FROM recognitions")
        }
        for check in traced.decided(evidence, city).checks.values():
            facts = check.facts.facts
            at = to_micros(facts.decided_at)
            if not check.recognition_id or at > until:
                continue
            home_code, pseudonym = visitors.get(check.recognition_id, ("", b""))
            home = evidence.cities.get(home_code)
            if home is None:
                continue
            tally.see()
            slack = _slack(city, home)
            consents = home.rows(_OF_VISITOR, pseudonym, city.code)
            if not any(_covers(row, facts.scenarios, at, slack) for row in consents):
                tally.broken(
                    city.place.pinyin,
                    f"核验时 {home_code} 的居民没有有效授权。",
                    f"At the time of a decision no consent of the resident of {home_code} lived.",
                    check_id=check.check_id,
                    recognition_id=check.recognition_id,
                    decided_at=facts.decided_at.isoformat(),
                )


def _covers(row: Any, scenarios: tuple[str, ...], at: int, slack: tuple[int, int]) -> bool:  # noqa: ANN401 - a row
    named, given_at, expires_at, withdrawn_at = row
    early, late = slack
    ended = min(expires_at, expires_at if withdrawn_at is None else withdrawn_at)
    return set(scenarios) <= set(to_names(named)) and given_at - early <= at <= ended + late


def _slack(host: CityEvidence, home: CityEvidence) -> tuple[int, int]:
    """How far a decision may lie before a consent, and after its end, in microseconds.

    Two clocks differ; after a withdrawal a host without news goes by what it knew for as long as
    the agreement lets it.
    """
    clocks = host.clock.spread + home.clock.spread + _IN_FLIGHT
    spans = [
        stored.agreement.status_freshness
        for stored in host.registry.agreements
        if home.code in stored.agreement.parties
    ]
    return clocks, clocks + to_span(max(spans, default=timedelta(0)))


INVARIANTS: Final = (
    Invariant(
        "resident-starts",
        "2",
        "由居民本人发起",
        "The resident starts it",
        _residents_start,
    ),
    Invariant(
        "consents",
        "3",
        "授权范围明确、有期限",
        "Consent is narrow and ends",
        _consents_are_narrow,
    ),
    Invariant(
        "decisions-have-consents",
        "consent",
        "每次核验时授权有效",
        "Each decision has a consent alive at its time",
        _decisions_have_consents,
    ),
)
