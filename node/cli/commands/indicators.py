"""The indicator catalogue: put in force, listed, read."""

import difflib
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import read_file, request_id
from node.errors import UNKNOWN, HutongError
from node.model import Role
from node.record_limits import INDICATOR_BYTES

# Bytes of one part of an upload: well below what a node takes in one message.
_PART_BYTES: Final = 128 * 1024
_MILLI: Final = 1000


def _node(session: Session) -> Node:
    return Node(session, Role.OPERATOR, service="OversightService")


@command("indicators load")
@argument("file", text="indicators_file")
@request_id
@pass_session
def load_indicators(session: Session, *, file: str, request_id: str | None) -> None:
    """Put an indicator catalogue in force."""
    name, content = read_file(file, most=INDICATOR_BYTES)
    answer = _node(session).upload("LoadIndicators", request_id, _parts(name, content))
    if session.out.document(answer):
        return
    version, residents = answer["version"], answer["resident_count"]
    if answer["changed"]:
        session.out.line(session.say("said.indicators_loaded", version=version, count=residents))
    else:
        session.out.line(session.say("said.indicators_same", version=version))
    kinds = ("department", "district", "zone", "category", "indicator")
    session.out.lines([(_word(session, kind), str(answer[f"{kind}_count"])) for kind in kinds])
    _lost(session, answer["lost_indicators"])


def _parts(name: str, content: bytes) -> Iterator[dict[str, object]]:
    first: dict[str, object] = {"file_name": name, "sha256": hashlib.sha256(content).digest()}
    for start in range(0, max(len(content), 1), _PART_BYTES):
        part: dict[str, object] = {"content": content[start : start + _PART_BYTES]}
        yield part if start else first | part


def _lost(session: Session, lost: list[Answer]) -> None:
    if not lost:
        return
    session.out.line(session.say("said.indicators_lost", count=len(lost)), style="bold yellow")
    session.out.table(
        [_word(session, word) for word in ("indicator", "name", "records")],
        [
            (each["indicator_id"], session.pick(each, "name"), str(each["record_count"]))
            for each in lost
        ],
        whole=(0,),
    )


@command("indicators list")
@option("--department", metavar="ID", default="", text="of_department")
@option("--category", metavar="ID", default="", text="of_category")
@option("--contains", metavar="TEXT", default="", text="indicator_contains")
@pass_session
def list_indicators(session: Session, *, department: str, category: str, contains: str) -> None:
    """List the indicators of the catalogue in force."""
    found = _node(session).every(
        "ListIndicators",
        "indicators",
        department=department,
        category=category,
        contains=contains,
    )
    if session.out.document({"indicators": found}):
        return
    if not found:
        session.out.line(session.say("said.no_indicators"))
        return
    headings = ("indicator", "name", "points", "class", "months", "attestable")
    session.out.table(
        [_word(session, word) for word in headings],
        [
            (
                each["indicator_id"],
                session.pick(each, "name"),
                _points(each),
                each["disclosure_class"],
                str(each["retention_months"]),
                _yes(session, yes=each["attestable"]),
            )
            for each in found
        ],
        whole=(0, 2),
    )
    session.out.line(session.say("said.indicators_listed", count=len(found)))


@command("indicators show")
@argument("indicator_id", metavar="[ID]", required=False, text="indicator_id")
@pass_session
def show(session: Session, *, indicator_id: str | None) -> None:
    """Show the catalogue in force, or one of its indicators."""
    node = _node(session)
    if indicator_id is None:
        _show_catalogue(session, node.ask("GetIndicatorCatalogue"))
    else:
        _show_indicator(session, node, indicator_id)


def _show_catalogue(session: Session, answer: Answer) -> None:
    # The file itself is for programs that read it anew.
    answer.pop("content_zlib")
    if session.out.document(answer):
        return
    yes = {key: _yes(session, yes=answer[key]) for key in ("illustrative", "disputed_count")}
    session.out.lines(
        [
            (_word(session, "version"), str(answer["version"])),
            (_word(session, "source"), answer["source"]),
            (_word(session, "illustrative"), yes["illustrative"]),
            (_word(session, "indicators"), str(answer["indicator_count"])),
            (_word(session, "disputed_count"), yes["disputed_count"]),
            *(
                (_word(session, f"{kind}_days"), str(answer[f"{kind}_days"]))
                for kind in ("objection", "repair", "appeal")
            ),
            (_word(session, "promise_kept"), answer["promise_kept"] or "-"),
            (_word(session, "promise_broken"), answer["promise_broken"] or "-"),
        ]
    )
    for key, word in (("departments", "department"), ("areas", "area"), ("categories", "category")):
        _show_entries(session, answer[key], word)


def _show_entries(session: Session, entries: list[Answer], word: str) -> None:
    kinds = any(entry["kind"] for entry in entries)
    headings = [_word(session, word), _word(session, "name")]
    session.out.table(
        [*headings, _word(session, "kind")] if kinds else headings,
        [
            (entry["id"], session.pick(entry, "name"), *([_kind(session, entry)] if kinds else []))
            for entry in entries
        ],
        whole=(0,),
    )


def _show_indicator(session: Session, node: Node, indicator_id: str) -> None:
    """One indicator whole; raises UNKNOWN, with the nearest one."""
    found = node.every("ListIndicators", "indicators", contains=indicator_id)
    one = next((each for each in found if each["indicator_id"] == indicator_id), None)
    if one is None:
        known = [each["indicator_id"] for each in node.every("ListIndicators", "indicators")]
        nearest = difflib.get_close_matches(indicator_id, known, n=1, cutoff=0.0)
        remedy = f"the nearest is {nearest[0]}" if nearest else "the catalogue has none"
        raise HutongError(UNKNOWN, what="indicator", name=indicator_id, remedy=remedy)
    if session.out.document({"indicator": one}):
        return
    pairs = [
        ("indicator", one["indicator_id"]),
        ("name", session.pick(one, "name")),
        ("category", one["category"]),
        ("kind", session.say(f"words.indicator_{one['dimension']}")),
        ("departments", " ".join(one["departments"])),
        ("points", _points(one)),
        ("legal_basis", one["legal_basis"]),
        ("class", one["disclosure_class"]),
        ("months", str(one["retention_months"])),
        ("attestable", _yes(session, yes=one["attestable"])),
    ]
    if one["commendation"]:
        pairs.append(("commendation", one["commendation"]))
    if one["severity"]:
        pairs.append(("severity", session.say(f"words.indicator_{one['severity']}")))
        pairs.append(("repair_after", str(one["repair_after_months"])))
    session.out.lines([(_word(session, word), value) for word, value in pairs])


def _word(session: Session, word: str) -> str:
    return session.say(f"words.indicator_{word}")


def _kind(session: Session, entry: Answer) -> str:
    return session.say(f"words.indicator_{entry['kind']}")


def _yes(session: Session, *, yes: bool) -> str:
    return session.say("words.yes" if yes else "words.no")


def _points(indicator: Answer) -> str:
    milli = int(indicator["effect_milli"])
    return f"{(Decimal(milli) / _MILLI).normalize():+f}"
