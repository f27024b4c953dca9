"""The whole city's standings by Apache Spark, where a city outgrows one machine.

The same two texts as DuckDB's. Spark is an optional extra, and is loaded only here, when it is
asked for. Its workers read the copy of the city and write the answer as Parquet: every one of them
must reach the directory of the copy.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.bulk.errors import SPARK_FAILED, SPARK_MISSING, HutongError
from node.bulk.expression import Question, resolution, standings
from node.bulk.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL: Final = "local[*]"

# The day of a standing is the city's, and so are those of its records: Spark shifts none of them.
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "64",
}


class SparkEngine:
    """Scores a snapshot on the Spark cluster at `master`."""

    def __init__(self, master: str = LOCAL, *, partitions: int | None = None) -> None:
        """Raises SPARK_MISSING where pyspark or Java is not there."""
        self._master = master
        self._settings = _SETTINGS | (
            {"spark.sql.shuffle.partitions": str(partitions)} if partitions else {}
        )
        _check()

    def score(self, snapshot: Snapshot, question: Question, into: str) -> None:
        """Make the table `into`, as `expression.standings` has it.

        Raises:
            HutongError: SPARK_FAILED.
        """
        files = snapshot.directory / "spark"
        files.mkdir(mode=0o700)
        try:
            self._export(snapshot, question, files)
            self._run(question, files)
            answer = str(files / "standings" / "*.parquet").replace("'", "''")
            snapshot.run(
                f"CREATE OR REPLACE TABLE {into} AS SELECT * FROM read_parquet('{answer}')"
            )
        finally:
            shutil.rmtree(files, ignore_errors=True)

    def _export(self, snapshot: Snapshot, question: Question, files: Path) -> None:
        snapshot.indicators(question, "indicators")
        for table in ("indicators", "records", "residents"):
            columns = "who" if table == "residents" else "*"
            path = str(files / table).replace("'", "''")
            snapshot.run(
                f"COPY (SELECT {columns} FROM {table}) TO '{path}' (FORMAT parquet, "
                "PER_THREAD_OUTPUT true)"
            )
        snapshot.run("DROP TABLE indicators")

    def _run(self, question: Question, files: Path) -> None:
        from py4j.protocol import Py4JError  # noqa: PLC0415 - optional, and slow to load
        from pyspark.errors import PySparkException  # noqa: PLC0415 - the same

        try:
            session = self._session(files)
            try:
                for table in ("indicators", "records", "residents"):
                    session.read.parquet(str(files / table)).createOrReplaceTempView(table)
                text = resolution(
                    question, indicators="indicators", records="records", residents="residents"
                )
                session.sql(text).createOrReplaceTempView("effects")
                answer = session.sql(standings(question, effects="effects"))
                answer.write.parquet(str(files / "standings"))
            finally:
                session.stop()
        except (PySparkException, Py4JError) as error:
            # What Spark says may quote a row: only its kind is told.
            raise HutongError(
                SPARK_FAILED, master=self._master, kind=type(error).__name__
            ) from error

    def _session(self, files: Path) -> "SparkSession":
        from pyspark.sql import SparkSession  # noqa: PLC0415 - optional, and slow to load

        builder = SparkSession.builder.master(self._master).appName("hutong score")
        # What Spark spills lies with the copy, and goes with it.
        settings = self._settings | {
            "spark.local.dir": str(files),
            "spark.sql.warehouse.dir": str(files / "warehouse"),
        }
        for key, value in settings.items():
            builder = builder.config(key, value)
        return builder.getOrCreate()


def _check() -> None:
    problem = ""
    try:
        import pyspark  # noqa: F401, PLC0415 - optional, and slow to load
    except ImportError:
        problem = "pyspark is not installed"
    home = os.environ.get("JAVA_HOME", "")
    if not problem and not (shutil.which("java") or (home and Path(home, "bin", "java").exists())):
        problem = "there is no Java"
    if problem:
        raise HutongError(SPARK_MISSING, problem=problem)
