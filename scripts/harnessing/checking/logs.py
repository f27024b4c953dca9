"""All logs are what was signed of them: their own trees, and every checkpoint that was ever seen.

The whole tree of a city is grown anew from its entries. At the size of each checkpoint, whoever
showed it, its root must be the one that was signed: that is what a consistency proof proves.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from federation.checkpoint import check_cosignature, open_checkpoint, without_cosignatures
from federation.errors import HutongError
from federation.merkle_log import Frontier
from node.services.log_verifying import verify_own
from node.store.log_snapshot import open_log
from scripts.harnessing.checking.copying import SQLITE
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_LEAVES: Final = "SELECT leaf_hash FROM log_entries ORDER BY sequence"
_WITNESSED: Final = "SELECT city, note, cosignature FROM partner_checkpoints"
_OWN: Final = "SELECT note FROM checkpoints"
_FORKS: Final = "SELECT city, problem FROM forks"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A checkpoint of a city's log, as somebody has it."""

    note: bytes
    by: str
    at: float | None = None


def _trees_are_whole(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        with open_log(f"{SQLITE}{city.path}") as snapshot:
            found = verify_own(
                snapshot, city.code, evidence.keys, city.anchored, lambda _count: None
            )
        tally.see(found.size)
        for problem in found.problems:
            told = ", ".join(f"{name}={value}" for name, value in problem.fields.items())
            tally.broken(
                city.place.pinyin,
                f"日志第 {problem.entry} 条起与其树不符（{problem.name}）：{told}。",
                f"The log does not fit its tree from entry {problem.entry} ({problem.name}): "
                f"{told}.",
                problem=problem.name,
                entry=problem.entry,
            )


def _checkpoints_are_one_history(evidence: Evidence, tally: Tally) -> None:
    shown = defaultdict[str, list[_Shown]](list)
    for code, each in _all_shown(evidence):
        shown[code].append(each)
    for city in evidence.cities.values():
        _hold(evidence, city, shown[city.code], tally)
        for partner, problem in city.rows(_FORKS):
            tally.see()
            tally.broken(
                city.place.pinyin,
                f"存有 {partner} 日志分叉的证据：{problem}。",
                f"It has evidence that the log of {partner} forked: {problem}.",
                partner=partner,
            )


def _all_shown(evidence: Evidence) -> Iterator[tuple[str, _Shown]]:
    for city in evidence.cities.values():
        for (note,) in city.rows(_OWN):
            yield city.code, _Shown(note, city.place.pinyin)
        if city.anchored:
            yield city.code, _Shown(city.anchored, f"{city.place.pinyin}: anchor")
        for partner, note, _ in city.rows(_WITNESSED):
            # Another city's store was perhaps copied a moment before it signed this.
            yield partner, _Shown(note, city.place.pinyin, city.taken_at)
    codes = {city.place.pinyin: code for code, city in evidence.cities.items()}
    for seen in evidence.seen():
        try:
            note = base64.b64decode(seen.note, validate=True)
        except binascii.Error:
            note = b""
        yield codes.get(seen.city, seen.city), _Shown(note, seen.by, seen.at)


def _hold(evidence: Evidence, city: CityEvidence, shown: list[_Shown], tally: Tally) -> None:
    """Hold the log of a city against all checkpoints of it."""
    keys = evidence.keys.get(city.code, ())
    opened = list[tuple[int, bytes, _Shown]]()
    for each in shown:
        tally.see()
        try:
            head = open_checkpoint(without_cosignatures(each.note), city.code, keys, None)
        except HutongError as error:
            _broken(tally, city, each, f"it does not verify: {error.text('en')}")
            continue
        opened.append((head.size, head.root, each))
    roots, size = _roots(city, {many for many, _, _ in opened})
    for many, root, each in opened:
        if many > size:
            if each.at is None or each.at < city.taken_at:
                _broken(tally, city, each, f"{many} entries were signed, and there are {size}")
        elif roots[many] != root:
            _broken(tally, city, each, f"the first {many} entries have another root", size=many)
    for witness in evidence.cities.values():
        of_city = "SELECT note, cosignature FROM partner_checkpoints WHERE city = ?"
        for note, line in witness.rows(of_city, city.code):
            tally.see()
            try:
                check_cosignature(note, line, witness.code, evidence.keys.get(witness.code, ()))
            except HutongError as error:
                by = _Shown(note, witness.place.pinyin)
                _broken(tally, city, by, f"its cosignature does not verify: {error.text('en')}")


def _roots(city: CityEvidence, sizes: set[int]) -> tuple[Mapping[int, bytes], int]:
    """The root of the log at each of these sizes, as far as it goes; and its size."""
    tree = Frontier()
    found = {0: tree.root()}
    for (leaf,) in city.rows(_LEAVES):
        tree.append(leaf)
        tree.tiles.clear()
        if tree.size in sizes:
            found[tree.size] = tree.root()
    return found, tree.size


def _broken(tally: Tally, city: CityEvidence, shown: _Shown, problem: str, size: int = 0) -> None:
    tally.broken(
        city.place.pinyin,
        f"{shown.by} 所见的检查点与日志不符：{problem}。",
        f"A checkpoint that {shown.by} has does not fit the log: {problem}.",
        by=shown.by,
        size=size,
        note=base64.b64encode(shown.note).decode(),
    )


INVARIANTS: Final = (
    Invariant(
        "log-trees",
        "8",
        "日志与其树一致",
        "Each log is the tree that was signed",
        _trees_are_whole,
    ),
    Invariant(
        "checkpoints",
        "logs",
        "日志与见过的每个检查点一致",
        "Each log extends every checkpoint ever seen",
        _checkpoints_are_one_history,
    ),
)
