"""What Prometheus reads of each partner; all of it by city code."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from federation.identifiers import CityCode
from node.model import Contact, Delivery, Owed
from node.registry import Partner, PartnerState, Registry
from node.services.circuit_findings import Circuits
from node.services.partner_findings import certificates_end, signing_keys_end


def by_city(
    name: str, said: str, values: Iterable[tuple[CityCode, float | None]]
) -> GaugeMetricFamily:
    """A value of each partner of which there is one."""
    gauge = GaugeMetricFamily(f"hutong_partner_{name}", said, labels=("city",))
    for city, value in values:
        if value is not None:
            gauge.add_metric((city,), value)
    return gauge


def partner_gauges(registry: Registry) -> Iterator[Metric]:
    """What the registry says: states, trust bundles, agreements."""
    state = GaugeMetricFamily(
        "hutong_partner_state", "1 for the state of a partner.", labels=("city", "state")
    )
    for city, partner in sorted(registry.partners.items()):
        state.add_metric((city, partner.state.value), 1)
    yield state
    heard = _heard(registry)

    def each(name: str, said: str, value: Callable[[Partner], float | None]) -> GaugeMetricFamily:
        return by_city(name, said, ((city, value(partner)) for city, partner in heard))

    yield each(
        "certificate_expiry_timestamp_seconds",
        "When the last certificate of a partner ends.",
        lambda p: _seconds(certificates_end(p)),
    )
    yield each(
        "signing_key_expiry_timestamp_seconds",
        "When the last signing key of a partner ends.",
        lambda p: _seconds(signing_keys_end(p)),
    )
    yield each("bundle_sequence", "A partner's trust bundle.", lambda p: p.bundle.sequence)
    yield each(
        "bundle_issued_timestamp_seconds",
        "When a partner's trust bundle was made.",
        lambda p: p.bundle.header.issued_at.timestamp(),
    )
    yield each(
        "bundle_expiry_timestamp_seconds",
        "When a partner's trust bundle ends.",
        lambda p: p.bundle.header.expires_at.timestamp(),
    )
    yield each("told", "1 where a partner has our last word.", lambda p: p.told >= p.sequence)
    yield from _agreements(registry, heard)


def _agreements(
    registry: Registry, heard: Iterable[tuple[CityCode, Partner]]
) -> Iterator[GaugeMetricFamily]:
    signed = [(city, registry.signed_agreement(city)) for city, _ in heard]
    yield by_city(
        "agreement_version",
        "The version of the agreement that both cities have signed; 0 without any.",
        ((city, stored.agreement.version if stored else 0) for city, stored in signed),
    )
    yield by_city(
        "agreement_expiry_timestamp_seconds",
        "When that agreement ends.",
        ((city, _seconds(stored.valid_until if stored else None)) for city, stored in signed),
    )


def circuit_gauges(registry: Registry, circuits: Circuits) -> Iterator[Metric]:
    """Whether partners are called, by those that this process has called."""
    views = ((city, circuits(city)) for city in sorted(registry.partners))
    known = [(city, view) for city, view in views if view is not None]
    yield by_city(
        "circuit_state",
        "Whether calls to a partner go out: 0 all, 1 one that tries it, 2 none.",
        ((city, view.state.value) for city, view in known),
    )
    yield by_city(
        "circuit_openings",
        "How often a partner was left alone after failures, since this process began.",
        ((city, view.opened) for city, view in known),
    )


def contact_gauges(registry: Registry, contacts: Mapping[CityCode, Contact]) -> Iterator[Metric]:
    """How partners were reached."""
    known = [(city, contacts[city]) for city in sorted(registry.partners) if city in contacts]
    yield by_city(
        "last_contact_timestamp_seconds",
        "When a partner was last reached.",
        ((city, _seconds(contact.reached_at)) for city, contact in known),
    )
    yield by_city(
        "contact_failures",
        "Failures to reach a partner since.",
        ((city, contact.failures) for city, contact in known),
    )
    yield by_city(
        "clock_offset_seconds",
        "How far a partner's clock is ahead.",
        ((city, _offset(contact)) for city, contact in known),
    )


def owed_gauges(registry: Registry, found: Iterable[Owed], now: datetime) -> Iterator[Metric]:
    """What each partner does not have yet: nothing is told, too, so that an alarm ends."""
    owed = {(each.city, each.delivery): each for each in found}
    labels = ("city", "delivery")
    count = GaugeMetricFamily(
        "hutong_partner_undelivered", "What a partner does not have yet.", labels=labels
    )
    age = GaugeMetricFamily(
        "hutong_partner_undelivered_age_seconds",
        "How long the oldest of that has waited.",
        labels=labels,
    )
    for city, _ in _heard(registry):
        for delivery in Delivery:
            each, which = owed.get((city, delivery)), (city, delivery.value)
            count.add_metric(which, each.count if each else 0)
            age.add_metric(which, max((now - each.since).total_seconds(), 0) if each else 0)
    yield count
    yield age


def _heard(registry: Registry) -> list[tuple[CityCode, Partner]]:
    partners = sorted(registry.partners.items())
    return [(city, p) for city, p in partners if p.state is not PartnerState.ENDED]


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _offset(contact: Contact) -> float | None:
    offset = contact.clock_offset
    return None if offset is None else offset.total_seconds()
