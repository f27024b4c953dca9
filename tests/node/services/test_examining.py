"""What `doctor` and health say of partners: before anything ends, and with what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation import codec
from federation.errors import NOT_YET_VALID, HutongError
from federation.identifiers import CityCode
from federation.messages import Flags
from node import limits
from node.certificates import peer_identity
from node.errors import STORE_UNAVAILABLE
from node.model import Contact, Finding, Severity
from node.registry import AgreementState, Partner, Registry, StoredAgreement
from node.services.examining import Examining
from node.services.partner_findings import partner_findings, unstated_contacts
from node.store_errors import STORE_NEWER, STORE_OLD
from tests.conftest import NewStore
from tests.federation.make import agreement as made_agreement
from tests.node.befriend import ALL_THE_WAY, active
from tests.node.services.simulated import MemoryKeys, MovableClock
from tests.node.services.world import START, Town, World, world
from tests.node.typed import every_one_can_be_typed

HOME, FRIEND, INVITED = CityCode("410100"), CityCode("330100"), CityCode("420100")
INVITED_ID = "0192f0c1-2b3c-7def-8123-456789abcdef"
DAY = timedelta(days=1)
OK, WARNING, ERROR = Severity.OK, Severity.WARNING, Severity.ERROR
REACHED = Contact(FRIEND, START, reached_at=START)


def partner() -> Partner:
    keys = MemoryKeys(FRIEND, START)
    certificate = peer_identity(FRIEND, now=START, life=400 * DAY).der()
    bundle = codec.TRUST_BUNDLE.decode(keys.bundle.payload)
    bundle = replace(bundle, tls_certificates=(certificate,))
    return active(Partner(FRIEND, bundle, keys.bundle, START))


def registry(*agreements: StoredAgreement) -> Registry:
    return Registry(1, (), {}, (), agreements, None)


def found(
    one: Partner,
    contact: Contact | None = REACHED,
    *agreements: StoredAgreement,
    after: timedelta = timedelta(0),
    failed: HutongError | None = None,
) -> dict[str, Finding]:
    findings = partner_findings(HOME, registry(*agreements), one, contact, START + after, failed)
    return {f.subject.removeprefix(f"partner {FRIEND}").strip(): f for f in findings}


def severities(found: dict[str, Finding]) -> dict[str, Severity]:
    return {part: finding.severity for part, finding in found.items() if finding.severity is not OK}


def test_a_partner_in_order_has_nothing_but_ok_and_every_part_is_told() -> None:
    all_of_it = found(partner(), replace(REACHED, clock_offset=timedelta(seconds=0.4)))
    assert set(all_of_it) == {
        "",
        "contact",
        "clock",
        "trust-bundle",
        "signing-key",
        "root-keys",
        "tls-certificate",
        "agreement",
    }
    assert severities(all_of_it) == {}
    assert "Number 1, made on 2026-11-24. Valid until" in all_of_it["trust-bundle"].detail_en
    assert "2026-11-24 02:00:00 UTC" in all_of_it["contact"].detail_zh


@pytest.mark.parametrize(
    ("here", "there", "next_step"),
    [
        (Flags(), Flags(), "hutong partner approve 330100"),
        (Flags(), Flags(approved=True), "hutong partner approve 330100"),
        (Flags(approved=True), Flags(), "hutong partner approve 410100"),
        (Flags(approved=True), Flags(approved=True), "hutong partner test 330100"),
        (ALL_THE_WAY, Flags(approved=True), "hutong partner test 410100"),
    ],
)
def test_a_partner_on_its_way_is_told_with_the_next_step(
    here: Flags, there: Flags, next_step: str
) -> None:
    state = found(replace(partner(), here=here, there=there))[""]
    assert state.severity is OK
    for remedy in (state.remedy_zh, state.remedy_en):
        assert f"`{next_step}`" in remedy


def test_a_partner_that_was_never_reached_on_its_way_is_no_alarm() -> None:
    one = replace(partner(), here=Flags(), there=Flags())
    failing = Contact(FRIEND, START, failures=9, problem="PEER_REFUSED")
    assert severities(found(one, failing, after=3 * DAY)) == {}
    assert severities(found(one, None, after=3 * DAY)) == {}


def test_a_partner_that_states_no_contact_is_told_while_residents_can_consent_to_it() -> None:
    silent = replace(partner(), bundle=replace(partner().bundle, contact=" "))

    def told(one: Partner) -> list[Finding]:
        return list(unstated_contacts(Registry(1, (), {FRIEND: one}, (), (), None)))

    [finding] = told(silent)
    assert (finding.subject, finding.severity) == (f"partner {FRIEND} stated-contact", WARNING)
    assert "“未载明”" in finding.detail_zh
    assert "“not stated”" in finding.detail_en
    for remedy in (finding.remedy_zh, finding.remedy_en):
        assert f"`hutong partner sync {FRIEND}`" in remedy
    for flags in (Flags(), replace(ALL_THE_WAY, suspended=True)):
        assert told(replace(silent, here=flags)) == []
    assert told(partner()) == []


@pytest.mark.parametrize("flag", ["suspended", "ended"])
def test_what_is_off_is_as_it_should_be_and_its_ends_are_no_alarm(flag: str) -> None:
    for here, there, by in ((True, False, "this city"), (False, True, "the partner")):
        one = replace(
            partner(),
            here=replace(ALL_THE_WAY, **{flag: here}),
            there=replace(ALL_THE_WAY, **{flag: there}),
            state_reason="an audit",
            sequence=2,
        )
        contact = replace(REACHED, failures=4, problem="PEER_UNREACHABLE")
        [only] = found(one, contact, after=2000 * DAY).values()
        assert only.severity is OK
        assert f"by {by}: an audit" in only.detail_en
        assert "does not know yet (PEER_UNREACHABLE)" in only.detail_en


@pytest.mark.parametrize(
    ("part", "ends"), [("trust-bundle", 365), ("tls-certificate", 400), ("signing-key", 700)]
)
def test_what_ends_is_a_warning_a_month_before_and_an_error_after(part: str, ends: int) -> None:
    month = limits.EXPIRY_WARNING
    one = partner()
    end = {
        "trust-bundle": one.bundle.header.expires_at - START,
        "tls-certificate": ends * DAY,
        "signing-key": ends * DAY,
    }[part]
    expected = ((end - month, OK), (end - month + DAY, WARNING), (end + DAY, ERROR))
    for after, severity in expected:
        finding = found(one, after=after)[part]
        assert finding.severity is severity, after
        assert ("hutong partner sync 330100" in finding.remedy_en) is (severity is not OK)
        assert ("hutong keys rotate" in finding.remedy_zh) is (severity is not OK)


def test_a_bundle_without_a_certificate_or_key_that_counts_is_an_error() -> None:
    one = partner()
    revoked = tuple(replace(key, revoked_at=START) for key in one.bundle.signing_keys)
    bundle = replace(one.bundle, tls_certificates=(b"none",), signing_keys=revoked)
    bad = severities(found(replace(one, bundle=bundle)))
    assert bad == {"tls-certificate": ERROR, "signing-key": ERROR}


def test_a_silence_is_a_warning_after_three_missed_swaps_and_an_error_after_a_day() -> None:
    for after, severity in (
        (timedelta(hours=18), OK),
        (timedelta(hours=19), WARNING),
        (timedelta(hours=24), WARNING),
        (timedelta(hours=25), ERROR),
    ):
        contact = found(partner(), after=after)["contact"]
        assert contact.severity is severity, after
        assert ("hutong partner sync" in contact.remedy_en) is (severity is not OK)
        never = found(partner(), None, after=after)["contact"]
        assert never.severity is severity


def test_failures_in_a_row_are_a_warning_with_what_is_wrong() -> None:
    for failures, severity in ((2, OK), (3, WARNING)):
        contact = replace(REACHED, failures=failures, problem="PEER_UNREACHABLE")
        finding = found(partner(), contact)["contact"]
        assert finding.severity is severity
        assert "PEER_UNREACHABLE" in finding.detail_zh


def test_a_partner_that_does_not_know_our_last_word_is_told() -> None:
    one = replace(partner(), sequence=2)
    assert found(one)["statement"].severity is OK
    failing = replace(REACHED, failures=1, problem="PEER_UNREACHABLE")
    assert found(one, failing)["statement"].severity is WARNING
    assert "statement" not in found(partner())


@pytest.mark.parametrize(
    ("seconds", "severity"), [(0, OK), (-30, OK), (31, WARNING), (-60, WARNING), (61, ERROR)]
)
def test_a_clock_that_is_off(seconds: int, severity: Severity) -> None:
    contact = replace(REACHED, clock_offset=timedelta(seconds=seconds))
    clock = found(partner(), contact)["clock"]
    assert clock.severity is severity
    assert f"{seconds:+.1f} s" in clock.detail_en
    assert ("NTP" in clock.remedy_zh) is (severity is not OK)


def agreed(**changes: Any) -> StoredAgreement:  # noqa: ANN401 - any field
    agreement = replace(
        made_agreement(), version=3, valid_from=START - DAY, valid_until=START + 300 * DAY
    )
    envelope = MemoryKeys(HOME, START).bundle
    return replace(StoredAgreement(agreement, envelope, AgreementState.ACTIVE), **changes)


def test_an_agreement_is_told_with_its_version_and_its_end() -> None:
    for stored, after, severity, said in (
        (agreed(), timedelta(0), OK, "Version 3. Valid until"),
        (agreed(), 280 * DAY, WARNING, "Version 3. It ends on"),
        (agreed(), 301 * DAY, ERROR, "Version 3. It ended on"),
        (agreed(ends_there=START + 10 * DAY), timedelta(0), WARNING, "It ends on 2026-12-04"),
        (agreed(suspended_there=True), timedelta(0), OK, "Version 3. Suspended"),
        (agreed(), -2 * DAY, OK, "In force from"),
    ):
        finding = found(partner(), REACHED, stored, after=after)["agreement"]
        assert (finding.severity, said in finding.detail_en) == (severity, True), finding
    none = found(partner())["agreement"]
    assert "hutong agreement propose 330100" in none.remedy_zh


def test_both_languages_say_something_of_everything() -> None:
    one = replace(partner(), sequence=2)
    contact = replace(REACHED, failures=5, problem="X", clock_offset=timedelta(seconds=70))
    for after in (timedelta(0), 380 * DAY, 900 * DAY):
        for finding in found(one, contact, agreed(), after=after).values():
            assert finding.detail_zh
            assert finding.detail_en
            assert bool(finding.remedy_zh) == bool(finding.remedy_en)
            assert finding.severity is OK or finding.remedy_en


class QuietDesk:
    """A key desk that finds what a test says."""

    def __init__(self) -> None:
        self.says: tuple[Finding, ...] = ()

    async def findings(self) -> tuple[Finding, ...]:
        return self.says

    def contact(self) -> Finding:
        return Finding("contact", Severity.OK, "", "")


def play(new_store: NewStore, act: Callable[[World], Awaitable[None]]) -> None:
    async def path() -> None:
        async with world(new_store) as made:
            await act(made)

    asyncio.run(path())


def examining(town: Town, desk: QuietDesk) -> Examining:
    stub: Any = desk
    cases = town.cases
    return Examining(cases.here, town.store, cases.swapping.swap, stub, cases.delivering)


def test_the_doctor_tries_each_partner_now_and_tells_what_was_stored_where_that_fails(
    new_store: NewStore,
) -> None:
    async def act(made: World) -> None:
        home = made[HOME]
        doctor = examining(home, QuietDesk())
        one = {f.subject: f for f in await doctor.examine()}
        assert one[f"partner {FRIEND} contact"].severity is OK
        assert one[f"partner {FRIEND} clock"].severity is OK
        assert one["store"].severity is OK
        made.network.down.add(FRIEND)
        two = {f.subject: f for f in await doctor.examine()}
        contact = two[f"partner {FRIEND} contact"]
        assert contact.severity is WARNING
        assert "Last reached at 2026-11-24" in contact.detail_en
        assert "it is simulated" in contact.detail_en
        assert two[f"partner {FRIEND} clock"].severity is OK

    play(new_store, act)


def test_the_doctor_names_the_partner_whose_contact_no_consent_can_say(
    new_store: NewStore,
) -> None:
    async def act(made: World) -> None:
        home = made[HOME]
        doctor, subject = examining(home, QuietDesk()), f"partner {FRIEND} stated-contact"
        assert subject not in {f.subject for f in await doctor.examine()}
        one = home.store.registry.partners[FRIEND]
        silent = codec.TRUST_BUNDLE.encode(replace(one.bundle, contact=""))
        kept = replace(one, envelope=replace(one.envelope, payload=silent))
        await home.store.run(lambda tx: tx.administration.put_partner(kept))
        made.network.down.add(FRIEND)
        assert {f.subject: f.severity for f in await doctor.examine()}[subject] is WARNING
        stored = await doctor.stored()
        # The partnership is as it should be: its health is not that of a text.
        assert subject in {f.subject for f in stored.rules}
        assert subject not in {f.subject for f in stored.partners}

    play(new_store, act)


@pytest.mark.parametrize(
    "fault",
    [
        HutongError(STORE_UNAVAILABLE, problem="the disk is full"),
        HutongError(STORE_OLD, found="0006", needed="0007"),
        HutongError(STORE_NEWER, needed="0008", newest="0007"),
    ],
    ids=lambda fault: fault.reason.name,
)
def test_a_store_that_fails_is_no_fault_of_a_partner_and_says_what_to_type(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch, fault: HutongError
) -> None:
    async def full(*_: object) -> None:
        raise fault

    async def act(made: World) -> None:
        home = made[HOME]
        await home.cases.swapping.swap(FRIEND)
        monkeypatch.setattr(home.store, "run", full)
        findings = {f.subject: f for f in await examining(home, QuietDesk()).examine()}
        assert findings["store"].severity is ERROR
        assert findings[f"partner {FRIEND} contact"].severity is OK
        monkeypatch.setattr(home.store, "read", full)
        findings = {f.subject: f for f in await examining(home, QuietDesk()).examine()}
        assert findings["store"].severity is ERROR
        every_one_can_be_typed([findings["store"]])
        assert not any(subject.startswith("partner") for subject in findings)
        with pytest.raises(HutongError):
            await examining(home, QuietDesk()).stored()

    play(new_store, act)


def test_an_invited_city_is_told_with_the_end_of_its_code(new_store: NewStore) -> None:
    async def act(made: World) -> None:
        home = made[HOME]
        await home.cases.onboarding.invite(INVITED, INVITED_ID, "operator/a")
        findings = {f.subject: f for f in await examining(home, QuietDesk()).examine()}
        invited = findings[f"partner {INVITED} invitation"]
        assert invited.severity is OK
        assert "02:15:00 UTC" in invited.detail_en

    play(new_store, act)


def test_a_partner_that_hangs_holds_the_doctor_up_no_longer_than_its_deadline(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EXAMINE_DEADLINE", timedelta(milliseconds=20))

    async def hang(_city: CityCode) -> None:
        await asyncio.Event().wait()

    async def act(made: World) -> None:
        home, stub = made[HOME], QuietDesk()
        desk: Any = stub
        doctor = Examining(home.cases.here, home.store, hang, desk, home.cases.delivering)
        contact = next(
            f for f in await doctor.examine() if f.subject == f"partner {FRIEND} contact"
        )
        assert contact.severity is WARNING
        assert "no answer in time" in contact.detail_en

    play(new_store, act)


def test_a_clock_that_is_off_is_told_though_all_else_fails_by_it(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise HutongError(NOT_YET_VALID, what="statement")

    async def act(made: World) -> None:
        home, friend = made[HOME], made[FRIEND]
        friend.clock = MovableClock(START + timedelta(seconds=90))
        monkeypatch.setattr(home.cases.swapping._peers, "exchange_partnership", refused)
        findings = {f.subject: f for f in await examining(home, QuietDesk()).examine()}
        assert findings[f"partner {FRIEND} clock"].severity is ERROR
        assert findings[f"partner {FRIEND} contact"].severity is WARNING

    play(new_store, act)
