"""Agreements of mutual recognition."""

import base64

import click

from node.cli.calling import Answer, Node
from node.cli.errors import HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, read_file, reason, reason_of, request_id
from node.errors import UNKNOWN
from node.limits import FILE_BYTES
from node.model import Role

_PROPOSED_THERE = "AGREEMENT_STATE_PROPOSED_THERE"


@command("agreement propose")
@argument("city", type=city_of, text="partner_city")
@argument("file", text="agreement_file")
@request_id
@pass_session
def propose(session: Session, *, city: str, file: str, request_id: str | None) -> None:
    """Sign an agreement and propose it."""
    name, content = read_file(file, most=FILE_BYTES)
    answer = Node(session, Role.OPERATOR).change(
        "ProposeAgreement",
        request_id,
        partner_city=city,
        file_name=name,
        content=base64.b64encode(content).decode(),
    )
    if session.out.document(answer):
        return
    _describe(session, answer["agreement"])
    agreement = answer["agreement"]
    fields = {"id": agreement["agreement_id"], "version": agreement["version"], "city": city}
    session.out.line(session.say("said.proposed", **fields))


@command("agreement sign")
@argument("agreement_id", metavar="AGREEMENT")
@option("--version", type=click.IntRange(1, 2**32 - 1), required=True, text="agreement_version")
@request_id
@pass_session
def sign(session: Session, *, agreement_id: str, version: int, request_id: str | None) -> None:
    """Countersign an agreement."""
    answer = Node(session, Role.OPERATOR).change(
        "SignAgreement", request_id, agreement_id=agreement_id, version=version
    )
    _show(session, answer, "said.signed")


@command("agreement list")
@pass_session
def list_agreements(session: Session) -> None:
    """List the agreements."""
    agreements = _all(session)
    if session.out.document({"agreements": agreements}):
        return
    if not agreements:
        session.out.line(session.say("said.no_agreements"))
        return
    headings = ("agreement", "version_short", "partner", "state", "level", "until")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                agreement["agreement_id"],
                str(agreement["version"]),
                agreement["partner_city"],
                session.say(f"words.{agreement['state']}"),
                agreement["disclosure_limit"],
                session.time(agreement.get("valid_until"))[:10],
            )
            for agreement in agreements
        ],
        whole=(0, 1, 2),
    )
    waiting = [a for a in agreements if a["state"] == _PROPOSED_THERE]
    if waiting:
        session.out.line(session.say("said.to_sign", id=waiting[0]["agreement_id"]))


@command("agreement show")
@argument("agreement_id", metavar="AGREEMENT")
@pass_session
def show(session: Session, *, agreement_id: str) -> None:
    """Show an agreement whole."""
    found = [a for a in _all(session) if a["agreement_id"] == agreement_id]
    if not found:
        raise HutongError(
            UNKNOWN, what="agreement", name=agreement_id, remedy="see `hutong agreement list`"
        )
    if session.out.document({"agreements": found}):
        return
    for agreement in found:
        _describe(session, agreement)
        if agreement["state"] == _PROPOSED_THERE:
            fields = {"id": agreement_id, "version": agreement["version"]}
            session.out.line(session.say("said.sign_next", **fields))


@command("agreement suspend")
@argument("agreement_id", metavar="AGREEMENT")
@reason
@request_id
@pass_session
def suspend(
    session: Session, *, agreement_id: str, reason: str | None, request_id: str | None
) -> None:
    """Stop using an agreement."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("SuspendAgreement", request_id, agreement_id=agreement_id, reason=why)
    _show(session, answer, "said.agreement_suspended")


@command("agreement resume")
@argument("agreement_id", metavar="AGREEMENT")
@reason
@request_id
@pass_session
def resume(
    session: Session, *, agreement_id: str, reason: str | None, request_id: str | None
) -> None:
    """Take an agreement up again."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("ResumeAgreement", request_id, agreement_id=agreement_id, reason=why)
    _show(session, answer, "said.agreement_resumed")


def _all(session: Session) -> list[Answer]:
    return Node(session, Role.OPERATOR).every("ListAgreements", "agreements")


def _show(session: Session, answer: Answer, said: str) -> None:
    if session.out.document(answer):
        return
    agreement = answer["agreement"]
    fields = {"id": agreement["agreement_id"], "city": agreement["partner_city"]}
    session.out.line(session.say(said, **fields))


def _describe(session: Session, agreement: Answer) -> None:
    """All that an operator signs."""
    said = {
        "agreement": agreement["agreement_id"],
        "version": str(agreement["version"]),
        "partner": agreement["partner_city"],
        "state": session.say(f"words.{agreement['state']}"),
        "level": agreement["disclosure_limit"],
        "lifetime": agreement["attestation_lifetime"],
        "freshness": agreement["status_freshness"],
        "valid_from": session.time(agreement.get("valid_from")),
        "until": session.time(agreement.get("valid_until")),
        "legal_basis": agreement["legal_basis"],
        "privacy_assessment": agreement["privacy_assessment"],
        "scenarios": ", ".join(agreement["scenarios"]),
    }
    session.out.lines([(session.say(f"words.{word}"), value) for word, value in said.items()])
    headings = ("home_city", "home_band", "host_city", "host_band")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [tuple(str(row[word]) for word in headings) for row in agreement["mapping"]],
    )
