"""A scripted life over two cities, and what each city shows of it."""

from dataclasses import dataclass
from datetime import timedelta

from federation import codec
from federation.receipt import receipt_from_json
from federation.receipt_check import ReceiptFindings, verify_receipt
from node.history import Event, HistoryKind, Visit
from node.model import PageRequest
from node.services.checking import Checked
from node.services.receipts import Given
from tests.node.services.stage import Stage
from tests.node.services.world import SCENARIO, VENUE, Town

MINUTE = timedelta(minutes=1)


def tick(stage: Stage, by: timedelta = MINUTE) -> None:
    stage.world.clock.forward(by)


def events(stage: Stage, town: Town, resident: str, size: int = 50) -> list[Event]:
    """Everything that the home city shows a resident, page by page."""
    found, token = list[Event](), ""
    while True:
        wanted = PageRequest(size, token)
        page = stage.act(
            town,
            lambda tx, w=wanted: town.cases.histories.history(tx, resident, w),  # type: ignore[misc]
        )
        found.extend(told.event for told in page.items)
        token = page.next_token
        if not token:
            return found


def visits(stage: Stage, town: Town, visitor_pass: str, size: int = 50) -> list[Visit]:
    """Everything that a host shows the holder of a pass, page by page."""
    found, token = list[Visit](), ""
    while True:
        wanted = PageRequest(size, token)
        _, page = stage.act(
            town,
            lambda tx, w=wanted: town.cases.visits.visits(tx, visitor_pass, w),  # type: ignore[misc]
        )
        found.extend(page.items)
        token = page.next_token
        if not token:
            return found


def redeem(stage: Stage, town: Town, checked: Checked) -> None:
    """Use what needs a standing."""
    decision = next(d for d, i, v in checked.decisions if d and i.minimum_band)
    stage.act(town, lambda tx: town.cases.redeeming.redeem(tx, VENUE, decision))


@dataclass
class Journey:
    """A resident at home, known in the host city by a pass."""

    stage: Stage
    home: Town
    host: Town
    resident: str
    consent: str
    visitor_pass: str

    def attestations(self) -> list[Event]:
        return [e for e in self.events() if e.kind in (HistoryKind.ATTESTED, HistoryKind.RENEWED)]

    def events(self) -> list[Event]:
        return events(self.stage, self.home, self.resident)

    def receipt(self, attestation_id: str = "") -> Given:
        which = attestation_id or self.attestations()[0].subject
        return self.stage.run(self.home.cases.receipts.of_attestation(self.resident, which))

    def consent_receipt(self) -> Given:
        return self.stage.run(self.home.cases.receipts.of_consent(self.resident, self.consent))


def journey(stage: Stage, home: str, host: str, standing: int = 90) -> Journey:
    """Consent, code, visit and use, a minute apart."""
    at, to = stage[home], stage[host]
    resident = stage.run(at.resident(standing))
    tick(stage)
    consent = stage.run(at.consent(resident, to.code, SCENARIO))
    tick(stage)
    code = stage.run(at.show_code(resident, consent))
    tick(stage)
    checked = stage.run(to.check(code))
    tick(stage)
    redeem(stage, to, checked)
    tick(stage)
    return Journey(stage, at, to, resident, consent, checked.visitor_pass)


def verified(content: bytes, *trusted: Town) -> ReceiptFindings:
    """What comes of a receipt for somebody who trusts the bundles of these cities."""
    bundles = [codec.TRUST_BUNDLE.decode(town.keys.bundle.payload) for town in trusted]
    return verify_receipt(receipt_from_json(content), bundles)
