"""Spark, in worker processes of its own, says what DuckDB says, row by row."""

import builtins
import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from federation.errors import HutongError
from node.bulk.duckdb_engine import DuckdbEngine
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot
from node.bulk.spark_engine import SparkEngine
from node.bulk.workspace import workspace
from node.indicators import months_after
from tests.node.bulk.city import ListedCity, copied
from tests.node.bulk.crowd import CROWD, TODAY, crowd, crowded_catalogue
from tests.node.bulk.test_engine import month_ends
from tests.node.services.counting import scale_of

CLUSTER = "local-cluster[2,1,1024]"

pytestmark = pytest.mark.all


@contextlib.contextmanager
def spark_session(directory: Path) -> Iterator[Any]:
    session = SparkEngine("local[1]")._session(directory)
    try:
        yield session
    finally:
        session.stop()


@pytest.mark.timeout(600)
def test_spark_s_workers_say_of_everybody_what_duckdb_says(tmp_path: Path) -> None:
    questions = (
        Question(crowded_catalogue(), scale_of("zhengzhou"), TODAY),
        Question(crowded_catalogue(), scale_of("nanjing"), TODAY),
    )
    with workspace(tmp_path) as directory, contextlib.closing(Snapshot(directory)) as snapshot:
        crowd(snapshot)
        for question in questions:
            DuckdbEngine().score(snapshot, question, "now")
            SparkEngine(CLUSTER, partitions=4).score(snapshot, question, "later")
            for one, other in (("now", "later"), ("later", "now")):
                rest = snapshot.rows(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}")  # noqa: S608
                assert rest == []
            assert snapshot.one("SELECT count(*) FROM later")[0] == CROWD
            assert len(snapshot.rows("SELECT DISTINCT band FROM later")) > 1
        assert [path.name for path in directory.iterdir() if path.name == "spark"] == []


def test_a_month_is_as_long_for_spark_as_for_one_resident(tmp_path: Path) -> None:
    days = month_ends()
    all_months = (0, 1, 11, 12, 13, 24, 48, 60, 1200)
    with spark_session(tmp_path) as session:
        session.createDataFrame([(day,) for day in days], "day DATE").createOrReplaceTempView("d")
        for months in all_months:
            rows = session.sql(f"SELECT day, ADD_MONTHS(day, {months}) AS after FROM d").collect()  # noqa: S608
            found: dict[date, date] = {row["day"]: row["after"] for row in rows}
            assert found == {day: months_after(day, months) for day in days}


def test_without_spark_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one
        if name.startswith("pyspark"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(HutongError) as caught:
        SparkEngine()
    assert caught.value.reason.name == "SPARK_MISSING"
    assert "hutong[spark]" in caught.value.text("en")
    assert "hutong[spark]" in caught.value.text("zh")


def test_a_cluster_that_is_not_there_is_told_without_a_row(tmp_path: Path) -> None:
    def act(snapshot: Snapshot) -> None:
        with pytest.raises(HutongError) as caught:
            SparkEngine("no-such-master").score(
                snapshot, Question(crowded_catalogue(), scale_of("zhengzhou"), TODAY), "now"
            )
        assert caught.value.reason.name == "SPARK_FAILED"

    copied(ListedCity([], []), act, tmp_path)
