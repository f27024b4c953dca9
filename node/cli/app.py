"""From the command line to an exit code: the tree of commands, and what becomes of each error."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import click

from federation.errors import HutongError
from node.cli import exits
from node.cli.errors import COMMAND_LINE, UNEXPECTED
from node.cli.output import error_line
from node.cli.session import Session
from node.cli.shape import Group
from node.cli.texts import LANGUAGES, language_of
from node.cli.usage import usage_text
from node.memory import leave_no_core

TREE: Final = {
    "init": "setup:init",
    "serve": "setup:serve",
    "doctor": "examining:doctor",
    "top": "top:top",
    "health": "health:health",
    "migrate": "storing:migrate",
    "store status": "storing:status",
    "store roles": "store_roles:roles",
    "client issue": "setup:issue",
    "keys show": "keys:show",
    "keys rotate": "keys:rotate",
    "keys revoke": "keys:revoke",
    "keys sign": "keys:sign",
    "keys publish": "keys:publish",
    "keys encrypt": "keys:encrypt",
    "partner invite": "onboarding:invite",
    "partner join": "onboarding:join",
    "partner approve": "onboarding:approve",
    "partner test": "trial:test",
    "partner list": "partners:list_partners",
    "partner show": "partners:show",
    "partner cancel": "onboarding:cancel",
    "partner export": "descriptors:export",
    "partner import": "descriptors:import_partner",
    "partner suspend": "partners:suspend",
    "partner resume": "partners:resume",
    "partner end": "partners:end",
    "partner sync": "partners:sync",
    "agreement propose": "agreements:propose",
    "agreement sign": "agreements:sign",
    "agreement amend": "agreements:amend",
    "agreement withdraw": "agreements:withdraw",
    "agreement list": "agreement_reading:list_agreements",
    "agreement show": "agreement_reading:show",
    "agreement suspend": "agreements:suspend",
    "agreement resume": "agreements:resume",
    "agreement end": "agreements:end",
    "scale load": "loading:load_scale",
    "histogram publish": "histograms:publish",
    "histogram list": "histograms:list_histograms",
    "concordance build": "concordances:build",
    "concordance show": "concordances:show",
    "fairness report": "fairness:report",
    "incentives diff": "incentives:diff",
    "incentives load": "loading:load_incentives",
    "indicators load": "indicators:load_indicators",
    "indicators list": "indicators:list_indicators",
    "indicators show": "indicators:show",
    "records load": "records:load_records",
    "records list": "record_reading:list_records",
    "quarantine list": "quarantine:list_rows",
    "quarantine fix": "quarantine:fix",
    "quarantine export": "quarantine:export",
    "quarantine discard": "quarantine:discard",
    "score status": "scores:status",
    "score verify": "rehearsing:verify",
    "score rehearse": "rehearsing:rehearse",
    "score rescore": "rehearsing:rescore",
    "retention run": "retention:run",
    "renewal run": "renewals:run",
    "renewal status": "renewals:status",
    "resident enrol": "residents:enrol",
    "resident consent": "consents:give",
    "resident consents": "consents:list_consents",
    "resident withdraw": "consents:withdraw",
    "resident code": "residents:code",
    "resident erase": "retention:erase",
    "resident standing": "standing:standing",
    "resident uses": "residents:uses",
    "resident use-key": "use_keys:new",
    "resident uses-counted": "use_keys:list_counted",
    "resident timeline": "histories:timeline",
    "visitor history": "histories:history",
    "receipt get": "receipts:get",
    "receipt verify": "receipts:verify",
    "resident reads": "record_reading:list_reads",
    "resident notices": "cases:notices",
    "objection open": "cases:object_to",
    "repair apply": "cases:apply_for_repair",
    "case list": "cases:list_cases",
    "case show": "cases:show",
    "case decide": "cases:decide",
    "case appeal": "cases:appeal",
    "case decide-appeal": "cases:decide_appeal",
    "case withdraw": "cases:withdraw",
    "promise draft": "promises:draft",
    "promise make": "promises:make",
    "promise list": "promises:list_promises",
    "promise withdraw": "promises:withdraw",
    "venue incentives": "venues:list_incentives",
    "venue check": "checks:check",
    "venue scan": "checks:scan",
    "venue redeem": "redemptions:redeem",
    "venue reserve": "redemptions:reserve",
    "venue confirm": "redemptions:confirm",
    "venue release": "redemptions:release",
    "venue redemptions": "redemptions:redemptions",
    "venue promise": "promises:close",
    "decision replay": "decisions:replay",
    "decision show": "decisions:show",
    "decision verify": "decisions:verify",
    "log status": "logs:status",
    "log checkpoint": "logs:checkpoint",
    "log verify": "log_verifying:verify",
    "log fetch": "logs:fetch",
    "log export": "log_verifying:export",
    "log evidence": "logs:evidence",
    "audit export": "audits:export",
    "audit verify": "audit_verifying:verify",
    "log ask": "log_asking:ask",
    "backup key": "backups:key",
    "backup make": "backups:make",
    "backup verify": "backups:verify",
    "restore": "restoring:restore",
    "envelope show": "envelopes:show",
    "envelope verify": "envelopes:verify",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code. Nothing is raised."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    leave_no_core()
    _open_streams()
    root = Group(TREE)
    if "_HUTONG_COMPLETE" in os.environ:
        root.main(argv, prog_name="hutong")
    session = Session(language_of(argv, os.environ), machine="--json" in argv)
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    code = exits.DONE
    try:
        with session.resources:
            code = _run(root, argv, session)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; what the command did stands.
        _discard(sys.stdout)
    except OSError as error:
        error_line(session.say("said.unwritable", problem=error.strerror or "?"))
        _discard(sys.stdout)
        return exits.INTERNAL
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return code


def _run(root: Group, argv: list[str], session: Session) -> int:
    try:
        with root.make_context("hutong", argv, obj=session) as ctx:
            return int(root.invoke(ctx) or exits.DONE)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: nobody is shown a traceback unasked
        return _ended(session, error)


def _ended(session: Session, error: Exception) -> int:
    """Say what went wrong; the exit code."""
    if session.debug:
        traceback.print_exception(error)
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            code = exits.USAGE
        case click.UsageError():
            _misused(session, error)
            code = exits.USAGE
        case click.Abort() | EOFError():
            code = exits.INTERRUPTED
        case HutongError():
            _failed(session, error)
            code = exits.exit_code(error)
        case _:
            kind = getattr(error, "strerror", None) or type(error).__name__
            _failed(session, HutongError(UNEXPECTED, kind=kind))
            code = exits.INTERNAL
    return code


def _misused(session: Session, error: click.UsageError) -> None:
    texts = {language: usage_text(error, language) for language in LANGUAGES}
    fields = {"problem": texts["en"]}
    _report(session, COMMAND_LINE.name, fields, texts)


def _failed(session: Session, error: HutongError) -> None:
    texts = {language: error.text(language) for language in LANGUAGES}
    _report(session, error.reason.name, error.fields, texts)
    if session.pending and exits.may_have_happened(error):
        session.out.note(session.say("said.repeat", request_id=session.pending))


def _report(session: Session, reason: str, fields: dict[str, str], texts: dict[str, str]) -> None:
    described: dict[str, object] = {"reason": reason, "fields": fields}
    described |= {f"text_{language}": texts[language] for language in LANGUAGES}
    if session.pending:
        described["request_id"] = session.pending
    if not session.out.document({"error": described}):
        error_line(_line(session, reason, texts[session.language]))


def _line(session: Session, reason: str, text: str) -> str:
    """An error with its name, by which the pages for operators have it; `--help` has the others."""
    if reason == COMMAND_LINE.name:
        return session.say("said.error", text=text)
    return session.say("said.error_named", text=text, reason=reason)


def _open_streams() -> None:
    """Where a parent closed our output, what we say goes nowhere."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until we end
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until we end


def _never_fail_to_encode(stream: IO[str]) -> None:
    """A terminal that knows no Chinese gets it spelled out, never an error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _discard(stream: IO[str]) -> None:
    """Let the interpreter flush what is left into nothing when it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
