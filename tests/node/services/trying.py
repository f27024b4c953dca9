"""Two cities on the way to a trial, and what one of them may ask of the other by hand."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, ParamSpec

import pytest

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    HutongError,
)
from federation.identifiers import CityCode, parse_code
from federation.messages import Agreement, AttestationRequest, Disclosure, Flags
from node.limits import TRIAL_LIFETIME
from node.registry import PartnerState
from node.services.trial import Tried
from node.services.trial_terms import SCENARIOS, trial_agreement
from node.trials import PreparedTrial, TrialKind, TrialProblem
from tests.conftest import NewStore
from tests.node.services.world import OPERATOR, Town, World, world

P = ParamSpec("P")

APPROVED = Flags(approved=True)
ZHENGZHOU, HANGZHOU, SUZHOU = CityCode("410100"), CityCode("330100"), CityCode("320500")
TRIAL_ID = "0192f0c1-2b3c-7def-8123-456789abcdef"


def played(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that is a coroutine, as pytest runs tests."""

    @functools.wraps(test)
    def play(*args: P.args, **named: P.kwargs) -> None:
        asyncio.run(test(*args, **named))

    return play


@contextlib.asynccontextmanager
async def approved(new_store: NewStore, *codes: str) -> AsyncIterator[World]:
    """Cities that approved each other, and no more."""
    async with world(new_store, *codes, agreed=False) as cities:
        for town in cities.towns.values():
            for other in cities.towns.values():
                if other is not town:
                    await stand(town, other, here=APPROVED, there=APPROVED)
        yield cities
        for town in cities.towns.values():
            await town.cases.refreshing.close()
            await town.cases.rooms.close()


async def stand(town: Town, other: Town, *, here: Flags, there: Flags) -> None:
    """How a town and another one stand to each other, as the town knows it."""
    partner = replace(town.store.registry.partners[other.code], here=here, there=there)
    await town.store.run(lambda tx: tx.administration.put_partner(partner))


async def swapped(one: Town, other: Town) -> None:
    await one.cases.swapping.swap(other.code)


async def tried(town: Town, city: CityCode) -> Tried:
    return await town.cases.trial.test(city, OPERATOR)


def state(town: Town, other: Town) -> PartnerState:
    return town.store.registry.partners[other.code].state


def problems(steps: tuple[Any, ...]) -> dict[TrialKind, TrialProblem]:
    return {step.kind: step.problem for step in steps if step.problem is not None}


async def raised(path: Awaitable[object]) -> HutongError:
    with pytest.raises(HutongError) as told:
        await path
    return told.value


def drawn_up(
    caller: Town, callee: Town, change: Callable[[Agreement], Agreement] = lambda a: a
) -> Envelope:
    """A trial agreement as the caller signs it."""
    now = caller.clock.now()
    parties = tuple(sorted((caller.code, callee.code)))
    header = caller.cases.here.header(parties, now, TRIAL_LIFETIME)
    scales = {}
    for town in (caller, callee):
        own = town.store.registry.own_scale()
        assert own is not None
        scales[town.code] = own.exported
    agreement = change(trial_agreement(header, TRIAL_ID, scales))
    return seal(codec.TRIAL_AGREEMENT, agreement, [caller.keys])


async def prepared(caller: Town, callee: Town) -> PreparedTrial:
    """A room of the callee, which the caller had it open."""
    await swapped(caller, callee)
    agreement = drawn_up(caller, callee)
    return await callee.cases.trial.prepare(caller.code, TRIAL_ID, agreement)


def asked(host: Town, home: Town, agreement: Envelope, code: str) -> Envelope:
    """A host's question in a trial."""
    terms = codec.TRIAL_AGREEMENT.decode(agreement.payload)
    now = host.clock.now()
    question = AttestationRequest(
        header=host.cases.here.header((home.code,), now, timedelta(seconds=60)),
        agreement_id=terms.agreement_id,
        agreement_version=1,
        presentation_code=parse_code(code, where="code")[1],
        pseudonym=None,
        scenarios=SCENARIOS,
        disclosure=Disclosure.BAND,
    )
    return seal(codec.ATTESTATION_REQUEST, question, [host.keys])
