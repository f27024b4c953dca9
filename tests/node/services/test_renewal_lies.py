"""What a lying home city may answer to a renewal: one lie in a batch fails alone, or all of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.identifiers import CityCode
from federation.keys import Ed25519Signer
from federation.messages import Attestation, Claim, Disclosure
from federation.standing import AttestationBatch
from node.logbook import LogKind
from node.ports import RenewalPortion
from node.store.trust_tables import LOG_ENTRIES, RENEWALS
from tests.conftest import NewStore
from tests.node.services.renewals import (
    EVENING,
    HOME,
    HOST,
    THIRD,
    Visitor,
    books,
    count,
    counts,
    known,
    reason,
    rebatched,
    renew,
    resaid,
    resulting,
    results,
    split,
    told,
    visits,
)
from tests.node.services.stage import Stage, staged

SIZE = 5
LIED_ABOUT = 2
DAY = timedelta(days=1)
REFUSED = LOG_ENTRIES.c.kind == LogKind.REFUSED.value
STRANGER = Ed25519Signer.from_seed(b"s" * 32)


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


@pytest.fixture
def visitors(stage: Stage) -> list[Visitor]:
    found = [visits(stage) for _ in range(SIZE)]
    stage.world.clock.forward(EVENING)
    return found


def lies(stage: Stage, change: Callable[[list[RenewalPortion]], list[RenewalPortion]]) -> None:
    stage.world.network.renewal_lie = told(change)


def header(said: Attestation, **fields: object) -> Attestation:
    return replace(said, header=replace(said.header, **fields))  # type: ignore[arg-type]


ATTESTATIONS: dict[str, Callable[[Attestation], Attestation]] = {
    "of a pseudonym that was not asked for": lambda a: replace(a, pseudonym=b"n" * 32),
    "of more than is agreed": lambda a: replace(
        a, claim=Claim(Disclosure.SCORE, None, "excellent", 120_000, ())
    ),
    "with a band below the line": lambda a: replace(a, claim=replace(a.claim, band_id="good")),
    "to another request": lambda a: replace(a, request_id=a.header.statement_id),
    "to other bytes": lambda a: replace(a, request_digest=bytes(32)),
    "for another city": lambda a: header(a, audience=(CityCode(THIRD),)),
    "for every city": lambda a: header(a, audience=()),
    "in another city's name": lambda a: header(a, issuer=CityCode(THIRD)),
    "that has ended": lambda a: header(
        a, issued_at=a.header.issued_at - 2 * DAY, expires_at=a.header.issued_at - DAY
    ),
    "that lives too long": lambda a: header(a, expires_at=a.header.issued_at + 2 * DAY),
    "under another version": lambda a: replace(a, agreement_version=a.agreement_version + 1),
    "on another scale": lambda a: replace(a, scale=replace(a.scale, digest=bytes(32))),
    "for what was not asked": lambda a: replace(a, scenarios=("scenic.discount",)),
}


@pytest.mark.parametrize("lie", list(ATTESTATIONS))
def test_an_attestation_that_lies_fails_alone_although_it_is_signed_and_proven(
    stage: Stage, visitors: list[Visitor], lie: str
) -> None:
    before = {each.recognition_id: known(stage, each) for each in visitors}
    change, signer = ATTESTATIONS[lie], stage[HOME].keys
    lies(stage, lambda p: resaid(p, signer, lambda i, a: change(a) if i == LIED_ABOUT else a))
    entries = count(stage[HOST], LOG_ENTRIES, REFUSED)
    assert counts(renew(stage)) == (SIZE, SIZE - 1, 0, 1)
    after = {each.recognition_id: known(stage, each) for each in visitors}
    assert sum(after[key] == before[key] for key in before) == 1
    assert all(each.ended_at is None for each in after.values())
    assert count(stage[HOST], LOG_ENTRIES, REFUSED) == entries + 1
    # The next walk asks an honest city, and makes it good.
    stage.world.network.renewal_lie = None
    assert counts(renew(stage)) == (1, 1, 0, 0)


def forged(portions: list[RenewalPortion]) -> list[RenewalPortion]:
    found = results(portions)
    one = found[LIED_ABOUT]
    assert one is not None
    found[LIED_ABOUT] = replace(one, proof=one.proof[:-1] + bytes([one.proof[-1] ^ 1]))
    return resulting(portions, found)


def misplaced(portions: list[RenewalPortion]) -> list[RenewalPortion]:
    found = results(portions)
    one = found[LIED_ABOUT]
    assert one is not None
    found[LIED_ABOUT] = replace(one, leaf_index=one.leaf_index + 1)
    return resulting(portions, found)


def swelled(portions: list[RenewalPortion]) -> list[RenewalPortion]:
    found = results(portions)
    one = found[LIED_ABOUT]
    assert one is not None
    found[LIED_ABOUT] = replace(one, payload=bytes(70_000))
    return resulting(portions, found)


@pytest.mark.parametrize("lie", [forged, misplaced, swelled])
def test_a_proof_that_does_not_hold_fails_alone(
    stage: Stage,
    visitors: list[Visitor],
    lie: Callable[[list[RenewalPortion]], list[RenewalPortion]],
) -> None:
    lies(stage, lie)
    progress = renew(stage)
    assert counts(progress) == (len(visitors), SIZE - 1, 0, 1)
    assert reason(progress) in {"BAD_PROOF", "TOO_LARGE"}


def test_two_results_that_are_swapped_fail_and_the_others_do_not(
    stage: Stage, visitors: list[Visitor]
) -> None:
    def swap(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        found = results(portions)
        found[1], found[3] = found[3], found[1]
        return resulting(portions, found)

    lies(stage, swap)
    progress = renew(stage)
    assert counts(progress) == (len(visitors), SIZE - 2, 0, 2)
    assert reason(progress) == "ANSWERS_ANOTHER_REQUEST"


def test_one_attestation_given_to_everybody_renews_nobody_else(
    stage: Stage, visitors: list[Visitor]
) -> None:
    lies(stage, lambda p: resulting(p, [results(p)[0]] * SIZE))
    assert counts(renew(stage)) == (len(visitors), 1, 0, SIZE - 1)


BATCHES: dict[str, Callable[[AttestationBatch], AttestationBatch]] = {
    "to another request": lambda b: replace(b, request_id=b.header.statement_id),
    "to other bytes": lambda b: replace(b, request_digest=bytes(32)),
    "for another city": lambda b: replace(b, header=replace(b.header, audience=(CityCode(THIRD),))),
    "in another city's name": lambda b: replace(
        b, header=replace(b.header, issuer=CityCode(THIRD))
    ),
    "that has ended": lambda b: replace(
        b,
        header=replace(
            b.header,
            issued_at=b.header.issued_at - 2 * DAY,
            expires_at=b.header.issued_at - DAY,
        ),
    ),
}


@pytest.mark.parametrize("lie", list(BATCHES))
def test_a_batch_that_lies_renews_nobody_and_ends_nobody(
    stage: Stage, visitors: list[Visitor], lie: str
) -> None:
    before = books(stage[HOST])
    lies(stage, lambda p: rebatched(p, stage[HOME].keys, BATCHES[lie]))
    assert counts(renew(stage)) == (len(visitors), 0, 0, SIZE)
    assert books(stage[HOST]) == before
    assert count(stage[HOST], RENEWALS) == 0
    stage.world.network.renewal_lie = None
    assert counts(renew(stage)) == (SIZE, SIZE, 0, 0)


def test_a_batch_that_somebody_else_signed_renews_nobody(
    stage: Stage, visitors: list[Visitor]
) -> None:
    before = books(stage[HOST])
    lies(stage, lambda p: rebatched(p, STRANGER, lambda batch: batch))
    progress = renew(stage)
    assert (counts(progress), reason(progress)) == ((len(visitors), 0, 0, SIZE), "UNKNOWN_KEY")
    assert books(stage[HOST]) == before


def test_a_result_at_a_time_is_an_answer_as_well(stage: Stage, visitors: list[Visitor]) -> None:
    lies(stage, split)
    assert counts(renew(stage)) == (len(visitors), SIZE, 0, 0)


def test_portions_out_of_order_renew_nobody(stage: Stage, visitors: list[Visitor]) -> None:
    before = books(stage[HOST])
    lies(stage, lambda p: [split(p)[i] for i in (0, 2, 1, 3, 4)])
    progress = renew(stage)
    assert (counts(progress), reason(progress)) == ((len(visitors), 0, 0, SIZE), "MALFORMED")
    assert books(stage[HOST]) == before


def test_a_stream_that_is_cut_renews_nobody_and_is_taken_up_again(
    stage: Stage, visitors: list[Visitor]
) -> None:
    before = books(stage[HOST])
    lies(stage, lambda p: split(p)[:-1])
    stage.world.network.ends.add("renew")
    progress = renew(stage)
    assert (counts(progress), reason(progress)) == (
        (len(visitors), 0, 0, SIZE),
        "PEER_UNREACHABLE",
    )
    assert books(stage[HOST]) == before
    assert count(stage[HOST], RENEWALS) == 1
    stage.world.network.renewal_lie = None
    assert counts(renew(stage)) == (SIZE, SIZE, 0, 0)


def test_refusals_in_place_of_attestations_end_only_those_whom_they_are_for(
    stage: Stage, visitors: list[Visitor]
) -> None:
    lies(
        stage,
        lambda p: resulting(p, [None if i == LIED_ABOUT else r for i, r in enumerate(results(p))]),
    )
    assert counts(renew(stage)) == (len(visitors), SIZE - 1, 1, 0)
    assert sum(known(stage, each).ended_at is not None for each in visitors) == 1
