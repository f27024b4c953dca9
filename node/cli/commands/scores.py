"""The scoring of the whole city."""

from node.cli.calling import Node
from node.cli.session import Session, pass_session
from node.cli.shape import command
from node.model import Role


@command("score status")
@pass_session
def status(session: Session) -> None:
    """Say how far everybody is scored by the catalogue in force."""
    answer = Node(session, Role.OPERATOR, service="OversightService").ask("GetRescoring")
    if session.out.document(answer):
        return
    waiting = int(answer["waiting_count"])
    said = "said.rescoring" if waiting else "said.rescored"
    session.out.line(session.say(said, version=answer["version"], count=waiting))
