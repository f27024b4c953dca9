"""Lies about a period of a log: each is found, without the city, its node or its store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.merkle_log import consistency_proof
from node.audited import AuditedEntry, Period, micros
from node.services.audit_verifying import Audited, joined
from tests.federation.make import HANGZHOU, NANJING, NOW, ZHENGZHOU
from tests.node.services.audit_stage import (
    END,
    FIRST,
    KEYS,
    MINUTE,
    SINCE,
    SIZE,
    UNTIL,
    MadeLog,
    entry,
    judged,
    problems,
)

LOG = MadeLog()
PERIOD = LOG.period()
TRUE = LOG.entries[FIRST:END]
Entries = list[AuditedEntry]


def forked_at(number: int) -> MadeLog:
    """The same city's log with another entry of that number, and all that came after it."""
    made = MadeLog()
    made.entries[number] = entry(number, "was never said")
    return made


def following(log: MadeLog, other: MadeLog) -> list[Audited]:
    """A period of one log, and the next one of another."""
    later = other.period(END - 5, SIZE, since=UNTIL, until=NOW + 38 * MINUTE)
    periods: list[tuple[Period, Entries]] = [
        (log.period(), log.entries[FIRST:END]),
        (later, other.entries[END - 5 :]),
    ]
    sizes = {size for period, _ in periods for size in (period.first, period.end)}
    return [judged(period, entries, sizes=sizes) for period, entries in periods]


def with_note(name: str, note: bytes) -> Period:
    change: dict[str, Any] = {name: note}
    return replace(PERIOD, **change)


def test_a_period_as_it_was_is_whole() -> None:
    found = judged(PERIOD, TRUE)
    assert found.problems == ()
    assert found.entries == END - FIRST
    assert sum(found.kinds.values()) == (UNTIL - SINCE) / MINUTE
    assert {(each.what, each.city) for each in found.witnesses} == {
        (what, HANGZHOU) for what in ("before", "after", "newest")
    }
    assert (found.backdated, found.unchecked) == (0, 0)


@pytest.mark.parametrize(("first", "end"), [(0, 1), (0, SIZE), (1, SIZE), (31, 32), (32, 33)])
def test_a_period_is_whole_wherever_it_lies_in_the_tree(first: int, end: int) -> None:
    since = NOW + first * MINUTE + MINUTE / 2
    until = NOW + (end - 1) * MINUTE if end - 1 > first else since + MINUTE / 4
    period = LOG.period(first, end, since=since, until=until)
    wanted = set() if end - 1 > first else {"ends_early"}
    assert problems(period, LOG.entries[first:end]) == wanted


@pytest.mark.parametrize("place", range(END - FIRST))
def test_an_entry_that_was_left_out_is_missed(place: int) -> None:
    assert "truncated" in problems(PERIOD, TRUE[:place] + TRUE[place + 1 :])


@pytest.mark.parametrize("place", range(END - FIRST))
def test_one_left_out_and_another_put_in_is_found(place: int) -> None:
    lie = [*TRUE[:place], entry(99), *TRUE[place + 1 :]]
    assert "rewritten" in problems(PERIOD, lie)


@pytest.mark.parametrize("place", range(END - FIRST - 1))
def test_two_entries_that_changed_places_are_found(place: int) -> None:
    for other in range(place + 1, END - FIRST):
        lie = list(TRUE)
        lie[place], lie[other] = lie[other], lie[place]
        assert "rewritten" in problems(PERIOD, lie)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, kind="received" if one.kind != "received" else "issued"),
        lambda one: replace(one, at_micros=one.at_micros + 1),
        lambda one: replace(one, commitment=bytes(32)),
    ],
    ids=["its kind", "its instant", "its commitment"],
)
@pytest.mark.parametrize("place", [0, 12, END - FIRST - 1])
def test_an_entry_that_was_changed_is_found(
    place: int, change: Callable[[AuditedEntry], AuditedEntry]
) -> None:
    lie = list(TRUE)
    lie[place] = change(lie[place])
    assert "rewritten" in problems(PERIOD, lie)


def test_an_entry_that_was_added_is_found() -> None:
    assert "beyond" in problems(PERIOD, [*TRUE, LOG.entries[END]])
    assert {"beyond", "rewritten"} <= problems(PERIOD, [entry(7), *TRUE])
    assert {"beyond", "rewritten"} <= problems(PERIOD, [*TRUE[:9], TRUE[8], *TRUE[9:]])


