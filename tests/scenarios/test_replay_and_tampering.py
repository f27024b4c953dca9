"""A captured question, an old one, a changed one, one in another's name: on a real home node."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from federation import codec
from federation.envelope import Envelope, Signature, seal
from federation.identifiers import uuid7
from federation.keys import Ed25519Signer
from federation.limits import CLOCK_SKEW
from federation.messages import TrustBundle
from federation.v1 import federation_service_pb2 as pb
from node.clock import SystemEntropy
from node.keys.files import read_signer
from scripts.cities import new_id
from tests.scenarios.stage import (
    ENDS,
    EXCHANGE,
    SCENARIO,
    Hand,
    Said,
    count,
    hand,
    of_standing,
    wrapped,
)

pytestmark = pytest.mark.all

BEYOND = CLOCK_SKEW + timedelta(seconds=2)
LONG = timedelta(minutes=10)


@pytest.fixture(scope="module")
def held(
    store: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hand, dict[str, str]]]:
    with hand(tmp_path_factory.mktemp("replay"), store) as made:
        yield made


@pytest.fixture
def hand_(held: tuple[Hand, dict[str, str]]) -> Hand:
    return held[0]


@pytest.fixture
def code(held: tuple[Hand, dict[str, str]]) -> str:
    """A fresh code of a resident in good standing."""
    made, residents = held
    resident = of_standing(residents, "excellent")[0]
    return made.home.code(resident, made.home.consent(resident, made.city, [SCENARIO], ENDS))


def asked(hand_: Hand, *bodies: bytes) -> list[Said]:
    """Each on a connection of its own, as a stranger would replay it."""
    found = []
    for body in bodies:
        with hand_.channel() as channel:
            found.append(hand_.ask(channel, body))
    return found


def uses(hand_: Hand) -> int:
    return count(hand_.home, "SELECT count(*) FROM uses")


def test_a_captured_question_gets_the_first_bytes_and_one_use(hand_: Hand, code: str) -> None:
    before, body = uses(hand_), hand_.question(code)
    first, *again = asked(hand_, body, body, body)
    assert first.body
    assert again == [first, first]
    assert uses(hand_) == before + 1


def test_the_same_id_with_other_words_is_refused(hand_: Hand, code: str) -> None:
    statement_id = uuid7(datetime.now(UTC), SystemEntropy().token(10))
    first, other = asked(
        hand_,
        hand_.question(code, statement_id=statement_id),
        hand_.question(code, statement_id=statement_id, scenarios=("scenic.discount",)),
    )
    assert first.body
    assert other.reason == "REQUEST_ID_REUSED"


def test_the_same_code_in_a_new_question_is_refused(hand_: Hand, code: str) -> None:
    first, other = asked(hand_, hand_.question(code), hand_.question(code))
    assert (first.reason, other.reason) == ("OK", "NOT_RECOGNISED")


def test_time_lies(hand_: Hand, code: str) -> None:
    old, old_and_long, future, inside = asked(
        hand_,
        hand_.question(code, age=BEYOND),
        hand_.question(code, age=BEYOND, life=LONG),
        hand_.question(code, age=-BEYOND),
        hand_.question(code, age=CLOCK_SKEW - timedelta(seconds=5)),
    )
    assert [old.reason, old_and_long.reason] == ["EXPIRED", "STALE"]
    assert future.reason == "NOT_YET_VALID"
    # None of them used the code up.
    assert inside.body


def test_names_lie(hand_: Hand, code: str) -> None:
    stranger = Ed25519Signer.from_seed(bytes(32))
    elsewhere, other, unknown = asked(
        hand_,
        hand_.question(code, audience="320500"),
        hand_.question(code, issuer="320500"),
        hand_.question(code, signer=stranger),
    )
    assert elsewhere.reason == "WRONG_AUDIENCE"
    assert other.reason == "WRONG_ISSUER"
    assert unknown.reason == "UNKNOWN_KEY"
    envelope = opened(hand_.question(code, signer=stranger))
    posing = Signature(hand_.keys.key_id, envelope.signatures[0].signature)
    unsigned = replace(envelope, signatures=())
    bad, none = asked(hand_, wrapped(replace(envelope, signatures=(posing,))), wrapped(unsigned))
    assert (bad.reason, none.reason) == ("BAD_SIGNATURE", "MISSING_SIGNATURE")
    assert asked(hand_, hand_.question(code))[0].body


def opened(body: bytes) -> Envelope:
    return codec.envelope_from_wire(pb.RequestAttestationRequest.FromString(body).request)


def test_no_flipped_bit_is_answered(hand_: Hand, code: str) -> None:
    before, good = uses(hand_), hand_.question(code)
    chance = random.Random(20261124)  # noqa: S311 - the same flips every time
    flips = chance.sample(range(len(good) * 8), 400)
    with hand_.channel() as channel:
        for flip in flips:
            bad = bytearray(good)
            bad[flip // 8] ^= 1 << flip % 8
            found = hand_.ask(channel, bytes(bad))
            assert not found.body, flip
            assert found.reason not in ("INTERNAL", "UNKNOWN", "NOT_RECOGNISED"), (flip, found)
        assert uses(hand_) == before
        assert hand_.ask(channel, good).body


def next_bundle(hand_: Hand, sequence: int, **changes: object) -> bytes:
    """The host's next bundle, as its own root signs it."""
    bundle = codec.TRUST_BUNDLE.decode(hand_.keys.bundle.payload)
    made = datetime.now(UTC)
    header = replace(
        bundle.header, statement_id=uuid7(made, SystemEntropy().token(10)), issued_at=made
    )
    new: TrustBundle = replace(bundle, header=header, sequence=sequence, **changes)  # type: ignore[arg-type]
    envelope = seal(codec.TRUST_BUNDLE, new, [read_signer(hand_.folder.root_key)])
    wire = codec.envelope_to_wire(envelope)
    return pb.ExchangeTrustBundlesRequest(trust_bundle=wire).SerializeToString()


