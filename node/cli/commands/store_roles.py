"""The roles of a PostgreSQL store: what an administrator of the database is to run."""

from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.store.roles import Roles, apply_grants, grants, script

_DEFAULT = Roles()


@command("store roles")
@option("--serve", default=_DEFAULT.serve, metavar="ROLE", text="role_serve")
@option("--migrate", default=_DEFAULT.migrate, metavar="ROLE", text="role_migrate")
@option("--read", default=_DEFAULT.read, metavar="ROLE", text="role_read")
@option("--apply", "now", is_flag=True, text="roles_apply")
@pass_session
def roles(session: Session, *, serve: str, migrate: str, read: str, now: bool) -> None:
    """Print what makes the three roles, or give them their rights."""
    wanted = Roles(serve, migrate, read)
    if now:
        count = apply_grants(session.settings.store_url, wanted)
        if not session.out.document({"applied": count}):
            session.out.line(session.say("said.roles_applied", count=count))
        return
    if not session.out.document({"script": script(wanted), "grants": list(grants(wanted))}):
        session.out.raw(script(wanted))
