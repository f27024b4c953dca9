from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spake2 import SPAKE2_B

from federation import codec, limits, onboarding
from federation.envelope import Envelope, seal
from federation.errors import (
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    ONBOARDING_MISMATCH,
    TOO_LARGE,
    WRONG_AUDIENCE,
    WRONG_CODE,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
    Reason,
)
from federation.hello import Finish, Role
from federation.identifiers import CityCode
from federation.onboarding import (
    CHECK_WORDS,
    Exchanged,
    Inviting,
    Joining,
    Party,
    Secret,
)
from federation.words import Word, in_en, in_zh, words_of
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    ZHENGZHOU,
    attestation,
    bundle,
    public,
    sealed,
    sealed_bundle,
    signer,
)
from tests.federation.onboard import (
    CODE,
    OTHER_CODE,
    SEEDS,
    Line,
    certificate,
    inviter,
    joiner,
    party,
)


def refused(reason: Reason, line: Line, where: str = "") -> HutongError:
    with pytest.raises(HutongError) as caught:
        line.swap()
    assert caught.value.reason == reason
    assert caught.value.fields.get("where", "") == where
    return caught.value


def words(exchanged: Exchanged) -> str:
    return in_en(exchanged.words)


def test_two_cities_swap_their_bundles_and_see_the_same_six_words() -> None:
    here, there = Line(joiner(), inviter()).swap()
    assert here.bundle.message == bundle(ZHENGZHOU)
    assert there.bundle.message == bundle(HANGZHOU)
    assert here.words == there.words
    assert len(here.words) == CHECK_WORDS == 6
    assert all(isinstance(word, Word) for word in here.words)


def test_other_seeds_another_code_or_another_bundle_give_other_words() -> None:
    changed = party(ZHENGZHOU, sealed_bundle(bundle(ZHENGZHOU, 2)))
    seen = {
        words(line.swap()[0])
        for line in (
            Line(joiner(), inviter()),
            Line(joiner(seed="middle"), inviter()),
            Line(joiner(), inviter(seed="middle")),
            Line(joiner(OTHER_CODE), inviter(OTHER_CODE)),
            Line(joiner(), inviter(own=changed)),
        )
    }
    assert len(seen) == 5


def test_after_a_crash_each_side_goes_on_with_the_same_bytes() -> None:
    said, answer = joiner().hello(), inviter().hello(joiner().hello())
    assert (joiner().hello(), inviter().hello(said)) == (said, answer)
    seen = certificate(ZHENGZHOU)
    assert joiner().finish(answer, seen) == joiner().finish(answer, seen)
    assert inviter().finish(said) == inviter().finish(said)
    assert Line(joiner(), inviter()).swap() == Line(joiner(), inviter()).swap()


def test_each_begin_gets_an_answer_that_could_not_be_foreseen() -> None:
    first, second = joiner().hello(), joiner(seed="middle").hello()
    assert inviter().hello(first).pake != inviter().hello(second).pake
    again = replace(first, commitment=second.commitment)
    assert inviter().hello(again).pake != inviter().hello(first).pake


def test_one_seed_never_uses_one_scalar_under_two_codes() -> None:
    # If it did, the two messages would differ by a point that tells both codes.
    def scalar(code: bytes) -> bytes:
        return joiner(code)._side._entropy

    assert scalar(CODE) != scalar(OTHER_CODE)


@pytest.mark.parametrize("wrong", [OTHER_CODE, b"\x02\x01\x03", bytes(3)])
def test_a_wrong_code_is_refused_and_tells_how_many_tries_are_left(wrong: bytes) -> None:
    error = refused(WRONG_CODE, Line(joiner(wrong), inviter()))
    assert error.fields == {"tries_left": "2"}


def test_an_inviter_that_does_not_know_the_code_is_not_believed() -> None:
    said = joiner().hello()
    false = inviter(OTHER_CODE)
    with pytest.raises(HutongError) as caught:
        joiner().open(false.hello(said), certificate(ZHENGZHOU), false.finish(said), NOW)
    assert caught.value == HutongError(
        ONBOARDING_MISMATCH,
        where="confirmation",
        problem="who answers does not know the code; believe no one",
    )


