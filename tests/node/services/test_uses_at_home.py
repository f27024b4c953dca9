"""A home city that counts uses: never one too many, and a refusal tells a host nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    BAD_SIGNATURE,
    EXPIRED,
    NOT_RECOGNISED,
    STALE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.incentives import UseLease
from federation.limits import CLOCK_SKEW, USE_KEY_BYTES
from federation.messages import UseCounting
from federation.pseudonym import pairwise_pseudonym
from node.errors import ANOTHER_USE_KEY, NOT_A_PARTNER, REQUEST_ID_REUSED
from node.history import HistoryKind
from node.model import PageRequest, UseOutcome
from node.services.residents import UseConsent
from node.store.incentive_tables import USE_LEASES
from node.store.tables import ANSWERS, USES
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node import leavings
from tests.node.services.forging import use_release, use_request
from tests.node.services.living import events
from tests.node.services.renting import Renter, renter
from tests.node.services.stage import Stage, staged
from tests.node.services.test_home_city import count

HOME, HOST, THIRD = "410100", "330100", "320500"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
# News of at most a day, a question of a minute, and two clocks.
KEY_OUTLIVES = timedelta(hours=24, minutes=3)
LABEL, OTHER_LABEL = b"l" * 32, b"o" * 32
ANOTHER_KEY = bytes(USE_KEY_BYTES)


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST, THIRD) as found:
        yield found


@pytest.fixture
def who(stage: Stage) -> Renter:
    """A resident whose uses may be counted for two hosts."""
    made = renter(stage, HOME)
    made.consent(HOST)
    made.consent(THIRD)
    return made


def pseudonym(who: Renter, host: str) -> bytes:
    found = who.stage.act(who.home, lambda tx: tx.residents.get(who.resident))
    assert found is not None
    return pairwise_pseudonym(found.secret, CityCode(host))


def asked(who: Renter, host: str = HOST, **lies: object) -> Envelope:
    known_as = lies.pop("pseudonym", None) or pseudonym(who, host)
    given = {"label": LABEL} | lies
    return use_request(who.stage[host], who.home, known_as, **given)  # type: ignore[arg-type]


def granted(who: Renter, envelope: Envelope, host: str = HOST) -> UseLease:
    answer = who.stage.run(who.home.cases.counting.grant(envelope, who.stage[host].code))
    return codec.USE_LEASE.decode(codec.envelope_from_bytes(answer).payload)


def refused(who: Renter, envelope: Envelope, host: str = HOST) -> HutongError:
    with pytest.raises(HutongError) as found:
        granted(who, envelope, host)
    return found.value


def released(who: Renter, serial: int, host: str = HOST) -> None:
    envelope = use_release(who.stage[host], who.home, serial)
    who.stage.run(who.home.cases.counting.release(envelope, who.stage[host].code))


def why(who: Renter) -> str:
    """What the resident sees of the newest refusal."""
    page = who.stage.act(who.home, lambda tx: tx.uses.page(who.resident, PageRequest(200, "")))
    return next(use.refusal for use in page.items if use.outcome is UseOutcome.REFUSED)


def test_the_second_of_a_kind_is_refused_in_whatever_city(who: Renter) -> None:
    first = granted(who, asked(who))
    assert first.until == who.home.clock.now() + 30 * DAY
    assert refused(who, asked(who, serial=2)).reason == NOT_RECOGNISED
    assert refused(who, asked(who, THIRD, serial=3), THIRD).reason == NOT_RECOGNISED
    assert why(who) == "REFUSED_USES_AT_MOST"
    granted(who, asked(who, THIRD, serial=4, label=OTHER_LABEL), THIRD)
    assert who.in_use() == 2


def test_each_host_says_for_itself_how_many_and_none_says_it_for_another(who: Renter) -> None:
    granted(who, asked(who, most=2))
    granted(who, asked(who, most=2, serial=2))
    assert refused(who, asked(who, most=2, serial=3)).reason == NOT_RECOGNISED
    assert refused(who, asked(who, THIRD, most=1, serial=4), THIRD).reason == NOT_RECOGNISED
    granted(who, asked(who, THIRD, most=100, serial=5), THIRD)


def test_a_repeated_request_gets_the_first_lease_and_counts_once(who: Renter) -> None:
    envelope = asked(who)
    first = granted(who, envelope)
    who.stage.world.clock.forward(30 * SECOND)
    assert granted(who, envelope) == first
    assert len(who.counted()) == 1


def test_the_same_id_with_other_bytes_is_refused(who: Renter) -> None:
    granted(who, asked(who))
    assert refused(who, asked(who, label=OTHER_LABEL)).reason == REQUEST_ID_REUSED
    assert len(who.counted()) == 1


def test_a_repeated_request_gets_nothing_once_it_was_given_back(who: Renter) -> None:
    envelope = asked(who)
    granted(who, envelope)
    released(who, 1)
    assert refused(who, envelope).reason == NOT_RECOGNISED
    assert who.in_use() == 0


def test_a_release_that_comes_before_its_request_refuses_it(who: Renter) -> None:
    released(who, 1)
    assert refused(who, asked(who)).reason == NOT_RECOGNISED
    assert why(who) == "REFUSED_GIVEN_BACK"
    assert who.counted() == []
    granted(who, asked(who, serial=2))


def test_two_releases_are_as_good_as_one_and_any_is_answered_the_same(who: Renter) -> None:
    granted(who, asked(who))
    for serial in (1, 1, 77):
        released(who, serial)
    [use] = who.counted()
    assert use.released_at is not None
    granted(who, asked(who, serial=2))


def test_another_host_gives_nothing_back_that_is_not_its_own(who: Renter) -> None:
    granted(who, asked(who))
    released(who, 1, THIRD)
    assert who.in_use() == 1
    assert refused(who, asked(who, THIRD, serial=2), THIRD).reason == NOT_RECOGNISED


def test_a_lease_ends_by_itself_a_minute_after_what_it_says(who: Renter) -> None:
    lease, clock = granted(who, asked(who, days=1)), who.stage.world.clock
    clock.forward(lease.until + CLOCK_SKEW - SECOND - clock.now())
    assert refused(who, asked(who, serial=2)).reason == NOT_RECOGNISED
    clock.forward(SECOND)
    granted(who, asked(who, serial=3))


def test_withdrawing_ends_nothing_that_is_in_use_and_lets_nothing_begin(who: Renter) -> None:
    granted(who, asked(who))
    who.stage.run(who.home.withdraw(who.resident, who.consents[HOST]))
    assert who.in_use() == 1
    assert refused(who, asked(who, serial=2, most=5)).reason == NOT_RECOGNISED
    assert why(who) == "REFUSED_CONSENT_ENDED"
    # Another host is held to the count, too.
    assert refused(who, asked(who, THIRD, serial=3), THIRD).reason == NOT_RECOGNISED


def test_a_use_outlives_the_consent_that_it_began_under(who: Renter) -> None:
    who.stage.world.clock.forward(29 * DAY)
    lease = granted(who, asked(who))
    who.stage.world.clock.forward(2 * DAY)
    assert lease.until > who.home.clock.now()
    assert who.in_use() == 1
    assert refused(who, asked(who, serial=2, most=5)).reason == NOT_RECOGNISED
    assert why(who) == "REFUSED_CONSENT_ENDED"


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"audience": CityCode(THIRD)}, WRONG_AUDIENCE),
        ({"issuer": CityCode(THIRD)}, WRONG_ISSUER),
        ({"agreement_id": "00000000-0000-7000-8000-00000000abcd"}, AGREEMENT_MISMATCH),
        ({"version": 9}, AGREEMENT_MISMATCH),
    ],
)
def test_a_request_that_lies_is_refused(who: Renter, lies: dict[str, Any], reason: Reason) -> None:
    assert refused(who, asked(who, **lies)).reason == reason
    assert who.counted() == []


def test_a_request_signed_by_another_city_or_carried_off_by_one_is_refused(who: Renter) -> None:
    forged = asked(who, signer=who.stage[THIRD].keys)
    assert refused(who, forged).reason == UNKNOWN_KEY
    assert refused(who, asked(who), THIRD).reason == UNKNOWN_KEY


def test_a_request_with_one_bit_flipped_counts_nothing(who: Renter) -> None:
    envelope = asked(who)
    for place in range(0, len(envelope.payload), 11):
        payload = bytearray(envelope.payload)
        payload[place] ^= 1
        broken = Envelope(envelope.payload_type, bytes(payload), envelope.signatures)
        assert refused(who, broken).reason == BAD_SIGNATURE
    assert who.counted() == []


def test_an_old_request_is_refused_and_one_within_the_skew_is_not(who: Renter) -> None:
    now = who.home.clock.now()
    old = asked(who, issued_at=now - CLOCK_SKEW - SECOND)
    assert refused(who, old).reason in (STALE, EXPIRED)
    for serial, at in enumerate((now + CLOCK_SKEW, now - CLOCK_SKEW + SECOND), start=5):
        granted(who, asked(who, issued_at=at, serial=serial, most=9))


def test_a_partner_that_was_suspended_gets_no_lease_and_gives_none_back(who: Renter) -> None:
    granted(who, asked(who))
    desk = who.home.cases.partners
    who.stage.act(
        who.home, lambda tx: desk.suspend(tx, CityCode(HOST), "operator/default", "a test")
    )
    assert refused(who, asked(who)).reason == NOT_A_PARTNER
    with pytest.raises(HutongError):
        released(who, 1)
    assert who.in_use() == 1


def cases_of_refusal(who: Renter) -> dict[str, Envelope]:
    """Requests that are refused, each for another reason."""
    stage, home = who.stage, who.home
    uncounted, withdrawn, full = (renter(stage, HOME) for _ in range(3))
    uncounted.consent(HOST, UseCounting.NONE)
    stage.run(home.withdraw(withdrawn.resident, withdrawn.consent(HOST)))
    full.consent(HOST)
    granted(full, asked(full, serial=50))
    released(who, 51)
    return {
        "nobody": asked(who, pseudonym=b"n" * 32, serial=52),
        "no consent to it": asked(uncounted, serial=53),
        "withdrawn": asked(withdrawn, serial=54),
        "limit reached": asked(full, serial=55),
        "the kind named": asked(who, use_class="rental", serial=56),
        "given back before": asked(who, serial=51),
    }


def test_all_refusals_are_one(who: Renter) -> None:
    tables = (USES, ANSWERS, LOG_ENTRIES, USE_LEASES)
    errors, written = list[HutongError](), set[tuple[int, ...]]()
    for envelope in cases_of_refusal(who).values():
        before = [count(who.home, table) for table in tables]
        errors.append(refused(who, envelope))
        after = [count(who.home, table) for table in tables]
        written.add(tuple(a - b for a, b in zip(after, before, strict=True)))
    assert all(error == errors[0] for error in errors)
    assert errors[0] == HutongError(NOT_RECOGNISED)
    assert written == {(1, 1, 1, 0)}


def test_a_kind_that_the_consent_keeps_is_refused_and_stored_nowhere(who: Renter) -> None:
    marker = "zx-kind-of-nothing"
    assert refused(who, asked(who, use_class=marker)).reason == NOT_RECOGNISED
    assert why(who) == "REFUSED_NOT_COUNTED"
    rows = leavings.dump(who.home.store._engine)
    assert not [table for table, found in rows.items() if any(marker in row for row in found)]


def test_a_kind_that_the_consent_shows_is_told_to_the_resident(stage: Stage) -> None:
    open_ = renter(stage, HOME)
    open_.consent(HOST, UseCounting.CLASS)
    granted(open_, asked(open_, use_class="rental"))
    released(open_, 1)
    granted(open_, asked(open_, serial=2))
    assert [use.use_class for use in open_.counted()] == ["", "rental"]
    kinds = [
        (e.kind, e.use_class)
        for e in events(stage, open_.home, open_.resident)
        if e.kind in (HistoryKind.USE_COUNTED, HistoryKind.USE_ENDED)
    ]
    assert sorted(kinds, key=str) == sorted(
        [
            (HistoryKind.USE_COUNTED, "rental"),
            (HistoryKind.USE_ENDED, "rental"),
            (HistoryKind.USE_COUNTED, ""),
        ],
        key=str,
    )


def test_a_use_that_ended_by_itself_is_in_the_timeline_at_its_end(who: Renter) -> None:
    lease = granted(who, asked(who, days=1))
    who.stage.world.clock.forward(3 * DAY)
    [ended] = [
        e for e in events(who.stage, who.home, who.resident) if e.kind is HistoryKind.USE_ENDED
    ]
    assert (ended.at, ended.subject) == (lease.until, lease.request_id)


def consent_with(who: Renter, key: bytes, host: str = HOST) -> Reason | None:
    try:
        who.consent(host, key=key)
    except HutongError as error:
        return error.reason
    return None


def test_another_use_key_is_refused_while_one_counts(who: Renter) -> None:
    granted(who, asked(who))
    assert consent_with(who, ANOTHER_KEY) == ANOTHER_USE_KEY
    stage, home = who.stage, who.home
    for consent in who.consents.values():
        stage.run(home.withdraw(who.resident, consent))
    # No consent lives, but by another key the use that is open would not be seen.
    assert consent_with(who, ANOTHER_KEY) == ANOTHER_USE_KEY
    assert consent_with(who, who.key) is None
    stage.run(home.withdraw(who.resident, who.consents[HOST]))
    released(who, 1)
    # A host that has not heard of the end asks by the old key, and another would by the new.
    stage.world.clock.forward(KEY_OUTLIVES - SECOND)
    assert consent_with(who, ANOTHER_KEY) == ANOTHER_USE_KEY
    stage.world.clock.forward(SECOND)
    assert consent_with(who, ANOTHER_KEY) is None
    assert consent_with(who, who.key) == ANOTHER_USE_KEY


def test_a_consent_that_counts_nothing_hangs_on_no_key(who: Renter) -> None:
    who.consent(HOST, UseCounting.NONE)
    granted(who, asked(who))


@pytest.mark.parametrize(
    "uses",
    [
        UseConsent(UseCounting.ANONYMOUS, b""),
        UseConsent(UseCounting.CLASS, bytes(31)),
        UseConsent(UseCounting.NONE, bytes(32)),
    ],
)
def test_a_commitment_of_another_size_is_refused(who: Renter, uses: UseConsent) -> None:
    with pytest.raises(HutongError) as found:
        who.stage.run(who.home.consent(who.resident, who.stage[HOST].code, uses=uses))
    assert found.value.fields["where"] == "use_commitment"


def test_who_is_erased_has_no_use_left_and_is_nobody(who: Renter) -> None:
    stage, home = who.stage, who.home
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 90))
    gone = replace(who, resident=resident, consents={}, passes={})
    gone.consent(HOST)
    request = asked(gone)
    granted(gone, request)
    stage.run(home.cases.erasing.erase(resident, number))
    assert count(home, USE_LEASES) == 0
    assert refused(gone, asked_again(gone, request)).reason == NOT_RECOGNISED


def asked_again(who: Renter, before: Envelope) -> Envelope:
    """The same about the same pseudonym, under a new id."""
    said = codec.USE_REQUEST.decode(before.payload)
    header = replace(said.header, statement_id="00000000-0000-7000-8000-000000000077")
    return seal(codec.USE_REQUEST, replace(said, header=header), [who.stage[HOST].keys])


def test_the_list_of_counted_uses_goes_page_by_page(who: Renter) -> None:
    for serial in range(1, 6):
        granted(who, asked(who, serial=serial, most=9))
    found, token = list[str](), ""
    while True:
        wanted = PageRequest(2, token)
        page = who.stage.act(
            who.home,
            lambda tx, w=wanted: who.home.cases.counting.leases(tx, who.resident, w),  # type: ignore[misc]
        )
        found += [use.lease_id for use in page.items]
        token = page.next_token
        if not token:
            break
    assert found == sorted(found, reverse=True)
    assert len(found) == 5
