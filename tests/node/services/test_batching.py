"""The home city's side of renewal: many at once, each as if it were asked for alone."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from federation import codec
from federation.limits import RENEWAL_ITEMS, RENEWAL_PORTION
from federation.messages import Claim
from node.attested import IssuedAttestation, IssuedBatch
from node.errors import REQUEST_ID_REUSED
from node.model import PageRequest
from node.ports import Transaction
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS
from tests.conftest import NewStore
from tests.node.services.batched import (
    HOME,
    HOST,
    NOBODY,
    SECOND,
    THIRD,
    Known,
    Renewed,
    answer,
    kept,
    known,
    refusal,
    renew,
    renewal,
    said,
    two,
)
from tests.node.services.forging import attest, question
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, Town


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


@pytest.fixture
def three(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


@pytest.fixture
def stored(new_store: NewStore) -> Iterator[Stage]:
    """On each database: for what is read and written."""
    with staged(new_store, HOME, HOST) as found:
        yield found


def reasons(stage: Stage, resident: str) -> list[str]:
    """Why nothing was said of somebody, for the resident's eyes, the newest first."""
    page = PageRequest(50, "")
    found = stage.act(stage[HOME], lambda tx: tx.uses.page(resident, page))
    return [use.refusal for use in found.items if use.refusal]


def test_each_gets_what_it_would_get_alone_in_the_order_of_the_question(stage: Stage) -> None:
    home, host = two(stage)
    people = [known(stage, home, host, points) for points in (30, 100, 30)]
    people.reverse()
    found = said(stage, *people)
    for serial, (person, one) in enumerate(zip(people, found, strict=True), 500):
        alone = question(host, home, pseudonym=person.pseudonym, serial=serial)
        single = stage.run(attest(home, alone, host.code))
        assert one is not None
        assert one.pseudonym == person.pseudonym
        same = replace(
            single,
            header=replace(single.header, statement_id=one.header.statement_id),
            request_id=one.request_id,
            request_digest=one.request_digest,
            status_index=one.status_index,
        )
        assert one == same
    assert len({one.header.statement_id for one in found if one}) == 3
    assert len({one.status_index for one in found if one}) == 3


def test_each_attestation_is_kept_under_its_resident_and_leads_to_its_batch(stored: Stage) -> None:
    home, host = two(stored)
    people = [known(stored, home, host) for _ in range(3)]
    before = kept(home)
    renewed = answer(stored, people[0], NOBODY, *people[1:])
    assert [after - b for b, after in zip(before, kept(home), strict=True)] == [3, 1, 1, 1]
    batch = renewed.verified(host, home)
    given = [(i, result) for i, result in enumerate(renewed.results) if result]
    for leaf, ((_, result), person) in enumerate(zip(given, people, strict=True)):
        one = codec.ATTESTATION.decode(result.payload)
        row, whole = stored.act(home, partial(found, person.resident, one.header.statement_id))
        assert (row.statement, row.leaf_index) == (result.payload, leaf)
        assert (row.consent_id, row.host) == (person.consent, host.code)
        assert (row.status_index, row.expires_at) == (one.status_index, one.header.expires_at)
        assert (row.issued_at, row.ended_at) == (one.header.issued_at, None)
        assert whole.envelope == codec.envelope_to_bytes(batch.envelope)
        assert whole.log_sequence == row.log_sequence


def found(
    resident: str, attestation_id: str, tx: Transaction
) -> tuple[IssuedAttestation, IssuedBatch]:
    """An attestation of a batch as it is kept, and its batch; the log has the salt of its entry."""
    row = tx.attestations.get(resident, attestation_id)
    assert row is not None
    batch = tx.batches.answered(row.host, codec.ATTESTATION.decode(row.statement).request_id)
    assert batch is not None
    assert tx.attestations.batch(row.batch_id) == batch
    assert tx.log.salt("", batch.log_sequence) is not None
    return row, batch


def test_one_that_is_refused_fails_alone_and_only_the_resident_learns_why(three: Stage) -> None:
    home, host = two(three)
    good, withdrawn, low = (known(three, home, host) for _ in range(3))
    elsewhere = known(three, home, host, 100, "scenic.discount", SCENARIO)
    three.run(home.withdraw(elsewhere.resident, elsewhere.consent))
    # Of consents that allow nothing of it the newest says why, and ids are told apart by time.
    three.world.clock.forward(SECOND)
    three.run(home.consent(elsewhere.resident, host.code, "scenic.discount"))
    three.run(home.withdraw(withdrawn.resident, withdrawn.consent))
    three.run(home.record(low.number, -300))
    stranger = known(three, home, three[THIRD])
    found = said(three, NOBODY, withdrawn, good, low, elsewhere, stranger)
    assert [bool(one) for one in found] == [False, False, True, False, False, False]
    assert reasons(three, withdrawn.resident) == ["REFUSED_CONSENT_ENDED"]
    assert reasons(three, low.resident) == ["REFUSED_NOTHING_TO_SHOW"]
    assert reasons(three, elsewhere.resident) == ["REFUSED_OUTSIDE_CONSENT"]
    assert reasons(three, stranger.resident) == []
    assert reasons(three, "") == ["REFUSED_UNKNOWN"] * 2


