"""Renewal requests as a host makes them, honest or not, and what comes back for each pseudonym."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from federation import codec
from federation.envelope import (
    BatchedPayload,
    Envelope,
    Verified,
    open_batched,
    open_envelope,
    seal,
)
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.keys import Signer
from federation.limits import REQUEST_LIFETIME
from federation.messages import Attestation, Disclosure, Header
from federation.standing import AttestationBatch, RenewalRequest
from federation.trust import signing_keys
from node.ports import RenewalPortion
from node.store.tables import USES
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS, LOG_ENTRIES
from tests.node.services.forging import attest, question
from tests.node.services.stage import Stage
from tests.node.services.world import SCENARIO, Town

HOME, HOST, THIRD = "410100", "330100", "320500"
SECOND = timedelta(seconds=1)
NOBODY = bytes(32)


def renewal(  # noqa: PLR0913 - each keyword is a lie of its own
    host: Town,
    home: Town,
    *pseudonyms: bytes,
    serial: int = 1,
    issued_at: datetime | None = None,
    life: timedelta = REQUEST_LIFETIME,
    signer: Signer | None = None,
    issuer: CityCode | None = None,
    audience: CityCode | None = None,
    scenarios: tuple[str, ...] = (SCENARIO,),
    disclosure: Disclosure = Disclosure.BAND,
    version: int | None = None,
) -> Envelope:
    """A host's renewal request; each keyword makes it less honest."""
    active = home.store.registry.active_agreement(host.code)
    assert active is not None
    issued_at = issued_at or home.clock.now()
    statement_id = f"00000000-0000-7000-9000-{serial:012d}"
    audience = audience or home.code
    asked = RenewalRequest(
        header=Header(statement_id, issuer or host.code, (audience,), issued_at, issued_at + life),
        agreement_id=active.agreement.agreement_id,
        agreement_version=version or active.agreement.version,
        scenarios=scenarios,
        disclosure=disclosure,
        pseudonyms=pseudonyms,
    )
    return seal(codec.RENEWAL_REQUEST, asked, [signer or host.keys])


@dataclass(frozen=True, slots=True)
class Renewed:
    """All that came back for one request."""

    portions: tuple[RenewalPortion, ...]

    @property
    def batch(self) -> Envelope | None:
        [*found] = [p.batch for p in self.portions if p.batch is not None]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def results(self) -> tuple[BatchedPayload | None, ...]:
        return tuple(result for portion in self.portions for result in portion.results)

    def opened(self, host: Town, home: Town) -> list[Attestation | None]:
        """What each result says, opened as an honest host does."""
        batch = self.verified(host, home)
        return [
            None
            if result is None
            else open_batched(
                result, codec.ATTESTATION, batch, audience=host.code, now=host.clock.now()
            ).message
            for result in self.results
        ]

    def verified(self, host: Town, home: Town) -> Verified[AttestationBatch]:
        assert self.batch is not None
        ring = signing_keys(codec.TRUST_BUNDLE.decode(home.keys.bundle.payload))
        return open_envelope(
            self.batch,
            codec.ATTESTATION_BATCH,
            signed_by=[ring],
            audience=host.code,
            now=host.clock.now(),
        )


async def renew(home: Town, request: Envelope, caller: CityCode) -> Renewed:
    """What the home city answers."""
    return Renewed(tuple([p async for p in home.cases.batching.renew(request, caller)]))


async def refusal(home: Town, request: Envelope, caller: CityCode) -> HutongError:
    """Why the home city answers nothing at all."""
    try:
        await renew(home, request, caller)
    except HutongError as error:
        return error
    raise AssertionError("it was answered")


@dataclass(frozen=True, slots=True)
class Known:
    """A resident whom the host has recognised before."""

    number: str
    resident: str
    consent: str
    pseudonym: bytes


def known(stage: Stage, home: Town, host: Town, points: int = 100, *scenarios: str) -> Known:
    """A new resident of `home`, after a first visit to `host`."""

    async def path() -> Known:
        number, resident = await home.resident_with_number()
        await home.record(number, points)
        consent = await home.consent(resident, host.code, *scenarios)
        code = await home.show_code(resident, consent)
        serial = int(resident[-6:], 16)
        said = await attest(home, question(host, home, code, serial=serial), host.code)
        return Known(number, resident, consent, said.pseudonym)

    return stage.run(path())


def two(stage: Stage) -> tuple[Town, Town]:
    return stage[HOME], stage[HOST]


def answer(stage: Stage, *people: Known | bytes, serial: int = 1) -> Renewed:
    """What the host gets for people it knows, and for pseudonyms of nobody."""
    home, host = two(stage)
    whose = [each if isinstance(each, bytes) else each.pseudonym for each in people]
    return stage.run(renew(home, renewal(host, home, *whose, serial=serial), host.code))


def said(stage: Stage, *people: Known | bytes, serial: int = 1) -> list[Attestation | None]:
    home, host = two(stage)
    return answer(stage, *people, serial=serial).opened(host, home)


def count(town: Town, table: sa.Table) -> int:
    with town.store._engine.connect() as connection:
        return len(connection.execute(sa.select(table)).all())


def kept(town: Town) -> list[int]:
    return [count(town, table) for table in (ATTESTATIONS, ATTESTATION_BATCHES, LOG_ENTRIES, USES)]
