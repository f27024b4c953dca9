"""Faults that were found in what a node is sent, each with its story; none may come back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.certificates import peer_identity, pem_to_der, pinned, validity
from node.errors import FIELD_INVALID
from node.ports import BundleSwap
from node.transport import fields
from node.v1 import operator_service_pb2
from node.v1 import resident_service_pb2 as pb
from tests.conftest import NewStore
from tests.node.services.partnering import HANGZHOU, ZHENGZHOU, meet, strangers
from tests.node.services.trying import played

CITY = CityCode("410100")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize("nanos", [10**9, 2**31 - 1, -1, -(2**31)])
@pytest.mark.parametrize("seconds", [0, 1_800_000_000, 253_402_300_799])
def test_a_second_ends_after_its_nanoseconds(seconds: int, nanos: int) -> None:
    # With two seconds' worth of them the last second of 9999 was an instant of no calendar, and the
    # call ended with INTERNAL.
    request = pb.GiveConsentRequest(expires_at=Timestamp(seconds=seconds, nanos=nanos))
    with pytest.raises(HutongError) as found:
        fields.instant(request, "expires_at")
    assert found.value.reason == FIELD_INVALID


def test_the_last_instant_is_one() -> None:
    last = Timestamp(seconds=253_402_300_799, nanos=999_999_999)
    found = fields.instant(pb.GiveConsentRequest(expires_at=last), "expires_at")
    assert found == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("field", ["lead", "overlap"])
@pytest.mark.parametrize(
    "duration",
    [
        Duration(seconds=2**63 - 1),
        Duration(seconds=-(2**63)),
        Duration(seconds=-1),
        Duration(nanos=-1),
        Duration(nanos=10**9),
    ],
    ids=str,
)
def test_a_duration_that_is_none_is_refused(field: str, duration: Duration) -> None:
    # More seconds than Python's clock can hold ended a rotation of keys with INTERNAL.
    request: Any = operator_service_pb2.RotateKeysRequest()
    getattr(request, field).CopyFrom(duration)
    with pytest.raises(HutongError) as found:
        fields.span(request, field)
    assert found.value.reason == FIELD_INVALID
    getattr(request, field).CopyFrom(Duration(seconds=86_400, nanos=5000))
    assert fields.span(request, field) == timedelta(days=1, microseconds=5)


@played
async def test_a_partner_that_claims_to_know_what_there_is_not_is_not_believed(
    new_sqlite: NewStore,
) -> None:
    # The number was kept as it came; one of 64 bits is more than a database takes, and every swap
    # with that partner failed inside the node, told to nobody.
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await meet(one, other)
        peers: Any = one.cases.swapping._peers
        honest: Callable[..., Awaitable[BundleSwap]] = peers.exchange_trust_bundles

        async def boasting(*given: object, **named: object) -> BundleSwap:
            return replace(await honest(*given, **named), acknowledged=2**64 - 1)

        peers.exchange_trust_bundles = boasting
        await one.cases.swapping.swap(other.code)
        contact = await one.store.read(lambda tx: tx.partnerships.contact(other.code))
        assert contact is not None
        assert contact.problem == ""
        assert contact.acknowledged == 1


def test_a_certificate_whose_days_are_none_stands_for_nobody() -> None:
    # It could be pinned, and then every look at when it ends fell over it: the list of partners,
    # `doctor`, the metrics.
    der = peer_identity(CITY, now=NOW, life=timedelta(days=50 * 365)).der()
    assert pinned(der, CITY) is not None
    assert der.count(b"2076") == 1
    for year in (b"0000", b"2O76", b"\x00\x00\x00\x00", b"9999"):
        found = pinned(der.replace(b"2076", year), CITY)
        if found is not None:
            assert validity(found)[1].year == int(year)
            assert pem_to_der(found) == der.replace(b"2076", year)
