"""What this city may ask another, what another may ask it, and what it asks itself."""

from federation.agreement import Terms, changed_scales, domestic, terms
from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from federation.identifiers import CityCode
from federation.messages import Agreement, ScoreScale
from node import limits
from node.errors import NOTHING_IN_FORCE
from node.incentives import Catalogue
from node.registry import Registry, StoredAgreement


class TermsBook:
    """The terms between this city and others, worked out once for each registry."""

    def __init__(self, city: CityCode) -> None:
        """For `city`."""
        self._city = city
        # The registry and what was worked out for it change together, for threads share them. It
        # is told by identity: a version that was rolled back may come again with other content.
        self._seen: tuple[Registry | None, dict[tuple[CityCode, CityCode], Terms | None]]
        self._seen = (None, {})

    def find(self, registry: Registry, home: CityCode, host: CityCode) -> Terms | None:
        """The terms under which `host` asks `home`, one of them this city; None without any.

        None too where a scale has changed since: nobody is read by a table that was made for
        another scale. The caller owes: they are in force now.
        """
        seen, found = self._seen
        if seen is not registry:
            found = {}
            self._seen = (registry, found)
        if (home, host) not in found:
            found[home, host] = self._work_out(registry, home, host)
        return found[home, host]

    def _work_out(self, registry: Registry, home: CityCode, host: CityCode) -> Terms | None:
        if home == host:
            return _domestic(registry)
        other = host if home == self._city else home
        if registry.active_partner(other) is None:
            return None
        stored = registry.active_agreement(other)
        if stored is None or needs_mapping(registry, stored, self._city):
            return None
        scales = mapped_scales(registry, stored.agreement, self._city)
        if stored.agreement.mapping(home).method and set(scales) != set(stored.agreement.parties):
            return None
        return terms(stored.agreement, home, scales, ends_at=stored.valid_until)


def mapped_scales(
    registry: Registry, agreement: Agreement, here: CityCode
) -> dict[CityCode, ScoreScale]:
    """The scales that an agreement names, as far as they are known here."""
    other = agreement.other(here)
    own = registry.own_scale(agreement.scale(here))
    theirs = registry.partner_scale(other, agreement.scale(other))
    found = {here: own and own.exported, other: theirs and theirs.exported}
    return {city: scale for city, scale in found.items() if scale}


def needs_mapping(
    registry: Registry, stored: StoredAgreement, here: CityCode
) -> tuple[CityCode, ...]:
    """The parties whose scale has changed since the agreement was made, as far as is known here.

    Where there is one the agreement is not in use until it is amended.
    """
    other = stored.agreement.other(here)
    own, theirs = registry.own_scale(), registry.partner_scale(other)
    newest = {here: own.reference} if own else {}
    if theirs:
        newest[other] = theirs.reference
    return changed_scales(stored.agreement, newest)


def _domestic(registry: Registry) -> Terms | None:
    own, catalogue = registry.own_scale(), registry.catalogue
    if own is None or catalogue is None:
        return None
    return domestic(
        own.exported,
        scenarios=tuple(sorted({i.scenario for i in catalogue.incentives})),
        commendations=_counting(registry, catalogue),
        attestation_lifetime=limits.DOMESTIC_ATTESTATION_LIFETIME,
        status_freshness=limits.DOMESTIC_STATUS_FRESHNESS,
        offline_grace=limits.DOMESTIC_OFFLINE_GRACE,
    )


def _counting(registry: Registry, catalogue: Catalogue) -> tuple[str, ...]:
    """The commendations that open something here: named by an incentive, or by its condition."""
    known = registry.indicators.indicators.values() if registry.indicators else ()
    named = {c for i in catalogue.incentives for c in i.commendations}
    held = {indicator.commendation for indicator in known if indicator.commendation}
    for incentive in catalogue.incentives:
        named |= {each for each in held if each in incentive.condition}
    return tuple(sorted(named))


def not_active(home: CityCode, host: CityCode) -> HutongError:
    """The error where there are no terms in force; a city needs its own catalogue for its own."""
    if home == host:
        return HutongError(
            NOTHING_IN_FORCE, what="incentives", command="hutong incentives load FILE"
        )
    return HutongError(AGREEMENT_NOT_ACTIVE, home=home, host=host)
