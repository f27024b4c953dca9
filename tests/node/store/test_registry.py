"""What operators decided: read as one version, never half-new, and seen by every process."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from federation import codec
from federation.messages import Flags
from node.incentives import Catalogue
from node.ports import Transaction
from node.registry import Partner, Registry
from node.store.connection import Session
from node.store.tables import CATALOGUES
from tests.conftest import NewStore
from tests.node.befriend import active
from tests.node.services.simulated import MemoryKeys
from tests.node.store.rig import HOST, NOW, Desk, opened


def partner(sequence: int = 1, reason: str = "") -> Partner:
    keys = MemoryKeys(HOST, NOW, sequence)
    bundle = codec.TRUST_BUNDLE.decode(keys.bundle.payload)
    return active(Partner(HOST, bundle, keys.bundle, NOW, state_reason=reason))


def decide(number: int) -> Callable[[Transaction], None]:
    """One decision that shows in two tables; a registry with two numbers in it is half-new."""

    def case(tx: Transaction) -> None:
        tx.administration.put_catalogue(Catalogue(1, (), str(number)))
        tx.administration.put_partner(partner(reason=str(number)))

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


def test_a_partner_comes_back_from_the_store_as_it_was_kept(two: tuple[Desk, Desk]) -> None:
    one, other = two
    said = Partner(
        city=HOST,
        bundle=partner(2).bundle,
        envelope=partner(2).envelope,
        added_at=NOW,
        here=Flags(approved=True, suspended=True),
        sequence=7,
        there=Flags(approved=True, tested=True),
        there_sequence=9,
        told=6,
        exchanged_by="operator/li",
        words=b"\x00\x01\x02\x03\x04\xff",
        state_reason="drill",
    )
    one.run(lambda tx: tx.administration.put_partner(said))
    other.refresh()
    assert other.store.registry.partners[HOST] == said
    assert other.store.registry.active_partner(HOST) is None


def test_the_newest_catalogue_counts_and_the_older_ones_stay(two: tuple[Desk, Desk]) -> None:
    one, _ = two
    one.run(lambda tx: tx.administration.put_catalogue(Catalogue(2, (), "two")))
    found = one.store.registry.catalogue
    assert found is not None
    assert (found.version, found.content) == (2, "two")
    assert [row.version for row in one.rows(CATALOGUES)] == [1, 2]
