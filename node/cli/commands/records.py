"""Records from a department: a file in portions, each of which the node takes for good."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.progress import (
    Progress,
    ProgressColumn,
    Task,
    TaskID,
)
from rich.text import Text

from federation.identifiers import uuid8
from node.cli import exits
from node.cli.bars import counting
from node.cli.calling import DEFAULT, Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import STANDARD_INPUT, unreadable
from node.errors import UNKNOWN, HutongError
from node.files import RecordsFile, load_requests, open_records
from node.files.record_portions import wire_row
from node.model import Role

# Rows of the quarantine that are asked for at once, and of how many of a load the reasons are told.
_PAGE: Final = 200
_TOLD: Final = 5000
_LOOKED_THROUGH: Final = 10_000


@command("records load")
@argument("file", text="records_file")
@option("--department", default=DEFAULT, metavar="NAME")
@pass_session
def load_records(session: Session, *, file: str, department: str) -> int:
    """Load records."""
    node = Node(session, Role.DEPARTMENT, department)
    with counting(session, _Rate()) as progress, _opened(session, progress, file) as records:
        if records.mends:
            return _put_back(session, node, progress, records)
        load_id = records.load_id(department.partition(".")[0])
        before = node.ask("GetRecordLoad", load_id=load_id)["load"]
        taken = int(before["rows_taken"])
        if before.get("finished_at"):
            return _report(session, node, before, again=True)
        if taken:
            session.out.note(session.say("said.load_goes_on", row=taken + 1))
        with _saying_how_to_go_on(session, node, load_id):
            requests = load_requests(load_id, records.name, records.rows(taken), records.count)
            shown = _shown(progress, session, requests, taken, records.count)
            load = node.load("LoadRecords", shown)["load"]
    return _report(session, node, load)


def _put_back(session: Session, node: Node, progress: Progress, records: RecordsFile) -> int:
    """Rows that the quarantine gave out, mended: each takes the place of the one that waits."""
    task = progress.add_task(session.say("said.loading"), total=records.count)
    waits, gone, done = list[Answer](), 0, 0
    for each in records.rows():
        # The same row of the same file is the same request, however often the file is loaded.
        request_id = uuid8(records.digest + f"/{each.place}".encode())
        try:
            answer = node.change(
                "PutBackRow", request_id, row_id=each.row_id, row=wire_row(each.row)
            )
        except HutongError as error:
            if error.reason.name != UNKNOWN.name:
                raise
            session.pending = ""
            gone += 1
        else:
            done += bool(answer["accepted"])
            waits += [] if answer["accepted"] else [answer["quarantined"]]
        progress.advance(task)
    if not session.out.document({"accepted_count": done, "gone_count": gone, "quarantined": waits}):
        session.out.line(session.say("said.put_back", accepted=done, gone=gone, waits=len(waits)))
        _reasons(session, waits, len(waits))
    return exits.REFUSED if waits else exits.DONE


def _report(session: Session, node: Node, load: Answer, *, again: bool = False) -> int:
    """What became of the rows, and of those in quarantine why."""
    waiting = _waiting(node, str(load["load_id"])) if int(load["quarantined_count"]) else []
    counted = Counter(str(row["reason"]) for row in waiting)
    if not session.out.document({"load": load, "waiting_by_reason": dict(sorted(counted.items()))}):
        if again:
            session.out.line(session.say("said.loaded_before", time=session.time(load["begun_at"])))
        session.out.line(
            session.say(
                "said.loaded",
                accepted=load["accepted_count"],
                unchanged=load["unchanged_count"],
                quarantined=load["quarantined_count"],
            )
        )
        _reasons(session, waiting, len(waiting))
    refused = bool(waiting) or (not again and int(load["quarantined_count"]) > 0)
    return exits.REFUSED if refused else exits.DONE


def _reasons(session: Session, waiting: list[Answer], count: int) -> None:
    """The reasons, the commonest first, each by an example."""
    if not count:
        return
    counted = Counter(str(row["reason"]) for row in waiting)
    examples = {str(row["reason"]): session.pick(row, "problem") for row in reversed(waiting)}
    session.out.table(
        [session.say(f"words.{word}") for word in ("rows", "why")],
        [(str(number), examples[reason]) for reason, number in counted.most_common()],
        whole=(0,),
    )
    session.out.line(session.say("said.see_quarantine"))


def _waiting(node: Node, load_id: str) -> list[Answer]:
    """The rows of a load that wait now, but not beyond what is still told."""
    found, token = list[Answer](), ""
    while len(found) < _TOLD:
        page = node.ask("ListQuarantinedRows", page_size=_PAGE, page_token=token)
        found += [row for row in page["rows"] if row["load_id"] == load_id]
        token = page["next_page_token"]
        if not token:
            break
    return found


@contextlib.contextmanager
def _opened(session: Session, progress: Progress, file: str) -> Iterator[RecordsFile]:
    """The file, looked through."""
    task = progress.add_task(session.say("said.looking_through"), total=None)

    def counted(count: int) -> None:
        if count % _LOOKED_THROUGH == 0:
            progress.update(task, completed=count)

    with contextlib.ExitStack() as held:
        try:
            from_input = file == STANDARD_INPUT
            content = sys.stdin.buffer if from_input else None
            name = "stdin" if from_input else file
            records = held.enter_context(open_records(name, content, counted))
        except (OSError, ValueError) as error:
            raise unreadable(file, error) from error
        progress.remove_task(task)
        yield records


@contextlib.contextmanager
def _saying_how_to_go_on(session: Session, node: Node, load_id: str) -> Iterator[None]:
    """What was taken is taken: the same command goes on from there, and so it is said."""
    try:
        yield
    except KeyboardInterrupt:
        taken = ""
        with contextlib.suppress(HutongError):
            taken = str(node.ask("GetRecordLoad", load_id=load_id)["load"]["rows_taken"])
        session.out.note(session.say("said.load_cut", row=taken or "?"))
        raise
    except HutongError:
        session.out.note(session.say("said.load_lost"))
        raise


class _Rate(ProgressColumn):
    """Rows in a second."""

    def render(self, task: Task) -> Text:
        """The rate of the last seconds, or of all where those are too few."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:,.0f}/s", style="progress.data.speed")


def _shown(
    progress: Progress,
    session: Session,
    requests: Iterator[dict[str, Any]],
    taken: int,
    count: int,
) -> Iterator[Mapping[str, Any]]:
    """The requests; when the next one is wanted the one before has gone out."""
    task: TaskID = progress.add_task(session.say("said.loading"), total=count, completed=taken)
    for request in requests:
        yield request
        progress.update(task, completed=request["first_row"] + len(request.get("rows", ())))
