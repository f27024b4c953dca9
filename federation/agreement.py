"""Agreements: whether a document fits both cities' scales, and what it means one way."""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation import limits
from federation.codec import scale_reference
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.identifiers import CityCode, uuid8
from federation.mapping import Curve, Reading, check_method, curve_of, itself, rows_of
from federation.messages import (
    Agreement,
    BandRow,
    Disclosure,
    Mapping,
    ScaleReference,
    ScoreScale,
)
from federation.methods import Concordance

Scales = MappingOf[CityCode, ScoreScale]


@dataclass(frozen=True, slots=True)
class Terms:
    """What one host may ask one home city, and how it reads the answer.

    Two cities' terms come from their agreement; a city's own residents have `domestic` ones, so
    that equal standings get equal answers.
    """

    agreement_id: str
    version: int
    home: CityCode
    host: CityCode
    scale: ScaleReference
    line_band: str
    rows: tuple[BandRow, ...]
    disclosure_limit: Disclosure
    scenarios: tuple[str, ...]
    commendations: tuple[str, ...]
    attestation_lifetime: timedelta
    status_freshness: timedelta
    valid_from: datetime
    valid_until: datetime
    offline_grace: timedelta = timedelta(0)
    """How long a venue may go by a signed decision without its node; zero where it may not."""
    curve: Curve | None = None
    """What scores are read by; a band table has none. `rows` are what it makes of bands."""

    @property
    def level(self) -> Disclosure:
        """What the host asks for: BAND, the default (rule 5); SCORE where a score is agreed."""
        return min(self.disclosure_limit, Disclosure.SCORE if self.curve else Disclosure.BAND)

    def in_force(self, now: datetime) -> bool:
        """Whether they may be used at `now`."""
        return self.valid_from <= now < self.valid_until

    def recognised(self, home_band: str) -> str | None:
        """The host's band for a home band; None where the table has no row."""
        return next((row.host_band for row in self.rows if row.home_band == home_band), None)

    def reading(self, home_band: str, score_milli: int | None = None) -> Reading | None:
        """What a standing is read as; None where it is read as a newcomer's.

        A score is never read as less than its band alone would be.
        """
        read = self.curve.at(score_milli) if self.curve and score_milli is not None else None
        band_id = self.recognised(home_band)
        return read or (Reading(band_id) if band_id is not None else None)

    def at_line(self, home_band: str) -> bool:
        """Whether a home band is at the line or above it; rows go from low to high."""
        homes = [row.home_band for row in self.rows]
        return home_band in homes and homes.index(home_band) >= homes.index(self.line_band)


def terms(
    agreement: Agreement, home: CityCode, scales: Scales, *, ends_at: datetime | None = None
) -> Terms:
    """What the agreement means for the residents of `home` in the other city.

    `scales` are those that it names; a band table needs none. `ends_at` is the end that either
    city gave notice of. A concordance ends by itself.
    """
    mapping = agreement.mapping(home)
    ends = [agreement.valid_until, ends_at or agreement.valid_until]
    rows, curve = mapping.rows, None
    if mapping.method is not None:
        host = scales[mapping.host_city]
        rows, curve = rows_of(mapping, scales[home], host), curve_of(mapping, host)
    if isinstance(mapping.method, Concordance):
        ends.append(mapping.method.valid_until)
    return Terms(
        agreement_id=agreement.agreement_id,
        version=agreement.version,
        home=home,
        host=mapping.host_city,
        scale=agreement.scale(home),
        line_band=mapping.line_band,
        rows=rows,
        disclosure_limit=agreement.disclosure_limit,
        scenarios=agreement.scenarios,
        commendations=agreement.commendations,
        attestation_lifetime=agreement.attestation_lifetime,
        status_freshness=agreement.status_freshness,
        valid_from=agreement.valid_from,
        valid_until=min(ends),
        offline_grace=agreement.offline_grace,
        curve=curve,
    )


def agreement_id_of(one: CityCode, other: CityCode) -> str:
    """The id of two cities' agreement: both know it before either proposes.

    Two that propose at the same instant propose the same version of the same agreement.
    """
    return uuid8("\0".join(("hutong agreement", *sorted((one, other)))).encode())


