"""Somebody between two cities that become partners, and cities that lie about who they are."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from federation.errors import (
    ONBOARDING_MISMATCH,
    WRONG_CODE,
    WRONG_ISSUER,
    HutongError,
)
from federation.hello import Finish
from federation.identifiers import CityCode
from federation.messages import Endpoint
from federation.onboarding import Party
from federation.v1 import onboarding_pb2 as pb
from federation.words import bytes_of
from node.errors import DOOR_UNREACHABLE, NO_INVITATION, PEER_REFUSED
from node.registry import PartnerState
from node.services.partners import Approval
from tests.node.transport.house import FRIEND, HERE, OTHER, Stranger, stranger
from tests.node.transport.knocking import (
    Mallory,
    Pair,
    between,
    guess,
    knock,
    party_of,
    refused,
    standing_at,
)

Behaviour = Callable[[str, bytes], Awaitable[bytes]]
FORGED = Approval("none", "none")


@pytest.fixture
def liar(tmp_path: Path) -> Stranger:
    """Keys and a certificate that say Zhengzhou, made by somebody else."""
    return stranger(tmp_path / "liar", HERE)


@pytest.fixture
def other_liar(tmp_path: Path) -> Stranger:
    """The same, saying Hangzhou."""
    return stranger(tmp_path / "other liar", FRIEND)


@contextmanager
def in_the_middle(pair: Pair, liar: Stranger, behave: Behaviour) -> Iterator[Endpoint]:
    """Somebody whom the joiner takes for the inviter's door."""
    loop = pair.inviter.loop
    context = standing_at(liar.own, behave)
    address = loop.run(context.__aenter__())
    try:
        yield address
    finally:
        loop.run(leave(context))


async def leave(context: Any) -> None:  # noqa: ANN401 - a context manager of coroutines
    await context.__aexit__(None, None, None)


def nobody_believes_anybody(pair: Pair) -> None:
    assert pair.partners == 0
    assert (
        pair.inviter.loop.run(pair.inviter.store.read(lambda tx: tx.partnerships.contacts())) == {}
    )


def test_who_only_passes_on_what_both_say_is_found_out_before_any_guess(
    pair: Pair, liar: Stranger
) -> None:
    code = pair.invite()
    with in_the_middle(pair, liar, between(pair, lambda message: message)) as address:
        error = refused(ONBOARDING_MISMATCH, lambda: pair.join(code, address))
    assert error.fields["where"] == "tls_certificate"
    nobody_believes_anybody(pair)
    assert (pair.invitation.begins, pair.invitation.tries) == (1, 0)
    # The door itself still opens to the code.
    assert pair.join(code).state is PartnerState.EXCHANGED


def test_who_puts_an_own_certificate_into_the_hello_gets_no_key(pair: Pair, liar: Stranger) -> None:
    code = pair.invite()

    def change(message: Any) -> Any:  # noqa: ANN401 - any of the four
        if isinstance(message, pb.BeginResponse):
            message.hello.tls_certificate = liar.own.der()
        return message

    with in_the_middle(pair, liar, between(pair, change)) as address:
        refused(WRONG_CODE, lambda: pair.join(code, address))
    nobody_believes_anybody(pair)
    assert pair.invitation.tries == 1


