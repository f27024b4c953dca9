"""Licences of what is installed, by SPDX's names, against those that are allowed.

What may be used is in pyproject.toml, below `tool.hutong.licences`. docs/licences.md is made from
what the packages themselves say; where they say nothing exact, from what was read in their files.
"""

import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from scripts.audits.locks import ROOT, pins, project

PAGE: Final = ROOT / "docs" / "licences.md"
# What metadata said before SPDX's names were usual.
_SPDX: Final[Mapping[str, str]] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_NO_LICENCE: Final = frozenset({"DFSG approved"})
_HEAD: Final = """\
# Licences

Made by `scripts/audit --write` from what the packages say; `scripts/audit` holds it against them,
and against the licences that `pyproject.toml` allows (`tool.hutong.licences`). Hutong itself is
under the [Apache licence](../LICENSE).
"""
_PARTS: Final = (
    ("What a city installs", "requirements.lock"),
    ("What the tests need beside it", "requirements-dev.lock"),
    ("What the tests of Apache Spark need beside that", "requirements-spark.lock"),
)


def expression(said: str) -> str:
    """What a package says of its licence, in SPDX's names: several of them by AND."""
    listed = [each.strip() for each in said.split(";")]
    names = sorted({_SPDX.get(each, each) for each in listed if each not in _NO_LICENCE})
    return " AND ".join(names)


def is_allowed(licence: str, allowed: Collection[str]) -> bool:
    """Whether one of the choices consists of allowed licences alone."""
    if re.search(r"[()]| WITH ", licence):
        return licence in allowed
    choices = (choice.split(" AND ") for choice in licence.split(" OR "))
    return any(all(each.strip() in allowed for each in choice) for choice in choices)


def said_by_packages() -> dict[str, str]:
    """What each package that is installed here says."""
    ran = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT / "docs",  # where no settings of it are
    )
    return {canonicalize_name(each["Name"]): each["License"] for each in json.loads(ran.stdout)}


def licences(said: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """The licence of each package, by SPDX's names; what was read in its files goes first."""
    found = {name: expression(text) for name, text in said.items()}
    return found | {canonicalize_name(name): text for name, text in told.items()}


def faults(*, write: bool = False) -> list[str]:
    """Packages that may not be used, and whether the page is as it is to be."""
    settings = project()["tool"]["hutong"]["licences"]
    known = licences(said_by_packages(), settings["told"])
    found, listed, parts = list[str](), set[str](), [_HEAD]
    for title, lock in _PARTS:
        held = pins((ROOT / lock).read_text("utf-8"))
        parts.append(f"\n## {title}\n\n| package | version | licence |\n|---|---|---|\n")
        for name in sorted({pin.name for pin in held} - listed):
            listed.add(name)
            licence = known.get(name, "")
            if not licence or not is_allowed(licence, settings["allowed"]):
                found.append(f"{name}: {licence or 'no licence is known'}")
            versions = sorted({pin.version for pin in held if pin.name == name})
            parts.append(f"| {name} | {', '.join(versions)} | {licence} |\n")
    unused = {canonicalize_name(name) for name in settings["told"]} - listed
    found += [f"{name}: told of, and in no lock" for name in sorted(unused)]
    return found + _page_faults("".join(parts), PAGE, write=write)


def _page_faults(text: str, page: Path, *, write: bool) -> list[str]:
    if write:
        page.write_text(text, "utf-8")
    same = page.is_file() and page.read_text("utf-8") == text
    return [] if same else [f"{page.name} is not what the packages say; run scripts/audit --write"]
