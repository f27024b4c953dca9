"""Asks partners what they know of this city's log, and holds the store against it.

A store that was put back may be older than what this city has shown: to go on with it would be a
fork. A partner knows the newest checkpoint of this city's that it cosigned; only this city's own
signature on it counts, and none by a key that was revoked.
"""

import asyncio
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from federation.checkpoint import Checkpoint, open_checkpoint, without_cosignatures
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.keys import PublicKey
from node.ports import PeerLogs
from node.registry import Partner, PartnerState

_IN_USE = frozenset({PartnerState.TESTED, PartnerState.ACTIVE})


class Known(enum.Enum):
    """How what a partner knows of the log stands to the log in the store."""

    NOTHING = "nothing"
    SAME = "same"
    NEWER = "newer"
    FORKED = "forked"
    UNHEARD = "unheard"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one partner said: a checkpoint that this city signed, or nothing, or why nothing."""

    city: CityCode
    checkpoint: Checkpoint | None = None
    note: bytes = b""
    error: HutongError | None = None

    def held(self, size: int, root: Callable[[int], bytes]) -> Known:
        """Hold it against a log of that size, with such a root at each size."""
        if self.error is not None:
            return Known.UNHEARD
        if self.checkpoint is None:
            return Known.NOTHING
        if self.checkpoint.size > size:
            return Known.NEWER
        same = root(self.checkpoint.size) == self.checkpoint.root
        return Known.SAME if same else Known.FORKED


async def ask_partners(
    peers: PeerLogs, partners: Iterable[Partner], city: CityCode, keys: Sequence[PublicKey]
) -> tuple[Heard, ...]:
    """What each partner in use knows of the city's log; all are asked at once."""
    standing = [key for key in keys if key.revoked_at is None]

    async def ask(partner: Partner) -> Heard:
        try:
            note = await peers.checkpoint(partner, city)
            if not note:
                return Heard(partner.city)
            checkpoint = open_checkpoint(note, city, standing, None)
            return Heard(partner.city, checkpoint, without_cosignatures(note))
        except HutongError as error:
            return Heard(partner.city, error=error)

    asked = [ask(partner) for partner in partners if partner.state in _IN_USE]
    return tuple(await asyncio.gather(*asked))
