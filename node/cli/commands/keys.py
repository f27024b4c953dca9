"""This city's keys: shown, rotated, revoked, signed for elsewhere, encrypted."""

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from federation import codec
from federation.envelope import add_signature, envelope_from_json, envelope_to_json
from federation.limits import PAYLOAD_BYTES
from node.cli.calling import Answer, Node
from node.cli.errors import Misused, Wrong
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import new_passphrase, read_file, reason, reason_of, request_id, unreadable
from node.config import PASSPHRASE, secret
from node.keys.at_rest import change_passphrase
from node.keys.files import read_signer
from node.keys.folder import KeyFolder
from node.model import Role

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH: Final = re.compile(r"([0-9]{1,6})([smhd])")


def length_of(text: str) -> str:
    """A length of time such as 24h, as the API takes it."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise Wrong("said.bad_length")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    return f"{int(length.total_seconds())}s"


draft_file = option("--draft", metavar="FILE", default="trust-bundle.draft.json", text="draft_file")


@command("keys show")
@pass_session
def show(session: Session) -> None:
    """Show the keys."""
    answer = Node(session, Role.OPERATOR).ask("GetKeys")
    if not session.out.document(answer):
        _show(session, answer["key_set"])


@command("keys rotate")
@option("--signing", is_flag=True, text="rotate_signing")
@option("--tls", is_flag=True, text="rotate_tls")
@option("--root", is_flag=True, text="rotate_root")
@option("--root-keys", type=click.IntRange(1), metavar="N")
@option("--root-threshold", type=click.IntRange(1), metavar="M")
@option("--lead", type=length_of, metavar="LENGTH")
@option("--overlap", type=length_of, metavar="LENGTH")
@draft_file
@request_id
@pass_session
def rotate(
    session: Session,
    /,
    *,
    root: bool,
    draft: str,
    request_id: str | None,
    **options: str | int | None,
) -> None:
    """Make new keys."""
    wanted: dict[str, object] = {name: value for name, value in options.items() if value}
    if root:
        wanted = {"root_keys": 1, "root_threshold": 1} | wanted
    elif {"root_keys", "root_threshold"} & set(wanted):
        raise Misused("said.root_needed")
    elif not {"signing", "tls"} & set(wanted):
        wanted |= {"signing": True, "tls": True}
    answer = Node(session, Role.OPERATOR).change("RotateKeys", request_id, **wanted)
    _done(session, answer, draft, "said.rotated")


@command("keys revoke")
@argument("which", metavar="KEY", text="key_to_revoke")
@reason
@draft_file
@request_id
@pass_session
def revoke(
    session: Session, *, which: str, reason: str | None, draft: str, request_id: str | None
) -> None:
    """End a key at once."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("RevokeKey", request_id, key=which, reason=why)
    _done(session, answer, draft, "said.revoked")


@command("keys sign")
@argument("draft", text="draft_to_sign")
@option("--root", required=True, metavar="FILE", text="root_file")
@pass_session
def sign(session: Session, *, draft: str, root: str) -> None:
    """Sign a draft with a root key."""
    path = Path(draft)
    _, content = read_file(draft, most=2 * PAYLOAD_BYTES)
    envelope = envelope_from_json(content, where=draft)
    bundle = codec.TRUST_BUNDLE.decode(envelope.payload)
    signer = read_signer(Path(root), secret(PASSPHRASE, None, session.environment))
    if all(s.key_id != signer.key_id for s in envelope.signatures):
        envelope = add_signature(envelope, signer)
        try:
            part = path.with_name(f".{path.name}.part")
            part.write_text(envelope_to_json(envelope), "utf-8")
            part.replace(path)
        except OSError as error:
            raise unreadable(draft, error) from error
    signatures = [signature.key_id for signature in envelope.signatures]
    said: dict[str, object] = {"draft": draft, "bundle_sequence": bundle.sequence}
    if session.out.document(said | {"signatures": signatures, "key": signer.key_id}):
        return
    session.out.line(
        session.say(
            "said.draft_signed",
            sequence=bundle.sequence,
            city=bundle.header.issuer,
            key=signer.key_id[:16],
            count=len(signatures),
        )
    )
    session.out.line(session.say("said.draft_next", draft=draft))


@command("keys publish")
@argument("draft", text="draft_to_publish")
@request_id
@pass_session
def publish(session: Session, *, draft: str, request_id: str | None) -> None:
    """Publish a signed draft."""
    _, content = read_file(draft, most=2 * PAYLOAD_BYTES)
    encoded = base64.b64encode(content).decode()
    node = Node(session, Role.OPERATOR)
    answer = node.change("PublishBundle", request_id, draft_json=encoded)
    _done(session, answer, draft, "said.published")


@command("keys encrypt")
@option("--remove", is_flag=True, text="remove_passphrase")
@pass_session
def encrypt(session: Session, *, remove: bool) -> None:
    """Set, change or remove the passphrase."""
    settings = session.settings
    old = secret(PASSPHRASE, settings.key_passphrase_file, session.environment)
    new = None if remove else new_passphrase(session)
    changed = change_passphrase(KeyFolder(settings.data_dir), old, new)
    if session.out.document({"files": [str(path) for path in changed], "encrypted": not remove}):
        return
    said = "said.decrypted" if remove else "said.encrypted"
    session.out.line(session.say(said, count=len(changed)))
    session.out.line(session.say("said.encrypt_next"))


def _done(session: Session, answer: Answer, draft: str, said: str) -> None:
    """Say what was published, or write the draft that root keys elsewhere must sign."""
    content = base64.b64decode(answer.get("draft_json", ""))
    if content:
        try:
            Path(draft).write_bytes(content)
        except OSError as error:
            raise unreadable(draft, error) from error
    if session.out.document(answer | ({"draft": draft} if content else {})):
        return
    if content:
        session.out.line(session.say("said.drafted", draft=draft))
        session.out.line(session.say("said.sign_draft", draft=draft))
        return
    sequence = answer["key_set"]["bundle_sequence"]
    session.out.line(session.say(said, sequence=sequence))
    _show(session, answer["key_set"])


def _show(session: Session, keys: Answer) -> None:
    session.out.table(
        [session.say(f"words.{w}") for w in ("key_use", "state", "from", "until", "key")],
        [
            (
                session.say(f"words.{key['use']}"),
                session.say(f"words.{key['state']}"),
                session.time(key["used_from"]),
                session.time(key["ends_at"]),
                # Enough of it to name the key; all of it is in --json.
                key["key"][:16],
            )
            for key in keys["keys"]
        ],
        whole=(0, 1, 2, 3, 4),
    )
    session.out.line(
        session.say(
            "said.keys",
            sequence=keys["bundle_sequence"],
            ends=session.time(keys["bundle_expires_at"])[:10],
            threshold=keys["root_threshold"],
            due=session.time(keys["next_rotation_at"])[:10],
        )
    )
