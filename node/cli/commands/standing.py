"""A resident's own standing: at the terminal, as JSON, and as a page to print."""

import json
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from node.cli.calling import Answer, Node
from node.cli.errors import Misused
from node.cli.pages import rendered
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import unreadable
from node.model import Role

_MILLI: Final = 1000
_LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}
# What an exported document says of itself; another number when a key changes its meaning.
_FORMAT: Final = {"format": "hutong-standing", "format_version": 1}
_PAGE_WORDS: Final = (
    "advice", "as_of", "band", "changes", "colon", "commendations", "day", "from_day",
    "no_records", "nothing_shared", "nothing_shared_why", "own", "points", "records", "resident",
    "score", "shared", "shared_why", "state", "title", "until", "yours",
)  # fmt: skip


@command("resident standing")
@argument("resident_id", metavar="RESIDENT")
@option("--export", "file", text="export_standing", metavar="FILE")
@pass_session
def standing(session: Session, *, resident_id: str, file: str | None) -> None:
    """Show a resident's own standing, or export it."""
    path = None if file is None else Path(file)
    if path is not None and path.suffix not in _WRITERS:
        raise Misused("said.export_kind", known=", ".join(_WRITERS))
    answer = Node(session, Role.RESIDENT).ask("GetStanding", resident_id=resident_id)
    if path is not None:
        _write(path, _WRITERS[path.suffix](session, resident_id, answer))
        if not session.out.document({"file": str(path)}):
            session.out.line(session.say("said.standing_exported", file=path))
        return
    if session.out.document(answer):
        return
    session.out.lines(_summary(session, answer))
    _records(session, answer["records"])
    _changes(session, answer)


def _summary(session: Session, answer: Answer) -> list[tuple[str, str]]:
    shared = _points(answer.get("shared_score_milli"))
    band = session.pick(answer, "shared_band")
    said = {
        "words.scale": f"{session.pick(answer, 'scale')} ({_versions(session, answer)})",
        "words.score": _sum(session, answer),
        "words.band": session.pick(answer, "band"),
        "words.exportable": (
            f"{band} ({shared})" if shared and answer["exportable"]
            else band if answer["exportable"]
            else session.say("words.no")
        ),
        "words.commendations": ", ".join(answer["commendations"]),
        "words.advice": session.pick(answer, "advice"),
    }  # fmt: skip
    return [(session.say(name), value) for name, value in said.items() if value]


def _sum(session: Session, answer: Answer) -> str:
    """How the score is made; "" on a scale without scores. A sum outside the scale is cut."""
    if answer.get("score_milli") is None:
        return ""
    base, points, score = (int(answer[f"{of}_milli"]) for of in ("base", "points", "score"))
    said = "standing.sum" if base + points == score else "standing.sum_cut"
    return session.say(
        said, score=_points(score), base=_points(base), points=_signed(points)
    )  # fmt: skip


def _versions(session: Session, answer: Answer) -> str:
    return session.say(
        "standing.versions", scale=answer["scale_version"], catalogue=answer["catalogue_version"]
    )


def _records(session: Session, records: list[Answer]) -> None:
    if not records:
        session.out.line(session.say("standing.no_records"))
        return
    headings = ("day", "points", "title", "department", "until", "state", "record")
    session.out.table(
        [session.say(f"standing.{word}") for word in headings],
        [
            (
                record["occurred_on"],
                _signed(record["points_milli"]),
                _name(session, record),
                session.pick(record, "department"),
                record["counts_until"],
                _state(session, record),
                f"{record['source']}/{record['record_number']}",
            )
            for record in records
        ],
        whole=(0, 1, 4),
    )


def _changes(session: Session, answer: Answer) -> None:
    if not answer["changes"]:
        return
    session.out.line(session.say("standing.changes"))
    session.out.table(
        [session.say(f"standing.{word}") for word in ("from_day", "score", "band")],
        [
            (change["on"], _points(change.get("score_milli")), session.pick(change, "band"))
            for change in answer["changes"]
        ],
        whole=(0, 1),
    )


def _name(session: Session, record: Answer) -> str:
    """The indicator's name; its id where the catalogue does not have it any more."""
    return session.pick(record, "indicator") or str(record["indicator"])


