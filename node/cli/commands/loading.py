"""The files that an operator puts in force."""

import base64

from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command
from node.cli.values import read_file, request_id
from node.limits import FILE_BYTES
from node.model import Role


@command("scale load")
@argument("file", text="scale_file")
@request_id
@pass_session
def load_scale(session: Session, *, file: str, request_id: str | None) -> None:
    """Put a score scale in force."""
    answer = _load(session, "LoadScale", file, request_id)
    said = "said.scale_loaded" if answer["changed"] else "said.scale_same"
    _tell(session, answer, said, id=answer["scale_id"], version=answer["version"])


@command("incentives load")
@argument("file", text="incentives_file")
@request_id
@pass_session
def load_incentives(session: Session, *, file: str, request_id: str | None) -> None:
    """Put an incentive catalogue in force."""
    answer = _load(session, "LoadIncentives", file, request_id)
    said = "said.incentives_loaded" if answer["changed"] else "said.incentives_same"
    _tell(session, answer, said, version=answer["version"], count=answer["incentive_count"])


def _load(session: Session, method: str, file: str, request_id: str | None) -> Answer:
    name, content = read_file(file, most=FILE_BYTES)
    return Node(session, Role.OPERATOR).change(
        method, request_id, file_name=name, content=base64.b64encode(content).decode()
    )


def _tell(session: Session, answer: Answer, said: str, **fields: object) -> None:
    if not session.out.document(answer):
        session.out.line(session.say(said, **fields))
