"""Statements on incentives from fixed seeds: histograms, decisions, counted uses, mappings."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from federation.codec import (
    DECISIONS,
    SCORE_HISTOGRAM,
    USE_LEASE,
    USE_RELEASE,
    USE_REQUEST,
    scale_reference,
)
from federation.envelope import Envelope, seal
from federation.histogram import HistogramCell, ScoreHistogram
from federation.identifiers import CityCode
from federation.incentives import Decisions, IncentiveDecision, UseLease, UseRelease, UseRequest
from federation.messages import Agreement, Attestation, Mapping, UseCounting
from federation.methods import Concordance, ConcordancePoint, LinearMapping, Method
from federation.uses import use_commitment, use_label
from tests.federation.make import (
    CODE,
    DAY,
    HANGZHOU,
    NOW,
    PSEUDONYM,
    SCALES,
    ZHENGZHOU,
    agreement,
    attestation,
    header,
    signer,
    statement_id,
)

USE_KEY = bytes(range(16, 32))
COMMITMENT = use_commitment(USE_KEY)
MINUTE = timedelta(minutes=1)
_MILLI = 1000


def histogram(city: CityCode = ZHENGZHOU) -> ScoreHistogram:
    """How the residents of a city are spread from its line up; the smallest cell is suppressed."""
    scale = SCALES[city]
    edges = {ZHENGZHOU: (120, 130, 140, 150, 200), HANGZHOU: (700, 725, 750, 800, 1000)}[city]
    bands = ("excellent", "excellent", "excellent", "outstanding")
    if city == HANGZHOU:
        bands = ("excellent", "excellent", "outstanding", "outstanding")
    counts = (41_200, 20_100, 9_050, 0)
    return ScoreHistogram(
        header=header("histogram", city, life=365 * DAY),
        scale=scale_reference(scale),
        total=812_000,
        cells=tuple(
            HistogramCell(band, low * _MILLI, high * _MILLI, count)
            for band, low, high, count in zip(bands, edges[:-1], edges[1:], counts, strict=True)
        ),
        epsilon_milli=1000,
        smallest_shown=50,
    )


def decisions() -> Decisions:
    """What Hangzhou decided for a visitor from Zhengzhou: one is open, and one is not."""
    opened = IncentiveDecision(
        decision_id=statement_id("the decision that is open"),
        incentive_id="library-card",
        eligible=True,
        rule="BAND",
        reason_zh="您的等级达到要求。",
        reason_en="Your band is high enough.",
        change_zh="",
        change_en="",
        offline_until=NOW + 10 * MINUTE,
    )
    closed = IncentiveDecision(
        decision_id="",
        incentive_id="rental-long-no-deposit",
        eligible=False,
        rule="NOT_COUNTED",
        reason_zh="未同意跨城计数。",
        reason_en="No consent to counting.",
        change_zh="可在授权时同意计数。",
        change_en="Consent to counting.",
        offline_until=None,
    )
    return Decisions(
        header=header("decisions", HANGZHOU, HANGZHOU, life=15 * MINUTE),
        venue="library",
        holder=hashlib.sha256(CODE).digest(),
        home_city=ZHENGZHOU,
        band_id="excellent",
        catalogue_version=3,
        catalogue_digest=hashlib.sha256(b"the file of the catalogue").digest(),
        decisions=(opened, closed),
    )


def for_a_newcomer() -> Decisions:
    """The same for whoever shows nothing: only what is open to everyone."""
    found = decisions()
    return replace(found, holder=b"", band_id="", decisions=found.decisions[1:])


def use_request(use_class: str = "") -> UseRequest:
    """What Hangzhou asks Zhengzhou before it lets a flat without a deposit."""
    return UseRequest(
        header=header(f"use {use_class}", HANGZHOU, ZHENGZHOU, life=MINUTE),
        agreement_id=agreement().agreement_id,
        agreement_version=1,
        pseudonym=PSEUDONYM,
        label=use_label(USE_KEY, COMMITMENT, "rental"),
        use_class=use_class,
        most=1,
        until=NOW + 30 * DAY,
    )


def use_lease() -> UseLease:
    """What Zhengzhou answers."""
    asked = use_request()
    return UseLease(
        header=header("lease", ZHENGZHOU, HANGZHOU, life=30 * DAY),
        request_id=asked.header.statement_id,
        request_digest=hashlib.sha256(USE_REQUEST.encode(asked)).digest(),
        until=asked.until,
    )


def use_release() -> UseRelease:
    """What Hangzhou says when the flat is empty again."""
    return UseRelease(
        header=header("release", HANGZHOU, ZHENGZHOU, life=MINUTE),
        lease_id=use_request().header.statement_id,
    )


def counted(counting: UseCounting) -> Attestation:
    """The attestation of somebody whose uses are counted."""
    return replace(attestation(), counting=counting, use_commitment=COMMITMENT)


LINEAR = LinearMapping(
    home_mean_milli=110_000,
    home_spread_milli=20_000,
    host_mean_milli=660_000,
    host_spread_milli=80_000,
    lowest_milli=120_000,
    highest_milli=200_000,
    source="means and spreads that both cities published, made up for tests",
)
_BACK = replace(
    LINEAR,
    home_mean_milli=660_000,
    home_spread_milli=80_000,
    host_mean_milli=110_000,
    host_spread_milli=20_000,
    lowest_milli=700_000,
    highest_milli=1_000_000,
)


def concordance(home: CityCode, host: CityCode) -> Concordance:
    """A table of three points between the two cities' scales."""
    rows = ((120, 700, 900), (150, 750, 700), (200, 1000, 2500))
    pairs = rows if home == ZHENGZHOU else tuple((b, a, e // 5) for a, b, e in rows)
    return Concordance(
        points=tuple(ConcordancePoint(a * _MILLI, b * _MILLI, error) for a, b, error in pairs),
        home_histogram=histogram(home).header.statement_id,
        host_histogram=histogram(host).header.statement_id,
        degree=4,
        valid_until=NOW + 180 * DAY,
    )


def agreed_by(to: Method, back: Method) -> Agreement:
    """The agreement, with these methods from Hangzhou to Zhengzhou and back."""
    return replace(
        agreement(),
        mappings=(
            Mapping(HANGZHOU, ZHENGZHOU, "excellent", (), to),
            Mapping(ZHENGZHOU, HANGZHOU, "excellent", (), back),
        ),
    )


def linear_agreement() -> Agreement:
    """By mean and spread, both ways."""
    return agreed_by(_BACK, LINEAR)


def concordance_agreement() -> Agreement:
    """By equal ranks, both ways."""
    return agreed_by(concordance(HANGZHOU, ZHENGZHOU), concordance(ZHENGZHOU, HANGZHOU))


Said = ScoreHistogram | Decisions | UseRequest | UseLease | UseRelease


def sealed_said(message: Said) -> Envelope:
    """The statement, signed as it must be."""
    by = [signer(message.header.issuer)]
    match message:
        case ScoreHistogram():
            return seal(SCORE_HISTOGRAM, message, by)
        case Decisions():
            return seal(DECISIONS, message, by)
        case UseRequest():
            return seal(USE_REQUEST, message, by)
        case UseLease():
            return seal(USE_LEASE, message, by)
        case UseRelease():
            return seal(USE_RELEASE, message, by)
