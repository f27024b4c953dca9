"""This city as witness: whose log does not extend what it showed is suspended, with evidence."""

import pytest
import sqlalchemy as sa

from federation.checkpoint import (
    Checkpoint,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
)
from federation.errors import BAD_NOTE, BAD_SIGNATURE, LOG_FORKED, HutongError
from federation.identifiers import CityCode
from federation.merkle_log import EMPTY_ROOT
from node import limits
from node.registry import PartnerState
from tests.conftest import NewStore
from tests.node.befriend import activate
from tests.node.services.trying import played, raised
from tests.node.services.witnesses import HZ, ZZ, bring, exchanged, forged, grow
from tests.node.services.world import OPERATOR, World, world


@pytest.mark.parametrize("second_size", [0, 5])
@played
async def test_two_checkpoints_of_one_size_are_a_fork(
    new_store: NewStore, second_size: int
) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        if second_size:
            # Also where it is not the newest that is shown in two forms.
            made.clock.forward(limits.PARTNER_CHECKPOINT_EVERY)
            await grow(zhengzhou, second_size)
            await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size)
        refused = await raised(bring(zhengzhou, hangzhou, lie, own.size))
        assert refused.reason == LOG_FORKED
        await is_stopped(made, lie, own.note)


@played
async def test_a_rewritten_entry_is_a_fork(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        await grow(zhengzhou, 3)
        proof = await zhengzhou.cases.witnessing.consistency(own.size, own.size + 3)
        lie = forged(zhengzhou, own.size + 3)
        refused = await raised(bring(zhengzhou, hangzhou, lie, own.size, proof))
        assert refused.reason == LOG_FORKED
        await is_stopped(made, lie, own.note, proof)


async def is_stopped(
    made: World, shown: bytes, known: bytes, proof: tuple[bytes, ...] = ()
) -> None:
    """Hangzhou has suspended Zhengzhou, keeps the evidence, and does not resume it lightly."""
    hangzhou, city = made[HZ], made[ZZ].code
    [fork] = await hangzhou.store.read(lambda tx: tx.checkpoints.forks())
    assert (fork.city, fork.shown, fork.known, fork.proof) == (city, shown, known, proof)
    partner = hangzhou.store.registry.partners[city]
    assert partner.state is PartnerState.SUSPENDED
    assert partner.here.suspended
    moves = await hangzhou.store.read(lambda tx: tx.partnerships.moves(city))
    assert moves[-1].actor == "system/log"
    desk = hangzhou.cases.partners
    refused = await raised(
        hangzhou.store.run(lambda tx: desk.resume(tx, city, OPERATOR, "it is fine"))
    )
    assert refused.reason == LOG_FORKED
    # What is true again is not believed either, until officers have cleared it.
    refused = await raised(bring(made[ZZ], hangzhou, known, 0))
    assert refused.reason == LOG_FORKED


@played
async def test_who_was_ended_and_met_anew_begins_anew(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        lie = forged(zhengzhou, own.size)
        with pytest.raises(HutongError):
            await bring(zhengzhou, hangzhou, lie, own.size)
        desk, city = hangzhou.cases.partners, zhengzhou.code
        await hangzhou.store.run(lambda tx: desk.end(tx, city, OPERATOR, "it forked"))
        assert await hangzhou.store.read(lambda tx: len(tx.checkpoints.forks())) == 1
        await hangzhou.cases.refreshing.close()
        await hangzhou.trust(zhengzhou)
        await zhengzhou.store.run(lambda tx: activate(tx, hangzhou.code))
        assert await hangzhou.store.read(lambda tx: tx.checkpoints.forks()) == ()
        await grow(zhengzhou)
        # It asks with what was cosigned before, and is told that nothing is known.
        assert (await exchanged(zhengzhou, hangzhou)).size > own.size


@pytest.mark.parametrize("kept", [False, True])
@played
async def test_a_replayed_older_checkpoint_is_no_fork(new_store: NewStore, kept: bool) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        old = await exchanged(zhengzhou, hangzhou)
        if kept:
            made.clock.forward(limits.PARTNER_CHECKPOINT_EVERY)
        await grow(zhengzhou)
        new = await exchanged(zhengzhou, hangzhou)
        said = await hangzhou.cases.witnessing.add_checkpoint(zhengzhou.code, 0, (), old.note)
        assert (said.line, said.known) == (b"", new.note)
        assert hangzhou.store.registry.partners[zhengzhou.code].state is PartnerState.ACTIVE


@played
async def test_a_partner_that_brings_checkpoints_without_end_fills_no_disk(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        kept = set[int]()
        for second in range(12):
            made.clock.forward(limits.PARTNER_CHECKPOINT_EVERY / 4)
            await grow(zhengzhou)
            own = await exchanged(zhengzhou, hangzhou)
            if second % 4 == 3:
                kept.add(own.size)
        with hangzhou.store._engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT size FROM partner_checkpoints").all()
        assert {row[0] for row in rows} == kept


@played
async def test_of_whom_nothing_is_known_nothing_is_extended(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        witness = hangzhou.cases.witnessing
        said = await witness.add_checkpoint(zhengzhou.code, 5, (), forged(zhengzhou, 9))
        assert (said.line, said.known) == (b"", b"")
        assert await hangzhou.store.read(lambda tx: tx.checkpoints.of_partners()) == ()


@played
async def test_a_wrong_old_size_is_answered_with_what_is_known(new_store: NewStore) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        old = await exchanged(zhengzhou, hangzhou)
        await grow(zhengzhou)
        new = await zhengzhou.cases.witnessing.checkpoint()
        assert new is not None
        for wrong in (0, old.size - 1, new.size):
            said = await hangzhou.cases.witnessing.add_checkpoint(
                zhengzhou.code, wrong, (b"\x01" * 32,), new.note
            )
            assert (said.line, said.known) == (b"", old.note)
        assert not await hangzhou.store.read(lambda tx: tx.checkpoints.forks())


@pytest.mark.parametrize("flaw", ["signature", "city", "empty", "garbage"])
@played
async def test_what_is_no_checkpoint_of_the_partner_is_no_fork(
    new_store: NewStore, flaw: str
) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        root = unverified_checkpoint(own.note).root
        other = Checkpoint(origin_of(hangzhou.code), own.size, root)
        note, reason = {
            "signature": (own.note.replace(b"\n%d\n" % own.size, b"\n9999\n"), BAD_SIGNATURE),
            "city": (
                sign_checkpoint(other, hangzhou.keys, hangzhou.keys.signer.public_key),
                BAD_NOTE,
            ),
            "empty": (forged(zhengzhou, 0, EMPTY_ROOT), BAD_NOTE),
            "garbage": (b"\xff\n\n\xff", BAD_NOTE),
        }[flaw]
        refused = await raised(bring(zhengzhou, hangzhou, note, own.size))
        assert refused.reason == reason
        assert not await hangzhou.store.read(lambda tx: tx.checkpoints.forks())


@played
async def test_what_a_partner_shows_who_asks_is_held_against_what_it_brings(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        zhengzhou, hangzhou = made[ZZ], made[HZ]
        own = await exchanged(zhengzhou, hangzhou)
        assert await hangzhou.cases.cosigning.audit(zhengzhou.code)
        await grow(zhengzhou, 4)
        await zhengzhou.cases.witnessing.checkpoint()
        await hangzhou.cases.cosigning.audit(zhengzhou.code)
        known = await hangzhou.store.read(lambda tx: tx.checkpoints.of_partner(zhengzhou.code))
        assert known is not None
        assert known.size == own.size + 4
        lie, real = forged(zhengzhou, own.size), zhengzhou.cases.witnessing.newest_note
        shown = own.note

        async def shows(of: CityCode | None = None) -> bytes:
            return shown

        zhengzhou.cases.witnessing.newest_note = shows  # type: ignore[method-assign]
        # An older one is no fork where it is a beginning.
        assert await hangzhou.cases.cosigning.audit(zhengzhou.code) == own.note
        assert await real() != own.note
        shown = lie
        # It is older than what is known, and what was known of that size is not kept any more.
        refused = await raised(hangzhou.cases.cosigning.audit(zhengzhou.code))
        assert refused.reason == LOG_FORKED


@played
async def test_who_is_behind_is_one_look_however_many_partners_there_are(
    new_store: NewStore,
) -> None:
    looks = []
    for partners in ((HZ,), (HZ, "320100", "420100", "320500")):
        async with world(new_store, ZZ, *partners, agreed=False) as made:
            zhengzhou, statements = made[ZZ], list[str]()
            for code in partners:
                await exchanged(zhengzhou, made[code])
            await zhengzhou.cases.witnessing.tick()

            def count(*told: object, kept: list[str] = statements) -> None:
                kept.append(str(told[2]))

            sa.event.listen(zhengzhou.store._engine, "before_cursor_execute", count)
            await zhengzhou.cases.witnessing.tick()
            looks.append(len(statements))
    assert looks[0] == looks[1]
