"""An agreement as an operator writes it, before it has parties, versions and signatures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

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
from node.files.reading import Lines, Name, Strict, Text, read_toml

_HOURS = int(protocol_limits.ATTESTATION_LIFETIME.total_seconds() // 3600)
_SECONDS = int(protocol_limits.STATUS_FRESHNESS.total_seconds())


class _Row(Strict):
    home: Name
    host: Name


class _Mapping(Strict):
    home: str
    host: str
    line: Name
    rows: list[_Row]


class _File(Strict):
    disclosure_limit: Literal["THRESHOLD", "BAND", "SCORE"]
    scenarios: Annotated[list[Name], Field(max_length=protocol_limits.SCENARIOS)]
    commendations: Annotated[tuple[Name, ...], Field(max_length=protocol_limits.COMMENDATIONS)] = ()
    attestation_lifetime_hours: Annotated[int, Field(ge=1, le=_HOURS)]
    status_freshness_seconds: Annotated[int, Field(ge=1, le=_SECONDS)]
    legal_basis: Text
    privacy_assessment: Text
    valid_days: Annotated[int, Field(ge=1, le=protocol_limits.STATEMENT_LIFETIME.days)]
    notice_days: Annotated[int, Field(ge=0, le=protocol_limits.AGREEMENT_NOTICE.days)] = 0
    mappings: list[_Mapping]


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
    mappings: tuple[Mapping, Mapping]

    def agreement(
        self,
        *,
        header: Header,
        agreement_id: str,
        version: int,
        parties: tuple[CityCode, CityCode],
        scales: tuple[ScaleReference, ScaleReference],
        valid_from: datetime,
    ) -> Agreement:
        """The agreement, ready to be signed."""
        return Agreement(
            header=header,
            agreement_id=agreement_id,
            version=version,
            parties=parties,
            scales=scales,
            mappings=self.mappings,
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
        )


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
        mappings=(
            _mapping(file, mappings[one, other], scales, lines),
            _mapping(file, mappings[other, one], scales, lines),
        ),
    )


def _mapping(file: _File, place: int, scales: dict[CityCode, ScoreScale], lines: Lines) -> Mapping:
    found = file.mappings[place]
    home, host = city_code(found.home), city_code(found.host)
    for row in found.rows:
        for city, band in ((home, row.home), (host, row.host)):
            if scales[city].rank(band) < 0:
                known = ", ".join(b.band_id for b in scales[city].bands)
                raise lines.mistake(
                    ("mappings", place, "rows"),
                    f"{band} is no exportable band of {city}; it has {known}",
                )
    try:
        rows = tuple(BandRow(row.home, row.host) for row in found.rows)
        return Mapping(home, host, found.line, rows)
    except HutongError as error:
        raise lines.mistake(("mappings", place), error.text("en")) from error
