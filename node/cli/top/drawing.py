"""A city's numbers as lines of a terminal: as many as it has, and none wider than it is.

The order is that of the questions at night: does it serve, how fast, what is wrong, with whom, by
which process. What does not fit is counted. A glyph may be two columns wide, so widths are those of
cells and not of characters.
"""

from collections.abc import Callable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from node.cli.output import clean
from node.cli.top.figures import Alert, Calls, Figures, PartnerRow, ProcessRow
from node.cli.top.units import age, ahead, number, rate, seconds, size

Say = Callable[..., str]
"""A text by its name, in the language of the invocation."""

_FEWEST: Final = 10
# Where there are fewer lines than this, each is worth more than a count.
_COUNTED: Final = 4
_NAME: Final = 24
_STYLES: Final = {"active": "green", "suspended": "yellow", "ended": "dim"}
# Columns of a table that stand closer together.
_MANY: Final = 8
_MARK: Final = "!"

Cell = str | Text
Line = tuple[Text, int]
"""A line of a frame, and for how many it stands."""


def frame(figures: Figures, say: Say, width: int, height: int, *, title: str = "") -> list[Text]:
    """The lines of one frame; `title` names the city, its code does where nobody can."""
    head = [
        _head(figures, say, title or figures.city or "?"),
        *_calls(figures, say),
        *_state(figures, say),
    ]
    lines = [(line, 1) for line in head]
    room = max(height, _FEWEST) - len(lines)
    alerts = _alerts(figures, say)
    processes = _processes(figures.processes, figures, say)
    partners = _partners(figures.partners, figures, say)
    methods = _methods(figures, say)
    # Each gets what it needs; where there is not enough, in this order at least so many lines.
    shares = _shared(room, [(alerts, 3), (partners, 5), (processes, 3), (methods, 2)])
    shown = dict(zip(("alerts", "partners", "processes", "methods"), shares, strict=True))
    unseen = 0
    for name, table in (
        ("alerts", alerts),
        ("partners", partners),
        ("methods", methods),
        ("processes", processes),
    ):
        lines += _fitted(table, shown[name], say)
        unseen += 0 if shown[name] else len(table)
    kept = _cut(lines, height, unseen, say)
    for line in kept:
        line.truncate(width, overflow="ellipsis")
    return kept


def _cut(lines: Sequence[Line], height: int, unseen: int, say: Say) -> list[Text]:
    """As many lines as there is room for; the last counts what else there is."""
    if (not unseen and len(lines) <= height) or height < _COUNTED:
        return [line for line, _ in lines[:height]]
    unseen += sum(stands_for for _, stands_for in lines[height - 1 :])
    return [*(line for line, _ in lines[: height - 1]), _more(unseen, say)]


def _head(figures: Figures, say: Say, title: str) -> Text:
    up = sum(1 for each in figures.processes if not each.problem)
    said = say(
        "words.top_head",
        city=title,
        time=figures.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        up=up,
        all=len(figures.processes),
    )
    return Text(clean(said), style="bold red reverse" if not up else "bold reverse")


def _calls(figures: Figures, say: Say) -> list[Text]:
    ports = [(port, say(f"words.top_port_{port}")) for port in ("peer", "local")]
    wide = max(cell_len(name) for _, name in ports)
    lines = []
    for port, name in ports:
        calls = figures.ports.get(port) or Calls(0.0, None, None, {})
        said = say(
            "words.top_calls",
            rate=rate(calls.rate) if figures.known else "-",
            p50=seconds(calls.p50),
            p99=seconds(calls.p99),
            failing=rate(calls.failing) if figures.known else "-",
        )
        worst = sorted(calls.failed.items(), key=lambda each: -each[1])[:2]
        why = "".join(f"  {reason} {rate(value)}" for reason, value in worst)
        text = Text(f"{set_cell_size(name, wide)}  {clean(said)}")
        lines.append(text.append(clean(why), style="yellow"))
    return lines


def _state(figures: Figures, say: Say) -> list[Text]:
    log = say(
        "words.top_log",
        entries=number(figures.log_entries),
        checkpoint=number(figures.log_checkpoint_entries),
        cosigned=number(figures.log_cosigned_entries),
    )
    lines = [Text(log)]
    if figures.store_answers is False:
        lines.append(Text(say("words.top_store_silent"), style="bold red"))
    elif figures.writer_waiting is not None:
        queue = say(
            "words.top_store",
            waiting=number(figures.writer_waiting),
            oldest=seconds(figures.writer_age_seconds),
        )
        lines.append(Text(queue))
    now = figures.at.timestamp()
    keys = [f"{use} {ahead(end - now)}" for use, end in sorted(figures.keys_end.items())]
    if keys:
        lines.append(Text(clean(say("words.top_keys", keys=", ".join(keys)))))
    return lines


def _alerts(figures: Figures, say: Say) -> list[Text]:
    silent = [each for each in figures.processes if each.problem]
    lines = [
        Text(
            clean(say("words.top_silent", address=each.address, problem=each.problem)),
            style="bold red",
        )
        for each in silent
    ]
    lines += [
        Text(
            clean(f"{_MARK} {_in_words(alert, say)}"),
            style="bold red" if alert.severity.upper() == "ERROR" else "yellow",
        )
        for alert in figures.alerts
    ]
    if not lines and figures.known:
        return [Text(say("words.top_no_alerts"), style="green")]
    return [*lines, Text(say("words.top_doctor"), style="dim")] if lines else []


