"""Records from a department, in portions that the node takes whole."""

import sys
import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.progress import Progress

from federation.identifiers import uuid8
from node.cli import exits
from node.cli.calling import DEFAULT, Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import read_file, request_id
from node.files import FileRow, parse_records
from node.limits import RECORDS_PER_LOAD
from node.model import Role

# Bytes of one portion: below what a node takes in one message (federation.limits.MESSAGE_BYTES),
# with room for what frames each row.
_PORTION_BYTES: Final = 128 * 1024
_FRAME_BYTES: Final = 64


@command("records load")
@argument("file", text="records_file")
@option("--department", default=DEFAULT, metavar="NAME")
@request_id
@pass_session
def load_records(session: Session, *, file: str, department: str, request_id: str | None) -> int:
    """Load records."""
    rows = parse_records(*read_file(file))
    run = request_id or str(uuid.uuid4())
    node = Node(session, Role.DEPARTMENT, department)
    accepted, duplicates, rejected = 0, 0, list[Answer]()
    # The portions' ids follow from the run's: the same file under the same id is the same requests.
    session.pending = run
    with _progress(session) as progress:
        task = progress.add_task(session.say("said.loading"), total=len(rows))
        for place, portion in enumerate(_portions(rows)):
            part = uuid8(f"{run}/{place}".encode())
            sent = [_row(row) for row in portion]
            answer = node.ask("LoadRecords", request_id=part, records=sent)
            accepted += int(answer["accepted_count"])
            duplicates += int(answer["duplicate_count"])
            rejected += [
                {"line": portion[r["index"]].line} | {k: r[k] for k in _SHOWN}
                for r in answer["rejected"]
            ]
            progress.advance(task, len(portion))
    session.pending = ""
    _report(session, accepted, duplicates, rejected)
    return exits.REFUSED if rejected else exits.DONE


_SHOWN: Final = ("record_number", "reason_zh", "reason_en")


def _report(session: Session, accepted: int, duplicates: int, rejected: list[Answer]) -> None:
    counts = {"accepted_count": accepted, "duplicate_count": duplicates}
    if session.out.document(counts | {"rejected": rejected}):
        return
    fields = {"accepted": accepted, "duplicates": duplicates, "rejected": len(rejected)}
    session.out.line(session.say("said.loaded", **fields))
    if rejected:
        session.out.table(
            [session.say(f"words.{word}") for word in ("line", "record", "why")],
            [
                (str(row["line"]), row["record_number"], session.pick(row, "reason"))
                for row in rejected
            ],
            whole=(0, 1),
        )
        session.out.line(session.say("said.load_again"))


def _progress(session: Session) -> Progress:
    hidden = session.machine or not sys.stderr.isatty()
    return Progress(console=Console(file=sys.stderr), transient=True, disable=hidden)


def _portions(rows: Sequence[FileRow]) -> Iterator[list[FileRow]]:
    portion, size = list[FileRow](), 0
    for row in rows:
        texts = (row.record_number, row.document_number, row.title_zh, row.title_en)
        more = _FRAME_BYTES + sum(len(text.encode()) for text in (*texts, row.commendation or ""))
        if portion and (len(portion) == RECORDS_PER_LOAD or size + more > _PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += more
    if portion:
        yield portion


def _row(row: FileRow) -> Answer:
    return {
        "record_number": row.record_number,
        "document_number": row.document_number,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "points_milli": str(row.points_milli),
        "occurred_on": row.occurred_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else "",
        "commendation": row.commendation or "",
    }
