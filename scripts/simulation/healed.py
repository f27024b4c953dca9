"""What must be right again once every city is up, reached, and has the right time.

News of what ended has arrived, uses are given back, cosignatures gathered; every log verifies from
its first entry, and nothing of a resident is in any city but their own.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.messages import Disclosure
from federation.status_list import is_set, place_of
from node.registry import PartnerState
from node.services.log_verifying import keys_of, verify_own
from node.store.log_snapshot import LogSnapshot
from node.store.tables import METADATA
from node.store.transaction import StoreTransaction
from node.v1 import resident_service_pb2 as residents_pb
from scripts.simulation.city import SimCity
from scripts.simulation.facts import Facts, look
from scripts.simulation.history import History
from scripts.simulation.rows import Attestation
from scripts.simulation.violations import Cities, Violation

Rule = Callable[[Cities, History], Iterator[Violation]]


def told(cities: Cities, _history: History) -> Iterator[Violation]:
    """Hosts know of all that ended, and home cities of every use that is over."""
    for city, facts in cities.items():
        for host, (sequence, acknowledged) in facts.feeds.items():
            active = facts.registry.active_partner(host) is not None
            if active and acknowledged < sequence:
                what = f"{host} was not told of {sequence - acknowledged} that ended"
                yield Violation("healed", city, what)
        if facts.releases:
            what = f"{len(facts.releases)} uses were not given back"
            yield Violation("healed", city, what)


def standing(cities: Cities, _history: History) -> Iterator[Violation]:
    """What stands at a host stands at home, under a consent that lives."""
    for city, facts in cities.items():
        for recognition_id, visitor in facts.recognitions.items():
            over = visitor.ended_at is not None or facts.now >= visitor.expires_at
            home = cities.get(visitor.home)
            if over or home is None:
                continue
            given = home.attestations.get(visitor.attestation_id)
            ended = given is None or given.ended_at is not None
            if ended and not _is_heard(facts, visitor.home, visitor.status_index):
                what = f"{recognition_id} stands, and {visitor.home} has ended it"
                yield Violation("healed", city, what)
        for attestation_id, given in facts.attestations.items():
            problem = _holds(facts, given)
            if problem:
                yield Violation("healed", city, f"{attestation_id} stands: {problem}")


def _is_heard(facts: Facts, home: CityCode, index: int) -> bool:
    list_number, place = place_of(index)
    known = facts.heard.get((home, list_number))
    return known is not None and is_set(known, place)


def _holds(facts: Facts, given: Attestation) -> str:
    """Why what is said does not hold any more; "" where it does, or has ended."""
    if given.ended_at is not None or facts.now >= given.expires_at:
        return ""
    consent, resident = facts.consents.get(given.consent_id), given.resident_id
    if resident not in facts.residents or consent is None:
        return "its resident or consent is gone"
    if consent.withdrawn_at is not None:
        return "its consent was withdrawn"
    level, _, band, _, _ = json.loads(given.claim)
    now = facts.bands.get(resident)
    if level == Disclosure.BAND.name and band != now:
        return f"it says {band}, and {now} would be said"
    return ""


def active(cities: Cities, _history: History) -> Iterator[Violation]:
    """Partners who suspended each other for a while are active again, on both sides."""
    for city, facts in cities.items():
        for partner in facts.registry.partners.values():
            if partner.state is not PartnerState.ACTIVE:
                what = f"{partner.city} is {partner.state.value}"
                yield Violation("healed", city, what)


def leased(cities: Cities, _history: History) -> Iterator[Violation]:
    """Each use that a home city counts is one that its host has, or is about to give back."""
    for city, facts in cities.items():
        for lease_id, lease in facts.leases.items():
            over = lease.released_at is not None or facts.now >= lease.until
            host = cities.get(lease.host)
            if over or host is None or lease_id in host.releases | host.questions:
                continue
            if all(held.lease_id != lease_id for held in host.reservations.values()):
                what = f"{lease_id} is counted, and {lease.host} does not have it"
                yield Violation("healed", city, what)


RULES: Final[tuple[Rule, ...]] = (told, standing, active, leased)


def verified(city: SimCity) -> list[Violation]:
    """Each log verifies from its first entry, with each checkpoint and cosignature."""
    return look(city, lambda tx: _verified(city, tx))


def _verified(city: SimCity, tx: StoreTransaction) -> list[Violation]:
    snapshot = LogSnapshot(tx.session, "sqlite")
    bundles = [city.keys.bundle, *(p.envelope for p in tx.registry.partners.values())]
    found = verify_own(
        snapshot, city.code, keys_of(bundles), city.anchor.read(), lambda _size: None
    )
    return [
        Violation("log verifies", city.code, f"{each.name} at {each.entry}")
        for each in found.problems
    ]


def nowhere(cities: Sequence[SimCity], history: History) -> Iterator[Violation]:
    """No store holds what names a resident of another city."""
    for city in cities:
        elsewhere = {
            name: f"{kind} of a resident of {act_city}"
            for act_city, kind, name in _names(history)
            if act_city != city.code
        }
        texts = look(city, lambda tx: list(_texts(tx)))
        for table, text in texts:
            for name, whose in elsewhere.items():
                if name in text:
                    yield Violation("names stay home", city.code, f"{table} has the {whose}")


def _names(history: History) -> Iterator[tuple[CityCode, str, str]]:
    """Ids and document numbers, by city."""
    for act in history.of("EnrolResident"):
        yield act.city, "document number", str(getattr(act.request, "document_number", ""))
        yield act.city, "id", act.told(residents_pb.EnrolResidentResponse).resident_id


def _texts(tx: StoreTransaction) -> Iterator[tuple[str, str]]:
    """Each row of each table, as text."""
    for table in METADATA.sorted_tables:
        for row in tx.session.all(sa.select(table)):
            yield table.name, " ".join(_text(value) for value in row)


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return str(value)
