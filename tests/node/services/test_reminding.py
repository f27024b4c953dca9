"""Who consented is told once before the end, and not so early that it is no news."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation.messages import Disclosure
from node.limits import CONSENT_REMINDER
from node.model import PageRequest
from node.records import Notice, NoticeKind
from node.services import reminding
from node.services.noticing import notices
from node.transport.notices import texts_of
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, Town

HOME, HOST = "410100", "330100"
DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


def consent(stage: Stage, resident: str, life: timedelta) -> str:
    home = stage[HOME]
    given = stage.act(
        home,
        lambda tx: home.cases.residents.give_consent(
            tx,
            resident_id=resident,
            host=stage[HOST].code,
            scenarios=(SCENARIO,),
            disclosure=Disclosure.BAND,
            expires_at=home.clock.now() + life,
        ),
    )
    return given.consent_id


def told(stage: Stage, resident: str) -> list[Notice]:
    page = stage.act(stage[HOME], lambda tx: notices(tx, resident, PageRequest(50, "")))
    return [notice for notice in page.items if notice.kind is NoticeKind.CONSENT_ENDING]


def ticked(stage: Stage, town: Town | None = None) -> int:
    return stage.run((town or stage[HOME]).cases.reminding.tick())


@pytest.mark.parametrize(
    ("life", "when"),
    [
        (timedelta(days=300), timedelta(days=300) - CONSENT_REMINDER),
        (timedelta(days=28), timedelta(days=14)),
        (timedelta(days=2), timedelta(days=1)),
        (timedelta(minutes=2), timedelta(minutes=1)),
    ],
)
def test_a_resident_is_reminded_at_the_instant_and_not_before(
    stage: Stage, life: timedelta, when: timedelta
) -> None:
    resident = stage.run(stage[HOME].resident())
    consent(stage, resident, life)
    stage.world.clock.forward(when - MOMENT)
    assert ticked(stage) == 0
    stage.world.clock.forward(MOMENT)
    assert ticked(stage) == 1
    assert len(told(stage, resident)) == 1


def test_nobody_is_reminded_twice_whoever_looks_and_how_often(stage: Stage) -> None:
    home = stage[HOME]
    resident = stage.run(home.resident())
    consent(stage, resident, 30 * DAY)
    stage.world.clock.forward(20 * DAY)

    async def at_once() -> list[int]:
        desks = [home.cases.reminding.tick() for _ in range(4)]
        return list(await asyncio.gather(*desks))

    assert sum(stage.run(at_once())) == 1
    stage.world.clock.forward(DAY)
    assert ticked(stage) == 0
    assert len(told(stage, resident)) == 1


def test_what_was_withdrawn_or_has_ended_is_no_news(stage: Stage) -> None:
    home = stage[HOME]
    resident = stage.run(home.resident())
    stage.run(home.withdraw(resident, consent(stage, resident, 30 * DAY)))
    consent(stage, resident, 3 * DAY)
    stage.world.clock.forward(20 * DAY)
    assert ticked(stage) == 0
    assert told(stage, resident) == []


def test_what_is_withdrawn_or_erased_while_it_is_looked_for_is_no_news(stage: Stage) -> None:
    home = stage[HOME]
    desk, resident = home.cases.reminding, stage.run(home.resident())
    number, other = stage.run(home.resident_with_number())
    given = consent(stage, resident, 30 * DAY)
    consent(stage, other, 30 * DAY)
    stage.world.clock.forward(20 * DAY)
    found = stage.act(home, desk._due)
    assert len(found) == 2
    stage.run(home.withdraw(resident, given))
    stage.run(home.cases.erasing.erase(other, number))
    assert stage.act(home, lambda tx: desk._remind(tx, found)) == 0
    assert told(stage, resident) == []


def test_more_than_one_portion_is_reminded_of_in_one_go(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "_AT_ONCE", 2)
    residents = [stage.run(stage[HOME].resident()) for _ in range(5)]
    for resident in residents:
        consent(stage, resident, 30 * DAY)
    stage.world.clock.forward(20 * DAY)
    assert ticked(stage) == 5
    assert [len(told(stage, resident)) for resident in residents] == [1] * 5


def test_the_reminder_names_the_city_and_the_end_in_both_languages(stage: Stage) -> None:
    home = stage[HOME]
    resident = stage.run(home.resident())
    consent(stage, resident, 30 * DAY)
    stage.world.clock.forward(20 * DAY)
    ticked(stage)
    [notice] = told(stage, resident)
    zh, en = texts_of(notice, home.store.registry, home.cases.here.zone)
    for text, city in ((zh, "杭州"), (en, "Hangzhou")):
        assert city in text
        assert "2026-12-24 10:00" in text
        assert "{" not in text


def test_who_is_erased_is_reminded_of_nothing(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    consent(stage, resident, 30 * DAY)
    stage.world.clock.forward(20 * DAY)
    stage.run(home.cases.erasing.erase(resident, number))
    assert ticked(stage) == 0
