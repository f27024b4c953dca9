"""Promises are signed word for word, used once by their resident, closed once by their venue."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from node.errors import CAPACITY_USED_UP, FIELD_INVALID, UNKNOWN, HutongError
from node.record_errors import (
    PROMISE_LOCAL_ONLY,
    PROMISE_NOT_OFFERED,
    PROMISE_NOT_THEIRS,
    PROMISE_STATE,
    PROMISE_TEXT_CHANGED,
)
from node.records import NoticeKind, PromiseState, RecordKey
from node.services.promising import SOURCE
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, made_catalogue, row
from tests.node.services.promised import (
    ALL,
    CARD,
    DUE,
    ELSEWHERE,
    RENTAL,
    Library,
    library,
    refused,
)
from tests.node.services.world import VENUE

PROMISED = (NoticeKind.PROMISE_KEPT, NoticeKind.PROMISE_BROKEN)
A_MONTH_AND_A_DAY = 31


@pytest.fixture
def here(new_sqlite: NewStore) -> Iterator[Library]:
    with library(new_sqlite) as found:
        yield found


def test_the_text_says_all_that_the_resident_takes_on_in_both_languages(here: Library) -> None:
    text = here.draft(here.resident())
    for said in (text.zh, text.en):
        assert all(word in said for word in (CARD, VENUE.name, DUE, "10", "2", "60"))
    assert "library card without a deposit" in text.en
    assert "免押金办理借书证" in text.zh
    assert "indicator promise.broken" in text.en
    assert "indicator promise.kept" in text.en
    assert "object" in text.en
    assert "异议" in text.zh
    assert "stay in this city" in text.en
    assert "不提供给任何其他城市" in text.zh


def test_a_text_without_indicators_says_that_nothing_is_recorded(here: Library) -> None:
    without = made_catalogue(2, promise_kept=None, promise_broken=None)
    here.stage.act(here.town, lambda tx: tx.administration.put_indicators(without))
    text = here.draft(here.resident())
    assert text.en.count("no record is made") == 2
    assert text.zh.count("不留记录") == 2


@pytest.mark.parametrize("incentive", ["hospital-desk", "no-such-thing"])
def test_nothing_is_promised_for_what_the_venue_does_not_offer(
    here: Library, incentive: str
) -> None:
    resident = here.resident()
    with refused(PROMISE_NOT_OFFERED):
        here.draft(resident, incentive)


def test_an_incentive_that_left_the_catalogue_cannot_be_promised_for(here: Library) -> None:
    resident = here.resident()
    text = here.draft(resident).en
    here.stage.run(here.town.load_incentives(lambda toml: toml.replace(f'"{CARD}"', '"card"')))
    with refused(PROMISE_NOT_OFFERED):
        here.sign(resident, text)


def test_a_text_altered_by_one_character_is_not_signed(here: Library) -> None:
    resident = here.resident()
    text = here.draft(resident)
    for altered in (
        text.en.replace("10", "1"),
        text.en + " ",
        text.en[:-1],
        text.zh.replace("本市", "外市"),
        text.en.replace("\n", "\r\n"),
        text.zh + text.en,
        "",
    ):
        with refused(PROMISE_TEXT_CHANGED):
            here.sign(resident, altered)
    with refused(PROMISE_TEXT_CHANGED):
        here.sign(resident, text.en, due="2026-12-25")
    assert here.sign(resident, text.en).language == "en"
    assert here.sign(resident, text.zh).language == "zh"


def test_a_text_that_was_drafted_under_other_rules_is_drafted_again(here: Library) -> None:
    resident = here.resident()
    text = here.draft(resident).en
    without = made_catalogue(2, promise_broken=None)
    here.stage.act(here.town, lambda tx: tx.administration.put_indicators(without))
    with refused(PROMISE_TEXT_CHANGED):
        here.sign(resident, text)


def test_nobody_promises_for_somebody_who_does_not_take_part(here: Library) -> None:
    with refused(UNKNOWN):
        here.draft("00000000-0000-7000-8000-000000000009")


def test_a_promise_of_another_resident_looks_like_one_that_is_not_there(here: Library) -> None:
    other = here.promise(here.resident())
    decision = here.decision(here.resident())
    absent = other[:-1] + ("0" if other[-1] != "0" else "1")
    told = list[str]()
    for promise in (other, absent):
        with refused(PROMISE_NOT_THEIRS) as errors:
            here.redeem(decision, promise)
        told.append(errors[0].text("en").replace(promise, "P"))
    assert told[0] == told[1]
    assert not here.get(other).redemption_id


def test_a_promise_for_another_incentive_or_venue_is_not_used(here: Library) -> None:
    resident = here.resident()
    reading = here.sign(
        resident, here.draft(resident, "reading-room").en, "reading-room"
    ).promise_id
    with refused(PROMISE_NOT_THEIRS):
        here.redeem(here.decision(resident), reading)
    here.stage.run(
        here.town.load_incentives(
            lambda toml: toml.replace('venues = ["library"]', 'venues = ["library", "branch"]')
        )
    )
    desk, branch = here.town.cases.promising, "branch"
    text = here.stage.act(here.town, lambda tx: desk.draft(tx, resident, CARD, branch, DUE)).en
    at_branch = here.sign(resident, text, venue=branch).promise_id
    with refused(PROMISE_NOT_THEIRS):
        here.redeem(here.decision(resident), at_branch)


def test_a_use_without_a_promise_is_as_it_was(here: Library) -> None:
    assert here.redeem(here.decision(here.resident()))


def test_a_promise_goes_with_one_use(here: Library) -> None:
    resident = here.resident()
    promise = here.promise(resident)
    redemption = here.redeem(here.decision(resident), promise)
    assert here.get(promise).redemption_id == redemption
    with refused(PROMISE_STATE) as errors:
        here.redeem(here.decision(resident), promise)
    assert errors[0].fields["state"] == "used"
    assert here.get(promise).redemption_id == redemption


def test_two_uses_at_once_share_no_promise(new_store: NewStore) -> None:
    with library(new_store) as here:
        resident = here.resident()
        promise = here.promise(resident)
        decisions = [here.decision(resident) for _ in range(4)]
        desk, store = here.town.cases.redeeming, here.town.store

        async def all_at_once() -> list[object]:
            return await asyncio.gather(
                *(
                    store.run(partial(desk.redeem, venue=VENUE, decision_id=d, promise_id=promise))
                    for d in decisions
                ),
                return_exceptions=True,
            )

        found = here.stage.run(all_at_once())
        failed = [each for each in found if isinstance(each, HutongError)]
        assert {error.reason for error in failed} == {PROMISE_STATE}
        assert len(failed) == len(decisions) - 1
        assert here.get(promise).redemption_id


def test_a_use_that_finds_no_room_leaves_the_promise_unused(here: Library) -> None:
    here.stage.run(
        here.town.load_incentives(
            lambda toml: toml.replace(
                'minimum_band = "excellent"',
                'minimum_band = "excellent"\ncapacity = { total = 1 }',
                1,
            )
        )
    )
    resident = here.resident()
    here.redeem(here.decision(resident))
    promise = here.promise(resident)
    with refused(CAPACITY_USED_UP):
        here.redeem(here.decision(resident), promise)
    assert not here.get(promise).redemption_id


def test_a_newcomer_and_a_visitor_bring_no_promise(new_sqlite: NewStore) -> None:
    with library(new_sqlite, ELSEWHERE) as here:
        promise = here.promise(here.resident())
        elsewhere = here.stage[ELSEWHERE]
        visitor = here.stage.run(elsewhere.resident(500))
        decision = here.decision(visitor, home=elsewhere)
        assert decision
        with refused(PROMISE_LOCAL_ONLY) as of_visitor:
            here.redeem(decision, promise)
        low = here.stage.run(elsewhere.resident(-500))
        newcomer = here.decision(low, "reading-room", elsewhere)
        with refused(PROMISE_LOCAL_ONLY) as of_newcomer:
            here.redeem(newcomer, promise)
        # Whether there is such a promise is not told.
        with refused(PROMISE_LOCAL_ONLY) as of_nothing:
            here.redeem(decision, "00000000-0000-7000-8000-000000000009")
        assert of_visitor == of_newcomer == of_nothing
        assert here.redeem(decision)


def test_a_promise_is_taken_back_until_it_is_used(here: Library) -> None:
    resident = here.resident()
    promise = here.promise(resident)
    assert here.withdraw(resident, promise).state is PromiseState.WITHDRAWN
    assert here.withdraw(resident, promise) == here.get(promise)
    with refused(PROMISE_STATE):
        here.redeem(here.decision(resident), promise)
    with refused(PROMISE_STATE):
        here.close(promise)
    used = here.used(resident)
    with refused(PROMISE_STATE):
        here.withdraw(resident, used)
    here.close(used)
    with refused(PROMISE_STATE):
        here.withdraw(resident, used)


def test_nobody_takes_back_the_promise_of_another(here: Library) -> None:
    promise = here.promise(here.resident())
    with refused(UNKNOWN):
        here.withdraw(here.resident(), promise)


def test_another_venue_is_told_of_a_promise_what_it_is_told_of_none(here: Library) -> None:
    promise = here.used(here.resident())
    absent = promise[:-1] + ("0" if promise[-1] != "0" else "1")
    told = list[str]()
    for each in (promise, absent):
        with refused(UNKNOWN) as errors:
            here.close(each, venue=RENTAL)
        told.append(errors[0].text("en").replace(each, "P"))
    assert told[0] == told[1]
    assert here.get(promise).state is PromiseState.OPEN


def test_a_promise_is_closed_after_its_use_and_not_before(here: Library) -> None:
    promise = here.promise(here.resident())
    with refused(PROMISE_STATE):
        here.close(promise)
    here.after(A_MONTH_AND_A_DAY)
    with refused(PROMISE_STATE):
        here.close(promise, kept=False, note="never came")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("then", [True, False])
def test_a_promise_is_closed_once(here: Library, first: bool, then: bool) -> None:
    resident = here.resident()
    promise = here.used(resident)
    here.after(A_MONTH_AND_A_DAY)
    here.close(promise, kept=first, note="so it was")
    sums = here.sums(resident)
    with refused(PROMISE_STATE) as errors:
        here.close(promise, kept=then, note="so it was")
    assert errors[0].fields["state"] == ("kept" if first else "broken")
    assert here.sums(resident) == sums
    assert len(here.told(resident, *PROMISED)) == 1


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_broken_promise_needs_to_say_what_happened(here: Library, note: str) -> None:
    promise = here.used(here.resident())
    here.after(A_MONTH_AND_A_DAY)
    with refused(FIELD_INVALID):
        here.close(promise, kept=False, note=note)


def test_a_broken_promise_is_a_record_that_counts_here_alone(here: Library) -> None:
    resident = here.resident()
    before = here.sums(resident)
    promise = here.used(resident)
    redemption = here.get(promise).redemption_id
    here.after(A_MONTH_AND_A_DAY)
    here.close(promise, kept=False, note="the book is lost")
    after = here.sums(resident)
    assert after.points_milli == before.points_milli - 10_000
    assert after.shared_milli == before.shared_milli
    key = RecordKey(SOURCE, promise)
    record = here.stage.act(here.town, lambda tx: tx.records.find([key]))[key]
    assert record.evidence == redemption
    assert record.received_from == "venue/library"
    assert record.occurred_on == here.town.cases.here.day(here.town.clock.now())
    [notice] = here.told(resident, *PROMISED, NoticeKind.RECORD_ADDED)
    assert notice.kind is NoticeKind.PROMISE_BROKEN
    assert dict(notice.fields) == {
        "promise": promise,
        "incentive": CARD,
        "reason": "the book is lost",
        "source": SOURCE,
        "record_number": promise,
        "indicator": "promise.broken",
    }


def test_a_kept_promise_is_a_record_that_counts_here_alone(here: Library) -> None:
    resident = here.resident()
    before = here.sums(resident)
    here.close(here.used(resident))
    after = here.sums(resident)
    assert after.points_milli == before.points_milli + 2_000
    assert after.shared_milli == before.shared_milli
    assert [n.kind for n in here.told(resident, *PROMISED)] == [NoticeKind.PROMISE_KEPT]


def test_where_the_rules_name_no_indicator_only_the_resident_is_told(here: Library) -> None:
    without = made_catalogue(2, promise_kept=None, promise_broken=None)
    here.stage.act(here.town, lambda tx: tx.administration.put_indicators(without))
    resident = here.resident()
    promise = here.used(resident)
    here.close(promise, note="in time")
    [notice] = here.told(resident, *PROMISED)
    assert "record_number" not in dict(notice.fields)
    key = RecordKey(SOURCE, promise)
    assert here.stage.act(here.town, lambda tx: tx.records.find([key])) == {}


def test_a_department_cannot_send_a_record_as_if_it_were_a_promise(here: Library) -> None:
    number, resident = here.stage.run(here.town.resident_with_number())
    forged = row(number, "r-9", indicator="promise.broken", source=SOURCE)
    loaded = here.stage.act(
        here.town, lambda tx: here.town.cases.recording.load(tx, OFFICE, [forged])
    )
    assert [bad.reason for bad in loaded.quarantined] == ["ROW_SOURCE_FOREIGN"]
    assert here.sums(resident).points_milli == 0


def test_residents_see_their_own_promises_newest_first_and_no_others(here: Library) -> None:
    resident, other = here.resident(), here.resident()
    first = here.promise(resident)
    here.after(1)
    second = here.promise(resident)
    here.promise(other)
    desk = here.town.cases.promising
    page = here.stage.act(here.town, lambda tx: desk.promises(tx, resident, replace(ALL, size=1)))
    rest = here.stage.act(
        here.town, lambda tx: desk.promises(tx, resident, replace(ALL, token=page.next_token))
    )
    assert [p.promise_id for p in (*page.items, *rest.items)] == [second, first]
