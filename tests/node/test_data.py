"""The shipped data: whole, sourced, and about nobody."""

import csv
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import NoReturn

import pytest

from federation.agreement import check_agreement
from federation.codec import scale_reference
from federation.errors import HutongError
from federation.identifiers import city_code
from federation.messages import Header, ScoreScale
from federation.scale import Scale
from node import data
from node.documents import guess_kind, parse_document
from node.errors import UNKNOWN
from node.files import (
    ConcordancePlan,
    parse_agreement,
    parse_incentives,
    parse_indicators,
    parse_scale,
)
from node.incentives import Catalogue
from node.indicators import (
    AreaKind,
    Dimension,
    DisclosureClass,
    IndicatorCatalogue,
    Severity,
)
from node.model import DocumentKind
from tests.node.services.world import START

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 24)
PINYIN = tuple(city.pinyin for city in data.cities())
PAIRS = tuple(combinations(PINYIN, 2))

# The scenarios of the article that the project comes from (中国城市信用, 2019-08-20).
ARTICLE = {
    "library.deposit_free",
    "hospital.pay_later",
    "primary_care.referral",
    "rental.deposit_free",
    "scenic.discount",
    "transit.discount",
    "approval.fast_track",
}


def scale_of(pinyin: str) -> Scale:
    content = data.path(f"{pinyin}/scale.toml").read_bytes()
    return parse_scale("scale.toml", content, city=data.city(pinyin).code, version=1)


def exported(pinyin: str) -> ScoreScale:
    code = data.city(pinyin).code
    ends = START.replace(year=START.year + 5)
    return scale_of(pinyin).exported(Header(f"scale-{code}", code, (), START, ends))


def catalogue_of(pinyin: str) -> Catalogue:
    content = data.path(f"{pinyin}/incentives.toml").read_bytes()
    return parse_incentives(
        "incentives.toml", content, city=data.city(pinyin).code, scale=scale_of(pinyin), version=1
    )


def test_the_five_cities_have_their_codes_and_are_found_by_each_name() -> None:
    codes = {city.pinyin: city.code for city in data.cities()}
    assert codes == {
        "zhengzhou": "410100",
        "nanjing": "320100",
        "hangzhou": "330100",
        "wuhan": "420100",
        "suzhou": "320500",
    }
    for city in data.cities():
        for name in (city.code, city.pinyin, city.name_zh, city.name_en, f" {city.name_en} "):
            assert data.city(name) == city
    with pytest.raises(HutongError, match="zhengzhou") as refused:
        data.city("atlantis")
    assert refused.value.reason == UNKNOWN


# The place of the band, from 0 at the lowest, on each side of each line: 《商鼎分》 and 钱江分 as
# published, the others illustrative.
BANDS: dict[str, dict[int, int]] = {
    "zhengzhou": {79: 0, 80: 1, 99: 1, 100: 2, 119: 2, 120: 3, 150: 3, 151: 4},
    "hangzhou": {549: 0, 550: 1, 599: 1, 600: 2, 699: 2, 700: 3, 749: 3, 750: 4},
    "suzhou": {99: 0, 100: 1, 119: 1, 120: 2, 149: 2, 150: 3},
    "wuhan": {699: 2, 700: 3},
}


@pytest.mark.parametrize("pinyin", BANDS)
def test_a_score_on_each_side_of_each_line_is_in_its_band(pinyin: str) -> None:
    scale = scale_of(pinyin)
    base = scale.base_milli or 0
    found = {
        score: scale.rank(scale.standing(score * 1000 - base, frozenset()).band_id)
        for score in BANDS[pinyin]
    }
    assert found == BANDS[pinyin]


def test_a_newcomer_to_zhengzhou_sits_exactly_on_a_hundred() -> None:
    standing = scale_of("zhengzhou").standing(0, frozenset())
    assert (standing.score_milli, standing.band_id) == (100_000, "good")


def test_the_red_list_of_nanjing_is_joined_by_a_commendation_alone() -> None:
    scale = scale_of("nanjing")
    assert scale.standing(999_999, frozenset()).band_id == "not-listed"
    assert scale.standing(-999_999, frozenset({"blood-donor"})).band_id == "listed"
    assert scale.standing(0, frozenset({"unknown"})).band_id == "not-listed"


@pytest.mark.parametrize("pinyin", PINYIN)
def test_what_is_exportable_is_what_the_city_says_and_good_news(pinyin: str) -> None:
    scale, shown = scale_of(pinyin), exported(pinyin)
    assert data.exportable_from(pinyin).band_id == scale.exportable_from
    newcomer = scale.standing(0, frozenset())
    assert shown.rank(newcomer.band_id) < 0
    assert [b.band_id for b in shown.bands] == [
        b.band_id for b in scale.bands[scale.rank(scale.exportable_from) :]
    ]


