from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.agreement import Terms, check_agreement, terms
from federation.codec import scale_reference
from federation.errors import (
    AGREEMENT_MISMATCH,
    ANSWERS_ANOTHER_REQUEST,
    NOT_MAPPED,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
    Reason,
)
from federation.messages import (
    Attestation,
    AttestationRequest,
    BandRow,
    Claim,
    Disclosure,
    Mapping,
)
from federation.recognition import Recognition, claim_for, recognise
from federation.scale import Scale
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    PSEUDONYM,
    SCALES,
    SECOND,
    SKEW,
    STANDING,
    WHOLE,
    ZHENGZHOU,
    agreement,
    attestation,
    header,
    opened,
    opened_request,
    request,
    statement_id,
    zhengzhou_terms,
)
from tests.federation.strategies import band_tables, standings, whole_scales

LEVELS = tuple(Disclosure)
LIFETIME = zhengzhou_terms().attestation_lifetime


def read(
    said: Attestation, asked: AttestationRequest | None = None, meant: Terms | None = None
) -> Recognition:
    return recognise(
        opened(said),
        opened_request(asked or request()),
        meant or zhengzhou_terms(),
        SCALES[ZHENGZHOU],
        NOW,
    )


def refused(
    said: Attestation,
    reason: Reason,
    asked: AttestationRequest | None = None,
    meant: Terms | None = None,
) -> None:
    with pytest.raises(HutongError) as caught:
        read(said, asked, meant)
    assert caught.value.reason == reason


def claiming(level: Disclosure, **change: object) -> tuple[Attestation, AttestationRequest]:
    asked = request(disclosure=level)
    said = attestation(asked)
    return replace(said, claim=replace(said.claim, **change)), asked  # type: ignore[arg-type]


@pytest.mark.parametrize("level", LEVELS)
def test_an_attestation_at_each_level_is_recognised(level: Disclosure) -> None:
    asked = request(disclosure=level)
    said = attestation(asked)
    found = read(said, asked)
    assert found == Recognition(
        attestation_id=said.header.statement_id,
        pseudonym=PSEUDONYM,
        band_id="excellent",
        commendations=() if level is Disclosure.THRESHOLD else ("blood-donor",),
        scenarios=("library.deposit_free", "scenic.discount"),
        as_of=NOW,
        expires_at=said.header.expires_at,
        status_index=4711,
    )


def test_step_1_an_answer_to_another_request_is_refused() -> None:
    refused(replace(attestation(), request_id=statement_id("another")), ANSWERS_ANOTHER_REQUEST)


def test_step_1_an_answer_to_the_same_id_with_other_bytes_is_refused() -> None:
    refused(replace(attestation(), request_digest=bytes(32)), ANSWERS_ANOTHER_REQUEST)
    same_id = replace(request(), scenarios=request().scenarios[:1])
    refused(attestation(), ANSWERS_ANOTHER_REQUEST, same_id)


def test_step_1_an_answer_about_another_resident_is_refused() -> None:
    asked = request(by_pseudonym=True)
    assert read(attestation(asked), asked).pseudonym == PSEUDONYM
    refused(replace(attestation(asked), pseudonym=bytes(32)), ANSWERS_ANOTHER_REQUEST, asked)


def test_step_2_an_answer_by_a_city_that_was_not_asked_is_refused() -> None:
    refused(attestation(), WRONG_ISSUER, meant=replace(zhengzhou_terms(), home=NANJING))


def test_step_2_an_answer_for_more_than_this_city_is_refused() -> None:
    said = attestation()
    for audience in ((), (HANGZHOU, ZHENGZHOU), (NANJING, HANGZHOU)):
        to_more = replace(said, header=replace(said.header, audience=audience))
        refused(to_more, WRONG_AUDIENCE)


def test_step_3_an_answer_under_another_agreement_version_or_scale_is_refused() -> None:
    said = attestation()
    refused(replace(said, agreement_id=statement_id("another")), AGREEMENT_MISMATCH)
    refused(replace(said, agreement_version=2), AGREEMENT_MISMATCH)
    for change in ({"version": 2}, {"digest": bytes(32)}, {"scale_id": "x"}, {"city": NANJING}):
        changed = replace(said.scale, **change)
        refused(replace(said, scale=changed), AGREEMENT_MISMATCH)


def test_step_4_an_answer_that_shows_more_than_was_asked_is_refused() -> None:
    for asked in LEVELS:
        for shown in LEVELS:
            question = request(disclosure=asked)
            claim = attestation(request(disclosure=shown)).claim
            said = replace(attestation(question), claim=claim)
            if shown > asked:
                refused(said, AGREEMENT_MISMATCH, question)
            else:
                read(said, question)


