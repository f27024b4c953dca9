"""The whole city, over real stores: verified, rehearsed, kept anew."""

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from federation.errors import HutongError
from node import data
from node.bulk.duckdb_engine import DuckdbEngine
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot
from node.bulk.workspace import workspace
from node.indicators import IndicatorCatalogue
from node.model import PageRequest
from node.ports.bulk import Sums
from node.records import NoticeKind, RecordState
from node.store.copying import StoreSums, open_copy, open_sums
from tests.conftest import NewStore
from tests.node.bulk.city import TODAY, ListedCity, at_once, catalogues, cities, person, singly
from tests.node.bulk.stored import ZHENGZHOU, StoredCity, silent, stored
from tests.node.services.counting import catalogue, indicator, record

MADE = catalogue(
    indicator("helps", 25),
    indicator("model", 5, commendation="honesty-model"),
    indicator("local", 30, attestable=False),
    indicator("owes", -30, months=6),
)
SCALE_ABOVE = ZHENGZHOU.replace(b"base = 100", b"base = 120")
DAY = date(2026, 1, 15)
SERIAL = itertools.count()


def town() -> ListedCity:
    """Four residents: one without records, one who helps, one who owes, one with all of it."""
    kinds: dict[int, tuple[str, ...]] = {
        1: (),
        2: ("helps", "local"),
        3: ("owes",),
        4: ("helps", "model", "local", "owes"),
        9: ("owes",),
    }
    people = [person(serial) for serial in (1, 2, 3, 4)]
    facts = [
        replace(record(kind, DAY), person=person(serial).person)
        for serial, has in kinds.items()
        for kind in has
    ]
    return ListedCity(people, facts)


@contextlib.contextmanager
def town_of(new_store: NewStore) -> Iterator[StoredCity]:
    with stored(new_store("town")) as city:
        city.put_scale()
        city.put_catalogue(MADE)
        city.put(town())
        city.recount()
        yield city


def changes(city: StoredCity) -> dict[int, int]:
    """How often residents were told of another band."""
    found = Counter[int]()
    for each in city.listed.people:
        page = city.desk.read(lambda tx, r=each: tx.notices.page(r.resident_id, PageRequest(9, "")))  # type: ignore[misc]
        kinds = [notice.kind for notice in page.items]
        found[int(each.resident_id.removeprefix("resident-"))] = kinds.count(
            NoticeKind.BAND_CHANGED
        )
    return {serial: count for serial, count in found.items() if count}


