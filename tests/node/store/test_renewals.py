"""Which recognitions are due, and renewals that overwrite nobody who changed meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.attested import Due, PendingRenewal
from node.model import StoredRecognition
from node.store.tables import RECOGNITIONS
from tests.conftest import NewStore
from tests.node.store.rig import HOME, HOST, NOW, Desk, opened, recognition, text_id

HOUR = timedelta(hours=1)
ALWAYS = NOW + timedelta(days=400)


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("renewals")) as found:
        yield found


def put(desk: Desk, *recognitions: StoredRecognition) -> None:
    for each in recognitions:
        desk.run(lambda tx, each=each: tx.recognitions.put(each))  # type: ignore[misc]


def known(serial: int, ends: timedelta = HOUR, **changed: object) -> StoredRecognition:
    made = replace(
        recognition(serial, serial.to_bytes(32, "big")),
        checked_at=NOW - HOUR,
        expires_at=NOW + ends,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def due(upto: datetime = ALWAYS, checked_before: datetime = NOW) -> Due:
    return Due(HOME, NOW, upto, checked_before)


def got(desk: Desk, recognition_id: str) -> StoredRecognition:
    found = desk.read(lambda tx: tx.recognitions.get(recognition_id))
    assert found is not None
    return found


def test_a_request_is_kept_until_one_and_only_one_takes_its_answer(desk: Desk) -> None:
    first = PendingRenewal(HOME, text_id(1), b"first", NOW)
    later = PendingRenewal(HOME, text_id(0), b"later", NOW + HOUR)
    other = PendingRenewal(HOST, text_id(1), b"of another home", NOW)
    for each in (later, first, other):
        desk.run(lambda tx, each=each: tx.renewals.ask(each))  # type: ignore[misc]
    assert desk.read(lambda tx: tx.renewals.pending(HOME)) == (first, later)
    taken = [desk.run(lambda tx: tx.renewals.forget(HOME, text_id(1))) for _ in range(2)]
    assert taken == [True, False]
    assert desk.read(lambda tx: tx.renewals.pending(HOME)) == (later,)
    assert desk.read(lambda tx: tx.renewals.pending(HOST)) == (other,)


def test_only_what_stands_ends_soon_and_was_not_checked_just_now_is_due(desk: Desk) -> None:
    soon = known(1)
    put(
        desk,
        soon,
        known(2, timedelta(0)),
        known(3, 3 * HOUR),
        known(4, ended_at=NOW),
        known(5, checked_at=NOW),
        known(6, home=HOST),
    )
    asked = due(NOW + HOUR)
    assert desk.read(lambda tx: (tx.renewals.count(asked), tx.renewals.due(asked, 9))) == (
        1,
        (soon,),
    )
    assert desk.read(lambda tx: tx.renewals.count(due(checked_before=ALWAYS))) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.integers(1, 3), max_size=12), st.integers(1, 5))
def test_a_walk_sees_everybody_once_also_where_many_end_at_one_instant(
    desk: Desk, ends: list[int], most: int
) -> None:
    desk.execute("DELETE FROM recognitions")
    put(desk, *(known(i, n * HOUR) for i, n in enumerate(ends)))
    seen, after = list[StoredRecognition](), None
    while some := desk.read(lambda tx, a=after: tx.renewals.due(due(), most, a)):  # type: ignore[misc]
        assert len(some) <= most
        seen += some
        after = some[-1]
    assert sorted(each.recognition_id for each in seen) == sorted(
        text_id(i) for i in range(len(ends))
    )
    assert [each.expires_at for each in seen] == sorted(each.expires_at for each in seen)


def test_a_renewal_changes_what_the_attestation_says_and_not_the_pass(desk: Desk) -> None:
    before = known(1)
    after = replace(
        before,
        band_id="another",
        commendations=("a", "b"),
        scenarios=("x",),
        attestation_id=text_id(77),
        status_index=2**63 + 5,
        checked_at=NOW,
        expires_at=NOW + 9 * HOUR,
        agreement_id=text_id(78),
        agreement_version=4,
    )
    put(desk, before, known(2))
    assert desk.run(lambda tx: tx.renewals.renew([(before, after)])) == 1
    assert got(desk, before.recognition_id) == after
    assert got(desk, text_id(2)) == known(2)


def test_who_was_checked_or_withdrawn_meanwhile_is_neither_renewed_nor_ended(desk: Desk) -> None:
    read = [known(i) for i in range(4)]
    checked = replace(read[1], attestation_id=text_id(90), expires_at=NOW + 5 * HOUR)
    withdrawn = replace(read[2], ended_at=NOW)
    put(desk, read[0], checked, withdrawn, read[3])
    newer = [(each, replace(each, attestation_id=text_id(91), band_id="new")) for each in read[:3]]
    assert desk.run(lambda tx: tx.renewals.renew(newer)) == 1
    assert desk.run(lambda tx: tx.renewals.end([*read[1:3], read[3]], NOW + HOUR)) == 1
    assert got(desk, text_id(0)).band_id == "new"
    assert got(desk, text_id(1)) == checked
    assert got(desk, text_id(2)) == withdrawn
    assert got(desk, text_id(3)) == replace(read[3], ended_at=NOW + HOUR)


def test_nothing_to_renew_or_to_end_writes_nothing(desk: Desk) -> None:
    put(desk, known(1))
    assert desk.run(lambda tx: (tx.renewals.renew([]), tx.renewals.end([], NOW))) == (0, 0)
    assert [row[0] for row in desk.rows(RECOGNITIONS)] == [text_id(1)]


def test_pseudonyms_are_looked_up_at_once_however_many(desk: Desk) -> None:
    people = [known(i, pseudonym=i.to_bytes(32, "big")) for i in range(131)]
    put(desk, *people, known(200, home=HOST, pseudonym=b"o" * 32))
    asked = [*(each.pseudonym for each in people[:130]), b"o" * 32, b"n" * 32]
    found = desk.read(lambda tx: tx.renewals.known_as(HOME, asked))
    assert found == {each.pseudonym: each for each in people[:130]}
    assert desk.read(lambda tx: tx.renewals.known_as(HOME, [])) == {}
