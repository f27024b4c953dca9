"""The onboarding port: open only while an invitation is, and what strangers try on it."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import grpc
import pytest
import sqlalchemy as sa

from federation.errors import WRONG_CODE, HutongError
from federation.hello import Finish, Hello
from federation.limits import (
    MESSAGE_BYTES,
    ONBOARDING_BEGINS,
    ONBOARDING_CODE_LIFETIME,
    ONBOARDING_TRIES,
)
from federation.words import bytes_of, in_en, in_zh, words_of
from node import limits
from node.errors import (
    CODE_USED,
    DOOR_UNREACHABLE,
    MOVE_REFUSED,
    NO_INVITATION,
    OVERLOADED,
    PEER_REFUSED,
)
from node.keys.planning import Wanted
from node.registry import PartnerState
from node.services.answering import Ask
from tests.node.befriend import activate
from tests.node.transport.house import OPERATOR, failure
from tests.node.transport.knocking import SERVICE, Pair, guess, knock, new_id, party_of, refused

LATE = ONBOARDING_CODE_LIFETIME + timedelta(seconds=1)


def test_the_door_is_closed_without_an_invitation(pair: Pair) -> None:
    pair.tick()
    assert not pair.is_open
    refused(DOOR_UNREACHABLE, lambda: pair.join(b"abc"))


def test_both_officers_see_the_same_six_words_and_the_door_closes_when_the_joiner_speaks(
    pair: Pair,
) -> None:
    code = pair.invite()
    assert pair.is_open
    joined = pair.join(code)
    kept = pair.inviter.store.registry.partners[pair.joiner.cases.here.city]
    assert joined.words == kept.words
    assert len(joined.words) == 6
    for known, there in ((kept, pair.joiner), (joined, pair.inviter)):
        assert known.state is PartnerState.EXCHANGED
        assert known.envelope == there.keys.bundle
    pair.tick()
    assert pair.is_open
    pair.joiner.loop.run(pair.joiner.cases.swapping.swap(joined.city))
    pair.tick()
    assert not pair.is_open
    assert pair.invitation.ended == "joined"


def test_the_door_closes_when_the_invitation_is_taken_back(pair: Pair) -> None:
    code = pair.invite()
    pair.cancel()
    # Before the door is closed the code is over already.
    error = refused(CODE_USED, lambda: pair.join(code))
    assert error.fields["why"] == "cancelled"
    pair.tick()
    assert not pair.is_open
    assert (pair.invitation.code, pair.invitation.seed, pair.partners) == (b"", b"", 0)
    refused(NO_INVITATION, pair.cancel)


def test_the_door_closes_when_the_code_expires(pair: Pair) -> None:
    code = pair.invite()
    pair.watch.ahead = LATE
    error = refused(CODE_USED, lambda: pair.join(code))
    assert error.fields["why"] == "expired"
    pair.tick()
    assert not pair.is_open
    assert (pair.invitation.ended, pair.invitation.code, pair.partners) == ("expired", b"", 0)


def test_three_wrong_codes_burn_it_each_is_told_how_many_are_left_and_the_right_one_is_too_late(
    pair: Pair,
) -> None:
    code = pair.invite()
    for left in ("2", "1", "0"):
        error = refused(WRONG_CODE, lambda: pair.join(guess(code)))
        assert error.fields["tries_left"] == left
    error = refused(CODE_USED, lambda: pair.join(code))
    assert error.fields["why"] == "burned"
    assert pair.invitation.code == b""
    pair.tick()
    assert not pair.is_open
    assert pair.partners == 0
    # A new invitation is a new code, with three tries of its own.
    assert pair.join(pair.invite()).state is PartnerState.EXCHANGED


def test_two_wrong_codes_leave_the_third_try_to_the_right_one(pair: Pair) -> None:
    code = pair.invite()
    for _ in range(ONBOARDING_TRIES - 1):
        refused(WRONG_CODE, lambda: pair.join(guess(code)))
    assert pair.join(code).state is PartnerState.EXCHANGED


def test_twenty_guesses_at_once_are_three_tries(pair: Pair) -> None:
    code = pair.invite()
    knocks = [knock(pair, guess(code), seed=bytes([n]) * 32) for n in range(20)]
    said = [(each.joining.hello(), each.proof(each.begin())) for each in knocks]

    async def all_at_once() -> list[BaseException]:
        finish = pair.inviter.cases.onboarding.finish
        found = await asyncio.gather(
            *(finish(hello, proof) for hello, proof in said), return_exceptions=True
        )
        return [each for each in found if isinstance(each, BaseException)]

    found = pair.inviter.loop.run(all_at_once())
    reasons = Counter(e.reason.name for e in found if isinstance(e, HutongError))
    assert reasons == {"WRONG_CODE": ONBOARDING_TRIES, "CODE_USED": 20 - ONBOARDING_TRIES}
    left = {e.fields.get("tries_left") for e in found if isinstance(e, HutongError)}
    assert left == {"0", "1", "2", None}
    assert pair.invitation.ended == "burned"


def test_the_thirty_third_begin_is_refused_whoever_makes_it(pair: Pair) -> None:
    code = pair.invite()
    knocks = [knock(pair, code, seed=bytes([n]) * 32) for n in range(2)]
    for n in range(ONBOARDING_BEGINS):
        knocks[n % 2].begin()
    refused(CODE_USED, knocks[0].begin)
    # Who was greeted in time still finishes.
    assert pair.invitation.tries == 0
    pair.cancel()
    assert pair.join(pair.invite()).state is PartnerState.EXCHANGED


def test_a_begin_that_is_broken_off_tests_no_guess(pair: Pair) -> None:
    code = pair.invite()
    for n in range(ONBOARDING_TRIES + 1):
        knock(pair, guess(code), seed=bytes([n]) * 32).begin()
    assert pair.invitation.tries == 0
    assert pair.join(code).state is PartnerState.EXCHANGED


def test_a_code_works_once(pair: Pair) -> None:
    code = pair.invite()
    first, second = knock(pair, code), knock(pair, code, seed=b"t" * 32)
    early = second.begin()
    first.whole()
    for late in (second.begin, lambda: second.finish(second.proof(early))):
        error = refused(CODE_USED, late)
        assert error.fields["why"] == "joined"
    error = refused(CODE_USED, lambda: pair.join(code))
    assert error.fields["why"] == "joined"


def test_a_finish_that_is_repeated_gets_the_same_bytes_until_the_joiner_speaks(pair: Pair) -> None:
    code = pair.invite()
    first = knock(pair, code)
    said = first.proof(first.begin())
    answers = [first.finish(said) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert pair.invitation.tries == 1
    # The same joiner, that has forgotten all but its seed, is let in by the same bytes.
    assert knock(pair, code).finish(said) == answers[0]
    other = Finish(said.confirmation, said.sealed_bundle[:-1])
    refused(CODE_USED, lambda: first.finish(other))


def test_a_join_that_is_repeated_gets_the_first_answer_and_asks_nobody(pair: Pair) -> None:
    code, request = pair.invite(), new_id()
    joined = pair.join(code, request_id=request)
    pair.inviter.loop.run(pair.inviter.door.close())
    assert pair.join(code, request_id=request) == joined


def test_an_invitation_that_is_asked_for_again_is_the_same_code(pair: Pair) -> None:
    onboarding, request = pair.inviter.cases.onboarding, new_id()
    city = pair.joiner.cases.here.city
    codes = [pair.inviter.loop.run(onboarding.invite(city, request, OPERATOR)) for _ in range(2)]
    assert codes[0] == codes[1]
    anew = pair.inviter.loop.run(onboarding.invite(city, new_id(), OPERATOR))
    assert anew.words != codes[0].words
    refused(WRONG_CODE, lambda: pair.join(bytes_of(codes[0].words)))
    assert pair.join(bytes_of(anew.words)).state is PartnerState.EXCHANGED


def test_burning_an_old_code_does_not_burn_the_new_one(pair: Pair) -> None:
    code = pair.invite()
    for _ in range(ONBOARDING_TRIES - 1):
        refused(WRONG_CODE, lambda: pair.join(guess(code)))
    onboarding = pair.inviter.cases.onboarding
    tried = pair.invitation
    anew = pair.invite()
    pair.inviter.act(lambda tx: onboarding._burn(tx, tried))
    pair.inviter.act(lambda tx: onboarding._end(tx, tried, "expired"))
    assert (pair.invitation.ended, pair.invitation.code) == ("", anew)
    assert pair.join(anew).state is PartnerState.EXCHANGED


def test_a_partner_in_use_is_not_exchanged_anew_by_a_code(pair: Pair) -> None:
    pair.join(pair.invite())
    here, there = (house.cases.here.city for house in (pair.inviter, pair.joiner))
    for house, partner in ((pair.inviter, there), (pair.joiner, here)):
        house.act(lambda tx, city=partner: activate(tx, city))  # type: ignore[misc]
    refused(MOVE_REFUSED, pair.invite)
    # Where only the inviter ended it, the joiner refuses before the inviter keeps anything.
    pair.inviter.end(there)
    code = pair.invite()
    known = pair.inviter.store.registry.partners[there]
    refused(MOVE_REFUSED, lambda: pair.join(code))
    assert pair.inviter.store.registry.partners[there] == known
    assert pair.invitation.tries == 0
    # Once it knows of the end, the same code brings both together.
    pair.inviter.loop.run(pair.inviter.cases.swapping.swap(there))
    assert pair.join(code).state is PartnerState.EXCHANGED
    assert pair.inviter.store.registry.partners[there].state is PartnerState.EXCHANGED


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("Begin", b""),
        ("Begin", b"\xff" * 40),
        ("Finish", b""),
        ("Finish", b"\x0a\xff\xff\xff"),
        ("Begin", b"\x0a\x08\x0a\x06330100"),
        ("Finish", b"\xfa\xff\xff\xff\x0f\x01x"),
    ],
)
def test_garbage_on_the_door_is_refused_and_costs_no_try(
    pair: Pair, method: str, body: bytes
) -> None:
    code = pair.invite()
    with at_the_door(pair) as channel:
        failed = failure(channel, SERVICE + method, body)
    assert failed.reason in ("MALFORMED", "NOT_CANONICAL", "ONBOARDING_MISMATCH")
    assert (pair.invitation.tries, pair.invitation.begins) == (0, 0)
    assert pair.join(code).state is PartnerState.EXCHANGED


def test_a_message_that_is_too_large_is_not_read(pair: Pair) -> None:
    code = pair.invite()
    with at_the_door(pair) as channel:
        failed = failure(channel, SERVICE + "Finish", bytes(MESSAGE_BYTES + 1))
        assert failed.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        for other in ("Else", "../FederationService/ExchangeTrustBundles"):
            assert failure(channel, SERVICE + other).code is grpc.StatusCode.UNIMPLEMENTED
    assert pair.join(code).state is PartnerState.EXCHANGED


def at_the_door(pair: Pair) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(pair.inviter.own.certificate)
    name = f"{pair.inviter.cases.here.city}.hutong"
    options = (("grpc.ssl_target_name_override", name), ("grpc.use_local_subchannel_pool", 1))
    return grpc.secure_channel(str(pair.address), credentials, options=options)


def test_a_flood_is_told_to_come_later_and_the_honest_joiner_gets_in_after_it(pair: Pair) -> None:
    onboarding = pair.inviter.cases.onboarding
    gate = Gate(onboarding.begin)
    onboarding.begin = gate.begin  # type: ignore[method-assign]
    code = pair.invite()
    knocks = [knock(pair, guess(code), seed=bytes([n]) * 32) for n in range(8)]

    def rush(number: int) -> str:
        try:
            knocks[number].begin()
        except HutongError as error:
            return error.fields.get("peer_reason", error.reason.name)
        return "greeted"

    with ThreadPoolExecutor(len(knocks)) as pool:
        flood = [pool.submit(rush, n) for n in range(len(knocks))]
        pair.inviter.loop.run(gate.full())
        error = refused(PEER_REFUSED, lambda: pair.join(code))
        assert error.fields["peer_reason"] == OVERLOADED.name
        pair.inviter.loop.run(gate.open())
        found = Counter(each.result(30) for each in flood)
    assert set(found) <= {"greeted", OVERLOADED.name}
    assert found["greeted"] >= limits.ONBOARDING_AT_ONCE
    assert pair.join(code).state is PartnerState.EXCHANGED


class Gate:
    """Holds up who begins."""

    def __init__(self, begin: object) -> None:
        self._begin, self._inside, self._open = begin, 0, asyncio.Event()

    async def begin(self, hello: Hello) -> Hello:
        self._inside += 1
        await self._open.wait()
        answer: Hello = await self._begin(hello)  # type: ignore[operator]
        return answer

    async def full(self) -> None:
        while self._inside < limits.ONBOARDING_AT_ONCE:  # noqa: ASYNC110 - gRPC's own threads
            await asyncio.sleep(0.005)

    async def open(self) -> None:
        self._open.set()


def rotate(pair: Pair) -> None:
    desk = pair.inviter.cases.key_desk
    wanted = Wanted(signing=True, tls=True, lead=timedelta(0), overlap=timedelta(days=1))
    ask = Ask(OPERATOR, new_id(), b"rotate".ljust(32))
    pair.inviter.loop.run(desk.rotate(ask, wanted, lambda _, __: b""))


@pytest.mark.parametrize("restarted", [False, True])
def test_keys_that_rotate_between_begin_and_finish_change_nothing(
    pair: Pair, *, restarted: bool
) -> None:
    code, before = pair.invite(), pair.inviter.keys.peer_identity.der()
    first = knock(pair, code)
    theirs = first.begin()
    rotate(pair)
    assert pair.inviter.keys.peer_identity.der() != before
    if restarted:
        # As a process that begins anew, and finds the invitation in its store.
        pair.inviter.loop.run(pair.inviter.door.close())
        pair.tick()
    answer = first.finish(first.proof(theirs))
    opened = first.joining.open(theirs, first.shown, answer, pair.watch.now())
    known = pair.inviter.store.registry.partners[pair.joiner.cases.here.city]
    assert bytes_of(opened.words) == known.words
    assert before in opened.bundle.message.tls_certificates


def test_after_a_rotation_a_new_invitation_shows_the_new_certificate(pair: Pair) -> None:
    pair.invite()
    rotate(pair)
    code = pair.invite()
    assert pair.join(code).state is PartnerState.EXCHANGED
    assert pair.invitation.certificate == pair.inviter.keys.peer_identity.der()


def test_nothing_secret_is_left_in_the_logs_in_errors_and_in_the_stores(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    code = pair.invite()
    seed = pair.invitation.seed
    secrets = [in_en(words_of(code)), in_zh(words_of(code)), code.hex(), seed.hex()]
    shown = [repr(pair.invitation), str(refused(WRONG_CODE, lambda: pair.join(guess(code))))]
    joined = pair.join(code)
    pair.joiner.loop.run(pair.joiner.cases.swapping.swap(joined.city))
    shown += [str(refused(CODE_USED, lambda: pair.join(code))), repr(pair.invitation)]
    said = capsys.readouterr()
    shown += [said.out, said.err]
    for secret in secrets:
        assert not any(secret in text for text in shown)
    for house in (pair.inviter, pair.joiner):
        for table, row in rows(house.directory / "store.sqlite"):
            for value in row:
                text = value.encode() if isinstance(value, str) else value
                assert not isinstance(text, bytes) or seed not in text, table
                assert value != code, table
    assert dict(rows(pair.inviter.directory / "store.sqlite"))["invitations"]


def rows(path: object) -> list[tuple[str, tuple[object, ...]]]:
    """Each row of each table of a store."""
    engine = sa.create_engine(f"sqlite:///{path}")
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = [
            (table.name, tuple(row))
            for table in tables.sorted_tables
            for row in connection.execute(sa.select(table))
        ]
    engine.dispose()
    return found


def test_a_finish_for_no_begin_gets_nowhere(pair: Pair) -> None:
    code = pair.invite()
    stranger = knock(pair, code, party_of(pair.joiner), seed=b"u" * 32)
    theirs = knock(pair, code).begin()
    # The inviter's hello to one joiner is not the one to another: its key differs.
    refused(WRONG_CODE, lambda: stranger.finish(stranger.proof(theirs)))
    assert pair.partners == 0
