"""The host renews what it recognised: who stays recognised, who does not, and who is asked about.

What a lying home city may answer is in `test_renewal_lies`, what is lost in `test_renewal_cuts`.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation import codec
from federation.errors import HutongError
from node import limits
from node.errors import NOT_A_PARTNER
from node.model import Caller, Role
from node.ports import RenewalPortion
from node.services import renewal_walk
from node.services.checking import RecognitionOutcome
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS, LOG_ENTRIES, RENEWALS
from tests.conftest import NewStore
from tests.node.services.renewals import (
    EVENING,
    HOME,
    HOST,
    comes_again,
    count,
    counts,
    known,
    reason,
    renew,
    results,
    told,
    visits,
)
from tests.node.services.stage import Stage, staged

NOTHING = (0, 0, 0, 0)
RENTAL = Caller(Role.VENUE, "rental-shop")
BOTH = ("library.deposit_free", "rental.deposit_free")


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


def test_a_visitor_whose_consent_lives_is_recognised_the_next_day_without_a_code(
    stage: Stage,
) -> None:
    visitors = [visits(stage) for _ in range(3)]
    before = [known(stage, each) for each in visitors]
    stage.world.clock.forward(EVENING)
    assert counts(renew(stage)) == (3, 3, 0, 0)
    after = [known(stage, each) for each in visitors]
    for one, other in zip(before, after, strict=True):
        assert other.attestation_id != one.attestation_id
        assert other.expires_at == one.expires_at + EVENING
        assert (other.pass_digest, other.pseudonym) == (one.pass_digest, one.pseudonym)
    stage.world.clock.forward(timedelta(hours=20))
    stage.world.network.cut.add("request")
    for each in visitors:
        assert comes_again(stage, each).outcome is RecognitionOutcome.RECOGNISED


def test_a_batch_leaves_one_entry_of_what_was_asked_and_one_of_what_was_received(
    stage: Stage,
) -> None:
    for _ in range(3):
        visits(stage)
    stage.world.clock.forward(EVENING)
    before = count(stage[HOST], LOG_ENTRIES)
    renew(stage)
    assert count(stage[HOST], LOG_ENTRIES) == before + 2
    assert count(stage[HOST], RENEWALS) == 0


def test_nobody_is_asked_about_before_it_is_time_or_again_just_after(stage: Stage) -> None:
    visits(stage)
    stage.world.clock.forward(timedelta(hours=15))
    assert counts(renew(stage)) == NOTHING
    stage.world.clock.forward(timedelta(hours=2))
    assert counts(renew(stage)) == (1, 1, 0, 0)
    assert counts(renew(stage)) == NOTHING
    assert count(stage[HOME], ATTESTATION_BATCHES) == 1


def test_one_whose_consent_ends_within_the_hour_is_not_asked_about_every_few_minutes(
    stage: Stage,
) -> None:
    visitor = visits(stage)
    stage.world.clock.forward(timedelta(days=29, hours=20))
    stage.run(stage[HOST].check(visitor.visitor_pass, is_pass=True))
    ends = known(stage, visitor).expires_at
    assert ends < stage.world.clock.now() + timedelta(hours=5)
    stage.world.clock.forward(timedelta(minutes=5))
    assert counts(renew(stage)) == NOTHING


def test_who_has_ended_or_expired_is_not_asked_about(stage: Stage) -> None:
    gone, late = visits(stage), visits(stage)
    stage.world.clock.forward(EVENING)
    stage.act(
        stage[HOST], lambda tx: tx.recognitions.end(gone.recognition_id, stage.world.clock.now())
    )
    assert counts(renew(stage)) == (1, 1, 0, 0)
    stage.world.clock.forward(timedelta(days=2))
    assert counts(renew(stage)) == NOTHING
    assert known(stage, late).ended_at is None


def test_who_is_refused_ends_alone_and_nobody_is_told_why(stage: Stage) -> None:
    stays, withdrawn, fallen = visits(stage), visits(stage), visits(stage)
    stage.run(stage[HOME].withdraw(withdrawn.resident, withdrawn.consent))
    stage.world.clock.forward(EVENING)
    stage.act(
        stage[HOST], lambda tx: tx.recognitions.end(fallen.recognition_id, stage.world.clock.now())
    )
    progress = renew(stage)
    assert counts(progress) == (2, 1, 1, 0)
    assert progress.problem is None
    assert known(stage, stays).ended_at is None
    assert known(stage, withdrawn).ended_at is not None
    checked = comes_again(stage, withdrawn)
    assert checked.outcome is RecognitionOutcome.NOT_RECOGNISED


def test_everybody_is_renewed_where_an_operator_says_so(stage: Stage) -> None:
    visitors = [visits(stage) for _ in range(3)]
    stage.world.clock.forward(timedelta(hours=1))
    assert counts(renew(stage)) == NOTHING
    assert counts(renew(stage, everybody=True)) == (3, 3, 0, 0)
    assert counts(renew(stage, everybody=True)) == NOTHING
    assert all(known(stage, each).ended_at is None for each in visitors)


def test_many_batches_ask_about_everybody_once_each_for_its_own_scenarios(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_walk, "RENEWAL_ITEMS", 3)
    some = [visits(stage) for _ in range(7)]
    more = [visits(stage, scenarios=BOTH) for _ in range(4)]
    for each in more:
        stage.run(stage[HOST].check(each.visitor_pass, is_pass=True, venue=RENTAL))
    before = {each.recognition_id: known(stage, each).scenarios for each in some + more}
    stage.world.clock.forward(EVENING)
    assert counts(renew(stage)) == (11, 11, 0, 0)
    after = {each.recognition_id: known(stage, each).scenarios for each in some + more}
    assert after == before
    assert sorted(map(len, before.values())) == [1] * 7 + [2] * 4
    assert count(stage[HOME], ATTESTATION_BATCHES) == 3 + 2
    assert count(stage[HOME], ATTESTATIONS) == 7 + 4 * 2 + 11


@pytest.mark.parametrize("waiting", [limits.RENEWALS_WAITING, 2])
def test_a_long_walk_asks_about_everybody_once_and_each_batch_in_the_order_of_pseudonyms(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr(renewal_walk, "RENEWAL_ITEMS", 3)
    monkeypatch.setattr(limits, "RENEWALS_SORTED", 4)
    monkeypatch.setattr(limits, "RENEWALS_WAITING", waiting)
    people = [visits(stage) for _ in range(10)]
    stage.world.clock.forward(EVENING)
    asked = list[list[bytes]]()

    def note(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        given = [result for result in results(portions) if result]
        asked.append([codec.ATTESTATION.decode(each.payload).pseudonym for each in given])
        return portions

    stage.world.network.renewal_lie = told(note)
    assert counts(renew(stage)) == (10, 10, 0, 0)
    known_as = sorted(known(stage, each).pseudonym for each in people)
    assert sorted(pseudonym for batch in asked for pseudonym in batch) == known_as
    assert all(batch == sorted(batch) for batch in asked)
    assert max(map(len, asked)) == 3


def test_a_recognition_of_scenarios_that_are_agreed_no_more_stays_as_it_is(stage: Stage) -> None:
    visitor = visits(stage)
    stage.run(stage[HOST].agree(stage[HOME], lambda text: text.replace('"library', '# "library')))
    stage.world.clock.forward(EVENING)
    progress = renew(stage)
    assert (counts(progress), reason(progress)) == ((1, 0, 0, 1), "AGREEMENT_MISMATCH")
    assert known(stage, visitor).ended_at is None


def test_after_an_amendment_everybody_is_renewed_under_the_new_version(stage: Stage) -> None:
    visitor = visits(stage)
    stage.run(stage[HOST].agree(stage[HOME]))
    stage.world.clock.forward(timedelta(hours=1))
    assert counts(renew(stage, everybody=True)) == (1, 1, 0, 0)
    assert known(stage, visitor).agreement_version == 2


def test_own_residents_are_renewed_by_the_same_path_without_a_call(stage: Stage) -> None:
    own = visits(stage, HOST, points=300)
    stage.world.clock.forward(EVENING)
    stage.world.network.cut.add("renew")
    assert counts(renew(stage, HOST)) == (1, 1, 0, 0)
    assert known(stage, own).checked_at == stage.world.clock.now()
    stage.run(stage[HOST].withdraw(own.resident, own.consent))
    stage.world.clock.forward(EVENING)
    renew(stage, HOST)
    assert known(stage, own).ended_at is not None


def test_nobody_is_asked_about_whose_city_is_no_active_partner(stage: Stage) -> None:
    visits(stage)
    stage.world.clock.forward(EVENING)
    host, home = stage[HOST], stage[HOME].code
    stage.act(host, lambda tx: host.cases.partners.suspend(tx, home, "operator/a", "a test"))
    assert counts(renew(stage, "")) == NOTHING
    with pytest.raises(HutongError) as refused:
        renew(stage)
    assert refused.value.reason == NOT_A_PARTNER
    assert count(stage[HOME], ATTESTATION_BATCHES) == 0


def test_the_timer_renews_what_is_due_and_says_what_stands(stage: Stage) -> None:
    visits(stage)
    host = stage[HOST]

    def standing() -> list[tuple[str, int, int]]:
        found = stage.act(host, host.cases.renewing.standing)
        return [(each.home, each.standing, each.due) for each in found]

    assert standing() == [(HOST, 0, 0), (HOME, 1, 0)]
    stage.world.clock.forward(EVENING)
    assert standing() == [(HOST, 0, 0), (HOME, 1, 1)]
    stage.run(host.cases.renewing.tick())
    assert standing() == [(HOST, 0, 0), (HOME, 1, 0)]
    assert count(stage[HOME], ATTESTATION_BATCHES) == 1
