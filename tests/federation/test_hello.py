from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import limits
from federation.codec import onboarding as wires
from federation.errors import MALFORMED, ONBOARDING_MISMATCH, HutongError
from federation.hello import PROTOCOL_VERSION, SUITE_NUMBERS, Finish, Hello
from federation.onboarding import CODE_WORDS, Secret, code_of
from federation.v1 import onboarding_pb2, trust_pb2
from tests.federation.make import HANGZHOU, ZHENGZHOU
from tests.federation.onboard import CODE, certificate, inviter, joiner

# The identity, points of small order, one off the curve, one not canonical, and outside the group.
BAD_POINTS = [
    bytes([1]) + bytes(31),
    bytes(32),
    bytes([1]) + bytes(30) + b"\x80",
    (2**255 - 18).to_bytes(32, "little"),
    (2).to_bytes(32, "little"),
    b"\xff" * 32,
]


def test_another_version_is_refused_and_told() -> None:
    with pytest.raises(HutongError) as caught:
        replace(joiner().hello(), protocol_version=PROTOCOL_VERSION + 1)
    assert caught.value.reason == ONBOARDING_MISMATCH
    assert "update the older node" in caught.value.text("en")


def test_the_numbers_of_suites_are_those_of_the_wire() -> None:
    assert {s.name: n for s, n in SUITE_NUMBERS.items()} == {
        name.removeprefix("SUITE_"): number for name, number in trust_pb2.Suite.items() if number
    }


@pytest.mark.parametrize("point", BAD_POINTS)
@pytest.mark.parametrize("side", [b"A", b"B"])
def test_a_point_that_is_none_of_the_group_is_refused(side: bytes, point: bytes) -> None:
    with pytest.raises(HutongError) as caught:
        replace(joiner().hello(), pake=side + point)
    assert caught.value.reason == MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"pake": b""},
        {"pake": joiner().hello().pake[:-1]},
        {"pake": joiner().hello().pake + b"\0"},
        {"pake": b"S" + joiner().hello().pake[1:]},
        {"pake": joiner().hello().pake[1:] + b"A"},
        {"suites": ()},
        {"suites": (0,)},
        {"suites": (-1,)},
        {"suites": (2, 1)},
        {"suites": (1, 1)},
        {"suites": tuple(range(1, limits.ONBOARDING_SUITES + 2))},
        {"tls_certificate": b""},
        {"tls_certificate": bytes(limits.CERTIFICATE_BYTES + 1)},
        {"commitment": bytes(31)},
    ],
)
def test_a_hello_that_no_honest_side_says_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HutongError) as caught:
        replace(joiner().hello(), **change)  # type: ignore[arg-type]
    assert caught.value.reason == MALFORMED


def test_a_finish_of_the_wrong_size_is_refused_before_any_work() -> None:
    for confirmation, size in ((31, 0), (33, 0), (32, limits.ONBOARDING_BUNDLE_BYTES + 1)):
        with pytest.raises(HutongError) as caught:
            Finish(bytes(confirmation), bytes(size))
        assert caught.value.reason == MALFORMED


def test_the_messages_come_back_from_the_wire() -> None:
    said, answer = joiner().hello(), inviter().hello(joiner().hello())
    finish = joiner().finish(answer, certificate(ZHENGZHOU))
    for hello in (said, answer, replace(said, suites=(1, 7, 2**31 - 1))):
        begin = onboarding_pb2.BeginRequest(hello=wires.hello_to_wire(hello))
        assert wires.begin_from_wire(begin) == hello
    request = wires.finish_to_request(said, finish).SerializeToString()
    parsed = onboarding_pb2.FinishRequest.FromString(request)
    assert wires.finish_from_request(parsed) == (said, finish)
    assert wires.finish_from_response(wires.finish_to_response(finish)) == finish
    for empty in (onboarding_pb2.BeginRequest(), onboarding_pb2.BeginResponse()):
        with pytest.raises(HutongError) as caught:
            wires.begin_from_wire(empty)
        assert caught.value.reason == MALFORMED
    with pytest.raises(HutongError):
        wires.finish_from_request(onboarding_pb2.FinishRequest())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["A", "B"]),
    st.binary(min_size=32, max_size=32),
    st.lists(st.integers(-5, 2**31 - 1), max_size=4),
    st.integers(0, 2),
    st.text(max_size=8),
)
def test_any_hello_is_answered_or_ends_in_a_reason(
    side: str, point: bytes, suites: list[int], version: int, city: str
) -> None:
    wire = wires.hello_to_wire(joiner().hello())
    wire.pake = side.encode() + point
    wire.protocol_version = version
    wire.suites[:] = suites or [1]  # type: ignore[assignment]
    wire.city = city or HANGZHOU
    try:
        answer = inviter().hello(wires.hello_from_wire(wire))
    except HutongError:
        return
    assert isinstance(answer, Hello)


def test_a_code_is_three_words() -> None:
    assert code_of(bytes(range(9))) == bytes(range(CODE_WORDS))
    for make in (
        lambda: code_of(b"ab"),
        lambda: Secret(b"ab", bytes(32)),
        lambda: Secret(CODE, b""),
    ):
        with pytest.raises(HutongError) as caught:
            make()
        assert caught.value.reason == MALFORMED
