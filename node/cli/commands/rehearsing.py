"""The whole city at once: what is kept is verified, a change is tried, sums are kept anew.

These run on the machine of the store, whether the node serves or not.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from rich.progress import TaskID

from node import bootstrap
from node.bulk.desk import Desk
from node.bulk.rehearsing import Bar, Rehearsal
from node.cli import exits
from node.cli.bars import bars
from node.cli.charts import check_folder
from node.cli.commands.rehearsal_plot import write_plot
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import Decorator, command, option
from node.cli.values import read_file
from node.limits import FILE_BYTES
from node.record_limits import INDICATOR_BYTES

_BLOCKS = 40  # columns of the longest bar


def _engine(act: Any) -> Any:  # noqa: ANN401 - as click's own decorators
    """The options of every command that copies the city."""
    options: list[Decorator] = [
        option("--work-dir", metavar="DIR"),
        option("--keep", is_flag=True, text="keep_copy"),
        option("--spark", metavar="MASTER"),
    ]
    for each in reversed(options):
        act = each(act)
    return act


@command("score verify")
@_engine
@pass_session
def verify(session: Session, /, **where: Any) -> int:  # noqa: ANN401 - as click gives them
    """Compare what is kept of everybody with what the records come to."""
    desk = _desk(session, **where)
    with _Shown(session) as progress:
        found = desk.verify(progress)
    _say_kept(session, desk, **where)
    wrong = bool(found.different)
    if not session.out.document(asdict(found)):
        fields = {name: f"{getattr(found, name):,}" for name in ("compared", "waiting", "checked")}
        session.out.line(session.say("said.scores_verified", **fields))
        if wrong:
            session.out.table(
                [session.say("words.resident"), session.say("words.differs")],
                [(each.resident_id, ", ".join(each.fields)) for each in found.differences],
                whole=(0,),
            )
        said = "said.scores_verified_bad" if wrong else "said.scores_verified_good"
        shown = len(found.differences)
        session.out.line(session.say(said, count=f"{found.different:,}", shown=f"{shown:,}"))
    return exits.REFUSED if wrong else exits.DONE


@command("score rescore")
@_engine
@pass_session
def rescore(session: Session, /, **where: Any) -> None:  # noqa: ANN401 - as click gives them
    """Keep what the records come to, of everybody at once."""
    desk = _desk(session, **where)
    with _Shown(session) as progress:
        found = desk.rescore(progress)
    _say_kept(session, desk, **where)
    if not session.out.document(asdict(found)):
        fields = {name: f"{count:,}" for name, count in asdict(found).items()}
        session.out.line(session.say("said.rescored_all", **fields))


@command("score rehearse")
@option("--scale", metavar="FILE", text="try_scale")
@option("--indicators", metavar="FILE", text="try_indicators")
@option("--plot", metavar="FILE.svg")
@_engine
@pass_session
def rehearse(
    session: Session,
    /,
    *,
    scale: str | None,
    indicators: str | None,
    plot: str | None,
    **where: Any,  # noqa: ANN401 - as click gives them
) -> None:
    """Try a scale or a catalogue on a copy, and say who would move, in numbers."""
    if scale is None and indicators is None:
        raise Misused("said.nothing_to_rehearse")
    if plot is not None:
        check_folder(plot)
    tried = read_file(scale, most=FILE_BYTES) if scale else None
    listed = read_file(indicators, most=INDICATOR_BYTES) if indicators else None
    desk = _desk(session, **where)
    with _Shown(session) as progress:
        found = desk.rehearse(tried, listed, progress)
    _say_kept(session, desk, **where)
    if plot is not None:
        write_plot(session, found, Path(plot))
    if not session.out.document(_document(found)):
        _show(session, found)
        if plot is not None:
            session.out.line(session.say("said.plotted", path=plot))


def _desk(session: Session, *, work_dir: str | None, keep: bool, spark: str | None) -> Desk:
    parent = Path(work_dir) if work_dir else None
    return bootstrap.whole_city(session.settings, work_dir=parent, keep=keep, spark=spark)


def _say_kept(session: Session, desk: Desk, *, keep: bool, **_: object) -> None:
    if keep:
        session.out.note(session.say("said.copy_kept", path=desk.directory))


def _document(found: Rehearsal) -> dict[str, object]:
    document: dict[str, object] = asdict(found) | {"moved": found.moved}
    for name in ("current", "candidate"):
        scale = getattr(found, name)
        document[name] = {
            "scale_id": scale.scale_id,
            "version": scale.version,
            "exportable_from": scale.exportable_from,
        }
    return document


def _show(session: Session, found: Rehearsal) -> None:
    session.out.line(
        session.say("said.rehearsed", residents=f"{found.residents:,}", moved=f"{found.moved:,}")
    )
    names = (
        {b.band_id: b.name_zh if session.language == "zh" else b.name_en for b in scale.bands}
        for scale in (found.current, found.candidate)
    )
    before, after = names
    session.out.table(
        [session.say(f"words.{word}") for word in ("band_now", "band_then", "residents", "part")],
        [
            (
                before[move.before],
                after[move.after],
                f"{move.residents:,}",
                f"{move.residents / found.residents:.2%}",
            )
            for move in found.moves
        ],
    )
    shared = {name: f"{getattr(found, name):,}" for name in ("gain", "lose", "keep")}
    session.out.line(session.say("said.rehearsed_shared", **shared))
    if found.mean_change_milli is not None:
        mean = f"{found.mean_change_milli / 1000:+.3f}"
        session.out.line(session.say("said.rehearsed_mean", mean=mean))
        _histogram(session, found.changes, "words.change")
    for scores, heading in ((found.scores_before, "score_now"), (found.scores_after, "score_then")):
        _histogram(session, scores, f"words.{heading}")


def _histogram(session: Session, bars: tuple[Bar, ...], heading: str) -> None:
    longest = max((bar.residents for bar in bars), default=0)
    if not longest:
        return
    held = [place for place, bar in enumerate(bars) if bar.residents]
    bars = bars[held[0] : held[-1] + 1]
    session.out.table(
        [session.say(heading), session.say("words.residents"), ""],
        [
            (
                f"{bar.low_milli / 1000:g}",
                f"{bar.residents:,}",
                "█" * -(-bar.residents * _BLOCKS // longest),
            )
            for bar in bars
        ],
    )


class _Shown:
    """A progress bar for people, one line for each stage."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bars = bars(session)
        self._stages: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """So much of a stage is done; what cannot be measured only moves."""
        if stage not in self._stages:
            said = self._session.say(f"words.stage_{stage}")
            self._stages[stage] = self._bars.add_task(said, total=total if total > 1 else None)
        measured = total > 1 or done >= total
        self._bars.update(
            self._stages[stage], completed=done, total=max(total, 1) if measured else None
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
