"""The rules as stores show them: each is a function of what cities hold, and yields what is broken.

Times of two cities are held against each other with a slack: how far their clocks are known to have
been apart, and what a call may take.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from federation import codec
from federation.identifiers import CityCode
from federation.messages import Attestation as Said
from federation.messages import Disclosure
from federation.pseudonym import pairwise_pseudonym
from node.incentives import Capacity
from node.model import DAY_SCOPE
from node.redemptions import ReservationState
from node.registry import Move
from node.services.capacities import TOTAL_SCOPE
from scripts.simulation.facts import Facts
from scripts.simulation.history import History
from scripts.simulation.rows import Attestation, Consent, Reservation
from scripts.simulation.violations import Cities, Violation

Slack = Callable[[CityCode, CityCode], timedelta]

_TAKEN: Final = (ReservationState.HELD.value, ReservationState.CONFIRMED.value)
_AT_ONCE: Final = 1
"""What the shipped catalogues allow of a use that is limited over all cities."""


def capacity(cities: Cities, history: History) -> Iterator[Violation]:
    """No place is given twice: counters hold what is taken, and never more than there is."""
    for city, facts in cities.items():
        catalogue = facts.registry.catalogue
        limits = {each.incentive_id: each for each in (catalogue.incentives if catalogue else ())}
        taken = Counter(
            (held.incentive_id, scope)
            for held in facts.reservations.values()
            if held.state in _TAKEN
            for scope in held.scopes
        )
        # What an erased person used stays counted.
        erased = any(city in where for where in history.erased.values())
        for (incentive_id, scope), used in facts.counters.items():
            found = limits.get(incentive_id)
            most = _limit(found.capacity, scope) if found else None
            if most is not None and used > most:
                what = f"{incentive_id} {scope}: {used} of {most}"
                yield Violation("capacity", city, what)
            held = taken.get((incentive_id, scope), 0)
            if held > used or (held < used and not erased):
                what = f"{incentive_id} {scope}: {held} are taken, {used} are counted"
                yield Violation("capacity", city, what)
        for key in taken.keys() - facts.counters.keys():
            yield Violation("capacity", city, f"{' '.join(key)}: taken, and not counted")
        yield from _totals(city, facts)


def _limit(allowed: Capacity, scope: str) -> int | None:
    if scope == TOTAL_SCOPE:
        return allowed.total
    if scope.startswith(DAY_SCOPE):
        of_venue = scope.count(":") > 1
        return allowed.per_venue_per_day if of_venue else allowed.per_day
    return allowed.per_resident.uses if allowed.per_resident else None


def _totals(city: CityCode, facts: Facts) -> Iterator[Violation]:
    """By the redemptions themselves, whatever the counters say."""
    catalogue = facts.registry.catalogue
    used = Counter(each.incentive_id for each in facts.redemptions.values())
    for incentive in catalogue.incentives if catalogue else ():
        most = incentive.capacity.total
        if most is not None and used[incentive.incentive_id] > most:
            what = f"{incentive.incentive_id}: {used[incentive.incentive_id]} of {most} redeemed"
            yield Violation("capacity", city, what)


def attested_by_consent(cities: Cities, moved: AbstractSet[CityCode]) -> Iterator[Violation]:
    """Nothing is attested outside of a consent that lives, nor below the exportable line.

    By the one city's own clock; of those whose clocks were `moved` no times are compared.
    """
    for city, facts in cities.items():
        for attestation_id in facts.unlogged:
            what = f"{attestation_id} is not in the log as it was given"
            yield Violation("every act is logged", city, what)
        for attestation_id, given in facts.attestations.items():
            said = _said(given)
            consent = facts.consents.get(given.consent_id)
            if consent is None:
                problem = "its consent is not there"
            else:
                problem = _outside(given, said, consent) or _below(facts, said)
                if not problem and city not in moved:
                    problem = _too_late(given, said, consent)
            if problem:
                yield Violation("by consent", city, f"{attestation_id}: {problem}")


def _said(given: Attestation) -> Said:
    return codec.ATTESTATION.decode(given.payload)


def _outside(given: Attestation, said: Said, consent: Consent) -> str:
    if (consent.host, consent.resident_id) != (given.host, given.resident_id):
        return "its consent is another's"
    if consent.pseudonym != said.pseudonym or said.pseudonym != given.pseudonym:
        return "it names another person"
    if not set(said.scenarios) <= set(consent.scenarios):
        return "it is for scenarios that were not allowed"
    if said.claim.disclosure > consent.disclosure:
        return "it shows more than was allowed"
    return ""


def _too_late(given: Attestation, said: Said, consent: Consent) -> str:
    ends = min(consent.expires_at, consent.withdrawn_at or consent.expires_at)
    if not consent.given_at <= given.issued_at < ends:
        return "its consent did not stand then"
    return "it outlives its consent" if said.header.expires_at > consent.expires_at else ""


def _below(facts: Facts, said: Said) -> str:
    own = facts.registry.own_scale(said.scale)
    if own is None:
        return "it is on a scale that is not this city's"
    band = said.claim.band_id or said.claim.line_band
    if said.claim.disclosure is Disclosure.SCORE or band is None:
        return ""
    lowest = own.scale.rank(own.scale.exportable_from)
    return "it shows a band below the line" if own.scale.rank(band) < lowest else ""


def decided_by_consent(cities: Cities, history: History, slack: Slack) -> Iterator[Violation]:
    """A decision for a recognised visitor has a consent that lived, or of whose end nobody told."""
    for city, facts in cities.items():
        for decision_id, decision in facts.decisions.items():
            visitor = facts.recognitions.get(decision.recognition_id)
            home = cities.get(visitor.home) if visitor else None
            if visitor is None or home is None:
                continue
            consents = [
                consent
                for consent in home.consents.values()
                if (consent.host, consent.pseudonym) == (city, visitor.pseudonym)
            ]
            if not consents and _erased_from(history, visitor.home):
                continue
            spare = slack(city, visitor.home)
            freshness = _freshness(facts, visitor.home)
            if not any(_lived(each, decision.decided_at, freshness, spare) for each in consents):
                what = f"{decision_id} was made without a consent that lived in {visitor.home}"
                yield Violation("decided by consent", city, what)


def _lived(consent: Consent, at: datetime, freshness: timedelta, spare: timedelta) -> bool:
    ends = consent.expires_at + spare
    if consent.withdrawn_at is not None:
        ends = min(ends, consent.withdrawn_at + freshness + spare)
    return consent.given_at - spare <= at < ends


def _freshness(facts: Facts, home: CityCode) -> timedelta:
    """How long the city may go without news; of its own residents it knows by itself."""
    if home == facts.city:
        return timedelta(0)
    stored = facts.registry.signed_agreement(home)
    return stored.agreement.status_freshness if stored else timedelta(0)


def _erased_from(history: History, city: CityCode) -> bool:
    return any(city in where for where in history.erased.values())


def _was_returned(held: Reservation, home: Facts | None) -> bool:
    """Whether it was given back, by whatever clock: its lease ends before it was to."""
    given = home.leases.get(held.lease_id) if home else None
    return given is not None and held.lease_until is not None and held.lease_until < given.until


def counted_uses(cities: Cities, _history: History) -> Iterator[Violation]:
    """A use that is limited over all cities is in use once, by the home's count and the hosts'."""
    whose = {
        (consent.host, city, consent.pseudonym): (city, consent.resident_id)
        for city, facts in cities.items()
        for consent in facts.consents.values()
    }
    at_hosts = defaultdict[tuple[CityCode, str], list[str]](list)
    for city, facts in cities.items():
        at_home = Counter(
            (lease.resident_id, lease.label)
            for lease in facts.leases.values()
            if lease.resident_id and lease.released_at is None and facts.now < lease.until
        )
        for (resident, _), count in at_home.items():
            if count > _AT_ONCE:
                yield Violation("counted uses", city, f"{resident}: {count} are in use at once")
        for reservation_id, held in facts.reservations.items():
            visitor = facts.recognitions.get(held.recognition_id)
            if visitor is None or not held.lease_id or held.state not in _TAKEN:
                continue
            is_held = held.state == ReservationState.HELD.value
            over = is_held and facts.now >= held.expires_at
            over = over or held.lease_until is None or facts.now >= held.lease_until
            if over or _was_returned(held, cities.get(visitor.home)):
                continue
            person = whose.get((city, visitor.home, visitor.pseudonym))
            if person is not None:
                at_hosts[person].append(f"{reservation_id} in {city}")
    for (city, resident), uses in at_hosts.items():
        if len(uses) > _AT_ONCE:
            yield Violation("counted uses", city, f"{resident} uses at once: {', '.join(uses)}")


def suspended(cities: Cities, moved: AbstractSet[CityCode]) -> Iterator[Violation]:
    """From its suspension on, nothing is said to a partner, nor decided for its residents.

    By the one city's own clock; those whose clocks were `moved` are left out.
    """
    for city, facts in cities.items():
        for partner, since, until in _suspensions(facts) if city not in moved else ():
            for attestation_id, given in facts.attestations.items():
                if given.host == partner and since < given.issued_at < until:
                    what = f"{attestation_id} was given to {partner}, which was suspended"
                    yield Violation("suspended", city, what)
            for decision_id, decision in facts.decisions.items():
                visitor = facts.recognitions.get(decision.recognition_id)
                if visitor and visitor.home == partner and since < decision.decided_at < until:
                    what = f"{decision_id} goes by {partner}, which was suspended"
                    yield Violation("suspended", city, what)


def _suspensions(facts: Facts) -> Iterator[tuple[CityCode, datetime, datetime]]:
    since: dict[CityCode, datetime] = {}
    for move in facts.moves:
        # What a partner says of itself is known later than it is so.
        if move.actor.startswith("city "):
            continue
        if move.move == Move.SUSPEND.value:
            since[move.city] = move.at
        elif move.city in since and move.move == Move.RESUME.value:
            yield move.city, since.pop(move.city), move.at
    for city, at in since.items():
        yield city, at, facts.now


def unlinkable(cities: Cities, _history: History) -> Iterator[Violation]:
    """Each host knows a resident by a name of its own, which only the resident's secret makes."""
    hosts = dict[bytes, tuple[CityCode, str]]()
    for city, facts in cities.items():
        for consent in facts.consents.values():
            resident = facts.residents.get(consent.resident_id)
            if resident is None:
                what = f"a consent to {consent.host} is nobody's"
                yield Violation("unlinkable", city, what)
            elif consent.pseudonym != pairwise_pseudonym(resident.secret, consent.host):
                yield Violation("unlinkable", city, f"a pseudonym for {consent.host} is made up")
            person = (consent.host, consent.resident_id)
            if hosts.setdefault(consent.pseudonym, person) != person:
                what = f"{consent.host} knows a resident by the name that another city knows"
                yield Violation("unlinkable", city, what)


def nobody_forked(cities: Cities, _history: History) -> Iterator[Violation]:
    """No honest city is accused of a forked log."""
    for city, facts in cities.items():
        for partner in facts.forks:
            yield Violation("no fork", city, f"{partner} is accused, and every city is honest")
