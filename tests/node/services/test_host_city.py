"""What a lying home city may answer, and what a crowd may redeem: the host's side."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.messages import Attestation, Claim, Disclosure
from node.errors import ALREADY_REDEEMED, CAPACITY_USED_UP, DECISION_ENDED, HutongError
from node.model import Caller, Role
from node.services.checking import Checked, RecognitionOutcome
from node.store.tables import COUNTERS, RECOGNITIONS, REDEMPTIONS
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.services.forging import retold
from tests.node.services.stage import Stage, staged
from tests.node.services.world import VENUE, Town

HOME, HOST, THIRD = "410100", "330100", "320500"
LATER = timedelta(days=1)
RENTAL = Caller(Role.VENUE, "rental-shop")


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


def new_code(stage: Stage, points: int = 30, *scenarios: str) -> str:
    home, host = stage[HOME], stage[HOST]
    resident = stage.run(home.resident(points))
    return stage.run(
        home.show_code(resident, stage.run(home.consent(resident, host.code, *scenarios)))
    )


def rows(town: Town, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    with town.store._engine.connect() as connection:
        return list(connection.execute(sa.select(table)).all())


def header(said: Attestation, **fields: object) -> Attestation:
    return replace(said, header=replace(said.header, **fields))  # type: ignore[arg-type]


def claim(said: Attestation, **fields: object) -> Attestation:
    return replace(said, claim=replace(said.claim, **fields))  # type: ignore[arg-type]


LIES: dict[str, Callable[[Attestation], Attestation]] = {
    "for another city": lambda a: header(a, audience=(CityCode(THIRD),)),
    "for every city": lambda a: header(a, audience=()),
    "in another city's name": lambda a: header(a, issuer=CityCode(THIRD)),
    "for ever": lambda a: header(a, expires_at=a.header.issued_at + timedelta(days=400)),
    "of tomorrow": lambda a: header(
        a, issued_at=a.header.issued_at + LATER, expires_at=a.header.expires_at + LATER
    ),
    "that has ended": lambda a: header(
        a, issued_at=a.header.issued_at - 2 * LATER, expires_at=a.header.issued_at - LATER
    ),
    "of a standing of tomorrow": lambda a: replace(a, as_of=a.as_of + LATER),
    "of a standing of long ago": lambda a: replace(a, as_of=a.as_of - 3 * LATER),
    "to another request": lambda a: replace(a, request_id=a.header.statement_id),
    "to other bytes": lambda a: replace(a, request_digest=bytes(32)),
    "under another agreement": lambda a: replace(a, agreement_version=a.agreement_version + 1),
    "on another scale": lambda a: replace(a, scale=replace(a.scale, digest=bytes(32))),
    "with a band below the line": lambda a: claim(a, band_id="good"),
    "with a band of the host": lambda a: claim(a, band_id="no-such-band"),
    "with a score nobody asked for": lambda a: replace(
        a, claim=Claim(Disclosure.SCORE, None, "excellent", 120_000, ())
    ),
    "with another line": lambda a: replace(
        a, claim=Claim(Disclosure.THRESHOLD, "outstanding", None, None, ())
    ),
    "with a commendation of its own": lambda a: claim(a, commendations=("king",)),
    "for scenarios nobody asked for": lambda a: replace(a, scenarios=("lending.mortgage",)),
}


def is_newcomer(stage: Stage, checked: Checked) -> bool:
    open_to_all = {
        i.incentive_id
        for _, i, _ in checked.decisions
        if i.minimum_band is None and not i.commendations
    }
    opened = {i.incentive_id for _, i, verdict in checked.decisions if verdict.eligible}
    return (
        checked.outcome is not RecognitionOutcome.RECOGNISED
        and checked.visitor is None
        and opened == open_to_all
        and not rows(stage[HOST], RECOGNITIONS)
    )


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_attestation_is_not_believed_that_is(
    stage: Stage, lie: Callable[[Attestation], Attestation]
) -> None:
    home, host = stage[HOME], stage[HOST]
    before = [row.kind for row in rows(host, LOG_ENTRIES)].count("received")
    stage.world.network.lie = retold(home.keys, lie)
    assert is_newcomer(stage, stage.run(host.check(new_code(stage))))
    kinds = [row.kind for row in rows(host, LOG_ENTRIES)]
    assert (kinds.count("refused"), kinds.count("received")) == (1, before)
    stage.world.network.lie = None
    checked = stage.run(host.check(new_code(stage)))
    assert checked.outcome is RecognitionOutcome.RECOGNISED


def test_the_answer_to_another_residents_question_is_not_believed(stage: Stage) -> None:
    host, kept = stage[HOST], list[Envelope]()

    def swap(envelope: Envelope) -> Envelope:
        kept.append(envelope)
        return kept[0]

    stage.world.network.lie = swap
    first = stage.run(host.check(new_code(stage, 90)))
    assert first.outcome is RecognitionOutcome.RECOGNISED
    second = stage.run(host.check(new_code(stage, 30)))
    assert second.outcome is RecognitionOutcome.HOME_UNREACHABLE
    assert len(rows(host, RECOGNITIONS)) == 1


def test_an_attestation_of_another_visitor_than_the_pass_names_is_not_believed(
    stage: Stage,
) -> None:
    home, host = stage[HOME], stage[HOST]
    first = stage.run(host.check(new_code(stage, 30)))
    assert first.visitor is not None
    stage.world.clock.forward(first.visitor.expires_at - stage.world.clock.now())
    stage.world.network.lie = retold(home.keys, lambda a: replace(a, pseudonym=b"other!!!" * 4))
    again = stage.run(host.check(first.visitor_pass, is_pass=True))
    assert again.outcome is RecognitionOutcome.HOME_UNREACHABLE
    assert again.visitor is None


@pytest.mark.parametrize("signer", [THIRD, "root"])
def test_an_attestation_signed_by_the_wrong_key_is_not_believed(stage: Stage, signer: str) -> None:
    home, host = stage[HOME], stage[HOST]
    key = home.keys.root if signer == "root" else stage[signer].keys
    stage.world.network.lie = retold(key, lambda said: said)
    assert is_newcomer(stage, stage.run(host.check(new_code(stage))))


def test_an_attestation_with_a_bit_flipped_or_of_another_kind_is_not_believed(
    stage: Stage,
) -> None:
    host = stage[HOST]

    def flip(envelope: Envelope) -> Envelope:
        payload = bytearray(envelope.payload)
        payload[len(payload) // 2] ^= 1
        return Envelope(envelope.payload_type, bytes(payload), envelope.signatures)

    def rename(envelope: Envelope) -> Envelope:
        kind = codec.SCORE_SCALE.payload_type
        return Envelope(kind, envelope.payload, envelope.signatures)

    for lie in (flip, rename):
        stage.world.network.lie = lie
        assert is_newcomer(stage, stage.run(host.check(new_code(stage))))


def test_a_lower_band_is_believed_and_still_takes_nothing_away(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    before = stage.run(host.check(new_code(stage, 90)))
    stage.world.network.lie = retold(home.keys, lambda said: claim(said, band_id="excellent"))
    after = stage.run(host.check(new_code(stage, 90)))
    assert before.visitor is not None
    assert after.visitor is not None
    assert (before.visitor.band_id, after.visitor.band_id) == ("outstanding", "excellent")


def with_capacity(words: str) -> Callable[[str], str]:
    """The shipped catalogue, where a rental without a deposit has another capacity."""

    def change(text: str) -> str:
        head, _, tail = text.partition('id = "rental-no-deposit"')
        before, _, after = tail.partition("capacity = {")
        return (
            f'{head}id = "rental-no-deposit"{before}capacity = {{ {words} }}'
            + (after.partition("}")[2])
        )

    return change


async def decide_many(stage: Stage, count: int) -> list[str]:
    home, host = stage[HOME], stage[HOST]
    found = []
    for _ in range(count):
        resident = await home.resident(30)
        consent = await home.consent(resident, host.code, "rental.deposit_free")
        checked = await host.check(
            await home.show_code(resident, consent),
            venue=RENTAL,
            incentives=("rental-no-deposit",),
        )
        found.append(checked.decisions[0][0])
    assert all(found)
    return found


async def redeem_all(town: Town, decisions: list[str]) -> list[object]:
    redeeming = town.cases.redeeming
    return await asyncio.gather(
        *(
            town.store.run(lambda tx, d=each: redeeming.redeem(tx, RENTAL, d))  # type: ignore[misc]
            for each in decisions
        ),
        return_exceptions=True,
    )


def granted(found: list[object]) -> int:
    errors = [each for each in found if isinstance(each, BaseException)]
    for error in errors:
        assert isinstance(error, HutongError)
        assert error.reason in (CAPACITY_USED_UP, ALREADY_REDEEMED)
    return len(found) - len(errors)


@pytest.mark.parametrize("words", ["total = 3", "per_day = 3"])
def test_a_capacity_of_three_is_redeemed_three_times_by_a_crowd(
    new_store: NewStore, words: str
) -> None:
    with staged(new_store) as stage:
        host = stage[HOST]
        stage.run(host.load_incentives(with_capacity(words)))
        decisions = stage.run(decide_many(stage, 8))
        assert granted(stage.run(redeem_all(host, decisions))) == 3
        assert len(rows(host, REDEMPTIONS)) == 3
        assert max(row.used for row in rows(host, COUNTERS)) == 3
        assert granted(stage.run(redeem_all(host, decisions))) == 0


def test_one_decision_redeemed_by_a_crowd_is_redeemed_once(new_store: NewStore) -> None:
    with staged(new_store) as stage:
        host = stage[HOST]
        decisions = stage.run(decide_many(stage, 1)) * 12
        assert granted(stage.run(redeem_all(host, decisions))) == 1


def test_a_day_ends_at_midnight_of_the_citys_own_zone(new_sqlite: NewStore) -> None:
    with staged(new_sqlite) as stage:
        host = stage[HOST]
        stage.run(host.load_incentives(with_capacity("per_day = 1")))
        # 15:59 in UTC is a minute before midnight in Hangzhou.
        to_last_minute = timedelta(hours=13, minutes=59)
        stage.world.clock.forward(to_last_minute - timedelta(minutes=1))
        decisions = stage.run(decide_many(stage, 3))
        assert granted(stage.run(redeem_all(host, decisions[:2]))) == 1
        stage.world.clock.forward(timedelta(minutes=2))
        assert granted(stage.run(redeem_all(host, decisions[2:]))) == 1


def test_a_use_that_one_capacity_refuses_takes_nothing_from_the_others(
    new_sqlite: NewStore,
) -> None:
    with staged(new_sqlite) as stage:
        host = stage[HOST]
        stage.run(host.load_incentives(with_capacity("total = 5, per_day = 1")))
        assert granted(stage.run(redeem_all(host, stage.run(decide_many(stage, 3))))) == 1
        used = {row.scope.split(":")[0]: row.used for row in rows(host, COUNTERS)}
        assert used == {"total": 1, "day": 1}


def test_a_decision_ends_with_its_time_and_with_its_incentive(new_sqlite: NewStore) -> None:
    with staged(new_sqlite) as stage:
        host = stage[HOST]
        [first, second] = stage.run(decide_many(stage, 2))
        stage.run(host.load_incentives(lambda text: text.replace("rental-no-deposit", "rental-2")))
        [gone] = stage.run(redeem_all(host, [first]))
        assert getattr(gone, "reason", None) == DECISION_ENDED
        stage.run(host.load_incentives())
        stage.world.clock.forward(timedelta(minutes=5))
        [late] = stage.run(redeem_all(host, [second]))
        assert getattr(late, "reason", None) == DECISION_ENDED


def test_a_venue_sees_only_what_it_offers(stage: Stage) -> None:
    host = stage[HOST]
    with pytest.raises(HutongError, match="incentive"):
        stage.run(host.check(new_code(stage), venue=VENUE, incentives=("rental-no-deposit",)))
