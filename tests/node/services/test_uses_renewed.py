"""What a consent says of counting reaches hosts by renewals, too, in batches as one by one."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation.messages import UseCounting
from node.model import StoredRecognition
from tests.conftest import NewStore
from tests.node.services.renting import Renter, renter
from tests.node.services.stage import Stage, staged

HOME, HOST = "410100", "330100"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


async def renewed(stage: Stage) -> None:
    stage.world.clock.forward(MINUTE)
    async for _ in stage[HOST].cases.renewing.renew(everybody=True):
        pass


def known(stage: Stage, who: Renter) -> StoredRecognition:
    """The host's recognition of the resident."""
    decision = who.decision(HOST)
    found = stage.act(
        stage[HOST],
        lambda tx: (
            tx.recognitions.get(kept.recognition_id)
            if (kept := tx.redemptions.decision(decision))
            else None
        ),
    )
    assert found is not None
    return found


def test_a_renewed_recognition_still_counts_by_the_same_key(stage: Stage) -> None:
    who = renter(stage, HOME)
    before = known(stage, who)
    stage.run(renewed(stage))
    after = known(stage, who)
    assert after.attestation_id != before.attestation_id
    assert (after.counting, after.use_commitment) == (before.counting, before.use_commitment)
    assert after.counting is UseCounting.ANONYMOUS
    who.reserve(HOST)
    assert who.in_use() == 1


def test_a_renewal_under_a_consent_that_counts_nothing_closes_it(stage: Stage) -> None:
    who = renter(stage, HOME)
    known(stage, who)
    first = who.consents[HOST]
    who.consent(HOST, UseCounting.NONE)
    stage.run(who.home.withdraw(who.resident, first))
    stage.run(who.home.deliver())
    assert who.decision(HOST) == ""


def test_of_many_that_are_renewed_at_once_each_keeps_what_it_consented_to(stage: Stage) -> None:
    modes = (UseCounting.CLASS, UseCounting.ANONYMOUS, UseCounting.CLASS)
    people = [renter(stage, HOME, key=bytes([place]) * 16) for place in range(3)]
    for who, mode in zip(people, modes, strict=True):
        who.consent(HOST, mode)
        known(stage, who)
    stage.run(renewed(stage))
    for who, mode in zip(people, modes, strict=True):
        assert known(stage, who).counting is mode
        who.reserve(HOST)
        told = {UseCounting.CLASS: "rental", UseCounting.ANONYMOUS: ""}[mode]
        assert [use.use_class for use in who.counted()] == [told]