@pytest.mark.parametrize("pinyin", PINYIN)
def test_every_figure_of_a_city_has_a_source_and_says_if_it_is_illustrative(pinyin: str) -> None:
    scale = tomllib.loads(data.path(f"{pinyin}/scale.toml").read_text("utf-8"))
    incentives = tomllib.loads(data.path(f"{pinyin}/incentives.toml").read_text("utf-8"))
    for table in (scale, *incentives["incentives"]):
        assert table["source"].strip()
        assert isinstance(table["illustrative"], bool)
        if "illustrative" in table["source"].split(":")[0]:
            assert table["illustrative"]
    assert all(band["source"].strip() for band in scale["bands"])
    assert all(i["legal_basis"].strip() for i in incentives["incentives"])
    assert scale["illustrative"] is (pinyin in ("suzhou", "wuhan"))


@pytest.mark.parametrize("pinyin", PINYIN)
def test_a_catalogue_has_every_scenario_of_the_article_and_no_lending(pinyin: str) -> None:
    found = catalogue_of(pinyin).incentives
    scenarios = {incentive.scenario for incentive in found}
    assert scenarios >= ARTICLE
    assert not any(word in s for s in scenarios for word in ("lend", "loan", "mortgage", "credit"))
    for incentive in found:
        assert incentive.valid_on(TODAY)
        assert incentive.venues
        assert incentive.benefit_zh
        assert incentive.benefit_en
    open_to_all = [i for i in found if i.is_open_to_all]
    assert open_to_all
    by_band = {i.scenario for i in found if i.minimum_band is not None}
    assert by_band >= ARTICLE
    lines = {scale_of(pinyin).rank(i.minimum_band) for i in found if i.minimum_band}
    assert min(lines) >= scale_of(pinyin).rank(scale_of(pinyin).exportable_from)


@pytest.mark.parametrize("pinyin", PINYIN)
def test_every_venue_of_the_article_offers_something_in_every_city(pinyin: str) -> None:
    venues = {venue for i in catalogue_of(pinyin).incentives for venue in i.venues}
    assert venues >= {
        "library",
        "hospital-desk",
        "primary-care",
        "rental-shop",
        "scenic-spot",
        "transit-desk",
        "approval-window",
    }


def test_there_is_an_agreement_for_each_pair_and_no_other() -> None:
    names = {path.name for path in data.path("agreements").iterdir()}
    assert names == {data.agreement(*pair).name for pair in PAIRS}
    assert len(names) == 10
    for one, other in PAIRS:
        assert data.agreement(one, other) == data.agreement(other, one)


def no_table(plan: ConcordancePlan) -> NoReturn:
    raise AssertionError(plan)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_an_agreement_fits_both_cities_scales_and_both_catalogues(pair: tuple[str, str]) -> None:
    one, other = sorted(pair, key=lambda p: data.city(p).code)
    here, there = exported(one), exported(other)
    path = data.agreement(one, other)
    draft = parse_agreement(path.name, path.read_bytes(), here=here, there=there)
    parties = (data.city(one).code, data.city(other).code)
    agreement = draft.agreement(
        header=Header("a", parties[0], parties, START, START.replace(year=START.year + 1)),
        agreement_id="a",
        version=1,
        parties=parties,
        scales=(scale_reference(here), scale_reference(there)),
        valid_from=START,
        build=no_table,
    )
    check_agreement(agreement, dict(zip(parties, (here, there), strict=True)))
    assert set(agreement.scenarios) >= ARTICLE
    assert "illustrative" in agreement.legal_basis
    assert agreement.privacy_assessment
    for mapping in agreement.mappings:
        home = here if mapping.home_city == parties[0] else there
        assert [row.home_band for row in mapping.rows] == [band.band_id for band in home.bands]


def is_nobodys(kind: str, number: str) -> bool:
    if kind == "RESIDENT_ID":
        return number.startswith("999999")
    # UTO is the state that ICAO Doc 9303 made up.
    return number.startswith("UTO") or number[10:13] == "UTO"


@pytest.mark.parametrize("pinyin", PINYIN)
def test_every_resident_is_possible_of_age_and_nobody(pinyin: str) -> None:
    people = data.residents(pinyin)
    assert len({person.document_number for person in people}) == len(people) == 40
    assert len({person.label for person in people}) == len(people)
    for person in people:
        kind = DocumentKind[person.document_kind]
        assert is_nobodys(person.document_kind, person.document_number)
        assert guess_kind(person.document_number) == kind
        document = parse_document(kind, person.document_number, TODAY)
        assert document.number == person.document_number
    assert {person.document_kind for person in people} == {kind.name for kind in DocumentKind}


def test_no_document_is_of_two_cities() -> None:
    numbers = Counter(p.document_number for city in PINYIN for p in data.residents(city))
    assert max(numbers.values()) == 1


def indicators_of(pinyin: str) -> IndicatorCatalogue:
    content = data.path(f"{pinyin}/indicators.toml").read_bytes()
    return parse_indicators("indicators.toml", content, city=data.city(pinyin).code, version=1)


