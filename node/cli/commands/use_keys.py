"""The use key of a resident's app, and the uses that are counted by it over all cities."""

import base64
import os
from datetime import datetime
from pathlib import Path

from federation.errors import HutongError
from federation.limits import USE_KEY_BYTES
from federation.messages import UseCounting
from federation.uses import parse_use_key, use_commitment, use_key_text
from node.cli.calling import Answer, Node
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import read_file, unreadable
from node.clock import SystemClock, SystemEntropy
from node.errors import FILE_INVALID
from node.model import Role


@command("resident use-key")
@option("--out", required=True, metavar="FILE", text="use_key_out")
@pass_session
def new(session: Session, *, out: str) -> None:
    """Make a use key, as a resident's app does: no node is called."""
    text = use_key_text(SystemEntropy().token(USE_KEY_BYTES))
    try:
        # Never over another: with that, uses that are open would be lost from sight.
        descriptor = os.open(Path(out), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
    except (OSError, ValueError) as error:
        raise unreadable(out, error) from error
    if not session.out.document({"file": out}):
        session.out.line(session.say("said.use_key_made", file=out))


def counted_by(session: Session, count: str | None, file: str | None) -> dict[str, str]:
    """The fields of a consent that let uses be counted: of the key only its SHA-256 is sent."""
    if count is None:
        if file is not None:
            raise Misused("said.use_key_for_nothing")
        return {}
    if file is None:
        raise Misused("said.use_key_needed")
    name, content = read_file(file)
    try:
        key = parse_use_key(content.decode("ascii", "replace"), where="use_key")
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
        raise HutongError(FILE_INVALID, file=name, where="use_key", problem=problem) from error
    commitment = base64.b64encode(use_commitment(key)).decode()
    return {"counting": counting_of(count), "use_commitment": commitment}


def counting_of(count: str) -> str:
    """As the wire names it."""
    return f"USE_COUNTING_{UseCounting[count.upper()].name}"


@command("resident uses-counted")
@argument("resident_id", metavar="RESIDENT")
@pass_session
def list_counted(session: Session, *, resident_id: str) -> None:
    """List the uses that were counted over all cities."""
    uses = Node(session, Role.RESIDENT).every("ListUseLeases", "uses", resident_id=resident_id)
    if session.out.document({"uses": uses}):
        return
    if not uses:
        session.out.line(session.say("said.no_uses_counted"))
        return
    now = SystemClock().now()
    session.out.table(
        [session.say(f"words.{word}") for word in ("when", "host_city", "kind", "state")],
        [
            (
                session.time(use["granted_at"])[:19],
                use["host_city"],
                use["use_class"] or session.say("words.not_told"),
                _state(session, use, now),
            )
            for use in uses
        ],
        whole=(0, 1),
    )


def _state(session: Session, use: Answer, now: datetime) -> str:
    if use.get("released_at"):
        return session.say("said.use_given_back", at=session.time(use["released_at"])[:16])
    ends = session.time(use["until"])
    over = datetime.fromisoformat(ends) <= now
    return session.say("said.ended_at" if over else "said.use_open_until", at=ends[:16])
