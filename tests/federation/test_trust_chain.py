"""Chains of trust bundles: a partner that missed changes of the root follows them one by one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import limits
from federation.codec import TRUST_BUNDLE
from federation.envelope import Envelope, seal
from federation.errors import (
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_YET_VALID,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
    Reason,
)
from federation.keys import PublicKey
from federation.messages import TrustBundle
from federation.trust import open_bundle_chain
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    ZHENGZHOU,
    bundle,
    sealed_bundle,
    signer,
)

Link = tuple[TrustBundle, Envelope]


def links(count: int) -> list[Link]:
    """Bundles 1 to `count`, each with a root of its own, signed by the root before and its own."""
    made = []
    for sequence in range(1, count + 1):
        message = bundle(ZHENGZHOU, sequence, roots=(f"root-{sequence}",))
        roots = [f"root-{n}" for n in (sequence - 1, sequence) if n]
        made.append((message, sealed_bundle(message, *roots)))
    return made


CHAIN = links(5)
CURRENT = CHAIN[0][0]


def envelopes(*places: int) -> list[Envelope]:
    return [CHAIN[place - 1][1] for place in places]


def followed(
    found: Sequence[Envelope], current: TrustBundle = CURRENT, now: datetime = NOW
) -> TrustBundle:
    return open_bundle_chain(current, found, audience=HANGZHOU, now=now).message


def refused(
    found: Sequence[Envelope],
    reason: Reason,
    current: TrustBundle = CURRENT,
    now: datetime = NOW,
) -> None:
    with pytest.raises(HutongError) as caught:
        followed(found, current, now)
    assert caught.value.reason == reason


@given(st.integers(1, 5), st.integers(1, 5))
def test_a_chain_is_followed_from_wherever_one_is(known: int, begins: int) -> None:
    current = CHAIN[known - 1][0]
    assert followed(envelopes(*range(min(known, begins), 6)), current) == CHAIN[4][0]


def test_what_is_known_already_is_believed_again_and_changes_nothing() -> None:
    assert followed(envelopes(1)) == CURRENT
    assert followed(envelopes(1, 2, 3), CHAIN[2][0]) == CHAIN[2][0]


@pytest.mark.parametrize("missing", [2, 3, 4])
def test_a_chain_with_a_missing_link_leads_nowhere(missing: int) -> None:
    refused(envelopes(*(n for n in range(2, 6) if n != missing)), MISSING_SIGNATURE)


def test_a_chain_out_of_order_leads_nowhere() -> None:
    refused(envelopes(3, 2, 4, 5), MISSING_SIGNATURE)


def test_no_chain_and_an_endless_one_are_refused() -> None:
    refused([], MALFORMED)
    refused(envelopes(*[2] * (limits.BUNDLE_CHAIN + 1)), TOO_LARGE)


def test_a_chain_that_ends_before_what_is_known_is_a_roll_back() -> None:
    third = bundle(ZHENGZHOU, 3)
    refused([sealed_bundle(bundle(ZHENGZHOU, 2))], BUNDLE_ROLLBACK, third)
    refused(envelopes(1, 2), MISSING_SIGNATURE, CHAIN[2][0])


def test_a_fork_is_refused_as_the_last_and_as_an_earlier_link() -> None:
    other = sealed_bundle(replace(CURRENT, name_en="Elsewhere"))
    refused([other], BUNDLE_ROLLBACK)
    refused([other, *envelopes(2)], BUNDLE_ROLLBACK)
    second = replace(CHAIN[1][0], name_en="Elsewhere")
    forked = sealed_bundle(second, "root-1", "root-2")
    refused([*envelopes(2), sealed_bundle(second, "root-2")], BUNDLE_ROLLBACK)
    refused([*envelopes(2), forked, *envelopes(3)], BUNDLE_ROLLBACK)


def test_a_forged_jump_is_refused_also_in_the_middle() -> None:
    far = replace(CHAIN[1][0], sequence=limits.BUNDLE_JUMP + 2)
    jumped = sealed_bundle(far, "root-1", "root-2")
    refused([jumped], BUNDLE_JUMP)
    farther = sealed_bundle(bundle(ZHENGZHOU, far.sequence + 1, roots=("root-2",)), "root-2")
    refused([jumped, farther], BUNDLE_JUMP)


@pytest.mark.parametrize("signers", [("root-1",), ("root-2",)])
def test_a_link_that_only_one_root_signed_is_refused(signers: tuple[str, ...]) -> None:
    half = sealed_bundle(CHAIN[1][0], *signers)
    refused([half], MISSING_SIGNATURE)
    refused([half, *envelopes(3)], MISSING_SIGNATURE)


def test_a_link_with_the_signature_of_a_stranger_is_refused() -> None:
    more = sealed_bundle(CHAIN[1][0], "root-1", "root-2", "root-9")
    refused([more, *envelopes(3)], UNKNOWN_KEY)


def test_a_root_takes_over_no_other_city_in_the_middle_of_a_chain() -> None:
    stolen = bundle(NANJING, 2, roots=("root-2",))
    own = replace(stolen, root_keys=CURRENT.root_keys)
    refused([seal(TRUST_BUNDLE, own, [signer(ZHENGZHOU, "root-1")]), *envelopes(2)], WRONG_ISSUER)


def aged(message: TrustBundle, made: datetime, *, days: int) -> TrustBundle:
    """The bundle made at another instant, with roots that end so many days later."""
    header = replace(message.header, issued_at=made, expires_at=made + days * DAY)
    roots = tuple(
        replace(key, not_before=made - DAY, not_after=made + days * DAY)
        for key in message.root_keys
    )
    return replace(message, header=header, root_keys=roots)


def test_links_that_have_ended_since_still_lead_on() -> None:
    first = aged(CURRENT, NOW - 700 * DAY, days=200)
    second = aged(CHAIN[1][0], NOW - 600 * DAY, days=200)
    third = aged(CHAIN[2][0], NOW - 500 * DAY, days=800)
    chain = [sealed_bundle(second, "root-1", "root-2"), sealed_bundle(third, "root-2", "root-3")]
    # The last one is judged now, and the root before it has ended.
    refused(chain, MISSING_SIGNATURE, first)
    fourth = aged(bundle(ZHENGZHOU, 4, roots=("root-3",)), NOW, days=300)
    newest = sealed_bundle(fourth, "root-3")
    assert followed([*chain, newest], first) == fourth


def test_the_last_link_is_judged_now() -> None:
    ended = replace(CHAIN[1][0], header=replace(CHAIN[1][0].header, expires_at=NOW + DAY))
    chain = [sealed_bundle(ended, "root-1", "root-2")]
    assert followed(chain) == ended
    refused(chain, EXPIRED, now=NOW + DAY)


def test_a_link_by_a_key_that_did_not_count_yet_when_it_was_made_is_refused() -> None:
    late = tuple(replace(key, not_before=NOW + DAY) for key in CHAIN[1][0].root_keys)
    second = replace(CHAIN[1][0], root_keys=late)
    chain = [sealed_bundle(second, "root-1", "root-2"), *envelopes(3)]
    refused(chain, KEY_NOT_VALID, now=NOW + 2 * DAY)


def test_a_link_from_the_future_is_refused() -> None:
    second = aged(CHAIN[1][0], NOW + 2 * DAY, days=100)
    refused([sealed_bundle(second, "root-1", "root-2"), *envelopes(3)], KEY_NOT_VALID)
    header = replace(CHAIN[1][0].header, issued_at=NOW + DAY)
    early = replace(CHAIN[1][0], header=header)
    refused([sealed_bundle(early, "root-1", "root-2"), *envelopes(3)], NOT_YET_VALID)


def test_a_revoked_root_leads_nowhere_however_old_the_link() -> None:
    def revoked(key: PublicKey) -> PublicKey:
        return replace(key, revoked_at=NOW - DAY)

    current = replace(CURRENT, root_keys=tuple(revoked(key) for key in CURRENT.root_keys))
    refused(envelopes(2), MISSING_SIGNATURE, current)
    refused(envelopes(2, 3), MISSING_SIGNATURE, current)


def test_a_link_for_another_city_is_refused() -> None:
    private = replace(CHAIN[1][0], header=replace(CHAIN[1][0].header, audience=(NANJING,)))
    refused([sealed_bundle(private, "root-1", "root-2"), *envelopes(3)], WRONG_AUDIENCE)
