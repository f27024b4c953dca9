"""A whole log, verified offline: this city's own in its store, or any log or evidence in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from federation.checkpoint import cosigned
from federation.log_fork import evidence_from_json, judge
from node import bootstrap
from node.cli import exits
from node.cli.commands.logs import EntriesBar
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.texts import LANGUAGES, text
from node.cli.trusted import Trusted
from node.cli.values import read_file, unreadable
from node.files.logs import (
    bundle_text,
    is_log,
    read_head,
    read_leaves,
    write_entry,
    write_head,
)
from node.services.log_verifying import Verified, keys_of, verify_leaves, verify_own
from node.services.log_walking import Problem

_EVIDENCE_BYTES = 1024 * 1024
_PORTION = 4096


@command("log verify")
@argument("files", text="log_files", nargs=-1)
@option("--trust", multiple=True, metavar="BUNDLE", text="trust_bundle")
@pass_session
def verify(session: Session, *, files: tuple[str, ...], trust: tuple[str, ...]) -> int:
    """Verify a whole log offline."""
    trusted = Trusted.read(trust)
    if not files:
        if trust:
            raise Misused("said.trust_without_file")
        return _tell(session, [_own(session)])
    found = list[_Found]()
    for name in files:
        path = Path(name)
        found.append(
            _log(session, path, trusted) if is_log(path) else _evidence(session, name, trusted)
        )
    return _tell(session, found)


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of one log or one piece of evidence."""

    document: dict[str, object]
    lines: tuple[tuple[str, str], ...]
    good: bool


def _own(session: Session) -> _Found:
    with bootstrap.own_log(session.settings) as log:
        keys = keys_of((*log.snapshot.partners().values(), *log.own_bundles))
        with EntriesBar(session, log.snapshot.state()[0]) as tell:
            found = verify_own(log.snapshot, session.settings.code, keys, log.anchored, tell)
    return _described(session, found, {})


def _log(session: Session, path: Path, trusted: Trusted) -> _Found:
    head = read_head(path)
    bundles = trusted.vouched(head.trust_bundles)
    with EntriesBar(session, 0) as tell:
        found = verify_leaves(read_leaves(path), head.city, keys_of(bundles), head.checkpoint, tell)
    return _described(session, found, trusted.fingerprints)


def _described(session: Session, found: Verified, fingerprints: dict[str, str]) -> _Found:
    problems = [_problem(session, each) for each in found.problems]
    document: dict[str, object] = {
        "verified": not problems,
        "city": found.city,
        "size": found.size,
        "root": found.root.hex(),
        "checkpoints": found.checkpoints,
        "cosignatures": found.cosignatures,
        "cosignatures_unchecked": found.unchecked,
        "problems": [
            {"name": p.name, "entry": p.entry, **p.fields, **text_of}
            for p, text_of in zip(found.problems, _texts(found.problems), strict=True)
        ],
        "fingerprints": fingerprints,
    }
    counts = {
        "city": found.city,
        "size": f"{found.size:,}",
        "root": found.root.hex()[:16],
        "checkpoints": f"{found.checkpoints:,}",
        "cosignatures": f"{found.cosignatures:,}",
        "unchecked": f"{found.unchecked:,}",
    }
    lines = [(session.say("said.log_verified", **counts), "")]
    lines += [(problem, "bold red") for problem in problems]
    lines += [
        (session.say("said.compare_fingerprint", city=city, fingerprint=each), "yellow")
        for city, each in fingerprints.items()
    ]
    said = "said.log_bad" if problems else "said.log_good"
    lines.append((session.say(said), "bold red" if problems else "green"))
    return _Found(document, tuple(lines), not problems)


def _problem(session: Session, problem: Problem) -> str:
    return session.say(f"words.log_{problem.name}", **problem.fields)


def _texts(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """The texts of problems in both languages."""
    return [
        {f"text_{each}": text(f"words.log_{p.name}", each, **p.fields) for each in LANGUAGES}
        for p in problems
    ]


def _evidence(session: Session, name: str, trusted: Trusted) -> _Found:
    _, content = read_file(name, most=_EVIDENCE_BYTES)
    found = evidence_from_json(content)
    keys = keys_of(trusted.vouched((found.trust_bundle,)))
    kind = judge(found, keys.get(found.city, ()))
    document: dict[str, object] = {
        "verified": True,
        "city": found.city,
        "fork": kind.value,
        "found_at": found.at.isoformat(),
        "fingerprints": trusted.fingerprints,
    }
    lines = [(session.say(f"words.fork_{kind.value}", city=found.city), "bold red")]
    lines += [
        (session.say("said.compare_fingerprint", city=city, fingerprint=each), "yellow")
        for city, each in trusted.fingerprints.items()
    ]
    return _Found(document, tuple(lines), good=True)


def _tell(session: Session, found: Sequence[_Found]) -> int:
    document = found[0].document if len(found) == 1 else {"files": [f.document for f in found]}
    if not session.out.document(document):
        for each in found:
            for line, style in each.lines:
                session.out.line(line, style=style)
    return exits.DONE if all(each.good for each in found) else exits.REFUSED


@command("log export")
@argument("file", text="log_file")
@pass_session
def export(session: Session, *, file: str) -> None:
    """Write this city's log to a file, up to its newest checkpoint."""
    path = Path(file)
    part = path.with_name(f".{path.name}.part")
    with bootstrap.own_log(session.settings) as log:
        kept = log.snapshot.checkpoints()
        if not kept:
            raise Misused("said.no_checkpoint")
        newest = kept[-1]
        note = cosigned(newest.note, (line for _, line in newest.lines))
        bundles = (*log.own_bundles, *log.snapshot.partners().values())
        try:
            with (
                part.open("w", encoding="utf-8") as out,
                EntriesBar(session, newest.size) as tell,
            ):
                texts = [bundle_text(bundle) for bundle in bundles]
                write_head(out, session.settings.code, note, texts)
                for first in range(0, newest.size, _PORTION):
                    for row in log.snapshot.entries(first, min(_PORTION, newest.size - first)):
                        write_entry(out, *row.columns())
                    tell(first)
            part.replace(path)
        except OSError as error:
            raise unreadable(file, error) from error
        finally:
            part.unlink(missing_ok=True)
    size = newest.size
    if not session.out.document({"file": file, "size": size}):
        session.out.line(session.say("said.log_exported", size=f"{size:,}", file=file))
