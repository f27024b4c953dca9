"""What partners know of this city's log, asked without the node: whether the store is new."""

from collections.abc import Sequence

from node import upkeep
from node.cli import exits
from node.cli.session import Session, pass_session
from node.cli.shape import command
from node.cli.texts import LANGUAGES
from node.services.log_asking import Known
from node.upkeep import LogHeard

_OLDER = frozenset({Known.NEWER, Known.FORKED})


@command("log ask")
@pass_session
def ask(session: Session) -> int:
    """Ask each partner what it knows of this city's log."""
    heard = upkeep.ask_about_log(session.settings)
    if not session.out.document({"partners": described(heard)}):
        tell(session, heard)
    return code_of(heard)


def code_of(heard: Sequence[LogHeard]) -> int:
    """Refused where a partner has seen more than the store has; unreachable where one is away."""
    found = {each.known for each in heard}
    if found & _OLDER:
        return exits.REFUSED
    return exits.UNREACHABLE if Known.UNHEARD in found else exits.DONE


def described(heard: Sequence[LogHeard]) -> list[dict[str, object]]:
    """What was heard, for programs."""
    found = list[dict[str, object]]()
    for each in heard:
        said: dict[str, object] = {"city": each.city, "known": each.known.value, "size": each.size}
        if each.error is not None:
            said |= {f"problem_{language}": each.error.text(language) for language in LANGUAGES}
        found.append(said | {"size_here": each.size_here})
    return found


def tell(session: Session, heard: Sequence[LogHeard]) -> None:
    """What was heard, for people, and what to do."""
    for each in heard:
        problem = each.error.text(session.language) if each.error else ""
        fields = {"city": each.city, "size": f"{each.size:,}", "here": f"{each.size_here:,}"}
        said = session.say(f"words.known_{each.known.value}", problem=problem, **fields)
        session.out.line(said, style="bold red" if each.known in _OLDER else "")
    match code_of(heard):
        case exits.REFUSED:
            session.out.line(session.say("said.log_older"), style="bold red")
        case exits.UNREACHABLE:
            session.out.line(session.say("said.log_unheard"), style="yellow")
        case _:
            session.out.line(session.say("said.log_newest"), style="green")
