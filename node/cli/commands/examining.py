"""What is wrong with a node, whether it runs or not, and what to do about it."""

from node import bootstrap
from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.errors import HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import command
from node.cli.texts import LANGUAGES, text
from node.errors import NODE_UNREACHABLE
from node.model import Finding, Role

_ERROR = "SEVERITY_ERROR"
_ORDER = ("SEVERITY_UNSPECIFIED", "SEVERITY_OK", "SEVERITY_WARNING", _ERROR)
_STYLES = {"SEVERITY_OK": "green", "SEVERITY_WARNING": "yellow", _ERROR: "bold red"}


@command("doctor")
@pass_session
def doctor(session: Session) -> int:
    """Examine the node and its files."""
    files = [] if session.elsewhere else [_answer(f) for f in _files(session)]
    findings = _merged(files, _running(session))
    bad = any(finding["severity"] == _ERROR for finding in findings)
    if not session.out.document({"findings": findings}):
        for finding in findings:
            _print(session, finding)
        session.out.line(session.say("said.doctor_bad" if bad else "said.doctor_good"))
    return exits.UNHEALTHY if bad else exits.DONE


def _files(session: Session) -> tuple[Finding, ...]:
    session.settings  # noqa: B018 - without settings there is nothing to examine
    return bootstrap.examine_files(session.settings_path)


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
    finding: Answer = {"subject": "node", "severity": _ERROR}
    for language in LANGUAGES:
        finding[f"detail_{language}"] = text("said.node_silent", language, **error.fields)
        finding[f"remedy_{language}"] = text("said.node_remedy", language)
    return finding


def _answer(finding: Finding) -> Answer:
    return {
        "subject": finding.subject,
        "severity": f"SEVERITY_{finding.severity.name}",
        "detail_zh": finding.detail_zh,
        "detail_en": finding.detail_en,
        "remedy_zh": finding.remedy_zh,
        "remedy_en": finding.remedy_en,
    }


def _merged(files: list[Answer], running: list[Answer]) -> list[Answer]:
    """Both lists; of one subject, what is on disk only where that is worse than what runs."""
    worst: dict[str, int] = {}
    for finding in running:
        subject = finding["subject"]
        worst[subject] = max(worst.get(subject, 0), _ORDER.index(finding["severity"]))
    kept = [f for f in files if _ORDER.index(f["severity"]) > worst.get(f["subject"], 0)]
    return kept + running


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
