"""A venue checks what a resident may have: once, or whatever a QR reader reads."""

import base64
import json
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

from federation import codec
from federation.errors import HutongError
from federation.identifiers import parse_code
from node.cli import exits
from node.cli.calling import DEFAULT, Answer, Node
from node.cli.commands.decisions import save_envelope, why
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.texts import LANGUAGES
from node.cli.values import request_id, secret
from node.errors import VISITOR_PASS_UNKNOWN
from node.model import Role

# Bytes of a line of a QR reader: a code has 41 characters, whatever stands around it.
_LINE: Final = 1024
_MARK: Final = "\ufeff"
_PREFIX: Final = "hutong:"
_TOO_LONG: Final = b"?"

_venue = option("--venue", "--as", "venue", default=DEFAULT, metavar="NAME", text="venue")
_incentives = option("--incentive", "incentives", multiple=True, metavar="ID", text="incentive")


@command("venue check")
@option("--code", metavar="TEXT")
@option("--pass", "visitor_pass", metavar="TEXT", text="pass")
@_incentives
@option("--save", metavar="FILE", text="save_decisions")
@_venue
@request_id
@pass_session
def check(
    session: Session,
    *,
    code: str | None,
    visitor_pass: str | None,
    incentives: tuple[str, ...],
    save: str | None,
    venue: str,
    request_id: str | None,
) -> None:
    """Check what a resident may have."""
    if (code is None) == (visitor_pass is None):
        raise Misused("said.code_or_pass")
    shown = (
        {"visitor_pass": secret(session, visitor_pass, "said.ask_pass")}
        if code is None
        else {"presentation_code": secret(session, code, "said.ask_code")}
    )
    answer = Node(session, Role.VENUE, venue).change(
        "CheckEligibility", request_id, incentive_ids=list(incentives), **shown
    )
    if save is not None:
        signed = base64.b64decode(answer["signed_decisions"])
        save_envelope(save, codec.envelope_from_bytes(signed))
    if session.out.document(answer):
        return
    _show(session, answer, venue)
    if save is not None:
        session.out.line(session.say("said.decisions_saved", file=save))


@command("venue scan")
@_incentives
@_venue
@pass_session
def scan(session: Session, *, incentives: tuple[str, ...], venue: str) -> int:
    """Check whatever a QR reader reads, line by line, until the end of the input.

    A line that is no code, and one that the node refuses, is told; the next is taken.
    """
    node, ended = Node(session, Role.VENUE, venue), exits.DONE
    session.out.note(session.say("said.scan_ready"))
    for number, text in enumerate(_scanned(sys.stdin.buffer), start=1):
        if not text:
            continue
        try:
            answer = _checked(node, text, incentives)
        except HutongError as error:
            ended = max(ended, exits.exit_code(error))
            _tell(session, number, error)
        else:
            if session.machine:
                _one_line(session, {"line": number, "check": answer})
            else:
                _show(session, answer, venue)
        sys.stdout.flush()
    return ended


def _checked(node: Node, text: str, incentives: tuple[str, ...]) -> Answer:
    """The answer to what was read: a pass of this city if it knows it so, else a code.

    The two look alike. A pass that is unknown uses nothing up; a code is used up by the first look.
    """
    parse_code(text, where="code")
    try:
        return node.change(
            "CheckEligibility", None, incentive_ids=list(incentives), visitor_pass=text
        )
    except HutongError as error:
        if error.reason != VISITOR_PASS_UNKNOWN:
            raise
    return node.change(
        "CheckEligibility", None, incentive_ids=list(incentives), presentation_code=text
    )


def _scanned(stream: BinaryIO) -> Iterator[str]:
    """What each line holds, without what readers and keyboards put around it.

    One that is too long for any code stays something that is none.
    """
    while line := stream.readline(_LINE):
        while not line.endswith(b"\n") and (rest := stream.readline(_LINE)):
            line = _TOO_LONG + rest[-1:]
        text = "".join(line.decode("utf-8", errors="replace").replace(_MARK, "").split())
        yield text[len(_PREFIX) :] if text.lower().startswith(_PREFIX) else text


def _tell(session: Session, number: int, error: HutongError) -> None:
    """Say which line it was and why; never what it held, which may be somebody's code."""
    if session.machine:
        texts = {f"text_{language}": error.text(language) for language in LANGUAGES}
        told = {"reason": error.reason.name, "fields": error.fields} | texts
        _one_line(session, {"line": number, "error": told})
        return
    fields = {"line": number, "text": error.text(session.language)}
    session.out.line(session.say("said.scan_refused", **fields), style="bold red")


def _one_line(session: Session, document: object) -> None:
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    session.out.raw(json.dumps(document, ensure_ascii=ascii_only) + "\n")


def _show(session: Session, answer: Answer, venue: str) -> None:
    outcome = session.say(f"words.{answer['outcome']}")
    notice = session.pick(answer, "notice")
    session.out.line(session.say("said.checked", outcome=outcome, notice=notice))
    band = answer["recognised_band"] or session.say("words.newcomer")
    session.out.line(session.say("said.recognised_as", home=answer["home_city"], band=band))
    _decisions(session, answer, venue)
    if answer["visitor_pass"]:
        session.out.line(session.say("said.visitor_pass", value=answer["visitor_pass"]))


def _decisions(session: Session, answer: Answer, venue: str) -> None:
    decisions = answer["decisions"]
    if not decisions:
        session.out.line(session.say("said.no_incentives"))
        return
    session.out.table(
        [session.say(f"words.{w}") for w in ("incentive", "eligible", "why", "decision")],
        [
            (
                decision["incentive"]["incentive_id"],
                session.say("words.yes" if decision["eligible"] else "words.no"),
                why(session, decision),
                decision["decision_id"],
            )
            for decision in decisions
        ],
        whole=(0, 1, 3),
    )
    if any(decision["eligible"] for decision in decisions):
        ends = session.time(answer.get("expires_at"))
        command = "hutong venue redeem DECISION" + ("" if venue == DEFAULT else f" --venue {venue}")
        session.out.line(session.say("said.decisions_until", at=ends, command=command))
    for until, names in _offline(decisions).items():
        fields = {"at": session.time(until), "incentives": ", ".join(names)}
        session.out.line(session.say("said.offline_until", **fields))


def _offline(decisions: list[Answer]) -> dict[str, list[str]]:
    """The incentives that may be given without the node, by the instant until when."""
    found: dict[str, list[str]] = {}
    for decision in decisions:
        if until := decision.get("offline_until"):
            found.setdefault(until, []).append(decision["incentive"]["incentive_id"])
    return found
