from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from federation.agreement import (
    Terms,
    agreement_id_of,
    changed_scales,
    check_agreement,
    domestic,
    terms,
)
from federation.codec import AGREEMENT, scale_reference
from federation.codec.documents import agreement_to_wire
from federation.envelope import Envelope, add_signature, open_envelope, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    MALFORMED,
    MISSING_SIGNATURE,
    UNKNOWN_KEY,
    HutongError,
)
from federation.identifiers import CityCode
from federation.limits import AGREEMENT_NOTICE, ATTESTATION_LIFETIME, STATUS_FRESHNESS
from federation.messages import Agreement, BandRow, Disclosure, Mapping, ScoreScale
from federation.scale import Scale
from tests.federation.make import (
    COMMENDATIONS,
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    SCALES,
    SCENARIOS,
    ZHENGZHOU,
    agreement,
    header,
    ring,
    sealed,
    signer,
    zhengzhou_terms,
)
from tests.federation.strategies import band_tables, whole_scales

TO_ZHENGZHOU, TO_HANGZHOU = agreement().mappings
MICROSECOND = timedelta(microseconds=1)


def mismatch(document: Agreement) -> str:
    with pytest.raises(HutongError) as caught:
        check_agreement(document, SCALES)
    assert caught.value.reason == AGREEMENT_MISMATCH
    return caught.value.fields["problem"]


def mapped(*rows: tuple[str, str], line: str | None = None) -> Agreement:
    """The agreement with other rows from Zhengzhou to Hangzhou."""
    table = tuple(BandRow(home, host) for home, host in rows)
    mapping = Mapping(ZHENGZHOU, HANGZHOU, line or rows[0][0], table)
    return replace(agreement(), mappings=(TO_ZHENGZHOU, mapping))


def malformed(**change: object) -> None:
    with pytest.raises(HutongError) as caught:
        replace(agreement(), **change)  # type: ignore[arg-type]
    assert caught.value.reason == MALFORMED


def opened(envelope: Envelope) -> Agreement:
    return open_envelope(
        envelope,
        AGREEMENT,
        signed_by=[ring(HANGZHOU), ring(ZHENGZHOU)],
        audience=ZHENGZHOU,
        now=NOW,
    ).message


def test_an_agreement_that_fits_both_scales_passes() -> None:
    check_agreement(agreement(), SCALES)
    check_agreement(mapped(("outstanding", "excellent")), SCALES)
    check_agreement(mapped(("excellent", "outstanding"), ("outstanding", "outstanding")), SCALES)


def test_one_city_cannot_agree_alone() -> None:
    one = seal(AGREEMENT, agreement(), [signer(HANGZHOU)])
    other = seal(AGREEMENT, agreement(), [signer(ZHENGZHOU)])
    for alone in (one, other):
        with pytest.raises(HutongError) as caught:
            opened(alone)
        assert caught.value.reason == MISSING_SIGNATURE
    assert opened(add_signature(one, signer(ZHENGZHOU))) == agreement()
    assert opened(add_signature(other, signer(HANGZHOU))) == agreement()


def test_a_third_city_cannot_agree_for_one_of_them() -> None:
    one = seal(AGREEMENT, agreement(), [signer(HANGZHOU)])
    with pytest.raises(HutongError) as caught:
        opened(add_signature(one, signer(NANJING)))
    assert caught.value.reason == UNKNOWN_KEY
    with pytest.raises(HutongError) as caught:
        opened(add_signature(sealed(agreement()), signer(NANJING)))
    assert caught.value.reason == UNKNOWN_KEY


def test_a_scale_that_is_not_known_or_has_changed_is_a_mismatch() -> None:
    with pytest.raises(HutongError) as caught:
        check_agreement(agreement(), {HANGZHOU: SCALES[HANGZHOU]})
    assert caught.value.reason == AGREEMENT_MISMATCH
    changed = replace(SCALES[ZHENGZHOU], maximum_milli=201_000)
    with pytest.raises(HutongError) as caught:
        check_agreement(agreement(), {**SCALES, ZHENGZHOU: changed})
    assert caught.value.reason == AGREEMENT_MISMATCH


def test_a_scale_is_named_by_its_content_and_not_by_its_header() -> None:
    again = replace(SCALES[ZHENGZHOU], header=header("sent again", ZHENGZHOU))
    assert scale_reference(again) == scale_reference(SCALES[ZHENGZHOU])
    other = replace(SCALES[ZHENGZHOU], illustrative=True)
    assert scale_reference(other) != scale_reference(SCALES[ZHENGZHOU])


