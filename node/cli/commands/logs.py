"""The city's log, and its partners': how far they are witnessed, and what is known of a fork."""

import base64
import json
from pathlib import Path
from typing import Self

from federation.checkpoint import unverified_checkpoint
from federation.merkle_log import HASH_BYTES
from node.cli import exits
from node.cli.bars import bars
from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, unreadable
from node.files.logs import write_head, write_leaf
from node.model import Role

_SERVICE = "LogService"
# All partners, one after the other, each with the deadline of its calls.
_EXCHANGE_SECONDS = 120.0


@command("log status")
@pass_session
def status(session: Session) -> None:
    """Show this city's log and what is known of each partner's."""
    answer = Node(session, Role.OPERATOR, service=_SERVICE).ask("GetLog")
    if session.out.document(answer):
        return
    newest, cosigned = answer.get("checkpoint"), answer.get("cosigned")
    nothing = session.say("words.none_yet")
    session.out.lines(
        [
            (session.say("words.entries"), f"{int(answer['size']):,}"),
            (session.say("words.checkpoint"), _described(session, newest) if newest else nothing),
            (session.say("words.cosigned"), _witnessed(session, cosigned) if cosigned else nothing),
        ]
    )
    if answer["partners"]:
        forked = set(answer["forked"])
        session.out.table(
            [session.say(f"words.{word}") for word in ("city", "entries", "root", "when")],
            [
                (
                    each["city"],
                    f"{int(each['size']):,}",
                    _root(each),
                    session.say("words.forked")
                    if each["city"] in forked
                    else session.time(each["at"]),
                )
                for each in answer["partners"]
            ],
            whole=(0, 1),
        )
    for city in answer["forked"]:
        session.out.line(session.say("said.log_forked", city=city), style="bold red")


def _described(session: Session, checkpoint: Answer) -> str:
    size, at = f"{int(checkpoint['size']):,}", session.time(checkpoint["at"])
    return session.say("said.checkpoint", size=size, root=_root(checkpoint), at=at)


def _witnessed(session: Session, checkpoint: Answer) -> str:
    cities = ", ".join(checkpoint["cosigned_by"])
    return session.say("said.cosigned", size=f"{int(checkpoint['size']):,}", cities=cities)


def _root(checkpoint: Answer) -> str:
    return base64.b64decode(checkpoint["root"]).hex()[:16]


@command("log checkpoint")
@option("--city", type=city_of, metavar="CITY", text="city")
@pass_session
def checkpoint(session: Session, *, city: str | None) -> int:
    """Make a checkpoint now, and have it cosigned."""
    node = Node(session, Role.OPERATOR, service=_SERVICE, seconds=_EXCHANGE_SECONDS)
    answer = node.ask("ExchangeCheckpoints", city=city or "")
    failed = [each for each in answer["exchanges"] if not each["cosigned"]]
    code = exits.UNREACHABLE if failed else exits.DONE
    if session.out.document(answer):
        return code
    session.out.line(_described(session, answer["checkpoint"]))
    for each in answer["exchanges"]:
        if each["cosigned"]:
            session.out.line(session.say("said.cosigned_by", city=each["city"]))
        else:
            problem = session.pick(each, "problem")
            said = session.say("said.not_cosigned", city=each["city"], problem=problem)
            session.out.line(said, style="yellow")
    if not answer["exchanges"]:
        session.out.line(session.say("said.nobody_cosigns"))
    return code


@command("log fetch")
@argument("city", type=city_of)
@argument("file", text="log_file")
@pass_session
def fetch(session: Session, *, city: str, file: str) -> None:
    """Fetch a partner's whole log into a file."""
    node = Node(session, Role.OPERATOR, service=_SERVICE)
    answers = node.follow("FetchPartnerLog", city=city)
    head = next(answers)
    note = base64.b64decode(head["checkpoint"])
    bundle = base64.b64decode(head["trust_bundle"]).decode()
    size = unverified_checkpoint(note).size
    path = Path(file)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as out, EntriesBar(session, size) as tell:
            write_head(out, city, note, [bundle])
            done = 0
            for answer in answers:
                joined = base64.b64decode(answer["leaf_hashes"])
                for start in range(0, len(joined), HASH_BYTES):
                    write_leaf(out, joined[start : start + HASH_BYTES])
                    done += 1
                tell(done)
        part.replace(path)
    except OSError as error:
        raise unreadable(file, error) from error
    finally:
        part.unlink(missing_ok=True)
    if not session.out.document({"city": city, "file": file, "size": size}):
        session.out.line(session.say("said.log_fetched", city=city, size=f"{size:,}", file=file))


@command("log evidence")
@argument("city", type=city_of)
@option("--out", metavar="FILE", text="evidence_out")
@pass_session
def evidence(session: Session, *, city: str, out: str | None) -> None:
    """Give the evidence that a partner's log forked."""
    node = Node(session, Role.OPERATOR, service=_SERVICE)
    content = base64.b64decode(node.ask("GetForkEvidence", city=city)["evidence"])
    if out is None:
        if not session.out.document(json.loads(content)):
            session.out.raw(content.decode())
        return
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        raise unreadable(out, error) from error
    if not session.out.document({"city": city, "file": out}):
        session.out.line(session.say("said.evidence_written", city=city, file=out))


class EntriesBar:
    """How many entries are done, of how many; for people only."""

    def __init__(self, session: Session, total: int) -> None:
        """Hidden from programs, and where nobody looks."""
        self._bars = bars(session)
        self._task = self._bars.add_task(session.say("words.entries"), total=max(total, 1))

    def __enter__(self) -> Self:
        """Show it."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._bars.stop()

    def __call__(self, done: int) -> None:
        """So many are done."""
        self._bars.update(self._task, completed=done)
