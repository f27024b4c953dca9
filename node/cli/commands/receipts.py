"""Receipts: taken from the home city, kept by the resident, verified by anybody without a node."""

import base64
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from federation.envelope import envelope_from_json
from federation.errors import HutongError
from federation.limits import MESSAGE_BYTES, RECEIPT_BYTES
from federation.messages import TrustBundle
from federation.receipt import Receipt, ReceiptKind, receipt_from_json
from federation.receipt_check import ReceiptFindings, verify_receipt
from federation.trust import open_kept_bundle
from node.cli import exits
from node.cli.calling import Node
from node.cli.commands.consents import show_consent
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import STANDARD_INPUT, named, read_file, unreadable
from node.clock import SystemClock
from node.errors import FILE_INVALID
from node.model import Role

_SERVICE: Final = "HistoryService"


@command("receipt get")
@argument("resident_id", metavar="RESIDENT")
@argument("attestation_id", metavar="ATTESTATION", required=False)
@option("--consent", metavar="CONSENT", text="receipt_consent")
@option("--out", default=STANDARD_INPUT, metavar="FILE", text="receipt_out")
@pass_session
def get(
    session: Session,
    *,
    resident_id: str,
    attestation_id: str | None,
    consent: str | None,
    out: str,
) -> None:
    """Take the receipt of an attestation, or of a consent."""
    if bool(attestation_id) == bool(consent):
        raise Misused("said.receipt_of_one")
    node = Node(session, Role.RESIDENT, service=_SERVICE)
    if consent:
        answer = node.ask("GetConsentReceipt", resident_id=resident_id, consent_id=consent)
    else:
        answer = node.ask(
            "GetAttestationReceipt", resident_id=resident_id, attestation_id=attestation_id
        )
    content, cities = base64.b64decode(answer["receipt"]), answer["cosigned_by"]
    if out != STANDARD_INPUT:
        try:
            Path(out).write_bytes(content)
        except (OSError, ValueError) as error:
            raise unreadable(out, error) from error
    shown = {"file": out} if out != STANDARD_INPUT else {"receipt": json.loads(content)}
    if session.out.document({"cosigned_by": cities} | shown):
        return
    names = ", ".join(named(session, city) for city in cities)
    witnesses = (
        session.say("said.receipt_cosigned", cities=names)
        if cities
        else session.say("said.receipt_not_cosigned")
    )
    if out == STANDARD_INPUT:
        sys.stdout.write(content.decode())
        session.out.note(witnesses)
        return
    session.out.line(session.say("said.receipt_written", file=out))
    session.out.line(witnesses)


@command("receipt verify")
@argument("file", text="receipt_file")
@option("--trust", "trusted", multiple=True, metavar="FILE", text="receipt_trust")
@pass_session
def verify(session: Session, *, file: str, trusted: tuple[str, ...]) -> int:
    """Verify a receipt, without a node and without a network."""
    name, content = read_file(file, most=RECEIPT_BYTES)
    bundles = [_bundle(session, path) for path in trusted]
    receipt = _read(session, name, content)
    findings = verify_receipt(receipt, bundles, SystemClock().now())
    # Who says whom to trust is told no less than that it is somebody else.
    good = findings.holds and (findings.trusted or not bundles)
    if not session.out.document(_document(findings, receipt, good=good)):
        _tell(session, findings, receipt, good=good)
    return exits.DONE if good else exits.REFUSED


def _read(session: Session, name: str, content: bytes) -> Receipt:
    try:
        return receipt_from_json(content)
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
        raise HutongError(FILE_INVALID, file=name, where="receipt", problem=problem) from error


def _bundle(session: Session, path: str) -> TrustBundle:
    """A trust bundle that the caller vouches for."""
    name, content = read_file(path, most=MESSAGE_BYTES)
    try:
        return open_kept_bundle(envelope_from_json(content, where=name)).message
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
        raise HutongError(FILE_INVALID, file=path, where="--trust", problem=problem) from error


def _document(findings: ReceiptFindings, receipt: Receipt, *, good: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "verified": good,
        "holds": findings.holds,
        "trusted": findings.trusted,
        "kind": findings.kind.value,
        "steps": [
            {"step": each.step.name.lower(), "ok": each.error is None} for each in findings.steps
        ],
        "bundles": [
            {"city": each.city, "fingerprint": each.fingerprint, "trusted": each.trusted}
            for each in findings.bundles
        ],
        "cosignatures": [
            {"city": each.city, "at": each.at.isoformat(), "trusted": each.trusted}
            for each in findings.cosignatures
        ],
        "says": _said(receipt) if findings.holds else None,
    }
    if (error := findings.error) is not None:
        found["error"] = {
            "reason": error.reason.name,
            "fields": error.fields,
            "text_zh": error.text("zh"),
            "text_en": error.text("en"),
        }
    return found


def _said(receipt: Receipt) -> Any:  # noqa: ANN401 - whatever JSON the city signed
    if receipt.kind is ReceiptKind.CONSENT:
        try:
            return json.loads(receipt.content or b"")
        except (ValueError, RecursionError):
            return (receipt.content or b"").decode()
    return receipt.says


def _tell(session: Session, findings: ReceiptFindings, receipt: Receipt, *, good: bool) -> None:
    for number, each in enumerate(findings.steps, 1):
        what = session.say(f"words.receipt_{each.step.name.lower()}")
        result = session.say("words.step_ok" if each.error is None else "words.step_bad")
        session.out.line(session.say("said.step", number=number, what=what, result=result))
    for bundle in findings.bundles:
        said = "said.receipt_trusted" if bundle.trusted else "said.receipt_untrusted"
        city = named(session, bundle.city)
        session.out.line(session.say(said, city=city, fingerprint=bundle.fingerprint))
    for seen in findings.cosignatures:
        city, at = named(session, seen.city), session.time(seen.at.isoformat())
        session.out.line(session.say("said.receipt_seen", city=city, at=at))
    if (error := findings.error) is not None:
        fields = {"reason": error.reason.name, "text": error.text(session.language)}
        session.out.line(session.say("said.refused", **fields), style="bold red")
        return
    _show(session, receipt)
    if not good:
        session.out.line(session.say("said.receipt_not_theirs"), style="bold red")
    elif findings.trusted:
        session.out.line(session.say("said.receipt_good"), style="green")
    else:
        session.out.line(session.say("said.receipt_compare"), style="yellow")


def _show(session: Session, receipt: Receipt) -> None:
    """What the receipt proves; the items of a consent as the resident was shown them."""
    said = _said(receipt)
    if receipt.kind is ReceiptKind.CONSENT:
        # It holds; that does not yet say that the city is one that writes as this one does.
        with contextlib.suppress(KeyError, TypeError):
            show_consent(session, said)
            return
    for line in json.dumps(said, ensure_ascii=False, indent=2).splitlines():
        session.out.line(line)