@given(st.data())
def test_no_other_entries_are_taken_for_those_of_the_period(data: st.DataObject) -> None:
    known = st.sampled_from(LOG.entries)
    made = st.builds(
        AuditedEntry,
        st.sampled_from(["issued", "refused", "other"]),
        st.integers(0, micros(NOW + timedelta(days=1))),
        st.binary(min_size=32, max_size=32),
    )
    lie = list(TRUE)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(lie)))
        end = data.draw(st.integers(start, len(lie)))
        lie[start:end] = data.draw(st.lists(known | made, max_size=4))
    assert bool(judged(PERIOD, lie).problems) is (lie != TRUE)


def test_a_period_that_ends_before_it_says_is_found() -> None:
    stale = replace(PERIOD, until=UNTIL + 10 * MINUTE)
    assert problems(stale, TRUE) == {"ends_early"}
    # An older checkpoint in the place of the last one: what follows it was left out.
    size = END - 5
    cut = replace(
        PERIOD,
        after=LOG.note(size, [HANGZHOU]),
        consistency=consistency_proof(size, SIZE, LOG.node),
    )
    assert problems(cut, TRUE[:-5]) == {"ends_early"}


def test_a_period_that_begins_after_it_says_is_found() -> None:
    late = LOG.period(FIRST + 5)
    found = {"begins_late", "begin_unseen"}
    assert problems(late, LOG.entries[FIRST + 5 : END]) == found
    assert problems(replace(PERIOD, since=SINCE - 10 * MINUTE), TRUE) == found


def hiding(log: MadeLog, first: int, end: int, **seen: datetime) -> set[str]:
    """What is found of a period that was cut at those entries; `before` or `after` seen then."""
    period = log.period(first, end)
    for name, size in (("before", first), ("after", end)):
        # Else the city keeps back that any partner saw it.
        witnesses = [HANGZHOU] if name in seen else []
        change: dict[str, Any] = {name: log.note(size, witnesses, at=seen.get(name))}
        period = replace(period, **change)
    return problems(period, log.entries[first:end])


def test_an_entry_dated_ahead_ends_no_period_before_its_time() -> None:
    log = MadeLog()
    log.entries[20] = replace(log.entries[20], at_micros=micros(UNTIL))
    before = NOW + FIRST * MINUTE
    assert hiding(log, FIRST, 21, before=before) == {"end_unseen"}
    assert hiding(log, FIRST, 21, before=before, after=NOW + 21 * MINUTE) == {"ahead"}


def test_an_entry_dated_back_begins_no_period_after_its_time() -> None:
    log, after = MadeLog(), NOW + END * MINUTE
    log.entries[15] = replace(log.entries[15], at_micros=micros(SINCE - MINUTE))
    assert hiding(log, 15, END, after=after) == {"begin_unseen"}
    seen = NOW + 15 * MINUTE
    assert hiding(log, 15, END, before=seen, after=after) == {"begin_unseen"}
    # The log's beginning needs nobody to have seen it.
    assert problems(log.period(0), log.entries[:END]) == set()
    assert problems(log.period(15, witnesses=()), log.entries[15:END], witnesses=0) == set()


def test_what_a_file_kept_back_by_a_false_instant_is_in_the_next_one() -> None:
    log = MadeLog()
    log.entries[20] = replace(log.entries[20], at_micros=micros(UNTIL))
    one = judged(log.period(FIRST, 21), log.entries[FIRST:21])
    later = log.period(18, SIZE, since=UNTIL, until=NOW + 38 * MINUTE)
    two = judged(later, log.entries[18:])
    assert [(each.name, each.entry) for each in joined([one, two])] == [("latecomer", 28)]


def test_what_is_no_period_is_told() -> None:
    assert "no_period" in problems(replace(PERIOD, since=UNTIL, until=UNTIL), TRUE)


def test_another_citys_checkpoint_proves_nothing() -> None:
    other = MadeLog(city=NANJING)
    for name, note in (
        ("before", other.note(FIRST)),
        ("after", other.note(END)),
        ("newest", other.note(SIZE)),
    ):
        assert "checkpoint_bad" in problems(with_note(name, note), TRUE)


def test_a_checkpoint_that_somebody_else_signed_proves_nothing() -> None:
    for name, size in (("before", FIRST), ("after", END), ("newest", SIZE)):
        note = bytearray(getattr(PERIOD, name))
        line = note.index(b"hutong/410100 ") + 30
        note[line] = ord("A") if note[line] != ord("A") else ord("B")
        assert "checkpoint_bad" in problems(with_note(name, bytes(note)), TRUE), size


@pytest.mark.parametrize("number", [0, FIRST - 1, FIRST, 20, END - 1])
def test_a_history_that_was_rewritten_is_not_that_which_partners_cosigned(number: int) -> None:
    fork = forked_at(number)
    lie = replace(fork.period(), newest=PERIOD.newest, consistency=PERIOD.consistency)
    assert "not_contained" in problems(lie, fork.entries[FIRST:END])


