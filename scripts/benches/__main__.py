"""`scripts/bench`: run the benches by name, print a table, write what machines read."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from scripts.benches import (
    attest,
    eligibility,
    isolation,
    log,
    overload,
    reach,
    redemption,
    refusal_timing,
    renew,
    renew_million,
    rescore,
    safeties,
    safeties_plot,
    withdrawal,
)
from scripts.benches.figures import Figure, show, write

BENCHES: dict[str, Callable[[int], list[Figure]]] = {
    "attest": attest.run,
    "eligibility": eligibility.run,
    "redemption": redemption.run,
    "refusal-timing": refusal_timing.run,
    "reach": reach.run,
    "log": log.run,
    "overload": overload.run,
    "isolation": isolation.run,
    "safeties": safeties.run,
    "withdrawal": withdrawal.run,
    "renew": renew.run,
    "renew-million": partial(renew_million.run, residents=renew_million.RESIDENTS),
    "rescore": partial(rescore.run, residents=rescore.RESIDENTS, records=rescore.RECORDS),
}

# Minutes, some with gigabytes of disk: only where it is named.
_LARGE = frozenset({"isolation", "overload", "renew-million", "rescore"})


def main() -> int:
    """Run what was named; the exit code: 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BENCHES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--rounds", type=int, default=5, help="pairs to measure (5)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="of safeties: draw it (SVG)")
    parser.add_argument("--list", action="store_true", help="name the benches")
    parser.add_argument("--residents", type=int, help="of rescore, or of renew-million")
    parser.add_argument("--records", type=int, default=rescore.RECORDS, help="of rescore")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(BENCHES))
        return 0
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; there are: {', '.join(BENCHES)}")
    if arguments.plot:
        if "safeties" not in arguments.names:
            parser.error("--plot draws the bench `safeties`: name it")
        safeties_plot.check(arguments.plot)
    benches = dict(BENCHES)
    if arguments.residents:
        million = partial(renew_million.run, residents=arguments.residents)
        benches["renew-million"] = million
    residents = arguments.residents or rescore.RESIDENTS
    benches["rescore"] = partial(rescore.run, residents=residents, records=arguments.records)
    console = Console()
    figures = list[Figure]()
    for name in arguments.names or [name for name in BENCHES if name not in _LARGE]:
        with console.status(f"{name} ..."):
            figures += benches[name](arguments.rounds)
    show(figures, console)
    if arguments.json:
        write(figures, arguments.json)
    if arguments.plot:
        safeties_plot.write(figures, arguments.plot)
    return int(any(figure.kept is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
