"""Verifies a whole log offline: this city's own, or a partner's as it was fetched.

Nothing is believed that is not signed: whose key signed is known from this city's own published
bundles, or from a trust bundle beside the log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from federation import codec
from federation.checkpoint import check_cosignature, note_lines, open_checkpoint, origin_of
from federation.envelope import Envelope
from federation.errors import UNKNOWN_KEY, HutongError
from federation.identifiers import CityCode
from federation.keys import PublicKey
from federation.merkle_log import EMPTY_ROOT, Frontier
from node.services.log_walking import Problem, RawCheckpoint, Signed, Snapshot, Walk

Keys = Mapping[CityCode, Sequence[PublicKey]]
"""The signing keys of cities, as far as they are known."""

_ORIGIN = origin_of(CityCode(""))
_TOLD = 4096

Tell = Callable[[int], object]
"""Hears how many entries have been verified."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified, and what does not fit, in the order of the entries that it concerns.

    `unchecked` are cosignatures by keys that are not known here, or no longer, or were revoked.
    """

    city: CityCode
    size: int
    root: bytes
    checkpoints: int
    cosignatures: int
    unchecked: int
    problems: tuple[Problem, ...]


class _Notes:
    """Checkpoints of one city, opened one by one."""

    def __init__(self, city: CityCode, keys: Keys) -> None:
        self._city = city
        self._keys = keys
        self.signed = list[Signed]()
        self.cosignatures = self.unchecked = 0
        self.problems = list[Problem]()

    def open(self, kept: RawCheckpoint, what: str) -> None:
        """Take a checkpoint whose signature holds; tell of one whose does not."""
        try:
            found = open_checkpoint(kept.note, self._city, self._keys.get(self._city, ()), None)
        except HutongError as error:
            self._bad(what, kept.size, error)
            return
        if kept.size not in (-1, found.size):
            fields = {"what": what, "why": f"{found.size} != {kept.size}"}
            self.problems.append(Problem("checkpoint_bad", kept.size, fields))
            return
        self.signed.append(Signed(found.size, found.root, what))
        for city, line in kept.lines:
            self._cosignature(kept.note, city, line, what, found.size)

    def _cosignature(self, note: bytes, city: str, line: bytes, what: str, size: int) -> None:
        keys = self._keys.get(CityCode(city))
        if keys is None:
            self.unchecked += 1
            return
        # By a key that its city revoked it is a word that counts no more, and no fault of this log.
        standing = [key for key in keys if key.revoked_at is None]
        try:
            check_cosignature(note, line, CityCode(city), standing)
        except HutongError as error:
            if error.reason == UNKNOWN_KEY:
                # Its city has a newer key, and we know only the newest bundle.
                self.unchecked += 1
                return
            fields = {"what": what, "city": city, "why": error.reason.name}
            self.problems.append(Problem("cosignature_bad", size, fields))
        else:
            self.cosignatures += 1

    def _bad(self, what: str, size: int, error: HutongError) -> None:
        fields = {"what": what, "why": error.reason.name}
        self.problems.append(Problem("checkpoint_bad", max(size, 0), fields))


def verify_own(
    snapshot: Snapshot, city: CityCode, keys: Keys, anchored: bytes, tell: Tell
) -> Verified:
    """Verify this city's own log: entries, tiles, edge, checkpoints, cosignatures, the anchor."""
    notes = _Notes(city, keys)
    kept = snapshot.checkpoints()
    for each in kept:
        notes.open(each, f"checkpoint {each.size}")
    if anchored:
        notes.open(RawCheckpoint(-1, anchored), "anchor")
    walk = Walk(snapshot, notes.signed, tell)
    walk.run()
    problems = sorted((*walk.problems, *notes.problems), key=lambda each: each.entry)
    return Verified(
        city=city,
        size=walk.frontier.size,
        root=walk.frontier.root(),
        checkpoints=len(kept),
        cosignatures=notes.cosignatures,
        unchecked=notes.unchecked,
        problems=tuple(problems),
    )


def verify_leaves(
    leaves: Iterable[bytes], city: CityCode, keys: Keys, note: bytes, tell: Tell
) -> Verified:
    """Verify a log of which the leaf hashes are known, against its one checkpoint."""
    notes = _Notes(city, keys)
    lines = tuple((each.name.removeprefix(_ORIGIN), each.line) for each in note_lines(note)[1:])
    notes.open(RawCheckpoint(-1, note, lines), "checkpoint")
    problems = list(notes.problems)
    frontier, root = Frontier(), EMPTY_ROOT
    size = notes.signed[0].size if notes.signed else -1
    for leaf in leaves:
        frontier.append(leaf)
        if not frontier.size % _TOLD:
            tell(frontier.size)
        if frontier.size == size:
            root = frontier.root()
    if notes.signed and frontier.size < size:
        fields = {"what": "checkpoint", "known": size, "size": frontier.size}
        problems.append(Problem("truncated", frontier.size, fields))
    elif notes.signed and root != notes.signed[0].root:
        fields = {"first": 0, "last": size - 1, "what": "checkpoint"}
        problems.append(Problem("rewritten", 0, fields))
    if notes.signed and frontier.size > size:
        # Nobody signed for these.
        fields = {"size": size, "last": frontier.size - 1}
        problems.append(Problem("beyond", size, fields))
    return Verified(
        city=city,
        size=frontier.size,
        root=frontier.root(),
        checkpoints=1,
        cosignatures=notes.cosignatures,
        unchecked=notes.unchecked,
        problems=tuple(problems),
    )


def keys_of(bundles: Iterable[Envelope]) -> dict[CityCode, tuple[PublicKey, ...]]:
    """The signing keys that trust bundles name, by city; a later bundle adds to an earlier one."""
    found: dict[CityCode, dict[str, PublicKey]] = {}
    for envelope in bundles:
        bundle = codec.TRUST_BUNDLE.decode(envelope.payload)
        known = found.setdefault(bundle.header.issuer, {})
        known.update({key.key_id: key for key in bundle.signing_keys})
    return {city: tuple(known.values()) for city, known in found.items()}