STRANGER = joiner(OTHER_CODE, seed="middle").hello()
CHANGES = {
    "city": {"city": NANJING},
    "suites": {"suites": (1, 2)},
    "certificate": {"tls_certificate": b"of the one in the middle"},
    "pake": {"pake": STRANGER.pake},
    "commitment": {"commitment": bytes(32)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_in_the_middle_without_the_code_no_word_of_the_joiner_can_be_changed(change: str) -> None:
    said = joiner().hello()
    false = replace(said, **CHANGES[change])  # type: ignore[arg-type]
    # Invited is whoever the changed hello names, so that the city alone does not give it away.
    inviting = Inviting(Secret(CODE, SEEDS["inviter"]), party(ZHENGZHOU), false.city)
    finish = joiner().finish(inviting.hello(false), certificate(ZHENGZHOU))
    for claimed in (false, said) if false.city == said.city else (false,):
        with pytest.raises(HutongError) as caught:
            inviting.open(claimed, finish, NOW, tries_left=2)
        assert caught.value.reason == WRONG_CODE


@pytest.mark.parametrize("change", CHANGES)
def test_in_the_middle_without_the_code_no_word_of_the_inviter_can_be_changed(change: str) -> None:
    said, answer = joiner().hello(), inviter().hello(joiner().hello())
    false = replace(answer, **CHANGES[change])  # type: ignore[arg-type]
    if change == "pake":
        false = replace(answer, pake=SPAKE2_B(b"", entropy_f=bytes([7]).__mul__).start())
    seen = false.tls_certificate
    with pytest.raises(HutongError) as caught:
        inviter().open(said, joiner().finish(false, seen), NOW, tries_left=2)
    assert caught.value.reason == WRONG_CODE
    with pytest.raises(HutongError) as caught:
        joiner().open(false, seen, inviter().finish(said), NOW)
    assert caught.value.fields["where"] == "confirmation"


def test_a_certificate_of_the_connection_that_is_not_the_named_one_ends_it_at_once() -> None:
    line = Line(joiner(), inviter(), seen=b"of the one in the middle")
    refused(ONBOARDING_MISMATCH, line, "tls_certificate")


def middle_bundle(city: CityCode, sequence: int = 1) -> Envelope:
    """The bundle that somebody in the middle makes for a city, with keys of their own."""
    false = bundle(city, sequence, roots=("stolen",), keys=("stolen too",))
    return sealed_bundle(replace(false, tls_certificates=(b"of the one in the middle",)), "stolen")


def middle(city: CityCode) -> Party:
    return party(city, middle_bundle(city), b"of the one in the middle")


def test_in_the_middle_with_the_code_both_sides_succeed_but_the_six_words_differ() -> None:
    to_joiner = inviter(own=middle(ZHENGZHOU), seed="middle")
    to_inviter = joiner(own=middle(HANGZHOU), seed="middle")
    deceived, _ = Line(joiner(), to_joiner, seen=b"of the one in the middle").swap()
    _, deceived_too = Line(to_inviter, inviter()).swap()
    assert words(deceived) != words(deceived_too)
    assert deceived.bundle.message.root_keys == (public(ZHENGZHOU, "stolen"),)


def test_in_the_middle_with_the_code_no_bundle_can_be_chosen_to_fit_the_words() -> None:
    # Without the commitments two lists of 2^24 bundles would hold a pair with equal words.
    seen = b"of the one in the middle"
    said = joiner().hello()
    promised = inviter(own=middle(ZHENGZHOU), seed="middle")
    answer = promised.hello(said)
    side, keys = promised._side(said), promised._side(said).keys(said)
    chosen = side.opening[:32] + codec.envelope_to_bytes(middle_bundle(ZHENGZHOU, 2))
    for opening in (chosen, bytes([side.opening[0] ^ 1]) + side.opening[1:]):
        false = Finish(keys.confirmation(Role.INVITER), keys.seal(Role.INVITER, opening))
        with pytest.raises(HutongError) as caught:
            joiner().open(answer, seen, false, NOW)
        assert caught.value == HutongError(
            ONBOARDING_MISMATCH,
            where="sealed_bundle",
            problem="it is not what the hello committed to",
        )


def test_the_words_hang_on_the_nonce_that_the_joiner_tells_last() -> None:
    # Else who knows the code could try answer after answer to a Begin until the words fit.
    side, answer = joiner()._side, inviter().hello(joiner().hello())
    keys, finish = side.keys(answer), inviter().finish(side.hello)
    before = side.believe(keys, answer, finish, NOW)
    side.opening = bytes(32) + side.opening[32:]
    assert side.believe(keys, answer, finish, NOW).words != before.words


def test_no_key_seals_two_messages() -> None:
    said = joiner().hello()
    keys = joiner()._side.keys(inviter().hello(said))
    assert keys.seal(Role.JOINER, b"same") != keys.seal(Role.INVITER, b"same")
    # Other signatures on the same bundle are another message, and so another hello.
    unsigned = seal(codec.TRUST_BUNDLE, bundle(HANGZHOU), [])
    assert joiner(own=party(HANGZHOU, unsigned)).hello().pake != said.pake


def test_a_finish_replayed_into_another_session_is_refused() -> None:
    said = joiner().hello()
    finish = joiner().finish(inviter().hello(said), certificate(ZHENGZHOU))
    other = inviter(seed="middle")
    for hello in (said, joiner(seed="middle").hello()):
        with pytest.raises(HutongError) as caught:
            other.open(hello, finish, NOW, tries_left=0)
        assert caught.value == HutongError(WRONG_CODE, tries_left="0")
    answer = other.hello(said)
    with pytest.raises(HutongError) as caught:
        joiner().open(answer, certificate(ZHENGZHOU), inviter().finish(said), NOW)
    assert caught.value.fields["where"] == "confirmation"


def test_a_bundle_sealed_in_one_session_does_not_open_in_another() -> None:
    said = joiner().hello()
    right = joiner().finish(inviter().hello(said), certificate(ZHENGZHOU))
    other = joiner(seed="middle")
    stolen = other.finish(inviter().hello(other.hello()), certificate(ZHENGZHOU))
    false = Finish(right.confirmation, stolen.sealed_bundle)
    with pytest.raises(HutongError) as caught:
        inviter().open(said, false, NOW, tries_left=2)
    assert caught.value.fields["where"] == "sealed_bundle"


def test_our_own_words_sent_back_are_refused() -> None:
    said, answer = joiner().hello(), inviter().hello(joiner().hello())
    seen = certificate(ZHENGZHOU)
    echo = replace(answer, pake=b"B" + said.pake[1:])
    for false, where in (
        (replace(said, tls_certificate=seen), "city"),
        (replace(answer, pake=said.pake), "pake"),
        (echo, "pake"),
    ):
        with pytest.raises(HutongError) as caught:
            joiner().finish(false, seen)
        assert caught.value.reason == ONBOARDING_MISMATCH
        assert caught.value.fields["where"] == where
    with pytest.raises(HutongError) as caught:
        inviter().hello(replace(answer, city=HANGZHOU))
    assert caught.value.fields["where"] == "pake"
    with pytest.raises(HutongError) as caught:
        joiner().open(answer, seen, joiner().finish(answer, seen), NOW)
    assert caught.value.fields["where"] == "confirmation"


def test_a_city_that_was_not_invited_is_refused_before_any_try() -> None:
    refused(ONBOARDING_MISMATCH, Line(joiner(own=party(NANJING)), inviter()), "city")
    alone = Inviting(Secret(CODE, SEEDS["inviter"]), party(HANGZHOU), HANGZHOU)
    refused(ONBOARDING_MISMATCH, Line(joiner(), alone), "city")


def test_suites_need_one_in_common_and_may_hold_one_that_we_do_not_know() -> None:
    newer = replace(party(HANGZHOU), suites=(1, 7))
    here, there = Line(joiner(own=newer), inviter()).swap()
    assert here.words == there.words
    apart = replace(party(HANGZHOU), suites=(7,))
    with pytest.raises(HutongError) as caught:
        inviter().hello(joiner(own=apart).hello())
    assert caught.value.fields["problem"] == "the two cities have none in common"


def test_a_bundle_with_keys_of_a_suite_that_was_not_said_is_refused() -> None:
    less = replace(party(HANGZHOU), suites=(7,))
    other = Inviting(
        Secret(CODE, SEEDS["inviter"]), replace(party(ZHENGZHOU), suites=(1, 7)), HANGZHOU
    )
    refused(ONBOARDING_MISMATCH, Line(joiner(own=less), other), "suites")


def _expired_root() -> Envelope:
    root = replace(public(HANGZHOU, "root-1"), not_after=NOW)
    return sealed_bundle(replace(bundle(HANGZHOU), root_keys=(root,)))


def _for_itself_alone() -> Envelope:
    header = replace(bundle(HANGZHOU).header, audience=(HANGZHOU,))
    return sealed_bundle(replace(bundle(HANGZHOU), header=header))


BAD_BUNDLES = {
    "of another city": (sealed_bundle(bundle(NANJING)), WRONG_ISSUER),
    "signed by another city": (
        seal(codec.TRUST_BUNDLE, bundle(HANGZHOU), [signer(NANJING, "root-1")]),
        MISSING_SIGNATURE,
    ),
    "unsigned": (seal(codec.TRUST_BUNDLE, bundle(HANGZHOU), []), MISSING_SIGNATURE),
    "of an expired root": (_expired_root(), KEY_NOT_VALID),
    "without the certificate": (
        sealed_bundle(replace(bundle(HANGZHOU), tls_certificates=(b"another",))),
        ONBOARDING_MISMATCH,
    ),
    "for itself alone": (_for_itself_alone(), WRONG_AUDIENCE),
    "no bundle": (sealed(attestation()), WRONG_TYPE),
    "no statement": (Envelope(codec.TRUST_BUNDLE.payload_type, b"\xff", ()), MALFORMED),
    "too large": (
        Envelope(codec.TRUST_BUNDLE.payload_type, bytes(limits.PAYLOAD_BYTES + 1), ()),
        TOO_LARGE,
    ),
}


@pytest.mark.parametrize("flaw", BAD_BUNDLES)
def test_who_knows_the_code_still_cannot_bring_a_false_bundle(flaw: str) -> None:
    envelope, reason = BAD_BUNDLES[flaw]
    line = Line(joiner(own=party(HANGZHOU, envelope)), inviter())
    where = {ONBOARDING_MISMATCH: "tls_certificates", MALFORMED: "trust-bundle"}.get(reason)
    refused(reason, line, where or ("trust-bundle" if reason == TOO_LARGE else ""))


def test_a_bundle_that_has_ended_is_refused_at_its_time() -> None:
    said = joiner().hello()
    finish = joiner().finish(inviter().hello(said), certificate(ZHENGZHOU))
    with pytest.raises(HutongError):
        inviter().open(said, finish, NOW + 365 * DAY, tries_left=2)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_byte_changed_cut_or_added_in_a_finish_ends_in_a_reason(data: st.DataObject) -> None:
    said = joiner().hello()
    finish = joiner().finish(inviter().hello(said), certificate(ZHENGZHOU))
    part = data.draw(st.sampled_from(["confirmation", "sealed_bundle"]))
    raw = getattr(finish, part)
    place = data.draw(st.integers(0, len(raw) - 1))
    rest = data.draw(st.binary(max_size=4))
    changed = raw[:place] + rest + raw[data.draw(st.integers(place, len(raw))) :]
    if changed == raw:
        return
    with pytest.raises(HutongError):
        inviter().open(said, replace(finish, **{part: changed}), NOW, tries_left=2)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_sealed_by_who_knows_the_code_ends_in_a_reason(garbage: bytes) -> None:
    side = joiner()._side
    said = replace(side.hello, commitment=onboarding._commitment(Role.JOINER, garbage))
    side.hello = said
    keys = side.keys(inviter().hello(said))
    finish = Finish(keys.confirmation(Role.JOINER), keys.seal(Role.JOINER, garbage))
    with pytest.raises(HutongError):
        inviter().open(said, finish, NOW, tries_left=2)


def test_no_repr_and_no_error_shows_the_code_or_the_seed() -> None:
    secret = Secret(CODE, SEEDS["joiner"])
    joining = Joining(secret, party(HANGZHOU))
    inviting = Inviting(secret, party(ZHENGZHOU), HANGZHOU)
    error = refused(WRONG_CODE, Line(joiner(OTHER_CODE), inviter()))
    keys = joining._side.keys(inviting.hello(joining.hello()))
    shown = " ".join(map(repr, (secret, joining, inviting, joining._side, keys, error)))
    shown += error.text("zh") + error.text("en") + str(error)
    for code in (CODE, OTHER_CODE):
        for form in (repr(code)[2:-1], code.hex(), in_zh(words_of(code)), in_en(words_of(code))):
            assert form not in shown
    assert "jjjj" not in shown
    assert keys.shared.hex() not in shown