def test_a_batch_of_one_is_no_oracle(three: Stage) -> None:
    home, host = two(three)
    expired = known(three, home, host)
    three.world.clock.forward(timedelta(days=30))
    withdrawn, low, elsewhere = (known(three, home, host) for _ in range(3))
    three.run(home.withdraw(withdrawn.resident, withdrawn.consent))
    three.run(home.record(low.number, -300))
    three.run(home.withdraw(elsewhere.resident, elsewhere.consent))
    three.world.clock.forward(SECOND)
    three.run(home.consent(elsewhere.resident, host.code, "scenic.discount"))
    stranger = known(three, home, three[THIRD])
    answers, why = set[str](), set[str]()
    work = set[tuple[int, ...]]()
    people: list[Known | bytes] = [NOBODY, withdrawn, low, expired, elsewhere, stranger]
    for serial, whose in enumerate(people, 1):
        before = kept(home)
        found = answer(three, whose, serial=serial)
        assert found.batch is None
        answers.add(repr([(p.first, p.results) for p in found.portions]))
        work.add(tuple(after - b for b, after in zip(before, kept(home), strict=True)))
        why.update(reasons(three, whose.resident if isinstance(whose, Known) else ""))
    assert len(answers) == 1
    assert work == {(0, 1, 1, 1)}
    assert len(why) == 4


def test_of_several_consents_that_counts_which_allows_most(stored: Stage) -> None:
    home, host = two(stored)
    person = known(stored, home, host, 100, SCENARIO, "scenic.discount")
    stored.run(home.consent(person.resident, host.code, SCENARIO))
    asked = renewal(host, home, person.pseudonym, scenarios=(SCENARIO, "scenic.discount"))
    [one] = stored.run(renew(home, asked, host.code)).opened(host, home)
    assert one is not None
    assert one.scenarios == (SCENARIO, "scenic.discount")
    stored.run(home.withdraw(person.resident, person.consent))
    asked = renewal(host, home, person.pseudonym, scenarios=(SCENARIO, "scenic.discount"), serial=2)
    [one] = stored.run(renew(home, asked, host.code)).opened(host, home)
    assert one is not None
    assert one.scenarios == (SCENARIO,)


def test_none_outlives_its_consent_and_the_batch_lasts_as_long_as_the_longest(stage: Stage) -> None:
    home, host = two(stage)
    early = known(stage, home, host)
    stage.world.clock.forward(timedelta(days=29, hours=12))
    late = known(stage, home, host)
    renewed = answer(stage, early, late)
    first, second = renewed.opened(host, home)
    assert first is not None
    assert second is not None
    now = stage.world.clock.now()
    assert first.header.expires_at == now + timedelta(hours=12)
    assert second.header.expires_at == now + timedelta(hours=24)
    assert renewed.verified(host, home).message.header.expires_at == second.header.expires_at


def test_a_sum_that_had_its_day_is_counted_anew(stored: Stage) -> None:
    home, host = two(stored)
    fallen = known(stored, home, host, 30)
    stored.run(home.record(fallen.number, 100, expires_on="2026-11-26"))
    [before] = said(stored, fallen)
    stored.world.clock.forward(timedelta(days=3))
    [after] = said(stored, fallen, serial=2)
    alone = question(host, home, pseudonym=fallen.pseudonym, serial=3)
    assert before is not None
    assert after is not None
    assert before.claim != after.claim
    assert after.claim == stored.run(attest(home, alone, host.code)).claim


def test_the_same_question_again_gets_the_same_answer_and_is_kept_once(stored: Stage) -> None:
    home, host = two(stored)
    people = [known(stored, home, host) for _ in range(3)]
    first = answer(stored, people[0], NOBODY, *people[1:])
    before = kept(home)
    stored.world.clock.forward(30 * SECOND)
    assert answer_again(stored, home, host, people) == first
    assert kept(home) == before


