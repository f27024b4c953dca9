"""Rooms of trials: one with each partner, for minutes, and gone with a crash."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from federation.envelope import Envelope
from federation.errors import (
    HutongError,
)
from federation.identifiers import CityCode
from node.errors import (
    NOTHING_IN_FORCE,
    OVERLOADED,
    PARTNER_SCALE_MISSING,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    TRIAL_RUNNING,
    TRIAL_UNKNOWN,
)
from node.limits import TRIAL_IDLE, TRIAL_ROOM_LIFETIME, TRIAL_ROOMS
from node.registry import PartnerState
from node.trials import TrialCodes, TrialKind, TrialProblem, TrialStep
from tests.conftest import NewStore
from tests.node.services.trying import (
    TRIAL_ID,
    approved,
    asked,
    played,
    prepared,
    problems,
    raised,
    state,
    tried,
)
from tests.node.services.world import Town

Steps = tuple[TrialStep, ...]


@played
async def test_a_partner_that_dies_in_the_middle_fails_its_step_and_the_next_trial_succeeds(
    new_sqlite: NewStore,
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        trial: Any = other.cases.trial
        honest = trial.attest
        seen = list[str]()

        async def attest(city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
            seen.append(trial_id)
            if len(seen) > 1:
                cities.network.down.add(other.code)
                await other.cases.rooms.close()
            answer: bytes = await honest(city, trial_id, envelope)
            return answer

        trial.attest = attest
        found = await tried(one, other.code)
        assert problems(found.as_host) == {
            TrialKind.REFUSAL: TrialProblem.UNREACHABLE,
            TrialKind.REPLAY: TrialProblem.NOT_TRIED,
            TrialKind.WITHDRAWAL: TrialProblem.NOT_TRIED,
        }
        assert set(problems(found.as_home).values()) == {TrialProblem.NOT_TRIED}
        assert (await raised(tried(one, other.code))).reason == PEER_UNREACHABLE
        cities.network.down.clear()
        trial.attest = honest
        assert (await tried(one, other.code)).partner.state is PartnerState.ACTIVE


@played
async def test_a_trial_whose_last_answer_is_lost_is_simply_run_again(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        trial: Any = other.cases.trial
        honest = trial.run

        async def run(city: CityCode, trial_id: str, codes: TrialCodes, *, passed: bool) -> Steps:
            await honest(city, trial_id, codes, passed=passed)
            raise HutongError(PEER_UNREACHABLE, city=other.code, address="", problem="lost")

        trial.run = run
        found = await tried(one, other.code)
        assert set(problems(found.as_home).values()) == {TrialProblem.UNREACHABLE}
        assert state(one, other) is PartnerState.APPROVED
        trial.run = honest
        assert (await tried(one, other.code)).partner.state is PartnerState.ACTIVE


@played
async def test_a_repeated_run_gets_the_same_steps(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        trial: Any = other.cases.trial
        honest = trial.run
        said = list[Steps]()

        async def run(city: CityCode, trial_id: str, codes: TrialCodes, *, passed: bool) -> Steps:
            said.extend(
                await asyncio.gather(
                    honest(city, trial_id, codes, passed=passed),
                    honest(city, trial_id, codes, passed=passed),
                )
            )
            said.append(await honest(city, trial_id, codes, passed=passed))
            return said[0]

        trial.run = run
        await tried(one, other.code)
        assert said[0] == said[1] == said[2]
        moves = await other.store.read(lambda tx: tx.partnerships.moves(one.code))
        assert [move.move for move in moves].count("test") == 1


@played
async def test_a_partner_cannot_run_our_own_trial(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        seen = list[HutongError]()
        trial: Any = other.cases.trial
        honest = trial.run

        async def run(city: CityCode, trial_id: str, codes: TrialCodes, *, passed: bool) -> Steps:
            path = one.cases.trial.run(other.code, trial_id, codes, passed=True)
            seen.append(await raised(path))
            steps: Steps = await honest(city, trial_id, codes, passed=passed)
            return steps

        trial.run = run
        await tried(one, other.code)
        assert [error.reason for error in seen] == [TRIAL_UNKNOWN]


@played
async def test_a_second_trial_with_the_same_partner_waits_for_the_first(
    new_sqlite: NewStore,
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        first, second = await asyncio.gather(
            tried(one, other.code), tried(one, other.code), return_exceptions=True
        )
        refused = [e for e in (first, second) if isinstance(e, HutongError)]
        assert [error.reason for error in refused] == [TRIAL_RUNNING]
        assert state(one, other) is PartnerState.ACTIVE


@played
async def test_two_cities_that_begin_at_once_are_told_to_try_again(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        found = await asyncio.gather(
            tried(one, other.code), tried(other, one.code), return_exceptions=True
        )
        told = [e for e in found if isinstance(e, HutongError)]
        for error in told:
            said = error.fields.get("peer_reason", error.reason.name)
            assert said == TRIAL_RUNNING.name
        assert (await tried(one, other.code)).partner.state is PartnerState.ACTIVE


@played
async def test_a_trial_that_a_partner_left_holds_up_ours_for_seconds_only(
    new_sqlite: NewStore,
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await prepared(one, other)
        assert (await raised(tried(other, one.code))).reason == TRIAL_RUNNING
        # Its own is begun anew at once.
        await prepared(one, other)
        cities.clock.forward(TRIAL_IDLE)
        assert (await tried(other, one.code)).partner.state is PartnerState.ACTIVE


@played
async def test_a_room_ends_with_its_time(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        given = await prepared(one, other)
        trial, rooms = other.cases.trial, other.cases.rooms
        await rooms.tick()
        assert rooms.cities == {one.code}
        cities.clock.forward(TRIAL_ROOM_LIFETIME)
        question = asked(one, other, given.agreement, given.codes.good)
        error = await raised(trial.attest(one.code, TRIAL_ID, question))
        assert error.reason == TRIAL_UNKNOWN
        await rooms.tick()
        assert not rooms.cities


@played
async def test_a_room_whose_trial_is_over_is_closed_soon(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        await tried(one, other.code)
        assert not one.cases.rooms.cities
        cities.clock.forward(TRIAL_IDLE)
        await other.cases.rooms.tick()
        assert not other.cases.rooms.cities


@played
async def test_many_rooms_are_refused(
    new_sqlite: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.services.trial_rooms.TRIAL_ROOMS", 1)
    assert TRIAL_ROOMS > 1
    async with approved(new_sqlite, "410100", "330100", "320500") as cities:
        one, other, third = cities["410100"], cities["330100"], cities["320500"]
        await prepared(one, other)
        error = await raised(tried(third, other.code))
        assert (error.reason, error.fields["peer_reason"]) == (PEER_REFUSED, OVERLOADED.name)
        await prepared(one, other)


@played
async def test_a_city_without_a_scale_is_told_what_to_load(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        engine = sa.create_engine(f"sqlite:///{tmp_path}/410100.sqlite")
        with engine.begin() as connection:
            for table in ("own_scales", "partner_scales"):
                connection.execute(sa.delete(sa.table(table)))
            connection.exec_driver_sql(
                "UPDATE node_state SET registry_version = registry_version + 1"
            )
        engine.dispose()
        await one.store.refresh()
        error = await raised(tried(one, other.code))
        assert error.reason == NOTHING_IN_FORCE
        assert error.fields["command"] == "hutong scale load FILE"
        error = await raised(tried(other, one.code))
        assert error.reason in (PARTNER_SCALE_MISSING, PEER_REFUSED)


@played
async def test_a_partner_that_hangs_is_too_slow_and_nothing_more_is_tried(
    new_sqlite: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.services.trial_visit.TRIAL_RUN", timedelta(milliseconds=50))
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        hanging(other)
        found = await tried(one, other.code)
        assert problems(found.as_host) == {
            TrialKind.GRANT: TrialProblem.TOO_SLOW,
            TrialKind.REFUSAL: TrialProblem.NOT_TRIED,
            TrialKind.REPLAY: TrialProblem.NOT_TRIED,
            TrialKind.WITHDRAWAL: TrialProblem.NOT_TRIED,
        }
        assert set(problems(found.as_home).values()) == {TrialProblem.NOT_TRIED}


@played
async def test_a_run_whose_trial_is_begun_anew_ends(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        came = hanging(one)
        trial = asyncio.create_task(tried(one, other.code))
        await came.wait()
        # As a city does that died meanwhile, and came back.
        await prepared(one, other)
        found = await trial
        assert not problems(found.as_host)
        assert set(problems(found.as_home).values()) == {TrialProblem.UNREACHABLE}
        assert other.cases.rooms.cities == {one.code}


def hanging(town: Town) -> asyncio.Event:
    """Let a town be silent about each question of a trial; set once one came."""
    trial: Any = town.cases.trial
    came = asyncio.Event()

    async def attest(_city: CityCode, _trial_id: str, _envelope: Envelope) -> bytes:
        came.set()
        await asyncio.Event().wait()
        return b""

    trial.attest = attest
    return came
