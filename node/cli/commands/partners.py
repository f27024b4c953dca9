"""Partner cities."""

import base64
import json
import sys
from pathlib import Path

from federation.limits import PAYLOAD_BYTES
from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import (
    STANDARD_INPUT,
    city_of,
    read_file,
    reason,
    reason_of,
    request_id,
    unreadable,
)
from node.model import Role


@command("partner export")
@argument("file", text="export_file", required=False, default=STANDARD_INPUT)
@pass_session
def export(session: Session, *, file: str) -> None:
    """Write this city's descriptor."""
    answer = Node(session, Role.OPERATOR).ask("GetDescriptor")
    descriptor, fingerprint = base64.b64decode(answer["descriptor_json"]), answer["fingerprint"]
    if file != STANDARD_INPUT:
        _write(Path(file), descriptor)
    shown: dict[str, object] = {"fingerprint": fingerprint}
    shown |= {"descriptor": json.loads(descriptor)} if file == STANDARD_INPUT else {"file": file}
    if session.out.document(shown):
        return
    if file == STANDARD_INPUT:
        sys.stdout.write(descriptor.decode() + "\n")
        session.out.note(session.say("said.fingerprint", fingerprint=fingerprint))
        return
    session.out.line(session.say("said.exported", file=file))
    session.out.line(session.say("said.fingerprint", fingerprint=fingerprint))
    session.out.line(session.say("said.export_next"))


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
@option("--fingerprint", required=True, metavar="TEXT")
@request_id
@pass_session
def import_partner(
    session: Session, *, file: str, fingerprint: str, request_id: str | None
) -> None:
    """Trust a partner."""
    _, content = read_file(file, most=2 * PAYLOAD_BYTES)
    answer = Node(session, Role.OPERATOR).change(
        "AddPartner",
        request_id,
        descriptor_json=base64.b64encode(content).decode(),
        fingerprint=fingerprint,
    )
    _show(session, answer, "said.imported")


@command("partner list")
@pass_session
def list_partners(session: Session) -> None:
    """List the partners."""
    partners = Node(session, Role.OPERATOR).every("ListPartners", "partners")
    if session.out.document({"partners": partners}):
        return
    if not partners:
        session.out.line(session.say("said.no_partners"))
        return
    session.out.table(
        [
            session.say(f"words.{w}")
            for w in ("city", "name", "state", "endpoint", "bundle", "scale")
        ],
        [
            (
                partner["city"],
                session.pick(partner, "name"),
                session.say(f"words.{partner['state']}"),
                partner["endpoint"],
                _bundle(session, partner),
                _scale(session, partner),
            )
            for partner in partners
        ],
        whole=(0, 1, 2),
    )


@command("partner suspend")
@argument("city", type=city_of)
@reason
@request_id
@pass_session
def suspend(session: Session, *, city: str, reason: str | None, request_id: str | None) -> None:
    """Stop serving and asking a partner."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("SuspendPartner", request_id, city=city, reason=why)
    _show(session, answer, "said.partner_suspended")


@command("partner resume")
@argument("city", type=city_of)
@reason
@request_id
@pass_session
def resume(session: Session, *, city: str, reason: str | None, request_id: str | None) -> None:
    """Take a partner up again."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("ResumePartner", request_id, city=city, reason=why)
    _show(session, answer, "said.partner_resumed")


@command("partner sync")
@argument("city", type=city_of)
@pass_session
def sync(session: Session, *, city: str) -> None:
    """Swap bundles and scales with a partner."""
    answer = Node(session, Role.OPERATOR).ask("SyncPartner", city=city)
    _show(session, answer, "said.synced")


def _show(session: Session, answer: Answer, said: str) -> None:
    if session.out.document(answer):
        return
    partner = answer["partner"]
    session.out.line(session.say(said, city=partner["city"], name=session.pick(partner, "name")))
    session.out.lines(
        [
            (session.say("words.state"), session.say(f"words.{partner['state']}")),
            (session.say("words.endpoint"), partner["endpoint"]),
            (session.say("words.bundle"), _bundle(session, partner)),
            (session.say("words.scale"), _scale(session, partner)),
            (session.say("words.fingerprint"), partner["fingerprint"]),
        ]
    )


def _bundle(session: Session, partner: Answer) -> str:
    ends = session.time(partner.get("bundle_expires_at"))[:10]
    return session.say("said.bundle", sequence=partner["bundle_sequence"], ends=ends)


def _scale(session: Session, partner: Answer) -> str:
    if not partner["scale_id"]:
        return session.say("words.unknown")
    return session.say("said.version", id=partner["scale_id"], version=partner["scale_version"])