def test_a_history_that_was_rewritten_after_the_period_is_found() -> None:
    fork = forked_at(END + 1)
    lie = replace(PERIOD, newest=fork.note(SIZE, [HANGZHOU]))
    assert problems(lie, TRUE) == {"not_contained"}


def test_a_history_that_nobody_cosigned_is_told_to_be_the_citys_word_alone() -> None:
    fork = forked_at(20).period(witnesses=())
    entries = forked_at(20).entries[FIRST:END]
    assert problems(fork, entries) == {"unwitnessed"}
    assert problems(fork, entries, witnesses=0) == set()


def test_a_city_is_no_witness_of_itself_and_nobody_is_two() -> None:
    alone = LOG.period(witnesses=[ZHENGZHOU])
    assert problems(alone, TRUE) == {"unwitnessed"}
    assert problems(PERIOD, TRUE, witnesses=2) == {"unwitnessed"}
    assert problems(LOG.period(witnesses=[HANGZHOU, NANJING]), TRUE, witnesses=2) == set()


def test_by_a_key_that_was_revoked_a_partner_witnesses_nothing_and_breaks_nothing() -> None:
    revoked = {
        city: tuple(replace(key, revoked_at=NOW) for key in keys) if city == HANGZHOU else keys
        for city, keys in KEYS.items()
    }
    found = judged(PERIOD, TRUE, keys=revoked)
    assert {each.name for each in found.problems} == {"unwitnessed"}
    assert (found.witnesses, found.unchecked) == ((), 3)


def test_a_cosignature_of_another_checkpoint_is_found() -> None:
    line = PERIOD.after.splitlines(keepends=True)[-1]
    newest = LOG.note(SIZE) + line
    found = problems(replace(PERIOD, newest=newest), TRUE)
    assert {"cosignature_bad", "unwitnessed"} <= found


def test_what_a_partner_cannot_have_seen_is_found() -> None:
    early = LOG.note(SIZE, [HANGZHOU], at=NOW + 12 * MINUTE)
    assert problems(replace(PERIOD, newest=early), TRUE) == {"ahead"}


@pytest.mark.parametrize("place", range(FIRST.bit_count()))
def test_another_edge_is_found(place: int) -> None:
    edge = list(PERIOD.edge)
    edge[place] = bytes(32)
    assert {"edge_changed", "rewritten"} <= problems(replace(PERIOD, edge=tuple(edge)), TRUE)
    assert "edge_changed" in problems(replace(PERIOD, edge=()), TRUE)


def test_a_period_put_elsewhere_in_the_log_is_found() -> None:
    lie = replace(PERIOD, before=b"", edge=())
    assert {"truncated"} <= problems(lie, TRUE)
    moved = LOG.period(FIRST + 1)
    assert "beyond" in problems(moved, TRUE)


def test_a_changed_proof_of_the_newest_checkpoint_is_found() -> None:
    for hashes in ((), PERIOD.consistency[:-1], (*PERIOD.consistency, bytes(32))):
        lie = replace(PERIOD, consistency=hashes)
        assert problems(lie, TRUE) == {"not_contained"}


def test_old_checkpoints_may_be_by_keys_that_nobody_knows_any_more() -> None:
    before, after = (LOG.note(size, [HANGZHOU], key="old") for size in (FIRST, END))
    old = replace(PERIOD, before=before, after=after)
    found = judged(old, TRUE)
    assert (found.problems, found.unchecked) == ((), 2)
    assert "checkpoint_bad" in problems(replace(old, newest=LOG.note(SIZE, key="old")), TRUE)


def test_an_entry_that_was_dated_back_is_counted() -> None:
    made = MadeLog()
    made.entries[20] = replace(made.entries[20], at_micros=micros(NOW))
    found = judged(made.period(), made.entries[FIRST:END])
    assert (found.problems, found.backdated) == ((), 1)


def test_periods_that_follow_each_other_are_one_history() -> None:
    one, two = following(LOG, LOG)
    assert joined([one, two]) == []


def test_a_gap_between_two_periods_is_found() -> None:
    one, _ = following(LOG, LOG)
    later = LOG.period(35, SIZE, since=NOW + 36 * MINUTE, until=NOW + 38 * MINUTE)
    two = judged(later, LOG.entries[35:])
    assert [each.name for each in joined([one, two])] == ["gap"]


@pytest.mark.parametrize("number", [0, 20, END - 2])
def test_two_periods_of_two_histories_are_found(number: int) -> None:
    one, two = following(LOG, forked_at(number))
    assert one.problems == two.problems == ()
    assert [each.name for each in joined([one, two])] == ["two_histories"]


def test_periods_of_two_cities_are_no_history() -> None:
    one, two = following(LOG, MadeLog(city=NANJING))
    assert "other_city" in [each.name for each in joined([one, two])]