def test_a_row_from_or_to_a_band_that_is_not_exportable_is_a_mismatch() -> None:
    for low in ("good", "minor-dishonesty", "poor"):
        assert "home city" in mismatch(
            mapped((low, "excellent"), ("excellent", "excellent"), ("outstanding", "excellent"))
        )
    assert "host city" in mismatch(mapped(("excellent", "good"), ("outstanding", "excellent")))


def test_a_better_standing_is_never_left_out_nor_counts_for_less() -> None:
    mismatch(mapped(("excellent", "excellent")))
    mismatch(mapped(("outstanding", "outstanding"), ("excellent", "excellent"), line="excellent"))
    mismatch(mapped(("excellent", "outstanding"), ("outstanding", "excellent")))


@given(whole_scales(HANGZHOU), whole_scales(ZHENGZHOU), st.data())
def test_whatever_the_table_a_better_standing_is_recognised_no_lower_or_it_is_refused(
    host: Scale, home: Scale, data: st.DataObject
) -> None:
    scales = {
        HANGZHOU: host.exported(header("host", HANGZHOU)),
        ZHENGZHOU: home.exported(header("home", ZHENGZHOU)),
    }
    ids = {city: tuple(b.band_id for b in scale.bands) for city, scale in scales.items()}
    whole = {HANGZHOU: host, ZHENGZHOU: home}
    any_ids = {city: tuple(b.band_id for b in scale.bands) for city, scale in whole.items()}
    source = data.draw(st.sampled_from([ids, any_ids]))

    def mapping(one: CityCode, other: CityCode) -> Mapping:
        rows = data.draw(band_tables(source[one], source[other]))
        return Mapping(one, other, data.draw(st.sampled_from(rows)).home_band, rows)

    document = replace(
        agreement(),
        scales=(scale_reference(scales[HANGZHOU]), scale_reference(scales[ZHENGZHOU])),
        mappings=(mapping(HANGZHOU, ZHENGZHOU), mapping(ZHENGZHOU, HANGZHOU)),
    )
    try:
        check_agreement(document, scales)
    except HutongError as error:
        event("refused")
        assert error.reason == AGREEMENT_MISMATCH  # noqa: PT017 - or it passes
        return
    event("passes")
    for city, other in ((ZHENGZHOU, HANGZHOU), (HANGZHOU, ZHENGZHOU)):
        meant = terms(document, city, scales)
        ranks = [
            -1 if band is None else scales[other].rank(band)
            for band in (meant.recognised(one) for one in any_ids[city])
        ]
        assert ranks == sorted(ranks)
        reached = [meant.at_line(one) for one in any_ids[city]]
        assert reached == sorted(reached)
        assert all(whole[city].exportable(row.home_band) for row in meant.rows)


def test_terms_are_the_agreement_as_one_host_reads_it() -> None:
    meant = zhengzhou_terms()
    assert (meant.home, meant.host) == (ZHENGZHOU, HANGZHOU)
    assert meant.scale == scale_reference(SCALES[ZHENGZHOU])
    assert meant.recognised("excellent") == "excellent"
    assert meant.recognised("good") is None
    assert terms(agreement(), HANGZHOU, SCALES).host == ZHENGZHOU
    assert agreement().other(HANGZHOU) == ZHENGZHOU
    assert agreement().other(ZHENGZHOU) == HANGZHOU


def test_the_line_is_met_from_its_band_up() -> None:
    high = replace(zhengzhou_terms(), line_band="outstanding")
    assert not high.at_line("good")
    assert not high.at_line("excellent")
    assert high.at_line("outstanding")


def test_terms_are_in_force_from_their_first_instant_and_not_at_their_last() -> None:
    meant = zhengzhou_terms()
    assert not meant.in_force(NOW - DAY - MICROSECOND)
    assert meant.in_force(NOW - DAY)
    assert meant.in_force(NOW + 365 * DAY - MICROSECOND)
    assert not meant.in_force(NOW + 365 * DAY)


def at_home(scale: ScoreScale = SCALES[ZHENGZHOU]) -> Terms:
    return domestic(
        scale,
        scenarios=SCENARIOS,
        commendations=COMMENDATIONS,
        attestation_lifetime=DAY,
        status_freshness=DAY,
    )


def test_at_home_each_exportable_band_counts_as_itself_and_no_other_counts() -> None:
    meant = at_home()
    assert meant.home == meant.host == ZHENGZHOU
    for band in SCALES[ZHENGZHOU].bands:
        assert meant.recognised(band.band_id) == band.band_id
        assert meant.at_line(band.band_id)
    assert meant.recognised("good") is None


def test_at_home_a_score_counts_as_itself_and_one_below_the_line_as_nothing() -> None:
    meant = at_home()
    assert meant.disclosure_limit is meant.level is Disclosure.SCORE
    assert meant.curve is not None
    for score in (120_000, 150_000, 150_001, 200_000):
        found = meant.curve.at(score)
        assert found is not None
        assert found.local_milli == score
        assert found.band_id == ("excellent" if score <= 150_000 else "outstanding")
    for score in (-1, 0, 119_999, 200_001):
        assert meant.curve.at(score) is None


