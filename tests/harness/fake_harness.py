"""Stands for `scripts/harness`: notes what it was told to do, and does no more than leave files.

A file `fail` beside the run's folder names the command that fails, and its exit code.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.records import Act, Checked, Deed, Load, Ruling

PLACES = (
    Place("410100", "zhengzhou", "sqlite"),
    Place("320100", "nanjing", "sqlite"),
    Place("330100", "hangzhou", "sqlite"),
)


def main(words: list[str]) -> int:
    """Note the command, leave what it would, and end as told."""
    command, folder = words[0], Folder(Path(words[words.index("--dir") + 1]))
    beside = folder.root.parent
    note(beside, command, words=words[1:-2], pid=os.getpid())
    fails = beside / "fail"
    failing, _, code = (fails.read_text("ascii") if fails.exists() else "").partition(" ")
    if command == failing:
        return int(code)
    match command:
        case "up":
            plan = Plan(PLACES, "none", 0, 1, "2026-01-01T00:00:00Z")
            folder.plan.write_text(plan.to_json(), "utf-8")
            folder.histories.mkdir(exist_ok=True)
        case "load" if "--find-peak" in words:
            sys.stdout.write('{"peak": 50, "steps": []}')
        case "load":
            load(folder, float(words[words.index("--for") + 1]))
        case "check":
            found = Checked(1.0, (Ruling("acts", "acts", "行为", "acts", 1),))
            folder.findings.write_text(records.line(found), "utf-8")
        case "report":
            folder.report.write_text("<p>", "utf-8")
    return 0


def load(folder: Folder, seconds: float) -> None:
    """Ten acts at once, and no more until it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    now = time.time()
    records.append(folder.histories / "0.jsonl", [act(number, now) for number in range(10)])
    time.sleep(seconds)
    ended = time.time()
    records.append(folder.loads, [Load(now, ended, 5, {}, 1, now, ended)])


def act(number: int, now: float) -> Act:
    """An act at Hangzhou, of a visitor from Nanjing."""
    return Act(Deed.CHECK, "330100", "320100", str(number), now, now, now + 0.01, "OK")


def note(beside: Path, what: str, **more: object) -> None:
    """Add a line to what was done."""
    with (beside / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, **more}) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
