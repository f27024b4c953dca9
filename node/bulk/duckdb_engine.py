"""The whole city's standings by DuckDB, in this process."""

from node import bulk_limits
from node.bulk.expression import Question, resolution, standings
from node.bulk.snapshot import Snapshot


class DuckdbEngine:
    """Scores a snapshot where it lies."""

    def score(self, snapshot: Snapshot, question: Question, into: str) -> None:
        """Make the table `into`, as `expression.standings` has it."""
        resolve(snapshot, question, f"{into}_effects")
        stand(snapshot, question, effects=f"{into}_effects", into=into)
        snapshot.run(f"DROP TABLE {into}_effects")


def resolve(snapshot: Snapshot, question: Question, name: str) -> None:
    """Make the table of effects by the question's catalogue."""
    snapshot.indicators(question, f"{name}_of")
    text = resolution(question, indicators=f"{name}_of", records="records", residents="residents")
    snapshot.run(f"CREATE OR REPLACE TABLE {name} AS {text}")
    snapshot.run(f"DROP TABLE {name}_of")


def stand(snapshot: Snapshot, question: Question, *, effects: str, into: str) -> None:
    """Make the table of standings from effects that were resolved.

    The effects lie by resident: a slice of residents is a slice of the blocks, and the sums of one
    slice are all that is in hand.
    """
    residents = int(snapshot.one("SELECT count(*) FROM residents")[0])
    size = bulk_limits.SLICE
    text = standings(question, effects=effects, whose=range(size))
    with snapshot.in_one_plan():
        snapshot.run(f"CREATE OR REPLACE TABLE {into} AS {text}")
        for start in range(size, residents, size):
            text = standings(question, effects=effects, whose=range(start, start + size))
            snapshot.run(f"INSERT INTO {into} {text}")
