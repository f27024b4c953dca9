"""Signed decisions: made once more by the node, shown, and verified without it."""

import base64
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from federation import codec
from federation.decision_check import Use, check_holder, check_venue, open_decisions, use_of
from federation.envelope import Envelope, envelope_to_json
from federation.incentives import Decisions, IncentiveDecision
from federation.messages import TrustBundle
from federation.rendering import plain
from federation.trust import fingerprint, open_kept_bundle, signing_keys
from node import bootstrap
from node.cli import exits
from node.cli.calling import Node
from node.cli.commands.envelopes import read_envelope
from node.cli.errors import HutongError, Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import STANDARD_INPUT, instant_of, moment_of, named, secret, unreadable
from node.clock import SystemClock
from node.errors import FILE_INVALID
from node.model import Role

_SERVICE: Final = "IncentiveService"


@command("decision replay")
@argument("identifier", metavar="ID", text="check_id")
@option("--save", metavar="FILE", text="save_decisions")
@pass_session
def replay(session: Session, *, identifier: str, save: str | None) -> int:
    """Make a decision once more."""
    node = Node(session, Role.OPERATOR, service=_SERVICE)
    answer = node.ask("ReplayDecision", id=identifier)
    envelope = codec.envelope_from_bytes(base64.b64decode(answer["signed_decisions"]))
    decided = codec.DECISIONS.decode(envelope.payload)
    if save is not None:
        save_envelope(save, envelope)
    if not session.out.document(answer | {"decisions": plain(decided)}):
        _show(session, decided)
        session.out.line(session.say("said.decision_facts", facts=answer["facts"]))
        if answer["same"]:
            session.out.line(session.say("said.replay_same"), style="green")
        else:
            session.out.line(session.say("said.replay_differs"), style="bold red")
    return exits.DONE if answer["same"] else exits.REFUSED


@command("decision show")
@argument("file", text="decision_file")
@pass_session
def show(session: Session, *, file: str) -> None:
    """Show what signed decisions say."""
    decided = _decode(session, file, read_envelope(file))
    if session.out.document({"verified": False, "decisions": plain(decided)}):
        return
    session.out.line(session.say("said.decision_unverified"), style="yellow")
    _show(session, decided)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who goes by the decisions, and when; None where it is not looked at."""

    venue: str | None
    visitor_pass: str | None
    incentive: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of it: the decisions where they hold, the error where they do not."""

    decided: Decisions | None
    error: HutongError | None
    uses: tuple[tuple[IncentiveDecision, Use], ...]

    @property
    def good(self) -> bool:
        """Whether something may be given by them."""
        return any(use in {Use.OFFLINE, Use.WITH_NODE} for _, use in self.uses)


@command("decision verify")
@argument("file", text="decision_file")
@option("--trust", metavar="BUNDLE", text="decision_trust")
@option("--venue", metavar="NAME", text="decision_venue")
@option("--pass", "visitor_pass", metavar="TEXT", text="decision_pass")
@option("--incentive", metavar="ID", text="decision_incentive")
@option("--at", type=moment_of, metavar="INSTANT")
@pass_session
def verify(
    session: Session,
    *,
    file: str,
    trust: str | None,
    venue: str | None,
    visitor_pass: str | None,
    incentive: str | None,
    at: str | None,
) -> int:
    """Verify signed decisions, without a node and without a network."""
    if file == STANDARD_INPUT == visitor_pass:
        raise Misused("said.decision_one_input")
    shown = None if visitor_pass is None else secret(session, visitor_pass, "said.ask_pass")
    asked = _Asked(venue, shown, incentive, instant_of(at, session.zone, SystemClock().now()))
    trusted, bundle = _trusted(session, trust)
    found = _look(read_envelope(file), bundle, asked)
    if not session.out.document(_document(found, trusted, bundle, asked)):
        _tell(session, found, trusted, bundle, asked)
    return exits.DONE if found.good else exits.REFUSED


def save_envelope(path: str, envelope: Envelope) -> None:
    """Write signed decisions into a file, for `hutong decision verify`."""
    try:
        Path(path).write_text(envelope_to_json(envelope) + "\n", "utf-8")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _decode(session: Session, file: str, envelope: Envelope) -> Decisions:
    try:
        if envelope.payload_type == codec.DECISIONS.payload_type:
            return codec.DECISIONS.decode(envelope.payload)
        problem = session.say("said.no_decisions")
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
    raise HutongError(FILE_INVALID, file=file, where="payload", problem=problem)


def _trusted(session: Session, path: str | None) -> tuple[Envelope, TrustBundle]:
    """The bundle that the caller vouches for; without one this city's own."""
    if path is None:
        if not session.settings_path.exists():
            raise Misused("said.decision_trust_needed")
        envelope = bootstrap.own_bundle(session.settings)
    else:
        envelope = read_envelope(path)
    try:
        return envelope, open_kept_bundle(envelope).message
    except HutongError as error:
        problem = error.text(session.language).rstrip(".。")
        name = path or str(session.settings.data_dir)
        raise HutongError(FILE_INVALID, file=name, where="--trust", problem=problem) from error


