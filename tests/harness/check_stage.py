"""One small real run of two cities, with something for every invariant to look at."""

import asyncio
import base64
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from federation.limits import USE_KEY_BYTES
from federation.uses import use_commitment, use_key_text
from node.model import Role
from node.v1 import department_service_pb2 as departments
from node.v1 import resident_service_pb2 as residents
from node.v1 import venue_service_pb2 as venues
from scripts.cities import Cities, City, b64, new_id
from scripts.harnessing import records
from scripts.harnessing.fault_kinds import Fault
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading import requests
from scripts.harnessing.loading.calling import Call
from scripts.harnessing.loading.cast import Rules
from scripts.harnessing.loading.lines import Lines, Reply, Whom
from scripts.harnessing.loading.outcomes import OK
from scripts.harnessing.loading.requests import Visit
from scripts.harnessing.records import Act, Enrolled, Happening, Seen
from tests.harness import load_stage

HOME, HOST = "410100", "330100"
VENUES = ("library", "rental-shop", "scenic-spot")
SCENARIOS = ("library.deposit_free", "rental.deposit_free", "scenic.discount")
_EARLIER = 300.0
_KEY = bytes(range(USE_KEY_BYTES))
_SECONDS = 30


def made(root: Path) -> Folder:
    """The run: two cities up, a dozen of journeys, and everything ended again."""
    with load_stage.run(root, (HOME, HOST)) as (folder, cities):
        asyncio.run(_story(folder, cities))
        for city in cities:
            city.client(Role.OPERATOR).call("LogService/ExchangeCheckpoints", {})
            _settled(city)
        for city in cities:
            _seen(folder, city)
    return folder


async def _story(folder: Folder, cities: Cities) -> None:
    callers = (requests.RESIDENT, *map(requests.venue, VENUES))
    targets = load_stage.targets(cities)
    rules = Rules.of(cities["zhengzhou"].about)
    whom = (*callers, Whom(Role.DEPARTMENT, rules.department))
    lines = Lines.open(
        folder, targets, {target.city: whom for target in targets}, folder.root / "clients"
    )
    await lines.connect()
    try:
        clients = _Clients(lines)
        people = list(records.read(folder.residents, Enrolled))
        await _visits(clients, people)
        await _refusals(clients, people)
        await _records(clients, rules, _of(people, HOME, "exportable")[5])
        _counted(cities, people)
        for city in cities:
            _renewed(city)
        await _suspension(clients, cities, people)
        broken = await _meanwhile(clients, people)
        records.append(folder.faults, broken)
        await _withdrawal(clients, cities, people)
    finally:
        await lines.close()
    folder.histories.mkdir()
    records.append(folder.histories / "made.jsonl", clients.acts)


