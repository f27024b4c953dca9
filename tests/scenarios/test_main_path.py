"""Five cities on real processes: each one's residents visit each other one."""

import itertools

import pytest
import sqlalchemy as sa

from node import data
from scripts.cities import Answer
from tests.scenarios.stage import check, store_of, visit
from tests.scenarios.tour import Tour

pytestmark = pytest.mark.all

NAMES = [city.pinyin for city in data.cities()]
PAIRS = list(itertools.permutations(NAMES, 2))
RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"


def decided(answer: Answer) -> list[tuple[str, bool, str]]:
    return [
        (d["incentive"]["incentive_id"], d["eligible"], d["reason_en"]) for d in answer["decisions"]
    ]


@pytest.mark.parametrize(("home", "host"), PAIRS)
def test_good_standing_is_recognised_and_low_standing_is_a_newcomers(
    tour: Tour, home: str, host: str
) -> None:
    found = {
        label: answer
        for (from_, to, label), answer in tour.answers.items()
        if (from_, to) == (home, host)
    }
    assert len(found) >= 2
    for label, answer in found.items():
        assert answer["home_city"] == tour.cities[home].about.code
        if "low" in label:
            assert answer["outcome"] == "RECOGNITION_OUTCOME_NOT_RECOGNISED"
            assert (answer["recognised_band"], answer["visitor_pass"]) == ("", "")
        else:
            assert answer["outcome"] == RECOGNISED, label
            assert answer["visitor_pass"].startswith(tour.cities[host].about.code)
        # Whoever it is, something is open to them.
        assert any(decision["eligible"] for decision in answer["decisions"])


@pytest.mark.parametrize("host", NAMES)
def test_equal_standings_get_equal_decisions_at_home_and_away(tour: Tour, host: str) -> None:
    by_band: dict[str, list[tuple[str, str, list[tuple[str, bool, str]]]]] = {}
    for (home, to, label), answer in tour.answers.items():
        if to == host:
            row = (home, label, decided(answer))
            by_band.setdefault(answer["recognised_band"], []).append(row)
    assert len(by_band) >= 2
    assert any(home == host for rows in by_band.values() for home, _, _ in rows)
    for rows in by_band.values():
        homes = {home for home, _, _ in rows}
        assert len({str(decisions) for _, _, decisions in rows}) == 1, rows
        assert len(homes) >= 1


@pytest.mark.parametrize(
    ("home", "host", "band"),
    [
        ("nanjing", "zhengzhou", "excellent"),
        ("zhengzhou", "nanjing", "listed"),
        ("nanjing", "hangzhou", None),
        ("hangzhou", "nanjing", "listed"),
    ],
)
def test_a_red_list_is_read_as_a_band_and_a_band_as_a_red_list(
    tour: Tour, home: str, host: str, band: str | None
) -> None:
    bands = {
        answer["recognised_band"]
        for (from_, to, label), answer in tour.answers.items()
        if (from_, to) == (home, host) and "low" not in label
    }
    assert "" not in bands
    assert band is None or bands == {band}


@pytest.mark.parametrize("home", NAMES)
def test_a_foreigner_is_recognised_by_their_own_document(tour: Tour, home: str) -> None:
    kinds = {row.label: row.document_kind for row in data.residents(home)}
    foreign = [
        label
        for label, kind in kinds.items()
        if kind != "RESIDENT_ID" and any(w in label for w in ("exportable", "excellent", "outst"))
    ]
    assert foreign
    host = next(name for name in NAMES if name != home)
    there, here = tour.cities[host], tour.cities[home]
    for label in foreign:
        code = visit(here, there, tour.residents[home][label])
        assert check(there, code)["outcome"] == RECOGNISED, label
        tour.secrets.add(code)


@pytest.mark.parametrize("host", NAMES)
def test_a_host_learns_a_pseudonym_and_its_own_band_and_nothing_else(tour: Tour, host: str) -> None:
    strangers = {
        resident
        for home, residents in tour.residents.items()
        if home != host
        for resident in residents.values()
    }
    with store_of(tour.cities[host]) as store:
        rows = store.execute(sa.text("SELECT * FROM recognitions")).mappings().all()
    assert {row["home"] for row in rows} == {city.about.code for city in tour.cities}
    own = {row["band_id"] for row in rows if row["home"] == tour.cities[host].about.code}
    assert {row["band_id"] for row in rows} <= own | {"listed", "excellent", "outstanding"}
    assert not strangers & {str(value) for row in rows for value in row.values()}


def test_no_two_hosts_know_a_resident_by_the_same_name(tour: Tour) -> None:
    seen = dict[bytes, set[str]]()
    for city in tour.cities:
        with store_of(city) as store:
            for (pseudonym,) in store.execute(sa.text("SELECT pseudonym FROM recognitions")):
                seen.setdefault(bytes(pseudonym), set()).add(city.about.pinyin)
    assert seen
    assert {len(hosts) for hosts in seen.values()} == {1}


@pytest.mark.parametrize("home", NAMES)
def test_the_resident_sees_each_use_page_by_page(tour: Tour, home: str) -> None:
    city = tour.cities[home]
    label = next(label for label in tour.residents[home] if "excellent" in label)
    resident = tour.residents[home][label]
    whole = city.resident("ListUses", resident_id=resident)["uses"]
    hosts = [use["host_city"] for use in whole]
    assert set(hosts) >= {each.about.code for each in tour.cities}
    paged, token = [], ""
    while True:
        page = city.resident("ListUses", resident_id=resident, page_size=2, page_token=token)
        assert 0 < len(page["uses"]) <= 2
        paged += page["uses"]
        token = page["next_page_token"]
        if not token:
            break
    assert paged == whole
    consents = city.resident("ListConsents", resident_id=resident, page_size=1)
    assert len(consents["consents"]) == 1
    assert consents["next_page_token"]