def _state(session: Session, record: Answer) -> str:
    """Whether a record counts, and why not."""
    if not record["indicator_zh"]:
        return session.say("standing.gone")
    if record["disputed"]:
        said = "standing.disputed_counts" if record["counts"] else "standing.disputed"
        return session.say(said)
    return session.say("standing.counts" if record["counts"] else "standing.to_come")


def _repair(session: Session, record: Answer) -> str:
    """From when a repair may be applied for, if it may before the record ends by itself."""
    day = record["repairable_from"]
    useful = day and record["counts"] and day < record["counts_until"]
    return session.say("standing.repair", day=day) if useful else ""


def _points(milli: object) -> str:
    """Thousandths as points; "" where there are none."""
    return "" if milli is None else f"{(Decimal(str(milli)) / _MILLI).normalize():f}"


def _signed(milli: object) -> str:
    """Thousandths as points, with the sign of what they do."""
    return f"{'+' if int(str(milli)) > 0 else ''}{_points(milli)}"


def _as_json(_session: Session, resident_id: str, answer: Answer) -> str:
    """The whole standing; numbers are numbers, every key is there."""
    document: dict[str, Any] = {**_FORMAT, "resident_id": resident_id, **_numbers(answer)}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _numbers(answer: object) -> Any:  # noqa: ANN401 - as JSON is
    """The answer with whole numbers where protobuf's JSON has texts; what is not there is null."""
    if isinstance(answer, list):
        return [_numbers(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    optional = {"base_milli", "score_milli", "shared_score_milli"} if "scale_id" in answer else (
        {"score_milli"} if "on" in answer else set()
    )  # fmt: skip
    found = dict.fromkeys(sorted(optional - answer.keys()))
    return found | {
        name: int(value) if name.endswith("_milli") else _numbers(value)
        for name, value in answer.items()
    }


def _as_page(session: Session, resident_id: str, answer: Answer) -> str:
    words = {word: session.say(f"standing.{word}") for word in _PAGE_WORDS}
    scale = session.pick(answer, "scale")
    return rendered(
        "standing",
        {
            "html_language": _LANGUAGES[session.language],
            "title": session.say("standing.page_title", scale=scale),
            "words": words,
            "as_of": session.time(answer["as_of"])[:16],
            "resident": resident_id,
            "score": _points(answer.get("score_milli")),
            "band": session.pick(answer, "band"),
            "sum": _sum(session, answer),
            "commendations": ", ".join(answer["commendations"]),
            "exportable": answer["exportable"],
            "shared_band": session.pick(answer, "shared_band"),
            "advice": session.pick(answer, "advice"),
            "records": [_row(session, record) for record in answer["records"]],
            "changes": [
                {
                    "day": change["on"],
                    "score": _points(change.get("score_milli")),
                    "band": session.pick(change, "band"),
                }
                for change in answer["changes"]
            ],
            "versions": _versions(session, answer),
        },
    )


def _row(session: Session, record: Answer) -> dict[str, object]:
    """A record as the page shows it."""
    milli = int(record["points_milli"])
    return {
        "day": record["occurred_on"],
        "name": _name(session, record),
        "small": list(_small(session, record)),
        "points": _signed(milli),
        "way": "up" if milli > 0 else "down" if milli < 0 else "",
        "until": record["counts_until"],
        "state": _state(session, record),
        "repair": _repair(session, record),
        "counts": record["counts"],
    }


def _small(session: Session, record: Answer) -> Iterable[str]:
    number = f"{record['source']}/{record['record_number']}"
    yield session.say(
        "standing.from_whom", department=session.pick(record, "department"), number=number
    )
    if record["disclosure_class"]:
        said = "standing.attestable" if record["attestable"] else "standing.local_only"
        of = session.say("standing.class", of=record["disclosure_class"], shared=session.say(said))
        yield f"{record['legal_basis']} · {of}"
    if record["commendation"]:
        yield session.say("standing.commendation", name=record["commendation"])


_WRITERS: Final = {".json": _as_json, ".html": _as_page}


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing, for its owner alone: it is about a person."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        part.replace(path)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise unreadable(str(path), error) from error
