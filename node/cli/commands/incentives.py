"""What another catalogue of incentives would change, before it is put in force."""

import base64
from typing import Final

from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command
from node.cli.values import named, read_file
from node.limits import FILE_BYTES
from node.model import Role

_LOSES: Final = "INCENTIVE_CHANGE_LOSES"


@command("incentives diff")
@argument("file", text="incentives_file")
@pass_session
def diff(session: Session, *, file: str) -> int:
    """Say who would gain and who would lose by a catalogue; it exits 3 where somebody loses."""
    name, content = read_file(file, most=FILE_BYTES)
    node = Node(session, Role.OPERATOR, service="IncentiveService")
    encoded = base64.b64encode(content).decode()
    answer = node.ask("DiffIncentives", file_name=name, content=encoded)
    if not session.out.document(answer):
        _show(session, answer)
    lost = any(each["change"] == _LOSES for each in answer["differences"])
    return exits.REFUSED if lost else exits.DONE


def _show(session: Session, answer: Answer) -> None:
    entries = {word: answer[word] for word in ("added", "removed", "changed")}
    version = answer["version"]
    if not any(entries.values()):
        session.out.line(session.say("said.diff_nothing", version=version))
        return
    session.out.line(session.say("said.diff_against", version=version))
    session.out.lines(
        [
            (session.say(f"words.entries_{word}"), ", ".join(ids))
            for word, ids in entries.items()
            if ids
        ]
    )
    if not answer["differences"]:
        session.out.line(session.say("said.diff_nobody"))
        return
    headings = ("incentive", "difference", "who", "bands")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                each["incentive_id"],
                session.say(f"words.{each['change']}"),
                _who(session, each),
                ", ".join(each["bands"]),
            )
            for each in answer["differences"]
        ],
        whole=(0, 1),
    )


def _who(session: Session, difference: Answer) -> str:
    if not difference["home_city"]:
        return session.say("words.newcomer")
    city = named(session, difference["home_city"])
    return session.say("said.diff_commended", city=city) if difference["commended"] else city
