"""Partners made at once are those that the whole way makes."""

import dataclasses
from datetime import datetime, timedelta

import pytest

from federation.identifiers import CityCode
from federation.messages import Agreement
from node.registry import Partner, PartnerState, Registry, StoredAgreement
from node.services.answering import Ask
from scripts import towns
from scripts.simulation.city import SimCity
from scripts.simulation.facts import facts_of
from scripts.simulation.history import History
from scripts.simulation.mesh import APPROVAL, FIRST, SECOND, load_rules, mesh
from scripts.simulation.rows import Move
from scripts.simulation.run import people
from scripts.simulation.world import SimWorld, simulate

pytestmark = pytest.mark.all

_SETTLES = 10.0


async def the_whole_way(world: SimWorld) -> None:
    """Descriptors, two officers, the trial's end, swaps, agreements: one pair after the other."""
    cities = list(world.cities.values())
    for city in cities:
        await load_rules(city)
    pairs = [(one, other) for one in cities for other in cities if one is not other]
    for one, other in pairs:
        await approve(one, other)
    for one, other in pairs:
        await one.up.swapping.swap(other.code)
    for one, other in pairs:
        await has_tested(one, other)
    for one, other in pairs:
        await one.up.swapping.swap(other.code)
    for one, other in pairs:
        if one.code < other.code:
            await agree(one, other)
    for one, other in pairs:
        await one.up.swapping.swap(other.code)
    await world.sleep(_SETTLES)


async def approve(one: SimCity, other: SimCity) -> None:
    desk, told = one.up.partners, other.up.partners.descriptor()
    await one.store.run(lambda tx: desk.add(tx, told.json.encode(), told.fingerprint, FIRST))
    await one.store.run(lambda tx: desk.approve(tx, other.code, SECOND, APPROVAL))


async def has_tested(one: SimCity, other: SimCity) -> None:
    await one.store.run(lambda tx: one.up.partners.tested(tx, other.code, SECOND))


async def agree(one: SimCity, other: SimCity) -> None:
    def ask(city: SimCity) -> Ask:
        return Ask(SECOND, city.here.new_id(city.clock.now()), b"".ljust(32))

    text = towns.agreement(one.town, other.town).encode()
    key = await one.up.agreements.propose(
        ask(one), other.code, "agreement.toml", text, lambda s: " ".join(map(str, s.key)).encode()
    )
    agreement_id, version = key.decode().split(" ")
    await other.up.agreements.sign(ask(other), (agreement_id, int(version)), lambda _: b"")


def same_registry(registry: Registry) -> object:
    """A registry without times and without the ids and sequences that follow from them."""
    return (
        [(own.scale, timeless(own.exported), own.content) for own in registry.own_scales],
        {city: same_partner(partner) for city, partner in registry.partners.items()},
        sorted(
            (s.reference.city, s.reference.scale_id, timeless(s.exported))
            for s in registry.partner_scales
        ),
        sorted((same_agreement(stored) for stored in registry.agreements), key=str),
        registry.catalogue,
        registry.indicators,
    )


def timeless(message: object) -> str:
    """A statement's fields but its header and what is counted from it."""
    assert dataclasses.is_dataclass(message)
    left = {
        field.name: getattr(message, field.name)
        for field in dataclasses.fields(message)
        if field.name not in ("header", "scales", "valid_from", "valid_until")
    }
    return str(sorted(left.items()))


def same_partner(partner: Partner) -> object:
    # Everything that each says has been heard by the other.
    assert partner.told == partner.sequence
    assert partner.there_sequence > 0
    return dataclasses.replace(
        partner,
        added_at=datetime.min,  # noqa: DTZ901 - no time at all
        sequence=1,
        there_sequence=1,
        told=1,
    )


def same_agreement(stored: StoredAgreement) -> object:
    agreement: Agreement = stored.agreement
    lasts = agreement.valid_until - agreement.valid_from
    signers = [signature.key_id for signature in stored.envelope.signatures]
    marks = (stored.state, stored.suspended, stored.ends_here, stored.ends_there)
    return timeless(agreement), lasts, agreement.header.issuer, signers, marks


@pytest.mark.parametrize("count", [3, 7])
def test_a_mesh_is_what_the_whole_way_leaves(count: int) -> None:
    # With seven there are made cities, of which two have one image.
    made = towns.towns(count)
    some = made if count == len(made[:3]) else (made[0], made[5], made[6])

    async def slowly(world: SimWorld) -> dict[CityCode, object]:
        await the_whole_way(world)
        return seen(world)

    async def at_once(world: SimWorld) -> dict[CityCode, object]:
        assert await mesh(tuple(world.cities.values()), world.now) == len(some)
        await world.sleep(_SETTLES)
        return seen(world)

    def seen(world: SimWorld) -> dict[CityCode, object]:
        assert world.faults == []
        return {
            code: (
                same_registry(city.store.registry),
                sorted((m.city, m.actor, m.move) for m in own_moves(city)),
            )
            for code, city in world.cities.items()
        }

    def own_moves(city: SimCity) -> list[Move]:
        return [move for move in facts_of(city).moves if move.actor in (FIRST, SECOND)]

    assert simulate(slowly, 1, some) == simulate(at_once, 1, some)


def test_a_resident_visits_a_partner_of_a_mesh() -> None:
    async def main(world: SimWorld) -> None:
        await mesh(tuple(world.cities.values()), world.now)
        history = History()
        [life, *_] = people(world, history, 1)
        await life.begin()
        for code in world.cities:
            checked = await life.check(code, "library")
            assert checked is not None
            assert checked.recognised_band, code
        assert history.faults == []

    simulate(main, 1, 5)


def test_cities_of_a_degree_have_as_many_partners() -> None:
    async def main(world: SimWorld) -> None:
        cities = tuple(world.cities.values())
        pairs = await mesh(cities, world.now, degree=4, chance=world.random("mesh"))
        assert pairs == len(cities) * 4 // 2
        for city in cities:
            partners = city.store.registry.partners.values()
            assert [p.state for p in partners] == [PartnerState.ACTIVE] * 4

    simulate(main, 1, 9)


def test_a_mesh_has_nothing_left_to_tell() -> None:
    async def main(world: SimWorld) -> None:
        await mesh(tuple(world.cities.values()), world.now)
        before = {code: city.store.registry for code, city in world.cities.items()}
        await world.sleep(timedelta(minutes=2).total_seconds())
        for code, city in world.cities.items():
            assert city.store.registry == before[code]
            for other in before:
                if other != code:
                    await city.up.swapping.swap(other)
            assert city.store.registry == before[code]

    simulate(main, 1, 4)


@pytest.mark.parametrize("degree", [1, 3])
def test_an_odd_degree_is_refused(degree: int) -> None:
    async def main(world: SimWorld) -> None:
        with pytest.raises(ValueError, match="even degree"):
            await mesh(tuple(world.cities.values()), world.now, degree=degree)

    simulate(main, 1, 6)
