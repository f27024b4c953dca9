"""Equal standings get equal answers: a city's own residents and its visitors share one path."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.identifiers import CityCode
from node import data
from node.model import Caller, Role
from node.services.checking import Checked, RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged

HOME, HOST = CityCode("410100"), CityCode("330100")
VENUES = ("library", "hospital-desk", "primary-care", "rental-shop", "scenic-spot", "transit-desk")
# Points on each city's scale from a newcomer's, that both agree to call by the band's name.
STANDINGS = {"excellent": (25, 160), "outstanding": (60, 230)}
HONEST = '"honesty-model" in commendations'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    numbers = itertools.count()
    new_store: NewStore = lambda name: f"sqlite:///{tmp_path / f'{name}-{next(numbers)}.db'}"  # noqa: E731
    with staged(new_store, HOME, HOST) as made:
        yield made


def scenarios(stage: Stage) -> tuple[str, ...]:
    agreed = stage[HOST].store.registry.signed_agreement(HOME)
    assert agreed is not None
    return agreed.agreement.scenarios


def checks(stage: Stage, home: CityCode, points: int, *commendations: str) -> list[Checked]:
    """What a new resident of `home` may have at every venue of the host city."""
    town, host = stage[home], stage[HOST]
    resident = stage.run(town.resident(points, *commendations))
    consent = stage.run(town.consent(resident, HOST, *scenarios(stage)))
    found = list[Checked]()
    for name in VENUES:
        code = stage.run(town.show_code(resident, consent))
        found.append(stage.run(host.check(code, venue=Caller(Role.VENUE, name))))
        assert found[-1].outcome is RecognitionOutcome.RECOGNISED
    return found


def answers(found: list[Checked]) -> list[tuple[str, object]]:
    return [
        (incentive.incentive_id, verdict)
        for checked in found
        for _, incentive, verdict in checked.decisions
    ]


@pytest.mark.parametrize("band", STANDINGS)
@pytest.mark.parametrize("commendations", [(), ("blood-donor",)])
def test_a_visitor_and_a_resident_of_equal_standing_get_equal_answers_with_equal_reasons(
    stage: Stage, band: str, commendations: tuple[str, ...]
) -> None:
    abroad, at_home = STANDINGS[band]
    visiting = checks(stage, HOME, abroad, *commendations)
    own = checks(stage, HOST, at_home, *commendations)
    bands = {checked.visitor.band_id for checked in visiting + own if checked.visitor}
    assert bands == {band}
    assert answers(visiting) == answers(own)
    assert any(verdict.eligible for _, verdict in answers(own))  # type: ignore[attr-defined]


def test_a_condition_on_a_commendation_opens_for_a_resident_as_for_a_visitor(stage: Stage) -> None:
    agreed = stage[HOST].store.registry.signed_agreement(HOME)
    assert agreed is not None
    assert "honesty-model" in agreed.agreement.commendations
    text = data.path("hangzhou/incentives.toml").read_text("utf-8")
    entry = f"""
[[incentives]]
id = "for-the-honest"
scenario = "library.deposit_free"
benefit = {{ zh = "诚信专座", en = "a seat for the honest" }}
condition = '{HONEST}'
venues = ["library"]
valid_from = 2026-01-01
valid_until = 2029-01-01
legal_basis = "a test"
source = "a test"
illustrative = true
"""
    assert "honesty-model" not in text
    stage.run(stage[HOST].load_incentives(lambda before: before + entry))
    for home, points in ((HOME, 25), (HOST, 160)):
        open_to = dict(answers(checks(stage, home, points, "honesty-model")))["for-the-honest"]
        closed_to = dict(answers(checks(stage, home, points)))["for-the-honest"]
        assert open_to.eligible  # type: ignore[attr-defined]
        assert not closed_to.eligible  # type: ignore[attr-defined]
