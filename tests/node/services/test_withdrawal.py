"""What ends at home ends in the host city: by what is brought, what is fetched, and by silence."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation.errors import HutongError
from federation.status_list import is_set, newly_set
from node.errors import DECISION_ENDED
from node.model import Caller, Role
from node.services.checking import RecognitionOutcome
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, row
from tests.node.services.listing import (
    FRESHNESS,
    SECOND,
    Guest,
    everything_about,
    open_decision,
    redeem,
)
from tests.node.services.stage import Stage, staged
from tests.node.services.world import OPERATOR, Town

HOME, HOST, THIRD = "410100", "330100", "320500"
RECOGNISED = RecognitionOutcome.RECOGNISED
NOT_RECOGNISED = RecognitionOutcome.NOT_RECOGNISED
UNREACHABLE = RecognitionOutcome.HOME_UNREACHABLE


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


def recognised(stage: Stage, points: int = 30, home: str = HOME, host: str = HOST) -> Guest:
    return stage.run(Guest.recognised(stage[home], stage[host], points))


def outcome(stage: Stage, guest: Guest) -> RecognitionOutcome:
    return stage.run(guest.comes()).outcome


def cannot_redeem(stage: Stage, town: Town, decision_id: str) -> None:
    with pytest.raises(HutongError) as refused:
        stage.run(redeem(town, decision_id))
    assert refused.value.reason == DECISION_ENDED


def test_a_withdrawal_that_is_delivered_ends_the_recognition_without_any_time_passing(
    new_store: NewStore,
) -> None:
    with staged(new_store, HOME, HOST) as stage:
        guest, other = recognised(stage), recognised(stage)
        held = open_decision(stage.run(guest.comes()))
        stage.run(guest.withdraws())
        stage.run(stage[HOME].deliver())
        stored = stage.run(guest.stored())
        assert stored is not None
        assert stored.ended_at == stage.world.clock.now()
        assert outcome(stage, guest) is NOT_RECOGNISED
        cannot_redeem(stage, stage[HOST], held)
        assert outcome(stage, other) is RECOGNISED


def test_a_returning_visitor_costs_the_home_city_no_question_while_there_is_news(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    stage.run(recognised(stage).withdraws())
    for _ in range(20):
        stage.world.clock.forward(FRESHNESS - SECOND)
        stage.run(stage[HOME].deliver())
        assert outcome(stage, guest) is RECOGNISED
    now = stage.world.clock.now()
    given = stage.act(stage[HOME], lambda tx: tx.attestations.standing(guest.resident, now))
    assert [each.attestation_id for each in given] == [guest.visitor.attestation_id]


def test_a_host_that_goes_offline_relies_on_nothing_older_than_the_freshness(stage: Stage) -> None:
    guest = recognised(stage)
    held = open_decision(stage.run(guest.comes()))
    stage.run(guest.withdraws())
    stage.world.network.down = {stage[HOME].code, stage[HOST].code}
    stage.run(stage[HOME].deliver())
    stage.world.clock.forward(FRESHNESS - SECOND)
    assert outcome(stage, guest) is RECOGNISED
    stage.world.clock.forward(SECOND)
    assert outcome(stage, guest) is UNREACHABLE
    cannot_redeem(stage, stage[HOST], held)


def test_a_decision_ends_with_the_news_that_it_rests_on(stage: Stage) -> None:
    guest = recognised(stage)
    stage.world.clock.forward(FRESHNESS - SECOND)
    late = stage.run(guest.comes())
    assert late.outcome is RECOGNISED
    assert late.expires_at == guest.visitor.checked_at + FRESHNESS
    stage.world.clock.forward(SECOND)
    cannot_redeem(stage, stage[HOST], open_decision(late))


def test_who_cannot_be_told_of_is_a_newcomer_and_the_answer_says_why(stage: Stage) -> None:
    guest = recognised(stage)
    stage.world.clock.forward(FRESHNESS)
    stage.world.network.cut.add("lists")
    checked = stage.run(guest.comes())
    assert checked.outcome is UNREACHABLE
    assert checked.visitor is None
    assert all(
        bool(key) is not bool(incentive.minimum_band or incentive.commendations)
        for key, incentive, _ in checked.decisions
    )
    stage.world.network.cut.clear()
    assert outcome(stage, guest) is RECOGNISED


def test_a_withdrawal_that_no_push_brought_is_found_by_the_fetch_after_the_freshness(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    stage.run(guest.withdraws())
    stage.world.clock.forward(FRESHNESS)
    assert outcome(stage, guest) is NOT_RECOGNISED


def test_a_home_city_whose_lists_are_not_to_be_had_is_asked_anew(stage: Stage) -> None:
    guest = recognised(stage)

    async def empty(*_: object) -> tuple[object, ...]:
        return ()

    stage.world.clock.forward(FRESHNESS)
    peers = stage[HOST].cases.hearing._peers
    peers.status_lists = empty  # type: ignore[method-assign, assignment]
    assert outcome(stage, guest) is RECOGNISED
    stored = stage.run(guest.stored())
    assert stored is not None
    assert stored.attestation_id != guest.visitor.attestation_id
    stage.run(guest.withdraws())
    stage.world.clock.forward(FRESHNESS)
    assert outcome(stage, guest) is NOT_RECOGNISED


def test_an_answer_that_was_withdrawn_on_its_way_is_not_kept(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    resident = stage.run(home.resident(30))
    consent = stage.run(home.consent(resident, host.code))
    code = stage.run(home.show_code(resident, consent))
    peers, withdrawn = host.cases.checking._asking._peers, list[bool]()
    real = peers.request_attestation

    async def overtaken(*arguments: object) -> object:
        answer = await real(*arguments)  # type: ignore[arg-type]
        await home.withdraw(resident, consent)
        await home.deliver()
        withdrawn.append(True)
        return answer

    peers.request_attestation = overtaken  # type: ignore[method-assign, assignment]
    assert stage.run(host.check(code)).outcome is NOT_RECOGNISED
    assert withdrawn


def test_a_refusal_when_asked_anew_ends_open_decisions_without_any_list(stage: Stage) -> None:
    guest = recognised(stage)
    held = open_decision(stage.run(guest.comes()))
    stage.run(guest.withdraws())
    rental = Caller(Role.VENUE, "rental-shop")
    asked = stage.run(guest.host.check(guest.visitor_pass, is_pass=True, venue=rental))
    assert asked.outcome is NOT_RECOGNISED
    cannot_redeem(stage, guest.host, held)


def test_a_withdrawal_from_one_host_ends_nothing_at_another(stage: Stage) -> None:
    guest, third = recognised(stage), stage[THIRD]
    consent = stage.run(guest.home.consent(guest.resident, third.code))
    stage.run(third.check(stage.run(guest.home.show_code(guest.resident, consent))))
    stage.run(guest.withdraws())
    now = stage.world.clock.now()
    left = stage.act(guest.home, lambda tx: tx.attestations.standing(guest.resident, now))
    assert [(each.host, each.consent_id) for each in left] == [(third.code, consent)]


def test_a_second_consent_for_the_same_host_outlives_the_first(stage: Stage) -> None:
    guest = recognised(stage)
    second = stage.run(guest.home.consent(guest.resident, guest.host.code))
    stage.run(guest.withdraws())
    stage.run(guest.home.deliver())
    # The recognition rested on the first; the host asks anew, and the second answers.
    assert outcome(stage, guest) is RECOGNISED
    stage.run(guest.home.withdraw(guest.resident, second))
    stage.run(guest.home.deliver())
    assert outcome(stage, guest) is NOT_RECOGNISED


def test_an_erasure_reaches_the_host_and_its_place_outlives_the_resident(stage: Stage) -> None:
    guest = recognised(stage)
    stage.run(guest.home.cases.erasing.erase(guest.resident, guest.number))
    stage.run(guest.home.deliver())
    assert outcome(stage, guest) is NOT_RECOGNISED
    [listed] = stage.run(everything_about(guest.home, guest.host))
    assert is_set(listed.bits, guest.place)


def test_a_loss_of_standing_reaches_the_host_at_once(stage: Stage) -> None:
    guest = recognised(stage, 30)
    stage.run(guest.home.record(guest.number, -25))
    stage.run(guest.home.deliver())
    assert outcome(stage, guest) is NOT_RECOGNISED


def test_a_rise_reaches_the_host_at_once_for_what_was_said_understates(stage: Stage) -> None:
    guest = recognised(stage, 30)
    assert guest.visitor.band_id == "excellent"
    stage.run(guest.home.record(guest.number, 60))
    stage.run(guest.home.deliver())
    after = stage.run(guest.comes())
    assert after.visitor is not None
    assert after.visitor.band_id == "outstanding"


def test_points_that_change_nothing_of_what_was_said_end_nothing(stage: Stage) -> None:
    guest = recognised(stage, 30)
    stage.run(guest.home.record(guest.number, 1))
    feed = stage.act(guest.home, lambda tx: tx.statuses.feed(guest.host.code))
    assert (feed.sequence, feed.acknowledged) == (0, 0)


def test_a_record_that_expires_overnight_ends_what_rested_on_it(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 30, expires_on="2026-11-25"))
    guest = Guest(home, stage[HOST], resident, number)
    consent = stage.run(home.consent(resident, stage[HOST].code))
    first = stage.run(stage[HOST].check(stage.run(home.show_code(resident, consent))))
    assert first.outcome is RECOGNISED
    guest.visitor_pass = first.visitor_pass
    stage.world.clock.forward(timedelta(hours=16))
    stage.run(home.cases.rescoring.tick())
    stage.run(home.deliver())
    assert outcome(stage, guest) is NOT_RECOGNISED


def test_what_was_said_while_the_agreement_was_in_force_does_not_wait_for_it_to_resume(
    stage: Stage,
) -> None:
    guest = recognised(stage, 30)
    stored = guest.home.store.registry.active_agreement(guest.host.code)
    assert stored is not None
    life = guest.home.cases.agreement_life
    stage.act(guest.home, lambda tx: life.suspend(tx, stored.key[0], OPERATOR, "a drill"))
    stage.run(guest.home.record(guest.number, 1))
    stage.run(guest.home.deliver())
    kept = stage.run(guest.stored())
    assert kept is not None
    assert kept.ended_at is not None


def test_a_host_that_has_not_heard_of_a_suspended_agreement_is_given_nothing_to_rely_on(
    stage: Stage,
) -> None:
    guest = recognised(stage)
    stored = guest.home.store.registry.active_agreement(guest.host.code)
    assert stored is not None
    life = guest.home.cases.agreement_life
    stage.act(guest.home, lambda tx: life.suspend(tx, stored.key[0], OPERATOR, "a drill"))
    stage.world.clock.forward(FRESHNESS)
    assert outcome(stage, guest) is RecognitionOutcome.NO_AGREEMENT


def test_at_home_a_withdrawal_is_in_force_with_its_commit(new_store: NewStore) -> None:
    with staged(new_store, HOST, HOME) as stage:
        guest = recognised(stage, 150, HOST, HOST)
        held = open_decision(stage.run(guest.comes()))
        stage.world.clock.forward(FRESHNESS - SECOND)
        stage.run(guest.withdraws())
        cannot_redeem(stage, guest.host, held)
        stored = stage.run(guest.stored())
        assert stored is not None
        assert stored.ended_at == stage.world.clock.now()
        assert outcome(stage, guest) is NOT_RECOGNISED


def test_a_withdrawal_in_the_transaction_that_fails_ends_nothing(stage: Stage) -> None:
    guest = recognised(stage)
    desk = guest.home.cases.residents

    def fails(tx: object) -> None:
        desk.withdraw_consent(tx, guest.resident, guest.consent)  # type: ignore[arg-type]
        raise KeyError

    with pytest.raises(KeyError):
        stage.act(guest.home, fails)
    stage.run(guest.home.deliver())
    stage.world.clock.forward(FRESHNESS)
    assert outcome(stage, guest) is RECOGNISED


def test_withdrawing_twice_is_one_change(stage: Stage) -> None:
    guest = recognised(stage)
    stage.run(guest.withdraws())
    stage.run(guest.withdraws())
    assert stage.act(guest.home, lambda tx: tx.statuses.feed(guest.host.code)).sequence == 1


def test_a_host_that_scans_every_bit_finds_its_own_withdrawn_visitors_and_nobody_else(
    stage: Stage,
) -> None:
    home, host, third = stage[HOME], stage[HOST], stage[THIRD]
    here = [recognised(stage) for _ in range(6)]
    there = [recognised(stage, host=THIRD) for _ in range(5)]
    for guest in (*here[:2], *there[:3]):
        stage.run(guest.withdraws())
    assert _set_places(stage, home, host) == {guest.place for guest in here[:2]}
    assert _set_places(stage, home, third) == {guest.place for guest in there[:3]}


def test_places_tell_nothing_of_how_many_visitors_there_are_or_in_what_order_they_came(
    stage: Stage,
) -> None:
    places = [recognised(stage).place for _ in range(12)]
    assert len(set(places)) == len(places)
    # Twelve numbers of 65,536 in order, or below a thousand, come once in hundreds of millions.
    assert places not in (sorted(places), sorted(places, reverse=True))
    assert max(places) > 1000


def test_a_refusal_takes_no_place(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    low = stage.run(home.resident(0))
    consent = stage.run(home.consent(low, host.code))
    checked = stage.run(host.check(stage.run(home.show_code(low, consent))))
    assert checked.outcome is NOT_RECOGNISED
    assert stage.run(everything_about(home, host)) == ()
    assert stage.act(home, lambda tx: tx.attestations.standing(low, home.clock.now())) == ()


def _set_places(stage: Stage, home: Town, host: Town) -> set[int]:
    lists = stage.run(everything_about(home, host))
    assert [listed.list_number for listed in lists] == [0]
    return set(newly_set(bytes(len(lists[0].bits)), lists[0].bits))


def test_a_correction_by_a_department_flips_too(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    number, resident = stage.run(home.resident_with_number())
    sent = row(number, "to-correct")
    stage.act(home, lambda tx: home.cases.recording.load(tx, OFFICE, [sent]))
    consent = stage.run(home.consent(resident, host.code))
    first = stage.run(host.check(stage.run(home.show_code(resident, consent))))
    assert first.outcome is RECOGNISED
    gone = row(number, "to-correct", action="withdraw", revision=1)
    report = stage.act(home, lambda tx: home.cases.recording.load(tx, OFFICE, [gone]))
    assert not report.quarantined, report.quarantined
    stage.run(home.deliver())
    again = stage.run(host.check(first.visitor_pass, is_pass=True))
    assert again.outcome is NOT_RECOGNISED


def test_an_answer_that_was_lost_and_comes_again_is_relied_on_no_longer_than_the_first(
    stage: Stage,
) -> None:
    world, home, host = stage.world, stage[HOME], stage[HOST]
    resident = stage.run(home.resident(30))
    consent = stage.run(home.consent(resident, host.code))
    code, ask = stage.run(home.show_code(resident, consent)), host.ask()
    world.network.loses_answers_of.add(home.code)
    assert stage.run(host.check(code, ask=ask)).outcome is UNREACHABLE
    world.network.loses_answers_of.clear()
    # It was withdrawn since, and the home city can be asked, but cannot reach the host.
    stage.run(home.withdraw(resident, consent))
    late = timedelta(seconds=40)
    world.clock.forward(late)
    found = stage.run(host.check(code, ask=ask))
    assert found.outcome is RECOGNISED
    world.network.down.add(home.code)
    world.clock.forward(FRESHNESS - late)
    again = stage.run(host.check(found.visitor_pass, is_pass=True))
    assert again.outcome is UNREACHABLE
