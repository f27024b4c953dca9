"""Rule 1: only good news crosses a border, and nobody has less by being recognised."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation import codec
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.messages import Attestation
from federation.messages import Mapping as Reading
from federation.scale import Scale
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_ATTESTED: Final = """
SELECT attestation_id, host, claim, statement, batch_id FROM attestations
"""
_RECOGNISED: Final = "SELECT recognition_id, home, band_id, commendations FROM recognitions"

# Words of bad news, as a name of a band or of an honour could bring them; there is no such honour.
_BAD: Final = re.compile(
    r"penal|punish|black|dishonest|default|poor|bad|below|low|warn|serious|失信|处罚|黑名单|严重|差",
    re.IGNORECASE,
)


def attestation_of(statement: bytes, batch_id: str) -> Attestation:
    """What a home city kept of an attestation; raises HutongError for what is none."""
    payload = statement if batch_id else codec.envelope_from_bytes(statement).payload
    return codec.ATTESTATION.decode(payload)


def _only_good_news(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        exportable = {own.reference: _exportable(own.scale) for own in city.registry.own_scales}
        known = city.registry.indicators
        honours = {i.commendation for i in known.indicators.values()} if known else set()
        for name, host, claim, statement, batch in city.rows(_ATTESTED):
            tally.see()
            try:
                said = attestation_of(statement, batch)
            except HutongError as error:
                _attested(tally, city, name, host, f"it cannot be read: {error.text('en')}")
                continue
            bands, shown = exportable.get(said.scale, {}), said.claim
            named = [band for band in (shown.band_id, shown.line_band) if band is not None]
            if not all(band in bands for band in named):
                _attested(tally, city, name, host, f"bands {named}: below the exportable line")
            elif shown.score_milli is not None and not bands[named[0]].holds(shown.score_milli):
                _attested(tally, city, name, host, "the score is not of its band")
            elif not set(shown.commendations) <= honours:
                _attested(tally, city, name, host, f"no honours: {shown.commendations}")
            elif _BAD.search(claim):
                _attested(tally, city, name, host, f"a word of bad news in {claim}")
        _kept_of_others(evidence, city, tally)


def _attested(tally: Tally, city: CityEvidence, name: str, host: str, problem: str) -> None:
    tally.broken(
        city.place.pinyin,
        f"给 {host} 的证明不只含正面信息：{problem}。",
        f"An attestation to {host} says more than good news: {problem}.",
        attestation_id=name,
        host=host,
    )


def _exportable(scale: Scale) -> Mapping[str, Any]:
    return {b.band_id: b for b in scale.bands[scale.rank(scale.exportable_from) :]}


def _kept_of_others(evidence: Evidence, city: CityEvidence, tally: Tally) -> None:
    """What a host keeps of other cities: their scales, and what their residents count as."""
    for scale in city.registry.partner_scales:
        home = evidence.cities.get(scale.reference.city)
        if home is None:
            continue
        tally.see()
        own = home.registry.own_scale(scale.reference)
        bands = {band.band_id for band in scale.exported.bands}
        if own is not None and not bands <= set(_exportable(own.scale)):
            tally.broken(
                city.place.pinyin,
                f"保存了 {home.code} 不可对外的等级。",
                f"It keeps bands of {home.code} that may not leave that city.",
                home=home.code,
                bands=bands,
            )
    readings = dict(_readings(city))
    for name, home_code, band, commendations in city.rows(_RECOGNISED):
        tally.see()
        allowed = readings.get(home_code, set())
        if band in allowed and not _BAD.search(commendations):
            continue
        tally.broken(
            city.place.pinyin,
            f"对 {home_code} 居民的认定“{band}”不是互认可得的等级。",
            f"A resident of {home_code} counts as {band!r}, which no attestation is read as.",
            recognition_id=name,
            band=band,
            commendations=commendations,
            allowed=allowed,
        )
    for check in traced.decided(evidence, city).checks.values():
        facts = check.facts.facts
        if facts.band_id and facts.home in readings:
            tally.see()
            if facts.band_id not in readings[CityCode(facts.home)]:
                tally.broken(
                    city.place.pinyin,
                    f"核验依据的等级“{facts.band_id}”不是互认可得的等级。",
                    f"It decided by the band {facts.band_id!r}, which no attestation is read as.",
                    check_id=check.check_id,
                    home=facts.home,
                )


def _readings(city: CityEvidence) -> Iterator[tuple[CityCode, set[str]]]:
    """For each home city the bands of this one that its residents may count as."""
    own = city.registry.own_scales
    yield city.code, {band for each in own for band in _exportable(each.scale)}
    whole = {band.band_id for each in own for band in each.scale.bands}
    found = dict[CityCode, set[str]]()
    for stored in city.registry.agreements:
        if city.code in stored.agreement.parties:
            home = stored.agreement.other(city.code)
            mapping = stored.agreement.mapping(home)
            found.setdefault(home, set()).update(_read_as(mapping, whole))
    yield from found.items()


def _read_as(mapping: Reading, whole: set[str]) -> set[str]:
    """Where scores are read by a curve any band of the host's own may come out."""
    return whole if mapping.method else {row.host_band for row in mapping.rows}


_OFFERED: Final = """
SELECT a.act, a.other, a.verdict, d.incentive_id, d.eligible
FROM history.acts a JOIN history.decided d ON d.act = a.act
WHERE a.city = ? AND a.outcome = 'OK' AND a.deed = 'check'
"""


def _newcomers_share(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        # Open to everyone in every version: then it was at the time of any check.
        versions = city.catalogues.values()
        known = {i.incentive_id: i for version in versions for i in version.incentives}
        closed = {i.incentive_id for v in versions for i in v.incentives if not i.is_open_to_all}
        first = max((i.valid_from for i in known.values()), default=None)
        for act, home, verdict, incentive, eligible in city.rows(_OFFERED, city.code):
            if incentive not in known or incentive in closed:
                continue
            tally.see()
            if not eligible:
                tally.broken(
                    city.place.pinyin,
                    f"对所有人开放的 {incentive} 未向来自 {home} 的人开放（{verdict}）。",
                    f"{incentive}, open to everyone, was refused to somebody of {home} "
                    f"({verdict}).",
                    act=act,
                    incentive_id=incentive,
                    valid_from=str(first),
                )
        for check in traced.decided(evidence, city).checks.values():
            for incentive, eligible in check.eligible:
                open_to_all = incentive in known and incentive not in closed
                if not open_to_all or not known[incentive].valid_on(check.facts.facts.day):
                    continue
                tally.see()
                if not eligible:
                    tally.broken(
                        city.place.pinyin,
                        f"对所有人开放的 {incentive} 在核验中未开放。",
                        f"{incentive}, open to everyone, was refused in a check.",
                        check_id=check.check_id,
                    )


INVARIANTS: Final = (
    Invariant(
        "good-news",
        "1",
        "跨城的只有正面信息",
        "Only good news crosses a border",
        _only_good_news,
    ),
    Invariant(
        "newcomers",
        "1",
        "新访客可得的，被认定者同样可得",
        "What a newcomer may have is refused to nobody",
        _newcomers_share,
    ),
)
