"""Plays a scenario: up, the steps, settle, check, report, down; the last of them whatever happens.

A step that fails ends the steps, not the run: what is broken is mended, what was recorded is
checked and reported. Only a signal goes straight to the end. `guard` stops the cities where even
that could not be.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Final

from rich.console import Console

from node.errors import HutongError
from scripts.harnessing.crew import Background, Crew, CrewError, end
from scripts.harnessing.expecting import count, failures
from scripts.harnessing.fault_kinds import Fault
from scripts.harnessing.guard import Guard
from scripts.harnessing.keeper_client import KeeperError
from scripts.harnessing.scenario_files import Scenario
from scripts.harnessing.scenario_format import Step, Up
from scripts.harnessing.telling import Said, say
from scripts.harnessing.watching import View
from scripts.stopping import Interrupted, Stopping

GOOD: Final = 0
BAD: Final = 1
_HOURS: Final = 2.0
_STEP_ERRORS: Final = (KeeperError, HutongError, CrewError, OSError, KeyError)


class StepError(Exception):
    """A step that failed."""

    def __init__(self, said: Said) -> None:
        """Why."""
        self.said = said
        super().__init__(said.text)


@dataclass
class Player:
    """Takes the steps of a scenario, and knows what went wrong."""

    scenario: Scenario
    crew: Crew
    view: View
    wrong: list[Said] = field(default_factory=list)
    load: Background | None = None
    checked: bool = False

    def play(self) -> None:
        """Take every step; the first that fails is the last."""
        of = len(self.scenario.steps)
        try:
            for place, step in enumerate(self.scenario.steps):
                self.view.step(say("step", number=place + 1, of=of, what=self._what(place, step)))
                self._await(step)
                self.checked = self.checked and step.deed in {"check", "expect"}
                self._deeds[step.deed](self, place, step)
        except _STEP_ERRORS as error:
            self._fail(say("failed", what=self._text(error)))
            self.view.tell(say("skipped"))
        except StepError as error:
            self._fail(error.said)
            self.view.tell(say("skipped"))

    def wind_up(self, *, report: bool = True) -> None:
        """Wait for the load, mend what is broken, check, and report."""
        acts = [self._end_load, self._mend_all, self.crew.settle, self._check]
        for act in (*acts, self._report) if report else acts:
            try:
                act()
            except _STEP_ERRORS as error:
                self._fail(say("failed", what=self._text(error)))
            except StepError as error:
                self._fail(error.said)

    def stop(self) -> None:
        """End the load at once."""
        if self.load is not None:
            end(self.load.process)
            self.load = None

    def _fail(self, said: Said) -> None:
        self.wrong.append(said)
        self.view.tell(said, "bold red")

    def _text(self, error: Exception) -> str:
        match error:
            case CrewError():
                words = say("command_failed", command=error.command, code=error.code)
                return words.of(self.crew.language)
            case HutongError():
                return error.text(self.crew.language)
            case _:
                return str(error)

    def _what(self, place: int, step: Step) -> str:
        """What a step does, in words."""
        language = self.crew.language
        text = _told(step, self.scenario.faults.get(place)).of(language)
        if step.lasts is not None:
            text += say("for", seconds=step.lasts).of(language)
        if step.at is not None:
            text += say("at", seconds=step.at).of(language)
        return text

    def _await(self, step: Step) -> None:
        """Wait for the instant of the step; one that has passed is now."""
        if step.at is None or self.load is None:
            return
        time.sleep(max(0.0, self.load.began + step.at - time.monotonic()))

    def _offer(self, _: int, step: Step) -> None:
        if step.load is None:
            return
        self._end_load()
        self.load = self.crew.offer(step.load)
        if not self.load.begin():
            raise StepError(say("load_never", file=self.load.log))
        self.view.until(step.load.seconds)

    def _break(self, place: int, _: Step) -> None:
        self.crew.ask("fault", fault=asdict(self.scenario.faults[place]))

    def _mend(self, _: int, step: Step) -> None:
        if step.mend is True:
            self._mend_all()
            return
        for each in self.crew.ask("status")["faults"]:
            if each["kind"] == step.mend:
                self.crew.ask("mend", fault=each["fault"])

    def _mend_all(self) -> None:
        self.crew.ask("mend_all")

    def _wait(self, _: int, step: Step) -> None:
        if step.wait == "load":
            self._end_load()
        elif step.wait == "settled":
            self.crew.settle()
        else:
            self.view.until(step.wait_seconds or 0.0)
            time.sleep(step.wait_seconds or 0.0)

    def _end_load(self) -> None:
        """Wait until the load has ended by itself."""
        if self.load is None:
            return
        load, whole = self.load, self.load.wait()
        self.load = None
        if not whole:
            raise StepError(say("load_failed", code=load.process.returncode, file=load.log))

    def _suspend(self, _: int, step: Step) -> None:
        if step.suspend is not None:
            found = step.suspend
            self.crew.partner("SuspendPartner", found.city, found.partner, found.reason)

    def _resume(self, _: int, step: Step) -> None:
        if step.resume is not None:
            found = step.resume
            self.crew.partner("ResumePartner", found.city, found.partner, found.reason)

    def _withdraw(self, _: int, step: Step) -> None:
        if step.withdraw is not None:
            self.crew.withdraw(step.withdraw.city, step.withdraw.residents)

    def _rotate(self, _: int, step: Step) -> None:
        if step.rotate is not None:
            self.crew.rotate(step.rotate.city)

    def _check_now(self, _: int, __: Step) -> None:
        self.checked = False
        self._check()

    def _check(self) -> None:
        if self.checked:
            return
        self.checked = True
        with self.view.aside():
            code = self.crew.run("check")
        if code == BAD:
            self._fail(say("invariants_broken"))
        elif code:
            raise CrewError("check", code)

    def _report(self) -> None:
        with self.view.aside():
            self.crew.must("report")

    def _expect(self, _: int, step: Step) -> None:
        if step.expect is None:
            return
        found = failures(step.expect, count(self.crew.folder))
        for each in found:
            self._fail(say("not_expected", what=each.of(self.crew.language)))
        if not found:
            self.view.tell(say("held"), "green")

    _deeds: ClassVar[dict[str, Callable[["Player", int, Step], None]]] = {
        "load": _offer,
        "fault": _break,
        "mend": _mend,
        "wait": _wait,
        "suspend": _suspend,
        "resume": _resume,
        "withdraw": _withdraw,
        "rotate": _rotate,
        "check": _check_now,
        "expect": _expect,
    }


def play(scenario: Scenario, crew: Crew, console: Console, *, keep: bool = False) -> int:
    """Play a scenario to its end; the exit code. With `keep` the cities go on afterwards."""
    name = scenario.name.of(crew.language)
    console.print(f"[bold]{name}[/]\n{scenario.description.of(crew.language)}", highlight=False)

    def played() -> bool:
        with View(console, crew.folder, crew.language) as view:
            player = Player(scenario, crew, view)
            try:
                player.play()
                player.wind_up()
            finally:
                player.stop()
        return not player.wrong

    code = brought_up(scenario.up, crew, console, played, keep=keep)
    if code in {GOOD, BAD}:
        style = "bold red" if code else "bold green"
        text = ("bad" if code else "good") if crew.folder.report.exists() else "unreported"
        said = say(text, name=name, report=crew.folder.report)
        console.print(said.of(crew.language), style=style, soft_wrap=True, highlight=False)
    return code


def brought_up(
    up: Up,
    crew: Crew,
    console: Console,
    act: Callable[[], bool],
    *,
    keep: bool = False,
    hours: float = _HOURS,
) -> int:
    """Act while cities are up, and bring them down whatever happens; the exit code."""

    def tell(said: Said, style: str = "") -> None:
        console.print(said.of(crew.language), style=style, soft_wrap=True, highlight=False)

    try:
        with Stopping() as stopping, _down_at_the_end(crew, stopping, tell, keep=keep):
            crew.up(up, hours=hours)
            good = act()
    except Interrupted as interrupted:
        tell(say("stopped"))
        return interrupted.code
    except CrewError as error:
        what = say("command_failed", command=error.command, code=error.code).of(crew.language)
        tell(say("failed", what=what), "bold red")
        return BAD
    return GOOD if good else BAD


@contextmanager
def _down_at_the_end(
    crew: Crew, stopping: Stopping, tell: Callable[..., None], *, keep: bool
) -> Iterator[None]:
    """Bring the cities down at the end of this; by the guard where that cannot be."""
    dir_ = f" --dir {crew.folder.root}"
    whole = False
    with Guard(crew.words("down")) as guard:
        try:
            try:
                yield
                whole = True
            finally:
                stopping.disarm()
        except Interrupted:
            tell(say("stopping"), "bold yellow")
            raise
        finally:
            if keep and whole:
                tell(say("kept", dir=dir_))
                guard.leave()
            else:
                code = crew.run("down")
                if code:
                    tell(say("not_stopped", what=code, dir=dir_), "bold red")
                else:
                    guard.leave()
    if guard.code:
        # It tried once more, and something may run still.
        raise CrewError("down", guard.code)


def _told(step: Step, fault: Fault | None) -> Said:
    """What a step does."""
    match step.deed:
        case "load" if step.load is not None:
            return say("load", rate=step.load.rate, seconds=step.load.seconds)
        case "fault" if fault is not None:
            return say("fault", what=shown(fault))
        case "mend":
            return say("mend", what=step.mend) if isinstance(step.mend, str) else say("mend_all")
        case "wait" if step.wait_seconds is not None:
            return say("wait_seconds", seconds=step.wait_seconds)
        case "wait":
            return say(f"wait_{step.wait}")
        case deed:
            found = getattr(step, deed)
            return say(deed, **(found.model_dump() if deed not in {"check", "expect"} else {}))


def shown(fault: Fault) -> str:
    """A fault as it is written on a line."""
    where = f"{fault.city}-{fault.other}" if fault.other else fault.city
    process = f"/{fault.process}" if fault.process else ""
    numbers = "".join(f", {name} {value:g}" for name, value in fault.numbers.items())
    return f"{fault.kind} {where}{process}{numbers}"
