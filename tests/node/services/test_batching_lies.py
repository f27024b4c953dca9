"""Renewal requests that no honest host sends, and that nothing below the line ever leaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    BAD_SIGNATURE,
    EXPIRED,
    MALFORMED,
    STALE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
)
from federation.limits import RENEWAL_ITEMS
from federation.messages import Disclosure
from federation.v1 import renewal_pb2
from node.errors import NOT_A_PARTNER
from node.store import open_store
from tests.conftest import NewStore
from tests.node.services.batched import (
    HOME,
    HOST,
    NOBODY,
    SECOND,
    THIRD,
    kept,
    known,
    refusal,
    renew,
    renewal,
    said,
    two,
)
from tests.node.services.forging import question
from tests.node.services.stage import Stage, staged
from tests.node.services.world import OPERATOR, Town


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


@pytest.fixture
def three(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"audience": THIRD}, WRONG_AUDIENCE),
        ({"issuer": THIRD}, WRONG_ISSUER),
        ({"version": 2}, AGREEMENT_MISMATCH),
        ({"disclosure": Disclosure.SCORE}, AGREEMENT_MISMATCH),
        ({"scenarios": ("no.such_scenario",)}, AGREEMENT_MISMATCH),
    ],
    ids=["audience", "issuer", "version", "level", "scenario"],
)
def test_a_lie_in_the_question_is_refused_as_a_whole(
    stage: Stage, lie: dict[str, object], reason: object
) -> None:
    home, host = two(stage)
    person = known(stage, home, host)
    before = kept(home)
    asked = renewal(host, home, person.pseudonym, **lie)  # type: ignore[arg-type]
    assert stage.run(refusal(home, asked, host.code)).reason == reason
    assert kept(home) == before


def test_a_question_that_another_city_carries_off_is_refused(three: Stage) -> None:
    home, host = two(three)
    asked = renewal(host, home, known(three, home, host).pseudonym)
    assert three.run(refusal(home, asked, three[THIRD].code)).reason == UNKNOWN_KEY
    assert three.run(refusal(three[THIRD], asked, host.code)).reason == WRONG_AUDIENCE
    signed = renewal(host, home, NOBODY, signer=three[THIRD].keys)
    assert three.run(refusal(home, signed, host.code)).reason == UNKNOWN_KEY


def test_a_changed_question_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    asked = renewal(host, home, known(stage, home, host).pseudonym)
    payload = asked.payload[:-1] + bytes([asked.payload[-1] ^ 1])
    found = stage.run(refusal(home, replace(asked, payload=payload), host.code))
    assert found.reason == BAD_SIGNATURE
    single = question(host, home, pseudonym=NOBODY)
    assert stage.run(refusal(home, single, host.code)).reason == WRONG_TYPE


def test_an_old_question_is_refused_and_so_is_one_that_has_ended(stage: Stage) -> None:
    home, host = two(stage)
    person = known(stage, home, host)
    asked = renewal(host, home, person.pseudonym, life=timedelta(days=1))
    ended = renewal(host, home, person.pseudonym, life=SECOND, serial=2)
    stage.world.clock.forward(61 * SECOND)
    assert stage.run(refusal(home, asked, host.code)).reason == STALE
    assert stage.run(refusal(home, ended, host.code)).reason == EXPIRED


def test_a_partner_that_is_suspended_gets_no_answer_and_no_old_one(stage: Stage) -> None:
    home, host = two(stage)
    person = known(stage, home, host)
    old, new = (renewal(host, home, person.pseudonym, serial=serial) for serial in (1, 2))
    stage.run(renew(home, old, host.code))
    desk = home.cases.partners
    stage.act(home, lambda tx: desk.suspend(tx, host.code, OPERATOR, "a test"))
    for asked in (old, new):
        assert stage.run(refusal(home, asked, host.code)).reason == NOT_A_PARTNER


def test_a_suspension_by_another_process_ends_old_answers_too(new_sqlite: NewStore) -> None:
    with staged(new_sqlite, HOME, HOST) as stage:
        home, host = two(stage)
        old = renewal(host, home, known(stage, home, host).pseudonym)
        stage.run(renew(home, old, host.code))
        other, desk = open_store(new_sqlite(HOME), stage.world.clock), home.cases.partners
        stage.run(other.run(lambda tx: desk.suspend(tx, host.code, OPERATOR, "a test")))
        stage.run(other.close())
        # This process has not seen it: its transaction does.
        assert home.store.registry.active_partner(host.code) is not None
        assert stage.run(refusal(home, old, host.code)).reason == NOT_A_PARTNER


def test_the_old_version_of_an_amended_agreement_counts_no_more(stage: Stage) -> None:
    home, host = two(stage)
    person = known(stage, home, host)
    old = renewal(host, home, person.pseudonym)
    stage.run(host.agree(home, lambda text: text.replace("valid_days = 365", "valid_days = 99")))
    assert stage.run(refusal(home, old, host.code)).reason == AGREEMENT_MISMATCH
    assert said(stage, person) != [None]


def forged(host: Town, honest: Envelope, *pseudonyms: bytes) -> Envelope:
    """The question with other pseudonyms, which no honest constructor would make, well signed."""
    wire = renewal_pb2.RenewalRequest.FromString(honest.payload)
    del wire.pseudonyms[:]
    wire.pseudonyms.extend(pseudonyms)
    payload = wire.SerializeToString(deterministic=True)
    asked = codec.RENEWAL_REQUEST.decode(honest.payload)
    return seal(replace(codec.RENEWAL_REQUEST, encode=lambda _: payload), asked, [host.keys])


def test_too_many_none_twice_the_same_and_crooked_pseudonyms_are_refused(stage: Stage) -> None:
    home, host = two(stage)
    before = kept(home)
    honest = renewal(host, home, NOBODY)
    crowd = [i.to_bytes(32, "big") for i in range(RENEWAL_ITEMS + 1)]
    for pseudonyms in (crowd, [], [NOBODY, NOBODY], [NOBODY[1:]], [NOBODY + b"0"], [b""]):
        found = stage.run(refusal(home, forged(host, honest, *pseudonyms), host.code))
        assert found.reason in (MALFORMED, TOO_LARGE)
    assert kept(home) == before


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("batching")
    new: NewStore = lambda name: f"sqlite:///{folder / name}.sqlite"  # noqa: E731 - of its own
    with staged(new, HOME, HOST) as found:
        yield found


@given(payload=st.binary(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_that_is_well_signed_is_refused_and_nothing_is_kept(
    scene: Stage, payload: bytes
) -> None:
    home, host = scene[HOME], scene[HOST]
    before = kept(home)
    statement = replace(codec.RENEWAL_REQUEST, encode=lambda _: payload)
    asked = codec.RENEWAL_REQUEST.decode(renewal(host, home, NOBODY).payload)
    with pytest.raises(HutongError) as refused:
        scene.run(renew(home, seal(statement, asked, [host.keys]), host.code))
    assert refused.value.reason.status.name == "INVALID_ARGUMENT"
    assert kept(home) == before


SERIALS = iter(range(1000, 1_000_000))


@given(
    points=st.lists(st.integers(-400, 400), min_size=1, max_size=6),
    level=st.sampled_from((Disclosure.THRESHOLD, Disclosure.BAND)),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_no_payload_carries_anything_below_the_line(
    scene: Stage, points: list[int], level: Disclosure
) -> None:
    home, host = scene[HOME], scene[HOST]
    people = [known(scene, home, host) for _ in points]
    for person, sum_ in zip(people, points, strict=True):
        scene.run(home.record(person.number, sum_))
    whose = [person.pseudonym for person in people]
    asked = renewal(host, home, *whose, serial=next(SERIALS), disclosure=level)
    renewed = scene.run(renew(home, asked, host.code))
    own = home.store.registry.own_scale()
    assert own is not None
    low = [
        band.band_id.encode() for band in own.scale.bands if not own.scale.exportable(band.band_id)
    ]
    assert low
    for result, sum_ in zip(renewed.results, points, strict=True):
        standing = own.scale.standing((100 + sum_) * 1000, frozenset())
        assert result is not None or not own.scale.exportable(standing.band_id)
        if result is not None:
            assert own.scale.exportable(standing.band_id)
            claim = codec.ATTESTATION.decode(result.payload).claim
            assert claim.band_id in (None, standing.band_id)
            assert not [band for band in low if band in result.payload]