def _in_words(alert: Alert, say: Say) -> str:
    """What is wrong, in words; a subject that is new is told by its name."""
    first, _, rest = alert.subject.partition(" ")
    if first == "partner":
        city, _, part = rest.partition(" ")
        return say("words.top_of_partner", city=city, what=_words("partner", part, say))
    if first == "work":
        return say("words.top_of_work", work=rest)
    if first == "client":
        return say("words.top_of_client", client=rest)
    return _words("own", first, say)


def _words(whose: str, part: str, say: Say) -> str:
    try:
        return say(f"words.top_{whose}_{part.replace('-', '_')}")
    except KeyError:
        return part


def _partners(rows: Sequence[PartnerRow], figures: Figures, say: Say) -> list[Text]:
    if not rows:
        return []
    now = figures.at.timestamp()
    table: list[Sequence[Cell]] = [
        [
            row.city,
            Text(say(f"words.top_state_{row.state}"), style=_STYLES.get(row.state, "")),
            _rate(row.inward, figures),
            _rate(row.outward, figures),
            _failing((row.inward, row.outward), figures),
            seconds(row.outward.p99 if row.outward else None),
            _since(row.last_contact, now),
            number(row.failures),
            "-" if row.certificate_ends is None else ahead(row.certificate_ends - now),
            _since(row.bundle_made, now),
            number(row.undelivered),
        ]
        for row in rows
    ]
    names = ["city", "state", "in", "out", "failing", "p99", "contact", "failures"]
    names += ["certificate", "bundle", "undelivered"]
    return _table([say(f"words.top_{name}") for name in names], table, left=2)


def _methods(figures: Figures, say: Say) -> list[Text]:
    busy = sorted(figures.methods.items(), key=lambda each: -each[1].rate)
    rows: list[Sequence[Cell]] = [
        [
            _short(method),
            rate(calls.rate),
            seconds(calls.p50),
            seconds(calls.p99),
            rate(calls.failing),
            max(calls.failed, key=lambda reason: calls.failed[reason], default=""),
        ]
        for (_, method), calls in busy
        if calls.rate
    ]
    if not rows:
        return []
    names = ["method", "rate", "p50", "p99", "failing", "reason"]
    return _table([say(f"words.top_{name}") for name in names], rows, left=1, last_left=True)


def _processes(rows: Sequence[ProcessRow], figures: Figures, say: Say) -> list[Text]:
    now = figures.at.timestamp()
    table: list[Sequence[Cell]] = [
        [
            row.address,
            "-" if row.cpu is None else f"{100 * row.cpu:.0f} %",
            size(row.memory_bytes),
            _since(row.started, now),
            say("words.top_timed") if row.does_timed_work else "",
        ]
        for row in rows
        if not row.problem
    ]
    if not table:
        return []
    names = ["process", "cpu", "memory", "up", "duty"]
    return _table([say(f"words.top_{name}") for name in names], table, left=1, last_left=True)


def _rate(calls: Calls | None, figures: Figures) -> str:
    return "-" if calls is None or not figures.known else rate(calls.rate)


def _failing(both: Sequence[Calls | None], figures: Figures) -> str:
    known = [calls.failing for calls in both if calls is not None]
    return rate(sum(known)) if known and figures.known else "-"


def _since(instant: float | None, now: float) -> str:
    return "-" if instant is None else age(now - instant)


def _short(method: str) -> str:
    return method if len(method) <= _NAME else f"{method[: _NAME - 1]}…"


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, left: int, last_left: bool = False
) -> list[Text]:
    """Rows below headings; the first `left` columns begin where they begin, numbers end so."""
    cells = [[_text(cell) for cell in row] for row in [headings, *rows]]
    wide = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
    gap = " " if len(headings) > _MANY else "  "
    lines = []
    for place, row in enumerate(cells):
        line = Text(style="bold" if place == 0 else "")
        for column, cell in enumerate(row):
            blank = " " * (wide[column] - cell.cell_len)
            begins = column < left or (last_left and column == len(row) - 1)
            line.append(gap if column else "")
            line.append_text(cell if begins else Text(blank) + cell)
            line.append(blank if begins else "")
        line.rstrip()
        lines.append(line)
    return lines


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(clean(cell))


def _shared(room: int, wanted: Sequence[tuple[Sequence[Text], int]]) -> list[int]:
    """How many lines each gets: first its least, then what is left, in order."""
    given = []
    for lines, least in wanted:
        share = min(len(lines), least, room)
        given.append(share)
        room -= share
    for place, (lines, _) in enumerate(wanted):
        more = min(len(lines) - given[place], room)
        given[place] += more
        room -= more
    return given


def _fitted(lines: Sequence[Text], room: int, say: Say) -> list[Line]:
    """So many of the lines; the last says how many are missing."""
    if len(lines) <= room:
        return [(line, 1) for line in lines]
    if not room:
        return []
    missing = len(lines) - (room - 1)
    return [*((line, 1) for line in lines[: room - 1]), (_more(missing, say), missing)]


def _more(count: int, say: Say) -> Text:
    return Text(say("words.top_more", count=count), style="dim")
