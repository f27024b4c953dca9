"""Reads a backup as it streams by; what it says is believed only at its end.

1. The head: a form and tables that this version knows.
2. The files beside the store, of bounded size and number.
3. The rows of each table, in the order of the head; as many as it says.
4. The manifest: every part has the hash that it had, and a signing key of the city signed it. Which
   keys are the city's, its newest trust bundle says, which its own root signed. Whether that root
   is the city's is for who compares its fingerprint, or gives a bundle that they trust.
"""

from collections.abc import Iterator
from typing import Final

from federation.envelope import Envelope, envelope_from_json, pae
from federation.errors import HutongError
from federation.keys import PublicKey
from federation.messages import TrustBundle
from federation.trust import fingerprint, is_vouched_for, open_kept_bundle
from node.config import SETTINGS_FILE
from node.keeping import limits
from node.keeping.age import Plain
from node.keeping.archive import Member, NotAnArchiveError, members
from node.keeping.errors import (
    BACKUP_DAMAGED,
    BACKUP_NEWER,
    BACKUP_NOT_TRUSTED,
    BACKUP_OF_ANOTHER_CITY,
)
from node.keeping.forms import (
    HEAD,
    MANIFEST,
    Manifest,
    NewerError,
    NotOursError,
    head_from_json,
    manifest_from_json,
    rows_from_json,
)
from node.keeping.making import BUNDLES, FILES, Parts, name_of
from node.ports.keeping import TableForm, Value

_FIRST_BUNDLE: Final = "trust-bundle.json"


class Reading:
    """One backup; `head` and `files` are there at once, and not believed yet."""

    def __init__(self, stream: Plain, name: str, trusted: TrustBundle | None) -> None:
        """Of the file of that name; raises BACKUP_DAMAGED, BACKUP_NEWER, BACKUP_OF_ANOTHER_CITY."""
        self._name = name
        self._trusted = trusted
        self._parts = Parts()
        self._members = self._read(stream)
        first = self._next(HEAD)
        try:
            self.head = head_from_json(first.content)
        except NewerError as error:
            what = "a form"
            raise HutongError(BACKUP_NEWER, file=name, version=str(error), what=what) from error
        except NotOursError as error:
            raise self.damaged(str(error)) from error
        if trusted and trusted.header.issuer != self.head.city:
            expected = trusted.header.issuer
            raise HutongError(
                BACKUP_OF_ANOTHER_CITY, file=name, actual=self.head.city, expected=expected
            )
        self._ahead: Member | None = None
        self.files = self._files()
        self.bundles = self._bundles()
        self.manifest: Manifest | None = None

    @property
    def fingerprint(self) -> str:
        """Of the newest trust bundle in it, for people to compare."""
        return fingerprint(self.bundles[-1])

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Every signing key that the city named, as the newest bundle that names it says."""
        opened = (open_kept_bundle(each).message for each in self.bundles)
        named = (key for bundle in opened for key in bundle.signing_keys)
        return tuple({key.key_id: key for key in named}.values())

    def rows(self) -> Iterator[tuple[TableForm, list[list[Value]]]]:
        """The rows of every table; at the end the manifest is verified."""
        try:
            for table in self.head.tables:
                count = 0
                for content in self._contents(table):
                    for rows in rows_from_json(table, content):
                        count += len(rows)
                        if count > table.rows:
                            raise self.damaged(f"{table.name} has over {table.rows} rows")
                        yield table, rows
                if count != table.rows:
                    raise self.damaged(f"{table.name} has {count} rows, not {table.rows}")
            self._finish()
        except (NotAnArchiveError, NotOursError) as error:
            raise self.damaged(str(error)) from error

    def damaged(self, problem: str) -> HutongError:
        """The error that something in it is not as it was made."""
        return HutongError(BACKUP_DAMAGED, file=self._name, problem=problem)

    def _read(self, stream: Plain) -> Iterator[Member]:
        for found in members(stream, _most):
            if found.name != MANIFEST:
                self._parts.add(found)
            yield found

    def _next(self, name: str = "") -> Member:
        try:
            found = next(self._members, None)
        except NotAnArchiveError as error:
            raise self.damaged(str(error)) from error
        if found is None or (name and found.name != name):
            raise self.damaged(f"{name or 'its manifest'} is not where it belongs")
        return found

    def _files(self) -> dict[str, bytes]:
        files, size = dict[str, bytes](), 0
        while (found := self._next()).name.startswith(FILES):
            name = found.name.removeprefix(FILES)
            size += len(found.content)
            if not _is_plain(name) or name in files:
                raise self.damaged("a file in it has no name that a node's file has")
            if len(files) >= limits.FILES or size > limits.FILES_BYTES:
                raise self.damaged("it has more files than a node has")
            files[name] = found.content
        self._ahead = found
        if SETTINGS_FILE not in files:
            raise self.damaged("it has no settings")
        return files

    def _bundles(self) -> tuple[Envelope, ...]:
        names = sorted(name for name in self.files if name.startswith(BUNDLES))
        names = names or [name for name in (_FIRST_BUNDLE,) if name in self.files]
        if not names:
            raise self.damaged("it has no trust bundle")
        if len(names) > limits.BUNDLES:
            raise self.damaged("it has more trust bundles than a node has")
        found = list[Envelope]()
        for name in names:
            try:
                found.append(envelope_from_json(self.files[name], where=name))
                newest = open_kept_bundle(found[-1])
            except HutongError as error:
                problem = f"a trust bundle in it does not hold: {error.reason.name}"
                raise self.damaged(problem) from error
            if newest.message.header.issuer != self.head.city:
                raise self.damaged("a trust bundle in it is another city's")
        if self._trusted and not is_vouched_for(newest, self._trusted):
            raise HutongError(BACKUP_NOT_TRUSTED, file=self._name, actual=fingerprint(found[-1]))
        return tuple(found)

    def _contents(self, table: TableForm) -> Iterator[bytes]:
        number = 0
        while True:
            found = self._ahead or self._next()
            self._ahead = None
            if found.name != name_of(table.name, number):
                self._ahead = found
                break
            yield found.content
            number += 1
        if not number:
            raise self.damaged(f"the table {table.name} is not in it")

    def _finish(self) -> None:
        found, self._ahead = self._ahead or self._next(), None
        if found.name != MANIFEST:
            raise NotOursError(f"{found.name} does not belong in it")
        manifest, envelope = manifest_from_json(found.content)
        if next(self._members, None) is not None:
            raise NotOursError("something follows its manifest")
        if (manifest.city, manifest.made_at) != (self.head.city, self.head.made_at):
            raise NotOursError("its manifest is another backup's")
        if manifest.parts != self._parts.listed():
            raise NotOursError("a part of it is not the one that was signed")
        covered = pae(envelope.payload_type, envelope.payload)
        newest = open_kept_bundle(self.bundles[-1]).message
        keys = {key.key_id: key for key in newest.signing_keys if key.revoked_at is None}
        if not any(
            s.key_id in keys and keys[s.key_id].verifies(s.signature, covered)
            for s in envelope.signatures
        ):
            raise NotOursError("no signing key of the city signed its manifest")
        self.manifest = manifest


def _most(name: str) -> int:
    """How many bytes a member of that name may have."""
    if name in {HEAD, MANIFEST}:
        return limits.ABOUT_BYTES
    return limits.FILE_BYTES if name.startswith(FILES) else limits.MEMBER_BYTES


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file below the folder, at most one folder deep."""
    pieces = name.split("/")
    plain = all(piece and piece not in {".", ".."} and "\0" not in piece for piece in pieces)
    return plain and len(pieces) in {1, 2}