def _look(envelope: Envelope, bundle: TrustBundle, asked: _Asked) -> _Found:
    try:
        decided = open_decisions(envelope, signing_keys(bundle), asked.now)
        if asked.venue is not None:
            check_venue(decided, asked.venue)
        if asked.visitor_pass is not None:
            check_holder(decided, asked.visitor_pass)
    except HutongError as error:
        return _Found(None, error, ())
    wanted = [d for d in decided.decisions if asked.incentive in {None, d.incentive_id}]
    uses = tuple((decision, use_of(decided, decision, asked.now)) for decision in wanted)
    return _Found(decided, None, uses)


def _document(
    found: _Found, trusted: Envelope, bundle: TrustBundle, asked: _Asked
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "verified": found.error is None,
        "usable": found.good,
        "at": asked.now.isoformat(),
        "venue_checked": asked.venue is not None,
        "holder_checked": asked.visitor_pass is not None,
        "trusted": {
            "city": bundle.header.issuer,
            "sequence": bundle.sequence,
            "fingerprint": fingerprint(trusted),
            "expires_at": bundle.header.expires_at.isoformat(),
        },
        "uses": {decision.incentive_id: use.value for decision, use in found.uses},
        "decisions": plain(found.decided) if found.decided else None,
    }
    if found.error is not None:
        document["error"] = {
            "reason": found.error.reason.name,
            "fields": found.error.fields,
            "text_zh": found.error.text("zh"),
            "text_en": found.error.text("en"),
        }
    return document


def _tell(
    session: Session, found: _Found, trusted: Envelope, bundle: TrustBundle, asked: _Asked
) -> None:
    head = bundle.header
    fields = {"city": head.issuer, "sequence": bundle.sequence, "fingerprint": fingerprint(trusted)}
    ends = session.time(head.expires_at.isoformat())[:10]
    session.out.line(session.say("said.trusted", **fields, ends=ends))
    if head.expires_at <= asked.now:
        session.out.line(session.say("said.decision_old_trust"), style="yellow")
    if found.error is not None:
        error = {"reason": found.error.reason.name, "text": found.error.text(session.language)}
        session.out.line(session.say("said.refused", **error), style="bold red")
        return
    if found.decided is not None:
        _show(session, found.decided, found.uses)
        if found.decided.holder and asked.visitor_pass is None:
            session.out.line(session.say("said.decision_holder_unseen"), style="yellow")
    if found.good:
        session.out.line(session.say("said.decision_good"), style="green")
    else:
        session.out.line(session.say("said.decision_useless"), style="bold red")


def _show(
    session: Session,
    decided: Decisions,
    uses: tuple[tuple[IncentiveDecision, Use], ...] | None = None,
) -> None:
    """What was decided, for whom and by what; `uses` what each is good for, where that is known."""
    header = decided.header
    pairs = (
        ("check", header.statement_id),
        ("issuer", named(session, header.issuer)),
        ("venue", decided.venue),
        ("issued", session.time(header.issued_at.isoformat())),
        ("expires", session.time(header.expires_at.isoformat())),
        ("home_city", named(session, decided.home_city)),
        ("recognised_as", decided.band_id or session.say("words.newcomer")),
        ("catalogue_version", str(decided.catalogue_version)),
    )
    session.out.lines([(session.say(f"words.{word}"), value) for word, value in pairs])
    rows = uses if uses is not None else tuple((d, None) for d in decided.decisions)
    session.out.table(
        [session.say(f"words.{w}") for w in ("incentive", "eligible", "rule", "why", "offline")],
        [
            (
                decision.incentive_id,
                _standing(session, decision, use),
                decision.rule,
                why(session, plain_texts(decision)),
                session.time(decision.offline_until and decision.offline_until.isoformat())[:19],
            )
            for decision, use in rows
        ],
        whole=(0, 1, 2),
    )


def _standing(session: Session, decision: IncentiveDecision, use: Use | None) -> str:
    if use is not None:
        return session.say(f"words.use_{use.value}")
    return session.say("words.yes" if decision.eligible else "words.no")


def plain_texts(decision: IncentiveDecision) -> dict[str, str]:
    """The texts of a decision, as an answer of the node has them."""
    names = ("reason_zh", "reason_en", "change_zh", "change_en")
    return {name: getattr(decision, name) for name in names}


def why(session: Session, decision: dict[str, Any]) -> str:
    """The reason of a decision, and what would change it where something would."""
    reason, change = session.pick(decision, "reason"), session.pick(decision, "change")
    return reason + ("" if session.language == "zh" or not change else " ") + change
