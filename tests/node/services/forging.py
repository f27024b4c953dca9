"""Statements that no honest city sends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, parse_code
from federation.incentives import UseRelease, UseRequest
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


def use_request(  # noqa: PLR0913 - each keyword is a lie of its own
    host: Town,
    home: Town,
    pseudonym: bytes,
    *,
    serial: int = 1,
    label: bytes = bytes(32),
    use_class: str = "",
    most: int = 1,
    days: int = 30,
    issued_at: datetime | None = None,
    signer: Signer | None = None,
    issuer: CityCode | None = None,
    audience: CityCode | None = None,
    agreement_id: str = "",
    version: int = 0,
) -> Envelope:
    """A host's question for a lease; each keyword makes it less honest."""
    active = home.store.registry.active_agreement(host.code)
    assert active is not None
    issued_at = issued_at or home.clock.now()
    ends = issued_at + REQUEST_LIFETIME
    statement_id = f"00000000-0000-7000-8000-{serial:012d}"
    asked = UseRequest(
        Header(statement_id, issuer or host.code, (audience or home.code,), issued_at, ends),
        agreement_id=agreement_id or active.agreement.agreement_id,
        agreement_version=version or active.agreement.version,
        pseudonym=pseudonym,
        label=label,
        use_class=use_class,
        most=most,
        until=issued_at + timedelta(days=days),
    )
    return seal(codec.USE_REQUEST, asked, [signer or host.keys])


def use_release(host: Town, home: Town, lease_serial: int, *, serial: int = 900) -> Envelope:
    """A host gives back the lease of the request of that serial."""
    now = home.clock.now()
    statement_id = f"00000000-0000-7000-8000-{serial:012d}"
    header = Header(statement_id, host.code, (home.code,), now, now + REQUEST_LIFETIME)
    release = UseRelease(header, f"00000000-0000-7000-8000-{lease_serial:012d}")
    return seal(codec.USE_RELEASE, release, [host.keys])
