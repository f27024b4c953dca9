"""What `doctor` looks at: keys, certificates, store, clock, partners; and what to do about each."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import limits
from node.errors import PEER_UNREACHABLE, STORE_UNAVAILABLE
from node.model import Contact, Finding, Severity
from node.ports import UnitOfWork
from node.registry import Partner, PartnerState
from node.services.case_findings import case_finding
from node.services.circuit_findings import Circuits, circuit_findings
from node.services.clock_findings import own_clock
from node.services.delivering import Delivering
from node.services.here import Here
from node.services.log_findings import log_findings, log_state
from node.services.partner_findings import partner_findings, subject_of, unstated_contacts
from node.services.rotating import KeyDesk
from node.services.status_findings import status_findings
from node.store_errors import STORE_NEWER, STORE_OLD

_OURS: Final = (STORE_UNAVAILABLE, STORE_OLD, STORE_NEWER)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is found by what is stored, without a call to anybody."""

    keys: tuple[Finding, ...]
    partners: tuple[Finding, ...]
    rules: tuple[Finding, ...]


Look = Callable[[], Iterable[Finding]]
"""Findings that cost next to nothing to make."""


class Examining:
    """Examines a running node."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        swap: Callable[[CityCode], Awaitable[object]],
        key_desk: KeyDesk,
        delivering: Delivering,
        beside: Iterable[Look] = (),
        *,
        circuits: Circuits = lambda _city: None,
    ) -> None:
        """Examine the node of `here`; `swap` tries a partner now, and keeps how it went.

        `beside` has what is found without the store.
        """
        self._here = here
        self._uow = uow
        self._swap = swap
        self._key_desk = key_desk
        self._delivering = delivering
        self._beside = list(beside)
        self._circuits = circuits

    def look_also(self, look: Look) -> None:
        """See by `look`, too: the machine that the node runs on, which no use case can."""
        self._beside.append(look)

    async def examine(self) -> tuple[Finding, ...]:
        """Every finding; partners are tried side by side, each with its own deadline.

        Where the store does not answer nothing is known of partners: the finding on it says so.
        """
        partners = [p for p in self._uow.registry.partners.values() if p.is_called]
        errors = await asyncio.gather(*(self._try(partner) for partner in partners))
        failed = {each.city: each.why for each in errors if each is not None}
        seen: tuple[Finding, ...] = ()
        with contextlib.suppress(HutongError):
            seen = (await self._cases(), *await self._partners(failed))
        return (
            *await self._key_desk.findings(),
            await self._store(),
            *self._around(),
            *self._in_force(),
            *seen,
        )

    async def stored(self) -> Stored:
        """What there is to find without calling anybody: cheap, and done again and again.

        Raises STORE_UNAVAILABLE.
        """
        return Stored(
            keys=await self._key_desk.findings(),
            partners=await self._partners({}),
            rules=(*self._around(), *self._in_force(), await self._cases()),
        )

    async def _store(self) -> Finding:
        try:
            await self._uow.probe()
        except HutongError as error:
            found = Finding("store", Severity.ERROR, error.text("zh"), error.text("en"))
            if error.reason != STORE_UNAVAILABLE:
                return replace(
                    found,
                    remedy_zh="请运行 `hutong store status`：它会指出哪些版本可以服务。",
                    remedy_en="Run `hutong store status`: it says which versions may serve.",
                    command="hutong store status",
                )
            return replace(
                found,
                remedy_zh="请检查磁盘空间、文件权限和数据库连接。",
                remedy_en="Look at the disk space, the file's permissions and the database's "
                "connection.",
                command="df -h",
            )
        return Finding("store", Severity.OK, "可写。", "It can be written.")

    def _around(self) -> Iterator[Finding]:
        return chain.from_iterable(look() for look in self._beside)

    async def _cases(self) -> Finding:
        return case_finding(await self._uow.read(lambda tx: tx.cases.count_overdue()))

    def _in_force(self) -> Iterable[Finding]:
        yield self._key_desk.contact()
        registry = self._uow.registry
        yield from unstated_contacts(registry)
        for what, there, command in (
            ("scale", registry.own_scale() is not None, "hutong scale load FILE"),
            ("incentives", registry.catalogue is not None, "hutong incentives load FILE"),
            ("indicators", registry.indicators is not None, "hutong indicators load FILE"),
        ):
            if there:
                yield Finding(what, Severity.OK, "已生效。", "In force.")
            else:
                yield Finding(
                    what,
                    Severity.WARNING,
                    "尚未加载。",
                    "None is in force.",
                    f"请运行 `{command}`。",
                    f"Run `{command}`.",
                    command,
                )

    async def _try(self, partner: Partner) -> "_Failed | None":
        try:
            async with asyncio.timeout(limits.EXAMINE_DEADLINE.total_seconds()):
                await self._swap(partner.city)
        except HutongError as error:
            # That its news cannot be kept is no fault of the partner's.
            return None if error.reason in _OURS else _Failed(partner.city, error)
        except TimeoutError:
            address = str(partner.bundle.endpoints[0])
            problem = "no answer in time"
            why = HutongError(PEER_UNREACHABLE, city=partner.city, address=address, problem=problem)
            return _Failed(partner.city, why)
        return None

    async def _partners(self, failed: Mapping[CityCode, HutongError]) -> tuple[Finding, ...]:
        registry = self._uow.registry
        contacts, log = await self._uow.read(
            lambda tx: (tx.partnerships.contacts(), log_state(tx, registry))
        )
        found = self._each_partner(contacts, failed)
        active = [c for c, p in registry.partners.items() if p.state is PartnerState.ACTIVE]
        own = own_clock(active, contacts.values())
        return (*found, *((own,) if own else ()), *log_findings(log, self._here.now()))

    def _each_partner(
        self, contacts: Mapping[CityCode, Contact], failed: Mapping[CityCode, HutongError]
    ) -> Iterator[Finding]:
        registry, now = self._uow.registry, self._here.now()
        for city, invitation in sorted(registry.invitations.items()):
            if invitation.is_open(now):
                until = invitation.expires_at.strftime("%H:%M:%S UTC")
                yield Finding(
                    subject_of(city, "invitation"),
                    Severity.OK,
                    f"已邀请，有效至 {until}。",
                    f"Invited; the code is good until {until}.",
                )
        for city, partner in sorted(registry.partners.items()):
            yield from partner_findings(
                self._here.city, registry, partner, contacts.get(city), now, failed.get(city)
            )
        yield from circuit_findings(registry, self._circuits)
        yield from status_findings(registry, self._delivering.undelivered, now)


@dataclass(frozen=True, slots=True)
class _Failed:
    """A partner that was tried and not reached, and why."""

    city: CityCode
    why: HutongError
