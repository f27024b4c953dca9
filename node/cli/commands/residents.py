"""What residents do and see, but for their consents."""

import io
import sys
from typing import Final

import click
import segno

from node.cli.calling import Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import request_id, secret
from node.documents import guess_kind
from node.model import DocumentKind, Role

_LEVEL: Final = "DISCLOSURE_LEVEL_"
_UNSAID: Final = "UNSPECIFIED"
_KINDS: Final = {
    "resident-id": DocumentKind.RESIDENT_ID,
    "permanent-resident": DocumentKind.FOREIGN_PERMANENT_RESIDENT,
    "passport-mrz": DocumentKind.PASSPORT_MRZ,
}


@command("resident enrol")
@option("--document-number", metavar="NUMBER")
@option("--document-kind", type=click.Choice(list(_KINDS)))
@request_id
@pass_session
def enrol(
    session: Session,
    *,
    document_number: str | None,
    document_kind: str | None,
    request_id: str | None,
) -> None:
    """Take part."""
    number = secret(session, document_number, "said.ask_document")
    kind = _KINDS[document_kind] if document_kind else guess_kind(number)
    answer = Node(session, Role.RESIDENT).change(
        "EnrolResident",
        request_id,
        document_kind=f"DOCUMENT_KIND_{kind.name}",
        document_number=number,
    )
    if session.out.document(answer):
        return
    said = "said.enrolled_before" if answer["already_enrolled"] else "said.enrolled"
    session.out.line(session.say(said, id=answer["resident_id"]))
    session.out.line(session.say("said.enrol_next", id=answer["resident_id"]))


@command("resident code")
@argument("resident_id", metavar="RESIDENT")
@argument("consent_id", metavar="CONSENT")
@request_id
@pass_session
def code(session: Session, *, resident_id: str, consent_id: str, request_id: str | None) -> None:
    """Make a presentation code."""
    answer = Node(session, Role.RESIDENT).change(
        "CreatePresentationCode", request_id, resident_id=resident_id, consent_id=consent_id
    )
    if session.out.document(answer):
        return
    shown = answer["presentation_code"]
    session.out.raw(_qr(shown))
    session.out.line(shown)
    session.out.line(session.say("said.code_until", at=session.time(answer.get("expires_at"))))


def _qr(content: str) -> str:
    """The QR for a terminal: two rows of it in each line, or wide where half blocks are unknown."""
    made = segno.make_qr(content, error="m")
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        return "".join(
            "".join("  " if dark else "##" for dark in row) + "\n"
            for row in made.matrix_iter(border=2)
        )
    drawn = io.StringIO()
    made.terminal(out=drawn, border=2, compact=True)
    if not sys.stdout.isatty():
        return drawn.getvalue()
    # White on black whatever the terminal's colours are: some readers take no negative.
    lines = drawn.getvalue().splitlines()
    return "".join(f"\x1b[97;40m{line}\x1b[0m\n" for line in lines)


@command("resident uses")
@argument("resident_id", metavar="RESIDENT")
@pass_session
def uses(session: Session, *, resident_id: str) -> None:
    """List every use of a resident's standing."""
    found = Node(session, Role.RESIDENT).every("ListUses", "uses", resident_id=resident_id)
    if session.out.document({"uses": found}):
        return
    if not found:
        session.out.line(session.say("said.no_uses"))
        return
    headings = ("when", "host_city", "outcome", "shown", "scenarios", "why")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                session.time(use.get("used_at"))[:19],
                use["host_city"],
                session.say(f"words.{use['outcome']}"),
                use["disclosure"].removeprefix(_LEVEL).replace(_UNSAID, ""),
                ", ".join(use["scenarios"]),
                session.pick(use, "reason"),
            )
            for use in found
        ],
        whole=(0, 1, 2),
    )
