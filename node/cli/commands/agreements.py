"""Agreements of mutual recognition: what an operator does to them."""

import base64
from datetime import UTC, datetime

import click

from node.cli.calling import Answer, Node
from node.cli.commands.agreement_reading import described, name_of, say_next
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import (
    city_of,
    end_of,
    moment_of,
    read_file,
    reason,
    reason_of,
    request_id,
)
from node.limits import FILE_BYTES
from node.model import Role

_LARGEST = 2**32 - 1

version = option(
    "--version", type=click.IntRange(1, _LARGEST), required=True, text="agreement_version"
)


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
    _proposed(session, answer)


@command("agreement amend")
@argument("agreement_id", metavar="AGREEMENT")
@argument("file", text="agreement_file")
@version
@request_id
@pass_session
def amend(
    session: Session, *, agreement_id: str, file: str, version: int, request_id: str | None
) -> None:
    """Propose a new version of an agreement."""
    name, content = read_file(file, most=FILE_BYTES)
    answer = Node(session, Role.OPERATOR).change(
        "AmendAgreement",
        request_id,
        agreement_id=agreement_id,
        version=version,
        file_name=name,
        content=base64.b64encode(content).decode(),
    )
    _proposed(session, answer)


@command("agreement withdraw")
@argument("agreement_id", metavar="AGREEMENT")
@version
@reason
@request_id
@pass_session
def withdraw(
    session: Session,
    *,
    agreement_id: str,
    version: int,
    reason: str | None,
    request_id: str | None,
) -> None:
    """Take a proposal back."""
    answer = Node(session, Role.OPERATOR).change(
        "WithdrawAgreement",
        request_id,
        agreement_id=agreement_id,
        version=version,
        reason=reason or "",
    )
    _show(session, answer, "said.withdrawn_proposal")


@command("agreement sign")
@argument("agreement_id", metavar="AGREEMENT")
@version
@request_id
@pass_session
def sign(session: Session, *, agreement_id: str, version: int, request_id: str | None) -> None:
    """Countersign an agreement."""
    answer = Node(session, Role.OPERATOR).change(
        "SignAgreement", request_id, agreement_id=agreement_id, version=version
    )
    suspended = answer["agreement"]["suspended_here"] or answer["agreement"]["suspended_there"]
    _show(session, answer, "said.signed_suspended" if suspended else "said.signed")


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
    agreement = answer["agreement"]
    said = "said.resumed_here" if agreement["suspended_there"] else "said.agreement_resumed"
    _show(session, answer, "said.resumed" if agreement["needs_mapping"] else said)
    if not session.machine:
        say_next(session, agreement, "said.sign_next")


@command("agreement end")
@argument("agreement_id", metavar="AGREEMENT")
@option("--on", type=moment_of, required=True, metavar="DATE", text="agreement_on")
@reason
@request_id
@pass_session
def end(
    session: Session,
    *,
    agreement_id: str,
    on: str,
    reason: str | None,
    request_id: str | None,
) -> None:
    """End an agreement with notice."""
    why = reason_of(session, reason)
    ends = end_of(on, None, session.zone, datetime.now(UTC))
    answer = Node(session, Role.OPERATOR).change(
        "EndAgreement",
        request_id,
        agreement_id=agreement_id,
        ends_at=ends.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        reason=why,
    )
    ended = session.time(answer["agreement"].get("ends_here"))
    _show(session, answer, "said.agreement_ends", ends=ended)


def _proposed(session: Session, answer: Answer) -> None:
    if session.out.document(answer):
        return
    agreement = answer["agreement"]
    described(session, agreement)
    fields = {"id": agreement["agreement_id"], "version": agreement["version"]}
    city = name_of(session, agreement, agreement["partner_city"])
    session.out.line(session.say("said.proposed", city=city, **fields))


def _show(session: Session, answer: Answer, said: str, **more: object) -> None:
    if session.out.document(answer):
        return
    agreement = answer["agreement"]
    fields = {"id": agreement["agreement_id"], "version": agreement["version"]}
    city = name_of(session, agreement, agreement["partner_city"])
    session.out.line(session.say(said, city=city, **fields, **more))
