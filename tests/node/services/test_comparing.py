"""Partners compare logs: a city that shows each of them another history is found by either."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from federation import codec
from federation.checkpoint import (
    Checkpoint,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
)
from federation.envelope import Envelope, seal
from federation.errors import BAD_NOTE, BAD_SIGNATURE, LOG_FORKED, UNKNOWN_KEY
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer
from federation.merkle_log import EMPTY_ROOT
from node import limits
from node.errors import PEER_UNREACHABLE
from node.registry import PartnerState
from tests.conftest import NewStore
from tests.node.services.simulated import MemoryKeys
from tests.node.services.trying import played, raised
from tests.node.services.witnesses import HZ, ZZ, bring, exchanged, forged, grow
from tests.node.services.world import OPERATOR, Town, World, world

NJ = "320100"
THREE = (ZZ, HZ, NJ)


def state(of: Town, city: Town) -> PartnerState:
    return of.store.registry.partners[city.code].state


async def known(town: Town, city: Town) -> int:
    found = await town.store.read(lambda tx: tx.checkpoints.of_partner(city.code))
    assert found is not None
    return found.size


async def is_found(made: World, shown: bytes) -> None:
    """Hangzhou has stopped with Zhengzhou, and holds what it showed to Nanjing; Nanjing is well."""
    hangzhou = made[HZ]
    [fork] = await hangzhou.store.read(lambda tx: tx.checkpoints.forks())
    assert (fork.city, fork.shown) == (made[ZZ].code, shown)
    assert state(hangzhou, made[ZZ]) is PartnerState.SUSPENDED
    assert state(hangzhou, made[NJ]) is PartnerState.ACTIVE


@played
async def test_a_log_shown_to_one_partner_and_another_to_the_other_is_found(
    new_store: NewStore,
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size)
        assert await bring(zhengzhou, nanjing, lie, 0)
        await hangzhou.cases.comparing.tick()
        await is_found(made, lie)


@pytest.mark.parametrize("later", [False, True])
@played
async def test_the_two_histories_need_not_be_of_one_size(new_store: NewStore, later: bool) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size + (3 if later else -1))
        assert await bring(zhengzhou, nanjing, lie, 0)
        if later:
            await grow(zhengzhou, 5)
        await hangzhou.cases.comparing.tick()
        await is_found(made, lie)


@played
async def test_a_city_whose_log_is_shorter_than_what_it_showed_cannot_prove_it(
    new_store: NewStore,
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size + 1000)
        assert await bring(zhengzhou, nanjing, lie, 0)
        await hangzhou.cases.comparing.tick()
        await is_found(made, lie)


@played
async def test_who_shows_all_one_log_is_believed_whatever_each_has_seen_of_it(
    new_store: NewStore,
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        first = await exchanged(zhengzhou, hangzhou)
        await grow(zhengzhou, 7)
        second = await exchanged(zhengzhou, nanjing)
        assert first.size < second.size
        await nanjing.cases.comparing.tick()
        assert await known(nanjing, zhengzhou) == second.size
        # What the other has cosigned is proven to extend what is known here, and takes its place.
        await hangzhou.cases.comparing.tick()
        assert await known(hangzhou, zhengzhou) == second.size
        for town in (hangzhou, nanjing):
            assert state(town, zhengzhou) is PartnerState.ACTIVE
            assert await town.store.read(lambda tx: tx.checkpoints.forks()) == ()


@played
async def test_a_witness_that_makes_up_a_checkpoint_harms_nobody(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        head = unverified_checkpoint(own.note)
        line = own.note.rpartition(b"\n\n")[2]
        made_up = head.text.replace(str(head.size).encode(), b"4") + b"\n" + line

        async def newest_note(_of: CityCode | None = None) -> bytes:
            return made_up

        monkeypatch.setattr(nanjing.cases.witnessing, "newest_note", newest_note)
        error = await raised(hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code))
        assert error.reason == BAD_SIGNATURE
        await hangzhou.cases.comparing.tick()
        assert state(hangzhou, zhengzhou) is PartnerState.ACTIVE
        assert state(hangzhou, nanjing) is PartnerState.ACTIVE


@played
async def test_a_city_that_cannot_be_asked_is_not_suspended_for_it(new_store: NewStore) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        await exchanged(zhengzhou, hangzhou)
        await grow(zhengzhou, 2)
        await exchanged(zhengzhou, nanjing)
        made.network.down.add(zhengzhou.code)
        error = await raised(hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code))
        assert error.reason == PEER_UNREACHABLE
        made.network.down = {nanjing.code}
        await hangzhou.cases.comparing.tick()
        assert state(hangzhou, zhengzhou) is PartnerState.ACTIVE


@played
async def test_what_a_witness_never_saw_is_nothing_to_compare(new_store: NewStore) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        await exchanged(zhengzhou, hangzhou)
        await hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code)
        # Nor is what this city never saw itself: it has cosigned nothing yet.
        await nanjing.cases.cosigning.compare(zhengzhou.code, hangzhou.code)
        assert (
            await nanjing.store.read(lambda tx: tx.checkpoints.of_partner(zhengzhou.code)) is None
        )


@played
async def test_what_a_partner_has_of_a_log_that_was_begun_anew_is_no_fork(
    new_store: NewStore,
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        for partner in (hangzhou, nanjing):
            await exchanged(zhengzhou, partner)
            end = partial(
                partner.cases.partners.end, city=zhengzhou.code, actor=OPERATOR, reason="lost"
            )
            await partner.store.run(end)
        # Nanjing's officers are not that far: it still has what it cosigned of the old log.
        await hangzhou.trust(zhengzhou)
        assert await bring(zhengzhou, hangzhou, forged(zhengzhou, 3), 0)
        await hangzhou.cases.comparing.tick()
        assert state(hangzhou, zhengzhou) is PartnerState.ACTIVE
        assert await nanjing.cases.witnessing.newest_note(zhengzhou.code) == b""


@played
async def test_two_histories_are_found_though_the_key_that_signed_them_is_over(
    new_store: NewStore,
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size)
        assert await bring(zhengzhou, nanjing, lie, 0)
        made.clock.forward(timedelta(days=701))
        await hangzhou.cases.comparing.tick()
        await is_found(made, lie)


@played
async def test_a_city_that_signed_an_empty_log_has_not_forked(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        await exchanged(zhengzhou, hangzhou)
        empty = forged(zhengzhou, 0, EMPTY_ROOT)

        async def newest_note(_of: CityCode | None = None) -> bytes:
            return empty

        monkeypatch.setattr(nanjing.cases.witnessing, "newest_note", newest_note)
        error = await raised(hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code))
        assert error.reason == BAD_NOTE
        assert state(hangzhou, zhengzhou) is PartnerState.ACTIVE


@played
async def test_a_fork_that_was_found_is_told_to_whoever_looks_again(new_store: NewStore) -> None:
    async with world(new_store, *THREE) as made:
        zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
        own = await exchanged(zhengzhou, hangzhou)
        assert await bring(zhengzhou, nanjing, forged(zhengzhou, own.size), 0)
        for _ in range(2):
            error = await raised(hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code))
            assert error.reason == LOG_FORKED
        assert len(await hangzhou.store.read(lambda tx: tx.checkpoints.forks())) == 1


def test_a_witness_whose_time_is_over_is_asked_about_the_others_next_time(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    @played
    async def play() -> None:
        async with world(new_store, *THREE, "420100", agreed=False) as made:
            hangzhou, asked = made[HZ], list[tuple[CityCode, CityCode]]()

            async def compare(city: CityCode, witness: CityCode) -> None:
                asked.append((witness, city))

            monkeypatch.setattr(hangzhou.cases.cosigning, "compare", compare)
            monkeypatch.setattr(limits, "COMPARE_EVERY", timedelta(0))
            others = [town.code for code, town in made.towns.items() if code != HZ]
            pairs = [(one, other) for one in others for other in others if one != other]
            for ticks in (1, 2):
                await hangzhou.cases.comparing.tick()
                assert len(set(asked)) == ticks * len(others)
            assert sorted(asked) == sorted(pairs)
            # With time enough each is asked about all of them, and about none twice.
            asked.clear()
            monkeypatch.setattr(limits, "COMPARE_EVERY", timedelta(days=1))
            await hangzhou.cases.comparing.tick()
            assert sorted(asked) == sorted(pairs)

    play()


def test_among_many_partners_questions_grow_with_them_and_not_with_their_square(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    @played
    async def play() -> None:
        async with world(new_store, *THREE, "420100", "320500", agreed=False) as made:
            hangzhou, asked = made[HZ], list[tuple[CityCode, CityCode]]()

            async def compare(city: CityCode, witness: CityCode) -> None:
                asked.append((witness, city))

            monkeypatch.setattr(hangzhou.cases.cosigning, "compare", compare)
            monkeypatch.setattr(limits, "COMPARED_AT_ONCE", 2)
            others = [town.code for code, town in made.towns.items() if code != HZ]
            pairs = {(one, other) for one in others for other in others if one != other}
            await hangzhou.cases.comparing.tick()
            # Two questions to each witness, and each log asked after at two of them.
            for place in (0, 1):
                assert sorted(each[place] for each in asked) == sorted(others * 2)
            await hangzhou.cases.comparing.tick()
            assert set(asked) == pairs

    play()


def test_whoever_stole_a_key_that_was_revoked_makes_nobody_fork(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen, real = Ed25519Signer.from_seed(b"stolen".ljust(32)), MemoryKeys.make_bundle

    def make_bundle(keys: MemoryKeys, city: CityCode, now: datetime, sequence: int) -> Envelope:
        made = codec.TRUST_BUNDLE.decode(real(keys, city, now, sequence).payload)
        [own] = made.signing_keys
        window = {"not_before": own.not_before, "not_after": own.not_after}
        key = replace(stolen.described(**window), revoked_at=now)
        return seal(codec.TRUST_BUNDLE, replace(made, signing_keys=(own, key)), [keys.root])

    monkeypatch.setattr(MemoryKeys, "make_bundle", make_bundle)

    @played
    async def play() -> None:
        async with world(new_store, *THREE, agreed=False) as made:
            zhengzhou, hangzhou, nanjing = (made[code] for code in THREE)
            own = await exchanged(zhengzhou, hangzhou)
            head = Checkpoint(origin_of(zhengzhou.code), own.size, b"\x02" * 32)
            lie = sign_checkpoint(head, stolen, stolen.public_key)

            async def newest_note(_of: CityCode | None = None) -> bytes:
                return lie

            monkeypatch.setattr(nanjing.cases.witnessing, "newest_note", newest_note)
            error = await raised(hangzhou.cases.cosigning.compare(zhengzhou.code, nanjing.code))
            assert error.reason == UNKNOWN_KEY
            assert state(hangzhou, zhengzhou) is PartnerState.ACTIVE

    play()