def test_a_revoked_key_is_refused_from_the_next_question_on(hand_: Hand, code: str) -> None:
    bundle = codec.TRUST_BUNDLE.decode(hand_.keys.bundle.payload)
    [old] = bundle.signing_keys
    fresh = Ed25519Signer.from_seed(b"the key after the theft".ljust(32))
    described = fresh.described(not_before=old.not_before, not_after=old.not_after)
    revoked = replace(old, revoked_at=datetime.now(UTC))
    captured = hand_.question(code)
    with hand_.channel() as channel:
        revoking = next_bundle(hand_, 2, signing_keys=(revoked, described))
        assert hand_.ask(channel, revoking, EXCHANGE).body
        # On the same connection, also a question that was signed before.
        for body in (captured, hand_.question(code)):
            assert hand_.ask(channel, body).reason == "KEY_NOT_VALID"
        assert hand_.ask(channel, hand_.question(code, signer=fresh)).body
        # What was replaced does not come back.
        rolled_back = next_bundle(hand_, 1, signing_keys=(old,))
        assert hand_.ask(channel, rolled_back, EXCHANGE).reason == "BUNDLE_ROLLBACK"
        assert hand_.ask(channel, captured).reason == "KEY_NOT_VALID"
        assert hand_.ask(channel, next_bundle(hand_, 3), EXCHANGE).body


def test_a_partner_suspended_while_its_question_is_on_the_way_gets_nothing(
    hand_: Hand, code: str
) -> None:
    home = hand_.home
    with hand_.channel() as channel:
        assert hand_.ask(channel, hand_.question(code)).body
        for method, works in (("SuspendPartner", False), ("ResumePartner", True)):
            home.operator(method, request_id=new_id(), city=hand_.city, reason="a test")
            found = hand_.ask(channel, hand_.question(code))
            assert found.reason == ("NOT_RECOGNISED" if works else "NOT_A_PARTNER")
