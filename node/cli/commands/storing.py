"""The tables of the store: how far they are, and bringing them further while the city serves."""

from collections.abc import Sequence

from node.cli import exits
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.store import migrating
from node.store.migrating import Migrated
from node.store.upgrading import Step


@command("migrate")
@option("--contract", is_flag=True)
@option("--dry-run", is_flag=True, text="migrate_dry_run")
@pass_session
def migrate(session: Session, *, contract: bool, dry_run: bool) -> int:
    """Bring the tables up to this version."""
    url = session.settings.store_url
    if dry_run:
        found = migrating.plan(url, contract=contract)
    else:
        found = migrating.migrate(
            url,
            contract=contract,
            told=lambda step: session.out.note(_says(session, "said.migrated_one", step)),
        )
    document = {
        "dry_run": dry_run,
        "version": found.state.revision,
        "serves": found.serves,
        "done": _steps(found.done),
        "left": _steps(found.left),
    }
    if not session.out.document(document):
        _tell(session, found, dry_run=dry_run)
    return exits.DONE if found.serves else exits.REFUSED


def _tell(session: Session, found: Migrated, *, dry_run: bool) -> None:
    if dry_run:
        for step in found.done:
            session.out.line(_says(session, "said.migrate_would", step))
    for step in found.left:
        session.out.line(_says(session, "said.migrate_left", step))
    if found.left and found.serves:
        session.out.line(session.say("said.migrate_contract"))
    if not found.serves:
        session.out.line(session.say("said.migrate_unserved"), style="bold red")
    said = "said.migrate_reached" if dry_run else "said.migrated"
    session.out.line(session.say(said, version=found.state.revision))


@command("store status")
@pass_session
def status(session: Session) -> int:
    """Say how far the tables are, and who serves with them."""
    found = migrating.store_status(session.settings.store_url)
    document = {
        "version": found.state.revision,
        "serves_from": found.state.serves_from,
        "newest": found.newest,
        "needed": found.needed,
        "serves": found.serves,
        "pending": _steps(found.pending),
        "processes": [
            {"process_id": each.process_id, "place": each.place, "version": each.version}
            for each in found.processes
        ],
    }
    if session.out.document(document):
        return exits.DONE if found.serves else exits.REFUSED
    session.out.lines(
        [
            (session.say("words.store_version"), found.state.revision or "-"),
            (session.say("words.store_serves_from"), found.state.serves_from or "-"),
            (session.say("words.store_newest"), found.newest),
            (session.say("words.store_needed"), found.needed),
        ]
    )
    for step in found.pending:
        session.out.line(_says(session, "said.migrate_pending", step))
    if found.processes:
        session.out.table(
            [session.say("words.store_process"), session.say("words.version")],
            [(each.place, each.version) for each in found.processes],
        )
    else:
        session.out.line(session.say("said.store_unserved"))
    session.out.line(session.say("said.store_serves" if found.serves else "said.store_serves_not"))
    return exits.DONE if found.serves else exits.REFUSED


def _says(session: Session, name: str, step: Step) -> str:
    says = step.says_zh if session.language == "zh" else step.says_en
    kind = session.say(f"words.migration_{step.kind}")
    return session.say(name, version=step.revision, kind=kind, says=says)


def _steps(steps: Sequence[Step]) -> list[dict[str, object]]:
    return [
        {
            "version": step.revision,
            "kind": step.kind.value,
            "text_zh": step.says_zh,
            "text_en": step.says_en,
        }
        for step in steps
    ]
