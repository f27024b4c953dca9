"""Who withdraws, or is erased, while a renewal is under way is asked about no more."""

from collections.abc import Iterator

import pytest

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.pseudonym import pairwise_pseudonym
from node import limits
from node.errors import UNKNOWN, HutongError
from node.ports import RenewalPortion
from node.services import renewal_walk
from node.store.trust_tables import ATTESTATION_BATCHES, RENEWALS
from tests.conftest import NewStore
from tests.node.leavings import in_rows
from tests.node.services.renewals import (
    EVENING,
    HOME,
    HOST,
    count,
    counts,
    known,
    reason,
    renew,
    results,
    visits,
)
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


def test_who_withdraws_before_the_question_is_put_is_not_asked_about(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_walk, "RENEWAL_ITEMS", 1)
    monkeypatch.setattr(limits, "RENEWALS_AT_ONCE", 1)
    people = [visits(stage) for _ in range(4)]
    stage.world.clock.forward(EVENING)
    withdrawn = list[str]()

    async def meanwhile(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        stage.world.network.renewal_lie = None
        for each in people:
            found = await stage[HOST].store.read(
                lambda tx, e=each: tx.recognitions.get(e.recognition_id)  # type: ignore[misc]
            )
            if found is not None and found.pseudonym != asked(portions):
                await stage[HOME].withdraw(each.resident, each.consent)
                withdrawn.append(each.recognition_id)
        await stage[HOST].cases.hearing.fetch(CityCode(HOME))
        return portions

    def asked(portions: list[RenewalPortion]) -> bytes:
        [result] = results(portions)
        assert result is not None
        return codec.ATTESTATION.decode(result.payload).pseudonym

    stage.world.network.renewal_lie = meanwhile
    assert counts(renew(stage)) == (1, 1, 0, 0)
    assert len(withdrawn) == len(people) - 1
    assert count(stage[HOME], ATTESTATION_BATCHES) == 1
    assert all(known(stage, each).ended_at for each in people if each.recognition_id in withdrawn)


def test_a_renewal_whose_answer_never_came_goes_with_its_resident(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = stage[HOME]
    number, resident = stage.run(town.resident_with_number())
    stage.run(town.record(number, 90))
    consent = stage.run(town.consent(resident, town.code, SCENARIO))
    stage.run(town.check(stage.run(town.show_code(resident, consent))))
    other = visits(stage, HOME, HOME)
    stage.world.clock.forward(EVENING)

    def lost(_envelope: Envelope, _caller: CityCode) -> None:
        raise HutongError(UNKNOWN, what="answer", name="-", remedy="-")

    with monkeypatch.context() as patched:
        patched.setattr(town.cases.batching, "renew", lost)
        assert reason(renew(stage, host=HOME)) == UNKNOWN.name
    kept = stage.act(town, lambda tx: tx.residents.get(resident))
    assert kept is not None
    known_as = {"pseudonym": pairwise_pseudonym(kept.secret, CityCode(HOME))}
    engine = town.store._engine
    assert "renewals" in in_rows(engine, known_as)["pseudonym"]
    stage.run(town.cases.erasing.erase(resident, number))
    assert in_rows(engine, known_as) == {}
    # Who else was in it is asked about anew.
    assert counts(renew(stage, host=HOME)) == (1, 1, 0, 0)
    assert count(town, RENEWALS) == 0
    assert known(stage, other, HOME).checked_at == stage.world.clock.now()
