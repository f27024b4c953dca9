"""A scenario: cities that are brought up, and steps that are taken with them, as a TOML file.

A file is taken whole or not at all: what is wrong with it is told with the file, the step's number,
the key, and what may be written instead. `docs/harness.md` has the format by example.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ValidationError

from scripts.harnessing.fault_kinds import KINDS, Fault, FaultError, parse_fault
from scripts.harnessing.scenario_format import DEEDS, File, Step, Text, Up, Ways

_SHOWN_LETTERS: Final = 80
_SHOWN_BELOW: Final = 10**18
SHIPPED: Final = Path(__file__).with_name("scenarios")


class ScenarioError(ValueError):
    """A file that is no scenario; each problem is a line that says where and how to mend it."""

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        """What is wrong with that file."""
        self.file, self.problems = file, tuple(problems)
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that can be played: every name in it resolves."""

    slug: str
    """The file's name without its ending."""
    name: Text
    description: Text
    up: Up
    steps: tuple[Step, ...]
    faults: Mapping[int, Fault]
    """The fault of each step that makes one, by the step's place from 0."""

    @classmethod
    def parse(cls, content: str, file: str) -> Self:
        """The scenario that a file's text says.

        Raises:
            ScenarioError: with everything that is wrong.

        """
        found = _read(content, file)
        problems = list(_of_cities(found.up))
        faults = dict[int, Fault]()
        for place, step in enumerate(found.steps):
            try:
                fault = _fault(step, found.up)
            except (ValueError, OverflowError) as error:
                problems.append(f"step {place + 1}, fault: {error}")
                continue
            if fault is not None:
                faults[place] = fault
            problems += (f"step {place + 1}{said}" for said in _of_step(step, found.up))
        problems += _in_order(found.steps, faults)
        if problems:
            raise ScenarioError(file, problems)
        return cls(
            Path(file).stem, found.name, found.description, found.up, tuple(found.steps), faults
        )


def shipped() -> tuple[Scenario, ...]:
    """The scenarios that come with the harness, by name."""
    return tuple(read(path) for path in sorted(SHIPPED.glob("*.toml")))


def find(wanted: str) -> Scenario:
    """The scenario of that file, or the shipped one of that name.

    Raises:
        ScenarioError: where there is none, with the nearest; or where the file is no scenario.

    """
    path, ours = Path(wanted), SHIPPED / f"{wanted}.toml"
    if "/" not in wanted and ours.is_file():
        return read(ours)
    if path.is_file():
        return read(path)
    names = [each.stem for each in sorted(SHIPPED.glob("*.toml"))]
    raise ScenarioError(
        wanted,
        [f"no such file, and no scenario of that name{_nearest(wanted, names)}; see --list"],
    )


def read(path: Path) -> Scenario:
    """The scenario of a file; raises ScenarioError."""
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(path.name, [f"it cannot be read as UTF-8 text: {error}"]) from error
    return Scenario.parse(content, path.name)


def _read(content: str, file: str) -> File:
    try:
        return File.model_validate(tomllib.loads(content))
    except ValidationError as error:
        raise ScenarioError(file, [_told(each) for each in error.errors()]) from error
    except RecursionError as error:
        raise ScenarioError(file, ["it is nested too deeply to be a scenario"]) from error
    except ValueError as error:
        # Also what is no TOMLDecodeError: a number of thousands of digits.
        raise ScenarioError(file, [f"no TOML: {error}"]) from error


def _told(error: Any) -> str:  # noqa: ANN401 - pydantic's own kind
    """One problem, as `step 3, load.rate = -1: ...`."""
    loc = [str(part) for part in error["loc"]]
    where = ".".join(loc)
    if loc[0] == "steps" and len(loc) > 1:
        where = f"step {int(loc[1]) + 1}" + (f", {'.'.join(loc[2:])}" if loc[2:] else "")
    if error["type"] == "missing":
        return f"{where}: it is missing; add it"
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no such key{_nearest(loc[-1], _keys(loc[:-1]))}"
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}{_shown(error['input'])}: {said}"


def _shown(value: object) -> str:
    """What was written, where it is short enough to be shown."""
    short = isinstance(value, str | float | bool)
    short = short or (isinstance(value, int) and abs(value) < _SHOWN_BELOW)
    text = f" = {value!r}" if short else ""
    return text if len(text) <= _SHOWN_LETTERS else ""


