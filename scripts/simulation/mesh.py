"""Many cities made partners of each other at once, as years of officers' work would have left them.

Each pair's agreement is signed by both once and written in both stores; each city's part of it all
is one transaction. What the services find is what `partners`, `swapping` and `agreements` leave
after the whole way (`tests/simulation/test_mesh.py` holds the two against each other).
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Final

from federation import codec
from federation.agreement import agreement_id_of, check_agreement
from federation.envelope import Envelope, add_signature, seal
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.messages import Agreement, Flags, Header, ScoreScale, TrustBundle
from federation.methods import Concordance
from node import data
from node.files import ConcordancePlan, parse_agreement, parse_indicators
from node.files.agreements import AgreementDraft
from node.indicators import IndicatorCatalogue
from node.logbook import LogKind
from node.model import Contact, PartnerMove
from node.ports import Transaction
from node.registry import (
    AgreementState,
    Move,
    Partner,
    PartnerScale,
    PartnerState,
    StoredAgreement,
)
from node.services.partners import Approval
from scripts import towns
from scripts.simulation.city import SimCity

ALL_THE_WAY: Final = Flags(approved=True, tested=True)
FIRST: Final = "operator/first"
SECOND: Final = "operator/second"
APPROVAL: Final = Approval("a simulated agreement", "a simulated assessment")

# What an exchange, an approval, a trial and a signed agreement add to a statement's sequence.
_STEPS: Final = 3

# Opened bundles that are kept at hand: one of each city of the largest world that is usual.
_BUNDLES: Final = 1024


@dataclass(frozen=True, slots=True)
class _Pair:
    """What two cities have signed, the lower code first."""

    agreement: Agreement
    envelope: Envelope


async def mesh(
    cities: Sequence[SimCity],
    now: datetime,
    *,
    degree: int | None = None,
    chance: random.Random | None = None,
) -> int:
    """Load the rules of these cities and make them partners; how many pairs.

    All with all, or each with `degree` others (an even number) that `chance` picks. Every city is
    up, and knows nobody yet.

    Raises:
        ValueError: a degree that is odd, or more than there are others.

    """
    pairs = _pairs([city.code for city in cities], degree, chance)
    by_code = {city.code: city for city in cities}
    for city in cities:
        await load_rules(city)
    drafts = _Drafts()
    signed = {
        (one, other): _signed(by_code[one], by_code[other], drafts, now)
        for one, other in sorted(pairs)
    }
    partners: dict[CityCode, list[CityCode]] = {code: [] for code in by_code}
    for one, other in sorted(pairs):
        partners[one].append(other)
        partners[other].append(one)
    for city in cities:
        others = [by_code[code] for code in sorted(partners[city.code])]
        await city.store.run(lambda tx, c=city, o=others: _write(tx, c, o, signed, now))  # type: ignore[misc]
    return len(pairs)


async def load_rules(city: SimCity) -> None:
    """Put the scale, the incentives and the indicators of a city's image in force."""
    town, cases = city.town, city.up
    scale, incentives = (towns.rules(town, f"{name}.toml") for name in ("scale", "incentives"))
    indicators = _indicators(town)
    await city.store.run(lambda tx: cases.catalogue.load_scale(tx, "scale.toml", scale))
    await city.store.run(
        lambda tx: cases.catalogue.load_incentives(tx, "incentives.toml", incentives)
    )
    await city.store.run(lambda tx: cases.indicating.load(tx, indicators))


