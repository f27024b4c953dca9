"""What `doctor`, health and the metrics say of this city's log, and of its partners'."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from federation.identifiers import CityCode
from node import limits
from node.logbook import Fork, StoredCheckpoint
from node.model import Finding, Severity
from node.ports import Transaction
from node.registry import PartnerState, Registry
from node.services.partner_findings import subject_of

SUBJECT = "log"


@dataclass(frozen=True, slots=True)
class LogState:
    """The log, as it is witnessed: `waiting` has since when each active partner is behind.

    `uncovered` is since when there is an entry under no checkpoint.
    """

    size: int
    newest: StoredCheckpoint | None
    cosigned: StoredCheckpoint | None
    cosigned_by: dict[CityCode, int]
    waiting: dict[CityCode, datetime]
    forks: tuple[Fork, ...]
    uncovered: datetime | None = None


def log_state(tx: Transaction, registry: Registry) -> LogState:
    """How the log stands now."""
    checkpoints = tx.checkpoints
    active = [c for c, p in sorted(registry.partners.items()) if p.state is PartnerState.ACTIVE]
    known = {city: checkpoints.cosigned_by(city) for city in active}
    behind = {city: checkpoints.after(size, 1) for city, size in known.items()}
    newest = checkpoints.newest()
    first = tx.log.entries(newest.size if newest else 0, 1)
    return LogState(
        size=tx.log.size(),
        newest=newest,
        cosigned=checkpoints.newest(cosigned=True),
        cosigned_by=known,
        waiting={city: found[0].at for city, found in behind.items() if found},
        forks=checkpoints.forks(),
        uncovered=first[0].at if first else None,
    )


def log_findings(state: LogState, now: datetime) -> Iterator[Finding]:
    """Every finding on logs; an own log that is broken is none: then the node does not serve."""
    yield _own(state, now)
    for city in state.cosigned_by:
        yield _witness(city, state.waiting.get(city), now)
    for fork in state.forks:
        day = fork.at.date().isoformat()
        yield Finding(
            subject_of(fork.city, SUBJECT),
            Severity.ERROR,
            f"其日志于 {day} 被发现分叉（{fork.problem}），已暂停。",
            f"Its log was found to fork on {day} ({fork.problem}); it is suspended.",
            f"请用 `hutong log evidence {fork.city}` 取得证据，与对方查清后 "
            f"`hutong partner end {fork.city}` 并重新交换密钥。",
            f"Take the evidence with `hutong log evidence {fork.city}`; once both cities know what "
            f"happened, run `hutong partner end {fork.city}` and meet it anew.",
            f"hutong log evidence {fork.city}",
        )


def _own(state: LogState, now: datetime) -> Finding:
    since = state.uncovered
    if since is not None and now - since >= limits.CHECKPOINT_WARNING:
        at, count = _time(since), state.size - (state.newest.size if state.newest else 0)
        return Finding(
            SUBJECT,
            Severity.WARNING,
            f"自 {at} 起的 {count} 条不在任何检查点之下。",
            f"{count} entries, the first of {at}, are under no checkpoint.",
            "请运行 `hutong log checkpoint` 查看原因。",
            "Run `hutong log checkpoint`: it says why.",
            "hutong log checkpoint",
        )
    if state.newest is None:
        return Finding(SUBJECT, Severity.OK, "尚无检查点。", "There is no checkpoint yet.")
    cities = ", ".join(city for city, _ in state.cosigned.cosignatures) if state.cosigned else ""
    size = state.cosigned.size if state.cosigned else 0
    zh = f"共 {state.size} 条，检查点至 {state.newest.size} 条"
    en = f"{state.size} entries; the newest checkpoint is of {state.newest.size}"
    if cities:
        zh, en = f"{zh}，其中 {size} 条由 {cities} 联署", f"{en}; {size} are cosigned by {cities}"
    return Finding(SUBJECT, Severity.OK, f"{zh}。", f"{en}.")


def _witness(city: CityCode, since: datetime | None, now: datetime) -> Finding:
    subject = subject_of(city, SUBJECT)
    if since is None or now - since < limits.COSIGNING_WARNING:
        return Finding(
            subject,
            Severity.OK,
            "按时联署本市的检查点。",
            "It cosigns this city's checkpoints in time.",
        )
    at = _time(since)
    return Finding(
        subject,
        Severity.WARNING,
        f"自 {at} 起未联署本市的检查点。",
        f"It has cosigned no checkpoint of this city since {at}.",
        f"请运行 `hutong log checkpoint --city {city}` 查看原因。",
        f"Run `hutong log checkpoint --city {city}`: it says why.",
        f"hutong log checkpoint --city {city}",
    )


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC")
