"""Makes a backup: the blocks of it, one after the other, from the store as of one instant.

1. The head says whose it is, of when, and which tables follow.
2. The files beside the store: settings, keys, trust bundles, clients, the anchor of the log.
3. Each table, in parts of a bounded size. The log is verified as it goes by: a log that does not
   hold makes no backup.
4. The manifest has the hash of each part and the head of the log, and is signed.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from federation.errors import TOO_LARGE, HutongError
from federation.keys import Signer
from node.keeping import limits
from node.keeping.archive import END, Member, member
from node.keeping.forms import (
    HEAD,
    MANIFEST,
    Head,
    Manifest,
    Part,
    head_to_json,
    rows_to_json,
    sign_manifest,
)
from node.keeping.log_check import LogCheck
from node.ports.keeping import Rows, TableForm

FILES = "files/"
STORE = "store/"
BUNDLES = "bundles/"
_NUMBER = 6


def part_of(name: str) -> str:
    """The part that a member belongs to: a file at the top, a folder of files, or a table."""
    return "/".join(name.split("/")[:2])


@dataclass
class Parts:
    """The hash of each part, as its members go by."""

    _found: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, added: Member) -> None:
        """One more member."""
        part = self._found.setdefault(part_of(added.name), [0, 0, hashlib.sha256()])
        part[0] += 1
        part[1] += len(added.content)
        for block in added.blocks():
            part[2].update(block)

    def listed(self) -> tuple[Part, ...]:
        """All of them, in the order in which they began."""
        return tuple(
            Part(name, count, size, hashed.hexdigest())
            for name, (count, size, hashed) in self._found.items()
        )


class Making:
    """One backup; `made` is there when its blocks have come to their end."""

    def __init__(
        self,
        head: Head,
        files: Sequence[tuple[str, bytes]],
        rows: Callable[[TableForm], Iterator[Rows]],
        check: LogCheck,
        signer: Signer,
    ) -> None:
        """The signer is the city's, and `check` knows its keys."""
        self._head = head
        self._files = files
        self._rows = rows
        self._check = check
        self._signer = signer
        self._parts = Parts()
        self._made: Manifest | None = None

    @property
    def made(self) -> Manifest:
        """What was made, once it is."""
        if self._made is None:
            raise TypeError("it is to be made first")
        return self._made

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(table.rows for table in self._head.tables)

    def blocks(self, tell: Callable[[int], object]) -> Iterator[bytes]:
        """The archive; `tell` hears how many rows are in it.

        Raises:
            HutongError: BACKUP_LOG_BROKEN, STORE_UNAVAILABLE, KEY_UNUSABLE, TOO_LARGE.

        """
        _check(self._files)
        # 1.
        yield from self._member(HEAD, head_to_json(self._head))
        # 2.
        for name, content in self._files:
            yield from self._member(FILES + name, content)
        # 3.
        done = 0
        for table in self._head.tables:
            lines, size, number = list[bytes](), 0, 0
            for rows in self._rows(table):
                self._check.rows(table, rows)
                for line in rows_to_json(table, rows):
                    lines.append(line)
                    size += len(line) + 1
                    if size >= limits.PART_BYTES:
                        yield from self._part(table, number, lines)
                        lines, size, number = [], 0, number + 1
                done += len(rows)
                tell(done)
            if lines or not number:
                yield from self._part(table, number, lines)
        # 4.
        log = self._check.finish()
        made = Manifest(self._head.city, self._head.made_at, log, self._parts.listed())
        yield from member(MANIFEST, sign_manifest(made, self._signer)).blocks()
        self._made = made
        yield END

    def _part(self, table: TableForm, number: int, lines: list[bytes]) -> Iterator[bytes]:
        content = b"".join(line + b"\n" for line in lines)
        yield from self._member(name_of(table.name, number), content)

    def _member(self, name: str, content: bytes) -> Iterator[bytes]:
        made = member(name, content)
        self._parts.add(made)
        yield from made.blocks()


def _check(files: Sequence[tuple[str, bytes]]) -> None:
    """What nobody would read is not made either; raises TOO_LARGE."""
    bundles = sum(name.startswith(BUNDLES) for name, _ in files)
    for what, size, limit in (
        ("their number", len(files), limits.FILES),
        ("trust bundles", bundles, limits.BUNDLES),
        ("bytes of one", max(len(content) for _, content in files), limits.FILE_BYTES),
        ("bytes of all", sum(len(content) for _, content in files), limits.FILES_BYTES),
    ):
        if size > limit:
            where = f"files beside the store, {what}"
            raise HutongError(TOO_LARGE, where=where, size=str(size), limit=str(limit))


def name_of(table: str, number: int) -> str:
    """The member that has a part of a table."""
    return f"{STORE}{table}/{number:0{_NUMBER}d}.jsonl"