def test_step_4_an_answer_that_shows_more_than_was_agreed_is_refused() -> None:
    question = request(disclosure=Disclosure.SCORE)
    meant = replace(zhengzhou_terms(), disclosure_limit=Disclosure.BAND)
    refused(attestation(question), AGREEMENT_MISMATCH, question, meant)


def test_step_4_an_answer_for_what_was_not_asked_is_refused() -> None:
    refused(replace(attestation(), scenarios=("rental.deposit_free",)), AGREEMENT_MISMATCH)


def test_step_4_a_commendation_that_is_not_agreed_is_refused() -> None:
    said, asked = claiming(Disclosure.BAND, commendations=("local-hero",))
    refused(said, AGREEMENT_MISMATCH, asked)


def test_step_4_an_answer_that_lives_longer_than_agreed_is_refused() -> None:
    said = attestation()
    edge = replace(said, header=replace(said.header, expires_at=NOW + LIFETIME))
    read(edge)
    over = replace(said, header=replace(said.header, expires_at=NOW + LIFETIME + SECOND))
    refused(over, AGREEMENT_MISMATCH)


def test_step_4_a_standing_that_is_too_old_or_of_the_future_is_refused() -> None:
    said = attestation()
    for as_of in (NOW - LIFETIME, NOW + SKEW):
        read(replace(said, as_of=as_of))
    for as_of in (NOW - LIFETIME - SECOND, NOW + SKEW + SECOND):
        refused(replace(said, as_of=as_of), AGREEMENT_MISMATCH)


def test_step_5_a_band_below_the_line_or_of_no_scale_is_refused() -> None:
    for band in ("poor", "minor-dishonesty", "good", "nothing", ""):
        said, asked = claiming(Disclosure.BAND, band_id=band)
        refused(said, AGREEMENT_MISMATCH, asked)


def test_step_5_a_score_outside_its_band_is_refused() -> None:
    for score in (120_000, 150_000):
        said, asked = claiming(Disclosure.SCORE, score_milli=score)
        read(said, asked)
    for score in (-1, 0, 119_999, 150_001, 200_001, 2**63 - 1):
        said, asked = claiming(Disclosure.SCORE, score_milli=score)
        refused(said, AGREEMENT_MISMATCH, asked)


def test_step_5_another_line_is_refused() -> None:
    said, asked = claiming(Disclosure.THRESHOLD, line_band="outstanding")
    refused(said, AGREEMENT_MISMATCH, asked)


def test_step_5_a_band_without_a_row_is_not_recognised() -> None:
    rows = (BandRow("outstanding", "excellent"),)
    meant = replace(zhengzhou_terms(), rows=rows, line_band="outstanding")
    refused(attestation(), NOT_MAPPED, meant=meant)


def test_a_claim_shows_what_its_level_shows_and_no_more() -> None:
    shown = {
        level: claim_for(STANDING, WHOLE[ZHENGZHOU], zhengzhou_terms(), level) for level in LEVELS
    }
    shared = ("blood-donor",)
    assert shown == {
        Disclosure.THRESHOLD: Claim(Disclosure.THRESHOLD, "excellent", None, None, ()),
        Disclosure.BAND: Claim(Disclosure.BAND, None, "excellent", None, shared),
        Disclosure.SCORE: Claim(Disclosure.SCORE, None, "excellent", 130_500, shared),
    }


@pytest.mark.parametrize(
    ("level", "line", "band", "score", "commendations"),
    [
        (Disclosure.THRESHOLD, "a", "a", None, ()),
        (Disclosure.THRESHOLD, "a", None, 1, ()),
        (Disclosure.THRESHOLD, None, None, None, ()),
        (Disclosure.THRESHOLD, "a", None, None, ("b",)),
        (Disclosure.BAND, "a", "a", None, ()),
        (Disclosure.BAND, None, "a", 1, ()),
        (Disclosure.BAND, None, None, None, ()),
        (Disclosure.SCORE, None, "a", None, ()),
        (Disclosure.SCORE, None, None, 1, ()),
        (Disclosure.SCORE, "a", "a", 1, ()),
    ],
)
def test_no_claim_can_be_built_that_shows_more_or_less_than_its_level(
    level: Disclosure,
    line: str | None,
    band: str | None,
    score: int | None,
    commendations: tuple[str, ...],
) -> None:
    with pytest.raises(HutongError):
        Claim(level, line, band, score, commendations)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("score", [0, 79, 80, 99, 100, 119.999])