def changed_scales(
    agreement: Agreement, newest: MappingOf[CityCode, ScaleReference]
) -> tuple[CityCode, ...]:
    """The parties whose newest scale, as far as it is known, is not the one that is mapped."""
    return tuple(
        city
        for city in agreement.parties
        if newest.get(city, agreement.scale(city)) != agreement.scale(city)
    )


def ended_tables(agreement: Agreement, now: datetime) -> tuple[CityCode, ...]:
    """The home cities whose concordance has ended: nobody of theirs is read by it at `now`."""
    return tuple(
        mapping.home_city
        for mapping in agreement.mappings
        if isinstance(mapping.method, Concordance) and mapping.method.valid_until <= now
    )


def domestic(
    scale: ScoreScale,
    *,
    scenarios: tuple[str, ...],
    commendations: tuple[str, ...],
    attestation_lifetime: timedelta,
    status_freshness: timedelta,
    offline_grace: timedelta = timedelta(0),
) -> Terms:
    """A city's terms with itself: each exportable band is recognised as itself, and each score.

    Scores, too, for what a visitor may have by a local equivalent a resident may have by a score.
    """
    city, curve = scale.header.issuer, itself(scale)
    return Terms(
        agreement_id=uuid8(b"hutong domestic terms\0" + city.encode()),
        version=scale.version,
        home=city,
        host=city,
        scale=scale_reference(scale),
        line_band=scale.bands[0].band_id,
        rows=tuple(BandRow(band.band_id, band.band_id) for band in scale.bands),
        disclosure_limit=Disclosure.SCORE if curve else Disclosure.BAND,
        scenarios=scenarios,
        commendations=commendations,
        attestation_lifetime=attestation_lifetime,
        status_freshness=status_freshness,
        valid_from=scale.header.issued_at - limits.CLOCK_SKEW,
        valid_until=scale.header.expires_at,
        offline_grace=offline_grace,
        curve=curve,
    )


def check_agreement(agreement: Agreement, scales: Scales) -> None:
    """Refuse an agreement that does not fit the two cities' scales.

    1. It names the scales that are known, by their content.
    2. Each row of a mapping is from one exportable band to another.
    3. A higher home band is never recognised lower, and none above a mapped one is left out:
       nobody is worse off for a better standing. A method has such rows too (`check_method`).
    4. A concordance has not ended when the agreement begins.

    The caller owes: a concordance is the one that both published histograms give.

    Raises:
        HutongError: AGREEMENT_MISMATCH, with the first problem.

    """
    for city in agreement.parties:
        # 1.
        if city not in scales:
            raise _mismatch(f"the scale of {city} is not known; exchange scales first")
        if agreement.scale(city) != scale_reference(scales[city]):
            raise _mismatch(f"the scale of {city} that it names is not the one in force")
    for mapping in agreement.mappings:
        home, host = scales[mapping.home_city], scales[mapping.host_city]
        if mapping.method is not None:
            check_method(mapping, home, host)
        _check_rows(mapping, rows_of(mapping, home, host), home, host)
        # 4.
        table = mapping.method
        if isinstance(table, Concordance) and table.valid_until <= agreement.valid_from:
            raise _mismatch(f"the concordance of {mapping.home_city} has ended")


def _check_rows(
    mapping: Mapping, rows: tuple[BandRow, ...], home: ScoreScale, host: ScoreScale
) -> None:
    way = f"mapping {mapping.home_city} to {mapping.host_city}"
    homes = [home.rank(row.home_band) for row in rows]
    hosts = [host.rank(row.host_band) for row in rows]
    # 2.
    for row, home_rank, host_rank in zip(rows, homes, hosts, strict=True):
        if home_rank < 0:
            raise _mismatch(f"{way}: {row.home_band} is not an exportable band of the home city")
        if host_rank < 0:
            raise _mismatch(f"{way}: {row.host_band} is not an exportable band of the host city")
    # 3.
    if homes != list(range(homes[0], len(home.bands))):
        raise _mismatch(f"{way}: give a row for each band from the lowest mapped one up, in order")
    if hosts != sorted(hosts):
        raise _mismatch(f"{way}: a higher home band is recognised lower")


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="agreement", problem=problem)
