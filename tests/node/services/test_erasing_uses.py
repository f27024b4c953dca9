"""What a city asked itself, or counted, about a resident who is erased goes with the resident."""

from collections.abc import Iterator

import pytest

from federation.errors import NOT_RECOGNISED, HutongError
from tests.conftest import NewStore
from tests.node import leavings
from tests.node.services.renting import Renter
from tests.node.services.stage import Stage, staged

HOME, HOST = "410100", "330100"


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


@pytest.fixture
def known(stage: Stage) -> tuple[Renter, str]:
    """A resident, and the number of their document."""
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 90))
    return Renter(stage, home, resident), number


def erase(known: tuple[Renter, str]) -> None:
    who, number = known
    who.stage.run(who.home.cases.erasing.erase(who.resident, number))


def test_a_question_to_itself_that_has_no_answer_goes_and_the_neighbours_stays(
    stage: Stage, known: tuple[Renter, str]
) -> None:
    who, home = known[0], stage[HOME]
    other = Renter(stage, home, stage.run(home.resident(90)))
    for each in (who, other):
        each.ask(HOME)
    assert who.questions(HOME) == 2
    erase(known)
    assert who.questions(HOME) == 1


def test_a_use_that_is_open_elsewhere_is_forgotten_and_given_back_in_vain(
    stage: Stage, known: tuple[Renter, str]
) -> None:
    who, home = known[0], stage[HOME]
    held = who.reserve(HOST)
    [use] = who.counted()
    leads = leavings.identifiers(home.store._engine, HOME, who.resident, HOST)
    assert use.lease_id in leads.values()
    erase(known)
    assert leavings.in_rows(home.store._engine, leads) == {}
    who.release(HOST, held)
    assert who.owed(HOST) == 0


def test_a_repeated_question_about_the_erased_is_answered_as_about_nobody(
    stage: Stage, known: tuple[Renter, str]
) -> None:
    who, home = known[0], stage[HOME]
    who.reserve(HOST)
    [request] = stage.world.network.heard
    erase(known)
    with pytest.raises(HutongError) as refused:
        stage.run(home.cases.counting.grant(request, stage[HOST].code))
    assert refused.value.reason == NOT_RECOGNISED
