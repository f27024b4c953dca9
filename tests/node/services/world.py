"""Several cities in one process: real use cases, stores and keys; time and the network simulated.

`DirectPeers` implements the real port by calling the other city's use cases. It can lose a city,
or lose an answer after the other city has acted.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from stdnum.iso7064 import mod_11_2

from federation import codec
from federation.envelope import Envelope
from federation.errors import NOT_RECOGNISED, HutongError
from federation.identifiers import CityCode
from federation.messages import Disclosure
from node import data
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.load_errors import PARTNER_BUSY
from node.model import Caller, DocumentKind, Role
from node.ports import BundleSwap, CircuitView, RenewalPortion, ScaleSwap
from node.registry import Partner, StoredAgreement
from node.services.answering import Ask
from node.services.assembly import UseCases, assemble
from node.services.checking import Checked, Credential
from node.services.here import Here
from node.services.residents import NOT_COUNTED, UseConsent
from node.services.trial import Trial
from node.store import Store, open_room, open_store
from tests.conftest import NewStore
from tests.node.befriend import activate
from tests.node.catalogue import OFFICE, made_catalogue, row, rows_of
from tests.node.services.log_peers import DirectLogs, MemoryAnchor
from tests.node.services.renewal_peers import DirectRenewals
from tests.node.services.simulated import (
    ClosedDoor,
    IdleWorkshop,
    MemoryKeys,
    MovableClock,
    SeededEntropy,
    SkewedClock,
)
from tests.node.services.status_peers import DirectStatuses
from tests.node.services.trial_peers import DirectTrials
from tests.node.services.use_peers import DirectUses

T = TypeVar("T")

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
VENUE = Caller(Role.VENUE, "library")
OPERATOR = "operator/default"
SCENARIO = "library.deposit_free"


def fictional_id(serial: int) -> str:
    """A valid ID number in the unassigned area 999999 (GB 11643)."""
    born = date(1960, 1, 1) + timedelta(days=serial // 1000)
    body = f"999999{born:%Y%m%d}{serial % 1000:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


@dataclass
class Network:
    """Which cities cannot be reached, whose answers get lost, and which lies are told.

    `cut` and `muted` are calls by name: those that do not arrive, those whose answers get lost.
    """

    down: set[CityCode] = field(default_factory=set)
    crowded: set[CityCode] = field(default_factory=set)
    """Those to which so many calls are under way that no more goes out."""
    loses_answers_of: set[CityCode] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    lie: Callable[[Envelope], Envelope] | None = None
    """What a lying home city makes of its attestations."""
    renewal_lie: Callable[[list[RenewalPortion]], Awaitable[list[RenewalPortion]]] | None = None
    """What it makes of its answer to a renewal request."""
    ends: set[str] = field(default_factory=set)
    """Streams, by the names of their calls, that end after the first answer."""
    heard: list[Envelope] = field(default_factory=list)
    """What was said on uses to home cities."""


class DirectPeers(DirectStatuses, DirectRenewals, DirectUses, DirectLogs, DirectTrials):
    """The peer ports of the other cities of a world."""

    def __init__(self, here: CityCode, world: "World") -> None:
        self._here = here
        self._world = world

    def circuit(self, city: CityCode) -> CircuitView | None:
        del city  # nobody is left alone
        return None

    async def exchange_trust_bundles(
        self, partner: Partner, own: tuple[Envelope, ...], *, by_any_means: bool = False
    ) -> BundleSwap:
        del by_any_means  # nobody dials, so nobody is at the wrong number
        other = self._world[partner.city]
        known = partner.bundle.sequence
        given = await self._call(
            partner, lambda: other.cases.swapping.receive_bundles(self._here, own, known)
        )
        return BundleSwap(given.chain, given.known_sequence, other.clock.now())

    async def exchange_partnership(self, partner: Partner, own: Envelope) -> Envelope:
        swapping = self._world[partner.city].cases.swapping
        return await self._call(partner, lambda: swapping.receive_statement(self._here, own))

    async def exchange_scales(self, partner: Partner, own: ScaleSwap) -> ScaleSwap:
        swapping = self._world[partner.city].cases.swapping
        return await self._call(partner, lambda: swapping.receive_scales(self._here, own))

    async def propose_agreement(self, partner: Partner, agreement: Envelope) -> None:
        desk = self._world[partner.city].cases.agreements
        act = lambda: desk.receive_proposal(self._here, agreement)  # noqa: E731 - called once
        await self._call(partner, act, "propose")

    async def countersign_agreement(self, partner: Partner, agreement: Envelope) -> None:
        desk = self._world[partner.city].cases.agreements
        act = lambda: desk.receive_countersigned(self._here, agreement)  # noqa: E731 - called once
        await self._call(partner, act, "countersign")

    async def request_attestation(self, partner: Partner, request: Envelope) -> Envelope:
        desk = self._world[partner.city].cases.attesting
        answer = await self._call(partner, lambda: desk.attest(request, self._here))
        attestation, lie = codec.envelope_from_bytes(answer), self._world.network.lie
        return lie(attestation) if lie else attestation

    def trial_of(self, partner: Partner) -> Trial:
        return self._world[partner.city].cases.trial

    async def _call(self, partner: Partner, act: Callable[[], Awaitable[T]], name: str = "") -> T:
        network = self._world.network
        if partner.city in network.crowded:
            raise HutongError(PARTNER_BUSY, city=partner.city, calls="256", retry_ms="250")
        if partner.city in network.down or name in network.cut:
            raise _unreachable(partner.city)
        try:
            found = await act()
        except HutongError as error:
            if error.reason == NOT_RECOGNISED:
                raise
            raise HutongError(
                PEER_REFUSED,
                city=partner.city,
                peer_reason=error.reason.name,
                detail=error.text("en"),
            ) from error
        if partner.city in network.loses_answers_of or name in network.muted:
            raise _unreachable(partner.city)
        return found


def _key(stored: StoredAgreement) -> bytes:
    return " ".join(map(str, stored.key)).encode()


def _unreachable(city: CityCode) -> HutongError:
    return HutongError(PEER_UNREACHABLE, city=city, address="nowhere", problem="it is simulated")


class Town:
    """One city of a world."""

    def __init__(self, code: CityCode, store: Store, clock: MovableClock, world: "World") -> None:
        self.code = code
        self.store = store
        self.clock = clock
        self.keys = MemoryKeys(code, clock.now())
        here = Here(code, ZoneInfo("Asia/Shanghai"), clock, SeededEntropy(int(code)))
        peers = DirectPeers(code, world)
        self.door = ClosedDoor()
        self.anchor = MemoryAnchor()
        rooms = functools.partial(open_room, clock)
        self.cases: UseCases = assemble(
            here, store, self.keys, peers, IdleWorkshop(), self.door, rooms, self.anchor
        )
        self._asks = 0
        self._answers = dict[bytes, Checked]()

    def ask(self, body: bytes = b"", caller: Caller = VENUE) -> Ask:
        """A new request."""
        self._asks += 1
        return Ask(str(caller), f"00000000-0000-4000-8000-{self._asks:012d}", body.ljust(32))

    async def load_rules(self) -> None:
        pinyin = data.city(self.code).pinyin
        scale = data.path(f"{pinyin}/scale.toml").read_bytes()
        desk = self.cases.catalogue
        await self.store.run(lambda tx: desk.load_scale(tx, "scale.toml", scale))
        await self.load_incentives()
        await self.store.run(lambda tx: tx.administration.put_indicators(made_catalogue()))

    async def load_incentives(self, change: Callable[[str], str] = str) -> None:
        """The shipped catalogue, as `change` makes it."""
        pinyin = data.city(self.code).pinyin
        text = change(data.path(f"{pinyin}/incentives.toml").read_text("utf-8")).encode()
        desk = self.cases.catalogue
        await self.store.run(lambda tx: desk.load_incentives(tx, "incentives.toml", text))

    async def trust(self, other: "Town") -> None:
        descriptor = other.cases.partners.descriptor()
        await self.store.run(
            lambda tx: self.cases.partners.add(
                tx, descriptor.json.encode(), descriptor.fingerprint, OPERATOR
            )
        )
        await self.store.run(lambda tx: activate(tx, other.code))

    async def agree(self, other: "Town", change: Callable[[str], str] = str) -> str:
        one, there = data.city(self.code).pinyin, data.city(other.code).pinyin
        text = change(data.agreement(one, there).read_text("utf-8"))
        operator = Caller(Role.OPERATOR, "default")
        ask = self.ask(caller=operator)
        desk, before = self.cases.agreements, self.store.registry.signed_agreement(other.code)
        if before is None:
            key = await desk.propose(ask, other.code, "agreement.toml", text.encode(), _key)
        else:
            key = await desk.amend(ask, before.key, "agreement.toml", text.encode(), _key)
        agreement_id, version = key.decode().split(" ")
        await other.cases.agreements.sign(
            other.ask(caller=operator), (agreement_id, int(version)), _key
        )
        return agreement_id

    async def resident(self, points: int = 0, *commendations: str) -> str:
        """A new resident of this town, whose records add up to `points`."""
        number, resident = await self.resident_with_number()
        await self.record(number, points)
        for commendation in commendations:
            await self.record(number, 0, commendation)
        return resident

    async def resident_with_number(self) -> tuple[str, str]:
        """A new resident without records, and the number of the document."""
        self._asks += 1
        number = fictional_id(self._asks)
        enrolled = await self.store.run(
            lambda tx: self.cases.residents.enrol(tx, DocumentKind.RESIDENT_ID, number)
        )
        return number, enrolled.resident_id

    async def record(
        self,
        number: str,
        points: int,
        commendation: str = "",
        occurred_on: str = "2026-01-15",
        expires_on: str = "",
    ) -> None:
        """Records of this sum, or of a commendation."""
        self._asks += 1
        prefix = f"r-{self._asks}"
        rows = rows_of(number, points, prefix, occurred_on, ends_on=expires_on)
        if commendation:
            honour = f"honour.{commendation}"
            rows.append(row(number, f"{prefix}-c", indicator=honour, ends_on=expires_on))
        report = await self.store.run(lambda tx: self.cases.recording.load(tx, OFFICE, rows))
        assert not report.quarantined, report.quarantined[0]

    async def consent(
        self,
        resident: str,
        host: CityCode,
        *scenarios: str,
        disclosure: Disclosure = Disclosure.BAND,
        uses: UseConsent = NOT_COUNTED,
    ) -> str:
        given = await self.store.run(
            lambda tx: self.cases.residents.give_consent(
                tx,
                resident_id=resident,
                host=host,
                scenarios=scenarios or (SCENARIO,),
                disclosure=disclosure,
                expires_at=self.clock.now() + timedelta(days=30),
                uses=uses,
            )
        )
        return given.consent_id

    async def withdraw(self, resident: str, consent: str) -> None:
        await self.store.run(
            lambda tx: self.cases.residents.withdraw_consent(tx, resident, consent)
        )

    async def deliver(self) -> None:
        """Look what hosts do not know yet, and bring it; until that went well or failed."""
        delivering = self.cases.delivering
        await delivering.tick()
        await asyncio.gather(*delivering._turns.running, return_exceptions=True)

    async def give_back(self) -> None:
        """Look which uses are to be given back, and tell; until that went well or failed."""
        uses = self.cases.uses
        await uses.tick()
        await asyncio.gather(*uses._turns.running, return_exceptions=True)

    async def show_code(self, resident: str, consent: str) -> str:
        shown = await self.store.run(
            lambda tx: self.cases.residents.create_code(tx, resident, consent)
        )
        return shown.text

    async def check(
        self,
        text: str,
        *,
        is_pass: bool = False,
        ask: Ask | None = None,
        venue: Caller = VENUE,
        incentives: tuple[str, ...] = (),
    ) -> Checked:
        """Check at a venue; the domain answer, or the recorded bytes' one."""
        seen = list[Checked]()

        def encode(checked: Checked) -> bytes:
            seen.append(checked)
            return repr(checked).encode()

        answer = await self.cases.checking.check(
            ask or self.ask(), venue, Credential(text, is_pass), incentives, encode
        )
        if seen:
            self._answers[answer] = seen[-1]
        return self._answers[answer]


