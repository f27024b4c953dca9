"""A signed decision in a venue's hand, without its node: what it is not good for."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation import codec
from federation.decision_check import Use, check_holder, check_venue, open_decisions, use_of
from federation.envelope import Envelope, Keyring, seal
from federation.errors import (
    BAD_SIGNATURE,
    DECISIONS_OF_ANOTHER_PERSON,
    DECISIONS_OF_ANOTHER_VENUE,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_YET_VALID,
    UNKNOWN_KEY,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
    Reason,
)
from federation.identifiers import code_text
from federation.incentives import Decisions, IncentiveDecision
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    SECOND,
    SKEW,
    ZHENGZHOU,
    header,
    public,
    ring,
    signer,
    statement_id,
)

CODE = bytes(range(16))
PASS = code_text(HANGZHOU, CODE)
GRACE = timedelta(minutes=40)


def decision(
    name: str, *, offline: datetime | None = None, eligible: bool = True
) -> IncentiveDecision:
    return IncentiveDecision(
        decision_id=statement_id(name) if eligible else "",
        incentive_id=name,
        eligible=eligible,
        rule="BAND" if eligible else "BELOW",
        reason_zh="认定达到要求。",
        reason_en="Recognised high enough.",
        change_zh="" if eligible else "提升后再来。",
        change_en="" if eligible else "Come back higher.",
        offline_until=offline,
    )


DECIDED = Decisions(
    header=header("decisions", HANGZHOU, HANGZHOU, life=timedelta(minutes=15)),
    venue="library",
    holder=hashlib.sha256(CODE).digest(),
    home_city=ZHENGZHOU,
    band_id="excellent",
    catalogue_version=1,
    catalogue_digest=b"c" * 32,
    decisions=(
        decision("offline", offline=NOW + GRACE),
        decision("at-once"),
        decision("closed", eligible=False),
    ),
)
SIGNED = seal(codec.DECISIONS, DECIDED, [signer(HANGZHOU)])


def refused(
    reason: Reason, envelope: Envelope, keys: Keyring | None = None, now: datetime = NOW
) -> None:
    with pytest.raises(HutongError) as found:
        open_decisions(envelope, keys or ring(HANGZHOU), now)
    assert found.value.reason == reason


def test_what_the_city_signed_is_read() -> None:
    assert open_decisions(SIGNED, ring(HANGZHOU), NOW) == DECIDED


def test_no_byte_of_it_can_be_changed() -> None:
    for place in range(len(SIGNED.payload)):
        for flip in (1, 0x80):
            payload = bytearray(SIGNED.payload)
            payload[place] ^= flip
            refused(BAD_SIGNATURE, replace(SIGNED, payload=bytes(payload)))
    [signature] = SIGNED.signatures
    for place in range(len(signature.signature)):
        changed = bytearray(signature.signature)
        changed[place] ^= 1
        forged = replace(signature, signature=bytes(changed))
        refused(BAD_SIGNATURE, replace(SIGNED, signatures=(forged,)))


def test_nothing_can_be_put_before_or_after_it() -> None:
    for payload in (SIGNED.payload + b"\x00", b"\x00" + SIGNED.payload, SIGNED.payload[:-1], b""):
        refused(BAD_SIGNATURE, replace(SIGNED, payload=payload))


def test_what_nobody_signed_is_not_read() -> None:
    refused(MISSING_SIGNATURE, replace(SIGNED, signatures=()))


def test_another_city_cannot_sign_for_this_one() -> None:
    foreign = seal(codec.DECISIONS, DECIDED, [signer(NANJING)])
    refused(UNKNOWN_KEY, foreign)
    # With that city's bundle its signature is right, and it is still not its decision.
    refused(WRONG_ISSUER, foreign, ring(NANJING))


def test_another_statement_is_none_even_where_the_bytes_fit() -> None:
    refused(WRONG_TYPE, replace(SIGNED, payload_type=codec.ATTESTATION.payload_type))


def test_a_key_that_ended_or_was_revoked_proves_nothing() -> None:
    key = public(HANGZHOU, "signing-1")
    for changed in (
        replace(key, not_after=NOW - SECOND),
        replace(key, not_before=NOW + SECOND),
        replace(key, revoked_at=NOW - SECOND),
    ):
        refused(KEY_NOT_VALID, SIGNED, Keyring(HANGZHOU, (changed,)))


def test_one_from_the_future_is_not_gone_by() -> None:
    refused(NOT_YET_VALID, SIGNED, now=NOW - SKEW - SECOND)
    assert open_decisions(SIGNED, ring(HANGZHOU), NOW - SKEW) == DECIDED


def test_another_venue_cannot_use_it() -> None:
    check_venue(DECIDED, "library")
    for venue in ("museum", "", "Library", "library "):
        with pytest.raises(HutongError) as found:
            check_venue(DECIDED, venue)
        assert found.value.reason == DECISIONS_OF_ANOTHER_VENUE


def test_another_resident_cannot_use_it() -> None:
    check_holder(DECIDED, PASS)
    check_holder(DECIDED, f" {PASS.lower()} ")
    newcomer = replace(DECIDED, holder=b"", band_id="")
    others = (
        (DECIDED, code_text(HANGZHOU, bytes(16))),
        (DECIDED, code_text(ZHENGZHOU, CODE)),
        (newcomer, PASS),
        (newcomer, code_text(HANGZHOU, bytes(16))),
    )
    for decided, shown in others:
        with pytest.raises(HutongError) as found:
            check_holder(decided, shown)
        assert found.value.reason == DECISIONS_OF_ANOTHER_PERSON


def test_a_pass_that_was_mistyped_is_told_from_that_of_another() -> None:
    with pytest.raises(HutongError) as found:
        check_holder(DECIDED, PASS[:-1] + ("0" if PASS[-1] != "0" else "8"))
    assert found.value.reason == MALFORMED


@pytest.mark.parametrize(
    ("after", "uses"),
    [
        (timedelta(0), (Use.OFFLINE, Use.WITH_NODE, Use.CLOSED)),
        (timedelta(minutes=15) - SECOND, (Use.OFFLINE, Use.WITH_NODE, Use.CLOSED)),
        (timedelta(minutes=15), (Use.OFFLINE, Use.ENDED, Use.CLOSED)),
        (GRACE - SECOND, (Use.OFFLINE, Use.ENDED, Use.CLOSED)),
        (GRACE, (Use.ENDED, Use.ENDED, Use.CLOSED)),
        (timedelta(days=400), (Use.ENDED, Use.ENDED, Use.CLOSED)),
    ],
)
def test_it_is_good_until_its_end_and_without_the_node_until_the_end_of_the_grace(
    after: timedelta, uses: tuple[Use, ...]
) -> None:
    found = tuple(use_of(DECIDED, each, NOW + after) for each in DECIDED.decisions)
    assert found == uses


def test_after_the_grace_but_before_its_end_the_node_is_asked() -> None:
    short = replace(DECIDED.decisions[0], offline_until=NOW + SECOND)
    decided = replace(DECIDED, decisions=(short,))
    assert use_of(decided, short, NOW) is Use.OFFLINE
    assert use_of(decided, short, NOW + SECOND) is Use.WITH_NODE
