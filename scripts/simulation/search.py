"""Many seeds by several processes, until one breaks a rule or all have held."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import replace

from scripts.simulation.run import Outcome, Plan, play

Told = Callable[[Outcome], object]
"""Hears of each run that has ended."""


def search(plan: Plan, seeds: Sequence[int], *, processes: int, told: Told) -> Outcome | None:
    """Play `plan` with each of these seeds; the first outcome that is broken, None for none.

    Of those that break in different processes the lowest seed that is known is given. What still
    runs then is not waited for to its end: each process finishes the run that it is in.
    """
    context = multiprocessing.get_context("spawn")
    left = list(reversed(seeds))
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = set[Future[Outcome]]()
        broken = list[Outcome]()
        while (left and not broken) or running:
            while left and not broken and len(running) < processes:
                running.add(pool.submit(play, replace(plan, seed=left.pop())))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                told(outcome)
                if outcome.broken:
                    broken.append(outcome)
    return min(broken, key=lambda outcome: outcome.plan.seed, default=None)
