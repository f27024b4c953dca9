"""Rows that a department's records were not taken from: listed, mended, given out, given up."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from node.cli import exits
from node.cli.calling import DEFAULT, Answer, Node
from node.cli.errors import Misused, Wrong
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import reason, reason_of, request_id, secret, unreadable, uuid_of
from node.errors import UNKNOWN, HutongError
from node.files.record_columns import COLUMNS, ROW_ID, SAID, row_of
from node.files.record_portions import wire_row
from node.model import Role

_PAGE: Final = 200
_OF_ACTION: Final = "ROW_ACTION_"
_NO_ACTION: Final = ("", "unspecified")
_department = option("--department", default=DEFAULT, metavar="NAME")


@command("quarantine list")
@_department
@pass_session
def list_rows(session: Session, *, department: str) -> None:
    """List the rows that wait."""
    found = list(_rows(Node(session, Role.DEPARTMENT, department)))
    if session.out.document({"rows": found}):
        return
    if not found:
        session.out.line(session.say("said.quarantine_empty"))
        return
    headings = ("row", "place", "record", "why")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                row["row_id"],
                f"{row['file_name']}:{row['line']}" if row["file_name"] else row["line"],
                row["row"]["record_number"],
                session.pick(row, "problem"),
            )
            for row in found
        ],
        whole=(0,),
    )


@command("quarantine fix")
@argument("row_id", type=uuid_of, metavar="ROW")
@option("--set", "changes", multiple=True, metavar="COLUMN=VALUE", text="row_set")
@option("--document-number", metavar="NUMBER", text="row_document")
@_department
@request_id
@pass_session
def fix(
    session: Session,
    *,
    row_id: str,
    changes: Sequence[str],
    document_number: str | None,
    department: str,
    request_id: str | None,
) -> int:
    """Put a row back as it should be."""
    changed = dict(_change(each) for each in changes)
    if document_number is not None:
        changed["document_number"] = secret(session, document_number, "said.ask_document")
    node = Node(session, Role.DEPARTMENT, department)
    values = _values(_row(node, row_id)) | changed
    answer = node.change("PutBackRow", request_id, row_id=row_id, row=wire_row(row_of(values)))
    waits = None if answer["accepted"] else answer["quarantined"]
    if not session.out.document(answer):
        if waits is None:
            session.out.line(session.say("said.row_taken"))
        else:
            said = {"row": waits["row_id"], "problem": session.pick(waits, "problem")}
            session.out.line(session.say("said.row_waits", **said))
    return exits.DONE if waits is None else exits.REFUSED


@command("quarantine export")
@argument("file", text="export_rows")
@_department
@pass_session
def export(session: Session, *, file: str, department: str) -> None:
    """Write the rows that wait to a file, for a spreadsheet."""
    rows = list(_rows(Node(session, Role.DEPARTMENT, department)))
    try:
        _write(session, Path(file), rows)
    except (OSError, ValueError) as error:
        raise unreadable(file, error) from error
    if not session.out.document({"file": file, "row_count": len(rows)}):
        session.out.line(session.say("said.rows_exported", count=len(rows), file=file))


@command("quarantine discard")
@argument("row_id", type=uuid_of, metavar="ROW")
@reason
@_department
@request_id
@pass_session
def discard(
    session: Session, *, row_id: str, reason: str | None, department: str, request_id: str | None
) -> None:
    """Give a row up."""
    why = reason_of(session, reason)
    node = Node(session, Role.DEPARTMENT, department)
    answer = node.change("DiscardRow", request_id, row_id=row_id, reason=why)
    if not session.out.document(answer):
        session.out.line(session.say("said.row_discarded"))


def _rows(node: Node) -> Iterable[Answer]:
    token = ""
    while True:
        page = node.ask("ListQuarantinedRows", page_size=_PAGE, page_token=token)
        yield from page["rows"]
        token = page["next_page_token"]
        if not token:
            return


def _row(node: Node, row_id: str) -> Answer:
    for row in _rows(node):
        if row["row_id"] == row_id:
            return row
    raise HutongError(
        UNKNOWN, what="row in quarantine", name=row_id, remedy="see `hutong quarantine list`"
    )


def _values(waits: Answer) -> dict[str, str]:
    """A row that waits, by column, as a file has it."""
    row: dict[str, Any] = waits["row"]
    action = str(row["action"]).removeprefix(_OF_ACTION).lower()
    return {
        **{name: str(row[name]) for name in COLUMNS},
        "action": "" if action in _NO_ACTION else action,
        "revision": str(row["revision"] or ""),
        "document_number": "",
    }


def _change(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals or column not in COLUMNS:
        raise Wrong("said.bad_column", columns=", ".join(COLUMNS))
    if column == "document_number":
        # It would stay in the shell's history.
        raise Misused("said.document_apart")
    return column, value


def _write(session: Session, path: Path, rows: Sequence[Answer]) -> None:
    """Only for its owner; marked as UTF-8, for spreadsheets."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8-sig", newline="") as file:
        columns = (ROW_ID, *SAID, *COLUMNS)
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            said = {"reason": row["reason"], "problem": session.pick(row, "problem")}
            writer.writerow({ROW_ID: row["row_id"]} | said | _values(row))
