"""An agreement as an operator writes it, before it has parties, versions and signatures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from federation import limits as protocol_limits
from federation.errors import HutongError
from federation.identifiers import CityCode, city_code
from federation.messages import (
    Agreement,
    BandRow,
    Disclosure,
    Header,
    Mapping,
    ScaleReference,
    ScoreScale,
)
from federation.methods import Concordance, LinearMapping
from node.files.reading import Lines, Milli, Name, Part, Strict, Text, read_toml

_RAW: Final = "raw"
_DEGREE: Final = protocol_limits.CONCORDANCE_DEGREE
_DAYS: Final = protocol_limits.STATEMENT_LIFETIME.days
_GRACE: Final = int(protocol_limits.OFFLINE_GRACE.total_seconds() // 60)
_HOURS = int(protocol_limits.ATTESTATION_LIFETIME.total_seconds() // 3600)
_SECONDS = int(protocol_limits.STATUS_FRESHNESS.total_seconds())


class _Row(Strict):
    home: Name
    host: Name


class _Mapping(Strict):
    home: str
    host: str
    line: Name
    method: Literal["band_table", "linear", "concordance"] = "band_table"
    rows: list[_Row] | None = None
    home_mean: Milli | None = None
    home_spread: Milli | None = None
    host_mean: Milli | None = None
    host_spread: Milli | None = None
    lowest: Milli | None = None
    highest: Milli | None = None
    source: Text | None = None
    degree: Annotated[int, Field(ge=1, le=_DEGREE)] | Literal["raw"] | None = None
    valid_days: Annotated[int, Field(ge=1, le=_DAYS)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse keys of another method than the one that is named, and one that lacks its own."""
        for method, keys in _KEYS.items():
            for key in keys:
                given = getattr(self, key) is not None
                if method != self.method and given:
                    raise ValueError(f"{key} is of the method {method}, and this is {self.method}")
                if method == self.method and not given and key not in _OPTIONAL:
                    raise ValueError(f"the method {method} needs {key}")
        return self


_KEYS: Final = {
    "band_table": ("rows",),
    "linear": (
        "home_mean",
        "home_spread",
        "host_mean",
        "host_spread",
        "lowest",
        "highest",
        "source",
    ),
    "concordance": ("degree", "valid_days"),
}
_OPTIONAL: Final = ("degree", "valid_days")


class _File(Strict):
    disclosure_limit: Literal["THRESHOLD", "BAND", "SCORE"]
    scenarios: Annotated[list[Name], Field(max_length=protocol_limits.SCENARIOS)]
    commendations: Annotated[tuple[Name, ...], Field(max_length=protocol_limits.COMMENDATIONS)] = ()
    attestation_lifetime_hours: Annotated[int, Field(ge=1, le=_HOURS)]
    status_freshness_seconds: Annotated[int, Field(ge=1, le=_SECONDS)]
    legal_basis: Text
    privacy_assessment: Text
    valid_days: Annotated[int, Field(ge=1, le=_DAYS)]
    notice_days: Annotated[int, Field(ge=0, le=protocol_limits.AGREEMENT_NOTICE.days)] = 0
    offline_grace_minutes: Annotated[int, Field(ge=0, le=_GRACE)] = 0
    mappings: list[_Mapping]


@dataclass(frozen=True, slots=True)
class ConcordancePlan:
    """A mapping whose table is to be built from both cities' published histograms.

    `degree` is the one of the smoothing, 0 for none, None for the one that fits best.
    """

    home_city: CityCode
    host_city: CityCode
    line_band: str
    degree: int | None
    valid_days: int


