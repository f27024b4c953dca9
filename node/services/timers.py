"""What a city does by itself, again and again, while it serves.

The same list drives a real process and a simulated city.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
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
    """The timers of a city's use cases: of each process, and of the one that has the duty.

    How each went is noted, so that `doctor` says what does not get done.
    """
    noted = cases.works.noted
    return (
        *(replace(timer, act=noted(timer.name, timer.act)) for timer in _of_each(cases)),
        *(
            replace(timer, act=cases.duty.once(noted(timer.name, timer.act)))
            for timer in _of_the_city(cases)
        ),
    )


def _of_each(cases: UseCases) -> tuple[Timer, ...]:
    """What lives in one process."""
    return (
        # Twice as often as health: the work of a process that died does not wait for long.
        Timer("duty", limits.DUTY_EVERY, cases.duty.tick, at_once=True),
        Timer("onboarding", limits.HEALTH_EVERY, cases.onboarding.tick),
        Timer("rooms", limits.HEALTH_EVERY, cases.rooms.tick),
        Timer("undelivered", limits.HEALTH_EVERY, cases.delivering.look),
    )


def _of_the_city(cases: UseCases) -> tuple[Timer, ...]:
    return (
        Timer("keys", limits.KEYS_EVERY, cases.key_desk.tend),
        Timer("refresh", limits.REFRESH_EVERY, cases.refreshing.tick),
        Timer("statuses", limits.PUSH_EVERY, cases.delivering.tick),
        Timer("reservations", limits.RESERVATIONS_EVERY, cases.reserving.tick),
        Timer("uses", limits.RELEASE_EVERY, cases.uses.tick),
        Timer("retention", record_limits.RETENTION_LOOKS, cases.retaining.tick),
        Timer("cases", record_limits.CASES_EVERY, cases.case_desk.tick),
        Timer("remind", limits.REMIND_EVERY, cases.reminding.tick),
        Timer("renew", limits.RENEWAL_EVERY, cases.renewing.tick, at_once=True),
        Timer("rescore", limits.HEALTH_EVERY, cases.rescoring.tick),
        Timer("witness", limits.HEALTH_EVERY, cases.witnessing.tick),
        Timer("compare", limits.COMPARE_EVERY, cases.comparing.tick),
        Timer("sweep", limits.SWEEP_EVERY, cases.uow.sweep),
        Timer("scrub", record_limits.SCRUB_EVERY, cases.uow.scrub),
    )


async def close(cases: UseCases) -> None:
    """Let go of what the timers began, and wait until it has ended."""
    # First and last: nothing begins any more, and whoever takes over finds nothing under way.
    cases.duty.end()
    await cases.refreshing.close()
    await cases.rooms.close()
    await cases.delivering.close()
    await cases.uses.close()
    await cases.hearing.close()
    await cases.renewing.close()
    await cases.witnessing.close()
    await cases.duty.close()
