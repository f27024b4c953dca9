"""Histograms on their way between cities: this city's own is given, a partner's kept once.

A second one of the same version of a scale would undo its privacy: noise that is drawn twice can be
averaged away. Whoever has the first keeps it, and what was built from it stays true.
"""

from collections.abc import Sequence

import structlog

from federation.checks import malformed
from federation.codec import SCORE_HISTOGRAM, envelope_from_bytes, envelope_to_bytes
from federation.envelope import Envelope, Keyring, Verified, open_envelope
from federation.histogram import ScoreHistogram
from federation.histogram_cells import check_cells
from federation.identifiers import CityCode
from node.logbook import LogKind
from node.ports import Transaction, UnitOfWork
from node.services.here import Here
from node.services.histograms import stored

_LOG = structlog.get_logger()


class Spreads:
    """What two cities swap of how their residents are spread."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow

    async def own(self) -> tuple[Envelope, ...]:
        """This city's histogram of the scale in force, if it is published."""
        return await self._uow.read(_own)

    async def take(self, city: CityCode, keyring: Keyring, envelopes: Sequence[Envelope]) -> None:
        """Keep a partner's histograms, as far as they are new; its scales came before.

        Another one of a version that has one is not kept, and that is logged; all else goes on. One
        that is not the partner's, or not of a scale of its that is known here, raises.
        """
        if not envelopes:
            return
        known = await self._uow.read(_payloads)
        opened = [
            open_envelope(
                envelope,
                SCORE_HISTOGRAM,
                signed_by=[keyring],
                audience=self._here.city,
                now=self._here.now(),
            )
            for envelope in envelopes
            if envelope.payload not in known
        ]
        if not opened:
            return
        for second in await self._uow.run(lambda tx: self._keep(tx, city, opened)):
            scale = second.scale
            _LOG.warning(
                "second_histogram", partner=city, scale=scale.scale_id, version=scale.version
            )

    def _keep(
        self, tx: Transaction, city: CityCode, opened: Sequence[Verified[ScoreHistogram]]
    ) -> list[ScoreHistogram]:
        """Those that were not kept because another one was."""
        seconds, now = list[ScoreHistogram](), self._here.now()
        for each in opened:
            found, payload = each.message, each.envelope.payload
            scale = tx.registry.partner_scale(city, found.scale)
            if scale is None:
                raise malformed("histograms.scale", "it is of no scale of the sender that is known")
            check_cells(found, scale.exported)
            if tx.histograms.put(stored(found, envelope_to_bytes(each.envelope))):
                self._here.trace(tx, LogKind.RECEIVED, payload, now)
                continue
            first = tx.histograms.get(city, found.scale.scale_id, found.scale.version)
            if first is None or envelope_from_bytes(first.envelope).payload != payload:
                seconds.append(found)
        return seconds


def _own(tx: Transaction) -> tuple[Envelope, ...]:
    own = tx.registry.own_scale()
    if own is None:
        return ()
    scale = own.reference
    found = tx.histograms.get(scale.city, scale.scale_id, scale.version)
    return (envelope_from_bytes(found.envelope),) if found else ()


def _payloads(tx: Transaction) -> frozenset[bytes]:
    return frozenset(envelope_from_bytes(one.envelope).payload for one in tx.histograms.newest())
