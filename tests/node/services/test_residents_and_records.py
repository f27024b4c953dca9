"""Taking part, consenting and being recorded: what is refused, and that refusals repeat nothing."""

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
from node import data, limits
from node.errors import (
    CONSENT_NOT_STANDING,
    DOCUMENT_INVALID,
    FIELD_INVALID,
    REFUSED_CONSENT_ENDED,
    TOO_YOUNG,
    UNKNOWN,
)
from node.model import DocumentKind, PageRequest
from node.ports import Transaction
from node.services.checking import RecognitionOutcome
from node.services.recording import LoadReport, RecordRow
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


def row(number: str, serial: int = 1, **fields: object) -> RecordRow:
    values: dict[str, object] = {
        "record_number": f"r-{serial}",
        "document_number": number,
        "title_zh": "志愿服务",
        "title_en": "volunteering",
        "points_milli": 30_000,
        "occurred_on": "2026-01-15",
        "expires_on": "",
        "commendation": "",
    }
    return RecordRow(**values | fields)  # type: ignore[arg-type]


def load(stage: Stage, *rows: RecordRow, department: str = "office") -> LoadReport:
    home = stage[HOME]
    return stage.act(home, lambda tx: home.cases.recording.load(tx, department, rows))


BAD_ROWS = {
    "document_number": "999999199001010012",
    "record_number": "not a number!",
    "title_zh": " ",
    "title_en": "x" * 1001,
    "points_milli": limits.RECORD_POINTS_MILLI + 1,
    "occurred_on": "2026-02-30",
    "expires_on": "2026-01-15",
    "commendation": "Blood Donor",
}


@pytest.mark.parametrize(("field", "value"), BAD_ROWS.items(), ids=BAD_ROWS)
def test_a_bad_row_is_refused_alone_and_its_number_is_not_repeated(
    stage: Stage, field: str, value: object
) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    report = load(stage, row(number, 1), row(number, 2, **{field: value}), row(number, 3))
    assert (report.accepted, report.duplicates) == (2, 0)
    [rejected] = report.rejected
    assert rejected.index == 1
    assert number not in str(rejected.error)
    assert str(value) not in str(rejected.error) or field != "document_number"
    found = stage.act(stage[HOME], lambda tx: tx.residents.get(resident))
    assert found is not None
    assert found.points_milli == 60_000


def test_nobody_who_does_not_take_part_is_recorded(stage: Stage) -> None:
    report = load(stage, row(fictional_id(777)))
    [rejected] = report.rejected
    assert rejected.error.reason == UNKNOWN
    assert fictional_id(777) not in str(rejected.error)
    assert report.accepted == 0


def test_a_record_sent_twice_counts_once_and_each_department_numbers_its_own(
    new_store: NewStore,
) -> None:
    with staged(new_store) as stage:
        number, resident = stage.run(stage[HOME].resident_with_number())
        both = load(stage, row(number, 1), row(number, 1))
        assert (both.accepted, both.duplicates) == (1, 1)
        assert load(stage, row(number, 1, points_milli=5)).duplicates == 1
        assert load(stage, row(number, 1), department="other-office").accepted == 1
        found = stage.act(stage[HOME], lambda tx: tx.residents.get(resident))
        assert found is not None
        assert found.points_milli == 60_000


def test_more_rows_than_one_load_takes_are_refused_whole(stage: Stage) -> None:
    number, _ = stage.run(stage[HOME].resident_with_number())
    rows = [row(number, serial) for serial in range(limits.RECORDS_PER_LOAD + 1)]
    with pytest.raises(HutongError) as found:
        load(stage, *rows)
    assert found.value.reason == FIELD_INVALID


def test_a_record_stops_counting_on_the_day_that_it_expires(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    load(stage, row(number, 1, points_milli=-30_000, expires_on="2026-11-26"))

    def score() -> int | None:
        report = stage.act(home, lambda tx: home.cases.standings.report(tx, resident))
        return report.standing.score_milli

    for day, expected in enumerate((70_000, 70_000, 100_000, 100_000)):
        assert score() == expected, day
        stage.world.clock.forward(timedelta(days=1))