def _pairs(
    codes: Sequence[CityCode], degree: int | None, chance: random.Random | None
) -> set[tuple[CityCode, CityCode]]:
    """Ascending pairs: of all, or around a shuffled ring."""
    most = len(codes) - 1
    if degree is None or degree >= most:
        return {(one, other) for one in codes for other in codes if one < other}
    if degree < 2 or degree % 2:  # noqa: PLR2004 - a neighbour on each side
        raise ValueError(f"give an even degree from 2 to {most}, not {degree}")
    ring = sorted(codes)
    if chance is not None:
        chance.shuffle(ring)
    return {
        _ascending(code, ring[(place + step) % len(ring)])
        for place, code in enumerate(ring)
        for step in range(1, degree // 2 + 1)
    }


def _ascending(one: CityCode, other: CityCode) -> tuple[CityCode, CityCode]:
    return (one, other) if one < other else (other, one)


class _Drafts:
    """What the files of pairs say, parsed once for each pair of images."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[data.City, data.City, AgreementDraft]] = {}

    def of(self, one: SimCity, other: SimCity) -> AgreementDraft:
        """The draft of two cities, in ascending order."""
        towns_now = first, second = one.town, other.town
        key = towns.image(first).pinyin, towns.image(second).pinyin
        if key not in self._known:
            text = towns.agreement(first, second)
            file = parse_agreement(
                "agreement.toml", text.encode(), here=_scale(one), there=_scale(other)
            )
            self._known[key] = (*towns_now, file)
        *before, file = self._known[key]
        codes = {was.code: town.code for was, town in zip(before, towns_now, strict=True)}
        to, back = file.mappings
        return replace(
            file,
            legal_basis=_renamed(file.legal_basis, codes),
            privacy_assessment=_renamed(file.privacy_assessment, codes),
            mappings=(
                replace(to, home_city=first.code, host_city=second.code),
                replace(back, home_city=second.code, host_city=first.code),
            ),
        )


def _renamed(text: str, codes: dict[CityCode, CityCode]) -> str:
    return re.sub("|".join(codes), lambda found: codes[CityCode(found[0])], text)


def _signed(one: SimCity, other: SimCity, drafts: _Drafts, now: datetime) -> _Pair:
    """The agreement of two cities, proposed by the first and signed by both."""
    scales = {city.code: _scale(city) for city in (one, other)}
    file = drafts.of(one, other)
    parties, ends = (one.code, other.code), now + timedelta(days=file.valid_days)
    agreement = file.agreement(
        header=Header(one.here.new_id(now), one.code, parties, now, ends),
        agreement_id=agreement_id_of(one.code, other.code),
        version=1,
        parties=parties,
        scales=(
            codec.scale_reference(scales[one.code]),
            codec.scale_reference(scales[other.code]),
        ),
        valid_from=now - CLOCK_SKEW,
        build=_no_tables,
    )
    check_agreement(agreement, scales)
    envelope = add_signature(seal(codec.AGREEMENT, agreement, [one.keys]), other.keys)
    return _Pair(agreement, envelope)


def _no_tables(plan: ConcordancePlan) -> Concordance:
    raise ValueError(f"nobody has published a histogram: {plan.home_city} to {plan.host_city}")


def _scale(city: SimCity) -> ScoreScale:
    own = city.store.registry.own_scale()
    if own is None:
        raise ValueError(f"{city.code} has no scale: load its rules first")
    return own.exported


def _write(
    tx: Transaction,
    city: SimCity,
    others: Iterable[SimCity],
    signed: dict[tuple[CityCode, CityCode], _Pair],
    now: datetime,
) -> None:
    """One city's part: partners, their scales, contacts and steps, agreements, and the traces."""
    for other in others:
        pair = signed[_ascending(city.code, other.code)]
        _befriend(tx, city, other, now)
        stored = StoredAgreement(pair.agreement, pair.envelope, AgreementState.ACTIVE)
        tx.administration.put_agreement(stored)
        content = codec.envelope_to_bytes(pair.envelope)
        city.here.trace(tx, LogKind.ADMINISTRATIVE, content, now)


def _befriend(tx: Transaction, city: SimCity, other: SimCity, now: datetime) -> None:
    bundle = _bundle(other.keys.bundle.payload)
    sequence = int(now.timestamp()) + _STEPS
    partner = Partner(
        city=other.code,
        bundle=bundle,
        envelope=other.keys.bundle,
        added_at=now,
        here=ALL_THE_WAY,
        sequence=sequence,
        there=ALL_THE_WAY,
        there_sequence=sequence,
        told=sequence,
        exchanged_by=FIRST,
    )
    tx.administration.put_partner(partner)
    own = _bundle(city.keys.bundle.payload).sequence
    tx.partnerships.put_contact(
        Contact(other.code, now, now, clock_offset=timedelta(0), acknowledged=own)
    )
    for move in _steps(city, other.code, now):
        tx.partnerships.add_move(move)
    city.here.trace(tx, LogKind.ADMINISTRATIVE, partner.envelope.payload, now)
    theirs = other.store.registry.own_scale()
    if theirs is not None:
        scale = PartnerScale(theirs.exported, theirs.envelope, theirs.reference)
        tx.administration.put_partner_scale(scale)
        city.here.trace(tx, LogKind.RECEIVED, theirs.envelope.payload, now)


@lru_cache(_BUNDLES)
def _bundle(payload: bytes) -> TrustBundle:
    return codec.TRUST_BUNDLE.decode(payload)


def _steps(city: SimCity, other: CityCode, now: datetime) -> tuple[PartnerMove, ...]:
    def step(move: Move, state: PartnerState, actor: str) -> PartnerMove:
        return PartnerMove(other, city.here.new_id(now), now, actor, move.value, state.value)

    return (
        step(Move.EXCHANGE, PartnerState.EXCHANGED, FIRST),
        replace(
            step(Move.APPROVE, PartnerState.APPROVED, SECOND),
            legal_basis=APPROVAL.legal_basis,
            privacy_assessment=APPROVAL.privacy_assessment,
        ),
        step(Move.TEST, PartnerState.ACTIVE, SECOND),
    )


@cache
def _indicators(town: data.City) -> IndicatorCatalogue:
    """The catalogue of a town: parsed once for each image, for it takes tenths of a second."""
    like = towns.image(town)
    parsed = _parsed(like)
    return replace(parsed, content=towns.rules(town, "indicators.toml").decode())


@cache
def _parsed(town: data.City) -> IndicatorCatalogue:
    content = towns.rules(town, "indicators.toml")
    return parse_indicators("indicators.toml", content, city=town.code, version=0)
