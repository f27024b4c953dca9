"""Statements that no honest city sends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, parse_code
from federation.keys import Signer
from federation.limits import REQUEST_LIFETIME
from federation.messages import Attestation, AttestationRequest, Disclosure, Header
from tests.node.services.world import SCENARIO, Town

Change = Callable[[AttestationRequest], AttestationRequest]


def question(  # noqa: PLR0913 - each keyword is a lie of its own
    host: Town,
    home: Town,
    code: str = "",
    *,
    pseudonym: bytes | None = None,
    serial: int = 1,
    issued_at: datetime | None = None,
    life: timedelta = REQUEST_LIFETIME,
    signer: Signer | None = None,
    issuer: CityCode | None = None,
    audience: CityCode | None = None,
    scenarios: tuple[str, ...] = (SCENARIO,),
    disclosure: Disclosure = Disclosure.BAND,
) -> Envelope:
    """A host's question; each keyword makes it less honest."""
    active = home.store.registry.active_agreement(host.code)
    assert active is not None
    issued_at = issued_at or home.clock.now()
    statement_id = f"00000000-0000-7000-8000-{serial:012d}"
    audience = audience or home.code
    asked = AttestationRequest(
        header=Header(statement_id, issuer or host.code, (audience,), issued_at, issued_at + life),
        agreement_id=active.agreement.agreement_id,
        agreement_version=active.agreement.version,
        presentation_code=parse_code(code, where="code")[1] if code else None,
        pseudonym=pseudonym,
        scenarios=scenarios,
        disclosure=disclosure,
    )
    return seal(codec.ATTESTATION_REQUEST, asked, [signer or host.keys])


def changed(envelope: Envelope, signer: Signer, **fields: object) -> Envelope:
    """The same question with other fields, signed anew."""
    asked = codec.ATTESTATION_REQUEST.decode(envelope.payload)
    return seal(codec.ATTESTATION_REQUEST, replace(asked, **fields), [signer])  # type: ignore[arg-type]


def retold(
    signer: Signer, change: Callable[[Attestation], Attestation]
) -> Callable[[Envelope], Envelope]:
    """A lie: the attestation as `change` makes it, signed by `signer`."""

    def lie(envelope: Envelope) -> Envelope:
        said = codec.ATTESTATION.decode(envelope.payload)
        return seal(codec.ATTESTATION, change(said), [signer])

    return lie


def rekeyed(
    town: Town, sequence: int, *, not_before: datetime, not_after: datetime, revoked: bool = False
) -> Envelope:
    """The next bundle of a city, in which its signing key has another window."""
    bundle = codec.TRUST_BUNDLE.decode(
        town.keys.make_bundle(town.code, town.clock.now(), sequence).payload
    )
    key = replace(
        bundle.signing_keys[0],
        not_before=not_before,
        not_after=not_after,
        revoked_at=town.clock.now() if revoked else None,
    )
    return seal(codec.TRUST_BUNDLE, replace(bundle, signing_keys=(key,)), [town.keys.root])


async def attest(home: Town, envelope: Envelope, caller: CityCode) -> Attestation:
    """What the home city says."""
    answer = await home.cases.attesting.attest(envelope, caller)
    return codec.ATTESTATION.decode(codec.envelope_from_bytes(answer).payload)


async def refusal(home: Town, envelope: Envelope, caller: CityCode) -> HutongError:
    """Why the home city says nothing."""
    try:
        await home.cases.attesting.attest(envelope, caller)
    except HutongError as error:
        return error
    raise AssertionError("it was answered")
