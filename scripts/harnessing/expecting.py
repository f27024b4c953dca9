"""What a scenario expects, held against what was written: in counts, never in speed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from scripts.harnessing import records
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.outcomes import told, went_well
from scripts.harnessing.records import Act, Checked, Happening
from scripts.harnessing.scenario_format import Expectation
from scripts.harnessing.telling import Said, say

_SHOWN: Final = 3


@dataclass(slots=True)
class Counts:
    """What there is to expect anything of. Cities in pinyin."""

    answered: Counter[str] = field(default_factory=Counter)
    """By the city that was called."""
    errors: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By the city that was called, the other one ("" for none), and the outcome."""
    repeated: int = 0
    faults: int = 0
    lasting: list[str] = field(default_factory=list)
    """The kinds of the faults that have not ended."""
    broken: tuple[str, ...] | None = None
    """The invariants that do not hold; None where nothing was checked."""


def count(folder: Folder) -> Counts:
    """What a run has come to so far."""
    names = {place.code: place.pinyin for place in folder.read_plan().places}
    checked: Checked | None = None
    if folder.findings.exists():
        checked = records.checked_from_json(folder.findings.read_text("utf-8"))
    return counts_of(
        records.read_all(folder.histories, Act),
        records.read(folder.faults, Happening),
        checked,
        names,
    )


def counts_of(
    acts: Iterable[Act],
    happenings: Iterable[Happening],
    checked: Checked | None,
    names: Mapping[str, str],
) -> Counts:
    """Count acts and faults; `names` are the cities' by code."""
    counts = Counts()
    for act in acts:
        city, other = (names.get(code, code) for code in (act.city, act.other))
        counts.repeated += act.repeated
        if went_well(act):
            counts.answered[city] += 1
        else:
            counts.errors[city, other, told(act)] += 1
    lasting = dict[str, str]()
    for each in happenings:
        if each.began:
            counts.faults += 1
            lasting[each.fault] = each.kind
        else:
            lasting.pop(each.fault, None)
    counts.lasting = list(lasting.values())
    if checked is not None:
        counts.broken = tuple(r.invariant for r in checked.rulings if r.violations)
    return counts


def failures(expected: Expectation, counts: Counts) -> list[Said]:
    """What did not come about; nothing where all of it did."""
    return [*_held(expected, counts), *_many(expected, counts), *_where(expected, counts)]


def _held(expected: Expectation, counts: Counts) -> Iterator[Said]:
    if expected.holds and counts.broken is None:
        yield say("expected_check")
    if expected.holds and counts.broken:
        yield say("expected_holds", names=", ".join(counts.broken))
    if expected.faults is not None:
        if counts.faults != expected.faults:
            yield say("expected_faults", wanted=expected.faults, found=counts.faults)
        if counts.lasting:
            yield say("expected_ended", kinds=", ".join(counts.lasting))


def _many(expected: Expectation, counts: Counts) -> Iterator[Said]:
    answered, errors = counts.answered.total(), counts.errors.total()
    if expected.answered is not None and answered < expected.answered:
        yield say("expected_answered", wanted=expected.answered, found=answered)
    for city, wanted in expected.answered_by.items():
        found = counts.answered[city]
        if found < wanted:
            yield say("expected_answered_by", city=city, wanted=wanted, found=found)
    if expected.errors is not None and errors > expected.errors:
        kinds = _shown(counts.errors)
        yield say("expected_errors", wanted=expected.errors, found=errors, kinds=kinds)
    if expected.repeated is not None and counts.repeated < expected.repeated:
        yield say("expected_repeated", wanted=expected.repeated, found=counts.repeated)


def _where(expected: Expectation, counts: Counts) -> Iterator[Said]:
    for cities, least in ((expected.errors_only_with, 1), (expected.errors_only_between, 2)):
        if cities is None:
            continue
        elsewhere = Counter(
            {
                (city, other, outcome): found
                for (city, other, outcome), found in counts.errors.items()
                if len({city, other} & set(cities)) < least
            }
        )
        if elsewhere:
            yield say(
                "expected_with" if least == 1 else "expected_between",
                cities=", ".join(cities),
                found=elsewhere.total(),
                kinds=_shown(elsewhere),
            )


def _shown(errors: Counter[tuple[str, str, str]]) -> str:
    """The most frequent errors, with where they were."""
    return "; ".join(
        f"{found} {outcome} {city}{f'/{other}' if other else ''}"
        for (city, other, outcome), found in errors.most_common(_SHOWN)
    )
