"""Locks: each requirement one version with hashes, no address, and all that is needed."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent.parent
LOCKS: Final = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-spark.lock",
    "requirements-demo.lock",
)
_HASH: Final = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_COMMENT: Final = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock, in one version; `here` where its marker holds on this machine."""

    name: str
    version: str
    here: bool


def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def needs(lock: str) -> list[Requirement]:
    """What a lock is to hold, by pyproject.toml."""
    said = project()
    optional, groups = said["project"]["optional-dependencies"], said["dependency-groups"]
    runtime = said["project"]["dependencies"]
    texts = {
        "requirements.lock": runtime,
        "requirements-dev.lock": [*runtime, *optional["dev"]],
        "requirements-spark.lock": [*runtime, *optional["dev"], *optional["spark"]],
        "requirements-demo.lock": groups["demo"],
    }[lock]
    return [Requirement(text) for text in texts]


def pins(text: str) -> list[Pin]:
    """The packages of a lock that is in order."""
    found = list[Pin]()
    for line in _lines(text):
        need = Requirement(_HASH.sub("", line).strip())
        [exact] = need.specifier
        here = need.marker is None or need.marker.evaluate()
        found.append(Pin(canonicalize_name(need.name), exact.version, here))
    return found


def faults(text: str, needed: list[Requirement]) -> list[str]:
    """What is wrong with a lock that is to hold what is needed."""
    found = list[str]()
    for line in _lines(text):
        found += _line_faults(line)
    if found:
        return found
    held = pins(text)
    for need in needed:
        versions = [pin.version for pin in held if pin.name == canonicalize_name(need.name)]
        if not versions:
            found.append(f"it lacks {need.name}")
        found += [
            f"{need.name} {version} is not {need.specifier}"
            for version in versions
            if not need.specifier.contains(version)
        ]
    return found + list(_unmet(held))


def _lines(text: str) -> Iterator[str]:
    """The requirements, each on one line, without comments."""
    joined = "\n".join(_COMMENT.sub("", line) for line in text.splitlines())
    for line in joined.replace("\\\n", " ").splitlines():
        if line.strip():
            yield line.strip()


def _line_faults(line: str) -> list[str]:
    shown = line.partition(" --hash")[0][:60]
    if line.startswith("-") or "://" in line:
        return [f"it names an address or an option: {shown.partition('://')[0]}"]
    try:
        need = Requirement(_HASH.sub("", line).strip())
    except InvalidRequirement:
        return [f"no requirement, or a hash that is none: {shown}"]
    found = list[str]()
    exact = [each for each in need.specifier if each.operator == "=="]
    if len(need.specifier) != 1 or not exact or "*" in exact[0].version:
        found.append(f"not one version: {shown}")
    if not _HASH.search(line):
        found.append(f"no hash: {shown}")
    return found


def _unmet(held: list[Pin]) -> Iterator[str]:
    """What packages that are installed here need of others, and the lock does not hold."""
    versions = {pin.name: pin.version for pin in held if pin.here}
    for pin in held:
        try:
            said = metadata.requires(pin.name) if pin.here else None
        except metadata.PackageNotFoundError:
            continue
        for text in said or ():
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            version = versions.get(canonicalize_name(need.name))
            if version is None or not need.specifier.contains(version, prereleases=True):
                yield f"{pin.name} needs {need.name}{need.specifier}, and there is {version}"
