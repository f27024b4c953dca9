"""The trial exchange: what it takes, and what neither it nor a partner can do by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation import codec
from federation.envelope import open_own, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    NOT_RECOGNISED,
    STALE,
    WRONG_TYPE,
)
from federation.messages import Agreement, Disclosure, Flags
from node.errors import (
    MOVE_REFUSED,
    NOT_A_PARTNER,
    TRIAL_UNKNOWN,
)
from node.registry import PartnerState
from node.services.trial_terms import LEGAL_BASIS, SCENARIOS
from node.trials import TRIAL_KINDS
from tests.conftest import NewStore
from tests.node.services.trying import (
    APPROVED,
    TRIAL_ID,
    approved,
    asked,
    drawn_up,
    played,
    prepared,
    problems,
    raised,
    stand,
    state,
    swapped,
    tried,
)
from tests.node.services.world import OPERATOR, Town, world

PAIRS = [
    ("410100", "330100"),
    ("330100", "410100"),
    ("320100", "420100"),
    ("320500", "410100"),
    ("420100", "320500"),
]


@pytest.mark.parametrize("pair", PAIRS)
@played
async def test_two_cities_that_approved_each_other_are_active_after_one_trial(
    new_sqlite: NewStore, pair: tuple[str, str]
) -> None:
    async with approved(new_sqlite, *pair) as cities:
        one, other = (cities[code] for code in pair)
        found = await tried(one, other.code)
        assert tuple(step.kind for step in found.as_host) == TRIAL_KINDS
        assert tuple(step.kind for step in found.as_home) == TRIAL_KINDS
        assert not problems(found.as_host)
        assert not problems(found.as_home)
        assert found.partner.state is PartnerState.ACTIVE
        assert state(other, one) is PartnerState.ACTIVE


@played
async def test_each_step_of_the_trial_is_kept_with_who_did_it(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await tried(one, other.code)
        here = await one.store.read(lambda tx: tx.partnerships.moves(other.code))
        there = await other.store.read(lambda tx: tx.partnerships.moves(one.code))
        assert ("test", OPERATOR) in {(move.move, move.actor) for move in here}
        assert ("test", f"city {one.code}") in {(move.move, move.actor) for move in there}


def tables(file: Path) -> dict[str, list[str]]:
    """The rows of every table of a city's store."""
    engine = sa.create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            return {
                name: [repr(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}"))]  # noqa: S608 - a name of the schema
                for name in sa.inspect(engine).get_table_names()
            }
    finally:
        engine.dispose()


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@played
async def test_nothing_of_a_trial_is_left_in_the_real_store(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await swapped(one, other)
        files = [tmp_path / f"{town.code}.sqlite" for town in (one, other)]
        before = [tables(file) for file in files]
        await tried(one, other.code)
        for file, earlier in zip(files, before, strict=True):
            after = tables(file)
            grown = {name for name, rows in after.items() if len(rows) != len(earlier[name])}
            # What is new says that the trial succeeded, and that this was told.
            assert grown <= {"log_entries", "log_salts", "partner_moves", "contacts"}
            text = str(after)
            assert LEGAL_BASIS not in text
            assert not any(scenario in text for scenario in SCENARIOS)
        assert names_in(tmp_path) <= {
            f"{town.code}.sqlite{end}"
            for town in (one, other)
            for end in ("", "-wal", "-shm", "-turn")
        }


def _dump(town: Town) -> list[str]:
    path = str(town.store._engine.url.database)
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            return [
                repr(row)
                for name in sa.inspect(engine).get_table_names()
                for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')  # noqa: S608 - names of the schema
            ]
    finally:
        engine.dispose()


@played
async def test_a_trial_is_refused_until_both_have_approved(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await stand(one, other, here=APPROVED, there=Flags())
        await stand(other, one, here=Flags(), there=APPROVED)
        error = await raised(tried(one, other.code))
        assert error.reason == MOVE_REFUSED
        assert error.fields["moves"] == "exchange, end"


@pytest.mark.parametrize(
    ("here", "there"),
    [(Flags(), Flags()), (APPROVED, Flags()), (Flags(), APPROVED)],
    ids=["exchanged", "approved here", "approved there"],
)
@played
async def test_a_partner_that_is_not_approved_by_both_gets_no_room(
    new_sqlite: NewStore, here: Flags, there: Flags
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await swapped(one, other)
        await stand(other, one, here=here, there=there)
        envelope = drawn_up(one, other)
        trial = other.cases.trial
        assert (await raised(trial.prepare(one.code, TRIAL_ID, envelope))).reason == NOT_A_PARTNER
        assert (await raised(trial.attest(one.code, TRIAL_ID, envelope))).reason == NOT_A_PARTNER
        assert (await raised(trial.withdraw(one.code, TRIAL_ID))).reason == NOT_A_PARTNER


@played
async def test_a_room_is_shut_to_a_partner_that_was_suspended_meanwhile(
    new_sqlite: NewStore,
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        given = await prepared(one, other)
        await stand(other, one, here=replace(APPROVED, suspended=True), there=APPROVED)
        question = asked(one, other, given.agreement, given.codes.good)
        error = await raised(other.cases.trial.attest(one.code, TRIAL_ID, question))
        assert error.reason == NOT_A_PARTNER


@played
async def test_a_trial_of_another_partner_is_unknown(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite, "410100", "330100", "320500") as cities:
        one, other, third = cities["410100"], cities["330100"], cities["320500"]
        given = await prepared(one, other)
        question = asked(third, other, given.agreement, given.codes.good)
        trial = other.cases.trial
        for path in (
            trial.attest(third.code, TRIAL_ID, question),
            trial.withdraw(third.code, TRIAL_ID),
            trial.run(third.code, TRIAL_ID, given.codes, passed=True),
        ):
            assert (await raised(path)).reason == TRIAL_UNKNOWN
        # In a room of its own the code of another partner's opens nothing.
        await swapped(third, other)
        own = await trial.prepare(third.code, TRIAL_ID, drawn_up(third, other))
        question = asked(third, other, own.agreement, given.codes.good)
        error = await raised(trial.attest(third.code, TRIAL_ID, question))
        assert error.reason == NOT_RECOGNISED


@played
async def test_a_real_code_opens_nothing_in_a_trial(new_sqlite: NewStore) -> None:
    async with world(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        resident = await other.resident(500)
        consent = await other.consent(resident, one.code)
        code = await other.show_code(resident, consent)
        given = await prepared(one, other)
        question = asked(one, other, given.agreement, code)
        error = await raised(other.cases.trial.attest(one.code, TRIAL_ID, question))
        assert error.reason == NOT_RECOGNISED
        # And it was not used up by that.
        assert (await one.check(code)).visitor is not None
        await other.cases.rooms.close()


@played
async def test_a_trial_code_and_a_trial_agreement_open_nothing_on_the_real_path(
    new_sqlite: NewStore,
) -> None:
    async with world(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        given = await prepared(one, other)
        assert (await one.check(given.codes.good)).visitor is None
        question = asked(one, other, given.agreement, given.codes.good)
        error = await raised(other.cases.attesting.attest(question, one.code))
        assert error.reason == AGREEMENT_MISMATCH
        error = await raised(other.cases.agreements.receive_proposal(one.code, given.agreement))
        assert error.reason == WRONG_TYPE
        await other.cases.rooms.close()


LIES: dict[str, Callable[[Agreement], Agreement]] = {
    "longer": lambda a: replace(a, valid_until=a.valid_until + timedelta(days=1)),
    "from earlier": lambda a: replace(a, valid_from=a.valid_from - timedelta(days=1)),
    "statement lives longer": lambda a: replace(
        a, header=replace(a.header, expires_at=a.header.expires_at + timedelta(days=1))
    ),
    "other legal basis": lambda a: replace(a, legal_basis="a law"),
    "no assessment of a trial": lambda a: replace(a, privacy_assessment="PIA-1"),
    "real scenarios": lambda a: replace(a, scenarios=("library.deposit_free",)),
    "shows the score": lambda a: replace(a, disclosure_limit=Disclosure.SCORE),
    "commendations": lambda a: replace(a, commendations=("red-list.a",)),
    "lives longer": lambda a: replace(a, attestation_lifetime=timedelta(days=30)),
    "another id": lambda a: replace(a, agreement_id=TRIAL_ID),
    "another version": lambda a: replace(a, version=2),
    "one band less": lambda a: replace(
        a, mappings=(replace(a.mappings[0], rows=a.mappings[0].rows[:1]), a.mappings[1])
    ),
    "other scales": lambda a: replace(
        a, scales=(replace(a.scales[0], digest=bytes(32)), a.scales[1])
    ),
}


@pytest.mark.parametrize("lie", LIES)
@played
async def test_an_agreement_that_says_more_than_a_trial_is_not_signed(
    new_sqlite: NewStore, lie: str
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await swapped(one, other)
        envelope = drawn_up(one, other, LIES[lie])
        assert envelope != drawn_up(one, other)
        error = await raised(other.cases.trial.prepare(one.code, TRIAL_ID, envelope))
        assert error.reason == AGREEMENT_MISMATCH


@played
async def test_an_agreement_of_other_parties_is_not_signed(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite, "410100", "330100", "320500") as cities:
        one, other, third = cities["410100"], cities["330100"], cities["320500"]
        await swapped(one, other)
        for envelope in (drawn_up(one, third), drawn_up(third, other)):
            await raised(other.cases.trial.prepare(one.code, TRIAL_ID, envelope))
        assert not other.cases.rooms.cities


@played
async def test_a_plain_agreement_and_an_old_one_are_not_signed(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await swapped(one, other)
        envelope = drawn_up(one, other)
        agreement = open_own(envelope, codec.TRIAL_AGREEMENT).message
        plain = seal(codec.AGREEMENT, agreement, [one.keys])
        trial = other.cases.trial
        assert (await raised(trial.prepare(one.code, TRIAL_ID, plain))).reason == WRONG_TYPE
        cities.clock.forward(timedelta(minutes=2))
        assert (await raised(trial.prepare(one.code, TRIAL_ID, envelope))).reason == STALE


@played
async def test_an_active_partner_can_be_tried_again(new_sqlite: NewStore) -> None:
    async with world(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        found = await tried(one, other.code)
        assert not problems((*found.as_host, *found.as_home))
        assert found.partner.state is PartnerState.ACTIVE
        for town in (one, other):
            await town.cases.rooms.close()
            await town.cases.refreshing.close()