class _Clients:
    """Residents and venues, and what they were told."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.acts = list[Act]()

    async def do(self, call: Call, *, repeated: bool = False) -> dict[str, Any]:
        """What the answer says; it must be one."""
        sent = time.time()
        reply: Reply = await self._lines.call(call.city, 0, call.whom, call.method, call.body)
        said = call.said(reply.body) if reply.outcome == OK else {}
        act = Act(
            deed=call.deed,
            city=call.city,
            other=call.other,
            request_id=call.request_id,
            due=sent,
            sent=sent,
            ended=time.time(),
            outcome=reply.outcome,
            repeated=repeated,
            answer=reply.digest,
            said=said,
        )
        self.acts.append(act)
        assert reply.outcome == OK, act
        if call.deed is records.Deed.CODE:
            return said | {"text": _code(reply.body)}
        if call.deed is records.Deed.CHECK:
            return said | {"pass": _pass(reply.body)}
        return said

    async def twice(self, call: Call) -> dict[str, Any]:
        """The same, asked again as by a client that lost the answer."""
        said = await self.do(call)
        await self.do(call, repeated=True)
        return said

    async def visit(self, visit: Visit, scenarios: Sequence[str] = SCENARIOS) -> dict[str, Any]:
        """A consent, a code, and what a venue is told of it."""
        consent = await self.do(visit.consent(scenarios))
        code = await self.do(visit.code(consent["consent_id"]))
        checked = await self.twice(
            visit.check(consent["consent_id"], presentation_code=code["text"])
        )
        return checked | {"consent": consent["consent_id"], "code": code["text"]}


def _code(body: bytes) -> str:
    return str(residents.CreatePresentationCodeResponse.FromString(body).presentation_code)


def _pass(body: bytes) -> str:
    return str(venues.CheckEligibilityResponse.FromString(body).visitor_pass)


def _at(who: Enrolled, host: str, venue: str) -> Visit:
    return Visit("made/0", who.resident_id, who.city, host, venue)


def _of(people: Sequence[Enrolled], city: str, standing: str) -> list[Enrolled]:
    return [each for each in people if (each.city, each.standing) == (city, standing)]


def _decision(checked: dict[str, Any], incentive: str) -> str:
    found = {each["incentive_id"]: each["decision_id"] for each in checked["decisions"]}
    assert found[incentive], checked
    return str(found[incentive])


async def _visits(clients: _Clients, people: Sequence[Enrolled]) -> None:
    for home, host in ((HOME, HOST), (HOST, HOME), (HOST, HOST)):
        who = _of(people, home, "exportable")[0]
        library = _at(who, host, "library")
        checked = await clients.visit(library)
        assert checked["outcome"] == "RECOGNISED"
        shown = checked["pass"]
        await clients.twice(library.redeem(_decision(checked, "library-card"), shown))
        await clients.do(library.redeem(_decision(checked, "reading-room"), ""))
        shop = _at(who, host, "rental-shop")
        rented = await clients.do(shop.check(checked["consent"], visitor_pass=shown))
        held = await clients.twice(shop.reserve(_decision(rented, "rental-no-deposit")))
        await clients.do(shop.confirm(held["reservation_id"]))
        if (home, host) == (HOME, HOST):
            spot = _at(who, host, "scenic-spot")
            seen = await clients.do(spot.check(checked["consent"], visitor_pass=shown))
            held = await clients.do(spot.reserve(_decision(seen, "scenic-discount")))
            await clients.do(spot.release(held["reservation_id"]))
            seen = await clients.do(spot.check(checked["consent"], visitor_pass=shown))
            await clients.do(spot.reserve(_decision(seen, "scenic-discount")))


async def _refusals(clients: _Clients, people: Sequence[Enrolled]) -> None:
    low = _of(people, HOME, "below")
    for who in low[:2]:
        refused = await clients.visit(_at(who, HOST, "library"))
        assert refused["outcome"] == "NOT_RECOGNISED"
    visit = _at(_of(people, HOME, "exportable")[1], HOST, "library")
    checked = await clients.visit(visit)
    again = await clients.do(visit.check(checked["consent"], presentation_code=checked["code"]))
    assert again["outcome"] == "NOT_RECOGNISED"


async def _records(clients: _Clients, rules: Rules, who: Enrolled) -> None:
    """A department sends two records of somebody, and takes one of them back."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    rows = [
        departments.RecordRow(
            record_number=number,
            indicator=rules.indicators[0],
            document_number=who.document_number,
            occurred_on=yesterday.isoformat(),
            evidence=number,
        )
        for number in ("made-1", "made-2")
    ]
    back = departments.RecordRow(
        record_number="made-2", action=departments.ROW_ACTION_WITHDRAW, revision=1
    )
    for some in (rows, [back]):
        said = await clients.do(requests.records(HOME, rules.department, some, "made/0"))
        assert said["accepted"] == len(some), said


def _counted(cities: Cities, people: Sequence[Enrolled]) -> None:
    """A use that the home city counts: a lease, that the host received as well."""
    home, host = cities["zhengzhou"], cities["hangzhou"]
    consent = home.resident(
        "GiveConsent",
        request_id=new_id(),
        resident_id=_of(people, HOME, "exportable")[4].resident_id,
        host_city=HOST,
        scenarios=list(SCENARIOS),
        expires_at=(datetime.now(UTC) + timedelta(days=30)).isoformat(),
        counting="USE_COUNTING_ANONYMOUS",
        use_commitment=b64(use_commitment(_KEY)),
    )["consent"]
    code = home.code(consent["resident_id"], consent["consent_id"])
    checked = host.venue(
        "rental-shop", "CheckEligibility", request_id=new_id(), presentation_code=code
    )
    opened = {d["incentive"]["incentive_id"]: d["decision_id"] for d in checked["decisions"]}
    for incentive in ("rental-long-no-deposit", "rental-no-deposit"):
        host.venue(
            "rental-shop",
            "Reserve",
            request_id=new_id(),
            decision_id=opened[incentive],
            use_key=use_key_text(_KEY),
        )


def _renewed(host: City) -> None:
    """Every recognition anew, in batches."""
    *_, last = host.client(Role.OPERATOR).follow("RenewalService/RenewRecognitions", {"all": True})
    assert int(last["renewed"]) == int(last["total"]) > 0


