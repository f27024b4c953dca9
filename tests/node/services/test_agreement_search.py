"""Two cities do anything with their agreement, on a line that loses calls and answers.

Whatever they did: what is in force is signed by both, at most one version is, and after the line
is good again and both have swapped, both cities say the same.
"""

import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from federation.errors import HutongError
from federation.trust import signing_keys
from node.registry import AgreementState, StoredAgreement
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    OPERATOR,
    OTHER_TEXT,
    TEXT,
    amend,
    newest,
    propose,
    run,
    sign,
    withdraw,
)
from tests.node.services.world import Town, World, world

ACTOR = str(OPERATOR)
STEPS = 70


def moves(chance: random.Random, town: Town, other: Town) -> list[Callable[[], Awaitable[object]]]:
    """What the operator of a town may try now, whether or not it is possible."""
    key = newest(town, other).key if town.store.registry.agreements else ("", 1)
    version = max(1, key[1] - chance.randrange(2))
    life, now = town.cases.agreement_life, town.clock.now()
    text = chance.choice([TEXT, OTHER_TEXT])
    ends = now + timedelta(days=chance.randrange(25, 60))
    first: list[Callable[[], Awaitable[object]]] = [lambda: propose(town, other, text=text)]
    return first if not key[0] else [
        *first,
        # What makes versions is tried more often than the rest.
        *[lambda: amend(town, other, version, text=text)] * 3,
        lambda: sign(town, other, version),
        *[lambda: sign(town, other, key[1])] * 5,
        lambda: withdraw(town, other, version),
        lambda: town.store.run(lambda tx: life.suspend(tx, key[0], ACTOR, "a drill")),
        lambda: town.store.run(lambda tx: life.resume(tx, key[0], ACTOR, "over")),
        lambda: town.store.run(lambda tx: life.end(tx, key[0], ends, ACTOR, "over")),
        lambda: town.cases.agreements.refresh(other.code),
    ]  # fmt: skip


async def step(chance: random.Random, cities: World, one: Town, other: Town) -> None:
    network = cities.network
    network.cut, network.muted = set(), set()
    for name in ("propose", "countersign"):
        lost = chance.random()
        if lost < 0.2:
            network.cut.add(name)
        elif lost < 0.4:
            network.muted.add(name)
    network.loses_answers_of = {other.code} if chance.random() < 0.1 else set()
    act = chance.choice(moves(chance, one, other))
    with contextlib.suppress(HutongError):
        await act()
    cities.clock.forward(timedelta(hours=chance.randrange(48)))


def in_force(town: Town, other: Town) -> StoredAgreement | None:
    """The version that the town has in force, if any: one, with the signatures of both."""
    active = [s for s in town.store.registry.agreements if s.state is AgreementState.ACTIVE]
    assert len(active) <= 1
    for stored in active:
        signers = {s.key_id for s in stored.envelope.signatures}
        for party in (town, other):
            bundle = (
                other.store.registry.partners if party is town else town.store.registry.partners
            )
            ring = signing_keys(bundle[party.code].bundle)
            assert any(ring.find(key_id) for key_id in signers)
    return active[0] if active else None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_was_lost_both_cities_come_to_the_same_agreement(
    new_sqlite: NewStore, seed: int
) -> None:
    async def path(stores: NewStore) -> None:
        chance = random.Random(seed)  # noqa: S311 - it must repeat
        async with world(stores) as cities:
            pair = [cities[HOME], cities[HOST]]
            for _ in range(STEPS):
                chance.shuffle(pair)
                await step(chance, cities, *pair)
                for town, other in (pair, pair[::-1]):
                    in_force(town, other)
            cities.network.cut, cities.network.muted = set(), set()
            cities.network.loses_answers_of = set()
            one, other = pair
            await one.cases.agreements.refresh(other.code)
            await other.cases.agreements.refresh(one.code)
            await one.cases.swapping.swap(other.code)
            here, there = in_force(one, other), in_force(other, one)
            assert newest(one, other).key[1] > 1
            assert (here is None) == (there is None)
            if here and there:
                assert here.envelope.payload == there.envelope.payload
                assert (here.suspended_here, here.suspended_there) == (
                    there.suspended_there,
                    there.suspended_here,
                )
                assert here.valid_until == there.valid_until

    run(path, new_sqlite)
