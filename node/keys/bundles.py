"""The trust bundles that this city published: one file each, kept for ever, the newest counts.

Publishing is a compare-and-swap on the number, under a lock of the whole folder: of two processes
of the city one wins, and the other is told. A crash leaves the old bundle or the new one.
"""

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from federation import codec
from federation.envelope import Envelope, envelope_from_json, envelope_to_json
from federation.errors import HutongError
from federation.limits import BUNDLE_CHAIN
from federation.messages import TrustBundle
from node.errors import KEYS_CHANGED
from node.keys.current import root_changed
from node.keys.files import read_certificate, replace_whole, sync, unusable
from node.keys.folder import KeyFolder


@dataclass(frozen=True, slots=True)
class Published:
    """A trust bundle of this city, as it was signed and as it reads."""

    envelope: Envelope
    bundle: TrustBundle


def read_published(folder: KeyFolder, known: tuple[Published, ...] = ()) -> tuple[Published, ...]:
    """Every bundle, ascending; those that are `known` are not read again.

    Raises:
        HutongError: KEY_UNUSABLE or MALFORMED, where one cannot be read.

    """
    by_sequence = {each.bundle.sequence: each for each in known}
    sequences = folder.sequences()
    if not sequences:
        return (_read(folder, None),)
    return tuple(by_sequence.get(s) or _read(folder, s) for s in sequences)


def _read(folder: KeyFolder, sequence: int | None) -> Published:
    path = folder.bundle if sequence is None else folder.bundle_of(sequence)
    envelope = envelope_from_json(read_certificate(path), where=str(path))
    bundle = codec.TRUST_BUNDLE.decode(envelope.payload)
    if sequence not in (None, bundle.sequence):
        raise unusable(path, f"it holds the trust bundle {bundle.sequence}")
    return Published(envelope, bundle)


def chain(published: tuple[Published, ...], known_sequence: int) -> tuple[Envelope, ...]:
    """What leads from `known_sequence` to the newest: each change of the root, then the newest.

    At most so many that they fit one exchange: who has followed them asks again.
    """
    turns = [
        after.envelope
        for before, after in itertools.pairwise(published)
        if after.bundle.sequence > known_sequence and root_changed(before.bundle, after.bundle)
    ]
    newest = published[-1].envelope
    return tuple([*(t for t in turns if t is not newest), newest][:BUNDLE_CHAIN])


@contextlib.contextmanager
def locked(folder: KeyFolder) -> Iterator[None]:
    """Keep every other process of the city from changing keys; it ends with the process too."""
    folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def publish(folder: KeyFolder, envelope: Envelope, *, after: int) -> Published:
    """Put a bundle that was verified in the place after `after`; the caller holds the lock.

    Raises:
        HutongError: KEYS_CHANGED, where the newest is another one than `after`.

    """
    newest = read_published(folder)[-1]
    if newest.bundle.sequence != after:
        raise HutongError(KEYS_CHANGED, expected=str(after), actual=str(newest.bundle.sequence))
    folder.bundles.mkdir(exist_ok=True)
    if not folder.sequences():
        # A node of version 0.1.0: its only bundle becomes the first of many.
        folder.first_bundle.replace(folder.bundle_of(newest.bundle.sequence))
    made = Published(envelope, codec.TRUST_BUNDLE.decode(envelope.payload))
    replace_whole(folder.bundle_of(made.bundle.sequence), envelope_to_json(envelope).encode())
    sync(folder.bundles.parent)
    return made
