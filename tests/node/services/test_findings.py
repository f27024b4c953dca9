"""Each finding that is not as it should be says what to type; clocks and timed work are found."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.messages import Flags
from node import limits
from node.errors import KEY_UNUSABLE, PEER_UNREACHABLE, STORE_UNAVAILABLE
from node.logbook import Fork
from node.model import Contact, Finding, Severity
from node.records import CaseKind
from node.registry import Registry
from node.services.case_findings import case_finding
from node.services.clock_findings import own_clock, partner_clock
from node.services.examining import Examining
from node.services.findings import expiry, restore
from node.services.here import Here
from node.services.key_findings import contact_finding, key_findings
from node.services.log_findings import LogState, log_findings
from node.services.partner_findings import unstated_contacts
from node.services.timers import timers
from node.services.works import Act, Works
from tests.conftest import NewStore
from tests.node.befriend import ALL_THE_WAY
from tests.node.services.simulated import MovableClock, SeededEntropy
from tests.node.services.test_examining import (
    DAY,
    FRIEND,
    HOME,
    OK,
    WARNING,
    QuietDesk,
    agreed,
    examining,
    found,
    partner,
    play,
)
from tests.node.services.world import START, World
from tests.node.typed import every_one_can_be_typed

CITIES = [CityCode(code) for code in ("320100", "330100", "420100", "320500")]
GONE = HutongError(PEER_UNREACHABLE, city=FRIEND, address="nowhere", problem="no connection")


def _of_partners() -> list[Finding]:
    contact = Contact(FRIEND, START, failures=9, problem="X", clock_offset=timedelta(seconds=70))
    made = list[Finding]()
    for here, there in (
        (Flags(), Flags()),
        (Flags(approved=True), Flags()),
        (Flags(), Flags(approved=True)),
        (Flags(approved=True), Flags(approved=True)),
        (ALL_THE_WAY, Flags(approved=True)),
        (ALL_THE_WAY, ALL_THE_WAY),
        (replace(ALL_THE_WAY, suspended=True), ALL_THE_WAY),
        (replace(ALL_THE_WAY, ended=True), ALL_THE_WAY),
    ):
        one = replace(partner(), here=here, there=there, sequence=2)
        for after in (timedelta(0), 380 * DAY, 900 * DAY):
            made += found(one, contact, after=after, failed=GONE).values()
            made += found(one, contact, agreed(), after=after).values()
            made += found(one, contact, agreed(suspended_here=True), after=after).values()
    silent = replace(partner(), bundle=replace(partner().bundle, contact=""))
    made += unstated_contacts(Registry(1, (), {FRIEND: silent}, (), (), None))
    return made


def _of_the_city() -> list[Finding]:
    bundle = partner().bundle
    made = [contact_finding(replace(bundle, contact=""))]
    for after in (timedelta(0), 4000 * DAY):
        made += key_findings(bundle, bundle.signing_keys[0].key_id, 0, START + after)
    made += key_findings(bundle, "of another", 1, START)
    made.append(case_finding({CaseKind.OBJECTION: 2}))
    long = START - limits.COSIGNING_WARNING
    fork = Fork(FRIEND, START, b"", b"", (), "", b"")
    made += log_findings(LogState(3, None, None, {FRIEND: 0}, {FRIEND: long}, (fork,), long), START)
    return made


def test_every_finding_that_is_not_as_it_should_be_ends_with_a_command_that_exists() -> None:
    findings = [*_of_partners(), *_of_the_city()]
    bad = {finding.subject for finding in findings if finding.severity is not Severity.OK}
    assert len(bad) > 12
    every_one_can_be_typed(findings)


def test_a_file_of_keys_is_looked_at_where_it_lies_and_a_path_is_quoted() -> None:
    for path, command in (
        ("/var/lib/hutong/keys/root.pem", "ls -l /var/lib/hutong/keys/root.pem"),
        ("/x y/root.pem; rm -rf ~", "ls -l '/x y/root.pem; rm -rf ~'"),
        ("", "hutong keys show"),
    ):
        error = HutongError(KEY_UNUSABLE, path=path, problem="x")
        finding = Finding("keys", Severity.ERROR, "x", "x", *restore(error))
        assert finding.command == command
        every_one_can_be_typed([finding])


def offsets(*seconds: float | None) -> list[Contact]:
    return [
        Contact(city, START, clock_offset=None if s is None else timedelta(seconds=s))
        for city, s in zip(CITIES, seconds, strict=False)
    ]


@pytest.mark.parametrize(
    ("seconds", "severity", "said"),
    [
        ((40, 42), Severity.WARNING, "about -40 s"),
        ((-61, -70, -65, 0), Severity.ERROR, "about +65 s"),
        ((90, 95, 9000), Severity.ERROR, "about -95 s"),
    ],
)
def test_a_clock_that_most_partners_call_wrong_is_this_machines(
    seconds: tuple[float, ...], severity: Severity, said: str
) -> None:
    finding = own_clock(CITIES, offsets(*seconds))
    assert finding is not None
    assert (finding.subject, finding.severity) == ("clock", severity)
    assert said in finding.detail_en
    every_one_can_be_typed([finding, *(partner_clock("x", timedelta(seconds=s)) for s in seconds)])


@pytest.mark.parametrize(
    "seconds",
    [(), (900,), (40, -40), (40, 0), (40, 41, 0, 0), (29, 29, 29), (900, None, None), (900, 0, 1)],
)
def test_one_partner_whose_clock_is_wrong_accuses_nobody_else(
    seconds: tuple[float | None, ...],
) -> None:
    assert own_clock(CITIES, offsets(*seconds)) is None


def test_a_partner_that_is_not_in_use_is_no_witness() -> None:
    assert own_clock(CITIES[:1], offsets(90, 90, 90)) is None


def works() -> tuple[Works, MovableClock]:
    clock = MovableClock(START)
    return Works(Here(HOME, ZoneInfo("Asia/Shanghai"), clock, SeededEntropy(1))), clock


async def done(act: Act) -> None:
    await act()


def run(act: Act) -> None:
    asyncio.run(done(act))


async def _fails() -> None:
    raise HutongError(STORE_UNAVAILABLE, problem="the disk is full")


def test_work_that_fails_for_long_is_found_until_it_is_done() -> None:
    noted, clock = works()
    outcome: list[Any] = [HutongError(STORE_UNAVAILABLE, problem="x"), ValueError("a fault")]

    async def act() -> None:
        if outcome:
            raise outcome[0]

    tick = noted.noted("sweep", act)

    def go() -> None:
        with contextlib.suppress(HutongError, ValueError):
            run(tick)

    go()
    assert list(noted.findings()) == []
    clock.forward(limits.WORK_FAILS)
    go()
    [finding] = noted.findings()
    assert (finding.subject, finding.severity) == ("work sweep", Severity.WARNING)
    assert "02:00:00 UTC (STORE_UNAVAILABLE)" in finding.detail_en
    every_one_can_be_typed([finding])
    outcome.pop(0)
    go()
    assert "INTERNAL" in next(noted.findings()).detail_zh
    outcome.pop(0)
    go()
    assert list(noted.findings()) == []


def test_work_that_another_process_took_over_is_not_missed_here() -> None:
    noted, clock = works()
    tick = noted.noted("renew", _fails)
    for _ in range(2):
        with pytest.raises(HutongError):
            run(tick)
        clock.forward(limits.WORK_FAILS)
    assert list(noted.findings()) == []


def test_work_that_hangs_is_found_and_work_that_takes_its_time_is_not() -> None:
    noted, clock = works()

    async def path() -> None:
        go = asyncio.Event()
        running = asyncio.create_task(done(noted.noted("rescore", go.wait)))
        await asyncio.sleep(0)
        clock.forward(limits.WORK_HANGS - timedelta(seconds=1))
        assert list(noted.findings()) == []
        clock.forward(timedelta(seconds=1))
        [finding] = noted.findings()
        assert "running since 2026-11-24 02:00:00 UTC" in finding.detail_en
        every_one_can_be_typed([finding])
        go.set()
        await running
        assert list(noted.findings()) == []

    asyncio.run(path())


def test_a_process_that_is_told_to_stop_leaves_no_work_that_seems_to_run() -> None:
    noted, clock = works()

    async def path() -> None:
        running = asyncio.create_task(done(noted.noted("keys", asyncio.Event().wait)))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        clock.forward(10 * limits.WORK_HANGS)
        assert list(noted.findings()) == []

    asyncio.run(path())


def test_what_ends_is_said_with_the_command_of_its_own() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    remedy = ("请签发。", "Issue it.", "hutong client issue --role venue --name library")
    for days, severity in ((-1, Severity.ERROR), (3, Severity.WARNING)):
        finding = expiry("client venue/library", now + days * DAY, now, remedy)
        assert (finding.severity, finding.command) == (severity, remedy[2])
    assert expiry("x", now + 300 * DAY, now, remedy).command == ""


def test_what_lies_around_the_node_is_told_and_watched_with_the_rest(new_store: NewStore) -> None:
    full = Finding("disk", WARNING, "快满了", "nearly full", "请清理。", "Make room.", "df -h")

    async def act(made: World) -> None:
        home, stub = made[HOME], QuietDesk()
        desk: Any = stub
        cases = home.cases
        beside = [lambda: (full,), cases.duty.findings, cases.works.findings]
        doctor = Examining(
            cases.here, home.store, cases.swapping.swap, desk, cases.delivering, beside
        )
        assert full in await doctor.examine()
        assert full in (await doctor.stored()).rules
        assert "duty" in {f.subject for f in await doctor.examine()}

    play(new_store, act)


def test_the_doctor_says_what_to_type_where_the_store_is_gone_and_nothing_is_loaded(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise HutongError(STORE_UNAVAILABLE, problem="there is no connection")

    async def act(made: World) -> None:
        home = made[HOME]
        made.network.down.add(FRIEND)
        every_one_can_be_typed(await examining(home, QuietDesk()).examine())
        empty = replace(home.store.registry, catalogue=None, indicators=None)
        monkeypatch.setattr(type(home.store), "registry", empty)
        monkeypatch.setattr(home.store, "run", gone)
        findings = await examining(home, QuietDesk()).examine()
        assert {"store", "incentives", "indicators"} <= {
            f.subject for f in findings if f.severity is not OK
        }
        every_one_can_be_typed(findings)

    play(new_store, act)


def test_the_timers_of_a_city_are_the_work_that_is_watched(
    new_sqlite: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise HutongError(STORE_UNAVAILABLE, problem="the disk is full")

    async def act(made: World) -> None:
        cases = made[HOME].cases
        monkeypatch.setattr(cases.uow, "sweep", fails)
        monkeypatch.setattr(cases.rooms, "tick", fails)
        acts = {timer.name: timer.act for timer in timers(cases)}
        await acts["duty"]()
        for _ in range(2):
            for name in ("sweep", "rooms"):
                with pytest.raises(HutongError):
                    await acts[name]()
            made.clock.forward(limits.WORK_FAILS - timedelta(seconds=1))
        made.clock.forward(timedelta(seconds=-limits.WORK_FAILS.total_seconds() + 3))
        subjects = {finding.subject for finding in cases.works.findings()}
        assert subjects == {"work rooms", "work sweep"}
        assert subjects <= {found.subject for found in cases.examining._around()}

    play(new_sqlite, act)