def test_at_home_a_red_list_shows_no_more_than_its_band() -> None:
    meant = at_home(SCALES[NANJING])
    assert meant.curve is None
    assert meant.disclosure_limit is meant.level is Disclosure.BAND


def test_terms_at_home_are_the_same_each_time() -> None:
    assert at_home() == at_home()


def test_no_agreement_without_a_legal_basis_and_an_impact_assessment() -> None:
    for blank in ("", " ", "\n\t", "\u3000"):
        malformed(legal_basis=blank)
        malformed(privacy_assessment=blank)


def test_the_parts_of_an_agreement_fit_each_other() -> None:
    good = agreement()
    one, other = good.parties
    malformed(parties=(other, one))
    malformed(parties=(one, one))
    malformed(scales=good.scales[::-1])
    malformed(mappings=good.mappings[::-1])
    malformed(mappings=(TO_ZHENGZHOU, TO_ZHENGZHOU))
    malformed(version=0)
    malformed(scenarios=())
    malformed(scenarios=("b", "a"))
    malformed(scenarios=("a", "a"))
    malformed(commendations=("b", "a"))
    malformed(valid_until=good.valid_from)
    malformed(header=replace(good.header, issuer=NANJING))
    malformed(header=replace(good.header, audience=(HANGZHOU,)))
    malformed(header=replace(good.header, audience=()))


def test_an_attestation_cannot_be_agreed_to_live_for_ever() -> None:
    for lifetime in (timedelta(0), ATTESTATION_LIFETIME + MICROSECOND):
        malformed(attestation_lifetime=lifetime)
    for freshness in (timedelta(0), STATUS_FRESHNESS + MICROSECOND):
        malformed(status_freshness=freshness)


def test_a_table_maps_each_band_once_and_holds_its_line() -> None:
    row = BandRow("excellent", "excellent")
    for line, rows in (("excellent", (row, row)), ("outstanding", (row,)), ("excellent", ())):
        with pytest.raises(HutongError) as caught:
            Mapping(ZHENGZHOU, HANGZHOU, line, rows)
        assert caught.value.reason == MALFORMED


def test_a_notice_is_none_or_at_most_a_year() -> None:
    assert replace(agreement(), notice=AGREEMENT_NOTICE).notice == AGREEMENT_NOTICE
    for notice in (AGREEMENT_NOTICE + MICROSECOND, -MICROSECOND):
        malformed(notice=notice)


def test_a_document_of_before_notices_has_none_and_none_has_one_encoding() -> None:
    wire = agreement_to_wire(agreement())
    assert not wire.HasField("notice")
    assert AGREEMENT.decode(wire.SerializeToString(deterministic=True)).notice == timedelta(0)
    wire.notice.SetInParent()
    with pytest.raises(HutongError) as caught:
        AGREEMENT.decode(wire.SerializeToString(deterministic=True))
    assert caught.value.reason == MALFORMED


def test_terms_end_where_notice_was_given_and_never_later_than_signed() -> None:
    signed = agreement().valid_until
    early = terms(agreement(), ZHENGZHOU, SCALES, ends_at=signed - DAY)
    assert early.in_force(signed - DAY - MICROSECOND)
    assert not early.in_force(signed - DAY)
    assert terms(agreement(), ZHENGZHOU, SCALES, ends_at=signed + DAY).valid_until == signed


def test_a_scale_that_is_not_the_mapped_one_is_named_by_its_city() -> None:
    mapped_now = {city: scale_reference(SCALES[city]) for city in (HANGZHOU, ZHENGZHOU)}
    assert changed_scales(agreement(), mapped_now) == ()
    assert changed_scales(agreement(), {}) == ()
    newer = scale_reference(replace(SCALES[ZHENGZHOU], version=2))
    assert changed_scales(agreement(), {**mapped_now, ZHENGZHOU: newer}) == (ZHENGZHOU,)
    silent = scale_reference(replace(SCALES[HANGZHOU], source="the same version, other content"))
    assert changed_scales(agreement(), {HANGZHOU: silent, ZHENGZHOU: newer}) == (
        HANGZHOU,
        ZHENGZHOU,
    )


def test_two_cities_have_one_agreement_whoever_proposes_it() -> None:
    assert agreement_id_of(HANGZHOU, ZHENGZHOU) == agreement_id_of(ZHENGZHOU, HANGZHOU)
    assert agreement_id_of(HANGZHOU, NANJING) != agreement_id_of(HANGZHOU, ZHENGZHOU)
