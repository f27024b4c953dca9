"""What an auditor is given: a period and no more, whole, of nobody, and not without a trace."""

import io
from datetime import datetime, timedelta

import pytest

from federation.limits import CLOCK_SKEW
from node.audited import AuditedEntry, Period
from node.errors import FIELD_INVALID
from node.files.audits import write_period
from node.files.logs import bundle_text, write_entry
from node.services.audit_verifying import Audited, joined, verify_period
from node.services.log_verifying import keys_of
from tests.conftest import NewStore
from tests.node.services.trying import played, raised
from tests.node.services.witnesses import HZ, ZZ, exchanged, grow
from tests.node.services.world import Town, World, world

AUDITOR = "auditor/province"
HOUR = timedelta(hours=1)


async def read(
    town: Town, since: datetime, until: datetime | None = None
) -> tuple[Period, list[AuditedEntry]]:
    """What the auditor gets, as the port gives it."""
    auditing = town.cases.auditing
    period = await auditing.begin(AUDITOR, since, until)
    found = list[AuditedEntry]()
    for first in range(period.first, period.end, 100):
        found += await auditing.entries(first, min(100, period.end - first))
    return period, found


def judge(
    got: tuple[Period, list[AuditedEntry]], *, witnesses: int = 1, sizes: tuple[int, ...] = ()
) -> Audited:
    period, entries = got
    keys = keys_of(period.trust_bundles)
    return verify_period(
        period, entries, keys, witnesses=witnesses, tell=lambda _: None, sizes=sizes
    )


async def size_of(town: Town) -> int:
    return await town.store.read(lambda tx: tx.log.size())


async def hours(made: World, town: Town, other: Town, count: int, each: int = 30) -> None:
    """So many hours with entries and a cosigned checkpoint in each."""
    for _ in range(count):
        made.clock.forward(HOUR)
        await grow(town, each)
        await exchanged(town, other)


