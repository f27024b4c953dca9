"""Status lists over the peer port: brought and fetched over real TLS, and what a host may ask."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    AGREEMENT_NOT_ACTIVE,
    MALFORMED,
    STATUS_ROLLED_BACK,
    TOO_LARGE,
    WRONG_AUDIENCE,
)
from federation.identifiers import CityCode, uuid7
from federation.limits import STATUS_PUSH
from federation.messages import Header
from federation.standing import StatusList
from federation.status_list import bits_of, is_set
from federation.v1 import federation_service_pb2 as pb
from node.clock import SystemEntropy
from node.errors import NOT_A_PARTNER
from node.ports import Transaction
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    FRIEND,
    HERE,
    OTHER,
    Loop,
    Stranger,
    call,
    failure,
    now,
    opened,
    stranger,
)
from tests.node.transport.test_metrics import made, of, scraped

PUSH = "/federation.v1.FederationService/PushStatusLists"
GET = "/federation.v1.FederationService/GetStatusLists"
LIFE = timedelta(minutes=5)


@pytest.fixture
def home(loop: Loop, tmp_path: Path) -> Iterator[Street]:
    with opened(loop, tmp_path / "here") as house:
        friend, other = stranger(tmp_path / "friend", FRIEND), stranger(tmp_path / "other", OTHER)
        house.trust(friend)
        house.trust(other)
        yield Street(house, friend, other)


def listed(
    city: Stranger, *places: int, sequence: int = 1, number: int = 0, audience: CityCode = HERE
) -> Envelope:
    at = now()
    header = Header(uuid7(at, SystemEntropy().token(10)), city.code, (audience,), at, at + LIFE)
    said = StatusList(header, number, sequence, bits_of(places), LIFE)
    return seal(codec.STATUS_LIST, said, [city.keys])


def push(*lists: Envelope) -> bytes:
    wire = [codec.envelope_to_wire(each) for each in lists]
    return pb.PushStatusListsRequest(status_lists=wire).SerializeToString()


def fetched(channel: grpc.Channel) -> list[StatusList]:
    answers = channel.unary_stream(GET, None, pb.GetStatusListsResponse.FromString)(b"", timeout=20)
    return [
        codec.STATUS_LIST.decode(codec.envelope_from_wire(each.status_list).payload)
        for each in answers
    ]


def test_a_partner_brings_its_lists_as_many_as_one_message_holds(home: Street) -> None:
    lists = [listed(home.friend, number, number=number) for number in range(STATUS_PUSH)]
    with home.house.as_partner(home.friend.own) as channel:
        assert call(channel, PUSH, push(*lists)) == b""
    kept = home.house.act(lambda tx: tx.partner_statuses.get(FRIEND, 15))
    assert is_set(kept.bits, 15)
    assert home.house.act(lambda tx: tx.partner_statuses.heard(FRIEND)) == (1, STATUS_PUSH)


def test_too_many_lists_none_and_nonsense_are_refused(home: Street) -> None:
    many = [listed(home.friend, number=number) for number in range(STATUS_PUSH + 1)]
    empty = pb.PushStatusListsRequest(status_lists=[pb.PushStatusListsRequest().status_lists.add()])
    with home.house.as_partner(home.friend.own) as channel:
        for body, reason in (
            (push(*many), TOO_LARGE),
            (push(), TOO_LARGE),
            (b"\xff\xff", MALFORMED),
        ):
            found = failure(channel, PUSH, body).error
            assert found is not None
            assert found.reason == reason
        assert failure(channel, PUSH, empty.SerializeToString()).error is not None
    assert home.house.act(lambda tx: tx.partner_statuses.heard(FRIEND)) == (0, 0)


def test_a_list_that_is_not_for_this_host_or_older_is_refused_with_its_reason(
    home: Street,
) -> None:
    with home.house.as_partner(home.friend.own) as channel:
        call(channel, PUSH, push(listed(home.friend, sequence=5)))
        for body, reason in (
            (push(listed(home.friend, audience=OTHER, sequence=6)), WRONG_AUDIENCE),
            (push(listed(home.friend, sequence=4)), STATUS_ROLLED_BACK),
        ):
            found = failure(channel, PUSH, body).error
            assert found is not None
            assert found.reason == reason


def test_a_suspended_partner_neither_brings_nor_fetches(home: Street) -> None:
    with home.house.as_partner(home.friend.own) as channel:
        home.house.suspend(FRIEND)
        for method in (PUSH, GET):
            found = failure(channel, method, push(listed(home.friend))).error
            assert found is not None
            assert found.reason == NOT_A_PARTNER


def test_without_an_agreement_in_force_there_is_nothing_to_rely_on(home: Street) -> None:
    with home.house.as_partner(home.friend.own) as channel:
        found = failure(channel, GET).error
    assert found is not None
    assert found.reason == AGREEMENT_NOT_ACTIVE


def test_each_host_fetches_its_own_lists_and_no_word_of_anothers(
    home: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force = SimpleNamespace(in_force=lambda _now: True, status_freshness=LIFE)
    monkeypatch.setattr(home.house.cases.status_desk._book, "find", lambda *_: in_force)
    ends = now() + LIFE

    def give(tx: Transaction) -> int:
        first, _ = tx.statuses.take(FRIEND, 2, ends)
        tx.statuses.end(FRIEND, first, ends)
        return first

    place = home.house.act(give)
    with home.house.as_partner(home.friend.own) as channel:
        [found] = fetched(channel)
    assert (found.header.audience, found.sequence) == ((FRIEND,), 1)
    assert found.header.expires_at - found.header.issued_at == found.time_to_live == LIFE
    assert found.bits == bits_of([place])
    with home.house.as_partner(home.other.own) as channel:
        assert fetched(channel) == []


def test_what_a_host_lacks_is_measured(home: Street) -> None:
    house, ends = home.house, now() + LIFE

    def give(tx: Transaction) -> None:
        for index in tx.statuses.take(FRIEND, 3, ends):
            tx.statuses.end(FRIEND, index, ends)

    house.act(give)
    house.suspend(FRIEND)
    house.loop.run(house.cases.delivering.tick())
    samples = scraped(made(house))
    assert of(samples, "partner_undelivered", city=FRIEND, delivery="status") == 3
    seconds = of(samples, "partner_undelivered_age_seconds", city=FRIEND, delivery="status")
    assert seconds is not None
    assert seconds >= 0
    assert of(samples, "partner_undelivered", city=OTHER, delivery="status") == 0
