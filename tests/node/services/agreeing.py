"""Two cities and their agreement, for tests: what operators type, and where each city stands."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from federation.errors import HutongError, Reason
from node import data
from node.model import Caller, Role
from node.registry import AgreementState, StoredAgreement
from node.services.agreement_moves import Condition
from node.services.answering import Ask
from node.services.checking import Checked, RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.world import Town, World

# Hangzhou's code is the lower one: its proposal stands where both propose at once.
HOME, HOST, THIRD = "410100", "330100", "320500"
OPERATOR = Caller(Role.OPERATOR, "default")
TEXT = data.agreement("zhengzhou", "hangzhou").read_text("utf-8")
OTHER_TEXT = TEXT.replace("valid_days = 365", "valid_days = 100")


def run(path: Callable[[NewStore], Awaitable[None]], stores: NewStore) -> None:
    async def whole() -> None:
        await path(stores)

    asyncio.run(whole())


async def refused(reason: Reason, act: Awaitable[object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        await act
    assert found.value.reason == reason
    return found.value


def asked(town: Town) -> Ask:
    return town.ask(caller=OPERATOR)


def read(stored: StoredAgreement) -> bytes:
    """What an operator is answered."""
    return f"{stored.key[1]} {stored.state.value}".encode()


async def propose(town: Town, other: Town, *, ask: Ask | None = None, text: str = TEXT) -> bytes:
    desk = town.cases.agreements
    return await desk.propose(ask or asked(town), other.code, "a.toml", text.encode(), read)


async def amend(
    town: Town, other: Town, version: int, *, ask: Ask | None = None, text: str = TEXT
) -> bytes:
    key = (newest(town, other).key[0], version)
    desk = town.cases.agreements
    return await desk.amend(ask or asked(town), key, "a.toml", text.encode(), read)


async def sign(town: Town, other: Town, version: int, *, ask: Ask | None = None) -> bytes:
    key = (newest(town, other).key[0], version)
    return await town.cases.agreements.sign(ask or asked(town), key, read)


async def withdraw(town: Town, other: Town, version: int) -> None:
    key = (newest(town, other).key[0], version)
    desk = town.cases.agreements
    await town.store.run(lambda tx: desk.withdraw(tx, key, str(OPERATOR), "a slip"))


def newest(town: Town, other: Town) -> StoredAgreement:
    found = [s for s in town.store.registry.agreements if other.code in s.agreement.parties]
    return max(found, key=lambda stored: stored.key[1])


def states(town: Town) -> dict[int, AgreementState]:
    """The state of each version."""
    return {s.key[1]: s.state for s in town.store.registry.agreements}


def one_agreement(one: Town, other: Town, version: int) -> None:
    """Both cities have this version, the same bytes of it, in force."""
    found = [town.store.registry.signed_agreement(there.code)
             for town, there in ((one, other), (other, one))]  # fmt: skip
    assert [stored.key[1] if stored else 0 for stored in found] == [version, version]
    assert len({stored.envelope.payload for stored in found if stored}) == 1


Visit = Callable[[], Awaitable[Checked]]


async def traveller(home: Town, host: Town, points: int = 30) -> Visit:
    """A resident with a consent: each call is a new visit at a library of the host."""
    resident = await home.resident(points)
    consent = await home.consent(resident, host.code)

    async def again() -> Checked:
        return await host.check(await home.show_code(resident, consent))

    return again


async def outcome(visit: Visit) -> RecognitionOutcome:
    return (await visit()).outcome


def condition(town: Town, other: Town) -> Condition:
    return town.cases.agreements.view(newest(town, other)).condition


def both(cities: World) -> tuple[Town, Town]:
    return cities[HOME], cities[HOST]
