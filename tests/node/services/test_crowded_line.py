"""Too many calls to one home city are under way: whoever needs one more is told to come again."""

from collections.abc import Iterator

import pytest

from federation.errors import HutongError
from node.load_errors import PARTNER_BUSY
from node.services.answering import Ask
from node.services.checking import Checked, RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.listing import FRESHNESS, SECOND, Guest
from tests.node.services.renting import SHOP, renter
from tests.node.services.stage import Stage, staged
from tests.node.services.world import VENUE

HOME, HOST = "410100", "330100"


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


def crowd(stage: Stage) -> None:
    stage.world.network.crowded.add(stage[HOME].code)


def told_to_come_again(error: HutongError) -> bool:
    return error.reason == PARTNER_BUSY and error.fields["retry_ms"] == "250"


def visit(stage: Stage, guest: Guest, ask: Ask, shown: str) -> Checked:
    is_pass = shown == guest.visitor_pass
    return stage.run(stage[HOST].check(shown, is_pass=is_pass, ask=ask, venue=VENUE))


def shown_by(stage: Stage, guest: Guest, how: str) -> str:
    """What the guest shows: a code, or a pass that the home city has to be asked about."""
    if how == "a code":
        return stage.run(stage[HOME].show_code(guest.resident, guest.consent))
    if how == "a pass without fresh news":
        stage.world.clock.forward(FRESHNESS + SECOND)
    else:
        stage.world.clock.forward(guest.visitor.expires_at - stage.world.clock.now())
    return guest.visitor_pass


@pytest.mark.parametrize("how", ["a code", "a pass without fresh news", "a pass that ran out"])
def test_a_visitor_whom_no_call_goes_out_for_is_told_to_come_again_and_is_no_newcomer(
    stage: Stage, how: str
) -> None:
    guest = stage.run(Guest.recognised(stage[HOME], stage[HOST]))
    ask, shown = stage[HOST].ask(), shown_by(stage, guest, how)
    crowd(stage)
    for _ in range(3):
        with pytest.raises(HutongError) as found:
            visit(stage, guest, ask, shown)
        assert told_to_come_again(found.value)
    stored = stage.run(guest.stored())
    assert stored is not None
    assert stored.ended_at is None
    # The very same request, once there is a place.
    stage.world.network.crowded.clear()
    checked = visit(stage, guest, ask, shown)
    assert checked.outcome is RecognitionOutcome.RECOGNISED
    assert visit(stage, guest, ask, shown) is checked


def test_a_use_that_no_call_goes_out_for_is_held_when_the_venue_comes_again(stage: Stage) -> None:
    who = renter(stage, HOME)
    ask, wanted = stage[HOST].ask(caller=SHOP), who.wanted(HOST)
    crowd(stage)
    for _ in range(3):
        with pytest.raises(HutongError) as found:
            stage.run(who.asking(HOST, wanted, ask))
        assert told_to_come_again(found.value)
    assert who.in_use() == 0
    stage.world.network.crowded.clear()
    held = stage.run(who.asking(HOST, wanted, ask))
    assert stage.run(who.asking(HOST, wanted, ask)) == held
    assert (who.in_use(), who.questions(HOST)) == (1, 0)
