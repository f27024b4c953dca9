"""Rule 1 as properties: whatever a person's state, recognition only ever opens."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from node import data
from node.facts import Facts
from node.files import parse_incentives, parse_scale
from node.incentives import Incentive, Residence
from node.model import Caller, Role, StoredRecognition
from node.services.checking import Checked, RecognitionOutcome
from node.services.deciding import decide
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged
from tests.node.services.world import START, Town

CITIES = tuple(city.pinyin for city in data.cities())
TODAY = date(2026, 11, 24)
LONG = settings.get_current_profile_name() == "long"
COMMENDATIONS = ("blood-donor", "honesty-model", "volunteer-star")
SCENARIOS = ("hospital.pay_later", "library.deposit_free", "rental.deposit_free", "scenic.discount")
VENUES = ("library", "hospital-desk", "rental-shop", "scenic-spot")
Desk = tuple[str, tuple[str, ...]]
NAMES = st.sampled_from(("excellent", "outstanding", "listed", "no-such-band"))


def visitors() -> st.SearchStrategy[StoredRecognition]:
    return st.builds(
        StoredRecognition,
        recognition_id=st.just("r"),
        pass_digest=st.just(bytes(32)),
        home=st.just("410100"),
        pseudonym=st.just(bytes(32)),
        band_id=NAMES,
        commendations=st.sets(st.sampled_from(COMMENDATIONS)).map(tuple),
        scenarios=st.sets(st.sampled_from(SCENARIOS)).map(tuple),
        agreement_id=st.just("a"),
        agreement_version=st.just(1),
        attestation_id=st.just("t"),
        status_index=st.just(1),
        checked_at=st.just(START),
        expires_at=st.just(START),
        ended_at=st.none(),
    )


def facts(visitor: StoredRecognition | None, day: date) -> Facts:
    newcomer = Facts(START, day, 10, day.isoweekday(), 1, 1)
    if visitor is None:
        return newcomer
    return replace(
        newcomer,
        band_id=visitor.band_id,
        commendations=visitor.commendations,
        scenarios=visitor.scenarios,
        home=visitor.home,
        residence=Residence.VISITOR,
    )


@given(pinyin=st.sampled_from(CITIES), visitor=visitors(), day=st.dates(TODAY, date(2030, 1, 1)))
def test_a_visitor_may_have_all_that_a_newcomer_may(
    pinyin: str, visitor: StoredRecognition, day: date
) -> None:
    code = data.city(pinyin).code
    folder = data.path(pinyin)
    scale = parse_scale("scale", (folder / "scale.toml").read_bytes(), city=code, version=1)
    content = (folder / "incentives.toml").read_bytes()
    catalogue = parse_incentives("incentives", content, city=code, scale=scale, version=1)
    for incentive in catalogue.incentives:
        newcomer = decide(facts(None, day), incentive, scale)
        known = decide(facts(visitor, day), incentive, scale)
        assert known.eligible or not newcomer.eligible
        assert known.reason_zh
        assert known.reason_en


def is_open_to_all(incentive: Incentive) -> bool:
    return incentive.is_open_to_all


def opened(checked: Checked) -> set[str]:
    return {i.incentive_id for _, i, verdict in checked.decisions if verdict.eligible}


def newcomer(checked: Checked) -> set[str]:
    return {i.incentive_id for _, i, _ in checked.decisions if is_open_to_all(i)}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("five")
    new: NewStore = lambda name: f"sqlite:///{folder / name}.sqlite"  # noqa: E731 - a fixture of its own
    with staged(new, *(city.code for city in data.cities())) as stage:
        yield stage


async def visit(
    home: Town, host: Town, points: int, commendations: set[str], desk: Desk
) -> Checked:
    venue, scenarios = desk
    resident = await home.resident(points, *sorted(commendations))
    consent = await home.consent(resident, host.code, *scenarios)
    return await host.check(
        await home.show_code(resident, consent), venue=Caller(Role.VENUE, venue)
    )


@given(
    way=st.sampled_from(list(itertools.product(CITIES, CITIES))),
    points=st.integers(-1000, 1000),
    commendations=st.sets(st.sampled_from(COMMENDATIONS)),
    desk=st.tuples(st.sampled_from(VENUES), st.sampled_from((SCENARIOS, SCENARIOS[1:2]))),
)
@example(
    way=("zhengzhou", "hangzhou"), points=-1000, commendations=set(), desk=(VENUES[3], SCENARIOS)
)
@example(
    way=("nanjing", "wuhan"),
    points=-1000,
    commendations={"blood-donor"},
    desk=(VENUES[0], SCENARIOS),
)
@settings(max_examples=1000 if LONG else 60, suppress_health_check=[HealthCheck.too_slow])
def test_for_every_state_of_a_resident_a_visit_opens_at_least_what_a_newcomer_has(
    five: Stage, way: tuple[str, str], points: int, commendations: set[str], desk: Desk
) -> None:
    home, host = (five[data.city(pinyin).code] for pinyin in way)
    checked = five.run(visit(home, host, points, commendations, desk))
    assert newcomer(checked) <= opened(checked)
    if checked.outcome is not RecognitionOutcome.RECOGNISED:
        assert newcomer(checked) == opened(checked)
        assert checked.visitor is None
        assert checked.visitor_pass == ""


def test_more_points_never_open_less(five: Stage) -> None:
    for way in (("zhengzhou", "hangzhou"), ("hangzhou", "zhengzhou"), ("suzhou", "wuhan")):
        home, host = (five[data.city(pinyin).code] for pinyin in way)
        before = set[str]()
        for points in (-1000, -21, 0, 19, 20, 50, 51, 100, 149, 150, 199, 200, 1000):
            desk = ("scenic-spot", SCENARIOS)
            found = opened(five.run(visit(home, host, points, set(), desk)))
            assert before <= found, (way, points)
            before = found
        assert before
