"""Renewals: what this city as host recognised gets new attestations before it ends."""

import contextlib
from collections.abc import Iterator

from node.cli import exits
from node.cli.bars import counting
from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of
from node.model import Role

_SERVICE = "RenewalService"


@command("renewal run")
@argument("city", required=False, type=city_of, text="renewal_city")
@option("--all", "everybody", is_flag=True, text="renewal_all")
@pass_session
def run(session: Session, *, city: str | None, everybody: bool) -> int:
    """Renew now."""
    node = Node(session, Role.OPERATOR, service=_SERVICE)
    last: Answer = {}
    with counting(session) as progress, _saying_how_to_go_on(session):
        task = progress.add_task(session.say("said.renewing"), total=None)
        answers = node.follow("RenewRecognitions", home_city=city or "", all=everybody)
        with contextlib.closing(answers):
            for last in answers:
                total, done = int(last["total"]), _done(last)
                progress.update(task, total=total or None, completed=done)
    return _report(session, last)


@command("renewal status")
@pass_session
def status(session: Session) -> None:
    """Say what stands and what is due."""
    answer = Node(session, Role.OPERATOR, service=_SERVICE).ask("GetRenewals")
    if session.out.document(answer):
        return
    session.out.table(
        [session.say(f"words.{word}") for word in ("home_city", "standing_count", "due_count")],
        [(each["home_city"], str(each["standing"]), str(each["due"])) for each in answer["cities"]],
        whole=(0, 1, 2),
    )


def _report(session: Session, last: Answer) -> int:
    failed = int(last["failed"])
    code = exits.REFUSED if failed else exits.DONE
    if session.out.document(last):
        return code
    if not int(last["total"]):
        session.out.line(session.say("said.nothing_due"))
    else:
        names = ("total", "renewed", "ended", "failed")
        session.out.lines(
            [(session.say(f"words.renewal_{name}"), f"{int(last[name]):,}") for name in names]
        )
    if failed:
        problem = session.pick(last, "problem")
        session.out.line(session.say("said.renewal_problem", count=failed, text=problem))
        session.out.line(session.say("said.renewal_again"))
    return code


def _done(answer: Answer) -> int:
    return sum(int(answer[name]) for name in ("renewed", "ended", "failed"))


@contextlib.contextmanager
def _saying_how_to_go_on(session: Session) -> Iterator[None]:
    """Where it is cut, say that the same command goes on from there."""
    try:
        yield
    except BaseException:
        session.out.note(session.say("said.renewal_cut"))
        raise
