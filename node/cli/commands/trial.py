"""The trial exchange with a partner, as two officers look at it together."""

from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.commands.partners import next_step
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command
from node.cli.values import city_of, named
from node.model import Role


@command("partner test")
@argument("city", type=city_of)
@pass_session
def test(session: Session, *, city: str) -> int:
    """Run the trial exchange with a partner."""
    answer = Node(session, Role.OPERATOR).ask("TestPartner", city=city)
    passed = all(step["passed"] for step in answer["steps"])
    if not session.out.document(answer):
        _show(session, answer)
        said = "said.trial_passed" if passed else "said.trial_failed"
        session.out.line(session.say(said, city=city, name=named(session, city)))
        following = next_step(session, answer["partner"])
        if passed and following:
            session.out.line(following)
    return exits.DONE if passed else exits.REFUSED


def _show(session: Session, answer: Answer) -> None:
    headings = ("home_city", "host_city", "step", "result", "trial_detail")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                named(session, step["home_city"]),
                named(session, step["host_city"]),
                session.say(f"words.trial_{step['step']}"),
                session.say(f"words.step_{'ok' if step['passed'] else 'failed'}"),
                session.pick(step, "detail"),
            )
            for step in answer["steps"]
        ],
        whole=(0, 1, 2, 3),
    )
