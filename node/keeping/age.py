"""age: what is made for the holders of identities, in a stream that is never whole in memory.

Whoever has the recipients' public keys can encrypt, and nobody can read. Decryption gives out what
it has verified so far, 64 KiB at a time: that a file ends where it was cut is known only at its
end, so that nothing may be done with it before.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, Protocol

import pyrage
from pyrage import x25519

from federation.errors import HutongError
from node.keeping import limits
from node.keeping.errors import AGE_KEY_INVALID, BACKUP_DAMAGED, BACKUP_NOT_FOR_THIS_KEY

_RECIPIENT: Final = "age1"
_IDENTITY: Final = "AGE-SECRET-KEY-1"
_HEAD_ENDS: Final = b"\n--- "
_BLOCK_BYTES: Final = 64 * 1024

# The library's own classes, which have no types.
Recipient = Any
Identity = Any


def new_identity(made_at: str) -> tuple[bytes, str]:
    """A new identity, as age's own tools keep it in a file, and its public key."""
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# created: {made_at}\n# public key: {public}\n{identity}\n".encode(), public


def recipients(content: bytes, where: str) -> list[Recipient]:
    """The public keys in a text, one a line; raises AGE_KEY_INVALID."""
    return _keys(content, where, _RECIPIENT, x25519.Recipient.from_str, "public key (age1...)")


def identities(content: bytes, where: str) -> list[Identity]:
    """The identities in a file, one a line; raises AGE_KEY_INVALID, which never quotes it."""
    parse = x25519.Identity.from_str
    return _keys(content, where, _IDENTITY, parse, "identity (AGE-SECRET-KEY-1...)")


def _keys(
    content: bytes, where: str, head: str, parse: Callable[[str], Any], what: str
) -> list[Any]:
    found = list[Any]()
    text = content.decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        key = _parsed(said, parse) if said.startswith(head) else None
        if key is None:
            problem = f"line {number} is no {what}"
            raise HutongError(AGE_KEY_INVALID, where=where, problem=problem)
        found.append(key)
    if not found:
        raise HutongError(AGE_KEY_INVALID, where=where, problem=f"it holds no {what}")
    return found


def _parsed(said: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 - the library's own
    try:
        return parse(said)
    except (ValueError, pyrage.RecipientError, pyrage.IdentityError):
        # Whatever it says may quote a secret.
        return None


def encrypt(blocks: Iterable[bytes], out: BinaryIO, to: Sequence[Recipient]) -> None:
    """Write what the blocks are, joined; what they raise is raised.

    Raises AGE_KEY_INVALID for more recipients than a head may name.
    """
    if len(to) > limits.RECIPIENTS:
        problem = f"over {limits.RECIPIENTS} public keys"
        raise HutongError(AGE_KEY_INVALID, where="--to", problem=problem)
    source, target = _Source(blocks), _Target(out.write)
    try:
        pyrage.encrypt_io(source, target, list(to))
    except (pyrage.EncryptError, OSError) as error:
        raise source.error or target.error or error from error
    # The library's last write is one whose failure it does not tell.
    if target.error is not None:
        raise target.error


class Plain(Protocol):
    """A stream that is read. Of what was decrypted the end is told only where all was verified."""

    def read(self, count: int, /) -> bytes:
        """So many bytes; fewer only at the end."""


@contextlib.contextmanager
def decrypted(file: Plain, name: str, of: Sequence[Identity], where: str) -> Iterator[Plain]:
    """What a file of that name holds; `where` are the identities from.

    Raises:
        HutongError: BACKUP_NOT_FOR_THIS_KEY, BACKUP_DAMAGED, at the latest when its end is read.

    """
    reading, writing = os.pipe()
    worker = _Decrypting(file, writing, of)
    worker.start()
    try:
        with os.fdopen(reading, "rb") as pipe:
            yield _Verified(pipe, worker, name, where)
    finally:
        worker.join()


class _Verified:
    """The end of a pipe, whose own end is not told before the other side came to its own."""

    def __init__(self, pipe: BinaryIO, worker: "_Decrypting", name: str, where: str) -> None:
        self._pipe = pipe
        self._worker = worker
        self._name = name
        self._where = where

    def read(self, count: int, /) -> bytes:
        found = self._pipe.read(count)
        if len(found) < count:
            self._worker.join()
            if self._worker.error is not None:
                raise _told(self._worker.error, self._name, self._where) from self._worker.error
        return found


class _Decrypting(threading.Thread):
    """Decrypts a file into a pipe, no faster than that is read."""

    def __init__(self, file: Plain, writing: int, of: Sequence[Identity]) -> None:
        super().__init__(name="decrypting", daemon=True)
        self._file = file
        self._writing = writing
        self._of = list(of)
        self.error: BaseException | None = None

    def run(self) -> None:
        """Decrypt; what went wrong is kept, since a thread can raise to nobody."""
        source = _Source(_headed(self._file))
        with open(self._writing, "wb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
            target = _Target(pipe.write)
            try:
                pyrage.decrypt_io(source, target, self._of)
            except BaseException as error:  # noqa: BLE001 - as above, the library's panics too
                self.error = source.error or target.error or error
            else:
                self.error = target.error


def _headed(file: Plain) -> Iterator[bytes]:
    """What a file holds, in blocks; raises ValueError where its head is longer than any of ours.

    The library holds a head whole, however long somebody made it.
    """
    first = file.read(limits.AGE_HEAD_BYTES)
    if _HEAD_ENDS not in first:
        raise ValueError("its head has no end")
    yield first
    yield from iter(lambda: file.read(_BLOCK_BYTES), b"")


def _told(error: BaseException, name: str, where: str) -> BaseException:
    if isinstance(error, HutongError):
        return error
    said = str(error)
    if "No matching keys" in said:
        return HutongError(BACKUP_NOT_FOR_THIS_KEY, file=name, identity=where)
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return HutongError(BACKUP_DAMAGED, file=name, problem="it cannot be decrypted to its end")


class _Source:
    """What the library reads from: blocks of any size, and what they raised."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._left = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, count: int) -> bytes:
        """At most so many bytes; none at the end."""
        try:
            while not self._left:
                self._left = memoryview(next(self._blocks))
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        found, self._left = self._left[:count], self._left[count:]
        return bytes(found)


class _Target:
    """What the library writes to, and what that raised."""

    def __init__(self, write: Callable[[bytes], int | None]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def write(self, block: bytes) -> int:
        """How many bytes were written."""
        try:
            written = self._write(block)
        except BaseException as error:
            self.error = error
            raise
        return len(block) if written is None else written

    def flush(self) -> None:
        """Nothing waits here."""
