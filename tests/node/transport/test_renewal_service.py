"""A renewal is told of as it goes on, for as long as somebody listens."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta

import pytest

from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from node import limits
from node.errors import NODE_UNREACHABLE, NOT_A_PARTNER
from node.model import Role
from node.services.renewing import Progress, Renewing
from node.transport.local_client import LocalClient
from tests.node.transport.conftest import Street
from tests.node.transport.house import FRIEND, eventually

RENEW = "RenewalService/RenewRecognitions"


@contextlib.contextmanager
def operator(street: Street, seconds: float = 30.0) -> Iterator[LocalClient]:
    house = street.house
    with house.as_client(house.client(Role.OPERATOR, "renewer")) as channel:
        yield LocalClient(channel, "the house", seconds)


class Walk:
    """A renewal that goes on until it is told to stop, or is given up."""

    def __init__(self, *, speaks: bool) -> None:
        self._speaks = speaks
        self.given_up = False

    async def renew(self, *_: object, **__: object) -> AsyncGenerator[Progress, None]:
        try:
            while True:
                await asyncio.sleep(limits.RENEWAL_TOLD.total_seconds())
                if self._speaks:
                    yield Progress(9, 1, 0, 0, None, done=False)
        finally:
            self.given_up = True


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RENEWAL_TOLD", timedelta(milliseconds=20))


def test_what_is_not_due_is_told_once_and_done(street: Street) -> None:
    with operator(street) as client:
        [told] = client.follow(RENEW, {})
    assert (told["total"], told["done"], told["problem_en"]) == ("0", True, "")


def test_a_city_without_an_agreement_is_refused_with_its_reason(street: Street) -> None:
    reasons = []
    with operator(street) as client:
        for city in ("420100", FRIEND):
            with pytest.raises(HutongError) as refused:
                list(client.follow(RENEW, {"home_city": city}))
            reasons.append(refused.value.reason)
    assert reasons == [NOT_A_PARTNER, AGREEMENT_NOT_ACTIVE]


def test_one_who_hangs_up_ends_the_renewal_and_not_the_node(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk(speaks=True)
    monkeypatch.setattr(Renewing, "renew", walk.renew)
    with operator(street) as client:
        told = client.follow(RENEW, {})
        assert [next(told)["renewed"] for _ in range(3)] == ["1"] * 3
        assert not walk.given_up
        told.close()
        assert eventually(lambda: walk.given_up)


def test_a_node_that_falls_silent_is_not_waited_for_without_an_end(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk(speaks=False)
    monkeypatch.setattr(Renewing, "renew", walk.renew)
    with operator(street, seconds=0.3) as client, pytest.raises(HutongError) as refused:
        list(client.follow(RENEW, {}))
    assert refused.value.reason == NODE_UNREACHABLE
    assert eventually(lambda: walk.given_up)


def test_what_stands_is_told_for_each_active_partner_and_this_city(street: Street) -> None:
    with operator(street) as client:
        shown = client.call("RenewalService/GetRenewals", {})
    assert [each["home_city"] for each in shown["cities"]] == ["320500", "330100", "410100"]
    assert {each["due"] for each in shown["cities"]} == {"0"}
