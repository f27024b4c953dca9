"""What a trial is about: an agreement, incentives and two residents, none of them real.

Both cities draw the agreement up by themselves, from the scales that both know, and take no other:
it can say nothing that is not here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from stdnum.iso7064 import mod_11_2

from federation import codec
from federation.identifiers import CityCode, uuid8
from federation.limits import CLOCK_SKEW
from federation.messages import Agreement, BandRow, Disclosure, Header, ScoreScale
from federation.messages import Mapping as BandTable
from federation.scale import Scale
from node.incentives import Catalogue, Incentive
from node.indicators import (
    Category,
    Department,
    Dimension,
    Direction,
    DisclosureClass,
    Indicator,
    IndicatorCatalogue,
    ScoringRules,
)
from node.limits import RECORD_POINTS_MILLI, TRIAL_LIFETIME, TRIAL_ROOM_LIFETIME
from node.model import Caller, Role
from node.records import RecordRow

LEGAL_BASIS: Final = "trial exchange"
PRIVACY_ASSESSMENT: Final = "trial exchange: no person is concerned"

# What the visit asks for, what is asked when the visitor returns, and what after the withdrawal: a
# scenario that was not asked for before makes the host ask anew.
VISIT, RETURN, LATER = "trial.visit", "trial.return", "trial.later"
SCENARIOS: Final = tuple(sorted((VISIT, RETURN, LATER)))
OPEN: Final = "trial.open"
"""The incentive that is open to everyone, beside one for each scenario that needs a band."""

VENUE: Final = Caller(Role.VENUE, "trial")
DEPARTMENT: Final = "trial"


def trial_agreement(
    header: Header, trial_id: str, scales: Mapping[CityCode, ScoreScale]
) -> Agreement:
    """The one agreement of a trial: each exportable band counts as the lowest of the other city.

    Of `header` only the id, the issuer and the time are taken.
    """
    one, other = sorted(scales)
    ends = header.issued_at + TRIAL_LIFETIME
    return Agreement(
        header=replace(header, audience=(one, other), expires_at=ends),
        agreement_id=uuid8(f"trial\0{one}\0{other}\0{trial_id}".encode()),
        version=1,
        parties=(one, other),
        scales=(codec.scale_reference(scales[one]), codec.scale_reference(scales[other])),
        mappings=(_table(scales[one], scales[other]), _table(scales[other], scales[one])),
        disclosure_limit=Disclosure.BAND,
        scenarios=SCENARIOS,
        commendations=(),
        attestation_lifetime=TRIAL_ROOM_LIFETIME,
        status_freshness=TRIAL_ROOM_LIFETIME,
        legal_basis=LEGAL_BASIS,
        privacy_assessment=PRIVACY_ASSESSMENT,
        valid_from=header.issued_at - CLOCK_SKEW,
        valid_until=ends,
    )


def _table(home: ScoreScale, host: ScoreScale) -> BandTable:
    lowest = host.bands[0].band_id
    rows = tuple(BandRow(band.band_id, lowest) for band in home.bands)
    return BandTable(home.header.issuer, host.header.issuer, home.bands[0].band_id, rows)


def trial_catalogue(scale: Scale, today: date) -> Catalogue:
    """An incentive that is open to everyone, and one for each scenario that needs a band."""
    found = [_incentive(OPEN, VISIT, None, today)]
    found += [_incentive(name, name, scale.exportable_from, today) for name in SCENARIOS]
    return Catalogue(1, tuple(found), "")


def _incentive(incentive_id: str, scenario: str, band: str | None, today: date) -> Incentive:
    return Incentive(
        incentive_id=incentive_id,
        scenario=scenario,
        benefit_zh="试验",
        benefit_en="trial",
        minimum_band=band,
        commendations=(),
        venues=(VENUE.name,),
        # A trial may run over midnight.
        valid_from=today - timedelta(days=1),
        valid_until=today + timedelta(days=2),
        legal_basis=LEGAL_BASIS,
        source=LEGAL_BASIS,
        illustrative=True,
    )


def trial_number(serial: int) -> str:
    """A document number of nobody: the area 999999 is not assigned (GB 11643)."""
    body = f"99999919900101{serial:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


def trial_indicators(scale: Scale) -> IndicatorCatalogue:
    """The indicators that the two residents' records are of: whole steps, and what is left."""
    parts = [*_good(scale), *_low(scale)]
    return IndicatorCatalogue(
        version=1,
        departments={DEPARTMENT: Department(DEPARTMENT, "试验", "trial")},
        areas={},
        categories={DEPARTMENT: Category(DEPARTMENT, "试验", "trial", Dimension.HONOUR)},
        indicators={name: _indicator(name, points, to) for name, points, to in parts},
        rules=ScoringRules(
            disputed_count=False,
            objection_days=1,
            repair_days=1,
            appeal_days=1,
            promise_kept=None,
            promise_broken=None,
        ),
        source=LEGAL_BASIS,
        illustrative=True,
        content="",
    )


def good_records(scale: Scale, number: str, today: date) -> tuple[RecordRow, ...]:
    """What lifts a newcomer just into the lowest exportable band."""
    return _rows([name for name, *_ in _good(scale)], number, today)


def low_records(scale: Scale, number: str, today: date) -> tuple[RecordRow, ...]:
    """What brings a newcomer down to the bottom of the scale."""
    return _rows([name for name, *_ in _low(scale)], number, today)


_Part = tuple[str, int, str | None]
"""One record: its indicator, the points of that in thousandths, its commendation."""


def _good(scale: Scale) -> list[_Part]:
    band = scale.band(scale.exportable_from)
    if scale.base_milli is None:
        listed = scale.listed_by[scale.rank(band.band_id)]
        return [("listed", 0, listed[0])] if listed else []
    if band.lower is None:
        return []
    wanted = band.lower.score_milli + (0 if band.lower.inclusive else 1)
    return _adding_up("good", wanted - scale.base_milli)


def _low(scale: Scale) -> list[_Part]:
    if scale.base_milli is None or scale.minimum_milli is None:
        return []
    return _adding_up("low", scale.minimum_milli - scale.base_milli)


def _adding_up(whose: str, points_milli: int) -> list[_Part]:
    """Records of this sum, none of them larger than a record may be."""
    sign = 1 if points_milli > 0 else -1
    whole, rest = divmod(abs(points_milli), RECORD_POINTS_MILLI)
    steps: list[_Part] = [(f"{whose}-step", sign * RECORD_POINTS_MILLI, None)] * whole
    return steps + [(f"{whose}-rest", sign * rest, None)] * bool(rest)


def _indicator(indicator_id: str, points_milli: int, commendation: str | None) -> Indicator:
    return Indicator(
        indicator_id=indicator_id,
        category_id=DEPARTMENT,
        name_zh="试验",
        name_en="trial",
        departments=(DEPARTMENT,),
        direction=Direction.ADDS if points_milli >= 0 else Direction.DEDUCTS,
        points_milli=abs(points_milli),
        legal_basis=LEGAL_BASIS,
        disclosure_class=DisclosureClass.A,
        retention_months=1,
        attestable=True,
        commendation=commendation,
        severity=None,
        repair_after_months=0,
    )


def _rows(indicators: list[str], number: str, today: date) -> tuple[RecordRow, ...]:
    return tuple(
        RecordRow(
            record_number=f"{number[-4:].lower()}-{place}",
            indicator=indicator,
            document_number=number,
            occurred_on=today.isoformat(),
            evidence=LEGAL_BASIS,
        )
        for place, indicator in enumerate(indicators)
    )
