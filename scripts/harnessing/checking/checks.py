"""Every invariant, and a check of a run by all of them."""

import itertools
import json
import time
from dataclasses import asdict
from typing import Final

from scripts.harnessing.checking import (
    capacity,
    consenting,
    counting,
    good_news,
    lasting,
    least,
    logs,
    peers,
    refusals,
    repair,
    seen,
    signed,
    traces,
)
from scripts.harnessing.checking.evidence import Evidence, Tell, gather
from scripts.harnessing.checking.ruling import Invariant
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Checked

_ORDER: Final = (*map(str, range(1, 11)), "acts", "consent", "capacity", "repetition", "suspension")


def _place(invariant: Invariant) -> int:
    return _ORDER.index(invariant.rule) if invariant.rule in _ORDER else len(_ORDER)


INVARIANTS: Final = tuple(
    sorted(
        itertools.chain.from_iterable(
            module.INVARIANTS
            for module in (
                good_news,
                consenting,
                refusals,
                least,
                signed,
                lasting,
                traces,
                logs,
                seen,
                repair,
                peers,
                capacity,
            )
        ),
        key=_place,
    )
)


def rule_on(evidence: Evidence) -> Checked:
    """What becomes of every invariant by this evidence."""
    rulings = []
    for invariant in INVARIANTS:
        evidence.tell(invariant.name)
        rulings.append(invariant(evidence))
    evidence.tell("counts")
    return Checked(time.time(), tuple(rulings), counting.counts(evidence))


def check(folder: Folder, tell: Tell = lambda _: None) -> Checked:
    """Check a run, whether its cities serve or not, and keep what it came to.

    `tell` hears what is looked at now: "histories", each city, the name of each invariant. Nothing
    is asked of a node, and nothing is written but `Folder.findings`.

    Raises FileNotFoundError where nothing was brought up, StoreMissingError where a city has no
    store that can be read, HutongError for settings or bundles that cannot be.
    """
    with gather(folder, tell) as evidence:
        found = rule_on(evidence)
    text = json.dumps(asdict(found), ensure_ascii=False, indent=1)
    folder.findings.write_text(text + "\n", "utf-8")
    return found
