"""What operators decided: read as one version, never half-new, and seen by every process."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from federation import codec
from federation.identifiers import CityCode
from node.ports import Transaction
from node.registry import Catalogue, Partner, PartnerState, Registry
from node.store.connection import Session
from node.store.tables import CATALOGUES
from tests.conftest import NewStore
from tests.node.services.world import MemoryKeys
from tests.node.store.rig import HOST, NOW, Desk, opened


def partner(sequence: int = 1, state: PartnerState = PartnerState.ACTIVE) -> Partner:
    keys = MemoryKeys(HOST, NOW, sequence)
    bundle = codec.TRUST_BUNDLE.decode(keys.bundle.payload)
    return Partner(HOST, state, bundle, keys.bundle, NOW, "")


def decide(number: int) -> Callable[[Transaction], None]:
    """One decision that shows in two tables; a registry with two numbers in it is half-new."""

    def case(tx: Transaction) -> None:
        tx.administration.put_catalogue(Catalogue(1, (), str(number)))
        tx.administration.set_partner_state(HOST, PartnerState.ACTIVE, str(number))

    return case


def number_of(registry: Registry) -> int:
    assert registry.catalogue is not None
    numbers = {registry.catalogue.content, registry.partners[HOST].state_reason}
    assert len(numbers) == 1, "half-new"
    return int(numbers.pop())


@pytest.fixture
def two(new_store: NewStore) -> Iterator[tuple[Desk, Desk]]:
    """Two processes' stores over one database."""
    url = new_store("registry")
    with opened(url) as one, opened(url) as other:
        one.run(lambda tx: tx.administration.put_partner(partner()))
        one.run(decide(0))
        yield one, other


def test_another_process_sees_a_change_at_its_next_look(two: tuple[Desk, Desk]) -> None:
    one, other = two
    other.refresh()
    one.run(decide(1))
    assert number_of(one.store.registry) == 1
    assert number_of(other.store.registry) == 0
    other.refresh()
    assert number_of(other.store.registry) == 1
    one.run(decide(2))
    assert other.read(lambda tx: number_of(tx.registry)) == 2
    one.run(decide(3))
    assert other.run(lambda tx: number_of(tx.registry)) == 3
    assert number_of(other.store.registry) == 3


def test_two_processes_that_decide_in_turn_lose_nothing(two: tuple[Desk, Desk]) -> None:
    one, other = two
    before = one.store.registry.version
    for number in range(1, 11):
        (one if number % 2 else other).run(decide(number))
    one.refresh()
    assert number_of(one.store.registry) == 10
    assert one.store.registry.version == before + 20


def test_readers_see_one_version_while_a_writer_changes_it(two: tuple[Desk, Desk]) -> None:
    one, other = two
    stop = threading.Event()

    def write() -> None:
        for number in range(1, 60):
            one.run(decide(number))
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = list[int]()
    while not stop.is_set():
        seen.append(other.read(lambda tx: number_of(tx.registry)))
    writer.join()
    assert seen == sorted(seen)
    assert other.read(lambda tx: number_of(tx.registry)) == 59


def test_a_change_in_the_middle_of_a_reading_is_read_whole_or_not_at_all(
    two: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    one.run(decide(1))
    interrupted = list[str]()
    read = Session.one

    def change_meanwhile(
        session: Session, statement: sa.Select[Any], **values: object
    ) -> Sequence[Any] | None:
        if "FROM catalogues" in str(statement) and not interrupted:
            interrupted.append(str(statement))
            changing = threading.Thread(target=one.run, args=[decide(2)])
            changing.start()
            changing.join()
        return read(session, statement, **values)

    monkeypatch.setattr(Session, "one", change_meanwhile)

    assert other.read(lambda tx: number_of(tx.registry)) in {1, 2}
    assert interrupted
    assert other.read(lambda tx: number_of(tx.registry)) == 2


def test_a_use_case_sees_its_own_change_and_nobody_sees_one_that_failed(
    two: tuple[Desk, Desk],
) -> None:
    one, _ = two

    def fails(tx: Transaction) -> None:
        decide(5)(tx)
        assert number_of(tx.registry) == 5
        raise LookupError

    before = one.store.registry
    with pytest.raises(LookupError):
        one.run(fails)
    assert one.store.registry is before
    assert one.read(lambda tx: number_of(tx.registry)) == 0
    one.run(decide(6))
    assert number_of(one.store.registry) == 6


def test_a_version_that_was_rolled_back_and_came_again_has_the_new_content(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two

    def fails(tx: Transaction) -> None:
        decide(5)(tx)
        assert number_of(tx.registry) == 5
        raise LookupError

    with pytest.raises(LookupError):
        one.run(fails)
    other.run(decide(7))
    assert one.run(lambda tx: number_of(tx.registry)) == 7


def test_a_newer_bundle_touches_neither_the_state_nor_the_day_of_a_partner(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    one.run(lambda tx: tx.administration.set_partner_state(HOST, PartnerState.SUSPENDED, "drill"))
    one.run(lambda tx: tx.administration.put_partner(partner(2)))
    other.refresh()
    found = other.store.registry.partners[HOST]
    assert (found.state, found.state_reason) == (PartnerState.SUSPENDED, "drill")
    assert (found.bundle.sequence, found.added_at) == (2, NOW)
    assert other.store.registry.active_partner(HOST) is None


def test_the_newest_catalogue_counts_and_the_older_ones_stay(two: tuple[Desk, Desk]) -> None:
    one, _ = two
    one.run(lambda tx: tx.administration.put_catalogue(Catalogue(2, (), "two")))
    found = one.store.registry.catalogue
    assert found is not None
    assert (found.version, found.content) == (2, "two")
    assert [row.version for row in one.rows(CATALOGUES)] == [1, 2]


def test_a_partner_that_is_unknown_is_no_partner(two: tuple[Desk, Desk]) -> None:
    one, _ = two
    nowhere = CityCode("999999")
    one.run(lambda tx: tx.administration.set_partner_state(nowhere, PartnerState.ACTIVE, "x"))
    assert set(one.store.registry.partners) == {HOST}
