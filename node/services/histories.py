"""The home city's part of a resident's history: each act that concerned them, in the order of time.

What a host decided is not here, and is not asked for: the resident's own app puts both parts
together, so that the home city learns of no venue.
"""

from dataclasses import dataclass, replace
from typing import Final

from federation import codec
from federation.envelope import open_own
from federation.messages import Attestation, Claim
from node.attested import IssuedAttestation
from node.history import Event, HistoryKind, Place
from node.model import Page, PageRequest
from node.ports import Transaction
from node.services.here import Here
from node.services.standing import find_resident

_OF_ATTESTATIONS: Final = frozenset(
    {HistoryKind.ATTESTED, HistoryKind.RENEWED, HistoryKind.ATTESTATION_WITHDRAWN}
)


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and of an attestation that is still kept what it claims."""

    event: Event
    claim: Claim | None


class Histories:
    """Shows residents what happened to them."""

    def __init__(self, here: Here) -> None:
        """For the residents of `here`."""
        self._here = here

    def history(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[Told]:
        """The events of a resident, the newest first.

        A page goes on from the place of the last event of the one before: what happens between two
        pages moves no event from one to the other. Raises UNKNOWN, PAGE_INVALID.
        """
        find_resident(tx, resident_id)
        before = Place.read(request.token) if request.token else None
        found = tx.histories.events(resident_id, self._here.now(), request.size + 1, before=before)
        shown = tuple(_told(tx, resident_id, event) for event in found[: request.size])
        more = len(found) > request.size
        return Page(shown, str(shown[-1].event.place) if more else "")


def _told(tx: Transaction, resident_id: str, event: Event) -> Told:
    if event.kind not in _OF_ATTESTATIONS:
        return Told(event, None)
    kept = tx.attestations.get(resident_id, event.subject)
    if kept is None:
        return Told(event, None)
    said = attestation_of(kept)
    full = replace(event, scenarios=said.scenarios, disclosure=said.claim.disclosure)
    return Told(full, said.claim)


def attestation_of(kept: IssuedAttestation) -> Attestation:
    """What an attestation says; one of a batch is kept without an envelope of its own."""
    if kept.batch_id:
        return codec.ATTESTATION.decode(kept.statement)
    return open_own(codec.envelope_from_bytes(kept.statement), codec.ATTESTATION).message
