"""What is kept comes back as it was, and lists are paged, the newest first."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.model import PageRequest
from node.records import RecordKey
from node.store import attestations, cases, histories, notices, residents
from tests.conftest import NewStore
from tests.node.store.rig import (
    HOME,
    HOST,
    NOW,
    Desk,
    answer,
    code,
    consent,
    decision,
    opened,
    question,
    recognition,
    record,
    redemption,
    resident,
    text_id,
    use,
)

PSEUDONYM = b"p" * 32


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("rows")) as found:
        yield found


def test_a_resident_comes_back_as_kept_and_with_the_newest_sum(desk: Desk) -> None:
    desk.run(lambda tx: tx.residents.add(resident(1)))
    assert desk.read(lambda tx: tx.residents.get(text_id(1))) == resident(1)
    assert desk.read(lambda tx: tx.residents.get(text_id(2))) is None
    day = date(2028, 2, 29)
    named = ("blood-donor", "honesty-model")
    counted = replace(
        resident(1),
        points_milli=-99_999,
        shared_milli=-1,
        commendations=named,
        recount_on=day,
        counted_by=7,
    )
    desk.run(lambda tx: tx.residents.recount(counted))
    found = desk.read(lambda tx: tx.residents.by_document(resident(1).document_digest))
    assert found == counted
    assert desk.read(lambda tx: tx.residents.by_persons([1, 2])) == {1: counted}


def test_a_record_is_kept_once_for_its_source_and_number(desk: Desk) -> None:
    kept = [record(1), replace(record(2), ends_on=None, area="")]
    later = replace(record(3), occurred_on=date(2026, 2, 1))
    desk.run(lambda tx: tx.records.add([*kept, later]))
    again = replace(record(1), evidence="another", person=2)
    with pytest.raises(HutongError):
        desk.run(lambda tx: tx.records.add([again]))
    elsewhere = replace(again, key=RecordKey("sports-office", "r-1"))
    desk.run(lambda tx: tx.records.add([elsewhere]))
    found = desk.read(lambda tx: tx.records.of([1, 2, 9]))
    assert found == {1: (later, *kept), 2: (elsewhere,), 9: ()}
    keys = [record(1).key, elsewhere.key, RecordKey("sports-office", "r-9")]
    found_by_key = desk.read(lambda tx: tx.records.find(keys))
    assert found_by_key == {record(1).key: record(1), elsewhere.key: elsewhere}


def test_a_revision_takes_the_place_of_the_one_that_it_was_made_from_and_of_no_other(
    desk: Desk,
) -> None:
    desk.run(lambda tx: tx.records.add([record(1)]))
    second = replace(record(1), revision=2, evidence="corrected")
    assert desk.run(lambda tx: tx.records.replace(second, revision=1)) is True
    late = replace(record(1), revision=2, evidence="too late")
    assert desk.run(lambda tx: tx.records.replace(late, revision=1)) is False
    assert desk.read(lambda tx: tx.records.find([record(1).key])) == {record(1).key: second}


def test_a_consent_is_withdrawn_once_and_keeps_that_instant(desk: Desk) -> None:
    desk.run(lambda tx: tx.consents.add(consent(1), PSEUDONYM))
    assert desk.read(lambda tx: tx.consents.get(text_id(1))) == consent(1)
    later = NOW + timedelta(hours=1, microseconds=1)
    assert desk.run(lambda tx: tx.consents.withdraw(text_id(1), later)) is True
    assert desk.run(lambda tx: tx.consents.withdraw(text_id(1), NOW)) is False
    assert desk.run(lambda tx: tx.consents.withdraw(text_id(2), NOW)) is False
    found = desk.read(lambda tx: tx.consents.get(text_id(1)))
    assert found == replace(consent(1), withdrawn_at=later)


def test_a_code_leads_to_its_subject_whatever_became_of_it(desk: Desk) -> None:
    desk.run(lambda tx: tx.residents.add(resident(1)))
    desk.run(lambda tx: tx.consents.add(consent(1), PSEUDONYM))
    desk.run(lambda tx: tx.consents.add_code(code(1)))
    desk.run(lambda tx: tx.consents.use_code(code(1).code_digest, NOW))
    desk.run(lambda tx: tx.consents.withdraw(text_id(1), NOW))
    found = desk.read(lambda tx: tx.consents.by_code(code(1).code_digest))
    assert found.code == replace(code(1), used_at=NOW)
    assert found.consent == replace(consent(1), withdrawn_at=NOW)
    assert (found.resident, found.pseudonym) == (resident(1), PSEUDONYM)
    assert desk.read(lambda tx: tx.consents.by_code(b"?" * 32)).is_nobody


def test_a_pseudonym_leads_to_every_consent_to_its_host_and_to_no_other(desk: Desk) -> None:
    desk.run(lambda tx: tx.residents.add(resident(1)))
    other = CityCode("320500")
    for given_consent in (consent(1), consent(2), replace(consent(3), host=other)):
        desk.run(lambda tx, c=given_consent: tx.consents.add(c, PSEUDONYM))  # type: ignore[misc]
    found = desk.read(lambda tx: tx.consents.by_pseudonym(HOST, PSEUDONYM))
    assert [subject.consent.consent_id for subject in found] == [text_id(2), text_id(1)]
    unknown = desk.read(lambda tx: tx.consents.by_pseudonym(HOST, b"q" * 32))
    assert [subject.is_nobody for subject in unknown] == [True]


def test_consents_and_uses_are_paged_and_never_cut(desk: Desk) -> None:
    for serial in range(1, 8):
        desk.run(lambda tx, s=serial: tx.consents.add(consent(s), PSEUDONYM))  # type: ignore[misc]
        desk.run(lambda tx, s=serial: tx.uses.add(use(s, text_id(1))))  # type: ignore[misc]
    desk.run(lambda tx: tx.uses.add(use(99, text_id(2))))
    for size in (1, 3, 6, 7, 8):
        consents, uses, token, pages = list[str](), list[str](), "", 0
        while token or not pages:
            request = PageRequest(size, token)
            one = desk.read(lambda tx, r=request: tx.consents.page(text_id(1), r))  # type: ignore[misc]
            other = desk.read(lambda tx, r=request: tx.uses.page(text_id(1), r))  # type: ignore[misc]
            consents += [each.consent_id for each in one.items]
            uses += [each.use_id for each in other.items]
            assert one.next_token == other.next_token
            token, pages = one.next_token, pages + 1
        assert consents == uses == [text_id(serial) for serial in range(7, 0, -1)]
        assert pages == -(-7 // size)


def test_a_use_is_seen_by_a_later_step_of_the_same_transaction(desk: Desk) -> None:
    def case(tx: object) -> int:
        tx.uses.add(use(1, text_id(1)))  # type: ignore[attr-defined]
        return len(tx.uses.page(text_id(1), PageRequest(5, "")).items)  # type: ignore[attr-defined]

    assert desk.run(case) == 1


def test_a_recognition_comes_back_by_each_of_its_names_and_ends_once(desk: Desk) -> None:
    desk.run(lambda tx: tx.recognitions.put(recognition(1)))
    assert desk.read(lambda tx: tx.recognitions.get(text_id(1))) == recognition(1)
    digest = recognition(1).pass_digest
    assert desk.read(lambda tx: tx.recognitions.by_pass(digest)) == recognition(1)
    assert desk.read(lambda tx: tx.recognitions.by_pseudonym(HOME, PSEUDONYM)) == recognition(1)
    newer = replace(recognition(1), pass_digest=b"n" * 32, band_id="outstanding", commendations=())
    desk.run(lambda tx: tx.recognitions.put(newer))
    assert desk.read(lambda tx: tx.recognitions.by_pass(digest)) is None
    assert desk.read(lambda tx: tx.recognitions.by_pass(b"n" * 32)) == newer
    desk.run(lambda tx: tx.recognitions.end(text_id(1), NOW))
    desk.run(lambda tx: tx.recognitions.end(text_id(1), NOW + timedelta(hours=1)))
    assert desk.read(lambda tx: tx.recognitions.get(text_id(1))) == replace(newer, ended_at=NOW)


def test_a_question_replaces_the_older_one_of_its_key(desk: Desk) -> None:
    desk.run(lambda tx: tx.recognitions.ask(question(1)))
    newer = replace(question(1), envelope=b"newer")
    desk.run(lambda tx: tx.recognitions.ask(newer))
    assert desk.read(lambda tx: tx.recognitions.question(question(1).key)) == newer
    assert desk.read(lambda tx: tx.recognitions.question(b"?" * 32)) is None


def test_a_decision_and_its_redemption_come_back(desk: Desk) -> None:
    desk.run(lambda tx: tx.redemptions.decide([decision(1), decision(2)]))
    desk.run(lambda tx: tx.redemptions.decide([]))
    desk.run(lambda tx: tx.redemptions.add(redemption(1)))
    assert desk.read(lambda tx: tx.redemptions.decision(text_id(2))) == decision(2)
    assert desk.read(lambda tx: tx.redemptions.by_decision(text_id(1))) == redemption(1)
    assert desk.read(lambda tx: tx.redemptions.by_decision(text_id(2))) is None


@given(body=st.binary(max_size=200), response=st.binary(max_size=2000), serial=st.integers(1, 9))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_comes_back_byte_for_byte(
    desk: Desk, body: bytes, response: bytes, serial: int
) -> None:
    desk.execute("DELETE FROM answers")
    kept = answer(serial, body, response)
    desk.run(lambda tx: tx.answers.record(kept))
    assert desk.read(lambda tx: tx.answers.find(kept.caller, kept.request_id)) == kept
    assert desk.read(lambda tx: tx.answers.find("venue/other", kept.request_id)) is None


def test_nobody_is_no_resident_and_has_no_consent(desk: Desk) -> None:
    assert desk.read(lambda tx: tx.residents.get("")) is None
    assert desk.read(lambda tx: tx.consents.get("")) is None


@pytest.mark.parametrize("pages", [attestations, cases, histories, notices, residents])
def test_a_first_page_begins_above_every_id_in_any_language(pages: ModuleType) -> None:
    """Languages differ about signs; letters come after digits in all of them, and "z" after "f"."""
    above: str = pages._LAST
    assert above.isalpha()
    assert above > "f" * len(text_id(1))
