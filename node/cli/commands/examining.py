"""What is wrong with a node, whether it runs or not, and what to type about it."""

import shlex
from collections.abc import Iterable
from typing import Final

from node import bootstrap
from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.errors import HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.texts import LANGUAGES, text
from node.errors import NODE_UNREACHABLE
from node.model import Finding, Role

_OK: Final = "SEVERITY_OK"
_WARNING: Final = "SEVERITY_WARNING"
_ERROR: Final = "SEVERITY_ERROR"
_NODE: Final = "node"
_STORE: Final = "store"
_UNKNOWING: Final = frozenset({_NODE, _STORE})
_ORDER: Final = ("SEVERITY_UNSPECIFIED", _OK, _WARNING, _ERROR)
_STYLES: Final = {_OK: "green", _WARNING: "yellow", _ERROR: "bold red"}


@command("doctor")
@option("--strict", is_flag=True, text="doctor_strict")
@pass_session
def doctor(session: Session, *, strict: bool) -> int:
    """Examine the node and its files; the worst stands last, where the eye is."""
    if not session.elsewhere:
        session.settings  # noqa: B018 - without settings there is nothing to examine
    running = _running(session)
    # Where the node does not know its store, whoever stands beside it looks at that, too.
    lost = any(f["subject"] in _UNKNOWING and f["severity"] == _ERROR for f in running)
    files = [] if session.elsewhere else [_answer(f) for f in _files(session, silent=lost)]
    findings = [_typed(session, each) for each in _merged(files, running)]
    count = {severity: _count(findings, severity) for severity in _ORDER}
    if not session.out.document({"findings": findings}):
        for finding in sorted(findings, key=lambda each: _ORDER.index(each["severity"])):
            _print(session, finding)
        session.out.line(_summed(session, count))
    bad = count[_ERROR] or (strict and count[_WARNING])
    return exits.UNHEALTHY if bad else exits.DONE


def _files(session: Session, *, silent: bool) -> tuple[Finding, ...]:
    return bootstrap.examine_files(session.settings_path, silent=silent)


def _running(session: Session) -> list[Answer]:
    """What the node finds; where none answers, that is the finding."""
    try:
        answer = Node(session, Role.OPERATOR).ask("ExamineNode")
    except HutongError as error:
        if error.reason != NODE_UNREACHABLE:
            raise
        return [_silent(error)]
    return list(answer["findings"])


def _silent(error: HutongError) -> Answer:
    finding: Answer = {"subject": _NODE, "severity": _ERROR}
    for language in LANGUAGES:
        finding[f"detail_{language}"] = text("said.node_silent", language, **error.fields)
        finding[f"remedy_{language}"] = text("said.node_remedy", language)
    return finding | {"command": "hutong serve"}


def _answer(finding: Finding) -> Answer:
    return {
        "subject": finding.subject,
        "severity": f"SEVERITY_{finding.severity.name}",
        "detail_zh": finding.detail_zh,
        "detail_en": finding.detail_en,
        "remedy_zh": finding.remedy_zh,
        "remedy_en": finding.remedy_en,
        "command": finding.command,
    }


def _merged(files: list[Answer], running: list[Answer]) -> list[Answer]:
    """Both lists; of one subject, what is on disk only where that is worse than what runs.

    Of a store that nobody reaches, who has just looked says better where to look.
    """
    if any(f["subject"] == _STORE and f["severity"] == _ERROR for f in files):
        running = [f for f in running if f["subject"] != _STORE]
    worst: dict[str, int] = {}
    for finding in running:
        subject = finding["subject"]
        worst[subject] = max(worst.get(subject, 0), _ORDER.index(finding["severity"]))
    kept = [f for f in files if _ORDER.index(f["severity"]) > worst.get(f["subject"], 0)]
    return kept + running


def _typed(session: Session, finding: Answer) -> Answer:
    """The finding, with its command as it is typed here: for the node of this command line."""
    said = finding["command"]
    if "hutong" in said.split():
        where = [word for name in sorted(session.options) for word in _option(session, name)]
        said = " ".join([said, *where])
    return {**finding, "command": said}


def _option(session: Session, name: str) -> tuple[str, str]:
    return f"--{name}", shlex.quote(session.options[name])


def _count(findings: Iterable[Answer], severity: str) -> int:
    return sum(finding["severity"] == severity for finding in findings)


def _summed(session: Session, count: dict[str, int]) -> str:
    fields = {"errors": count[_ERROR], "warnings": count[_WARNING], "good": count[_OK]}
    return session.say("said.doctor_bad" if count[_ERROR] else "said.doctor_good", **fields)


def _print(session: Session, finding: Answer) -> None:
    severity = finding["severity"]
    said = session.say(
        "said.finding",
        severity=session.say(f"words.{severity}"),
        subject=finding["subject"],
        detail=session.pick(finding, "detail"),
    )
    session.out.line(said.rstrip(), style=_STYLES.get(severity, ""))
    remedy = session.pick(finding, "remedy")
    if remedy:
        session.out.line(session.say("said.remedy", remedy=remedy))
    if finding["command"]:
        session.out.line(session.say("said.type_this", command=finding["command"]))