@settings(
    max_examples=settings().max_examples // 20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cities(), catalogues())
def test_a_stored_city_at_once_stands_where_each_alone_stands(
    new_store: NewStore, city: ListedCity, made: IndicatorCatalogue
) -> None:
    with stored(new_store(f"city{next(SERIAL)}")) as store, workspace() as directory:
        scale = store.put_scale()
        store.put(city)
        question = Question(made, scale, TODAY)
        with contextlib.closing(Snapshot(directory)) as snapshot:
            with open_copy(store.url) as copy:
                assert (copy.resident_count(), copy.record_count()) == (
                    len(city.people),
                    len(city.facts),
                )
                snapshot.load(copy, silent)
            DuckdbEngine().score(snapshot, question, "now")
            assert at_once(snapshot, question, "now") == singly(store.listed, question)


def test_a_copy_is_of_one_instant_while_others_write(new_store: NewStore) -> None:
    with town_of(new_store) as city, open_copy(city.url) as copy:
        people = b"".join(copy.residents())
        city.record(replace(record("helps", DAY), person=person(1).person))
        city.put(ListedCity([person(5)], []))
        assert b"".join(copy.residents()) == people
        assert people.count(b"\n") == 4
        assert b"".join(copy.records()).count(b"\n") == len(town().facts)
        assert copy.record_count() == len(town().facts)


def test_nothing_can_be_written_through_a_copy(new_store: NewStore) -> None:
    with town_of(new_store) as city:
        before = city.everything()
        with pytest.raises(HutongError) as caught, open_copy(city.url) as copy:
            copy._connection.exec_driver_sql("UPDATE residents SET points_milli = 1")
        assert caught.value.reason.name == "STORE_UNREADABLE"
        assert city.everything() == before


def test_what_is_kept_is_what_the_records_come_to(new_store: NewStore, tmp_path: Path) -> None:
    with town_of(new_store) as city:
        found = city.whole(tmp_path).verify(silent)
        assert (found.compared, found.waiting, found.different) == (4, 0, 0)
        city.desk.clock.instant += timedelta(days=150)
        # The day of those who owe has come; nobody has walked yet.
        found = city.whole(tmp_path).verify(silent)
        assert (found.compared, found.waiting, found.checked, found.different) == (2, 2, 2, 0)
        city.put_catalogue(replace(MADE, version=2))
        found = city.whole(tmp_path).verify(silent)
        assert (found.compared, found.waiting, found.checked, found.different) == (0, 4, 4, 0)


def test_what_was_repaired_or_withdrawn_counts_in_no_copy(
    new_store: NewStore, tmp_path: Path
) -> None:
    with town_of(new_store) as city:
        states = {RecordState.REPAIRED: "owes", RecordState.WITHDRAWN: "helps"}
        for state, kind in states.items():
            city.desk.execute(
                f"UPDATE records SET state = '{state.value}' WHERE indicator_id = '{kind}'"  # noqa: S608 - of the test
            )
        city.recount()
        with open_copy(city.url) as copy:
            assert copy.record_count() == b"".join(copy.records()).count(b"\n") == 3
        found = city.whole(tmp_path).verify(silent)
        assert (found.compared, found.different) == (4, 0)
        city.put_catalogue(replace(MADE, version=2))
        assert city.whole(tmp_path).rescore(silent).residents == 4
        kept = city.everything()["residents"]
        city.recount()
        assert city.everything()["residents"] == kept


@pytest.mark.parametrize(
    ("column", "value", "fields"),
    [
        ("points_milli", "points_milli + 1000", ("points_milli",)),
        ("shared_milli", "7000", ("shared_milli",)),
        ("commendations", "'volunteer-star'", ("commendations",)),
        ("recount_on", "NULL", ("recount_on",)),
    ],
)
def test_a_sum_that_was_tampered_with_is_found_by_the_id_of_its_resident(
    new_store: NewStore, tmp_path: Path, column: str, value: str, fields: tuple[str, ...]
) -> None:
    with town_of(new_store) as city:
        city.desk.execute(
            f"UPDATE residents SET {column} = {value} WHERE resident_id = 'resident-4'"  # noqa: S608 - of the test
        )
        found = city.whole(tmp_path).verify(silent)
        assert found.different == 1
        assert [(d.resident_id, d.fields) for d in found.differences] == [("resident-4", fields)]
        assert city.whole(tmp_path).rescore(silent).residents == 1
        assert city.whole(tmp_path).verify(silent).different == 0


def test_a_rescore_keeps_what_the_timer_would_and_tells_whose_band_changes(
    new_store: NewStore, tmp_path: Path
) -> None:
    after = catalogue(indicator("helps", 26), indicator("owes", -10), version=2)
    with town_of(new_store) as city:
        assert changes(city) == {2: 1, 3: 1, 4: 1}
        city.put_catalogue(after)
        told = city.whole(tmp_path).rescore(silent)
        # Who had 155 has 126 now, who had 70 has 90; who had 130 has 116. One keeps the band.
        assert (told.residents, told.kept, told.told, told.left) == (4, 1, 3, 0)
        assert city.whole(tmp_path).verify(silent).compared == 4
        assert city.whole(tmp_path).verify(silent).different == 0
        assert city.desk.read(lambda tx: tx.residents.count_to_recount(TODAY, 2)) == 0
        kept = city.everything()["residents"]
        assert changes(city) == {2: 2, 3: 2, 4: 2}
        city.recount()
        assert city.everything()["residents"] == kept


def test_a_rescore_leaves_alone_to_whom_something_happened_meanwhile(
    new_store: NewStore, tmp_path: Path
) -> None:
    with town_of(new_store) as city:
        city.put_catalogue(replace(MADE, version=2))

        class Interrupted(StoreSums):
            def keep(self, portion: Sequence[tuple[str, Sums, Sums]]) -> int:
                city.record(replace(record("helps", DAY), person=person(1).person))
                return super().keep(portion)

        @contextlib.contextmanager
        def sums() -> Iterator[StoreSums]:
            with open_sums(city.url) as opened:
                yield Interrupted(opened._engine)

        found = city.whole(tmp_path, sums).rescore(silent)
        assert (found.residents, found.kept, found.told, found.left) == (4, 3, 0, 1)
        assert city.whole(tmp_path).verify(silent).different == 0
        assert city.whole(tmp_path).verify(silent).compared == 4


def test_a_rehearsal_counts_as_one_counts_by_hand_and_changes_nothing(
    new_store: NewStore, tmp_path: Path
) -> None:
    with town_of(new_store) as city:
        before = city.everything()
        scale = city.put_scale()
        found = city.whole(tmp_path).rehearse(("s.toml", SCALE_ABOVE), None, silent)
        now = singly(city.listed, Question(MADE, scale, TODAY))
        later = singly(city.listed, Question(MADE, found.candidate, TODAY))
        assert found.candidate.base_milli == 120_000
        ids = [band.band_id for band in scale.bands]
        moves = Counter((ids[now[each][5]], ids[later[each][5]]) for each in now)
        assert {(m.before, m.after): m.residents for m in found.moves} == moves
        line = scale.rank(scale.exportable_from)
        shown = Counter((now[each][7] >= line, later[each][7] >= line) for each in now)
        assert (found.gain, found.lose, found.keep) == (
            shown[False, True],
            shown[True, False],
            shown[True, True],
        )
        changes = [(later[e][4] or 0) - (now[e][4] or 0) for e in now]
        assert found.mean_change_milli == round(sum(changes) / 4)
        for bars in (found.changes, found.scores_before, found.scores_after):
            assert sum(bar.residents for bar in bars) == 4
        assert (found.residents, found.moved) == (4, 2)
        assert city.everything() == before
        assert list(tmp_path.glob("hutong-bulk-*")) == []


def test_a_rehearsal_of_a_catalogue_counts_by_it(new_store: NewStore, tmp_path: Path) -> None:
    content = data.path("zhengzhou/indicators.toml").read_bytes()
    with town_of(new_store) as city:
        found = city.whole(tmp_path).rehearse(None, ("i.toml", content), silent)
        # The shipped catalogue knows none of these indicators: everybody is a newcomer.
        assert {move.after for move in found.moves} == {"good"}
        assert found.gain == 0
        assert found.lose > 0


@pytest.mark.parametrize("kind", ["scale", "indicators"])
def test_a_candidate_with_a_mistake_is_refused_before_anything_is_copied(
    new_sqlite: NewStore, tmp_path: Path, kind: str
) -> None:
    content = data.path(f"zhengzhou/{kind}.toml").read_text("utf-8")
    wrong = content.replace("illustrative = ", "ilustrative = ", 1).encode()
    files = {"scale": None, "indicators": None, kind: ("try.toml", wrong)}
    stages = list[str]()
    with town_of(new_sqlite) as city, pytest.raises(HutongError) as caught:
        city.whole(tmp_path).rehearse(
            files["scale"], files["indicators"], lambda stage, *_: stages.append(stage)
        )
    assert caught.value.reason.name == "FILE_INVALID"
    assert "line" in caught.value.fields["where"]
    assert stages == []
    assert list(tmp_path.glob("hutong-bulk-*")) == []


def test_an_empty_city_is_whole(new_store: NewStore, tmp_path: Path) -> None:
    with stored(new_store("empty")) as city:
        assert city.whole(tmp_path).verify(silent).compared == 0
        assert city.whole(tmp_path).rescore(silent).residents == 0
        with pytest.raises(HutongError) as caught:
            city.whole(tmp_path).rehearse(("s.toml", ZHENGZHOU), None, silent)
        assert caught.value.reason.name == "NOTHING_IN_FORCE"
        city.put_scale()
        found = city.whole(tmp_path).rehearse(("s.toml", SCALE_ABOVE), None, silent)
        assert (found.residents, found.moves, found.mean_change_milli) == (0, (), None)


def test_to_look_at_a_store_that_is_not_there_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "none.sqlite"
    with pytest.raises(HutongError) as caught, open_copy(f"sqlite:///{file}"):
        pass
    assert caught.value.reason.name == "STORE_UNREADABLE"
    assert not file.exists()


def test_a_store_of_other_tables_is_refused(new_store: NewStore) -> None:
    with town_of(new_store) as city:
        city.desk.execute("UPDATE alembic_version SET version_num = '0002'")
        with pytest.raises(HutongError) as caught, open_copy(city.url):
            pass
        assert caught.value.reason.name == "STORE_UNREADABLE"