def _keys(loc: Sequence[str]) -> list[str]:
    """The keys that may be written at a place."""
    model: type[BaseModel] = File
    for part in loc:
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in by_key:
            kinds = _models(by_key[part].annotation)
            if not kinds:
                return []
            model = kinds[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type, of any make
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for each in getattr(annotation, "__args__", ()) for found in _models(each)]


def _nearest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"; the nearest is {found[0]}" if found else ""


def _no_city(where: str, name: str, up: Up) -> str:
    known = ", ".join(up.names)
    return f"{where} = {name!r}: there is no such city here{_nearest(name, up.names)} (of: {known})"


def _of_cities(up: Up) -> Iterable[str]:
    for key, found in (("up.stores", up.stores), ("up.processes", up.processes)):
        yield from (_no_city(key, name, up) for name in found if name not in up.names)
    for name, count in up.processes.items():
        if count > 1 and up.stores.get(name) != "postgresql":
            yield (
                f"up.processes.{name} = {count}: several processes need one store that all of them "
                f'reach; add {name} = "postgresql" to up.stores'
            )


def _fault(step: Step, up: Up) -> Fault | None:
    if step.fault is None:
        return None
    if step.lasts is not None and not set(step.fault).isdisjoint({"lasts"}):
        raise FaultError("say how long it lasts once: by `for` beside the fault")
    fault = parse_fault(step.fault, up.names)
    if KINDS[fault.kind].on_link and fault.kind != "flood" and up.links == "none":
        raise FaultError(f'{fault.kind} needs lines; up.links = "none" makes none: leave it out')
    if step.lasts is None:
        return fault
    if not KINDS[fault.kind].lasts:
        raise FaultError(f"{fault.kind} ends by itself: leave out `for`")
    return replace(fault, seconds=step.lasts)


def _of_step(step: Step, up: Up) -> Iterable[str]:
    """What is wrong with a step by itself; each begins after the step's number."""
    if not step.deed:
        named = [name for name in DEEDS if getattr(step, name) is not None]
        several = f", not {' and '.join(named)}" if named else ""
        yield f": a step does one thing of {', '.join(DEEDS)}{several}"
    if step.lasts is not None and step.deed != "fault":
        yield ", for: only a fault has it here; a load has its own, inside its braces"
    for key, name in _cities_of(step):
        if name not in up.names:
            yield f", {_no_city(key, name, up)}"
    ways = step.suspend or step.resume
    if ways is not None and ways.city == ways.partner:
        yield f", {step.deed}: a city is no partner of itself"
    if isinstance(step.mend, str) and step.mend not in KINDS:
        yield f', mend = "{step.mend}": write true, or a kind of fault{_nearest(step.mend, KINDS)}'
    try:
        _ = step.wait_seconds
    except ValueError as error:
        yield f', wait = {step.wait!r}: write "load", "settled" or a duration ({error})'


def _cities_of(step: Step) -> Iterable[tuple[str, str]]:
    for deed in ("suspend", "resume", "withdraw", "rotate"):
        found = getattr(step, deed)
        if found is not None:
            yield f"{deed}.city", found.city
            if isinstance(found, Ways):
                yield f"{deed}.partner", found.partner
    if step.expect is not None:
        for key in ("answered_by", "errors_only_with", "errors_only_between"):
            yield from ((f"expect.{key}", name) for name in getattr(step.expect, key) or ())


def _in_order(steps: Sequence[Step], faults: Mapping[int, Fault]) -> Iterable[str]:
    """What is wrong with what comes after what."""
    loaded = running = checked = False
    open_until_mended = 0
    for number, step in enumerate(steps, 1):
        if step.at is not None and not loaded:
            yield f"step {number}, at: it counts from when a load began; put a load before it"
        if step.load is not None and running:
            yield f'step {number}, load: one runs already; put wait = "load" before it'
        if step.wait == "settled" and open_until_mended:
            yield (
                f'step {number}, wait = "settled": the fault of step {open_until_mended} lasts '
                "until it is mended; put mend = true before it, or give it a `for`"
            )
        if step.expect is not None and step.expect.holds and not checked:
            yield f"step {number}, expect.holds: nothing is known yet; put check = true before it"
        fault = faults.get(number - 1)
        if fault is not None and KINDS[fault.kind].lasts and not fault.seconds:
            open_until_mended = number
        if step.mend is not None:
            open_until_mended = 0
        loaded, checked = loaded or step.load is not None, checked or step.check is not None
        running = step.load is not None or (running and step.wait != "load")
