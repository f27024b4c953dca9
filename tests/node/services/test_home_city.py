"""What a hostile host may ask a home city, and what it gets."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from federation import codec
from federation.envelope import Envelope, Signature
from federation.errors import (
    AGREEMENT_MISMATCH,
    AGREEMENT_NOT_ACTIVE,
    BAD_SIGNATURE,
    EXPIRED,
    KEY_NOT_VALID,
    NOT_RECOGNISED,
    NOT_YET_VALID,
    STALE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
)
from federation.messages import Claim, Disclosure
from node.errors import NOT_A_PARTNER, REQUEST_ID_REUSED
from node.ports import Transaction
from node.store.tables import ANSWERS, USES
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.services.forging import attest, changed, question, refusal, rekeyed
from tests.node.services.stage import Stage, staged
from tests.node.services.world import Town

HOME, HOST, THIRD = "410100", "330100", "320500"
MINUTE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST, THIRD) as found:
        yield found


def two(stage: Stage) -> tuple[Town, Town]:
    return stage[HOME], stage[HOST]


def shown(stage: Stage, points: int = 30, level: Disclosure = Disclosure.BAND) -> str:
    """A code of a new resident of the home city, for the host."""
    home, host = two(stage)
    resident = stage.run(home.resident(points, "blood-donor"))
    consent = stage.run(home.consent(resident, host.code, disclosure=level))
    return stage.run(home.show_code(resident, consent))


def refuse(stage: Stage, envelope: Envelope, caller: str = HOST) -> HutongError:
    return stage.run(refusal(stage[HOME], envelope, stage[caller].code))


def count(town: Town, table: sa.Table) -> int:
    with town.store._engine.connect() as connection:
        return len(connection.execute(sa.select(table)).all())


def test_a_replayed_question_gets_the_same_bytes_and_is_one_use(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage))
    first = stage.run(home.cases.attesting.attest(envelope, host.code))
    uses = count(home, USES)
    stage.world.clock.forward(MINUTE / 2)
    assert stage.run(home.cases.attesting.attest(envelope, host.code)) == first
    assert count(home, USES) == uses


def test_a_replayed_refusal_stays_one_whatever_was_consented_since(stage: Stage) -> None:
    home, host = two(stage)
    resident = stage.run(home.resident(30))
    consent = stage.run(home.consent(resident, host.code, "scenic.discount"))
    code = stage.run(home.show_code(resident, consent))
    envelope = question(host, home, code)
    assert refuse(stage, envelope).reason == NOT_RECOGNISED
    stage.run(home.consent(resident, host.code))
    assert refuse(stage, envelope).reason == NOT_RECOGNISED


def test_the_same_id_with_other_bytes_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage))
    stage.run(attest(home, envelope, host.code))
    other = changed(envelope, host.keys, disclosure=Disclosure.THRESHOLD)
    assert refuse(stage, other).reason == REQUEST_ID_REUSED


def test_a_question_that_another_city_carries_off_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage))
    assert refuse(stage, envelope, THIRD).reason == UNKNOWN_KEY


def test_a_question_meant_for_another_city_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage), audience=stage[THIRD].code)
    assert refuse(stage, envelope).reason == WRONG_AUDIENCE


def test_a_question_in_another_citys_name_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage), issuer=stage[THIRD].code)
    assert refuse(stage, envelope).reason == WRONG_ISSUER


def test_a_question_signed_by_another_city_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage), signer=stage[THIRD].keys)
    assert refuse(stage, envelope).reason == UNKNOWN_KEY


def test_a_question_signed_by_a_root_key_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage), signer=host.keys.root)
    assert refuse(stage, envelope).reason == UNKNOWN_KEY


def test_a_question_with_one_bit_flipped_is_refused_and_uses_nothing_up(stage: Stage) -> None:
    home, host = two(stage)
    envelope = question(host, home, shown(stage))
    for place in range(0, len(envelope.payload), 7):
        payload = bytearray(envelope.payload)
        payload[place] ^= 1
        broken = Envelope(envelope.payload_type, bytes(payload), envelope.signatures)
        assert refuse(stage, broken).reason == BAD_SIGNATURE
    [signature] = envelope.signatures
    cut = Signature(signature.key_id, signature.signature[:-1])
    broken = Envelope(envelope.payload_type, envelope.payload, (cut,))
    assert refuse(stage, broken).reason == BAD_SIGNATURE
    assert count(home, USES) == 0
    stage.run(attest(home, envelope, host.code))


@pytest.mark.parametrize(
    ("begins", "ends", "revoked"),
    [(-10, 0, False), (1, 10, False), (-10, 10, True)],
    ids=["expired", "not yet valid", "revoked"],
)
def test_a_key_that_does_not_count_now_signs_nothing(
    stage: Stage, begins: int, ends: int, revoked: bool
) -> None:
    home, host = two(stage)
    now = home.clock.now()
    bundle = rekeyed(
        host, 2, not_before=now + begins * SECOND, not_after=now + ends * SECOND, revoked=revoked
    )
    stage.run(home.cases.swapping.receive_bundles(host.code, [bundle]))
    assert refuse(stage, question(host, home, shown(stage))).reason == KEY_NOT_VALID


def test_clocks_may_differ_by_sixty_seconds_either_way_and_no_more(stage: Stage) -> None:
    home, host = two(stage)
    now = home.clock.now()
    for serial, skew in enumerate((MINUTE, -MINUTE), start=1):
        envelope = question(
            host, home, shown(stage), serial=serial, issued_at=now + skew, life=2 * MINUTE
        )
        stage.run(attest(home, envelope, host.code))
    ahead = question(host, home, shown(stage), serial=3, issued_at=now + MINUTE + SECOND)
    assert refuse(stage, ahead).reason == NOT_YET_VALID
    behind = question(
        host, home, shown(stage), serial=4, issued_at=now - MINUTE - SECOND, life=60 * MINUTE
    )
    assert refuse(stage, behind).reason == STALE
    ended = question(host, home, shown(stage), serial=5, issued_at=now - MINUTE, life=MINUTE)
    assert refuse(stage, ended).reason == EXPIRED


def test_more_than_was_agreed_is_refused(stage: Stage) -> None:
    home, host = two(stage)
    honest = question(host, home, shown(stage))
    asked = codec.ATTESTATION_REQUEST.decode(honest.payload)
    for fields in (
        {"disclosure": Disclosure.SCORE},
        {"scenarios": ("lending.mortgage", "library.deposit_free")},
        {"agreement_version": asked.agreement_version + 1},
        {"agreement_id": "00000000-0000-7000-8000-000000000000"},
    ):
        refused = refuse(stage, changed(honest, host.keys, **fields))
        assert refused.reason == AGREEMENT_MISMATCH
    assert count(home, USES) == 0


def test_no_agreement_means_no_answer_and_a_stranger_none_at_all(new_sqlite: NewStore) -> None:
    with staged(new_sqlite, HOME, HOST, THIRD) as stage:
        home, host = two(stage)
        envelope = question(host, home, shown(stage))
        stage.world.clock.forward(timedelta(days=365))
        late = changed(
            envelope,
            host.keys,
            header=replace(
                codec.ATTESTATION_REQUEST.decode(envelope.payload).header,
                issued_at=home.clock.now(),
                expires_at=home.clock.now() + MINUTE,
            ),
        )
        assert refuse(stage, late).reason == AGREEMENT_NOT_ACTIVE
        stranger = stage.run(refusal(home, envelope, type(host.code)("420100")))
        assert stranger.reason == NOT_A_PARTNER


def test_another_hosts_pseudonym_and_another_hosts_code_open_nothing(stage: Stage) -> None:
    home, host = two(stage)
    third = stage[THIRD]
    said = stage.run(attest(home, question(host, home, shown(stage)), host.code))
    stolen = question(third, home, pseudonym=said.pseudonym, serial=2)
    assert refuse(stage, stolen, THIRD).reason == NOT_RECOGNISED
    code = shown(stage)
    assert refuse(stage, question(third, home, code, serial=3), THIRD).reason == NOT_RECOGNISED
    spent = question(host, home, code, serial=4)
    assert refuse(stage, spent).reason == NOT_RECOGNISED


def test_a_guessed_code_or_pseudonym_opens_nothing_and_leaves_the_same_rows(stage: Stage) -> None:
    home, host = two(stage)
    below, good = shown(stage, -30), shown(stage)
    asked = [
        question(host, home, below, serial=1),
        question(host, home, good, serial=2),
        question(host, home, good, serial=3),
        question(host, home, pseudonym=b"guessed!" * 4, serial=4),
        changed(
            question(host, home, good, serial=5), host.keys, presentation_code=b"guess" * 3 + b"!"
        ),
    ]
    outcomes = []
    for envelope in asked:
        before = [count(home, table) for table in (USES, LOG_ENTRIES, ANSWERS)]
        try:
            stage.run(attest(home, envelope, host.code))
            outcomes.append("given")
        except HutongError as error:
            outcomes.append(str(error))
        after = [count(home, table) for table in (USES, LOG_ENTRIES, ANSWERS)]
        assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert outcomes[1] == "given"
    assert len(set(outcomes)) == 2
    with home.store._engine.connect() as connection:
        to_host = sa.select(ANSWERS.c.response).where(ANSWERS.c.caller == host.code)
        answers = connection.execute(to_host).scalars().all()
    sizes = sorted(map(len, answers))
    assert sizes[-1] - sizes[0] < 80, "a refusal's record is told by its size"


def test_a_consent_given_while_the_question_waits_is_attested_to_from_then_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, host = two(stage)
    resident = stage.run(home.resident(30))
    first = stage.run(home.consent(resident, host.code))
    code = stage.run(home.show_code(resident, first))
    known = stage.run(attest(home, question(host, home, code), host.code)).pseudonym
    again = question(host, home, pseudonym=known, serial=2)
    queue = home.store.run

    async def waits(use_case: Callable[[Transaction], object]) -> object:
        """The question stands in the queue while the resident withdraws and consents anew."""
        monkeypatch.undo()
        await home.withdraw(resident, first)
        home.clock.forward(SECOND)
        await home.consent(resident, host.code)
        return await queue(use_case)

    monkeypatch.setattr(home.store, "run", waits)
    said = stage.run(attest(home, again, host.code))
    assert said.header.issued_at == home.clock.now()
    assert said.as_of == home.clock.now()


SHOWN = {
    Disclosure.THRESHOLD: {"line_band"},
    Disclosure.BAND: {"band_id", "commendations"},
    Disclosure.SCORE: {"band_id", "commendations", "score_milli"},
}


def told(claim: Claim) -> set[str]:
    fields = ("line_band", "band_id", "score_milli", "commendations")
    return {name for name in fields if getattr(claim, name) not in (None, ())}


def test_the_least_of_what_was_asked_consented_and_agreed_is_shown(new_sqlite: NewStore) -> None:
    with staged(new_sqlite) as stage:
        home, host = two(stage)
        change = lambda text: text.replace(  # noqa: E731 - read in place
            'disclosure_limit = "BAND"', 'disclosure_limit = "SCORE"'
        )
        stage.run(home.agree(host, change))
        pairs = itertools.product(Disclosure, Disclosure)
        for serial, (asked, consented) in enumerate(pairs, start=1):
            code = shown(stage, 33, consented)
            envelope = question(host, home, code, serial=serial, disclosure=asked)
            said = stage.run(attest(home, envelope, host.code))
            level = min(asked, consented)
            assert said.claim.disclosure == level
            assert told(said.claim) == SHOWN[level]
            if level is Disclosure.SCORE:
                assert said.claim.score_milli == 133_000


def test_nothing_of_a_person_crosses_but_what_the_level_shows(stage: Stage) -> None:
    home, host = two(stage)
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 33))
    consent = stage.run(home.consent(resident, host.code))
    code = stage.run(home.show_code(resident, consent))
    answer = stage.run(home.cases.attesting.attest(question(host, home, code), host.code))
    for personal in (number, resident, consent, "volunteering", "志愿服务", "r-", "office"):
        assert personal.encode() not in answer
    for form in (133_000, 133):
        assert form.to_bytes(4, "little") not in answer


def test_what_was_not_consented_to_is_neither_said_nor_guessable(stage: Stage) -> None:
    home, host = two(stage)
    resident = stage.run(home.resident(30))
    consent = stage.run(home.consent(resident, host.code, "library.deposit_free"))
    code = stage.run(home.show_code(resident, consent))
    both = ("library.deposit_free", "scenic.discount")
    said = stage.run(attest(home, question(host, home, code, scenarios=both), host.code))
    assert said.scenarios == ("library.deposit_free",)


def test_an_attestation_never_outlives_its_consent(stage: Stage) -> None:
    home, host = two(stage)
    resident = stage.run(home.resident(30))
    consent = stage.run(home.consent(resident, host.code))
    ends = home.clock.now() + timedelta(days=30)
    stage.world.clock.forward(timedelta(days=30) - MINUTE)
    code = stage.run(home.show_code(resident, consent))
    said = stage.run(attest(home, question(host, home, code), host.code))
    assert said.header.expires_at == ends
    stage.world.clock.forward(MINUTE)
    late = question(host, home, pseudonym=said.pseudonym, serial=2)
    assert refuse(stage, late).reason == NOT_RECOGNISED