def test_a_resident_of_zhengzhou_below_the_line_has_nothing_to_show(
    level: Disclosure, score: float
) -> None:
    named = frozenset({"blood-donor"})
    standing = WHOLE[ZHENGZHOU].standing(round(score * 1000) - 100_000, named)
    assert claim_for(standing, WHOLE[ZHENGZHOU], zhengzhou_terms(), level) is None


def test_a_standing_between_the_rows_and_the_line_meets_no_threshold() -> None:
    meant = replace(zhengzhou_terms(), line_band="outstanding")
    assert claim_for(STANDING, WHOLE[ZHENGZHOU], meant, Disclosure.THRESHOLD) is None
    assert claim_for(STANDING, WHOLE[ZHENGZHOU], meant, Disclosure.BAND) is not None


def test_a_line_that_no_check_has_seen_is_never_named_below_the_exportable_one() -> None:
    rows = (BandRow("good", "excellent"), BandRow("excellent", "excellent"))
    meant = replace(zhengzhou_terms(), rows=rows, line_band="good")
    assert claim_for(STANDING, WHOLE[ZHENGZHOU], meant, Disclosure.THRESHOLD) is None


def test_a_red_list_has_no_score_to_show() -> None:
    nanjing = WHOLE[NANJING]
    rows = (BandRow("listed", "excellent"),)
    meant = replace(zhengzhou_terms(), home=NANJING, line_band="listed", rows=rows)
    listed = nanjing.standing(0, frozenset({"volunteer-star"}))
    claim = claim_for(listed, nanjing, meant, Disclosure.SCORE)
    assert claim == Claim(Disclosure.BAND, None, "listed", None, ("volunteer-star",))
    unlisted = nanjing.standing(10**9, frozenset())
    for level in LEVELS:
        assert claim_for(unlisted, nanjing, meant, level) is None


@given(whole_scales(ZHENGZHOU), st.sampled_from(LEVELS), st.data())
def test_only_good_news_crosses_whatever_the_scale_the_terms_and_the_standing(
    scale: Scale, level: Disclosure, data: st.DataObject
) -> None:
    standing = data.draw(standings(scale))
    # Any table at all, also one that no check_agreement has seen.
    ids = tuple(band.band_id for band in scale.bands)
    rows = data.draw(band_tables(ids, ids))
    line = data.draw(st.sampled_from(rows)).home_band
    meant = replace(zhengzhou_terms(), rows=rows, line_band=line)
    claim = claim_for(standing, scale, meant, level)
    if not scale.exportable(standing.band_id):
        assert claim is None
    if claim is None:
        return
    assert claim.disclosure <= level
    named = [band for band in (claim.band_id, claim.line_band) if band is not None]
    assert all(scale.exportable(band) for band in named)
    assert set(claim.commendations) <= set(meant.commendations)
    if claim.score_milli is not None:
        assert scale.band(standing.band_id).holds(claim.score_milli)


@given(whole_scales(ZHENGZHOU), whole_scales(HANGZHOU), st.sampled_from(LEVELS), st.data())
def test_a_better_score_is_never_recognised_lower_from_end_to_end(
    home: Scale, host: Scale, level: Disclosure, data: st.DataObject
) -> None:
    exported = home.exported(header("home", ZHENGZHOU))
    seen = host.exported(header("host", HANGZHOU))
    low = tuple(band.band_id for band in exported.bands)
    high = tuple(band.band_id for band in seen.bands)
    to, back = data.draw(band_tables(high, low)), data.draw(band_tables(low, high))
    document = replace(
        agreement(),
        scales=(scale_reference(seen), scale_reference(exported)),
        mappings=(
            Mapping(HANGZHOU, ZHENGZHOU, to[0].home_band, to),
            Mapping(ZHENGZHOU, HANGZHOU, data.draw(st.sampled_from(back)).home_band, back),
        ),
    )
    scales = {HANGZHOU: seen, ZHENGZHOU: exported}
    try:
        check_agreement(document, scales)
    except HutongError:
        return
    meant = terms(document, ZHENGZHOU, scales)
    found = [data.draw(standings(home)) for _ in range(2)]
    found.sort(key=lambda s: home.rank(s.band_id))

    def recognised(claim: Claim | None) -> int:
        if claim is None:
            return -1
        return seen.rank(meant.recognised(claim.band_id or claim.line_band or "") or "")

    worse, better = (recognised(claim_for(s, home, meant, level)) for s in found)
    assert worse <= better


def test_recognition_does_not_depend_on_when_it_is_read_within_the_attestation_s_life() -> None:
    later = NOW + timedelta(minutes=30)
    said = opened(attestation(), later)
    asked = opened_request(request())
    found = recognise(said, asked, zhengzhou_terms(), SCALES[ZHENGZHOU], later)
    assert found == read(attestation())
