"""What a department may see of a person's records, and who has seen a resident's."""

from node.cli.calling import DEFAULT, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import secret
from node.model import Role


@command("records list")
@option("--document-number", metavar="NUMBER")
@option("--purpose", required=True, metavar="TEXT")
@option("--department", default=DEFAULT, metavar="NAME")
@pass_session
def list_records(
    session: Session, *, document_number: str | None, purpose: str, department: str
) -> None:
    """List what this department may see of one person's records."""
    number = secret(session, document_number, "said.ask_document")
    node = Node(session, Role.DEPARTMENT, department)
    asked = {"document_number": number, "purpose": purpose}
    found, classes, token = [], [], ""
    while True:
        page = node.ask("ListRecords", page_token=token, **asked)
        found += page["records"]
        classes, token = page["classes_shown"], page["next_page_token"]
        if not token:
            break
    if session.out.document({"records": found, "classes_shown": classes}):
        return
    if found:
        headings = ("record", "department", "title", "class", "day", "ends", "evidence", "disputed")
        session.out.table(
            [session.say(f"words.{word}") for word in headings],
            [
                (
                    f"{record['record_number']} ({record['revision']})",
                    record["source"],
                    session.pick(record, "indicator") or record["indicator"],
                    record["disclosure_class"],
                    record["occurred_on"],
                    record["counts_until"],
                    record["evidence"],
                    session.say("words.yes") if record["disputed"] else "",
                )
                for record in found
            ],
            whole=(0, 3, 4, 5),
        )
    session.out.line(session.say("said.classes_shown", classes=", ".join(classes)))


@command("resident reads")
@argument("resident_id", metavar="RESIDENT")
@pass_session
def list_reads(session: Session, *, resident_id: str) -> None:
    """List who read a resident's records of class B and above."""
    node = Node(session, Role.RESIDENT, service="ResidentCaseService")
    found = node.every("ListRecordReads", "reads", resident_id=resident_id)
    if session.out.document({"reads": found}):
        return
    if not found:
        session.out.line(session.say("said.no_reads"))
        return
    headings = ("when", "reader", "purpose", "record", "title", "class")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                session.time(read.get("at"))[:19],
                read["reader"],
                read["purpose"],
                f"{read['source']}/{read['record_number']}",
                session.pick(read, "indicator"),
                read["disclosure_class"],
            )
            for read in found
        ],
        whole=(0, 5),
    )