@played
async def test_each_period_is_whole_and_follows_the_one_before(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town, other = made[ZZ], made[HZ]
        began = made.clock.now()
        await hours(made, town, other, 6)
        made.clock.forward(HOUR)
        one = await read(town, began + HOUR / 2, began + 3.5 * HOUR)
        two = await read(town, began + 3.5 * HOUR)
        sizes = tuple(size for period, _ in (one, two) for size in (period.first, period.end))
        found = [judge(each, sizes=sizes) for each in (one, two)]
        assert [each.problems for each in found] == [(), ()]
        assert joined(found) == []
        assert found[0].kinds == {"administrative": 90}
        assert found[1].kinds == {"administrative": 90}
        assert {each.city for each in found[0].witnesses} == {other.code}


@played
async def test_a_period_is_given_and_no_more_than_its_checkpoints_need(
    new_sqlite: NewStore,
) -> None:
    async with world(new_sqlite) as made:
        town, other = made[ZZ], made[HZ]
        began = made.clock.now()
        await hours(made, town, other, 8)
        period, entries = await read(town, began + 3.5 * HOUR, began + 4.5 * HOUR)
        assert judge((period, entries)).problems == ()
        # One hour's entries, and those up to the checkpoints on either side.
        assert 30 <= len(entries) <= 3 * 30 + 10
        assert period.first > 30


@played
async def test_the_reading_is_in_the_log_before_anything_is_given(new_sqlite: NewStore) -> None:
    async with world(new_sqlite) as made:
        town = made[ZZ]
        began, before = made.clock.now(), await size_of(town)
        made.clock.forward(HOUR)
        period, entries = await read(town, began)
        after = await size_of(town)
        assert after > before
        assert period.end >= before + 1
        [traced] = [e for e in entries[before - period.first :] if e.kind == "administrative"][:1]
        assert traced.commitment
        # Also where nobody takes what is given.
        await town.cases.auditing.begin(AUDITOR, began, None)
        assert await size_of(town) > after


@played
async def test_a_period_that_is_not_over_or_is_none_is_refused_and_leaves_nothing(
    new_sqlite: NewStore,
) -> None:
    async with world(new_sqlite) as made:
        town, now = made[ZZ], made.clock.now()
        before = await size_of(town)
        begin = town.cases.auditing.begin
        for since, until in (
            (now - HOUR, now - CLOCK_SKEW + timedelta(microseconds=1)),
            (now - HOUR, now + HOUR),
            (now - HOUR, now - HOUR),
            (now - HOUR, now - 2 * HOUR),
            (now, None),
        ):
            refused = await raised(begin(AUDITOR, since, until))
            assert refused.reason == FIELD_INVALID
        assert await size_of(town) == before
        assert judge(await read(town, now - HOUR, now - CLOCK_SKEW)).problems == ()


@played
async def test_without_a_partner_it_is_the_citys_word_and_says_so(new_sqlite: NewStore) -> None:
    async with world(new_sqlite) as made:
        town = made[ZZ]
        began = made.clock.now()
        made.network.down.add(made[HZ].code)
        await grow(town, 10)
        made.clock.forward(HOUR)
        got = await read(town, began - HOUR)
        assert [each.name for each in judge(got).problems] == ["unwitnessed"]
        assert judge(got, witnesses=0).problems == ()


@pytest.mark.parametrize("late", [(30, *[15] * 20, 25, 50), (15, *[30] * 20, 15, 50)])
@played
async def test_entries_that_were_kept_out_of_order_are_in_the_period(
    new_sqlite: NewStore, late: tuple[int, ...]
) -> None:
    async with world(new_sqlite) as made:
        town, other = made[ZZ], made[HZ]
        began = made.clock.now()
        await hours(made, town, other, 3)
        edge = made.clock.now() + timedelta(seconds=20)
        # One call has a clock that is ahead, or the others waited so long for the store.
        for seconds in late:
            made.clock.forward(timedelta(seconds=seconds))
            await grow(town, 1)
            await exchanged(town, other)
            made.clock.forward(timedelta(seconds=-seconds))
        await hours(made, town, other, 3)
        periods = [(began, edge), (edge, edge + HOUR)]
        given = [judge(await read(town, *period)) for period in periods]
        assert [each.problems for each in given] == [(), ()]
        whole = await town.store.read(lambda tx: tx.log.entries(0, tx.log.size()))
        for (since, until), found in zip(periods, given, strict=True):
            wanted = [each for each in whole if since <= each.at < until]
            assert sum(found.kinds.values()) == len(wanted)


@played
async def test_what_an_auditor_gets_names_nobody(new_sqlite: NewStore) -> None:
    async with world(new_sqlite) as made:
        town, other = made[ZZ], made[HZ]
        began = made.clock.now()
        resident = await town.resident(400)
        consent = await town.consent(resident, other.code)
        code = await town.show_code(resident, consent)
        await other.check(code)
        made.clock.forward(HOUR)
        for place in (town, other):
            period, entries = await read(place, began - HOUR)
            assert judge((period, entries)).problems == ()
            assert {"issued", "received"} & {each.kind for each in entries}
            text = io.StringIO()
            write_period(text, period, [bundle_text(each) for each in period.trust_bundles])
            for each in entries:
                write_entry(text, each.kind, each.at_micros, each.commitment)
            said = text.getvalue()
            for secret in (resident, consent, code, code.replace("-", "")):
                assert secret not in said
            assert "salt" not in said


@played
async def test_the_edges_of_a_period_are_where_a_partner_saw_the_log(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town, other = made[ZZ], made[HZ]
        began = made.clock.now()
        await hours(made, town, other, 3)
        made.network.down.add(other.code)
        for _ in range(2):
            made.clock.forward(HOUR)
            await grow(town, 30)
            await town.cases.witnessing.checkpoint()
        made.network.down.clear()
        await hours(made, town, other, 2)
        # The checkpoint before the first of them, and the one after the second, nobody saw in time.
        for since, until in ((5.5, 5.8), (3.5, 4.8)):
            got = await read(town, began + since * HOUR, began + until * HOUR)
            assert judge(got).problems == ()
