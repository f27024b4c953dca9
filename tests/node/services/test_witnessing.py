"""This city's own log as it is witnessed: nobody is given two histories of it, or an older one."""

import asyncio
from dataclasses import replace

import pytest

from federation.checkpoint import (
    Checkpoint,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
)
from federation.errors import BAD_SIGNATURE, HutongError
from federation.keys import Ed25519Signer
from federation.merkle_log import check_consistency, check_inclusion
from node import limits
from node.errors import ANCHOR_UNUSABLE, LOG_BROKEN, NOT_A_PARTNER, STORE_UNAVAILABLE, FatalError
from node.ports import Cosigned
from tests.conftest import NewStore
from tests.node.services.simulated import MemoryKeys
from tests.node.services.trying import played, raised
from tests.node.services.witnesses import HZ, ZZ, exchanged, forged, grow
from tests.node.services.world import OPERATOR, Town, world


@played
async def test_a_partner_cosigns_what_extends_what_it_cosigned_before(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        first = await exchanged(zhengzhou, hangzhou)
        await grow(zhengzhou, 700)
        second = await exchanged(zhengzhou, hangzhou)
        assert second.size == first.size + 700
        stored = await zhengzhou.store.read(lambda tx: tx.checkpoints.newest(cosigned=True))
        assert stored is not None
        assert stored.size == second.size
        assert [city for city, _ in stored.cosignatures] == [HZ]
        proof = await zhengzhou.cases.witnessing.consistency(first.size, second.size)
        one, two = (unverified_checkpoint(each.note).root for each in (first, second))
        check_consistency(first.size, second.size, proof, one, two)
        note = await zhengzhou.cases.witnessing.newest_note()
        keys = zhengzhou.keys.signing_keys
        assert open_checkpoint(note, zhengzhou.code, keys, None).size == second.size
        assert note.count(b"hutong/330100 ") == 1


@played
async def test_nothing_new_makes_no_new_checkpoint_and_is_cosigned_as_before(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        first = await exchanged(made[ZZ], made[HZ])
        made.clock.forward(limits.CHECKPOINT_EVERY)
        again = await exchanged(made[ZZ], made[HZ])
        assert again.note == first.note
        assert await made[ZZ].store.read(lambda tx: len(tx.checkpoints.after(0, 9))) == 1


@played
async def test_a_checkpoint_is_in_the_anchor_before_it_is_in_the_store(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        own = await town.cases.witnessing.checkpoint()
        assert own is not None
        assert town.anchor.note == own.note

        def fails(note: bytes) -> None:
            raise HutongError(STORE_UNAVAILABLE, problem=f"the disk is full of {note!r}")

        await grow(town)
        town.anchor.write = fails  # type: ignore[method-assign]
        with pytest.raises(HutongError):
            await town.cases.witnessing.checkpoint()
        newest = await town.store.read(lambda tx: tx.checkpoints.newest())
        assert newest == own


@played
async def test_killed_between_anchor_and_store_it_goes_on_from_the_anchor(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        size, root = await town.store.read(lambda tx: (tx.log.size(), tx.log.root()))
        town.anchor.note = forged(town, size, root)
        await town.cases.witnessing.check()
        own = await town.cases.witnessing.checkpoint()
        assert own is not None
        assert own.note == town.anchor.note


@played
async def test_a_cosignature_that_does_not_fit_is_not_kept(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        real = hangzhou.cases.witnessing.add_checkpoint
        await exchanged(zhengzhou, hangzhou)
        before = await zhengzhou.store.read(lambda tx: tx.checkpoints.cosigned_by(hangzhou.code))
        await grow(zhengzhou)
        old = await zhengzhou.store.read(lambda tx: tx.checkpoints.newest())
        assert old is not None

        async def lies(*args: object) -> object:
            said = await real(*args)  # type: ignore[arg-type]
            return replace(said, line=old.cosignatures[0][1])

        hangzhou.cases.witnessing.add_checkpoint = lies  # type: ignore[method-assign,assignment]
        refused = await raised(exchanged(zhengzhou, hangzhou))
        assert refused.reason == BAD_SIGNATURE
        after = await zhengzhou.store.read(lambda tx: tx.checkpoints.cosigned_by(hangzhou.code))
        assert after == before


@played
async def test_a_partner_that_knows_more_of_our_log_than_we_stops_us(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        later = forged(zhengzhou, own.size + 10)

        async def knows(*_: object) -> Cosigned:
            return Cosigned(b"", later)

        hangzhou.cases.witnessing.add_checkpoint = knows  # type: ignore[method-assign,assignment]
        with pytest.raises(FatalError) as stopped:
            await exchanged(zhengzhou, hangzhou)
        assert stopped.value.reason == LOG_BROKEN
        assert await zhengzhou.cases.witnessing.must_stop() == stopped.value
        with pytest.raises(FatalError):
            await zhengzhou.cases.witnessing.checkpoint()


@played
async def test_a_partner_cannot_stop_us_by_a_checkpoint_that_we_did_not_sign(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        head = Checkpoint(origin_of(zhengzhou.code), 10_000, b"\x02" * 32)
        lie = sign_checkpoint(head, hangzhou.keys, hangzhou.keys.signer.public_key)

        async def knows(*_: object) -> Cosigned:
            return Cosigned(b"", lie)

        hangzhou.cases.witnessing.add_checkpoint = knows  # type: ignore[method-assign,assignment]
        refused = await raised(exchanged(zhengzhou, hangzhou))
        assert not isinstance(refused, FatalError)
        assert await zhengzhou.cases.witnessing.checkpoint() is not None


@played
async def test_a_store_that_was_rolled_back_while_it_ran_stops_the_node(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        size = await town.store.read(lambda tx: tx.log.size())
        town.anchor.note = forged(town, size + 1)
        with pytest.raises(FatalError) as stopped:
            await town.cases.witnessing.tick()
        assert stopped.value.fields["size"] == str(size)
        assert stopped.value.fields["known"] == str(size + 1)
        town.anchor.note = b""
        with pytest.raises(FatalError):
            await town.cases.witnessing.check()


@played
async def test_a_partner_that_never_answers_holds_up_nobody(new_store: NewStore) -> None:
    async with world(new_store, ZZ, HZ, "420100") as made:
        zhengzhou, silent, wuhan = made[ZZ], made[HZ], made["420100"]
        asked = list[int]()

        async def never(*_: object) -> object:
            asked.append(1)
            await asyncio.Event().wait()
            raise AssertionError

        silent.cases.witnessing.add_checkpoint = never  # type: ignore[method-assign,assignment]
        witnessing = zhengzhou.cases.witnessing
        for _ in range(3):
            await grow(zhengzhou)
            made.clock.forward(limits.CHECKPOINT_EVERY)
            await witnessing.tick()
            await settled(zhengzhou, wuhan)
        own = await zhengzhou.store.read(lambda tx: tx.checkpoints.newest(cosigned=True))
        assert own is not None
        assert own.size == await zhengzhou.store.read(lambda tx: tx.log.size())
        assert [city for city, _ in own.cosignatures] == [wuhan.code]
        # One delivery in flight, however often it was due.
        assert asked == [1]
        await witnessing.close()


async def settled(town: Town, other: Town) -> None:
    """Until the other has cosigned the newest checkpoint of a town."""
    while True:
        newest, known = await town.store.read(
            lambda tx: (tx.checkpoints.newest(), tx.checkpoints.cosigned_by(other.code))
        )
        if newest is not None and newest.size == known:
            return
        await asyncio.sleep(0.01)


@played
async def test_a_partner_that_was_away_is_asked_again_ever_less_often(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        made.network.down.add(hangzhou.code)
        witnessing = zhengzhou.cases.witnessing
        failed = list[int]()
        real = witnessing._exchange

        async def counted(city: object) -> object:
            failed.append(1)
            return await real(city)  # type: ignore[arg-type]

        witnessing._turns._act = counted  # type: ignore[assignment]
        for _ in range(32):
            await witnessing.tick()
            if running := witnessing._turns.running:
                await asyncio.wait(running)
            made.clock.forward(limits.REFRESH_AFTER_FAILURE)
        assert 5 <= len(failed) <= 7  # after 1, 2, 4, 8, 16 seconds
        made.network.down.clear()
        made.clock.forward(limits.REFRESH_AFTER_FAILURES)
        await witnessing.tick()
        await settled(zhengzhou, hangzhou)


@played
async def test_a_suspended_partner_is_brought_nothing(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        desk = zhengzhou.cases.partners
        await zhengzhou.store.run(lambda tx: desk.suspend(tx, hangzhou.code, OPERATOR, "for now"))
        await zhengzhou.cases.witnessing.tick()
        assert not zhengzhou.cases.witnessing._turns._turns
        refused = await raised(zhengzhou.cases.witnessing.exchange(hangzhou.code))
        assert refused.reason == NOT_A_PARTNER


@played
async def test_an_entry_is_proven_under_a_cosigned_checkpoint(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        await grow(town, 40)
        sequence = await town.store.read(lambda tx: tx.log.size() - 1)
        own = await town.cases.witnessing.cosigned_over(sequence)
        assert [city for city, _ in own.cosignatures] == [HZ]
        leaf, proof = await town.cases.witnessing.inclusion(sequence, own.size)
        root = unverified_checkpoint(own.note).root
        check_inclusion(leaf, sequence, own.size, proof, root)
        [entry] = await town.store.read(lambda tx: tx.log.entries(sequence, 1))
        assert entry.leaf_hash == leaf


@played
async def test_where_nobody_cosigns_the_checkpoint_comes_alone(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        made.network.down.add(made[HZ].code)
        sequence = await town.store.read(lambda tx: tx.log.size() - 1)
        own = await town.cases.witnessing.cosigned_over(sequence)
        assert own.cosignatures == ()
        assert own.size > sequence


@played
async def test_proofs_beyond_the_log_are_refused(new_store: NewStore) -> None:
    async with world(new_store) as made:
        witnessing = made[ZZ].cases.witnessing
        size = await made[ZZ].store.read(lambda tx: tx.log.size())
        for asked in (
            witnessing.inclusion(size, size),
            witnessing.inclusion(0, size + 1),
            witnessing.inclusion(0, 0),
            witnessing.consistency(0, size),
            witnessing.consistency(1, size + 1),
            witnessing.consistency(size, size - 1),
        ):
            with pytest.raises(HutongError):
                await asked


@played
async def test_after_a_start_it_asks_what_partners_know_though_nothing_is_new(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town, other = made[ZZ], made[HZ]
        own = await exchanged(town, other)
        asked = list[int]()

        async def knows(*_: object) -> Cosigned:
            asked.append(1)
            return Cosigned(b"", forged(town, own.size + 1))

        other.cases.witnessing.add_checkpoint = knows  # type: ignore[method-assign,assignment]
        # It is not its first exchange in this process: nothing is new, and nobody is asked.
        await town.cases.witnessing.tick()
        assert not asked
        town.cases.witnessing._turns._turns.clear()
        await town.cases.witnessing.tick()
        stopped = await town.cases.witnessing.must_stop()
        assert asked == [1]
        assert stopped.reason == LOG_BROKEN


@played
async def test_an_edge_that_is_not_that_of_the_entries_is_not_appended_to(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        await grow(town, 300)
        await town.cases.witnessing.check()
        with town.store._engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM log_entries WHERE sequence = 299")
        with pytest.raises(FatalError) as stopped:
            await town.cases.witnessing.check()
        assert stopped.value.reason == LOG_BROKEN


@played
async def test_an_anchor_that_nobody_can_verify_is_not_taken_for_none(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        await town.cases.witnessing.checkpoint()
        town.anchor.note = town.anchor.note[:-10]
        with pytest.raises(FatalError) as stopped:
            await town.cases.witnessing.checkpoint()
        # It is the file that is at fault, and not the store.
        assert stopped.value.reason == ANCHOR_UNUSABLE


@played
async def test_a_log_that_was_rewritten_in_the_store_stops_the_node(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        size = await town.store.read(lambda tx: tx.log.size())
        town.anchor.note = forged(town, size)
        with pytest.raises(FatalError) as stopped:
            await town.cases.witnessing.check()
        assert stopped.value.fields["known"] == str(size)


def test_a_stolen_key_that_was_revoked_cannot_stop_us(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen = Ed25519Signer.from_seed(b"stolen".ljust(32))

    @played
    async def play() -> None:
        async with world(new_store) as made:
            town, other = made[ZZ], made[HZ]
            real = town.keys.signing_keys
            key = replace(
                stolen.described(not_before=real[0].not_before, not_after=real[0].not_after),
                revoked_at=made.clock.now(),
            )
            monkeypatch.setattr(MemoryKeys, "signing_keys", property(lambda _: (*real, key)))
            head = Checkpoint(origin_of(town.code), 10_000, b"\x02" * 32)
            lie = sign_checkpoint(head, stolen, stolen.public_key)

            async def knows(*_: object) -> Cosigned:
                return Cosigned(b"", lie)

            other.cases.witnessing.add_checkpoint = knows  # type: ignore[method-assign,assignment]
            refused = await raised(town.cases.witnessing.exchange(other.code))
            assert not isinstance(refused, FatalError)
            assert "revoked" in refused.fields["detail"]
            assert await town.cases.witnessing.checkpoint() is not None

    play()
