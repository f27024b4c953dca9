"""Status lists and attestations as both databases keep them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.identifiers import CityCode
from federation.limits import STATUS_PLACES
from federation.status_list import bits_of, place_of, status_index
from node import limits
from node.attested import IssuedAttestation, OwnStatusList, PartnerStatusList, StatusFeed
from node.model import PageRequest
from node.ports import Transaction
from node.store import statuses
from node.store.trust_tables import (
    PARTNER_STATUS_LISTS,
    STATUS_ENDED,
    STATUS_FEEDS,
    STATUS_LISTS,
)
from tests.conftest import NewStore
from tests.node.store.rig import HOME, HOST, NOW, Desk, consent, opened, recognition, text_id

OTHER = CityCode("320500")
DAY = timedelta(days=1)
ENDS = NOW + DAY


def known_as(resident_id: str) -> bytes:
    return resident_id.encode()[-32:]


def attestation(serial: int = 1, resident_id: str = text_id(1)) -> IssuedAttestation:
    return IssuedAttestation(
        attestation_id=text_id(serial),
        resident_id=resident_id,
        consent_id=text_id(800),
        host=HOST,
        pseudonym=known_as(resident_id),
        status_index=serial,
        issued_at=NOW,
        expires_at=ENDS,
        claim='["BAND"]',
        statement=b"statement",
        log_sequence=serial,
    )


def heard(number: int = 0, sequence: int = 1, *places: int) -> PartnerStatusList:
    return PartnerStatusList(HOME, number, sequence, NOW, ENDS, bits_of(places))


def keep(desk: Desk, given: Iterable[IssuedAttestation]) -> None:
    """Keep attestations, and the consents by which their residents are known to the host."""

    def add(tx: Transaction) -> None:
        for each in given:
            tx.attestations.add(each)
            if not tx.consents.page(each.resident_id, PageRequest(1, "")).items:
                given_by = consent(int(each.resident_id[-12:]), each.resident_id)
                tx.consents.add(given_by, each.pseudonym)

    desk.run(add)


def take(desk: Desk, count: int, host: CityCode = HOST) -> tuple[int, ...]:
    return desk.run(lambda tx: tx.statuses.take(host, count, ENDS))


def test_no_index_is_given_twice_whoever_takes_it(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        taken = [*take(desk, 1), *take(desk, 500), *take(desk, 1)]

        def one_after_the_other(tx: Transaction) -> list[int]:
            return [tx.statuses.take(HOST, 1, ENDS)[0] for _ in range(300)]

        taken += desk.run(one_after_the_other)
        assert len(set(taken)) == len(taken)


def test_a_transaction_that_fails_gives_nothing_away(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        first = take(desk, 1)

        def fails(tx: Transaction) -> None:
            tx.statuses.take(HOST, 40, ENDS)
            raise KeyError

        with pytest.raises(KeyError):
            desk.run(fails)
        assert desk.rows(STATUS_FEEDS)[0].used == 1
        assert take(desk, 1) != first


def test_a_full_list_is_closed_and_the_next_one_has_an_order_of_its_own(
    new_store: NewStore,
) -> None:
    with opened(new_store("one")) as desk:
        first = take(desk, STATUS_PLACES - 1)
        across = take(desk, 3)
        assert [place_of(index)[0] for index in across] == [0, 1, 1]
        assert {*first, across[0]} == set(range(STATUS_PLACES))
        closed, current = desk.rows(STATUS_LISTS)
        assert closed.closes_at == ENDS.timestamp() * 1_000_000
        assert current.closes_at == 0
        assert closed.secret != current.secret
        assert len(desk.read(lambda tx: tx.statuses.lists(HOST, NOW))) == 2
        assert [
            listed.list_number for listed in desk.read(lambda tx: tx.statuses.lists(HOST, ENDS))
        ] == [1]


def test_two_hosts_share_no_order_and_no_number(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        ours, theirs = take(desk, 64), take(desk, 64, OTHER)
        assert ours != theirs
        desk.run(lambda tx: tx.statuses.end(HOST, ours[0], ENDS))
        assert desk.read(lambda tx: tx.statuses.feeds()) == (
            StatusFeed(OTHER, 0, 0),
            StatusFeed(HOST, 1, 0),
        )
        assert not desk.read(lambda tx: tx.statuses.is_ended(OTHER, ours[0]))
        [listed] = desk.read(lambda tx: tx.statuses.lists(OTHER, NOW))
        assert listed.places == ()


def test_a_place_is_set_once_and_counted_once(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        [one, two] = take(desk, 2)
        for index in (one, one, two, one):
            desk.run(lambda tx, i=index: tx.statuses.end(HOST, i, ENDS))  # type: ignore[misc]
        assert desk.read(lambda tx: tx.statuses.feed(HOST)) == StatusFeed(HOST, 2, 0)
        assert desk.read(lambda tx: tx.statuses.lists(HOST, NOW)) == (
            OwnStatusList(0, tuple(sorted((one, two))), 2),
        )


def test_the_cursor_of_a_host_never_goes_back(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        for index in take(desk, 5):
            desk.run(lambda tx, i=index: tx.statuses.end(HOST, i, ENDS))  # type: ignore[misc]
        for upto in (3, 1, 4, 2):
            desk.run(lambda tx, n=upto: tx.statuses.acknowledge(HOST, n))  # type: ignore[misc]
        assert desk.read(lambda tx: tx.statuses.feed(HOST)) == StatusFeed(HOST, 5, 4)
        assert desk.read(lambda tx: tx.statuses.lists(HOST, NOW, after=5)) == ()
        assert len(desk.read(lambda tx: tx.statuses.lists(HOST, NOW, after=4))) == 1


def test_nothing_is_known_of_a_host_that_nobody_visited(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        assert desk.read(lambda tx: tx.statuses.feed(HOST)) == StatusFeed(HOST, 0, 0)
        assert desk.read(lambda tx: tx.statuses.lists(HOST, NOW)) == ()
        assert not desk.read(lambda tx: tx.statuses.is_ended(HOST, 0))
        assert desk.read(lambda tx: tx.partner_statuses.heard(HOME)) == (0, 0)
        assert desk.read(lambda tx: tx.partner_statuses.get(HOME, 0)) is None


def test_the_order_of_a_list_is_worked_out_by_its_secret_alone(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(new_store("one")) as desk:
        monkeypatch.setattr(statuses, "draw", lambda size: b"s" * size)
        ours, theirs = take(desk, 20), take(desk, 20, OTHER)
        assert ours == theirs


def test_what_ended_stays_in_the_list_until_it_would_have_ended_anyway(
    new_store: NewStore,
) -> None:
    with opened(new_store("one")) as desk:
        [index] = take(desk, 1)
        desk.run(lambda tx: tx.statuses.end(HOST, index, ENDS))
        desk.clock.instant = ENDS + limits.STATUSES_KEPT
        desk.sweep()
        assert len(desk.rows(STATUS_ENDED)) == 1
        desk.clock.instant += timedelta(microseconds=1)
        desk.sweep()
        assert desk.rows(STATUS_ENDED) == []
        assert desk.read(lambda tx: tx.statuses.feed(HOST)).sequence == 1


def test_the_newest_of_a_partners_lists_replaces_the_one_before(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        first, later = heard(0, 1, 4), replace(heard(0, 9, 4, 65_535), issued_at=NOW + DAY / 2)
        desk.run(lambda tx: tx.partner_statuses.put([first, heard(3, 2)]))
        desk.run(lambda tx: tx.partner_statuses.put([later]))
        assert desk.read(lambda tx: tx.partner_statuses.get(HOME, 0)) == later
        assert desk.read(lambda tx: tx.partner_statuses.get(HOME, 3)) == heard(3, 2)
        assert desk.read(lambda tx: tx.partner_statuses.heard(HOME)) == (9, 2)
        assert desk.read(lambda tx: tx.partner_statuses.heard(HOST)) == (0, 0)
        assert len(desk.rows(PARTNER_STATUS_LISTS)) == 2


def test_a_list_number_of_any_size_can_be_looked_up(new_store: NewStore) -> None:
    """A hostile home city gives whatever index has 64 bits."""
    with opened(new_store("one")) as desk:
        number, _ = place_of(2**64 - 1)
        assert desk.read(lambda tx: tx.partner_statuses.get(HOME, number)) is None


def test_recognitions_end_by_the_places_of_their_home_city_alone(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        of = {serial: status_index(0, serial) for serial in range(1, 200)}

        def keep(tx: Transaction) -> None:
            for serial, index in of.items():
                home = OTHER if serial == 7 else HOME
                seen = recognition(serial, serial.to_bytes(32, "big"))
                tx.recognitions.put(replace(seen, home=home, status_index=index))

        desk.run(keep)
        ended = [*range(1, 130), 60_000]
        assert desk.run(lambda tx: tx.recognitions.end_at(HOME, ended, NOW)) == 128
        assert desk.run(lambda tx: tx.recognitions.end_at(HOME, ended, NOW + DAY)) == 0
        for serial in (1, 7, 129, 130):
            found = desk.read(lambda tx, s=serial: tx.recognitions.get(text_id(s)))  # type: ignore[misc]
            assert found is not None
            assert found.ended_at == (NOW if serial in (1, 129) else None)


def test_an_attestation_is_kept_as_it_was_given(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        given = attestation()
        keep(desk, [given])
        assert desk.read(lambda tx: tx.attestations.get(text_id(1), text_id(1))) == given
        assert desk.read(lambda tx: tx.attestations.get(text_id(2), text_id(1))) is None
        assert "statement" not in repr(given)


def test_an_attestation_stands_until_it_ends_and_ends_once(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        given = [attestation(serial) for serial in (1, 2, 3)]
        keep(desk, given)
        assert desk.run(lambda tx: tx.attestations.end(given[0], NOW))
        assert not desk.run(lambda tx: tx.attestations.end(given[0], NOW + DAY))
        standing = desk.read(lambda tx: tx.attestations.standing(text_id(1), NOW))
        assert set(standing) == set(given[1:])
        assert desk.read(lambda tx: tx.attestations.standing(text_id(1), ENDS)) == ()
        kept = desk.read(lambda tx: tx.attestations.get(text_id(1), text_id(1)))
        assert kept == replace(given[0], ended_at=NOW)


def test_those_of_many_residents_are_found_and_nobody_elses(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        given = [attestation(serial, text_id(serial % 90)) for serial in range(1, 271)]
        keep(desk, given)
        wanted = [text_id(serial) for serial in range(80)]
        found = desk.read(lambda tx: tx.attestations.standing_of([*wanted, text_id(999)], NOW))
        assert sorted(a.attestation_id for a in found) == sorted(
            a.attestation_id for a in given if a.resident_id in wanted
        )
        assert desk.read(lambda tx: tx.attestations.standing_of([], NOW)) == ()
        ended = next(a for a in given if a.resident_id == text_id(7))
        assert desk.run(lambda tx: tx.attestations.end(ended, NOW))
        left = desk.read(lambda tx: tx.attestations.standing_of([text_id(7)], NOW))
        assert len(left) == 2
        assert ended.attestation_id not in {a.attestation_id for a in left}
        assert desk.read(lambda tx: tx.attestations.standing_of(wanted, ENDS)) == ()


def test_what_was_attested_just_now_can_be_ended_in_the_same_transaction(
    new_store: NewStore,
) -> None:
    with opened(new_store("one")) as desk:

        def both(tx: Transaction) -> bool:
            tx.attestations.add(attestation())
            return tx.attestations.end(attestation(), NOW)

        assert desk.run(both)
        assert desk.read(lambda tx: tx.attestations.standing(text_id(1), NOW)) == ()


def test_a_residents_attestations_come_in_pages_the_newest_first(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        keep(desk, [attestation(serial) for serial in range(1, 6)])
        first = desk.read(lambda tx: tx.attestations.page(text_id(1), PageRequest(3, "")))
        rest = desk.read(
            lambda tx: tx.attestations.page(text_id(1), PageRequest(3, first.next_token))
        )
        assert [a.status_index for a in (*first.items, *rest.items)] == [5, 4, 3, 2, 1]
        assert rest.next_token == ""


def test_a_city_with_many_partners_puts_each_list_in_order_once() -> None:
    """Else each attestation would wait until all the places of a list are sorted anew."""
    secrets = [bytes([n]) * 32 for n in range(40)]
    statuses._shuffled.cache_clear()
    for secret in secrets * 2:
        statuses._shuffled(secret)
    assert statuses._shuffled.cache_info().misses == len(secrets)
