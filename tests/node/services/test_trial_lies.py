"""Partners that lie in a trial: their step fails, and nobody is through."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    NOT_RECOGNISED,
    HutongError,
)
from federation.identifiers import CityCode
from node.registry import PartnerState
from node.services.trial import Tried
from node.trials import TRIAL_KINDS, PreparedTrial, TrialCodes, TrialKind, TrialProblem, TrialStep
from tests.conftest import NewStore
from tests.node.services.forging import retold
from tests.node.services.trying import (
    TRIAL_ID,
    approved,
    played,
    problems,
    raised,
    state,
    tried,
)
from tests.node.services.world import Town, World


async def lied_to(new_store: NewStore, lie: Callable[[World], None]) -> tuple[World, Tried]:
    """Zhengzhou tries Hangzhou, which lies."""
    async with approved(new_store) as cities:
        lie(cities)
        found = await tried(cities["410100"], CityCode("330100"))
        # Whatever was said, nobody is through.
        assert state(cities["410100"], cities["330100"]) is PartnerState.APPROVED
        assert state(cities["330100"], cities["410100"]) is PartnerState.APPROVED
        return cities, found


Attest = Callable[[CityCode, str, Envelope], Awaitable[bytes]]


def attesting(cities: World, make: Callable[[Attest], Attest]) -> None:
    """Let Hangzhou answer questions of a trial as `make` makes it."""
    trial: Any = cities["330100"].cases.trial
    trial.attest = make(trial.attest)


@played
async def test_a_partner_that_recognises_everybody_fails_the_refusal(
    new_sqlite: NewStore,
) -> None:
    def lie(cities: World) -> None:
        liar = cities["330100"]
        first = list[bytes]()

        def make(honest: Attest) -> Attest:
            async def attest(city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
                try:
                    answer = await honest(city, trial_id, envelope)
                except HutongError:
                    return codec.envelope_to_bytes(_retell(liar, first[0], envelope))
                first.append(answer)
                return answer

            return attest

        attesting(cities, make)

    _, found = await lied_to(new_sqlite, lie)
    assert problems(found.as_host) == {
        TrialKind.REFUSAL: TrialProblem.GRANTED,
        TrialKind.REPLAY: TrialProblem.GRANTED,
        TrialKind.WITHDRAWAL: TrialProblem.GRANTED,
    }
    assert not problems(found.as_home)


def _retell(liar: Town, answer: bytes, question: Envelope) -> Envelope:
    """An earlier attestation, as if it answered this question."""
    message = codec.ATTESTATION_REQUEST.decode(question.payload)
    said = codec.ATTESTATION.decode(codec.envelope_from_bytes(answer).payload)
    told = replace(
        said,
        request_id=message.header.statement_id,
        request_digest=hashlib.sha256(question.payload).digest(),
        pseudonym=message.pseudonym or bytes(32),
        scenarios=message.scenarios,
    )
    return seal(codec.ATTESTATION, told, [liar.keys])


@played
async def test_a_partner_that_goes_on_after_the_withdrawal_fails_it(new_sqlite: NewStore) -> None:
    def lie(cities: World) -> None:
        trial: Any = cities["330100"].cases.trial

        async def withdraw(_city: CityCode, _trial_id: str) -> None:
            """Do nothing."""

        trial.withdraw = withdraw

    _, found = await lied_to(new_sqlite, lie)
    assert problems(found.as_host) == {TrialKind.WITHDRAWAL: TrialProblem.GRANTED}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: replace(said, request_id=TRIAL_ID),
        lambda said: replace(said, request_digest=bytes(32)),
        lambda said: replace(said, agreement_id=TRIAL_ID),
        lambda said: replace(said, header=replace(said.header, audience=(CityCode("320500"),))),
    ],
    ids=["another request", "other bytes", "another agreement", "another city"],
)
@played
async def test_an_attestation_for_something_else_fails_the_grant(
    new_sqlite: NewStore, change: Callable[[Any], Any]
) -> None:
    def lie(cities: World) -> None:
        tell = retold(cities["330100"].keys, change)

        def make(honest: Attest) -> Attest:
            async def attest(city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
                answer = await honest(city, trial_id, envelope)
                return codec.envelope_to_bytes(tell(codec.envelope_from_bytes(answer)))

            return attest

        attesting(cities, make)

    _, found = await lied_to(new_sqlite, lie)
    assert problems(found.as_host)[TrialKind.GRANT] is TrialProblem.UNBELIEVED


@played
async def test_a_partner_that_refuses_the_good_one_fails_the_grant(new_sqlite: NewStore) -> None:
    def lie(cities: World) -> None:
        def make(_honest: Attest) -> Attest:
            async def attest(_city: CityCode, _trial_id: str, _envelope: Envelope) -> bytes:
                raise HutongError(NOT_RECOGNISED)

            return attest

        attesting(cities, make)

    _, found = await lied_to(new_sqlite, lie)
    assert problems(found.as_host) == {
        TrialKind.GRANT: TrialProblem.REFUSED,
        TrialKind.REPLAY: TrialProblem.NOT_TRIED,
        TrialKind.WITHDRAWAL: TrialProblem.NOT_TRIED,
    }


@played
async def test_a_repeated_question_with_another_answer_fails_the_replay(
    new_sqlite: NewStore,
) -> None:
    def lie(cities: World) -> None:
        liar = cities["330100"]

        def make(honest: Attest) -> Attest:
            async def attest(city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
                answer = codec.envelope_from_bytes(await honest(city, trial_id, envelope))
                said = codec.ATTESTATION.decode(answer.payload)
                header = replace(said.header, statement_id=liar.cases.here.new_id(said.as_of))
                again = seal(codec.ATTESTATION, replace(said, header=header), [liar.keys])
                return codec.envelope_to_bytes(again)

            return attest

        attesting(cities, make)

    _, found = await lied_to(new_sqlite, lie)
    assert problems(found.as_host) == {TrialKind.REPLAY: TrialProblem.ANOTHER_ANSWER}


@played
async def test_a_partner_whose_own_run_failed_does_not_take_our_word(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        trial: Any = one.cases.trial

        async def withdraw(_city: CityCode, _trial_id: str) -> None:
            """Do nothing."""

        trial.withdraw = withdraw
        found = await tried(one, other.code)
        assert not problems(found.as_host)
        assert problems(found.as_home) == {TrialKind.WITHDRAWAL: TrialProblem.GRANTED}
        assert state(one, other) is PartnerState.APPROVED
        assert state(other, one) is PartnerState.APPROVED


@played
async def test_a_partner_that_countersigns_something_else_is_refused(new_sqlite: NewStore) -> None:
    async with approved(new_sqlite) as cities:
        one, other = cities["410100"], cities["330100"]
        trial: Any = other.cases.trial
        honest = trial.prepare

        async def prepare(city: CityCode, trial_id: str, envelope: Envelope) -> PreparedTrial:
            given: PreparedTrial = await honest(city, trial_id, envelope)
            # Our own signature alone.
            return replace(given, agreement=envelope)

        trial.prepare = prepare
        error = await raised(tried(one, other.code))
        assert error.reason.name == "MISSING_SIGNATURE"
        assert state(one, other) is PartnerState.APPROVED
        assert not one.cases.rooms.cities


@pytest.mark.parametrize("steps", [(), TRIAL_KINDS[:3], (*TRIAL_KINDS, TrialKind.GRANT)])
@played
async def test_a_partner_that_tells_of_other_steps_is_not_believed(
    new_sqlite: NewStore, steps: tuple[TrialKind, ...]
) -> None:
    def lie(cities: World) -> None:
        trial: Any = cities["330100"].cases.trial

        async def run(
            _city: CityCode, _trial_id: str, _codes: TrialCodes, *, passed: bool
        ) -> tuple[TrialStep, ...]:
            assert passed
            return tuple(TrialStep(kind, None) for kind in steps)

        trial.run = run

    _, found = await lied_to(new_sqlite, lie)
    assert not problems(found.as_host)
    assert set(problems(found.as_home).values()) == {TrialProblem.UNBELIEVED}
