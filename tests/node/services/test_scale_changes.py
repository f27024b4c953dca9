"""A scale that changes under an agreement, and how the agreement is read."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import data
from node.errors import DECISION_ENDED
from node.registry import AgreementState as S
from node.services.agreement_moves import Condition
from node.services.checking import RecognitionOutcome
from node.services.terms import needs_mapping
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    TEXT,
    amend,
    both,
    condition,
    newest,
    one_agreement,
    outcome,
    propose,
    refused,
    run,
    sign,
    states,
    traveller,
)
from tests.node.services.world import VENUE, Town, world

RECOGNISED, NOT_RECOGNISED, NONE = (
    RecognitionOutcome.RECOGNISED,
    RecognitionOutcome.NOT_RECOGNISED,
    RecognitionOutcome.NO_AGREEMENT,
)


async def load_scale(town: Town, change: Callable[[str], str]) -> None:
    """The shipped scale, as `change` makes it."""
    pinyin = data.city(town.code).pinyin
    text = change(data.path(f"{pinyin}/scale.toml").read_text("utf-8")).encode()
    desk = town.cases.catalogue
    await town.store.run(lambda tx: desk.load_scale(tx, "scale.toml", text))


def stricter(text: str) -> str:
    """Zhengzhou's scale with 130 points where it had 120."""
    return text.replace("value = 120", "value = 130")


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "not-heard"])
@pytest.mark.parametrize("changed", [HOME, HOST])
def test_nobody_is_recognised_between_a_change_of_a_scale_and_the_amendment(
    new_sqlite: NewStore, changed: str, *, heard: bool
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            there, back = await traveller(one, other), await traveller(other, one, 0)
            assert await outcome(there) is RECOGNISED
            town = cities[changed]
            change = stricter if changed == HOME else lambda t: t.replace("= 700", "= 690")
            await load_scale(town, change)
            if heard:
                partner = other if town is one else one
                await town.cases.swapping.swap(partner.code)
                for reader, there_ in ((one, other), (other, one)):
                    view = reader.cases.agreements.view(newest(reader, there_))
                    assert view.condition is Condition.NEEDS_MAPPING
                    assert view.needs_mapping == (changed,)
                    party = next(p for p in view.parties if p.city == changed)
                    assert (party.scale.version, party.newest_scale) == (1, 2)
            for way in (there, back):
                checked = await way()
                assert checked.outcome is NONE
                # What is open to all stays open.
                assert all(v.eligible for _, i, v in checked.decisions if i.minimum_band is None)

    run(path, new_sqlite)


def test_a_visitor_of_before_a_change_is_not_read_by_the_old_table(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            checked = await (await traveller(one, other))()
            opened = next(d for d, i, v in checked.decisions if v.eligible and i.minimum_band)
            await load_scale(one, stricter)
            await one.cases.swapping.swap(other.code)
            again = await other.check(checked.visitor_pass, is_pass=True)
            assert again.outcome is NONE
            redeeming = other.cases.redeeming
            await refused(
                DECISION_ENDED,
                other.store.run(lambda tx: redeeming.redeem(tx, VENUE, opened)),
            )

    run(path, new_sqlite)


def test_after_the_amendment_residents_are_read_by_the_new_table_only(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            low, high = await traveller(one, other, 25), await traveller(one, other, 35)
            assert await outcome(low) is RECOGNISED
            await load_scale(one, stricter)
            # The old table is no agreement on the new scale, and the new one is signed by both.
            await amend(other, one, 1, text=generous(TEXT))
            assert await outcome(high) is NONE
            await sign(one, other, 2)
            assert condition(one, other) is Condition.ACTIVE
            assert await outcome(low) is NOT_RECOGNISED
            checked = await high()
            assert checked.visitor is not None
            assert checked.visitor.band_id == "outstanding"
            assert checked.visitor.agreement_version == 2

    run(path, new_sqlite)


def generous(text: str) -> str:
    """Whoever is excellent in Zhengzhou counts as outstanding in Hangzhou."""
    head, one, two = text.partition('home = "410100"')
    table, rest = two[: two.index("]\n")], two[two.index("]\n") :]
    old = '{ home = "excellent", host = "excellent" }'
    assert old in table
    return head + one + table.replace(old, '{ home = "excellent", host = "outstanding" }') + rest


def test_a_scale_that_changed_while_the_proposal_waited_is_not_signed_for(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await amend(one, other, 1)
            await load_scale(one, stricter)
            with pytest.raises(HutongError) as caught:
                await sign(other, one, 2)
            assert f"scale of {HOME}" in caught.value.text("en")
            assert states(other) == {1: S.ACTIVE, 2: S.PROPOSED_THERE}
            await amend(one, other, 2)
            await sign(other, one, 3)
            one_agreement(one, other, 3)

    run(path, new_sqlite)


def test_a_scale_that_is_not_known_says_nothing(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            registry, stored = one.store.registry, newest(one, other)
            assert needs_mapping(registry, stored, one.code) == ()
            blank = replace(registry, own_scales=(), partner_scales=())
            assert needs_mapping(blank, stored, one.code) == ()

    run(path, new_sqlite)


def test_the_view_names_bands_marks_the_line_and_shows_who_is_a_newcomer(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other = both(cities)
            # Only the outstanding of Zhengzhou are recognised in Hangzhou.
            head, first, second = TEXT.split("[[mappings]]")
            low, high = (second, first) if 'home = "410100"' in first else (first, second)
            high = high.replace('{ home = "excellent", host = "excellent" },', "")
            high = high.replace('line = "excellent"', 'line = "outstanding"')
            await propose(one, other, text=f"{head}[[mappings]]{low}[[mappings]]{high}")
            view = other.cases.agreements.view(newest(other, one))
            assert [p.name_zh for p in view.parties] == ["杭州", "郑州"]
            table = next(t for t in view.tables if t.home == HOME)
            assert [
                (r.home.name_zh, r.host.name_en if r.host else "", r.is_line)
                for r in table.readings
            ] == [("优秀", "", False), ("极好", "outstanding", True)]
            assert [move.value for move in view.moves] == ["sign", "amend"]

    run(path, new_sqlite)


def test_a_version_whose_scale_is_not_kept_is_shown_by_its_ids(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            stored = newest(one, other)
            parties = stored.agreement.scales
            unknown = tuple(replace(scale, digest=bytes(32)) for scale in parties)
            agreement = replace(stored.agreement, scales=(unknown[0], unknown[1]))
            view = one.cases.agreements.view(replace(stored, agreement=agreement))
            first = view.tables[0].readings[0]
            assert (first.home.band_id, first.home.name_zh) == ("excellent", "")
            assert first.host is not None
            assert view.needs_mapping == (CityCode(HOST), CityCode(HOME))

    run(path, new_sqlite)
