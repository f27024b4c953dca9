"""What `doctor` looks at: keys, certificates, store, clock, partners; and what to do about each."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from federation.errors import HutongError
from federation.limits import CLOCK_SKEW
from node.model import Finding, Severity
from node.ports import Keys, Peers, UnitOfWork
from node.registry import Partner, PartnerState
from node.services.findings import expiry
from node.services.here import Here
from node.services.rotating import KeyDesk


class Examining:
    """Examines a running node."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, peers: Peers, key_desk: KeyDesk
    ) -> None:
        """Examine the node of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._key_desk = key_desk

    async def examine(self) -> tuple[Finding, ...]:
        """Every finding; partners are looked at side by side, each with its own deadline."""
        partners = sorted(self._uow.registry.partners.values(), key=lambda p: p.city)
        seen = await asyncio.gather(*(self._partner(partner) for partner in partners))
        return (
            *await self._key_desk.findings(),
            await self._store(),
            *self._in_force(),
            *(finding for findings in seen for finding in findings),
        )

    async def _store(self) -> Finding:
        try:
            await self._uow.probe()
        except HutongError as error:
            return Finding(
                "store",
                Severity.ERROR,
                error.text("zh"),
                error.text("en"),
                "请检查磁盘空间、文件权限和数据库连接。",
                "Look at the disk space, the file's permissions and the database's connection.",
            )
        return Finding("store", Severity.OK, "可写。", "It can be written.")

    def _in_force(self) -> Iterable[Finding]:
        registry = self._uow.registry
        for what, there, command in (
            ("scale", registry.own_scale() is not None, "hutong scale load"),
            ("incentives", registry.catalogue is not None, "hutong incentives load"),
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
                )

    async def _partner(self, partner: Partner) -> tuple[Finding, ...]:
        subject = f"partner {partner.city}"
        if partner.state is PartnerState.SUSPENDED:
            return (Finding(subject, Severity.OK, "已暂停。", "Suspended."),)
        try:
            swapped = await self._peers.exchange_trust_bundles(partner, self._keys.chain(0))
        except HutongError as error:
            return (
                Finding(
                    subject,
                    Severity.ERROR,
                    error.text("zh"),
                    error.text("en"),
                    "请检查网络，或致电对方运维人员。",
                    "Look at the network, or call the partner's operator.",
                ),
            )
        ends = partner.bundle.header.expires_at
        return (
            _clock(subject, (swapped.their_clock or self._here.now()) - self._here.now()),
            expiry(f"{subject} trust-bundle", ends, self._here.now()),
        )


def _clock(subject: str, ahead: timedelta) -> Finding:
    seconds = ahead.total_seconds()
    zh, en = f"可达；时钟相差 {seconds:+.1f} 秒。", f"Reachable; its clock is {seconds:+.1f} s off."
    if abs(ahead) > CLOCK_SKEW:
        return Finding(
            subject,
            Severity.ERROR,
            zh,
            en,
            "超过 60 秒的请求会被拒绝；请用 NTP 校准两地时钟。",
            "Beyond 60 s each request is refused; set both clocks by NTP.",
        )
    severity = Severity.WARNING if abs(ahead) > CLOCK_SKEW / 2 else Severity.OK
    remedy = (
        ("请用 NTP 校准两地时钟。", "Set both clocks by NTP.") if severity.value > 1 else ("", "")
    )
    return Finding(subject, severity, zh, en, *remedy)
