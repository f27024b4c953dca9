"""What a city does by itself, again and again, while it serves.

The same list drives a real process and a simulated city.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from node import limits, record_limits
from node.services.assembly import UseCases


@dataclass(frozen=True, slots=True)
class Timer:
    """Work that is done again after each interval; for the first time after one, or `at_once`."""

    name: str
    interval: timedelta
    act: Callable[[], Awaitable[object]]
    at_once: bool = False


def timers(cases: UseCases) -> tuple[Timer, ...]:
    """The timers of a city's use cases."""
    return (
        Timer("keys", limits.KEYS_EVERY, cases.key_desk.tend),
        Timer("refresh", limits.REFRESH_EVERY, cases.refreshing.tick),
        Timer("statuses", limits.PUSH_EVERY, cases.delivering.tick),
        Timer("reservations", limits.RESERVATIONS_EVERY, cases.reserving.tick),
        Timer("uses", limits.RELEASE_EVERY, cases.uses.tick),
        Timer("onboarding", limits.HEALTH_EVERY, cases.onboarding.tick),
        Timer("rooms", limits.HEALTH_EVERY, cases.rooms.tick),
        Timer("retention", record_limits.RETENTION_LOOKS, cases.retaining.tick),
        Timer("cases", record_limits.CASES_EVERY, cases.case_desk.tick),
        Timer("remind", limits.REMIND_EVERY, cases.reminding.tick),
        Timer("renew", limits.RENEWAL_EVERY, cases.renewing.tick, at_once=True),
        Timer("rescore", limits.HEALTH_EVERY, cases.rescoring.tick),
        Timer("witness", limits.HEALTH_EVERY, cases.witnessing.tick),
        Timer("compare", limits.COMPARE_EVERY, cases.comparing.tick),
    )


async def close(cases: UseCases) -> None:
    """Let go of what the timers began, and wait until it has ended."""
    await cases.refreshing.close()
    await cases.rooms.close()
    await cases.delivering.close()
    await cases.uses.close()
    await cases.hearing.close()
    await cases.renewing.close()
    await cases.witnessing.close()