MappingPlan = Mapping | ConcordancePlan
Build = Callable[[ConcordancePlan], Concordance]


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """What an operator decided; `mappings` in ascending order of the home city."""

    disclosure_limit: Disclosure
    scenarios: tuple[str, ...]
    commendations: tuple[str, ...]
    attestation_lifetime: timedelta
    status_freshness: timedelta
    legal_basis: str
    privacy_assessment: str
    valid_days: int
    notice: timedelta
    offline_grace: timedelta
    mappings: tuple[MappingPlan, MappingPlan]

    def agreement(
        self,
        *,
        header: Header,
        agreement_id: str,
        version: int,
        parties: tuple[CityCode, CityCode],
        scales: tuple[ScaleReference, ScaleReference],
        valid_from: datetime,
        build: Build,
    ) -> Agreement:
        """The agreement, ready to be signed; `build` makes the tables that are yet to be built."""
        one, other = (_built(plan, build) for plan in self.mappings)
        return Agreement(
            header=header,
            agreement_id=agreement_id,
            version=version,
            parties=parties,
            scales=scales,
            mappings=(one, other),
            disclosure_limit=self.disclosure_limit,
            scenarios=self.scenarios,
            commendations=self.commendations,
            attestation_lifetime=self.attestation_lifetime,
            status_freshness=self.status_freshness,
            legal_basis=self.legal_basis,
            privacy_assessment=self.privacy_assessment,
            valid_from=valid_from,
            valid_until=valid_from + timedelta(days=self.valid_days),
            notice=self.notice,
            offline_grace=self.offline_grace,
        )


def _built(plan: MappingPlan, build: Build) -> Mapping:
    if isinstance(plan, Mapping):
        return plan
    return Mapping(plan.home_city, plan.host_city, plan.line_band, (), build(plan))


def parse_agreement(
    file_name: str, content: bytes, *, here: ScoreScale, there: ScoreScale
) -> AgreementDraft:
    """The draft in a TOML file, for the two cities of these scales; raises FILE_INVALID."""
    file, lines = read_toml(file_name, content, _File)
    scales = {scale.header.issuer: scale for scale in (here, there)}
    if not file.scenarios:
        raise lines.mistake(("scenarios",), "name at least one scenario")
    one, other = sorted(scales)
    mappings = {(m.home, m.host): i for i, m in enumerate(file.mappings)}
    if len(file.mappings) != len(scales) or set(mappings) != {(one, other), (other, one)}:
        raise lines.mistake(
            ("mappings",), f"give one from {one} to {other} and one from {other} to {one}"
        )
    return AgreementDraft(
        disclosure_limit=Disclosure[file.disclosure_limit],
        scenarios=tuple(sorted(set(file.scenarios))),
        commendations=tuple(sorted(set(file.commendations))),
        attestation_lifetime=timedelta(hours=file.attestation_lifetime_hours),
        status_freshness=timedelta(seconds=file.status_freshness_seconds),
        legal_basis=file.legal_basis,
        privacy_assessment=file.privacy_assessment,
        valid_days=file.valid_days,
        notice=timedelta(days=file.notice_days),
        offline_grace=timedelta(minutes=file.offline_grace_minutes),
        mappings=(
            _mapping(file, mappings[one, other], scales, lines),
            _mapping(file, mappings[other, one], scales, lines),
        ),
    )


def _mapping(
    file: _File, place: int, scales: dict[CityCode, ScoreScale], lines: Lines
) -> MappingPlan:
    found = file.mappings[place]
    home, host = city_code(found.home), city_code(found.host)
    if found.method != "band_table":
        _check_band(scales[home], found.line, ("mappings", place, "line"), lines)
    if found.method == "concordance":
        degree = 0 if found.degree == _RAW else found.degree
        days = found.valid_days or file.valid_days
        return ConcordancePlan(home, host, found.line, degree, days)
    for row in found.rows or ():
        for city, band in ((home, row.home), (host, row.host)):
            _check_band(scales[city], band, ("mappings", place, "rows"), lines)
    try:
        rows = tuple(BandRow(row.home, row.host) for row in found.rows or ())
        return Mapping(home, host, found.line, rows, _linear(found))
    except HutongError as error:
        raise lines.mistake(("mappings", place), error.text("en")) from error


def _check_band(scale: ScoreScale, band: str, where: tuple[Part, ...], lines: Lines) -> None:
    if scale.rank(band) < 0:
        known = ", ".join(b.band_id for b in scale.bands)
        city = scale.header.issuer
        raise lines.mistake(where, f"{band} is no exportable band of {city}; it has {known}")


def _linear(found: _Mapping) -> LinearMapping | None:
    """By mean and spread, in thousandths: each of its keys is there, or none is."""
    if found.method != "linear":
        return None
    return LinearMapping(
        home_mean_milli=int(found.home_mean or 0),
        home_spread_milli=int(found.home_spread or 0),
        host_mean_milli=int(found.host_mean or 0),
        host_spread_milli=int(found.host_spread or 0),
        lowest_milli=int(found.lowest or 0),
        highest_milli=int(found.highest or 0),
        source=found.source or "",
    )
