"""A partnership that is over: who is still heard, so that both come to rest."""

from dataclasses import replace

import grpc
import pytest

from federation.errors import HutongError
from node.errors import NOT_A_PARTNER, PEER_REFUSED
from node.registry import PartnerState
from tests.node.befriend import activate
from tests.node.transport.house import EXCHANGE, FRIEND, HERE, failure, turned_away
from tests.node.transport.knocking import Pair
from tests.node.transport.test_peer_port import SCALES


@pytest.fixture
def ended(pair: Pair) -> Pair:
    """Two active partners, of which the inviter ended it, and the joiner knows."""
    one, other = pair.inviter, pair.joiner
    pair.join(pair.invite())
    for house, city in ((one, FRIEND), (other, HERE)):
        house.act(lambda tx, c=city: activate(tx, c))  # type: ignore[misc]
    one.end(FRIEND)
    one.loop.run(one.cases.swapping.swap(FRIEND))
    assert other.store.registry.partners[HERE].state is PartnerState.ENDED
    return pair


def test_who_ended_it_and_lost_the_answer_is_heard_until_it_rests(ended: Pair) -> None:
    one, other = ended.inviter, ended.joiner
    forgotten = replace(one.store.registry.partners[FRIEND], told=0)
    one.act(lambda tx: tx.administration.put_partner(forgotten))
    assert one.store.registry.partners[FRIEND].is_called
    one.loop.run(one.cases.swapping.swap(FRIEND))
    assert not one.store.registry.partners[FRIEND].is_called
    assert not other.store.registry.partners[HERE].is_called


def test_who_ended_it_is_told_nothing_but_how_both_stand(ended: Pair) -> None:
    with ended.joiner.as_partner(ended.inviter.own) as channel:
        failed = failure(channel, SCALES)
        assert failed.code is grpc.StatusCode.PERMISSION_DENIED
        assert failed.reason == NOT_A_PARTNER.name


def test_whom_it_was_ended_with_is_turned_away(ended: Pair) -> None:
    with ended.inviter.as_partner(ended.joiner.own) as channel:
        assert turned_away(channel, EXCHANGE)
    one, other = ended.inviter, ended.joiner
    with pytest.raises(HutongError) as found:
        other.loop.run(other.cases.swapping.swap(HERE))
    assert found.value.reason != PEER_REFUSED
    assert one.store.registry.partners[FRIEND].state is PartnerState.ENDED
