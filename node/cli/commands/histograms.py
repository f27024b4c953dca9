"""How residents are spread over the scale: published once, with noise, and what that cost."""

from decimal import Decimal, InvalidOperation
from typing import Final

from node.cli.calling import Answer, Node
from node.cli.errors import Wrong
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.values import named, request_id
from node.model import Role

_MILLI: Final = 1000
_MOST: Final = 10**9


def _milli(text: str) -> int:
    """The thousandths of a decimal number above 0."""
    try:
        found = Decimal(text.strip()) * _MILLI
    except InvalidOperation as error:
        raise Wrong("said.bad_milli") from error
    if not found.is_finite() or not 0 < found <= _MOST or found != int(found):
        raise Wrong("said.bad_milli")
    return int(found)


@command("histogram publish")
@option("--epsilon", type=_milli, metavar="NUMBER")
@option("--width", type=_milli, metavar="POINTS")
@request_id
@pass_session
def publish(
    session: Session, *, epsilon: int | None, width: int | None, request_id: str | None
) -> None:
    """Publish how residents are spread over the scale in force; once for each version of it."""
    node = Node(session, Role.OPERATOR, service="IncentiveService")
    answer = node.change(
        "PublishHistogram", request_id, epsilon_milli=epsilon or 0, width_milli=width or 0
    )
    if session.out.document(answer):
        return
    histogram = answer["histogram"]
    said = "said.histogram_published" if answer["published"] else "said.histogram_same"
    session.out.line(
        session.say(
            said,
            scale=histogram["scale_id"],
            version=histogram["scale_version"],
            total=f"{int(histogram['total']):,}",
            epsilon=_points(histogram["epsilon_milli"]),
            smallest=histogram["smallest_shown"],
        )
    )
    session.out.table(
        [session.say(f"words.{word}") for word in ("band", "score", "published")],
        [(bar["band_id"], _ends(bar), _count(session, bar)) for bar in histogram["bars"]],
        whole=(0, 1),
    )


@command("histogram list")
@pass_session
def list_histograms(session: Session) -> None:
    """List the newest histogram of each city, and what of the privacy budget was spent here."""
    answer = Node(session, Role.OPERATOR, service="IncentiveService").ask("ListHistograms")
    if session.out.document(answer):
        return
    if not answer["histograms"]:
        session.out.line(session.say("said.no_histograms"))
        return
    headings = ("city", "scale", "version", "published_at", "epsilon", "residents", "cells")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                named(session, each["city"]),
                each["scale_id"],
                str(each["scale_version"]),
                session.time(each["published_at"]),
                _points(each["epsilon_milli"]),
                f"{int(each['total']):,}",
                str(len(each["bars"])),
            )
            for each in answer["histograms"]
        ],
        whole=(0, 3),
    )
    if not answer["spendings"]:
        return
    session.out.line(session.say("said.privacy_spent"), style="bold")
    session.out.table(
        [session.say(f"words.{word}") for word in ("published_at", "purpose", "epsilon", "who")],
        [
            (
                session.time(each["at"]),
                each["purpose"],
                _points(each["epsilon_milli"]),
                each["actor"],
            )
            for each in answer["spendings"]
        ],
        whole=(0,),
    )


def _ends(bar: Answer) -> str:
    low, high = int(bar["lower_milli"]), int(bar["upper_milli"])
    return f"{_points(low)} – {_points(high)}" if low < high else ""


def _count(session: Session, bar: Answer) -> str:
    count = int(bar["count"])
    return f"{count:,}" if count else session.say("words.suppressed")


def _points(milli: object) -> str:
    return f"{(Decimal(str(milli)) / _MILLI).normalize():f}"
