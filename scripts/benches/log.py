"""What the log costs: RequestAttestation at a node with its log, and at one without, in turn."""

import tempfile
from pathlib import Path

import uvloop

from scripts.benches.figures import Figure, paired
from scripts.benches.rig import METHOD, Rig, open_channel, rate, rig

# As in `attest`: short turns of each, so that both see the same of a machine that drifts.
_TURNS = 6
_CALLS = 2_000
_WITHOUT = ("-m", "scripts.benches.without_log")


def run(rounds: int) -> list[Figure]:
    """Measure in turn: with, without, with, without, ..."""
    quiet = {"HUTONG_LOG_LEVEL": "warning"}
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory) / "with", quiet) as logged,
        rig(Path(directory) / "without", quiet, command=_WITHOUT) as bare,
    ):
        return uvloop.run(_measure(logged, bare, rounds))


async def _measure(logged: Rig, bare: Rig, rounds: int) -> list[Figure]:
    rates: tuple[list[float], list[float]] = ([], [])
    async with (
        open_channel(logged.channel()) as with_log,
        open_channel(bare.channel()) as without,
    ):
        sides = ((logged, with_log), (bare, without))
        for rigged, channel in sides:
            await rate(channel, METHOD, rigged.questions(_CALLS))
        for _ in range(rounds):
            seconds = [0.0, 0.0]
            for _ in range(_TURNS):
                for place, (rigged, channel) in enumerate(sides):
                    # Signed just before they are sent: a home city takes them for a minute.
                    questions = rigged.questions(_CALLS)
                    seconds[place] += _CALLS / await rate(channel, METHOD, questions)
            for place in (0, 1):
                rates[place].append(_TURNS * _CALLS / seconds[place])
    return paired("log on", rates[0], "log off", rates[1], "calls/s")
