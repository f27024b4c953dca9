"""What a home city claims, and what a host city reads in it."""

from dataclasses import dataclass
from datetime import datetime

from federation import limits
from federation.agreement import Terms
from federation.envelope import Verified
from federation.errors import (
    AGREEMENT_MISMATCH,
    ANSWERS_ANOTHER_REQUEST,
    NOT_MAPPED,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
)
from federation.messages import (
    Attestation,
    AttestationRequest,
    Claim,
    Disclosure,
    ScoreScale,
    UseCounting,
)
from federation.scale import Scale, Standing
from federation.standing import RenewalRequest


@dataclass(frozen=True, slots=True)
class Recognition:
    """The host's verified, mapped reading of an attestation: `band_id` is of the host's scale.

    `local_milli` is the score there, in thousandths, where the home city said one and the mapping
    reads scores.
    """

    attestation_id: str
    pseudonym: bytes
    band_id: str
    commendations: tuple[str, ...]
    scenarios: tuple[str, ...]
    as_of: datetime
    expires_at: datetime
    status_index: int
    counting: UseCounting = UseCounting.NONE
    use_commitment: bytes = b""
    local_milli: int | None = None


def claim_for(
    standing: Standing, scale: Scale, terms: Terms, disclosure: Disclosure
) -> Claim | None:
    """What the home city may say of a standing at a level; None where there is nothing to say.

    A band below the exportable line, or that the agreement reads as nothing, has no value (rule
    1); at THRESHOLD neither has one below the agreement's line.
    """
    score = standing.score_milli if disclosure is Disclosure.SCORE else None
    if not scale.exportable(standing.band_id) or terms.reading(standing.band_id, score) is None:
        return None
    if disclosure is Disclosure.THRESHOLD:
        if not (terms.at_line(standing.band_id) and scale.exportable(terms.line_band)):
            return None
        return Claim(Disclosure.THRESHOLD, terms.line_band, None, None, ())
    shared = tuple(c for c in standing.commendations if c in terms.commendations)
    if score is not None:
        return Claim(Disclosure.SCORE, None, standing.band_id, score, shared)
    return Claim(Disclosure.BAND, None, standing.band_id, None, shared)


def recognise(
    attestation: Verified[Attestation],
    request: Verified[AttestationRequest],
    terms: Terms,
    scale: ScoreScale,
    now: datetime,
) -> Recognition:
    """Read an attestation as the agreement says.

    1. It answers this request: its id, its bytes, its subject.
    2. It goes from the terms' home city to their host city alone.
    3. It is given under this version of the terms and of the home city's scale.
    4. It shows no more, and for no more, than was asked and agreed; it lives no longer.
    5. Its claim has a value on the scale, and the mapping reads it as something.

    The caller owes: the terms are active, and the attestation still stands.

    Raises:
        HutongError: with the reason of the first step that fails.

    """
    return _read(attestation.message, request, request.message.pseudonym, terms, scale, now)


def recognise_renewed(
    attestation: Verified[Attestation],
    request: Verified[RenewalRequest],
    pseudonym: bytes,
    terms: Terms,
    scale: ScoreScale,
    now: datetime,
) -> Recognition:
    """Read one attestation of a renewal: as `recognise`, its subject being who was asked for there.

    `pseudonym` is the one of the request whose result it is.
    """
    return _read(attestation.message, request, pseudonym, terms, scale, now)


def _read(
    said: Attestation,
    request: Verified[AttestationRequest] | Verified[RenewalRequest],
    pseudonym: bytes | None,
    terms: Terms,
    scale: ScoreScale,
    now: datetime,
) -> Recognition:
    """The steps of `recognise`; `pseudonym` is None where a code was shown."""
    # 1.
    _check_answers(said, request, pseudonym)
    # 2.
    if said.header.issuer != terms.home:
        raise HutongError(WRONG_ISSUER, actual=said.header.issuer, expected=terms.home)
    if said.header.audience != (terms.host,):
        actual = ", ".join(said.header.audience) or "every city"
        raise HutongError(WRONG_AUDIENCE, actual=actual, expected=terms.host)
    # 3.
    if (said.agreement_id, said.agreement_version) != (terms.agreement_id, terms.version):
        raise _mismatch("it names another agreement or version")
    if said.scale != terms.scale:
        raise _mismatch("it names another version of the scale")
    # 4.
    _check_extent(said, request.message, terms, now)
    # 5.
    home_band = _claimed_band(said.claim, terms, scale)
    read = terms.reading(home_band, said.claim.score_milli)
    if read is None:
        raise HutongError(NOT_MAPPED, band=home_band, home=terms.home)
    return Recognition(
        attestation_id=said.header.statement_id,
        pseudonym=said.pseudonym,
        band_id=read.band_id,
        commendations=said.claim.commendations,
        scenarios=said.scenarios,
        as_of=said.as_of,
        expires_at=said.header.expires_at,
        status_index=said.status_index,
        counting=said.counting,
        use_commitment=said.use_commitment,
        local_milli=read.local_milli,
    )


def _check_answers(
    said: Attestation,
    request: Verified[AttestationRequest] | Verified[RenewalRequest],
    pseudonym: bytes | None,
) -> None:
    same_subject = pseudonym is None or pseudonym == said.pseudonym
    same_request = (said.request_id, said.request_digest) == (
        request.message.header.statement_id,
        request.payload_digest,
    )
    if not (same_subject and same_request):
        raise HutongError(ANSWERS_ANOTHER_REQUEST)


def _check_extent(
    said: Attestation, asked: AttestationRequest | RenewalRequest, terms: Terms, now: datetime
) -> None:
    if said.claim.disclosure > min(asked.disclosure, terms.disclosure_limit):
        raise _mismatch("it shows more than was asked or agreed")
    if not set(said.scenarios) <= set(asked.scenarios):
        raise _mismatch("it names scenarios that were not asked for")
    if not set(said.claim.commendations) <= set(terms.commendations):
        raise _mismatch("it names commendations that are not agreed")
    life = said.header.expires_at - said.header.issued_at
    if life > terms.attestation_lifetime:
        raise _mismatch("it lives longer than agreed")
    if not now - terms.attestation_lifetime <= said.as_of <= now + limits.CLOCK_SKEW:
        raise _mismatch("its standing is too old, or of the future")


def _claimed_band(claim: Claim, terms: Terms, scale: ScoreScale) -> str:
    if claim.disclosure is Disclosure.THRESHOLD:
        if claim.line_band != terms.line_band:
            raise _mismatch("its line is not the agreement's")
        return terms.line_band
    rank = scale.rank(claim.band_id or "")
    if rank < 0:
        raise _mismatch("its band is not an exportable one")
    if claim.score_milli is not None and not scale.bands[rank].holds(claim.score_milli):
        raise _mismatch("its score lies outside its band")
    return scale.bands[rank].band_id


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="attestation", problem=problem)
