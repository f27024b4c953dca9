"""A version of an agreement as a person reads it: names beside codes, tables instead of rows.

Bands have names where the scale is known here; else the reader sees their ids.
"""

from dataclasses import dataclass
from datetime import datetime

from federation.agreement import ended_tables
from federation.bands import Band
from federation.identifiers import CityCode
from federation.mapping import rows_of
from federation.messages import Agreement, Mapping, ScaleReference, ScoreScale, TrustBundle
from federation.methods import Method
from node.registry import Registry, StoredAgreement
from node.services.agreement_moves import AgreementMove, Condition, condition, moves_of
from node.services.terms import needs_mapping


@dataclass(frozen=True, slots=True)
class Party:
    """A city of an agreement; `newest_scale` is the newest version known here, 0 where none is."""

    city: CityCode
    name_zh: str
    name_en: str
    scale: ScaleReference
    newest_scale: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One band of a home city; `host` is None where it is recognised as nothing."""

    home: Band
    host: Band | None
    is_line: bool


@dataclass(frozen=True, slots=True)
class Table:
    """How one host reads a home city's bands, from low to high."""

    home: CityCode
    host: CityCode
    readings: tuple[Reading, ...]
    method: Method | None


@dataclass(frozen=True, slots=True)
class AgreementView:
    """A version, and all that is worked out for its readers."""

    stored: StoredAgreement
    partner: CityCode
    condition: Condition
    moves: tuple[AgreementMove, ...]
    needs_mapping: tuple[CityCode, ...]
    ended_tables: tuple[CityCode, ...]
    parties: tuple[Party, ...]
    tables: tuple[Table, ...]


def view_of(
    registry: Registry, stored: StoredAgreement, own: TrustBundle, now: datetime
) -> AgreementView:
    """The version as the city of the bundle `own` reads it at `now`."""
    here, agreement = own.header.issuer, stored.agreement
    partner = agreement.other(here)
    bundles = {here: own}
    if partner in registry.partners:
        bundles[partner] = registry.partners[partner].bundle
    unmapped = needs_mapping(registry, stored, here)
    ended = ended_tables(agreement, now)
    return AgreementView(
        stored=stored,
        partner=partner,
        condition=condition(stored, now, unmapped=bool(unmapped or ended)),
        moves=moves_of(stored, now),
        needs_mapping=unmapped,
        ended_tables=ended,
        parties=tuple(_party(registry, agreement.scale(c), bundles) for c in agreement.parties),
        tables=tuple(_table(registry, agreement, mapping) for mapping in agreement.mappings),
    )


def _party(
    registry: Registry, scale: ScaleReference, bundles: dict[CityCode, TrustBundle]
) -> Party:
    city = scale.city
    bundle = bundles.get(city)
    own = next((s for s in reversed(registry.own_scales) if s.reference.city == city), None)
    newest = own or registry.partner_scale(city)
    return Party(
        city=city,
        name_zh=bundle.name_zh if bundle else city,
        name_en=bundle.name_en if bundle else city,
        scale=scale,
        newest_scale=newest.reference.version if newest else 0,
    )


def _table(registry: Registry, agreement: Agreement, mapping: Mapping) -> Table:
    home = _bands(registry, agreement.scale(mapping.home_city))
    host = _bands(registry, agreement.scale(mapping.host_city))
    rows = _rows(registry, agreement, mapping)
    # Where the scale is not known, the rows are all that is known of its bands.
    homes = list(home) or list(rows)
    return Table(
        mapping.home_city,
        mapping.host_city,
        tuple(
            Reading(
                home.get(band) or _nameless(band),
                (host.get(rows[band]) or _nameless(rows[band])) if band in rows else None,
                band == mapping.line_band,
            )
            for band in homes
        ),
        mapping.method,
    )


def _rows(registry: Registry, agreement: Agreement, mapping: Mapping) -> dict[str, str]:
    """What each band is read as; a method that has no rows of its own needs both scales."""
    home, host = (
        _scale(registry, agreement.scale(city)) for city in (mapping.home_city, mapping.host_city)
    )
    rows = rows_of(mapping, home, host) if home and host else mapping.rows
    return {row.home_band: row.host_band for row in rows}


def _bands(registry: Registry, reference: ScaleReference) -> dict[str, Band]:
    scale = _scale(registry, reference)
    return {band.band_id: band for band in scale.bands} if scale else {}


def _scale(registry: Registry, reference: ScaleReference) -> ScoreScale | None:
    known = registry.own_scale(reference) or registry.partner_scale(reference.city, reference)
    return known.exported if known else None


def _nameless(band_id: str) -> Band:
    return Band(band_id, "", "", None, None)
