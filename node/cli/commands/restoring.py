"""A backup that is put back into an empty place, and whether its partners know anything newer."""

from collections.abc import Callable, Sequence
from pathlib import Path

from federation.errors import HutongError
from node import upkeep
from node.cli import exits
from node.cli.commands import backups, log_asking
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.texts import LANGUAGES
from node.config import PREFIX, read_settings
from node.keeping.restoring import Restored
from node.upkeep import LogHeard


@command("restore")
@argument("file", text="backup_file")
@argument("directory", text="restore_directory")
@option("--identity", required=True, metavar="FILE", text="identity_file")
@option("--trust", metavar="BUNDLE", text="backup_trust")
@option("--store", default="", metavar="URL", text="restore_store")
@option("--no-ask", is_flag=True, text="no_ask")
@pass_session
def restore(
    session: Session,
    *,
    file: str,
    directory: str,
    identity: str,
    trust: str | None,
    store: str,
    no_ask: bool,
) -> int:
    """Put a backup back into an empty place."""
    url = store or session.environment.get(f"{PREFIX}STORE", "")
    restoring = upkeep.restoring(Path(directory), url)
    with backups.opened(session, file, identity, trust) as reading:
        restored = restoring.run(reading, Path(file).name)
    heard, problem = _asked(restored) if not no_ask else ((), None)
    code = exits.exit_code(problem) if problem else log_asking.code_of(heard)
    if session.out.document(_described(restored, heard, problem, asked=not no_ask)):
        return code
    backups.tell(session, restored.found)
    session.out.line(session.say("said.restored", directory=directory))
    for path in restored.missing:
        session.out.line(session.say("said.restore_missing", path=path), style="yellow")
    if problem:
        said = session.say("said.not_asked", problem=problem.text(session.language))
        session.out.line(said, style="yellow")
    elif not no_ask:
        log_asking.tell(session, heard)
    _next_steps(session.out.line, session, restored)
    return code


def _asked(restored: Restored) -> tuple[Sequence[LogHeard], HutongError | None]:
    """What partners know; or why they could not be asked, as where a passphrase is not here."""
    try:
        settings = read_settings(restored.settings, {})
        return upkeep.ask_about_log(settings), None
    except HutongError as error:
        return (), error


def _described(
    restored: Restored,
    heard: Sequence[LogHeard],
    problem: HutongError | None,
    *,
    asked: bool,
) -> dict[str, object]:
    found: dict[str, object] = {
        "settings": str(restored.settings),
        "backup": backups.described(restored.found),
        "cosignatures": restored.cosignatures,
        "missing": list(restored.missing),
        "asked": asked and problem is None,
        "partners": log_asking.described(heard),
    }
    if problem:
        found |= {f"problem_{language}": problem.text(language) for language in LANGUAGES}
    return found


def _next_steps(line: Callable[[str], None], session: Session, restored: Restored) -> None:
    line(session.say("said.next_steps"))
    line(f"  export HUTONG_SETTINGS={restored.settings.resolve()}")
    for step in ("hutong log verify", "hutong log ask", "hutong serve", "hutong doctor"):
        line(f"  {step}")
