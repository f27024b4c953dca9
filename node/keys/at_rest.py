"""The passphrase of a city's private keys: set, changed or removed, one file after the other.

Each file holds its key under the old passphrase or the new one at any instant. After a crash the
same command goes on: a file that is under the new one already is left as it is.
"""

from pathlib import Path

from federation.errors import HutongError
from node.keys.bundles import locked
from node.keys.files import (
    document_key_content,
    parse_key,
    private_pem,
    read_document_key,
    read_private,
    replace_whole,
)
from node.keys.folder import KeyFolder


def change_passphrase(folder: KeyFolder, old: bytes | None, new: bytes | None) -> tuple[Path, ...]:
    """Put every private file under `new`; without it, in the clear. The files, as they lie.

    Nothing is written before each file could be read.

    Raises:
        HutongError: KEY_UNUSABLE.

    """
    with locked(folder):
        contents = {path: _content(path, old, new) for path in sorted(folder.root.glob("*.pem"))}
        contents[folder.document_key] = document_key_content(_document(folder, old, new), new)
        for path, content in contents.items():
            replace_whole(path, content)
        return tuple(contents)


def _content(path: Path, old: bytes | None, new: bytes | None) -> bytes:
    content = read_private(path)
    try:
        key = parse_key(path, content, old)
    except HutongError:
        # A run that was cut off has put it under the new one.
        if new is None:
            raise
        key = parse_key(path, content, new)
    return private_pem(key, new)


def _document(folder: KeyFolder, old: bytes | None, new: bytes | None) -> bytes:
    try:
        return read_document_key(folder.document_key, old)
    except HutongError:
        if new is None:
            raise
        return read_document_key(folder.document_key, new)
