"""Partners without a wire: a descriptor in a letter, and its fingerprint."""

import base64
import json
import sys
from pathlib import Path

import click

from federation.codec import TRUST_BUNDLE
from federation.envelope import envelope_from_json
from federation.limits import PAYLOAD_BYTES
from federation.trust import fingerprint as fingerprint_of
from federation.trust import fingerprint_words
from federation.words import in_en, in_zh
from node.cli.calling import Node
from node.cli.commands.partners import show_partner
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import STANDARD_INPUT, read_file, request_id, unreadable
from node.model import Role


@command("partner export")
@argument("file", text="export_file", required=False, default=STANDARD_INPUT)
@pass_session
def export(session: Session, *, file: str) -> None:
    """Write this city's descriptor."""
    answer = Node(session, Role.OPERATOR).ask("GetDescriptor")
    descriptor = base64.b64decode(answer.pop("descriptor_json"))
    if file != STANDARD_INPUT:
        _write(Path(file), descriptor)
    shown: dict[str, object] = dict(answer)
    shown |= {"descriptor": json.loads(descriptor)} if file == STANDARD_INPUT else {"file": file}
    if session.out.document(shown):
        return
    said = [
        session.say("said.fingerprint", fingerprint=answer["fingerprint"]),
        session.say("said.fingerprint_words", words=answer["words_zh"]),
        session.say("said.fingerprint_words", words=answer["words_en"]),
    ]
    if file == STANDARD_INPUT:
        sys.stdout.write(descriptor.decode() + "\n")
        for line in said:
            session.out.note(line)
        return
    for line in (session.say("said.exported", file=file), *said, session.say("said.export_next")):
        session.out.line(line)


def _write(path: Path, content: bytes) -> None:
    """Write the whole file or nothing."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise unreadable(str(path), error) from error


@command("partner import")
@argument("file", text="import_file")
@option("--fingerprint", metavar="TEXT")
@request_id
@pass_session
def import_partner(
    session: Session, *, file: str, fingerprint: str | None, request_id: str | None
) -> None:
    """Take a partner's descriptor."""
    _, content = read_file(file, most=2 * PAYLOAD_BYTES)
    compared = fingerprint or _compare(session, content)
    answer = Node(session, Role.OPERATOR).change(
        "AddPartner",
        request_id,
        descriptor_json=base64.b64encode(content).decode(),
        fingerprint=compared,
    )
    show_partner(session, answer, "said.imported")


def _compare(session: Session, content: bytes) -> str:
    """Show whose descriptor it seems to be, and let the officer type what the letter says."""
    envelope = envelope_from_json(content, where="descriptor")
    bundle = TRUST_BUNDLE.decode(envelope.payload)
    if session.machine or not sys.stdin.isatty():
        raise Misused("said.fingerprint_needed")
    session.out.line(session.say("said.compare"))
    words = fingerprint_words(envelope)
    session.out.lines(
        [
            (session.say("words.city"), bundle.header.issuer),
            (session.say("words.name"), f"{bundle.name_zh} {bundle.name_en}"),
            (session.say("words.endpoint"), ", ".join(map(str, bundle.endpoints))),
            (session.say("words.fingerprint"), fingerprint_of(envelope)),
            ("", in_zh(words)),
            ("", in_en(words)),
        ]
    )
    return str(click.prompt(session.say("said.ask_fingerprint"), err=True))