def answer_again(stage: Stage, home: Town, host: Town, people: list[Known]) -> Renewed:
    issued = stage.world.clock.now() - 30 * SECOND
    whose = [p.pseudonym for p in people]
    again = renewal(host, home, whose[0], NOBODY, *whose[1:], issued_at=issued)
    return stage.run(renew(home, again, host.code))


def test_a_batch_that_gave_nothing_is_kept_once_too(stored: Stage) -> None:
    home, _ = two(stored)
    first = answer(stored, NOBODY)
    before = kept(home)
    assert answer(stored, NOBODY) == first
    assert (first.batch, first.results) == (None, (None,))
    assert kept(home) == before


def test_the_same_id_with_other_pseudonyms_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    one, other = known(stage, home, host), known(stage, home, host)
    answer(stage, one)
    found = stage.run(refusal(home, renewal(host, home, other.pseudonym), host.code))
    assert found.reason == REQUEST_ID_REUSED


def test_two_at_once_are_answered_alike_and_kept_once(stored: Stage) -> None:
    home, host = two(stored)
    person, other = known(stored, home, host), known(stored, home, host)
    before = kept(home)
    same = renewal(host, home, person.pseudonym)
    more = renewal(host, home, other.pseudonym, serial=2)

    async def at_once() -> list[Renewed]:
        asked = (same, more, same)
        return await asyncio.gather(*(renew(home, each, host.code) for each in asked))

    first, second, third = stored.run(at_once())
    assert first == third != second
    assert [after - b for b, after in zip(before, kept(home), strict=True)] == [2, 2, 2, 0]


def test_what_ended_or_was_erased_since_is_not_given_again(stored: Stage) -> None:
    home, host = two(stored)
    stays, withdrawn, erased = (known(stored, home, host) for _ in range(3))
    first = answer(stored, stays, withdrawn, erased)
    assert all(first.results)
    stored.run(home.withdraw(withdrawn.resident, withdrawn.consent))
    stored.run(erase(home, erased))
    again = answer(stored, stays, withdrawn, erased)
    assert again.results == (first.results[0], None, None)
    assert again.opened(host, home)[0] is not None
    stored.run(erase(home, stays))
    nothing = answer(stored, stays, withdrawn, erased)
    assert (nothing.batch, nothing.results) == (None, (None, None, None))


async def erase(home: Town, person: Known) -> None:
    assert await home.cases.erasing.erase(person.resident, person.number)


def test_an_erasure_leaves_the_salt_of_the_batch_and_nothing_of_the_resident(
    stage: Stage,
) -> None:
    home, host = two(stage)
    stays, erased = known(stage, home, host), known(stage, home, host)
    first = answer(stage, stays, erased)
    stage.run(erase(home, erased))
    with home.store._engine.connect() as connection:
        rows = connection.execute(sa.select(ATTESTATIONS)).all()
        batches = connection.execute(sa.select(ATTESTATION_BATCHES)).all()
    assert first.results[1] is not None
    traces = (erased.pseudonym, erased.resident.encode(), first.results[1].payload)
    for row in (*rows, *batches):
        held = b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
        assert not [trace for trace in traces if trace in held]
    [batch] = batches
    assert stage.act(home, lambda tx: tx.log.salt("", batch.log_sequence)) is not None


def test_a_whole_batch_comes_in_portions_that_fit_a_message(stage: Stage) -> None:
    home, host = two(stage)
    people = [known(stage, home, host) for _ in range(2)]
    nobodies = [i.to_bytes(32, "big") for i in range(RENEWAL_ITEMS - 2)]
    renewed = answer(stage, people[0], *nobodies, people[1])
    firsts = [portion.first for portion in renewed.portions]
    assert firsts == list(range(0, RENEWAL_ITEMS, RENEWAL_PORTION))
    assert [bool(portion.batch) for portion in renewed.portions] == [True] + [False] * 7
    found = renewed.opened(host, home)
    assert [bool(one) for one in found] == [True] + [False] * (RENEWAL_ITEMS - 2) + [True]


def test_what_is_said_can_be_told_from_what_would_be_said_now(stage: Stage) -> None:
    home, host = two(stage)
    stays, rises = known(stage, home, host, 30), known(stage, home, host, 30)
    before = said(stage, stays, rises)
    stage.run(home.record(rises.number, 150))
    again = answer(stage, stays, rises)
    assert [bool(result) for result in again.results] == [True, False]
    after = said(stage, stays, rises, serial=2)
    claims = [(one.claim if one else None) for one in (*before, *after)]
    assert claims[0] == claims[1] == claims[2]
    assert isinstance(claims[3], Claim)
    assert claims[3] != claims[1]