async def _suspension(clients: _Clients, cities: Cities, people: Sequence[Enrolled]) -> None:
    host = cities["hangzhou"]
    visit = _at(_of(people, HOME, "exportable")[2], HOST, "library")
    consent = await clients.do(visit.consent(SCENARIOS))
    code = await clients.do(visit.code(consent["consent_id"]))
    host.operator("SuspendPartner", request_id=new_id(), city=HOME, reason="a drill")
    checked = await clients.do(visit.check("", presentation_code=code["text"]))
    assert checked["outcome"] == "NO_AGREEMENT"
    # Before it has heard of the suspension it is active, too, and is not any more a moment later.
    await _until(lambda: not cities["zhengzhou"].partner(host)["state"].endswith("_ACTIVE"))
    host.operator("ResumePartner", request_id=new_id(), city=HOME, reason="it is over")
    await _until(lambda: host.partner(cities["zhengzhou"])["state"].endswith("_ACTIVE"))
    await _until(lambda: cities["zhengzhou"].partner(host)["state"].endswith("_ACTIVE"))


async def _meanwhile(clients: _Clients, people: Sequence[Enrolled]) -> tuple[Happening, ...]:
    """A visit of a city's own resident, told as if the other city had been down; minutes ago."""
    before, began = len(clients.acts), time.time() - _EARLIER
    await clients.visit(_at(_of(people, HOST, "exportable")[1], HOST, "library"))
    clients.acts[before:] = [
        replace(act, due=act.due - _EARLIER, sent=act.sent - _EARLIER, ended=act.ended - _EARLIER)
        for act in clients.acts[before:]
    ]
    where = asdict(Fault("kill", "zhengzhou"))
    ended = time.time() - _EARLIER
    return (
        Happening(began, "1", "kill", began=True, where=where),
        Happening(ended, "1", "kill", began=False, where=where, recovered_after=1.0),
    )


async def _withdrawal(clients: _Clients, cities: Cities, people: Sequence[Enrolled]) -> None:
    """Twice of one home: of one who is known by a pass, and of one who is not there any more."""
    who = _of(people, HOME, "exportable")[3]
    visit = _at(who, HOST, "library")
    checked = await clients.visit(visit)
    assert checked["outcome"] == "RECOGNISED"
    for consent in (checked["consent"], *who.consents.values()):
        await clients.do(visit.withdraw(consent))
    host = cities["hangzhou"]
    await _until(lambda: bool(_count(host, "SELECT count(*) FROM recognitions WHERE ended_at > 0")))
    again = await clients.do(visit.check(checked["consent"], visitor_pass=checked["pass"]))
    assert again["outcome"] == "NOT_RECOGNISED"


async def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.02)


def _settled(city: City) -> None:
    give_up = time.monotonic() + _SECONDS
    while not _count(city, "SELECT count(*) FROM partner_checkpoints"):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _count(city: City, sql: str) -> int:
    with closing(sqlite3.connect(city.directory / "hutong.sqlite")) as store:
        return int(store.execute(sql).fetchone()[0])


def _seen(folder: Folder, city: City) -> None:
    with closing(sqlite3.connect(city.directory / "hutong.sqlite")) as store:
        notes = store.execute("SELECT note FROM checkpoints ORDER BY size").fetchall()
    records.append(
        folder.checkpoints,
        [
            Seen(time.time(), city.about.code, city.about.pinyin, base64.b64encode(note).decode())
            for (note,) in notes
        ],
    )


class Copy:
    """A copy of the run, for something to be planted in."""

    def __init__(self, run: Folder, root: Path) -> None:
        """Below `root`."""
        shutil.copytree(run.root, root)
        self.folder = Folder(root)

    @contextmanager
    def store(self, pinyin: str) -> Iterator[sqlite3.Connection]:
        """A city's store, to be written to."""
        with closing(sqlite3.connect(self.folder.city(pinyin) / "hutong.sqlite")) as store, store:
            yield store

    def write(self, pinyin: str, sql: str, *values: object) -> None:
        """One statement, that must touch a row."""
        with self.store(pinyin) as store:
            assert store.execute(sql, values).rowcount, sql

    def acts(self, change: Callable[[list[Act]], None]) -> None:
        """Change what clients say that they saw."""
        path = self.folder.histories / "made.jsonl"
        acts = list(records.read(path, Act))
        change(acts)
        path.unlink()
        records.append(path, acts)