CHANGES: dict[str, Callable[[Any, Stranger], None]] = {
    "the commitment": lambda m, _: setattr(m.hello, "commitment", bytes(32)),
    "the suites": lambda m, _: m.hello.suites.__setitem__(slice(None), m.hello.suites[:1]),
    "the certificate": lambda m, liar: setattr(m.hello, "tls_certificate", liar.own.der()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_who_changes_what_the_joiner_says_gets_no_key(
    pair: Pair, liar: Stranger, what: str
) -> None:
    code = pair.invite()

    def change(message: Any) -> Any:  # noqa: ANN401 - any of the four
        if isinstance(message, pb.BeginRequest | pb.FinishRequest):
            CHANGES[what](message, liar)
        if isinstance(message, pb.BeginResponse):
            message.hello.tls_certificate = liar.own.der()
        return message

    with in_the_middle(pair, liar, between(pair, change)) as address:
        refused(WRONG_CODE, lambda: pair.join(code, address))
    nobody_believes_anybody(pair)


def test_without_the_code_nobody_in_the_middle_gets_through_to_either_side(
    pair: Pair, liar: Stranger, other_liar: Stranger
) -> None:
    code = pair.invite()
    mallory = Mallory(pair, guess(code), liar, other_liar)
    with in_the_middle(pair, liar, mallory.behave) as address:
        with pytest.raises(HutongError):
            pair.join(code, address)
        assert mallory.heard_from_joiner is None
        with pytest.raises(HutongError) as found:
            pair.inviter.loop.run(mallory.join(mallory.secret))
        assert found.value.reason.name == WRONG_CODE.name
    nobody_believes_anybody(pair)


def test_who_answers_any_finish_without_the_code_is_not_believed(
    pair: Pair, liar: Stranger, other_liar: Stranger
) -> None:
    code = pair.invite()
    mallory = Mallory(pair, guess(code), liar, other_liar)

    async def behave(method: str, request: bytes) -> bytes:
        if method == "Begin":
            return await mallory.behave(method, request)
        asked = pb.FinishRequest.FromString(request)
        # The joiner's own words, sent back.
        answer = pb.FinishResponse(
            confirmation=asked.confirmation, sealed_bundle=asked.sealed_bundle
        )
        return answer.SerializeToString()

    with in_the_middle(pair, liar, behave) as address:
        error = refused(ONBOARDING_MISMATCH, lambda: pair.join(code, address))
    assert error.fields["where"] == "confirmation"
    nobody_believes_anybody(pair)


def test_who_guessed_the_code_gets_through_to_both_and_the_six_words_differ(
    pair: Pair, liar: Stranger, other_liar: Stranger
) -> None:
    code = pair.invite()
    mallory = Mallory(pair, code, liar, other_liar)
    with in_the_middle(pair, liar, mallory.behave) as address:
        joined = pair.join(code, address)
    kept = pair.inviter.store.registry.partners[FRIEND]
    assert joined.envelope == liar.keys.bundle
    assert kept.envelope == other_liar.keys.bundle
    assert joined.words != kept.words
    # Each side's words are those of the one in the middle, and neither is in use.
    assert mallory.heard_from_joiner is not None
    assert mallory.heard_from_inviter is not None
    assert bytes_of(mallory.heard_from_joiner.words) == joined.words
    assert bytes_of(mallory.heard_from_inviter.words) == kept.words
    for house in (pair.inviter, pair.joiner):
        [partner] = house.store.registry.partners.values()
        assert partner.state is PartnerState.EXCHANGED
        assert house.store.registry.active_partner(partner.city) is None


def test_after_a_man_in_the_middle_the_officers_begin_again_and_the_words_agree(
    pair: Pair, liar: Stranger, other_liar: Stranger
) -> None:
    code = pair.invite()
    with in_the_middle(pair, liar, Mallory(pair, code, liar, other_liar).behave) as address:
        pair.join(code, address)
    joined = pair.join(pair.invite())
    kept = pair.inviter.store.registry.partners[FRIEND]
    assert joined.words == kept.words
    assert (joined.envelope, kept.envelope) == (pair.inviter.keys.bundle, pair.joiner.keys.bundle)


@pytest.mark.parametrize("method", ["Begin", "Finish"])
@pytest.mark.parametrize("answer", [b"", b"\xff\xff", b"\x0a\x02\x0a\x00"])
def test_a_door_that_answers_garbage_changes_nothing(
    pair: Pair, liar: Stranger, other_liar: Stranger, method: str, answer: bytes
) -> None:
    code = pair.invite()
    mallory = Mallory(pair, code, liar, other_liar)

    async def behave(asked: str, request: bytes) -> bytes:
        return answer if asked == method else await mallory.behave(asked, request)

    with in_the_middle(pair, liar, behave) as address, pytest.raises(HutongError):
        pair.join(code, address)
    assert not pair.joiner.store.registry.partners


def test_an_error_of_a_stranger_is_shown_as_a_strangers(pair: Pair, liar: Stranger) -> None:
    async def behave(_method: str, _request: bytes) -> bytes:
        await asyncio.sleep(0)
        raise RuntimeError("\x1b[2J a terminal's words")

    with in_the_middle(pair, liar, behave) as address:
        error = refused(DOOR_UNREACHABLE, lambda: pair.join(b"abc", address))
    assert "\x1b" not in error.text("en")


def test_a_joiner_that_claims_another_citys_code_is_refused(pair: Pair, tmp_path: Path) -> None:
    suzhou = stranger(tmp_path / "suzhou", OTHER)
    code = pair.invite()
    # As itself it was not invited; as the city that was, its bundle gives it away.
    refused(NO_INVITATION, lambda: knock(pair, code, party_of(suzhou)).begin())
    claiming = Party(FRIEND, suzhou.own.der(), suzhou.keys.bundle)
    error = refused_by_the_door(lambda: knock(pair, code, claiming).whole())
    assert error.fields["peer_reason"] == WRONG_ISSUER.name
    nobody_believes_anybody(pair)


def test_an_invitation_for_one_city_is_of_no_use_to_another(pair: Pair) -> None:
    code = pair.invite(CityCode(OTHER))
    refused(NO_INVITATION, lambda: pair.join(code))
    nobody_believes_anybody(pair)


def test_a_door_that_claims_to_be_another_city_is_refused(
    pair: Pair, liar: Stranger, tmp_path: Path
) -> None:
    suzhou = stranger(tmp_path / "suzhou", OTHER)
    # Suzhou says that it is Zhengzhou, with the code, and with the certificate that it shows.
    mallory = Mallory(pair, b"abc", suzhou, liar, claims=HERE, alone=True)
    with in_the_middle(pair, suzhou, mallory.behave) as address:
        refused(WRONG_ISSUER, lambda: pair.join(b"abc", address))
    nobody_believes_anybody(pair)


def test_a_bundle_of_one_exchange_is_of_no_use_in_another(pair: Pair, other_liar: Stranger) -> None:
    code = pair.invite()
    honest, thief = knock(pair, code), knock(pair, code, party_of(other_liar), seed=b"t" * 32)
    said, stolen = honest.proof(honest.begin()), thief.proof(thief.begin())
    for swapped in (
        Finish(said.confirmation, stolen.sealed_bundle),
        Finish(said.confirmation, said.sealed_bundle[:-1] + bytes([said.sealed_bundle[-1] ^ 1])),
    ):
        error = refused(ONBOARDING_MISMATCH, lambda s=swapped: honest.finish(s))  # type: ignore[misc]
        assert error.fields["where"] == "sealed_bundle"
    nobody_believes_anybody(pair)
    honest.finish(said)


def test_a_city_that_was_exchanged_by_a_lie_is_not_approved_by_who_let_it_in(
    pair: Pair, liar: Stranger, other_liar: Stranger
) -> None:
    code = pair.invite()
    with in_the_middle(pair, liar, Mallory(pair, code, liar, other_liar).behave) as address:
        pair.join(code, address)
    desk = pair.inviter.cases.partners
    with pytest.raises(HutongError) as found:
        pair.inviter.act(lambda tx: desk.approve(tx, FRIEND, "operator/default", FORGED))
    assert found.value.reason.name == "SAME_OPERATOR"


def refused_by_the_door(act: Callable[[], object]) -> HutongError:
    return refused(PEER_REFUSED, act)
