"""Taking part and consenting: what is refused, and that refusals repeat nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from stdnum.iso7064 import mod_11_2

from federation.errors import (
    AGREEMENT_NOT_ACTIVE,
    CONSENT_TOO_LONG,
    MALFORMED,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.limits import CONSENT_LIFETIME
from federation.messages import Disclosure
from node import data
from node.errors import (
    CONSENT_NOT_STANDING,
    DOCUMENT_INVALID,
    FIELD_INVALID,
    TOO_YOUNG,
    UNKNOWN,
)
from node.model import DocumentKind, PageRequest
from node.ports import Transaction
from node.refusals import (
    REFUSED_CONSENT_ENDED,
)
from node.services.checking import RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, Town, fictional_id

T = TypeVar("T")

HOME, HOST = "410100", "330100"
PAGE = PageRequest(50, "")


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite) as found:
        yield found


def refused(stage: Stage, reason: Reason, use_case: Callable[[Transaction], object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        stage.act(stage[HOME], use_case)
    assert found.value.reason == reason
    return found.value


def enrol(
    town: Town, number: str, kind: DocumentKind = DocumentKind.RESIDENT_ID
) -> Callable[[Transaction], str]:
    return lambda tx: town.cases.residents.enrol(tx, kind, number).resident_id


def born(day: str) -> str:
    body = f"999999{day}001"
    return body + str(mod_11_2.calc_check_digit(body))


def test_one_takes_part_from_the_eighteenth_birthday_and_not_a_day_before(stage: Stage) -> None:
    home = stage[HOME]
    refused(stage, TOO_YOUNG, enrol(home, born("20081125")))
    stage.act(home, enrol(home, born("20081124")))
    stage.world.clock.forward(timedelta(days=1))
    stage.act(home, enrol(home, born("20081125")))


def test_a_birthday_begins_at_midnight_of_the_citys_own_zone(stage: Stage) -> None:
    home = stage[HOME]
    midnight = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    stage.world.clock.forward(midnight - home.clock.now() - timedelta(seconds=1))
    refused(stage, TOO_YOUNG, enrol(home, born("20081125")))
    stage.world.clock.forward(timedelta(seconds=1))
    stage.act(home, enrol(home, born("20081125")))


def test_a_document_enrolled_twice_is_one_resident_however_it_is_written(stage: Stage) -> None:
    home = stage[HOME]
    number = next(n for n in map(fictional_id, range(100)) if n.endswith("X"))
    first = stage.act(home, enrol(home, number))
    wide = number.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    for written in (number.lower(), f" {number[:6]} {number[6:14]}-{number[14:]}", wide):
        assert stage.act(home, enrol(home, written)) == first


@pytest.mark.parametrize("pinyin", [city.pinyin for city in data.cities()])
def test_every_fictional_resident_can_take_part_foreigners_too(
    new_sqlite: NewStore, pinyin: str
) -> None:
    with staged(new_sqlite, data.city(pinyin).code) as stage:
        town = stage[data.city(pinyin).code]
        people = data.residents(pinyin)
        kinds = {person.document_kind for person in people}
        assert kinds == {kind.name for kind in DocumentKind}
        ids = {
            stage.act(town, enrol(town, p.document_number, DocumentKind[p.document_kind]))
            for p in people
        }
        assert len(ids) == len(people)


def test_a_number_that_is_impossible_is_refused_and_not_repeated(stage: Stage) -> None:
    home, number = stage[HOME], born("19900101")
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    for bad in (wrong, wrong[:-1], "", "x" * 1000, born("19900230"), "H12345678"):
        error = refused(stage, DOCUMENT_INVALID, enrol(home, bad))
        assert bad == "" or bad not in str(error)


def give(
    stage: Stage,
    resident: str,
    *,
    host: str = HOST,
    scenarios: tuple[str, ...] = (SCENARIO,),
    disclosure: Disclosure = Disclosure.BAND,
    life: timedelta = timedelta(days=30),
) -> Callable[[Transaction], str]:
    home = stage[HOME]
    ends = home.clock.now() + life
    return lambda tx: (
        home.cases.residents.give_consent(
            tx,
            resident_id=resident,
            host=CityCode(host),
            scenarios=scenarios,
            disclosure=disclosure,
            expires_at=ends,
        ).consent_id
    )


def test_a_consent_is_narrow_and_ends(stage: Stage) -> None:
    home = stage[HOME]
    resident = stage.run(home.resident(30))
    longest = CONSENT_LIFETIME
    stage.act(home, give(stage, resident, life=longest))
    too_long = longest + timedelta(microseconds=1)
    refused(stage, CONSENT_TOO_LONG, give(stage, resident, life=too_long))
    refused(stage, CONSENT_TOO_LONG, give(stage, resident, life=timedelta(0)))
    refused(stage, CONSENT_TOO_LONG, give(stage, resident, life=-timedelta(days=1)))
    refused(stage, MALFORMED, give(stage, resident, scenarios=()))
    refused(stage, FIELD_INVALID, give(stage, resident, scenarios=("lending.mortgage",)))
    refused(stage, FIELD_INVALID, give(stage, resident, disclosure=Disclosure.SCORE))
    refused(stage, AGREEMENT_NOT_ACTIVE, give(stage, resident, host="320500"))
    refused(stage, UNKNOWN, give(stage, "00000000-0000-7000-8000-000000000000"))


def test_a_consent_ends_by_itself_for_new_codes_and_for_old_ones(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    resident = stage.run(home.resident(30))
    consent = stage.act(home, give(stage, resident, life=timedelta(minutes=2)))
    code = stage.run(home.show_code(resident, consent))
    stage.world.clock.forward(timedelta(minutes=2))
    refused(
        stage,
        CONSENT_NOT_STANDING,
        lambda tx: home.cases.residents.create_code(tx, resident, consent),
    )
    assert stage.run(host.check(code)).outcome is RecognitionOutcome.NOT_RECOGNISED
    page = stage.run(home.store.read(lambda tx: home.cases.standings.uses(tx, resident, PAGE)))
    assert [use.refusal for use in page.items] == [REFUSED_CONSENT_ENDED.name]


def test_withdrawing_twice_changes_nothing_and_a_new_consent_is_a_new_one(stage: Stage) -> None:
    home = stage[HOME]
    resident = stage.run(home.resident(30))
    consent = stage.act(home, give(stage, resident))
    desk = home.cases.residents
    first = stage.act(home, lambda tx: desk.withdraw_consent(tx, resident, consent))
    stage.world.clock.forward(timedelta(hours=1))
    assert stage.act(home, lambda tx: desk.withdraw_consent(tx, resident, consent)) == first
    refused(stage, CONSENT_NOT_STANDING, lambda tx: desk.create_code(tx, resident, consent))
    assert stage.act(home, give(stage, resident)) != consent


def test_nobody_touches_or_sees_the_consent_of_another(stage: Stage) -> None:
    home = stage[HOME]
    owner, other = stage.run(home.resident(30)), stage.run(home.resident(30))
    consent = stage.act(home, give(stage, owner))
    desk = home.cases.residents
    refused(stage, UNKNOWN, lambda tx: desk.withdraw_consent(tx, other, consent))
    refused(stage, UNKNOWN, lambda tx: desk.create_code(tx, other, consent))
    page = stage.act(home, lambda tx: desk.consents(tx, other, PAGE))
    assert page.items == ()


def test_records_that_were_there_before_count_from_the_day_that_one_takes_part(
    stage: Stage,
) -> None:
    home, number = stage[HOME], fictional_id(777)
    stage.run(home.record(number, 30, "blood-donor"))
    resident = stage.act(home, enrol(home, number))
    found = stage.act(home, lambda tx: tx.residents.get(resident))
    assert found is not None
    assert (found.points_milli, found.shared_milli) == (30_000, 30_000)
    assert found.commendations == ("blood-donor",)


def test_a_person_is_a_number_that_says_nothing_and_never_nobody(stage: Stage) -> None:
    home = stage[HOME]
    residents = [stage.run(home.resident()) for _ in range(3)]
    found = [stage.act(home, lambda tx, r=r: tx.residents.get(r)) for r in residents]  # type: ignore[misc]
    persons = {each.person for each in found if each}
    assert len(persons) == 3
    assert all(0 < person < 2**63 for person in persons)


def test_a_record_stops_counting_on_the_day_that_it_expires(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, -30, expires_on="2026-11-26"))

    def score() -> int | None:
        report = stage.act(home, lambda tx: home.cases.standings.report(tx, resident))
        return report.standing.score_milli

    for day, expected in enumerate((70_000, 70_000, 100_000, 100_000)):
        assert score() == expected, day
        stage.world.clock.forward(timedelta(days=1))