@pytest.mark.parametrize("pinyin", PINYIN)
def test_the_records_put_each_resident_where_the_label_says_for_a_year(pinyin: str) -> None:
    with data.path(f"records/{pinyin}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scale, catalogue = scale_of(pinyin), indicators_of(pinyin).indicators
    assert len({row["record_number"] for row in rows}) == len(rows)
    assert all("credit-office" in catalogue[row["indicator"]].departments for row in rows)
    assert all(row["evidence"] and date.fromisoformat(row["occurred_on"]) <= TODAY for row in rows)
    for row in rows:
        ends = catalogue[row["indicator"]].counts_until(
            date.fromisoformat(row["occurred_on"]), None
        )
        assert ends > TODAY.replace(year=TODAY.year + 1)
    numbers = {person.document_number for person in data.residents(pinyin)}
    assert {row["document_number"] for row in rows} <= numbers
    for person in data.residents(pinyin):
        own = [
            catalogue[row["indicator"]]
            for row in rows
            if row["document_number"] == person.document_number
        ]
        shared = sum(i.effect_milli for i in own if i.attestable)
        standing = scale.standing(shared, frozenset(i.commendation for i in own if i.commendation))
        word, _, at_home = person.label.removeprefix(f"{pinyin}-").partition("-and-")
        assert scale.exportable(standing.band_id) is word.startswith(
            ("exportable", "excellent", "outstanding")
        ), person.label
        digits = [part for part in word.split("-") if part.isdigit()]
        if standing.score_milli is not None:
            assert standing.score_milli == int(digits[0]) * 1000, person.label
        only_here = sum(i.effect_milli for i in own if not i.attestable)
        assert only_here == int(at_home.partition("-")[0] or 0) * 1000, person.label


@pytest.mark.parametrize("pinyin", PINYIN)
def test_a_catalogue_of_indicators_is_illustrative_and_reaches_every_whole_target(
    pinyin: str,
) -> None:
    catalogue = indicators_of(pinyin)
    assert catalogue.illustrative
    assert catalogue.source.startswith("illustrative")
    assert {c.dimension for c in catalogue.categories.values()} == set(Dimension)
    found = catalogue.indicators.values()
    assert all(i.legal_basis.startswith("illustrative") for i in found)
    effects = {i.effect_milli for i in found if i.attestable}
    assert {1000, -1000, 2000, -2000, 10_000, -10_000, 20_000, -20_000, 50_000, -50_000} <= effects
    assert {i.severity for i in found} == {*Severity, None}
    for name in ("honesty-model", "blood-donor", "volunteer-star"):
        assert catalogue.indicators[f"{name}.city"].commendation == name
    assert (catalogue.rules.promise_kept, catalogue.rules.promise_broken) == (
        "promise.kept",
        "promise.broken",
    )
    for names in (
        [i.name_zh for i in found],
        [i.name_en for i in found],
        [d.name_zh for d in catalogue.departments.values()],
        [c.name_zh for c in catalogue.categories.values()],
    ):
        assert len(set(names)) == len(names)
    assert "credit-office" in catalogue.departments
    senders = {name for i in found for name in i.departments}
    assert senders == set(catalogue.departments)


def test_zhengzhous_catalogue_has_the_counts_of_the_article_and_its_scenarios() -> None:
    catalogue = indicators_of("zhengzhou")
    kinds = Counter(area.kind for area in catalogue.areas.values())
    assert len(catalogue.departments) == 53
    assert kinds == {AreaKind.DISTRICT: 12, AreaKind.ZONE: 4}
    assert len(catalogue.categories) == 136
    assert len(catalogue.indicators) == 1180
    assert {i.disclosure_class for i in catalogue.indicators.values()} == set(DisclosureClass)
    names = " ".join(i.name_zh for i in catalogue.indicators.values())
    for scenario in (
        *("图书借阅逾期", "免押金借书证", "先诊疗后付费", "优先转诊", "免押金租房"),
        *("抵押贷款评估费", "3A级以上景区门票", "志愿服务", "无偿献血", "道路交通安全"),
        *("生态环境保护", "道路运输", "价格", "电子商务诚信交易", "菜品网上诚信追溯"),
        *("建筑企业诚信共赢", "民营医院诚信医疗", "诚信景区", "四环工作法", "容缺受理"),
        *("信用通", "跨境电商", "食品安全"),
    ):
        assert scenario in names
    assert data.path("zhengzhou/indicators.toml").stat().st_size < 700_000


def test_there_are_no_names_in_the_data() -> None:
    for pinyin in PINYIN:
        with data.path(f"residents/{pinyin}.csv").open(encoding="utf-8", newline="") as file:
            assert csv.DictReader(file).fieldnames == ["label", "document_kind", "document_number"]


@pytest.mark.parametrize("name", ["generate_indicators", "generate_residents"])
def test_the_generator_makes_the_very_files_that_are_shipped(name: str) -> None:
    script = ROOT / "scripts" / name
    done = subprocess.run(
        [sys.executable, str(script), "--check"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_codes_of_the_cities_are_codes() -> None:
    assert all(city_code(city.code) == city.code for city in data.cities())
