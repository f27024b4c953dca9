"""What is known against the versions of the locks, by pip-audit and the open database OSV.

An answer counts only where it is about every package of the lock: that nothing could be asked is
told as that, and never as nothing found.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from scripts.audits.locks import ROOT, pins, project

_TIMEOUT_SECONDS: Final = 15
_MOST_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Advisories:
    """What came of asking: `asked` is False where there is no whole answer."""

    asked: bool
    packages: int
    found: tuple[str, ...]
    problem: str = ""


def ask(lock: Path, url: str = "") -> Advisories:
    """What is known against the packages of a lock, by the database at `url` or the public one."""
    wanted = {pin.name for pin in pins(lock.read_text("utf-8")) if pin.here}
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "found.json"
        command = [
            *(sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv"),
            *("--requirement", str(lock), "--require-hashes", "--disable-pip", "--strict"),
            *("--format", "json", "--output", str(out), "--progress-spinner", "off"),
            *("--timeout", str(_TIMEOUT_SECONDS), "--cache-dir", scratch),
            *(("--osv-url", url) if url else ()),
        ]
        try:
            ran = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=_MOST_SECONDS
            )
        except subprocess.TimeoutExpired:
            return Advisories(asked=False, packages=0, found=(), problem="no answer in time")
        said = _said(out)
    told = {canonicalize_name(each["name"]): each["vulns"] for each in said if "vulns" in each}
    if not wanted <= told.keys():
        problem = f"it told of {len(wanted & told.keys())} of {len(wanted)} packages"
        last = ran.stderr.strip().splitlines()[-1:]
        return Advisories(
            asked=False, packages=len(wanted), found=(), problem=": ".join([problem, *last])
        )
    found = [
        f"{name}: {each['id']} ({', '.join(each['fix_versions']) or 'no version without it'})"
        for name, vulns in sorted(told.items())
        for each in vulns
        if not {each["id"], *each.get("aliases", ())} & excused()
    ]
    return Advisories(asked=True, packages=len(wanted), found=tuple(found))


def excused(today: date | None = None) -> set[str]:
    """Ids that do not concern us, each for a reason and until a day."""
    listed = project()["tool"]["hutong"]["advisories"]["excused"]
    on = today or date.today()  # noqa: DTZ011 - a day of whoever runs it
    return {each["id"] for each in listed if each["reason"] and on < each["until"]}


def _said(out: Path) -> Sequence[dict[str, Any]]:
    """What it wrote down; nothing where it did not come to that."""
    try:
        found = json.loads(out.read_text("utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return found if isinstance(found, list) else ()


def of_all_locks(url: str = "") -> Advisories:
    """For the lock that has every other one's packages, and the demo's."""
    each = [ask(ROOT / lock, url) for lock in ("requirements-spark.lock", "requirements-demo.lock")]
    return Advisories(
        asked=all(one.asked for one in each),
        packages=sum(one.packages for one in each),
        found=tuple(dict.fromkeys(line for one in each for line in one.found)),
        problem="; ".join(one.problem for one in each if one.problem),
    )
