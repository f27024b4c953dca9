"""Files of envelopes: what they say, unbelieved, and whether they may be believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import click

from federation import codec
from federation.envelope import (
    Envelope,
    Keyring,
    Statement,
    Verified,
    check_threshold,
    envelope_from_json,
    open_envelope,
    pae,
)
from federation.errors import (
    BAD_SIGNATURE,
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_YET_VALID,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_FINGERPRINT,
    WRONG_ISSUER,
    WRONG_TYPE,
)
from federation.identifiers import CityCode
from federation.limits import MESSAGE_BYTES
from federation.messages import TrustBundle
from federation.rendering import plain
from federation.trust import (
    fingerprint,
    open_first_bundle,
    open_next_bundle,
    root_keys,
    signing_keys,
)
from node.cli import exits
from node.cli.errors import HutongError, Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, instant_of, moment_of, read_file
from node.clock import SystemClock
from node.errors import FILE_INVALID

_STEPS: Final = 6
_PARSING: Final = 4

# The step of `open_envelope` that each reason belongs to; what is not here was found in parsing.
# A fingerprint is compared before them, and a bundle's sequence after them.
_STEP_OF: Final = {
    WRONG_FINGERPRINT.name: 0,
    BUNDLE_ROLLBACK.name: _STEPS + 1,
    BUNDLE_JUMP.name: _STEPS + 1,
    WRONG_TYPE.name: 1,
    UNKNOWN_KEY.name: 2,
    KEY_NOT_VALID.name: 2,
    BAD_SIGNATURE.name: 2,
    MISSING_SIGNATURE.name: 3,
    WRONG_ISSUER.name: 5,
    WRONG_AUDIENCE.name: 5,
    NOT_YET_VALID.name: 6,
    EXPIRED.name: 6,
}

AnyStatement = Statement[Any]


@command("envelope show")
@argument("file", text="envelope_file")
@pass_session
def show(session: Session, *, file: str) -> None:
    """Show what an envelope says."""
    envelope = read_envelope(file)
    problem, message = "", None
    try:
        message = plain(_statement(envelope).decode(envelope.payload))
    except HutongError as error:
        problem = error.text(session.language)
    document = {
        "verified": False,
        "payload_type": envelope.payload_type,
        "signatures": [
            {"key_id": s.key_id, "signature": s.signature.hex()} for s in envelope.signatures
        ],
        "fingerprint": fingerprint(envelope),
        "message": message,
        "problem": problem,
    }
    if session.out.document(document):
        return
    session.out.line(session.say("said.unverified"), style="yellow")
    keys = [s.key_id for s in envelope.signatures] or [session.say("words.nobody")]
    pairs = [
        (session.say("words.kind"), envelope.payload_type),
        (session.say("words.fingerprint"), fingerprint(envelope)),
        *((session.say("words.signature"), key) for key in keys),
    ]
    session.out.lines([*pairs, *_header(session, message)])
    if message is None:
        session.out.line(session.say("said.unreadable", problem=problem))
        return
    rest = {name: value for name, value in message.items() if name != "header"}
    for line in json.dumps(rest, ensure_ascii=False, indent=2).splitlines():
        session.out.line(line)


def _header(session: Session, message: dict[str, Any] | None) -> list[tuple[str, str]]:
    if message is None:
        return []
    header = message["header"]
    audience = ", ".join(header["audience"]) or session.say("words.every_city")
    return [
        (session.say("words.statement"), header["statement_id"]),
        (session.say("words.issuer"), header["issuer"]),
        (session.say("words.audience"), audience),
        (session.say("words.issued"), header["issued_at"]),
        (session.say("words.expires"), header["expires_at"]),
    ]


@dataclass(frozen=True, slots=True)
class _Check:
    """Who verifies, as of when, by which keys."""

    audience: CityCode
    now: datetime
    bundles: tuple[TrustBundle, ...]
    compared: str
    kind: str | None


@command("envelope verify")
@argument("file", text="envelope_file")
@option("--bundle", "bundles", multiple=True, metavar="FILE", text="bundle")
@option("--fingerprint", default="", metavar="TEXT", text="verify_fingerprint")
@option("--kind", type=click.Choice([statement.label for statement in codec.STATEMENTS]))
@option("--audience", type=city_of, metavar="CITY")
@option("--at", type=moment_of, metavar="INSTANT")
@pass_session
def verify(
    session: Session,
    *,
    file: str,
    bundles: tuple[str, ...],
    fingerprint: str,
    kind: str | None,
    audience: str | None,
    at: str | None,
) -> int:
    """Verify an envelope."""
    verifier = _audience(session, audience)
    now = instant_of(at, session.zone, SystemClock().now())
    envelope = read_envelope(file)
    trusted = [_bundle(session, path) for path in bundles]
    check = _Check(verifier, now, tuple(bundle for _, bundle in trusted), fingerprint, kind)
    error, issuer = None, ""
    try:
        issuer = _open(envelope, check).message.header.issuer
    except HutongError as found:
        error = found
    reached = _STEPS + 1 if error is None else _step(error, envelope)
    _report(session, envelope, trusted, reached, error, issuer)
    return exits.DONE if error is None else exits.REFUSED


def _audience(session: Session, given: str | None) -> CityCode:
    if given is not None:
        return CityCode(given)
    if not session.settings_path.exists():
        raise Misused("said.audience_needed")
    return session.settings.code


def _open(envelope: Envelope, check: _Check) -> Verified[Any]:
    """Open it by the rule of its kind: a trust bundle has rules of its own."""
    statement = _statement(envelope)
    if check.kind not in {None, statement.label}:
        expected = next(s.payload_type for s in codec.STATEMENTS if s.label == check.kind)
        raise HutongError(WRONG_TYPE, actual=repr(envelope.payload_type), expected=repr(expected))
    if statement is not codec.TRUST_BUNDLE:
        if not check.bundles:
            raise Misused("said.bundle_needed")
        return open_envelope(
            envelope,
            statement,
            signed_by=_keyrings(check.bundles),
            audience=check.audience,
            now=check.now,
        )
    if bool(check.compared) == bool(check.bundles) or len(check.bundles) > 1:
        raise Misused("said.bundle_or_fingerprint")
    if check.compared:
        return open_first_bundle(envelope, check.compared, audience=check.audience, now=check.now)
    return open_next_bundle(check.bundles[0], envelope, audience=check.audience, now=check.now)


def _keyrings(bundles: Sequence[TrustBundle]) -> list[Keyring]:
    return [signing_keys(bundle) for bundle in bundles]


def _bundle(session: Session, path: str) -> tuple[Envelope, TrustBundle]:
    """A bundle that the caller vouches for; its city's own root must at least have signed it.

    Its end is shown, not held against it: what was signed in its time may be looked at later.
    """
    envelope = read_envelope(path)
    if envelope.payload_type != codec.TRUST_BUNDLE.payload_type:
        raise Misused("said.not_a_bundle", file=path)
    try:
        claimed = codec.TRUST_BUNDLE.decode(envelope.payload)
        root, covered = root_keys(claimed), pae(envelope.payload_type, envelope.payload)
        signers = {
            signature.key_id
            for signature in envelope.signatures
            if (key := root.find(signature.key_id)) and key.verifies(signature.signature, covered)
        }
        check_threshold(root, len(signers))
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
        raise HutongError(FILE_INVALID, file=path, where="--bundle", problem=problem) from error
    return envelope, claimed


def _step(error: HutongError, envelope: Envelope) -> int:
    """The number of the step that raised `error`."""
    known = _STEP_OF.get(error.reason.name)
    if known is not None:
        return known
    if error.reason in {MALFORMED, TOO_LARGE} and error.fields["where"] == "signatures":
        return 1
    try:
        _statement(envelope).decode(envelope.payload)
    except HutongError as found:
        return _PARSING if found == error else 1
    return 1


def _report(
    session: Session,
    envelope: Envelope,
    bundles: Sequence[tuple[Envelope, TrustBundle]],
    reached: int,
    error: HutongError | None,
    issuer: str,
) -> None:
    results = [
        "ok" if number < reached else "bad" if number == reached else "open"
        for number in range(1, _STEPS + 1)
    ]
    trusted = [
        {
            "city": bundle.header.issuer,
            "sequence": bundle.sequence,
            "fingerprint": fingerprint(signed),
            "expires_at": bundle.header.expires_at.isoformat(),
        }
        for signed, bundle in bundles
    ]
    document: dict[str, object] = {"verified": error is None, "steps": results, "trusted": trusted}
    if error is not None:
        document["error"] = {
            "reason": error.reason.name,
            "fields": error.fields,
            "text_zh": error.text("zh"),
            "text_en": error.text("en"),
        }
    if session.out.document(document):
        return
    for each in trusted:
        ends = session.time(each["expires_at"])[:10]
        session.out.line(session.say("said.trusted", **each | {"ends": ends}))
    for number, result in enumerate(results, start=1):
        what, said = session.say(f"words.step_{number}"), session.say(f"words.step_{result}")
        session.out.line(session.say("said.step", number=number, what=what, result=said))
    if error is None:
        kind = _statement(envelope).label
        session.out.line(session.say("said.verified", kind=kind, issuer=issuer), style="green")
        return
    fields = {"reason": error.reason.name, "text": error.text(session.language)}
    session.out.line(session.say("said.refused", **fields), style="bold red")


def _statement(envelope: Envelope) -> AnyStatement:
    """The kind of statement that an envelope says it holds; raises WRONG_TYPE."""
    for statement in codec.STATEMENTS:
        if statement.payload_type == envelope.payload_type:
            return statement
    known = ", ".join(statement.payload_type for statement in codec.STATEMENTS)
    raise HutongError(WRONG_TYPE, actual=repr(envelope.payload_type[:80]), expected=known)


def read_envelope(path: str) -> Envelope:
    """The envelope in a file, in whichever form it is."""
    name, content = read_file(path, most=MESSAGE_BYTES)
    if not content.strip():
        raise HutongError(FILE_INVALID, file=name, where="line 1", problem="it is empty")
    if content.lstrip().startswith(b"{"):
        return envelope_from_json(content, where=name)
    return codec.envelope_from_bytes(content)
