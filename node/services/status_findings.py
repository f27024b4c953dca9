"""What `doctor`, health and the metrics say of hosts that do not know yet what ended."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from federation.identifiers import CityCode
from node.limits import DOMESTIC_STATUS_FRESHNESS
from node.model import Finding, Severity
from node.registry import Registry
from node.services.delivering import Undelivered
from node.services.findings import NOTHING
from node.services.partner_findings import subject_of


def status_findings(
    registry: Registry, undelivered: Mapping[CityCode, Undelivered], now: datetime
) -> Iterator[Finding]:
    """A finding for each active partner that lacks changes; who is off is told once it is back.

    A warning once the agreement's freshness has passed: by then the host has ceased to rely on what
    it has, and its visitors are as newcomers.
    """
    for host, missing in sorted(undelivered.items()):
        if registry.active_partner(host) is None:
            continue
        stored = registry.active_agreement(host)
        limit = stored.agreement.status_freshness if stored else DOMESTIC_STATUS_FRESHNESS
        late = now - missing.since >= limit
        seconds = int((now - missing.since).total_seconds())
        remedy = (
            f"请检查网络，或致电对方运维人员；然后运行 `hutong partner sync {host}`。",
            f"Look at the network, or call its operator; then run `hutong partner sync {host}`.",
            f"hutong partner sync {host}",
        )
        yield Finding(
            subject_of(host, "status"),
            Severity.WARNING if late else Severity.OK,
            f"对方已有 {seconds} 秒未收到 {missing.count} 项状态变更。",
            f"It has lacked {missing.count} status changes for {seconds} s.",
            *(remedy if late else NOTHING),
        )