class World:
    """Towns that are partners of each other, with the shipped agreements in force."""

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.network = Network()
        self.towns: dict[CityCode, Town] = {}

    def __getitem__(self, code: str) -> Town:
        return self.towns[CityCode(code)]


@contextlib.asynccontextmanager
async def world(
    new_store: NewStore,
    *codes: str,
    agreed: bool = True,
    ahead: Mapping[str, timedelta] | None = None,
) -> AsyncIterator[World]:
    """A world of these cities; Zhengzhou and Hangzhou without any. `ahead`: whose clocks are."""
    made = World(MovableClock(START))
    try:
        for code in codes or ("410100", "330100"):
            clock = SkewedClock(made.clock, (ahead or {}).get(code, timedelta(0)))
            store = await asyncio.to_thread(open_store, new_store(code), clock)
            made.towns[CityCode(code)] = Town(CityCode(code), store, clock, made)
        towns = list(made.towns.values())
        for town in towns:
            await town.load_rules()
            for other in towns:
                if other is not town:
                    await town.trust(other)
        for i, town in enumerate(towns):
            for other in towns[i + 1 :]:
                if agreed:
                    await town.agree(other)
        yield made
    finally:
        for town in made.towns.values():
            await town.cases.delivering.close()
            await town.cases.hearing.close()
            await town.cases.uses.close()
            await town.store.close()
